"""Claims about which side of theory's boundary a cell lies on, shared by the phase maps."""

from typing import TYPE_CHECKING

import numpy as np

from curldescent.paper.machinery.claims import Finding
from curldescent.theory import critical_ratio

if TYPE_CHECKING:
    import xarray as xr

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
    layer = fraction_of(error)
    fraction = error[layer]
    critical = fraction.copy(data=np.asarray(critical_ratio(**{layer: np.maximum(fraction.values, 1e-12)})))
    ratio = error["ratio"]
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


def _share(error: "xr.DataArray", chosen: "xr.DataArray", test: object, phrase: str) -> Finding:
    others = [dim for dim in error.dims if dim not in chosen.dims]
    values = error.median(others, skipna=False).transpose(*chosen.dims).values[chosen.values]
    if not values.size:
        return Finding(None, "the grid of this scale has no such cell")
    passed = int(test(values).sum())  # type: ignore[operator]
    share = passed / values.size
    median = float(np.nanmedian(values)) if not np.isnan(values).all() else float("nan")
    said = f"{passed} of {values.size} cells {phrase}; median over cells {median:.1e}"
    return Finding(share >= SHARE, said, {"passed": passed, "of": int(values.size), "median": median})


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
    layer = fraction_of(error)
    found = observed(low_cells(error, below=below))
    fraction = error[layer].values
    predicted = np.asarray(critical_ratio(**{layer: np.maximum(fraction, 1e-12)}))
    ratio = error["ratio"].values
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
    log = np.log(low["ratio"].values)
    middle = (log[1:] + log[:-1]) / 2
    borders = np.exp(np.concatenate([[1.5 * log[0] - 0.5 * log[1]], middle, [1.5 * log[-1] - 0.5 * log[-2]]]))
    count = low.sum("ratio")
    return count.copy(data=borders[count.values])


def fraction_of(error: "xr.DataArray") -> str:
    """The name of the dimension that holds flipped fractions."""
    return "hidden" if "hidden" in error.dims else "readout"
