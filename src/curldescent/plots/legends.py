"""Legends that lie on nothing: where there is room among the data inside the axes, otherwise below them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.plots import panels

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend

# What ticks and the label below an axis take at the sizes of `style`, in points.
_BELOW = 31.0
# Corners first, where eyes look for it.
_SIDES = ("upper right", "upper left", "lower left", "lower right", "center right", "center left")
_PLACES: tuple[Any, ...] = (*_SIDES, "upper center", "lower center", "center")


def place(axis: "Axes", handles: Any = None, labels: Any = None, *, prefer: str | None = None, **options: Any) -> Any:
    """Put the legend where it covers nothing that is drawn; below the axes where every place inside covers something.

    To be called last: what is drawn later, or limits that change, are not known here.

    Args:
        axis: whose legend.
        handles: what is named; everything with a label by default.
        labels: the names.
        prefer: a place to try first, in matplotlib's words.
        **options: of `matplotlib.axes.Axes.legend`.

    Returns:
        The legend.

    Example:
        >>> from matplotlib import pyplot as plt
        >>> axis = plt.figure().add_subplot()
        >>> lines = axis.plot([0, 1], [0, 1], label="rising")
        >>> covered(place(axis))
        []
    """
    what: tuple[Any, ...] = () if handles is None else (handles, labels)
    for where in dict.fromkeys((prefer, *_PLACES) if prefer else _PLACES):
        legend = axis.legend(*what, loc=where, **options)
        if where == (prefer or _PLACES[0]):
            panels.holder(axis).draw_without_rendering()
        if not covered(legend):
            return legend
    return below(axis, *what, **options)


def below(axis: "Axes", *what: Any, ncols: int | None = None, **options: Any) -> "Legend":
    """Put the legend below the axes and their label, for maps and crowded panels.

    Args:
        axis: whose legend.
        *what: handles and labels; everything with a label by default.
        ncols: how many entries side by side; by default as many as the axes are wide, three at most.
        **options: of `matplotlib.axes.Axes.legend`.

    Returns:
        The legend.
    """
    from matplotlib.transforms import ScaledTranslation

    handles, labels = what or axis.get_legend_handles_labels()
    lowered = axis.transAxes + ScaledTranslation(0, -_BELOW / 72, axis.figure.dpi_scale_trans)
    look: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "bbox_transform": lowered}
    look |= {"borderaxespad": 0.0, **options}
    for columns in range(min(3, max(1, len(handles))), 0, -1) if ncols is None else (ncols,):
        legend = axis.legend(handles, labels, ncols=columns, **look)
        if legend.get_window_extent().width <= axis.get_window_extent().width:
            break
    return legend


def covered(legend: "Legend") -> "list[Artist]":
    """What a legend lies on, of what is drawn into its axes: lines, points, filled areas, images, words.

    Args:
        legend: in a figure whose layout is done.

    Returns:
        The artists; none where the legend has the place to itself. Lines across the whole axes count too.

    Example:
        >>> from matplotlib import pyplot as plt
        >>> axis = plt.figure().add_subplot()
        >>> line, = axis.plot([0, 1], [0, 1], label="rising")
        >>> covered(axis.legend(loc="center")) == [line]
        True
    """
    axis: Any = legend.axes
    if axis is None:
        return []
    box = legend.get_window_extent()
    inside = axis.get_window_extent()
    if not box.overlaps(inside) or min(box.x1, inside.x1) - max(box.x0, inside.x0) < 1 or box.y1 <= inside.y0 + 1:
        return []
    drawn = [artist for artist in axis.get_children() if artist.get_visible() and artist is not axis.patch]
    return [artist for artist in drawn if _lies_in(artist, box)]


def _lies_in(artist: Any, box: Any) -> bool:
    from matplotlib.collections import Collection
    from matplotlib.image import AxesImage
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.text import Text

    if isinstance(artist, Line2D):
        path: Any = artist.get_path()
        if not len(path.vertices) or not np.isfinite(path.vertices).all(axis=-1).any():
            return False
        shown = path.transformed(artist.get_transform())
        if artist.get_linestyle() not in ("None", "none", " ", "") and shown.intersects_bbox(box, filled=False):
            return True
        return artist.get_marker() not in ("None", "none", None, "") and bool(_in(shown.vertices, box).any())
    if isinstance(artist, Collection):
        return _collection_lies_in(artist, box)
    if isinstance(artist, AxesImage):
        return bool(artist.get_window_extent().overlaps(box))
    if isinstance(artist, Patch):
        path = artist.get_path()
        return len(path.vertices) > 0 and bool(path.transformed(artist.get_transform()).intersects_bbox(box))
    if isinstance(artist, Text):
        return bool(artist.get_text()) and bool(artist.get_window_extent().overlaps(box))
    return False


def _collection_lies_in(collection: Any, box: Any) -> bool:
    from matplotlib.collections import QuadMesh

    if isinstance(collection, QuadMesh):
        return bool(collection.get_window_extent().overlaps(box))
    offsets: Any = np.ma.filled(np.ma.asarray(collection.get_offsets(), dtype=float), np.nan)
    if len(offsets) and np.any(offsets):
        return bool(_in(collection.get_offset_transform().transform(offsets), box).any())
    filled = len(collection.get_facecolor()) > 0
    places = collection.get_transform()
    return any(
        path.transformed(places).intersects_bbox(box, filled=filled)
        for path in collection.get_paths()
        if len(path.vertices)
    )


def _in(points: Any, box: Any) -> Any:
    x, y = points[..., 0], points[..., 1]
    return (x >= box.x0) & (x <= box.x1) & (y >= box.y0) & (y <= box.y1)
