"""What figure 3b computes: sweeps along lines of the phase diagram, their teachers' stability, examples of motion."""

from typing import Any

import numpy as np
import xarray as xr

from curldescent.analysis import regime
from curldescent.learning.train import train
from curldescent.paper.machinery.claims import Experiments, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.phase_sweeps import STEP, from_teachers
from curldescent.paper.machinery.teachers import stability_of_teachers
from curldescent.sweeps import Sweep, lin

RATIOS = (0.3, 0.4, 0.5)
FRACTIONS = (0.4, 0.5, 0.6)
EPOCHS = 100_000
# Epochs at the end over which q is taken, as in the paper.
WINDOW = 1000
# (c, α_h) whose motion is looked at more closely; beyond the boundary, on the grid of every scale.
BEYOND = ((0.3, 0.75), (0.4, 0.5), (0.5, 0.5))
RESTING = (0.3, 0.25)
# (c, α_h) beyond the boundary, over the range of the lines: each with inputs of its own.
MOVING = tuple((ratio, hidden) for ratio in (0.4, 0.5, 0.6, 0.7) for hidden in (0.5, 0.625, 0.75))


def experiments(scale: Scale) -> Experiments:
    """Sweeps along both kinds of line, the stability of their teachers, and examples of motion."""
    fractions, ratios, trials, looked_at, time = {
        "quick": (9, 7, 3, 1, 2_000.0),
        "standard": (25, 20, 10, 2, 4_000.0),
        "paper": (25, 20, 10, 3, 10_000.0),
    }[scale]
    along_hidden = {"ratio": RATIOS, "hidden": lin(0, 1, fractions)}
    along_ratio = {"ratio": lin(0.1, 0.7, ratios), "hidden": FRACTIONS}
    out: dict[str, Sweep | Computation] = {}
    for name, axes in (("fig3b-fractions", along_hidden), ("fig3b-ratios", along_ratio)):
        out[name] = from_normalised_teacher(axes, epochs=EPOCHS, trials=trials)
        out[f"{name}-teachers"] = stability_of_teachers(
            "linear", "hidden", ratio=axes["ratio"], fraction=axes["hidden"], trials=trials, normalise_teacher=True
        )
    out["fig3b-traces"] = Computation(traces, {"epochs": EPOCHS}, identity="curldescent.paper.fig3b.traces")
    out["fig3b-regimes"] = Computation(
        regimes, {"settings": BEYOND, "trials": looked_at, "time": time}, identity="curldescent.paper.fig3b.regimes"
    )
    out["fig3b-motions"] = Computation(
        motions, {"settings": MOVING, "time": time}, identity="curldescent.paper.fig3b.motions"
    )
    return out


def from_normalised_teacher(axes: dict[str, Any], *, epochs: int, trials: int) -> Sweep:
    """Linear students at teachers with ‖W1‖_F = √N and ‖W2‖ = 1, plus 1e-10 on every weight of W2; full batch.

    Norms are preserved.

    Args:
        axes: of the sweep.
        epochs: of training.
        trials: per cell.

    Returns:
        The sweep; q over the last 1000 epochs is kept.
    """
    return from_teachers(
        "linear",
        axes,
        start={"readout_noise": 1e-10, "noise": "constant", "normalise_teacher": True},
        keep={"order_parameter": WINDOW},
        epochs=epochs,
        trials=trials,
    )


