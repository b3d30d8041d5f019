"""What a finite step does to chaos: in some settings it dies out in steps and lasts in continuous time.

What was known before the criteria were written, from draws that this figure does not use: at c = 2, α_h = 0.75 four
students of the limit lost their exponent within 20 000 units in steps of 0.05, half of it in steps of 0.0125, and kept
0.032 for 40 000 units in the flow; of eight input sets of 70 neurons at each of three settings with most inputs flipped
the map was 0.5 to 1.4 % of the teacher's in steps of 0.02 and 8 to 18 % in the flow. Wide students had been run in
steps alone.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from curldescent.paper.machinery.chaos_and_step_runs import FLOW, fading_by_step, maps_by_step
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.effects import difference_of, ratio_of
from curldescent.paper.machinery.judged import all_of
from curldescent.plots import legends, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

# Beyond c = 1/α_h, where no solution of the limit is stable; and where students of 70 neurons give up in steps.
RATIO, HIDDEN = 2.0, 0.75
SETTINGS = ((0.5, 0.75), (0.7, 1.0), (0.5, 1.0))
STEPS = ("0.05", "0.0125")
MAP_STEPS = ("0.02", "0.005", "0.00125")
FADE, MAPS = "chaos-and-step-fading", "chaos-and-step-maps"
# An exponent that keeps this part of what it was lasts; exponents within this factor are alike; a map is much larger.
LASTS, CLOSE, LARGER = 0.5, 1.5, 2.0
NONE_FINITE = "fewer than two runs stayed finite"
_DAY = "2026-11-28"


def experiments(scale: Scale) -> Experiments:
    """Long runs of wide students, and maps of students with most inputs flipped, by kind of time."""
    widths, draws, time, total, sets, short = {
        "quick": ((9.0,), 3, 800.0, 20, 3, 200.0),
        "standard": ((320.0, 5120.0), 8, 40_000.0, 70, 8, 4_000.0),
        "paper": ((320.0, 5120.0), 8, 40_000.0, 70, 8, 4_000.0),
    }[scale]
    identity = "curldescent.paper.chaos_and_step"
    return {
        FADE: Computation(
            fading_by_step,
            {
                **{"inputs": 8 if scale == "quick" else 20, "ratio": RATIO, "hidden": HIDDEN, "widths": list(widths)},
                **{"kinds": [*STEPS, FLOW], "flow_step": 0.05, "draws": [300, draws], "time": time, "windows": 8},
            },
            identity=f"{identity}.fading",
        ),
        MAPS: Computation(
            maps_by_step,
            {
                **{"total": total, "settings": [list(s) for s in SETTINGS], "kinds": [*MAP_STEPS, FLOW]},
                **{"flow_step": 0.025, "draws": [100, sets], "time": short},
            },
            identity=f"{identity}.maps",
        ),
    }


def _windows(results: Results, kind: str, width: float) -> xr.DataArray:
    return results[FADE].exponent.sel(kind=kind, width=width)


def _told(results: Results, kind: str, width: float) -> str:
    means = _windows(results, kind, width).mean("set").values
    name = "flow" if kind == FLOW else f"steps of {kind}"
    return f"{name}: {', '.join(f'{value:.4f}' for value in means)}"


def limit_lasts(results: Results) -> Finding:
    """The limit's exponent in the last window less a part of that in the first, in the flow."""
    exponent = _windows(results, FLOW, np.inf).dropna("set")
    if exponent.sizes["set"] < 2:
        return Finding(None, NONE_FINITE)
    gap = difference_of(exponent[:, -1].values, LASTS * exponent[:, 0].values)
    low, high = gap.interval()
    said = f"last window less {LASTS:g} of the first: {gap.value:.4f} [{low:.4f}, {high:.4f}]; mean exponents by window"
    return gap.judge_above(0.0).finding(f"{said}, {_told(results, FLOW, np.inf)}")


def fades_by_step(results: Results) -> Finding:
    """The limit's exponent half-way, in short steps less in long ones."""
    long, short = (_windows(results, kind, np.inf) for kind in STEPS)
    half = long.sizes["window"] // 2 - 1
    here = np.isfinite(long[:, half].values) & np.isfinite(short[:, half].values)
    if here.sum() < 2:
        return Finding(None, NONE_FINITE)
    gap = difference_of(short[here, half].values, long[here, half].values)
    low, high = gap.interval()
    said = f"difference {gap.value:.4f} [{low:.4f}, {high:.4f}]; mean exponents by window"
    return gap.judge_above(0.0).finding(f"{said}, {'; '.join(_told(results, kind, np.inf) for kind in STEPS)}")


def widths_tend_to_limit(results: Results) -> Finding:
    """Exponents of the widest finite students over those of the limit in the last window, in the flow."""
    widths = results[FADE].width.values
    widest = float(widths[np.isfinite(widths)].max())
    wide, limit = (_windows(results, FLOW, width)[:, -1].values for width in (widest, np.inf))
    told = "; ".join(f"{width:g} neurons {_windows(results, FLOW, width)[:, -1].mean().item():.4f}" for width in widths)
    if not ((wide > 0) & (limit > 0)).all():
        return Finding(None, f"an exponent is not positive; means: {told}")
    effect = ratio_of(wide, limit)
    said = f"{widest:g} neurons over the limit {effect.said}; mean exponents in the last window: {told}"
    return effect.judge_equivalent(CLOSE).finding(said, effect.numbers)


