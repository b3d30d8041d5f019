"""Pictures of the theory: phase diagrams, and λ_min as a map."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.plots import labels, legends, panels, style
from curldescent.plots.coordinates import ascending, cell_borders, colours
from curldescent.theory import critical_fraction, critical_ratio

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LABELS = {"hidden": labels.HIDDEN, "readout": labels.READOUT, "ratio": labels.RATIO}


def phase_diagrams(diagrams: "Sequence[xr.DataArray]", *, axes: "Axes | Iterable[Axes] | None" = None) -> "Figure":
    """Draw stable and unstable regions, one panel a diagram (the paper's fig. 2 is the hidden and the readout one).

    Args:
        diagrams: results of `curldescent.theory.phase_diagram` with quantity "stable", any planes.
        axes: to draw into, one a diagram; a new figure by default.

    Returns:
        The figure.

    Raises:
        InputError: no diagram, one of λ_min, or another number of axes.

    >>> from curldescent.theory import phase_diagram
    >>> figure = phase_diagrams([phase_diagram("hidden", resolution=50), phase_diagram("readout", resolution=50)])
    """
    from matplotlib.colors import ListedColormap

    if hasattr(diagrams, "dims") or isinstance(diagrams, str | bytes | Mapping) or not isinstance(diagrams, Iterable):
        what = "one diagram, not in a list" if hasattr(diagrams, "dims") else validation.shown(diagrams)
        raise InputError(f"diagrams must be a list of diagrams of cd.theory.phase_diagram, got {what}")
    diagrams = list(diagrams)
    if not diagrams:
        raise InputError("phase_diagrams needs one or more diagrams with quantity 'stable', got none")
    for diagram in diagrams:
        _check(diagram, "stable", "phase_diagrams", "draw λ_min with lambda_min_map")
    two = colours(ListedColormap([_pale(style.UNSTABLE), _pale(style.STABLE)]))
    with style.figure_style():
        width = style.PAGE_INCHES if len(diagrams) > 1 else style.COLUMN_INCHES
        figure, row = panels.many(axes, 1, len(diagrams), size=(width, 2.5))
        for axis, given in zip(row[0], diagrams, strict=True):
            diagram = ascending(given, *(str(dim) for dim in given.dims))
            axis.pcolormesh(*_borders(diagram), _oriented(diagram), cmap=two, vmin=0, vmax=1, rasterized=True)
            _boundary(axis, diagram)
            _label(axis, diagram)
            _name_regions(axis, diagram)
        return figure


def lambda_min_map(diagram: "xr.DataArray", *, limit: float | None = None, ax: "Axes | None" = None) -> "Figure":
    """Draw λ_min as a colour map, white where it is zero, with the boundary on it.

    Args:
        diagram: a result of `curldescent.theory.phase_diagram` with quantity "lambda_min".
        limit: the magnitude at which colours saturate; by default each sign has the whole range of its colour.
        ax: to draw into; a new figure by default.

    Returns:
        The figure.

    Raises:
        InputError: a diagram of something else, or a limit that is not positive.

    >>> from curldescent.theory import phase_diagram
    >>> figure = lambda_min_map(phase_diagram("joint", resolution=20, ratio=0.3, quantity="lambda_min"))
    """
    from matplotlib.colors import TwoSlopeNorm

    _check(diagram, "lambda_min", "lambda_min_map", "draw stable regions with phase_diagrams")
    diagram = diagram.where(np.isfinite(diagram))
    # Where nothing is known, everything is grey, on any scale.
    known = np.r_[diagram.values[diagram.notnull().values], 0.0]
    lowest, highest = float(known.min()), float(known.max())
    if limit is None:
        low, high = min(lowest, -1e-12), max(highest, 1e-12)
    else:
        high = validation.positive("limit", limit)
        low = -high
    with style.figure_style():
        figure, axis = panels.one(ax, size=(style.COLUMN_INCHES, 2.5))
        diagram = ascending(diagram, *(str(dim) for dim in diagram.dims))
        # Red is the unstable, negative side, as everywhere in these pictures.
        image = axis.pcolormesh(
            *_borders(diagram),
            _oriented(diagram),
            cmap=colours("RdBu"),
            norm=TwoSlopeNorm(0, low, high),
            rasterized=True,
        )
        _boundary(axis, diagram)
        _label(axis, diagram)
        beyond = {(False, False): "neither", (True, False): "max", (False, True): "min", (True, True): "both"}
        matrix = r"$P \cdot G$, in units of $M$" if "activation" in diagram.attrs else "$K$"
        extend = beyond[highest > high, lowest < low]
        figure.colorbar(image, ax=axis, label=f"smallest eigenvalue {labels.LAMBDA_MIN} of {matrix}", extend=extend)
        return figure


def joint_boundaries(ratios: ArrayLike, *, resolution: int = 400, ax: "Axes | None" = None) -> "Figure":
    """Draw the boundary in the plane of both flipped fractions, one line for each compression ratio.

    Args:
        ratios: compression ratios, at most seven, shape (n,).
        resolution: points along each line.
        ax: to draw into; a new figure by default.

    Returns:
        The figure; below each line the network is stable.

    Raises:
        InputError: ratios that are not positive, or more than seven.

    >>> figure = joint_boundaries([0.05, 0.2], resolution=50)
    """
    from matplotlib import colormaps

    values = np.sort(validation.finite_array("ratios", ratios, ndim=1))
    resolution = validation.integer("resolution", resolution, minimum=2, maximum=10**5)
    if len(values) > 7:
        raise InputError(f"ratios must hold at most seven values, more lines cannot be told apart; got {len(values)}")
    # Not 0 itself: the boundary is that of a vanishing fraction.
    alpha = np.concatenate([[1e-9], np.linspace(0, 1, resolution)[1:]])
    shades = colormaps[style.SEQUENTIAL](np.linspace(0.0, 0.85, len(values)))
    with style.figure_style():
        figure, axis = panels.one(ax, size=(style.COLUMN_INCHES, 2.8))
        for ratio, shade in zip(values, shades, strict=True):
            edge = np.asarray(critical_fraction(float(ratio), "readout", other=alpha))
            # The line ends where even one flipped hidden neuron is too many.
            shown = np.append(edge[edge > 0], 0.0) if (edge <= 0).any() else edge
            axis.plot(alpha[: len(shown)], shown, color=shade, label=f"$c$ = {ratio:g}")
        axis.set(xlim=(0, 1), ylim=(0, 0.5), xlabel=_LABELS["hidden"], ylabel=_LABELS["readout"])
        axis.set_title("stable below each line")
        legends.below(axis, ncols=4 if len(values) > 3 else None, columnspacing=1.2, handlelength=1.4)
        return figure


def _check(diagram: object, quantity: str, function: str, otherwise: str) -> None:
    """Refuse what is no diagram of this quantity, and what is only a part of one."""
    import xarray as xr

    how = f"cd.theory.phase_diagram(…, quantity={quantity!r})"
    found = validation.instance("a diagram", diagram, xr.DataArray, f"a result of {how}")
    if found.name != quantity:
        raise InputError(
            f"{function} needs a diagram with quantity {quantity!r}, a result of {how}; {otherwise}; "
            f"got {validation.shown(found.name)}"
        )
    lacking = [name for name in ("plane", "rho", "sigma2") if name not in found.attrs]
    if lacking or found.ndim != 2 or found.dtype.kind not in "biuf":
        got = (
            f"one without {lacking[0]!r} among its attributes" if lacking else f"{found.dtype} values over {found.dims}"
        )
        raise InputError(f"{function} needs a whole diagram of two dimensions, as {how} gives it; got {got}")


def _pale(colour: str) -> tuple[float, ...]:
    from matplotlib.colors import to_rgb

    return tuple(0.55 * part + 0.45 for part in to_rgb(colour))


def _coordinates(diagram: "xr.DataArray") -> tuple[np.ndarray, np.ndarray]:
    if diagram.attrs["plane"] == "joint":
        return diagram.hidden_fraction.values, diagram.readout_fraction.values
    return diagram.ratio.values, diagram.fraction.values


def _borders(diagram: "xr.DataArray") -> tuple[np.ndarray, np.ndarray]:
    x, y = _coordinates(diagram)
    return cell_borders(x, logarithmic=diagram.attrs["plane"] != "joint"), cell_borders(y, logarithmic=False)


def _oriented(diagram: "xr.DataArray") -> np.ndarray:
    """Rows along the vertical axis of the picture."""
    values = diagram.values.astype(float)
    return values.T if diagram.attrs["plane"] == "joint" else values


def _boundary(axis: "Axes", diagram: "xr.DataArray") -> None:
    plane, rho, sigma2 = (diagram.attrs[name] for name in ("plane", "rho", "sigma2"))
    if plane == "joint":
        x, y = diagram.hidden_fraction.values, diagram.critical_fraction.values
    elif rho > sigma2 or "activation" in diagram.attrs:
        # The second stable region, at large ratios, has a boundary too; that of nonlinear students is another one.
        level = 0.0 if diagram.name == "lambda_min" else 0.5
        image = _oriented(diagram)
        if np.nanmin(image) < level < np.nanmax(image):
            axis.contour(*_coordinates(diagram), image, levels=[level], colors=style.THEORY, linewidths=1.3)
        return
    else:
        # Finer than the diagram's rows near zero, where the readout's boundary runs along the axis.
        y = np.concatenate([np.geomspace(1e-6, 1e-2, 100), np.linspace(0.01, 1, 400)])
        hidden, readout = (y, None) if plane == "hidden" else (None, y)
        x = np.asarray(critical_ratio(hidden, readout, rho=rho, sigma2=sigma2))
    axis.plot(x, y, color=style.THEORY, linewidth=1.3)


def _label(axis: "Axes", diagram: "xr.DataArray") -> None:
    plane = diagram.attrs["plane"]
    x, y = _coordinates(diagram)
    if plane == "joint":
        axis.set(
            xlabel=_LABELS["hidden"], ylabel=_LABELS["readout"], title=f"both layers, $c$ = {diagram.attrs['ratio']:g}"
        )
    else:
        axis.set(xlabel=_LABELS["ratio"], ylabel=_LABELS[plane], xscale="log", title=f"{plane} flips")
    # From the first to the last value; a single one has the width of its cell.
    across, along = (c if len(c) > 1 else b for c, b in zip((x, y), _borders(diagram), strict=True))
    axis.set(xlim=across[[0, -1]], ylim=along[[0, -1]])


def _name_regions(axis: "Axes", diagram: "xr.DataArray") -> None:
    """Write "stable" and "unstable" at the centre of gravity of each region, in the picture's own coordinates."""
    image = _oriented(diagram)
    for region, word in ((image > 0.5, "stable"), (image <= 0.5, "unstable")):
        if region.mean() < 0.04:
            continue
        rows, columns = np.nonzero(region)
        place = ((columns.mean() + 0.5) / image.shape[1], (rows.mean() + 0.5) / image.shape[0])
        axis.text(*place, word, transform=axis.transAxes, ha="center", va="center", fontsize=8)
