"""The Lyapunov map: the leading exponent beside the order parameter q, over the plane of figure 3."""

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from curldescent.paper.machinery import shares
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.lyapunov_runs import plane
from curldescent.paper.machinery.statistics import clustered_proportion_interval
from curldescent.paper.machinery.wording import percent
from curldescent.plots import labels, legends, style
from curldescent.plots.coordinates import cell_borders, colours
from curldescent.plots.fates import LABELS, draw_boundary, plain_log_ticks
from curldescent.sweeps import lin, log
from curldescent.theory import critical_ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

# Into how many computations the ratios are dealt, so that they can run side by side.
_PARTS = 4
# Above this the weights move; they rest at 1e-30.
MOVING = 1e-10
# The share of moving runs that must be regular, at least; and of runs that must move where theory says so.
REGULAR, RIGHT = 0.05, 0.9
# The share that claims of all runs need: there are about fifty.
ALL = 0.9


def experiments(scale: Scale) -> Experiments:
    """The plane of ratio and flipped inputs; every computation takes some of the ratios."""
    total, ratios, fractions, trials, time = {
        "quick": (40, 6, 4, 2, 1_000),
        "standard": (60, 8, 8, 2, 2_000),
        "paper": (60, 16, 16, 10, 5_000),
    }[scale]
    settings = {"total": total, "hidden": lin(0.25, 1, fractions), "trials": trials, "time": time}
    every = log(0.12, 3, ratios)
    return {
        f"lyapunov-{part + 1}": Computation(
            plane, {"ratios": every[part::_PARTS], **settings}, identity="curldescent.paper.lyapunov.plane"
        )
        for part in range(_PARTS)
    }


def whole(results: Results) -> xr.Dataset:
    """All ratios, with dimensions ratio, hidden and trial."""
    parts = list(results.data.values())
    joined = xr.concat(parts, "ratio", combine_attrs="drop").sortby(["ratio", "hidden"])
    return joined.assign_attrs(least=parts[0].attrs["least"])


def chaotic(data: xr.Dataset) -> xr.DataArray:
    """Runs whose exponent's interval lies above zero and above what shear can do."""
    return data.low > data.attrs["least"]


def regular(data: xr.Dataset) -> xr.DataArray:
    """Runs whose exponent's interval includes zero or lies below, or ends below what counts as exponential."""
    return (data.low <= 0) | (data.high < data.attrs["least"])


def draw(results: Results) -> "Picture":
    """Exponent and order parameter, medians of the trials, and both of every run against its stability."""
    import matplotlib.pyplot as plt
    from matplotlib.colors import LogNorm

    data = whole(results)
    figure, axes = plt.subplots(1, 3, figsize=(style.PAGE_INCHES, 2.5), width_ratios=(1, 1, 0.9))
    limit = max(float(np.abs(data.exponent.median("trial")).max()), data.attrs["least"])
    two_ended = {"cmap": colours(style.DIVERGING), "vmin": -limit, "vmax": limit}
    decades = {"cmap": colours(style.SEQUENTIAL), "norm": LogNorm(1e-32, 1)}
    maps = (
        (data.exponent, r"exponent $\lambda$ (1/time)", two_ended),
        (np.maximum(data.q, 1e-32), "order parameter $q$", decades),
    )
    edges = cell_borders(data.ratio.values, logarithmic=True), cell_borders(data.hidden.values, logarithmic=False)
    alpha = np.linspace(0.01, 1, 200)
    for axis, (values, title, look) in zip(axes, maps, strict=False):
        median = values.median("trial").transpose("hidden", "ratio")
        image = axis.pcolormesh(*edges, median, rasterized=True, **look)
        axis.set(xscale="log", xlabel=LABELS["ratio"], title=title)
        axis.set(xlim=edges[0][[0, -1]], ylim=edges[1][[0, -1]])
        plain_log_ticks(axis)
        draw_boundary(axis, np.asarray(critical_ratio(hidden=alpha)), alpha)
        figure.colorbar(image, ax=axis, fraction=0.07)
    axes[0].set_ylabel(LABELS["hidden"])
    _draw_runs(axes[2], data)
    return figure


def _draw_runs(axis: "Axes", data: xr.Dataset) -> None:
    value, low, high, lowest = (data[name].values.ravel() for name in ("exponent", "low", "high", "lowest"))
    moving = data.q.values.ravel() > MOVING
    for which, colour, label in ((~moving, style.STABLE, "at rest"), (moving, style.UNSTABLE, "moving")):
        bars = np.stack([value - low, high - value])[:, which]
        options: dict[str, Any] = {"markersize": 2.5, "elinewidth": 0.6, "alpha": 0.8}
        axis.errorbar(lowest[which], value[which], bars, fmt="o", color=colour, label=label, **options)
    axis.axhline(0, color="0.4", linewidth=0.8)
    axis.axvline(0, color="0.4", linewidth=0.8)
    axis.axhline(data.attrs["least"], color="0.4", linewidth=0.8, linestyle=":")
    axis.set(xlabel=f"{labels.LAMBDA_MIN} at the start", ylabel=r"exponent $\lambda$ (1/time)", title="every run")
    legends.place(axis)


