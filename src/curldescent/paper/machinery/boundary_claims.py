"""Claims about which side of theory's boundary a cell lies on, shared by the phase maps.

A maker of a claim returns its criterion and its measure, both from the same numbers.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from curldescent.paper.machinery.claims import Finding, Measured, Results
from curldescent.paper.machinery.wording import decimal, percent
from curldescent.plots.coordinates import cell_borders
from curldescent.theory import critical_ratio

if TYPE_CHECKING:
    import xarray as xr

# From a figure's results to the error over ratio and flipped fraction that a claim is about.
Errors: TypeAlias = Callable[[Results], "xr.DataArray"]

# Cells within this factor of c* are left out: the line is that of infinitely large networks, whose sampled boundary
# scatters by this much at 220 neurons (docs/theory.md, finite size).
MARGIN = 1.5
# The share of cells that must agree.
SHARE = 0.9
# A cell counts as low where its error is below the geometric middle of the two sides' levels, 1e-14 and 1e-2.
LEARNED = 1e-8


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


def stable_cells_learn(error: "xr.DataArray", *, below: float, margin: float = MARGIN) -> Finding:
    """The share of stable cells whose median trial ends below an error."""
    stable, _ = sides(error, margin=margin)
    return _share(error, stable, lambda values: values <= below, f"end at or below {below:g}")


def unstable_cells_stay(error: "xr.DataArray", *, above: float, margin: float = MARGIN) -> Finding:
    """The share of unstable cells whose median trial ends above an error, or diverged."""
    _, unstable = sides(error, margin=margin)
    return _share(error, unstable, lambda values: ~(values < above), f"end at or above {above:g} or diverged")


def _share(error: "xr.DataArray", chosen: "xr.DataArray", test: Callable[[Any], Any], phrase: str) -> Finding:
    others = [dim for dim in error.dims if dim not in chosen.dims]
    values = error.median(others, skipna=False).transpose(*chosen.dims).values[chosen.values]
    passed, said = counted(values, test, f"cells {phrase}")
    if not passed.size:
        return Finding(None, said)
    numbers = {"passed": int(passed.sum()), "of": passed.size, "median": middle(values)}
    return Finding(bool(passed.mean() >= SHARE), said, numbers)


def counted(values: np.ndarray, test: Callable[[Any], Any], phrase: str) -> tuple[np.ndarray, str]:
    """Which cells pass a test, and how that is said.

    Args:
        values: of the cells, (n,).
        test: which of them pass.
        phrase: what passing is, after "3 of 5".

    Returns:
        The booleans, and the sentence; there is a sentence without cells too.
    """
    if not values.size:
        return np.zeros(0, dtype=bool), "the grid of this scale has no such cell"
    passed = test(values)
    return passed, f"{int(passed.sum())} of {values.size} {phrase}; median over cells {middle(values):.1e}"


def middle(values: np.ndarray) -> float:
    """The median of the cells that did not diverge; NaN where all did."""
    return float(np.nanmedian(values)) if not np.isnan(values).all() else float("nan")


def cells_agree(error: "xr.DataArray", *, below: float = LEARNED) -> Finding:
    """The share of all cells with flips, near the boundary or not, that lie on the side that theory says."""
    inside, _ = sides(error, margin=1.0)
    flipped = error[fraction_of(error)] > 0
    low = low_cells(error, below=below)
    agree = ((low == inside) & flipped).sum().item()
    of = (flipped & (error["ratio"] > 0)).sum().item()
    if not of:
        return Finding(None, "the grid of this scale has no such cell")
    said = f"{agree} of {of} cells ({agree / of:.0%}) are below {below:g} where stable and above where not"
    return Finding(agree / of >= SHARE, said, {"passed": agree, "of": of})


def boundary_found(error: "xr.DataArray", *, below: float = LEARNED) -> Finding:
    """The ratio where a fraction's cells stop being low, against the critical ratio of theory."""
    found = observed(low_cells(error, below=below))
    fraction, ratio = error[fraction_of(error)].values, error["ratio"].values
    predicted = _critical(error)
    used = (fraction > 0) & (predicted > ratio[0]) & (predicted < ratio[-1])
    if not used.any():
        return Finding(None, "the grid of this scale crosses no boundary")
    step = float(np.log(ratio[1:] / ratio[:-1]).max())
    off = np.log(found.values[used] / predicted[used])
    typical, mean = float(np.median(np.abs(off))), float(off.mean())
    said = (
        f"c observed / c* = {np.exp(mean):.2f} in the geometric mean of {used.sum()} fractions, typically off by a "
        f"factor {np.exp(typical):.2f}; the grid's step is a factor {np.exp(step):.2f}"
    )
    return Finding(typical <= step, said, {"mean_log": mean, "median_abs_log": typical, "step_log": step})


def low_cells(error: "xr.DataArray", *, below: float = LEARNED) -> "xr.DataArray":
    """Which cells' median trial is at or below an error; diverged is not. Over ratio and fraction."""
    others = [dim for dim in error.dims if dim not in ("ratio", fraction_of(error))]
    return error.median(others, skipna=False) <= below


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


def stable_side(errors: Errors, *, below: float, margin: float = MARGIN) -> Measured:
    """Criterion and measure: cells on the stable side learn, see `stable_cells_learn`."""
    cells = f"{percent(SHARE)} of the cells with α_h > 0 and c < c*/{margin:g}"
    return (
        f"median test error ≤ {decimal(below)} in at least {cells}",
        lambda results: stable_cells_learn(errors(results), below=below, margin=margin),
    )


def unstable_side(errors: Errors, *, above: float, margin: float = MARGIN) -> Measured:
    """Criterion and measure: cells on the unstable side do not, see `unstable_cells_stay`."""
    return (
        f"median test error ≥ {decimal(above)} in at least {percent(SHARE)} of the cells with c > {margin:g} c*",
        lambda results: unstable_cells_stay(errors(results), above=above, margin=margin),
    )


def every_cell(errors: Errors) -> Measured:
    """Criterion and measure: theory says of every cell whether it learns, see `cells_agree`."""
    return (
        f"median test error ≤ {decimal(LEARNED)} exactly where c < c* in at least {percent(SHARE)} of the cells with "
        "α_h > 0",
        lambda results: cells_agree(errors(results)),
    )


def border(errors: Errors, *, below: float = LEARNED) -> Measured:
    """Criterion and measure: cells cease to be low at c*, see `boundary_found`."""
    return (
        "at the median fraction it is off by no more than one step of the grid",
        lambda results: boundary_found(errors(results), below=below),
    )


def fraction_of(error: "xr.DataArray") -> str:
    """The name of the dimension that holds flipped fractions."""
    return "hidden" if "hidden" in error.dims else "readout"
