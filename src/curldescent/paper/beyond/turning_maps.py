"""What a step takes from the map of a student that has given up, against the theory that there is for it.

What was known before the criteria were written, from twelve students that this figure does not use (input sets 500 to
502, 20 and 70 neurons, c = 0.5 and 0.7): in steps of 0.02 rates were 0.97 to 1.03 of those told, in steps of 0.05 0.78
to 0.97, frequencies 0.989 to 0.998; in the flow rates were below 0.1 of those told for steps of 0.02.
"""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation, Split
from curldescent.paper.machinery.effects import mean_of, ratio_of
from curldescent.paper.machinery.turning_map_runs import map_motions
from curldescent.plots import legends, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

NAME = "turning-maps"
SETTINGS = (0.7, 0.5)
FIRST = 700
SHORT, LONG, FLOW_STEP = 0.02, 0.05, 0.025
# Factors within which rates and frequencies are those told, and what counts as no decay beside that in short steps.
RATE, FREQUENCY, NONE = 1.1, 1.02, 0.2
_DAY = "2026-11-28"


def experiments(scale: Scale) -> Experiments:
    """Motions of maps by input set."""
    total, sets, time = {"quick": (15, 3, 1_000.0), "standard": (70, 10, 4_000.0), "paper": (220, 10, 8_000.0)}[scale]
    arguments = {
        **{"total": total, "settings": list(SETTINGS), "sets": sets, "first": FIRST},
        **{"steps": [SHORT, LONG], "flow_step": FLOW_STEP, "time": time},
    }
    identity = "curldescent.paper.turning_maps.map_motions"
    return {NAME: Computation(map_motions, arguments, identity=identity, split=Split("sets", "number", "set"))}


def _students(results: Results) -> xr.Dataset:
    """Every setting of every input set whose runs stayed finite, over student."""
    data = results[NAME].stack(student=("set", "setting"))
    return data.isel(student=np.flatnonzero(np.isfinite(data.decay).all("kind").values))


def _sets(data: xr.Dataset) -> np.ndarray:
    return np.asarray(data["set"].values)


def rates_are_told(results: Results) -> Finding:
    """Rates in short steps over those told."""
    data = _students(results)
    measured, told = data.decay.sel(kind=f"{SHORT:g}").values, SHORT * data.told_decay.values
    here = measured > 0
    if len(here) < 2 or not here.all():
        return Finding(None if len(here) < 2 else False, f"{int(here.sum())} of {len(here)} die out")
    effect = ratio_of(measured, told, _sets(data))
    longer = data.decay.sel(kind=f"{LONG:g}").values / (LONG * data.told_decay.values)
    said = f"measured over told {effect.said}; in steps of {LONG:g} {np.median(longer):.2f} in the median"
    left_out = results[NAME].told_decay.size - data.sizes["student"]
    if left_out:
        said += f"; not counted: {left_out} students that diverged in one of their runs"
    return effect.judge_equivalent(RATE).finding(said, effect.numbers)


def frequencies_are_told(results: Results) -> Finding:
    """Frequencies in short steps over those told."""
    data = _students(results)
    if data.sizes["student"] < 2:
        return Finding(None, "fewer than two students stayed finite")
    measured = data.frequency.sel(kind=f"{SHORT:g}").values
    if not (measured > 0).all():
        # What is at rest has no frequency, and so no ratio.
        return Finding(None, f"{int((measured > 0).sum())} of {len(measured)} oscillate")
    effect = ratio_of(measured, data.told_frequency.values, _sets(data))
    low, high = effect.interval
    said = f"measured over told {effect.ratio:.4f} [{low:.4f}, {high:.4f}]"
    return effect.judge_equivalent(FREQUENCY).finding(said, effect.numbers)


def flow_lasts(results: Results) -> Finding:
    """Rates of the flow over those told for short steps."""
    data = _students(results)
    if data.sizes["student"] < 2:
        return Finding(None, "fewer than two students stayed finite")
    share = mean_of(data.decay.sel(kind="flow").values / (SHORT * data.told_decay.values), _sets(data))
    low, high = share.interval()
    said = f"rates in the flow over those told for steps of {SHORT:g}: {share.value:.3f} [{low:.3f}, {high:.3f}]"
    return share.judge_within(-NONE, NONE).finding(said)


def draw(results: Results) -> "Picture":
    """Rates and frequencies, measured against told."""
    import matplotlib.pyplot as plt

    data = _students(results)
    looks = {f"{LONG:g}": ("s", style.UNSTABLE), f"{SHORT:g}": ("o", style.STABLE), "flow": ("^", style.CYCLE[4])}
    with style.figure_style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(style.PAGE_INCHES, 2.9))
        for kind, (marker, colour) in looks.items():
            label = "flow" if kind == "flow" else f"steps of {kind}"
            if kind != "flow":
                told = float(kind) * data.told_decay
                left.plot(told, data.decay.sel(kind=kind), marker, color=colour, markersize=4, alpha=0.8, label=label)
            right.plot(
                data.told_frequency,
                data.frequency.sel(kind=kind),
                marker,
                color=colour,
                markersize=4,
                alpha=0.8,
                label=label,
            )
        for axis in (left, right):
            low, high = axis.get_xlim()
            axis.plot([low, high], [low, high], "-", color="0.5", linewidth=0.8, label="as told", zorder=0)
            axis.set_xlim(low, high)
        left.set(
            xlabel=r"told: $\frac{1}{4} \eta\, \omega^2 (1 + 3 \Vert W_2 \Vert^2 / \Vert W_1 \Vert^2)$",
            ylabel="rate of dying out (1/time)",
        )
        right.set(
            xlabel=r"told: $\omega \sqrt{2 (1 - \Vert W_2 \Vert^2 / \Vert W_1 \Vert^2)}$",
            ylabel="angular frequency (1/time)",
        )
        legends.place(left, prefer="upper left")
        legends.place(right, prefer="upper left")
        return figure


FIGURE = Figure(
    NAME,
    title="What a step takes from the map",
    about=(
        "Figure 3b's students with all inputs flipped, 70 neurons, full batch, norms kept: in steps their map W2 W1 "
        "oscillates about zero and dies out. Rates (left) and frequencies (right) of the second half of the run "
        "against what cd.theory.turning tells of them; a point is a student. ω = |W*Σ̂| is the rate at which hidden "
        "neurons turn."
    ),
    origin="beyond",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "rates",
            "In steps the maps of students that have given up die out at ¼ηω²(1 + 3‖W2‖²/‖W1‖²).",
            f"two one-sided t-tests at 5 % put the ratio of rates measured in steps of {SHORT:g} and told, over input "
            f"sets, within a factor {RATE:g} of 1",
            "its 95 % interval lies outside of that factor, or a map does not die out",
            rates_are_told,
            fixed=_DAY,
        ),
        Claim(
            "frequencies",
            "They oscillate at ω√(2(1 − ‖W2‖²/‖W1‖²)).",
            f"two one-sided t-tests at 5 % put the ratio of frequencies measured in steps of {SHORT:g} and told, over "
            f"input sets, within a factor {FREQUENCY:g} of 1",
            "its 95 % interval lies outside of that factor",
            frequencies_are_told,
            fixed=_DAY,
        ),
        Claim(
            "flow",
            "In continuous time they do not die out.",
            f"two one-sided t-tests at 5 % put the mean rate of the flow, over that told for steps of {SHORT:g} and "
            f"over input sets, within ±{NONE:g}",
            "its 95 % interval lies outside",
            flow_lasts,
            fixed=_DAY,
        ),
    ),
)
