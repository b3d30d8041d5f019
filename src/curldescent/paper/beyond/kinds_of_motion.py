"""Cycle, torus or chaos in continuous time, told by more than spectral lines.

What was known before the criteria were written, from 27 runs of input sets 500 to 502 that this figure does not use, of
20, 40 and 70 neurons and 6000 units: with all inputs flipped 5 of 18 motions were periodic, of dimension 0.95 to 1.24,
none was quasi-periodic, the others had lines that were not steady yet, dimensions 1.3 to 2.4 and exponents of at most
0.0004; with three of four flipped 8 of 9 were broadband, of dimension 4 to 9.
"""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from curldescent.paper.machinery import shares
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation, Split
from curldescent.paper.machinery.kinds_of_motion_runs import motion
from curldescent.paper.machinery.size_of_chaos_runs import least
from curldescent.plots import legends, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

# (c, α_h): all inputs flipped, and three of four.
ALL, MOST = ((0.7, 1.0), (0.5, 1.0)), ((0.5, 0.75),)
# Numbers of input sets that nobody has looked at, and the Runge–Kutta step.
FIRST, STEP = 600, 0.05
# Between a cycle and a torus, and above a torus of two frequencies.
TORUS, MANY = 1.5, 2.0
# The least share of motions that a claim is about.
SHARE = 0.8
ORDER = ("periodic", "quasi-periodic", "other", "broadband")
_DAY = "2026-11-28"


def experiments(scale: Scale) -> Experiments:
    """Motions by size and setting."""
    totals, sets, time = {
        "quick": ((12,), 3, 1_600.0),
        "standard": ((20, 40), 20, 10_000.0),
        "paper": ((20, 40, 70), 20, 20_000.0),
    }[scale]
    return {
        named(total, setting): Computation(
            motion,
            {
                **{"total": total, "ratio": setting[0], "hidden": setting[1], "sets": sets},
                **{"first": FIRST, "step": STEP, "time": time},
            },
            identity="curldescent.paper.kinds_of_motion.motion",
            split=Split("sets", "number", "set"),
        )
        for total in totals
        for setting in ALL + MOST
    }


def named(total: int, setting: tuple[float, float]) -> str:
    """Of an experiment."""
    ratio, hidden = (f"{value:g}".replace(".", "") for value in setting)
    return f"kinds-of-motion-{total}-c{ratio}-a{hidden}"


def _runs(results: Results, settings: tuple[tuple[float, float], ...]) -> xr.Dataset:
    """All of them, over set."""
    endings = tuple(named(0, setting).split("-0-")[1] for setting in settings)
    parts = [results[name] for name in sorted(results.data) if name.endswith(endings)]
    return xr.concat(parts, "set", combine_attrs="override")


def _motions(results: Results, settings: tuple[tuple[float, float], ...] = ALL + MOST) -> xr.Dataset:
    """Those that move and stayed finite, over set."""
    data = _runs(results, settings)
    return data.isel(set=np.flatnonzero(np.isfinite(data.dimension.values)))


def _left_out(results: Results, settings: tuple[tuple[float, float], ...] = ALL + MOST) -> str:
    """How many rest or diverged, in words; nothing where none did."""
    data = _runs(results, settings)
    kinds = data.kind.values.astype(str)[~np.isfinite(data.dimension.values)]
    diverged = int((kinds == "diverged").sum())
    counts = {"at rest": len(kinds) - diverged, "diverged": diverged}
    named_counts = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"; not counted: {named_counts}" if named_counts else ""


def _medians(data: xr.Dataset) -> str:
    kinds = data.kind.values.astype(str)
    return ", ".join(
        f"{kind} {np.median(data.dimension.values[kinds == kind]):.2f} ({(kinds == kind).sum()} runs)"
        for kind in sorted(set(kinds))
    )


def lines_agree(results: Results) -> Finding:
    """Periodic and quasi-periodic motions whose dimension says what their spectral lines say."""
    data = _motions(results)
    kind = data.kind.values.astype(str)
    regular = np.isin(kind, ("periodic", "quasi-periodic"))
    agree = (data.dimension.values >= TORUS) == (kind == "quasi-periodic")
    count, of = int((agree & regular).sum()), int(regular.sum())
    said = f"they agree on {count} of {of}; median dimensions: {_medians(data)}{_left_out(results)}"
    return shares.found(count, of, said, least=SHARE)


