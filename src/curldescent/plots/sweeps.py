"""Pictures of sweeps: an error over compression ratio and flipped fraction, with the boundary that theory predicts."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.plots import labels, legends, panels, style
from curldescent.plots.coordinates import ascending, cell_borders, colours
from curldescent.theory import critical_ratio

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

_LAYERS = {"hidden": labels.HIDDEN, "readout": labels.READOUT}
_FLOOR = 1e-32
# Beyond this the axis of the colours overflows; larger errors have its last colour.
_CEILING = 1e300


def error_map(
    error: "xr.DataArray", *, label: str | None = None, title: str | None = None, ax: "Axes | None" = None
) -> "Figure":
    """Draw an error over the grid as a heat map on a logarithmic scale, with the boundary of stability on it.

    Args:
        error: with dimensions `ratio` and `hidden` or `readout`, in any order; the median is taken over any others
            (trials). Cells that are missing, or of which a trial diverged or is missing, are grey; errors of zero are
            drawn at the lower end of the scale. The picture says so where that is all there is.
        label: of the colour bar; by default the error's own description.
        title: of the figure.
        ax: to draw into; a new figure by default.

    Returns:
        The figure. The line is the theory's critical ratio: stable to the left of it.

    Raises:
        InputError: no labelled array, other dimensions, values along them that are no numbers or stand there twice, or
            negative errors.

    Example:
        >>> import numpy as np, xarray as xr
        >>> coords = {"ratio": [0.1, 1, 10], "hidden": [0, 0.5, 1]}
        >>> figure = error_map(xr.DataArray(np.geomspace(1e-15, 1, 9).reshape(3, 3), coords=coords))
    """
    validation.text("label", label, none=True)
    validation.text("title", title, none=True)
    with style.figure_style():
        figure, axis = panels.one(ax, size=(style.COLUMN_INCHES, 2.6))
        image = draw_error_map(axis, error)
        legends.below(axis)
        if title is not None:
            axis.set_title(title)
        said = label or str(error.attrs.get("long_name", "error"))
        figure.colorbar(image, ax=axis, label=labels.mathematical(said))
        return figure


def draw_error_map(axis: "Axes", error: "xr.DataArray", *, norm: "LogNorm | None" = None) -> "QuadMesh":
    """Draw the heat map of `error_map` into axes of one's own, the boundary labelled "theory" and no legend.

    Args:
        axis: where to.
        error: as in `error_map`. The ratio's axis is linear where its values are evenly spaced.
        norm: the colours' range; `error_range` gives one for several maps. This map's own by default.

    Returns:
        The image, for a colour bar.

    Raises:
        InputError: as `error_map`.

    Example:
        >>> import numpy as np, xarray as xr
        >>> from matplotlib import pyplot as plt
        >>> coords = {"ratio": [0.1, 0.2, 0.3], "readout": [0, 0.5, 1]}
        >>> error = xr.DataArray(np.geomspace(1e-15, 1, 9).reshape(3, 3), coords=coords)
        >>> axis = plt.figure().add_subplot()
        >>> image = draw_error_map(axis, error, norm=error_range(error))
        >>> axis.get_xscale()
        'linear'
    """
    layer, error, values = _medians(error)
    norm = error_range(error) if norm is None else norm
    linear = _evenly_spaced(error.ratio.values)
    if not values.count():
        style.note(axis, "no finite error to draw")
    elif not (values > 0).any():
        style.note(axis, f"every error is zero, drawn as {norm.vmin:.0e}")
    image = axis.pcolormesh(
        cell_borders(error.ratio.values, logarithmic=not linear),
        cell_borders(error[layer].values, logarithmic=False),
        np.ma.maximum(values, float(norm.vmin or _FLOOR)),
        cmap=colours(style.SEQUENTIAL),
        norm=norm,
        rasterized=True,
    )
    limits = axis.get_xlim(), axis.get_ylim()
    alpha = np.concatenate([np.geomspace(1e-6, 1e-2, 100), np.linspace(0.01, 1, 400)])
    boundary = np.asarray(critical_ratio(alpha) if layer == "hidden" else critical_ratio(None, alpha))
    draw_on_map(axis, boundary, alpha, color=style.THEORY, label="theory")
    axis.set(
        xlim=limits[0],
        ylim=limits[1],
        xscale="linear" if linear else "log",
        xlabel=labels.RATIO,
        ylabel=_LAYERS[layer],
    )
    return image


def draw_on_map(axis: "Axes", ratio: ArrayLike, fraction: ArrayLike, **line: Any) -> None:
    """Draw a line over a heat map, a white one under it: it must be seen on the dark and on the light side.

    Args:
        axis: of the map.
        ratio: compression ratios along the line.
        fraction: flipped fractions along it.
        **line: matplotlib's options of a line.
    """
    axis.plot(ratio, fraction, color="white", linewidth=3)
    axis.plot(ratio, fraction, **{"linewidth": 1.5, **line})


def error_range(*errors: "xr.DataArray", floor: float = _FLOOR) -> "LogNorm":
    """The logarithmic colour range that several error maps share.

    Args:
        *errors: as in `error_map`.
        floor: smaller errors have its colour.

    Returns:
        From the smallest to the largest cell of all maps, not below the floor; just above that where no cell is
        positive.

    Raises:
        InputError: as `error_map`.
    """
    from matplotlib.colors import LogNorm

    values = np.concatenate([_medians(error)[2].compressed() for error in errors])
    positive = values[values > 0]
    low = min(max(floor, float(positive.min())), _CEILING) if len(positive) else floor
    return LogNorm(low, min(max(float(values.max(initial=0.0)), 2 * low), 2 * _CEILING))


def _medians(error: "xr.DataArray") -> "tuple[str, xr.DataArray, np.ma.MaskedArray[Any, Any]]":
    """The layer that is flipped, the errors in ascending order of both axes, and the median of every cell."""
    import xarray as xr

    given: object = error
    if isinstance(given, xr.Dataset):
        raise InputError(
            "error_map draws one variable of a sweep's dataset, such as data.final_test_error; "
            f"got a dataset of {validation.listed(given.data_vars, 6) or 'none'}"
        )
    what = "an xarray.DataArray over 'ratio' and 'hidden' or 'readout', as in cd.sweeps.open(folder).final_test_error"
    validation.instance("error", error, xr.DataArray, what)
    layers = [name for name in _LAYERS if name in error.dims]
    if "ratio" not in error.dims or len(layers) != 1:
        raise InputError(f"error_map needs dimensions 'ratio' and one of 'hidden', 'readout'; got {error.dims}")
    if error.dtype.kind not in "biuf":
        raise InputError(f"error_map needs real numbers, got dtype {error.dtype}")
    (layer,) = layers
    error = ascending(error, "ratio", layer, positive=("ratio",))
    others = [dim for dim in error.dims if dim not in ("ratio", layer)]
    if (lowest := float(error.min() if error.size else 0.0)) < 0:
        raise InputError(f"error_map needs errors, which are zero or positive; got {lowest:g}")
    # No trial at all is as good as a missing one.
    some = error if all(error.sizes[dim] for dim in others) else error.pad(dict.fromkeys(others, (0, 1)))
    medians = some.median(others, skipna=False).transpose(layer, "ratio")
    return layer, error, np.ma.masked_invalid(medians.values)


def _evenly_spaced(values: np.ndarray) -> bool:
    steps = np.diff(values)
    return len(steps) > 1 and bool(np.ptp(steps) < 1e-6 * abs(steps).max())
