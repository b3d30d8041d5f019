"""Any quantity of a sweep over the axes of its grid: points and medians over one, a map or lines over two."""

from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.plots import labels, legends, panels, style
from curldescent.plots.coordinates import ascending, cell_borders, colours
from curldescent.plots.sweeps import draw_error_map

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# What is drawn of a dataset where nothing was asked for: the first of these that it has.
_FIRST = ("final_test_error", "final_train_error", "epochs_to_train", "lambda_min")
# Dimensions that are no axes of a grid: the median is taken over them.
_SAMPLES = ("trial",)
_MOST_LINES = len(style.CYCLE)


def sweep(data: "xr.Dataset | xr.DataArray", quantity: str | None = None, *, ax: "Axes | None" = None) -> "Figure":
    """Draw a quantity of a sweep over its axes.

    Args:
        data: what `curldescent.sweeps.open` returned, whole or with values selected; or one variable of it. One or two
            axes of the grid may be left besides trials; an axis of a single value is left out.
        quantity: which variable of a dataset; by default the first that it has of the final test and training error,
            the epochs to a threshold, and the smallest eigenvalue.
        ax: to draw into; a new figure by default.

    Returns:
        The figure. Over one axis: every trial a dot, the medians a line. Over two numeric ones: a map of medians, with
        theory's boundary where they are a ratio and a flipped fraction and the quantity is an error. Where one of two
        axes has names, or the map's would be one, lines in its colours.

    Raises:
        InputError: no sweep, no such quantity, one that is no number, or another number of axes.

    Example:
        >>> import numpy as np, xarray as xr
        >>> error = xr.DataArray(np.geomspace(1, 1e-6, 12).reshape(6, 2), dims=("n_train", "trial"))
        >>> figure = sweep(error.assign_coords(n_train=[5, 10, 20, 40, 80, 160]).rename("final_test_error"))
        >>> figure.axes[0].get_xlabel()
        'training samples $P$'
    """
    values = _quantity(data, quantity)
    said = labels.mathematical(str(values.attrs.get("long_name") or labels.of(str(values.name or "value"))))
    axes = [str(dim) for dim in values.dims if dim not in _SAMPLES]
    if not 1 <= len(axes) <= 2:
        found = validation.listed(axes) or "none"
        chosen = ", ".join(f"{dim}=…" for dim in axes[2:])
        how = f": select values of the others first, with data.sel({chosen})" if axes else ""
        raise InputError(f"sweep draws over one axis of the grid or two; the data have {found}{how}")
    named = [dim for dim in axes if values[dim].dtype.kind not in "biuf"]
    with style.figure_style():
        figure, axis = panels.one(ax, size=(style.COLUMN_INCHES, 2.6))
        if len(axes) == 2 and not named:
            _map(figure, axis, values, axes, said)
        else:
            _lines(axis, values, along=next((dim for dim in axes if dim not in named), axes[0]), label=said)
        return figure


def _quantity(data: object, quantity: str | None) -> "xr.DataArray":
    import xarray as xr

    if isinstance(data, xr.Dataset):
        usual = next((name for name in _FIRST if name in data), None)
        chosen = usual if quantity is None else validation.choice("quantity", quantity, tuple(map(str, data.data_vars)))
        if chosen is None:
            raise InputError(
                f"quantity must be one of the dataset's variables, {validation.listed(data.data_vars, 8) or 'none'}, "
                "got None"
            )
        values = data[chosen]
    else:
        what = "what cd.sweeps.open returned, or one variable of it"
        values = validation.instance("data", data, xr.DataArray, what)
        if quantity is not None:
            raise InputError(
                f"quantity says which variable of a dataset; data are one already, got {validation.shown(quantity)}"
            )
    if values.dtype.kind not in "biuf":
        raise InputError(f"a picture needs a quantity of numbers, got {values.dtype} values of {values.name!r}")
    values = values.astype(float)
    # A threshold, an output or a grid axis with one value tells nothing apart.
    return values.squeeze([dim for dim in values.dims if values.sizes[dim] == 1 and dim not in _SAMPLES], drop=True)


