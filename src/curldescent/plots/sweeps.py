"""Pictures of sweeps: an error over compression ratio and flipped fraction, with the boundary that theory predicts."""

from typing import TYPE_CHECKING

import numpy as np

from curldescent.errors import InputError
from curldescent.plots import style
from curldescent.theory import critical_ratio

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_LAYERS = {"hidden": "flipped inputs α$_h$", "readout": "flipped hidden neurons α$_r$"}
_FLOOR = 1e-32


def error_map(error: "xr.DataArray", *, label: str | None = None, title: str | None = None) -> "Figure":
    """Draw an error over the grid as a heat map on a logarithmic scale, with the boundary of stability on it.

    Args:
        error: with dimensions `ratio` and `hidden` or `readout`; the median is taken over any others (trials). Cells
            that are missing, or whose median trial diverged, are grey.
        label: of the colour bar; by default the error's own description.
        title: of the figure.

    Returns:
        The figure. The line is the theory's critical ratio: stable to the left of it.

    Raises:
        InputError: other dimensions, or no positive value to draw.

    Example:
        >>> import numpy as np, xarray as xr
        >>> coords = {"ratio": [0.1, 1, 10], "hidden": [0, 0.5, 1]}
        >>> figure = error_map(xr.DataArray(np.geomspace(1e-15, 1, 9).reshape(3, 3), coords=coords))
    """
    import matplotlib.pyplot as plt
    from matplotlib.colors import LogNorm

    layers = [name for name in _LAYERS if name in error.dims]
    if "ratio" not in error.dims or len(layers) != 1:
        raise InputError(f"error_map needs dimensions 'ratio' and one of 'hidden', 'readout'; got {error.dims}")
    (layer,) = layers
    others = [dim for dim in error.dims if dim not in ("ratio", layer)]
    shown = error.median(others, skipna=False).transpose(layer, "ratio")
    values = np.ma.masked_invalid(shown.values)
    if not (values > 0).any():
        raise InputError("error_map needs at least one positive error")
    values = np.ma.maximum(values, max(_FLOOR, float(values[values > 0].min())))
    with style.figure_style():
        figure, axis = plt.subplots(figsize=(style.COLUMN_INCHES + 0.4, 2.9))
        colours = plt.get_cmap(style.SEQUENTIAL).with_extremes(bad="0.8")
        image = axis.pcolormesh(
            _edges(error.ratio.values, logarithmic=True),
            _edges(error[layer].values, logarithmic=False),
            values,
            cmap=colours,
            norm=LogNorm(values.min(), values.max() if values.max() > values.min() else 2 * values.min()),
            rasterized=True,
        )
        limits = axis.get_xlim(), axis.get_ylim()
        alpha = np.concatenate([np.geomspace(1e-6, 1e-2, 100), np.linspace(0.01, 1, 400)])
        boundary = np.asarray(critical_ratio(alpha) if layer == "hidden" else critical_ratio(None, alpha))
        # White under black: the line must be seen on the dark and on the light side.
        axis.plot(boundary, alpha, color="white", linewidth=3)
        axis.plot(boundary, alpha, color=style.THEORY, linewidth=1.5, label="theory")
        axis.set(
            xlim=limits[0], ylim=limits[1], xscale="log", xlabel="compression ratio c = M/N", ylabel=_LAYERS[layer]
        )
        axis.legend(loc="lower right", frameon=True, framealpha=0.9, edgecolor="none")
        if title is not None:
            axis.set_title(title)
        figure.colorbar(image, ax=axis, label=label or str(error.attrs.get("long_name", "error")))
        return figure


def _edges(centres: np.ndarray, *, logarithmic: bool) -> np.ndarray:
    """Borders of the cells around these centres, half-way between neighbours on the axis's scale."""
    x = np.log(centres) if logarithmic else np.asarray(centres, dtype=float)
    if len(x) == 1:
        edges = np.array([x[0] - 0.5, x[0] + 0.5])
    else:
        middle = (x[1:] + x[:-1]) / 2
        edges = np.concatenate([[2 * x[0] - middle[0]], middle, [2 * x[-1] - middle[-1]]])
    return np.exp(edges) if logarithmic else edges