def traces(epochs: int) -> xr.Dataset:
    """Weights over the last 1000 epochs' worth of time: at rest, and beyond the boundary with two steps.

    Args:
        epochs: of step 0.1; the finer step takes five times as many.

    Returns:
        `weight` over (case, time, synapse), four weights of W1 and four of W2, time in units of total step;
        `ratio`, `hidden` and `step` of every case.
    """
    cases = ((*RESTING, STEP), (*BEYOND[1], STEP), (*BEYOND[1], STEP / 5))
    weights = []
    for ratio, hidden, step in cases:
        problem, rule = cell_of(ratio, hidden, trials=1)
        finer = round(STEP / step)
        record = np.arange((epochs - WINDOW) * finer, epochs * finer + 1, finer).tolist()
        history = train(
            problem,
            rule,
            epochs=epochs * finer,
            learning_rate=step,
            preserve_norms=True,
            record=record,
            record_weights=True,
        )
        hidden_weights, readout_weights = history.hidden_history.values[0], history.readout_history.values[0]
        weights.append(np.concatenate([hidden_weights[:, 0, :4], readout_weights[:, 0, :4]], axis=1))
    time = np.arange(epochs - WINDOW, epochs + 1) * STEP
    columns = {
        name: ("case", list(column))
        for name, column in zip(("ratio", "hidden", "step"), zip(*cases, strict=True), strict=True)
    }
    return xr.Dataset({"weight": (("case", "time", "synapse"), np.stack(weights)), **columns}, coords={"time": time})


def regimes(settings: tuple[tuple[float, float], ...], trials: int, time: float) -> xr.Dataset:
    """What kind of motion it is, with the paper's step and with a fifth of it.

    Args:
        settings: (c, α_h).
        trials: of each.
        time: length of the run in units of total step.

    Returns:
        Over (setting, trial): `label` with step 0.1 and `finer_label` with 0.02; maximal exponents of the second half
        with the ends of their 95 % intervals, (…, 3); and median losses.
    """
    shape = (len(settings), trials)
    out: dict[str, Any] = {name: np.empty(shape, dtype=object) for name in ("label", "finer_label")}
    out |= {name: np.empty((*shape, 3)) for name in ("exponent", "finer_exponent")}
    out |= {name: np.empty(shape) for name in ("loss", "finer_loss")}
    for s, (ratio, hidden) in enumerate(settings):
        problem, rule = cell_of(ratio, hidden, trials=trials)
        for t in range(trials):
            finer = regime(problem, rule, time=time, learning_rate=STEP / 5, refine=None, preserve_norms=True, trial=t)
            coarse = regime(problem, rule, time=time, learning_rate=STEP, refine=None, preserve_norms=True, trial=t)
            for prefix, found in (("", coarse), ("finer_", finer)):
                out[f"{prefix}label"][s, t] = found.label
                out[f"{prefix}exponent"][s, t] = found.late
                out[f"{prefix}loss"][s, t] = found.loss[0]
    dims = ("setting", "trial")
    data = {
        name: ((*dims, "bound") if values.ndim == 3 else dims, values.astype(str) if values.dtype == object else values)
        for name, values in out.items()
    }
    names = [f"c = {ratio:g}, α_h = {hidden:g}" for ratio, hidden in settings]
    return xr.Dataset(data, coords={"setting": names})


def motions(settings: tuple[tuple[float, float], ...], time: float) -> xr.Dataset:
    """What kind of motion one trial of each setting performs with the paper's step.

    Args:
        settings: (c, α_h).
        time: length of the run in units of total step.

    Returns:
        Over (setting,): `label`, and the maximal `exponent` of the second half with the ends of its 95 % interval,
        (…, 3).
    """
    found = [
        regime(*cell_of(ratio, hidden, trials=1), time=time, learning_rate=STEP, refine=None, preserve_norms=True)
        for ratio, hidden in settings
    ]
    data = {
        "label": ("setting", np.array([one.label for one in found])),
        "exponent": (("setting", "bound"), np.array([one.late for one in found])),
    }
    return xr.Dataset(data, coords={"setting": [f"c = {ratio:g}, α_h = {hidden:g}" for ratio, hidden in settings]})


def cell_of(ratio: float, hidden: float, *, trials: int) -> tuple[Any, Any]:
    """The problem and the rule of a cell of the sweeps, with its teachers and inputs."""
    sweep = from_normalised_teacher({"ratio": [ratio], "hidden": [hidden]}, epochs=2000, trials=trials)
    cell = sweep.cell_at((0, 0))
    return cell.problem, cell.rule
