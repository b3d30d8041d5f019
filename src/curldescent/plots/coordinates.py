"""Data over coordinates, made ready to draw: values in ascending order, cells with borders, missing cells in grey."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation.errors import InputError

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.colors import Colormap

# Neither end of any scale in use, and told from the near-white middle of the diverging ones.
MISSING = "0.75"


def ascending(data: "xr.DataArray", *dims: str, positive: Sequence[str] = ()) -> "xr.DataArray":
    """The same values with their coordinates in ascending order, as a picture over these needs them.

    A list in any order, or a store that has grown, holds its values as they came.

    Args:
        data: any array with coordinates along `dims`.
        *dims: dimensions that become axes of a picture.
        positive: those whose axis is logarithmic.

    Returns:
        The array, sorted along each of `dims`.

    Raises:
        InputError: a coordinate that is not there, is no number, is not finite, stands there twice, or has no place on
            a logarithmic axis.

    Example:
        >>> import numpy as np, xarray as xr
        >>> ascending(xr.DataArray([1, 2, 3], coords={"ratio": [0.3, 0.1, 0.2]}), "ratio").values
        array([2, 3, 1])
    """
    for dim in dims:
        if dim not in data.coords:
            raise InputError(f"a picture over {dim!r} needs its values as a coordinate; got none")
        values = np.asarray(data[dim].values)
        if not values.size:
            raise InputError(f"a picture over {dim!r} needs at least one value along it, got none")
        if values.dtype.kind not in "biuf" or not np.isfinite(values.astype(float)).all():
            raise InputError(f"a picture over {dim!r} needs finite numbers along it, got {values.ravel()[:5].tolist()}")
        if dim in positive and (values <= 0).any():
            raise InputError(f"a logarithmic axis over {dim!r} needs positive values, got {values.min():g}")
        again, counts = np.unique(values, return_counts=True)
        if (counts > 1).any():
            raise InputError(
                f"a picture over {dim!r} needs each value once; {again[counts > 1][0]:g} is there {counts.max()} times"
            )
    return data.sortby(list(dims)) if dims else data


def cell_borders(centres: ArrayLike, *, logarithmic: bool) -> NDArray[np.float64]:
    """Borders of the cells around these centres, half-way between neighbours on the axis's scale.

    Args:
        centres: (n,), ascending.
        logarithmic: whether the scale is.

    Returns:
        (n + 1,). A single centre has a cell of width 1 on a linear scale, of a factor e on a logarithmic one.

    Raises:
        InputError: centres out of order, which would draw cells over each other.

    Example:
        >>> cell_borders([1, 2, 4], logarithmic=False)
        array([0.5, 1.5, 3. , 5. ])
    """
    points = np.asarray(centres, dtype=float)
    if not (np.diff(points) > 0).all():
        raise InputError(f"cells need ascending coordinates, got {points[:5].tolist()}; sort the data along them")
    points = np.log(points) if logarithmic else points
    if len(points) == 1:
        borders = points[0] + np.array([-0.5, 0.5])
    else:
        middle = (points[1:] + points[:-1]) / 2
        borders = np.concatenate([[2 * points[0] - middle[0]], middle, [2 * points[-1] - middle[-1]]])
    return np.exp(borders) if logarithmic else borders


def colours(name: Any) -> "Colormap":
    """A colour map by name, or one of matplotlib's own objects, in which a missing cell is grey."""
    from matplotlib import colormaps
    from matplotlib.colors import Colormap

    chosen = name if isinstance(name, Colormap) else colormaps[name]
    return chosen.with_extremes(bad=MISSING)