def broadband_is_wide(results: Results) -> Finding:
    """Broadband motions of more dimensions than a torus of two frequencies has."""
    data = _motions(results)
    dimension = data.dimension.values[data.kind.values.astype(str) == "broadband"]
    count, of = int((dimension > MANY).sum()), len(dimension)
    smallest = f", the least {dimension.min():.2f}" if of else ""
    return shares.found(count, of, f"{count} of {of}{smallest}", least=SHARE)


def all_flipped_is_regular(results: Results) -> Finding:
    """Motions with all inputs flipped whose exponent is not above what shear can do."""
    data = _motions(results, ALL)
    exponent = data.exponent.values
    count, of = int((exponent <= least(data)).sum()), len(exponent)
    said = f"{count} of {of}; exponents up to {exponent.max():.5f}, shear up to {least(data):.5f}" if of else "no run"
    said += _left_out(results, ALL)
    return shares.found(count, of, said, least=SHARE)


def draw(results: Results) -> "Picture":
    """Dimensions by what spectral lines say, and exponents by dimension."""
    import matplotlib.pyplot as plt

    with style.figure_style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(style.PAGE_INCHES, 2.9))
        for number, (setting, colour) in enumerate(zip(ALL + MOST, style.CYCLE, strict=False)):
            data = _motions(results, (setting,))
            kinds = [kind if kind in ORDER else "other" for kind in data.kind.values.astype(str)]
            places = np.array([ORDER.index(kind) for kind in kinds]) + 0.2 * (number - 1)
            label = f"$c$ = {setting[0]:g}, $\\alpha_h$ = {setting[1]:g}"
            left.plot(places, data.dimension, "o", color=colour, markersize=3, alpha=0.7)
            right.plot(data.dimension, data.exponent, "o", color=colour, markersize=3, alpha=0.7, label=label)
        left.axhline(TORUS, color="0.5", linestyle=":", linewidth=0.8)
        right.axhline(least(data), color="0.5", linestyle=":", linewidth=0.8, label="what shear can do")
        left.set_xticks(range(len(ORDER)), ORDER)
        left.set(
            xlabel="spectral lines say", ylabel="dimension of the motion", xlim=(-0.5, len(ORDER) - 0.5), yscale="log"
        )
        left.set_yticks((1, 2, 4, 8), ("1", "2", "4", "8"))
        left.minorticks_off()
        right.set(xlabel="dimension of the motion", ylabel=r"leading exponent $\lambda$ (1/time)", xscale="log")
        right.set_xticks((1, 2, 4, 8), ("1", "2", "4", "8"))
        right.minorticks_off()
        legends.place(right, prefer="upper left")
        return figure


FIGURE = Figure(
    "kinds-of-motion",
    title="Kinds of motion",
    about=(
        "Late motions of W2 W1 in continuous time: figure 3b's students of 20 and 40 neurons, full batch, norms kept, "
        "most or all inputs flipped; one student an input set. Left: the dimension of what a motion fills, from "
        "distances of its points, by what spectral lines of two projections say; dotted: between a cycle and a torus. "
        "Right: the leading exponent. Other: growing, decaying, drifting, or lines that are not steady."
    ),
    origin="beyond",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "second witness",
            "In continuous time, where spectral lines say periodic the motion fills one dimension, where they say "
            "quasi-periodic more.",
            "the 95 % interval of the share of the periodic and quasi-periodic motions whose dimension is below "
            f"{TORUS:g} and above, in this order (Clopper–Pearson) lies at or above {100 * SHARE:g} %",
            f"it lies below {100 * SHARE:g} %",
            lines_agree,
            fixed=_DAY,
        ),
        Claim(
            "broadband",
            "Where they say broadband it fills more than two.",
            f"the 95 % interval of the share of the broadband motions whose dimension is above {MANY:g} "
            f"(Clopper–Pearson) lies at or above {100 * SHARE:g} %",
            f"it lies below {100 * SHARE:g} %",
            broadband_is_wide,
            fixed=_DAY,
        ),
        Claim(
            "no chaos",
            "With all inputs flipped the motion is not chaotic in continuous time.",
            "the 95 % interval of the share of the motions with α_h = 1 whose leading exponent is at most what shear "
            f"can do, 2 log 2 over half the run (Clopper–Pearson), lies at or above {100 * SHARE:g} %",
            f"it lies below {100 * SHARE:g} %",
            all_flipped_is_regular,
            fixed=_DAY,
        ),
    ),
)
