"""Where pictures are drawn: into axes of the caller's own or into a new figure; letters of panels, notes below them."""

import re
from collections.abc import Iterable, Mapping
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LETTER, _NOTE = "panel letter", "note"
# Letters of this size to an inch of line, on average with room to spare.
_LETTERS_PER_INCH = 22
_LINE = 1.35


def one(ax: "Axes | None", *, size: tuple[float, float]) -> "tuple[Figure, Axes]":
    """The axes to draw a single panel into.

    Args:
        ax: the caller's, or None for a new figure.
        size: of the new figure, in inches.

    Returns:
        The figure that holds the axes, and the axes.

    Raises:
        InputError: no axes of matplotlib.
    """
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes

    if ax is None:
        figure, made = plt.subplots(figsize=size)
        return figure, made
    validation.instance("ax", ax, Axes, "axes of matplotlib, or None for a new figure")
    return holder(ax), ax


def many(
    axes: "Axes | Iterable[Axes] | None", rows: int, columns: int, *, size: tuple[float, float], **options: Any
) -> "tuple[Figure, np.ndarray[Any, Any]]":
    """The axes to draw several panels into.

    Args:
        axes: the caller's, as many as there are panels, row by row in any nesting; or None for a new figure, whose
            panels carry letters.
        rows: of panels.
        columns: of panels.
        size: of the new figure, in inches.
        **options: of `matplotlib.pyplot.subplots`, for the new figure.

    Returns:
        The figure that holds the first axes, and the axes (rows, columns).

    Raises:
        InputError: no axes of matplotlib, another number of them, or the same one twice.
    """
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes

    if axes is None:
        figure, made = plt.subplots(rows, columns, figsize=size, squeeze=False, **options)
        letter(made.ravel().tolist())
        return figure, made
    given = _flat(axes)
    for one_of in given:
        validation.instance("axes", one_of, Axes, "axes of matplotlib, or None for a new figure")
    if len(given) != rows * columns or len(set(map(id, given))) != len(given):
        several = "one panel" if rows * columns == 1 else f"{rows * columns} panels"
        raise InputError(
            f"axes must hold different axes, as many as the picture has panels: it has {several}, got {len(given)} axes"
        )
    out = np.empty(len(given), dtype=object)
    out[:] = given
    return holder(given[0]), out.reshape(rows, columns)


def _flat(axes: Any) -> list[Any]:
    """Axes out of an array of matplotlib, a list, a mosaic's mapping; anything else as it is, to be refused."""
    if isinstance(axes, np.ndarray):
        return list(axes.ravel())
    if isinstance(axes, Mapping):
        return _flat(list(axes.values()))
    if isinstance(axes, list | tuple):
        return [found for part in axes for found in _flat(part)]
    return [axes]


def holder(ax: "Axes") -> "Figure":
    """The figure that holds axes, through any subfigures."""
    figure: Any = ax.figure
    while getattr(figure, "figure", figure) is not figure:
        figure = figure.figure
    return figure


def of(figure: "Figure") -> "list[Axes]":
    """The panels of a figure: its axes without colour bars and those that are switched off."""
    return [axis for axis in figure.axes if axis.axison and axis.get_visible() and axis.get_label() != "<colorbar>"]


def letter(axes: "Axes | Iterable[Axes]", *, first: str = "a") -> list[Any]:
    """Write a, b, c, … in bold above the top left corners of panels, left of their titles.

    A single panel has no letter. Panels that carry one already keep it.

    Args:
        axes: of the panels, in reading order.
        first: the letter to begin with.

    Returns:
        The letters, matplotlib's texts.

    Raises:
        InputError: no axes, no small letter to begin with, or more panels than letters.

    Example:
        >>> from matplotlib import pyplot as plt
        >>> figure, axes = plt.subplots(1, 3)
        >>> [text.get_text() for text in letter(axes)]
        ['a', 'b', 'c']
    """
    from matplotlib.axes import Axes

    given = _flat(axes)
    for one_of in given:
        validation.instance("axes", one_of, Axes, "axes of matplotlib, in reading order")
    names = ascii_lowercase[ascii_lowercase.find(validation.choice("first", first, tuple(ascii_lowercase))) :]
    if len(given) > len(names):
        raise InputError(f"letters from {first!r} on are enough for {len(names)} panels, got {len(given)}")
    if len(given) < 2:
        return []
    out = []
    for axis, name in zip(given, names, strict=False):
        before = [text for text in axis.texts if text.get_gid() == _LETTER]
        out.append(before[0] if before else _write(axis, name))
    return out


def _write(axis: "Axes", name: str) -> Any:
    from matplotlib import rcParams

    # On the line of the title, which is as far above the axes.
    above = rcParams["axes.titlepad"]
    return axis.annotate(
        name,
        (0, 1),
        xycoords="axes fraction",
        xytext=(-4, above),
        textcoords="offset points",
        ha="right",
        va="baseline",
        weight="bold",
        fontsize=9,
        color="black",
        annotation_clip=False,
        gid=_LETTER,
    )


def letters_of(figure: "Figure") -> list[str]:
    """The letters that the panels of a figure carry, in the order of its axes."""
    return [text.get_text() for axis in figure.axes for text in axis.texts if text.get_gid() == _LETTER]


def note(figure: "Figure", words: str) -> None:
    """Write a sentence below everything else in a figure, which grows by what the sentence needs.

    Args:
        figure: changed; its layout is constrained from now on.
        words: any length; lines are broken.
    """
    width, height = figure.get_size_inches()
    lines = _broken(words, int((width - 0.1) * _LETTERS_PER_INCH))
    room = (len(lines) * style.SMALLEST * _LINE + 5) / 72
    if figure.get_layout_engine() is None:
        figure.set_layout_engine("constrained")
    engine: Any = figure.get_layout_engine()
    below = (engine.get()["rect"] or (0, 0, 1, 1))[1] * height
    total = height + room
    base = (below + room) / total
    for earlier in figure.texts:
        if earlier.get_gid() == _NOTE:
            earlier.set_y((earlier.get_position()[1] * height + room) / total)
    figure.set_size_inches(width, total)
    engine.set(rect=(0, base, 1, 1 - base))
    legend: Any
    for legend in figure.legends:
        # Those outside the axes are placed from the figure's edge, not from the layout's: lifted by as much.
        legend.borderaxespad += room * 72 / legend.prop.get_size_in_points()
    figure.text(
        0.06 / width,
        2 / 72 / total,
        "\n".join(lines),
        fontsize=style.SMALLEST,
        color="0.3",
        ha="left",
        va="bottom",
        linespacing=1.2,
        gid=_NOTE,
    )


def _broken(words: str, longest: int) -> list[str]:
    """Lines of so many letters at most, counting what mathematics looks like and not what is typed for it."""
    lines, length = [""], 0
    for word in words.split(" "):
        seen = len(re.sub(r"\\\w+|[{}$^_]", lambda found: "x" if len(found[0]) > 1 else "", word))
        if length and length + 1 + seen > longest:
            lines.append("")
            length = 0
        lines[-1] += (" " if length else "") + word
        length += (1 if length else 0) + seen
    return lines