def _map(figure: "Figure", axis: "Axes", values: "xr.DataArray", axes: list[str], label: str) -> None:
    layers = {"hidden", "readout"} & set(axes)
    if "ratio" in axes and layers and "error" in str(values.name):
        image = draw_error_map(axis, values)
        legends.below(axis)
        figure.colorbar(image, ax=axis, label=label)
        return
    # The ratio and what else has one goes across.
    x, y = sorted(axes, key=lambda dim: dim in ("hidden", "readout"))
    values = ascending(values, x, y)
    middle = values.median([dim for dim in values.dims if dim not in axes], skipna=False).transpose(y, x)
    scales = {dim: _spans(values[dim].values) for dim in (x, y)}
    edges = [cell_borders(values[dim].values, logarithmic=scales[dim]) for dim in (x, y)]
    shown = np.ma.masked_invalid(middle.values)
    look: dict[str, Any] = {"cmap": colours(style.SEQUENTIAL), "rasterized": True}
    if shown.count() and shown.min() < 0 < shown.max():
        limit = float(np.abs(shown).max())
        # Red is the unstable, negative side of eigenvalues, as in all pictures; otherwise it is more.
        hues = "RdBu" if "lambda" in str(values.name) else style.DIVERGING
        look |= {"cmap": colours(hues), "vmin": -limit, "vmax": limit}
    elif shown.count() and _spans(shown.compressed()):
        look["norm"] = "log"
    image = axis.pcolormesh(*edges, shown, **look)
    if not shown.count():
        style.note(axis, "no finite value to draw")
    for direction, dim in (("x", x), ("y", y)):
        axis.set(**{f"{direction}scale": "log" if scales[dim] else "linear", f"{direction}label": labels.of(dim)})
    axis.set(xlim=edges[0][[0, -1]], ylim=edges[1][[0, -1]])
    figure.colorbar(image, ax=axis, label=label)


def _lines(axis: "Axes", values: "xr.DataArray", *, along: str, label: str) -> None:
    other = next((str(dim) for dim in values.dims if dim not in (*_SAMPLES, along)), None)
    groups = [None] if other is None else values[other].values.tolist()
    if len(groups) > _MOST_LINES:
        raise InputError(f"{other!r} has {len(groups)} values, more than {_MOST_LINES} lines cannot be told apart")
    named = values[along].dtype.kind not in "biuf"
    if not named:
        values = ascending(values, along)
    places = np.arange(values.sizes[along]) if named else values[along].values.astype(float)
    for colour, group in zip(style.CYCLE, groups, strict=False):
        chosen = values if group is None else values.sel({other: group})
        rows = chosen.transpose(along, ...).values.reshape(len(places), -1)
        rows = np.where(np.isfinite(rows), rows, np.nan)
        axis.plot(np.repeat(places, rows.shape[1]), rows.ravel(), "o", color=colour, alpha=0.35, ms=2.5, mew=0)
        known = np.isfinite(rows).all(axis=1)
        middle = np.where(known, np.median(np.where(known[:, None], rows, 0.0), axis=1), np.nan)
        name = None if group is None else str(group)
        axis.plot(places, middle, color=colour, marker="_" if named else None, ls="none" if named else "-", label=name)
    axis.set(xlabel=labels.of(along), ylabel=label)
    finite = values.values[np.isfinite(values.values)]
    if finite.size and _spans(finite):
        axis.set_yscale("log")
    elif not finite.size:
        style.note(axis, "no finite value to draw")
    if named:
        axis.set_xticks(places, [str(name) for name in values[along].values])
    elif _spans(places):
        axis.set_xscale("log")
    if other is not None:
        legends.place(axis, title=labels.of(other))


def _spans(values: Any) -> bool:
    """Whether numbers belong on a logarithmic axis: all positive, over more than a decade and a half."""
    return bool(len(values) > 1 and np.min(values) > 0 and np.max(values) > 30 * np.min(values))
