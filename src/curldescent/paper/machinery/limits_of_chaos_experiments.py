"""What the limits of chaos computes: settings, sizes by scale, and the names of its experiments."""

from curldescent.paper.machinery import common_noise, limits_of_chaos_runs
from curldescent.paper.machinery.claims import Experiments, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.sweeps import Sweep

# (c, α_h) of the norms: where no solution can be stable, c > 1/α_h, and where some are.
NO_REST, REST = (2.0, 0.75), (1.25, 0.5)
# (c, flipped fraction) of the learners.
SETTINGS = ((0.5, 0.5), (1.0, 0.5))
# What learns: name → activation, flipped layer, inputs.
LEARNERS = {
    "linear": ("linear", "hidden", "samples"),
    "white inputs": ("linear", "hidden", "white"),
    "tanh": ("tanh", "hidden", "samples"),
    "readout flips": ("linear", "readout", "samples"),
}
BATCH, BATCH_STEP = 10, 0.02
# (c, α_h) of regular motion (docs/chaos.md).
TORI = ((0.5, 0.75), (0.7, 1.0), (0.5, 1.0))


def experiments(scale: Scale) -> Experiments:
    """Widths and spectra of the limit, learners by setting, and motions that are judged twice."""
    inputs, widths, draws, limit_time, of_limit, few, span = {
        "quick": (6, (7, 28), 3, 200, (3, 4), 3, 50),
        "standard": (20, (21, 320, 5_120), 8, 2_000, (4, 8, 12), 4, 400),
        "paper": (20, (21, 80, 320, 1_280, 5_120), 20, 4_000, (4, 8, 12, 20), 8, 1_000),
    }[scale]
    total, sets, time, small, tori, late = {
        "quick": (20, 3, 200, (20,), 2, 1_600),
        "standard": (70, 8, 2_000, (20, 40), 4, 4_000),
        "paper": (70, 20, 4_000, (20, 40, 70), 10, 8_000),
    }[scale]
    identity = "curldescent.paper.limits_of_chaos"
    out: dict[str, Sweep | Computation] = {}
    for name, (ratio, hidden) in (("no-rest", NO_REST), ("rest", REST)):
        out[f"limits-of-chaos-width-{name}"] = Computation(
            limits_of_chaos_runs.widths_of,
            {
                **{"inputs": inputs, "ratio": ratio, "hidden": hidden, "widths": widths, "draws": draws},
                "time": limit_time,
            },
            identity=f"{identity}.widths_of",
        )
    ratio, hidden = NO_REST
    runs, windows, long = {"quick": (2, 4, 200), "standard": (4, 8, 40_000), "paper": (8, 8, 80_000)}[scale]
    place = {"inputs": inputs, "ratio": ratio, "hidden": hidden, "widths": widths[1:2], "draws": runs}
    out["limits-of-chaos-fading"] = Computation(
        limits_of_chaos_runs.fading, {**place, "time": long, "windows": windows}, identity=f"{identity}.fading"
    )
    out["limits-of-chaos-spectra"] = Computation(
        limits_of_chaos_runs.spectra_of_limit,
        {"inputs": of_limit, "ratio": ratio, "hidden": hidden, "draws": few, "time": span},
        identity=f"{identity}.spectra_of_limit",
    )
    for number, (ratio, flipped) in enumerate(SETTINGS):
        place = {"total": total, "ratio": ratio, "sets": sets, "time": time}
        for name, (activation, layer, given) in LEARNERS.items():
            out[named(name, number)] = Computation(
                limits_of_chaos_runs.learners,
                {**place, "flipped": flipped, "activation": activation, "layer": layer, "inputs": given},
                identity=f"{identity}.learners",
            )
        out[named("batches", number)] = Computation(
            common_noise.batched,
            {**place, "hidden": flipped, "batch": BATCH, "step": BATCH_STEP},
            identity=f"{identity}.batched",
        )
    for size in small:
        for number, (ratio, hidden) in enumerate(TORI):
            out[f"limits-of-chaos-motion-{size}-{number}"] = Computation(
                limits_of_chaos_runs.witnesses,
                {"total": size, "ratio": ratio, "hidden": hidden, "sets": tori, "time": late},
                identity=f"{identity}.witnesses",
            )
    for number, (ratio, hidden) in enumerate(TORI):
        out[named("turning", number)] = Computation(
            limits_of_chaos_runs.turning,
            {"total": total, "ratio": ratio, "hidden": hidden, "sets": sets, "time": late},
            identity=f"{identity}.turning",
        )
    return out


def named(learner: str, setting: int) -> str:
    """Of an experiment: of what learns, and of the number of its setting."""
    return f"limits-of-chaos-{learner.replace(' ', '-')}-{setting}"


def where(setting: tuple[float, float], share: str = "α") -> str:
    """A setting in words: c, and a fraction under the name of `share`."""
    return f"c = {setting[0]:g}, {share} = {setting[1]:g}"