def stable_side(results: Results) -> Finding:
    """Runs that start at a solution that is stable by its own operator: no exponent above zero."""
    data = whole(results)
    stable = data.lowest > 0
    return _all(regular(data), stable, "runs from stable solutions have an interval that reaches zero or below")


def chaos_needs_instability(results: Results) -> Finding:
    """Chaotic runs, and the sign of the operator at their start."""
    data = whole(results)
    return _all(data.lowest < 0, chaotic(data), "chaotic runs started at an unstable solution")


def q_does_not_prove_chaos(results: Results) -> Finding:
    """Runs whose weights move and whose exponent is not positive."""
    data = whole(results)
    moving = data.q > MOVING
    count, calm = int(moving.sum()), int((moving & regular(data)).sum())
    if not count:
        return Finding(None, "no run's weights move at this scale")
    cells = ((moving & part).sum("trial").values.ravel() for part in (regular(data), moving))
    low, high = clustered_proportion_interval(*cells)
    said = (
        f"{calm} of {count} moving runs are regular, share [{low:.2f}, {high:.2f}]; "
        f"{int((moving & chaotic(data)).sum())} are chaotic"
    )
    holds = True if low > REGULAR else False if high <= REGULAR else None
    return Finding(holds, said, {"regular": calm, "of": count, "low": low, "high": high})


def q_follows_theory(results: Results) -> Finding:
    """Runs move where their solution is unstable and rest where it is stable."""
    data = whole(results)
    right = (data.q > MOVING) == (data.lowest < 0)
    count, total = int(right.sum()), int(right.size)
    resting = int(((data.q <= MOVING) & (data.lowest < 0)).sum())
    said = f"{count} of {total} runs; {resting} of the others left an unstable solution and came to rest elsewhere"
    return shares.found_of_trials(right, xr.ones_like(right), said, least=RIGHT, numbers={"resting": resting})


def _all(test: xr.DataArray, among: xr.DataArray, phrase: str) -> Finding:
    count, right = int(among.sum()), int((among & test).sum())
    if not count:
        return Finding(None, "there is no such run at this scale")
    said = f"{right} of {count} {phrase}"
    return shares.found_of_trials(test, among, said, least=ALL)


_ALL = "2026-11-27: by the interval of the share in place of every single run."

FIGURE = Figure(
    "lyapunov",
    title="Order parameter and Lyapunov exponent",
    about=(
        "Linear students with flipped inputs start 1e-10 beside a teacher, whole training set as the batch, norms "
        "preserved. Left: the leading Lyapunov exponent over the second half of the run, per unit of total step. "
        "Middle: the order parameter q of the same runs over their last 1000 updates, every tenth looked at. Right: "
        "exponents with 95 % intervals from batch means against the lowest eigenvalue of the operator at the start, by "
        "whether weights move in the end (q > 1e-10); dotted: the least growth that shear cannot explain. Lines: the "
        "critical ratio of theory. A stable solution has λ = 0, because solutions form a manifold."
    ),
    origin="beyond",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "stable side",
            "Beside stable solutions no exponent is positive.",
            *shares.at_least(
                ALL,
                "of the runs whose solution is stable by its own operator, norm preservation included, and whose "
                "exponent's 95 % interval reaches down to zero or ends below what shear can do",
                trials=True,
            ),
            stable_side,
            changes=(_ALL, shares.CLUSTERED),
        ),
        Claim(
            "chaos needs instability",
            "Positive exponents occur beside unstable solutions only.",
            *shares.at_least(
                ALL, "of the runs whose interval lies above what shear can do that started so", trials=True
            ),
            chaos_needs_instability,
            changes=(_ALL, shares.CLUSTERED),
        ),
        Claim(
            "q does not prove chaos",
            "Weights move without chaos: q is large where λ is not positive.",
            f"the share of regular runs among those with q > {MOVING:g} is above {percent(REGULAR)}, lower end of its "
            "95 % interval (Clopper–Pearson; a cell is a cluster, Korn–Graubard)",
            "its upper end is not",
            q_does_not_prove_chaos,
            changes=(shares.CLUSTERED,),
        ),
        Claim(
            "q follows theory",
            "q tells unstable from stable solutions.",
            *shares.at_least(
                RIGHT, f"of the runs with q > {MOVING:g} exactly where the own operator is unstable", trials=True
            ),
            q_follows_theory,
            changes=(shares.CLUSTERED,),
        ),
    ),
)