def maps_are_larger(results: Results) -> Finding:
    """Maps in the flow over maps in steps of the longest kind, input set by input set, in every setting."""
    parts, said = [], []
    for setting, maps in _maps(results).items():
        flow, steps = (maps.sel(kind=kind).values for kind in (FLOW, MAP_STEPS[0]))
        here = (flow > 0) & (steps > 0)
        if here.sum() < 2:
            return Finding(None, NONE_FINITE)
        effect = ratio_of(flow[here], steps[here])
        parts.append(effect.judge_above(LARGER))
        medians = ", ".join(f"{maps.sel(kind=kind).median().item():.3f}" for kind in (*MAP_STEPS, FLOW))
        said.append(f"c, α_h = {setting}: {effect.said}, medians {medians}")
    kinds = ", ".join((*MAP_STEPS, FLOW))
    return all_of(parts).finding(f"{'; '.join(said)} (steps of {kinds})")


def _maps(results: Results) -> Mapping[str, xr.DataArray]:
    data = results[MAPS]
    return {str(setting): data["map"].sel(setting=setting) for setting in data.setting.values}


def draw(results: Results) -> "Picture":
    """Exponents of the limit by window and kind of time, those of finite width, and maps by step."""
    import matplotlib.pyplot as plt

    data = results[FADE]
    windows = data.sizes["window"]
    middles = (np.arange(windows) + 0.5) * data.attrs["time"] / windows / 1000
    looks = dict(
        zip(data.kind.values, ((style.UNSTABLE, "s"), (style.CYCLE[4], "^"), (style.STABLE, "o")), strict=True)
    )
    with style.figure_style():
        figure, axes = plt.subplots(1, 3, figsize=(style.PAGE_INCHES, 2.7))
        widest = float(data.width.values[np.isfinite(data.width.values)].max())
        for axis, width, title in zip(
            axes, (np.inf, widest), ("infinitely many hidden", f"{widest:g} hidden"), strict=False
        ):
            for kind, (colour, marker) in looks.items():
                runs = data.exponent.sel(kind=kind, width=width)
                label = "flow" if kind == FLOW else f"steps of {kind}"
                axis.plot(middles, runs.T, "-", color=colour, linewidth=0.4, alpha=0.4)
                axis.plot(middles, runs.mean("set"), marker + "-", color=colour, markersize=4, label=label)
            axis.axhline(0, color="0.4", linewidth=0.8)
            axis.set(xlabel="time (1000 units of total step)", title=title)
        axes[0].set_ylabel(r"leading exponent $\lambda$ (1/time)")
        axes[1].sharey(axes[0])
        legends.place(axes[0], prefer="upper right")
        kinds = (*MAP_STEPS, FLOW)
        for (setting, maps), colour in zip(_maps(results).items(), style.CYCLE, strict=False):
            ratio, hidden = setting.split(", ")
            medians = [float(maps.sel(kind=kind).median()) for kind in kinds]
            axes[2].plot(range(len(kinds)), maps.sel(kind=list(kinds)), ".", color=colour, markersize=3, alpha=0.5)
            label = f"$c$ = {ratio}, $\\alpha_h$ = {hidden}"
            axes[2].plot(range(len(kinds)), medians, "-", color=colour, label=label)
        axes[2].set_xticks(range(len(kinds)), list(kinds))
        axes[2].set(
            xlabel="step", ylabel=r"$\Vert W_2 W_1 \Vert$ over the teacher's", yscale="log", title="maps in the end"
        )
        legends.place(axes[2], prefer="lower right")
        return figure


FIGURE = Figure(
    "chaos-and-step",
    title="Chaos and the step",
    about=(
        "Linear students with flipped inputs, full batch, norms kept, in steps and in continuous time. Left, middle: "
        "leading exponents window by window at c = 2, α_h = 0.75 with 20 white inputs, in the limit of infinitely many "
        "hidden neurons and at a finite width; thick: means over students. Right: the norm of the map W2 W1 after the "
        "run of figure 3b's students of 70 neurons with most inputs flipped; lines: medians."
    ),
    origin="beyond",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "limit lasts",
            "In continuous time chaos lasts in the limit of infinitely many hidden neurons.",
            f"of the flow at c = 2, α_h = 0.75: the limit's mean exponent in the last of eight windows less {LASTS:g} "
            "of that in the first is above 0 by its 95 % interval over students",
            "it is below 0",
            limit_lasts,
            fixed=_DAY,
        ),
        Claim(
            "fades by step",
            "Where it fades, in steps, the step is why: it fades later in shorter ones.",
            f"the limit's exponent in the fourth of eight windows in steps of {STEPS[1]} less that in steps of "
            f"{STEPS[0]} is above 0 by its 95 % interval over students",
            "it is below 0",
            fades_by_step,
            fixed=_DAY,
        ),
        Claim(
            "tends to",
            "In continuous time exponents of wide students tend to those of the limit.",
            "two one-sided t-tests at 5 % put the ratio of exponents of the widest students and of the limit, in the "
            f"last of eight windows, within a factor {CLOSE:g} of 1",
            "its 95 % interval lies outside of that factor",
            widths_tend_to_limit,
            fixed=_DAY,
        ),
        Claim(
            "maps",
            "That maps of students with most inputs flipped shrink to nothing is the step's doing: in continuous time "
            "they stay larger.",
            f"in each of three settings the 95 % interval of the ratio of maps after the flow and after steps of "
            f"{MAP_STEPS[0]}, over input sets, lies above {LARGER:g}",
            "in one it lies at or below that",
            maps_are_larger,
            fixed=_DAY,
        ),
    ),
)
