"""Claims about which side of theory's boundary a cell lies on, shared by the phase maps."""

from typing import TYPE_CHECKING

import numpy as np

from curldescent.paper.contract import Finding
from curldescent.theory import critical_ratio

if TYPE_CHECKING:
    import xarray as xr

# Cells within this factor of c* are left out: the line is that of infinitely large networks, whose sampled boundary
# scatters by this much at 220 neurons (docs/theory.md, finite size).
MARGIN = 1.5
# The share of cells that must agree.
SHARE = 0.9


def sides(error: "xr.DataArray", *, margin: float = MARGIN) -> "tuple[xr.DataArray, xr.DataArray]":
    """Which cells lie clearly inside the stable and the unstable region.

    Args:
        error: with dimensions `ratio` and `hidden` or `readout`.
        margin: the factor to keep from c*.

    Returns:
        Two boolean arrays over the grid. Cells without flips belong to neither: there is nothing to destabilise.
    """
    layer = "hidden" if "hidden" in error.dims else "readout"
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
