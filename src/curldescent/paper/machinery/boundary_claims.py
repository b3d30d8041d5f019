"""Claims about which side of theory's boundary a cell lies on, shared by the phase maps.

A maker of a claim returns when it is confirmed, when it is refuted, and its measure, all from the same numbers.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from curldescent.paper.machinery import shares
from curldescent.paper.machinery.claims import Finding, Measured, Results
from curldescent.paper.machinery.effects import Estimate, mean_of
from curldescent.paper.machinery.wording import decimal
from curldescent.plots.coordinates import cell_borders
from curldescent.theory import critical_ratio

if TYPE_CHECKING:
    import xarray as xr

# From a figure's results to the error over ratio, flipped fraction and trial that a claim is about.
Errors: TypeAlias = Callable[[Results], "xr.DataArray"]
# What a cell's trials come to: the mean of their logarithms, what is below 1e-15 counting as 1e-15, as the paper's maps
# have it; their median; or the largest, as in the paper's figures 4 and 8.
Summary = Literal["log mean", "median", "maximum"]
SUMMARIES: dict[Summary, str] = {
    "log mean": "mean log10 error over trials, counted as 1e-15 below that,",
    "median": "median error over trials",
    "maximum": "largest error of any trial",
}
FLOOR = 1e-15
# Cells within this factor of c* are left out: the line is that of infinitely large networks, whose sampled boundary
# scatters by this much at 220 neurons (docs/theory.md, finite size).
MARGIN = 1.5
# The share of cells that must agree.
SHARE = 0.9
# A cell counts as low where its error is below the geometric middle of the two sides' levels, 1e-14 and 1e-2.
LEARNED = 1e-8
# Borders this close to c*, a factor, count as being there.
AT = 1.1


def errors_of(data: "xr.Dataset", name: str) -> "xr.DataArray":
    """Errors of a sweep over ratio, fraction and trial: infinite where a trial diverged, NaN where it was not run."""
    error = data[name]
    return error.where(~(data.diverged_at >= 0), np.inf) if "diverged_at" in data else error


def summary(error: "xr.DataArray", kind: Summary) -> "xr.DataArray":
    """What the trials of every cell come to, see `Summary`; infinite where one that counts diverged."""
    others = [str(dim) for dim in error.dims if dim not in ("ratio", fraction_of(error))]
    values = error.copy(data=np.where(np.isnan(error.values), np.inf, error.values))
    if kind == "median":
        return values.median(others)
    if kind == "maximum":
        return values.max(others)
    with np.errstate(over="ignore"):
        return 10 ** values.copy(data=np.log10(np.maximum(values.values, FLOOR))).mean(others)


def drawn(error: "xr.DataArray", kind: Summary) -> "xr.DataArray":
    """A summary as maps draw it: cells where trials diverged are missing."""
    values = summary(error, kind)
    return values.where(np.isfinite(values))


def sides(error: "xr.DataArray", *, margin: float = MARGIN) -> "tuple[xr.DataArray, xr.DataArray]":
    """Which cells lie clearly inside the stable and the unstable region.

    Args:
        error: with dimensions `ratio` and `hidden` or `readout`.
        margin: the factor to keep from c*.

    Returns:
        Two boolean arrays over the grid. Cells without flips belong to neither: there is nothing to destabilise.
    """
    fraction, ratio = error[fraction_of(error)], error["ratio"]
    critical = fraction.copy(data=_critical(error))
    flipped = fraction > 0
    return (ratio < critical / margin) & flipped, (ratio > critical * margin) & flipped


def stable_cells_learn(
    error: "xr.DataArray", *, below: float, kind: Summary = "log mean", margin: float = MARGIN
) -> Finding:
    """The share of stable cells that end below an error."""
    stable, _ = sides(error, margin=margin)
    return share_of(summary(error, kind), stable, lambda values: values <= below, f"end at or below {below:g}")


def unstable_cells_stay(
    error: "xr.DataArray", *, above: float, kind: Summary = "log mean", margin: float = MARGIN
) -> Finding:
    """The share of unstable cells that end above an error, or diverged."""
    _, unstable = sides(error, margin=margin)
    phrase = f"end at or above {above:g} or diverged"
    return share_of(summary(error, kind), unstable, lambda values: ~(values < above), phrase)


def share_of(
    cells: "xr.DataArray",
    chosen: "xr.DataArray",
    test: Callable[[Any], Any],
    phrase: str,
    *,
    least: float = SHARE,
) -> Finding:
    """The share of some cells that pass a test.

    Args:
        cells: an error over ratio and fraction.
        chosen: which cells count, over the same.
        test: which errors pass.
        phrase: what passing is, after "3 of 5 cells".
        least: the share that must.

    Returns:
        The finding.
    """
    values = cells.transpose(*chosen.dims).values[chosen.values]
    if not values.size:
        return Finding(None, shares.NOTHING)
    count = int(test(values).sum())
    said = f"{count} of {values.size} cells {phrase}; median over cells {middle(values):.1e}"
    return shares.found(count, values.size, said, least=least, numbers={"median": middle(values)})


def middle(values: np.ndarray) -> float:
    """The median of the cells that did not diverge; NaN where all did."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else float("nan")


def cells_agree(error: "xr.DataArray", *, below: float = LEARNED, kind: Summary = "log mean") -> Finding:
    """The share of all cells with flips, near the boundary or not, that lie on the side that theory says."""
    inside, _ = sides(error, margin=1.0)
    flipped = (error[fraction_of(error)] > 0) & (error["ratio"] > 0)
    low = summary(error, kind) <= below
    agree, of = int(((low == inside) & flipped).sum()), int(flipped.sum())
    return shares.found(
        agree, of, f"{agree} of {of} cells are below {below:g} where stable and above where not", least=SHARE
    )


