"""Maps of fates: which share of the students beside a solution left it, with the boundary of theory on it."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from curldescent.plots import labels, style
from curldescent.plots.coordinates import ascending, cell_borders, colours

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABELS = {"hidden": labels.HIDDEN, "readout": labels.READOUT, "ratio": labels.RATIO}


def draw_fate_map(
    axis: "Axes",
    verdict: "xr.DataArray",
    *,
    x: str,
    y: str,
    margin: "xr.DataArray | None" = None,
    title: str | None = None,
) -> Any:
    """Colour every cell by the share of its students that left their solution.

    Args:
        axis: to draw on; its scale is logarithmic in x where `axis.get_xscale()` says so already, likewise y.
        verdict: 1 returned, −1 left, 0 undecided (half of each), along x and y in any order; the mean over other
            dimensions is taken of what is there. A cell without any is grey.
        x: dimension along the horizontal axis.
        y: along the vertical one.
        margin: where true the cell is marked with a dot: too close to the boundary to be judged.
        title: of the panel.

    Returns:
        The image, for a colour bar.

    Raises:
        InputError: values along x or y that are no numbers, or stand there twice.
    """
    logarithmic = [name for name, scale in ((x, axis.get_xscale()), (y, axis.get_yscale())) if scale == "log"]
    verdict = ascending(verdict, x, y, positive=logarithmic)
    share = (1 - verdict.astype(float).mean([d for d in verdict.dims if d not in (x, y)])) / 2
    share = share.transpose(y, x)
    edges = [cell_borders(verdict[name].values, logarithmic=name in logarithmic) for name in (x, y)]
    image = axis.pcolormesh(*edges, share.values, cmap=colours(_two_ended()), vmin=0, vmax=1, rasterized=True)
    if margin is not None:
        rows, columns = np.nonzero(ascending(margin, x, y).transpose(y, x).values)
        axis.plot(verdict[x].values[columns], verdict[y].values[rows], ".", color="0.25", markersize=2.5)
    axis.set(xlim=edges[0][[0, -1]], ylim=edges[1][[0, -1]], xlabel=LABELS.get(x, x), ylabel=LABELS.get(y, y))
    if axis.get_xscale() == "log":
        plain_log_ticks(axis)
    if title is not None:
        axis.set_title(title)
    return image


def draw_boundary(axis: "Axes", x: ArrayLike, y: ArrayLike, **options: Any) -> None:
    """Theory's line, black on white so that it is seen on every colour; the axis keeps its limits."""
    limits = axis.get_xlim(), axis.get_ylim()
    style_of = {"color": style.THEORY, "linewidth": 1.3, **options}
    axis.plot(x, y, color="white", linewidth=style_of["linewidth"] + 1.5)
    axis.plot(x, y, **style_of)
    axis.set(xlim=limits[0], ylim=limits[1])


def plain_log_ticks(axis: "Axes") -> None:
    """Label 0.2, 0.5, 1, … along a logarithmic horizontal axis of a decade or two, without crowding it."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())


def fate_colour_bar(figure: "Figure", image: Any, axes: Any, *, aspect: float = 15) -> None:
    """The colour bar of maps of fates, so many times as long as it is wide."""
    bar = figure.colorbar(image, ax=axes, ticks=[0, 0.5, 1], fraction=0.05, aspect=aspect, pad=0.02)
    bar.ax.set_yticklabels(["all return", "half", "all leave"])
    bar.set_label("students beside the solution")


def _two_ended() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("fates", [style.STABLE, "#f2f2f2", style.UNSTABLE])