def borders(error: "xr.DataArray", *, below: float = LEARNED, kind: Summary = "log mean") -> "xr.DataArray":
    """Up to which ratio the cells of every fraction are low, over the fractions whose critical ratio is on the grid.

    Args:
        error: over ratio, fraction and trial.
        below: what is low.
        kind: of summary.

    Returns:
        c observed over c*, over the fractions; empty where the grid crosses no boundary.
    """
    found = observed(summary(error, kind) <= below)
    layer = fraction_of(error)
    fraction, ratio = error[layer].values, error["ratio"].values
    predicted = _critical(error)
    used = (fraction > 0) & (predicted > ratio[0]) & (predicted < ratio[-1])
    return (found / predicted).isel({layer: used})


def border_ratio(error: "xr.DataArray", *, below: float = LEARNED, kind: Summary = "log mean") -> Estimate | None:
    """The mean of ln(c observed/c*) over fractions; None with fewer than two."""
    found = borders(error, below=below, kind=kind)
    return mean_of(np.log(found.values)) if found.size > 1 else None


def boundary_found(
    error: "xr.DataArray", *, within: float | None = None, below: float = LEARNED, kind: Summary = "log mean"
) -> Finding:
    """The ratio where a fraction's cells stop being low, against the critical ratio of theory.

    Args:
        error: over ratio, fraction and trial.
        within: the factor by which the geometric mean may be off; the grid's step by default.
        below: what is low.
        kind: of summary.

    Returns:
        Holds where two one-sided tests say that the mean over fractions is within; does not where its interval lies
        outside.
    """
    ratio = error["ratio"].values
    mean = border_ratio(error, below=below, kind=kind)
    if mean is None:
        return Finding(None, "the grid of this scale crosses the boundary at fewer than two fractions")
    step = float(np.exp(np.log(ratio[1:] / ratio[:-1]).max()))
    factor = step if within is None else within
    off = borders(error, below=below, kind=kind).values
    low, high = np.exp(mean.interval())
    said = (
        f"c observed / c* = {np.exp(mean.value):.2f} [{low:.2f}, {high:.2f}] in the geometric mean of {mean.n} "
        f"fractions, typically off by a factor {np.exp(np.median(np.abs(np.log(off)))):.2f}, below c* in "
        f"{int((off < 1).sum())}; the grid's step is a factor {step:.2f}"
    )
    numbers = {"mean_log": mean.value, "interval": [float(low), float(high)], "fractions": mean.n, "step": step}
    return mean.judge_within(-float(np.log(factor)), float(np.log(factor))).finding(said, numbers)


def observed(low: "xr.DataArray") -> "xr.DataArray":
    """Up to which ratio cells are low.

    Args:
        low: boolean, over `ratio` (ascending) and anything else.

    Returns:
        Over the rest: the border, half-way between neighbours on a logarithmic scale, that leaves as many cells on
        its left as are low; where the low ones are the leftmost it is where low ends.
    """
    count = low.sum("ratio")
    return count.copy(data=cell_borders(low["ratio"].values, logarithmic=True)[count.values])


def _critical(error: "xr.DataArray") -> np.ndarray:
    """c* of every fraction of a map."""
    layer = fraction_of(error)
    return np.asarray(critical_ratio(**{layer: np.maximum(error[layer].values, 1e-12)}))


def stable_side(errors: Errors, *, below: float, kind: Summary = "log mean", margin: float = MARGIN) -> Measured:
    """Cells on the stable side learn, see `stable_cells_learn`."""
    words = shares.at_least(
        SHARE, f"of the cells with α > 0 and c < c*/{margin:g} whose {SUMMARIES[kind]} is at most {decimal(below)}"
    )
    return (*words, lambda results: stable_cells_learn(errors(results), below=below, kind=kind, margin=margin))


def unstable_side(errors: Errors, *, above: float, kind: Summary = "log mean", margin: float = MARGIN) -> Measured:
    """Cells on the unstable side do not, see `unstable_cells_stay`."""
    words = shares.at_least(
        SHARE, f"of the cells with c > {margin:g} c* whose {SUMMARIES[kind]} is at least {decimal(above)}"
    )
    return (*words, lambda results: unstable_cells_stay(errors(results), above=above, kind=kind, margin=margin))


def every_cell(errors: Errors, *, kind: Summary = "log mean") -> Measured:
    """Theory says of every cell whether it learns, see `cells_agree`."""
    words = shares.at_least(
        SHARE, f"of the cells with α > 0 whose {SUMMARIES[kind]} is at most {decimal(LEARNED)} exactly where c < c*"
    )
    return (*words, lambda results: cells_agree(errors(results), kind=kind))


def border(
    errors: Errors, *, within: float | None = None, below: float = LEARNED, kind: Summary = "log mean"
) -> Measured:
    """Cells cease to be low at c*, see `boundary_found`."""
    factor = "one step of the grid" if within is None else f"a factor {within:g}"
    return (
        f"the geometric mean of c observed / c* over fractions is within {factor} of 1, two one-sided tests at 5 %; "
        f"low: {SUMMARIES[kind]} at most {decimal(below)}",
        "its 95 % interval lies outside",
        lambda results: boundary_found(errors(results), within=within, below=below, kind=kind),
    )


def fraction_of(error: "xr.DataArray") -> str:
    """The name of the dimension that holds flipped fractions."""
    return "hidden" if "hidden" in error.dims else "readout"
