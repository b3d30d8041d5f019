"""Maps of ratios around 1 over two parameters, with intervals, and signs where runs were cut off."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.plots import style
from curldescent.plots.coordinates import colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

# How a ratio stands for the true one: itself, a bound where runs of one condition were cut off, neither where runs of
# both were, "never" where no run of either got anywhere, "missing" where nothing was run.
Kind: TypeAlias = Literal["exact", "lower bound", "upper bound", "cut off", "never", "missing"]
_SIGN: dict[Kind, str] = {"exact": "", "lower bound": "≥ ", "upper bound": "≤ ", "cut off": "~ "}
# Colours do not tell larger factors from this one.
_MOST = 4.0


def draw_ratio_map(
    axis: "Axes",
    ratio: ArrayLike,
    intervals: ArrayLike,
    kinds: Sequence[Sequence[Kind]],
    *,
    columns: Sequence[float],
    rows: Sequence[float],
    notes: Mapping[tuple[int, int], str] | None = None,
) -> "AxesImage":
    """Draw ratios as a grid of equal cells, coloured on a logarithmic scale that diverges at 1.

    A frame marks the cells whose interval excludes 1. Cells that are no exact ratio are hatched and say what they are.

    Args:
        axis: to draw on.
        ratio: (R, C), positive; NaN where there is none.
        intervals: (R, C, 2), lower and upper end.
        kinds: R lists of C.
        columns: C values, from left to right.
        rows: R values, from the bottom up.
        notes: (row, column) → a few words below the interval of a cell.

    Returns:
        The image, for a colour bar.
    """
    from matplotlib.colors import LogNorm
    from matplotlib.patches import Rectangle

    values: NDArray[np.float64] = np.asarray(ratio, dtype=float)
    ends: NDArray[np.float64] = np.asarray(intervals, dtype=float)
    told = np.array([[kind in _SIGN for kind in row] for row in kinds])
    shown = np.ma.masked_where(~told, np.clip(values, 1 / _MOST, _MOST))
    image = axis.imshow(
        shown, norm=LogNorm(1 / _MOST, _MOST), cmap=colours(style.DIVERGING), origin="lower", aspect="auto"
    )
    for place in np.ndindex(*values.shape):
        row, column = place
        kind = kinds[row][column]
        corner = (column - 0.5, row - 0.5)
        if kind == "never":
            axis.add_patch(Rectangle(corner, 1, 1, facecolor="white", edgecolor="0.8", hatch="////", linewidth=0))
            axis.text(column, row, "neither\ngets there", ha="center", va="center", fontsize=6, color="0.35")
        if not told[place]:
            continue
        low, high = ends[place]
        if kind != "exact":
            axis.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor="0.45", hatch="///", linewidth=0, alpha=0.6))
        outside = low > 1 or high < 1
        if outside:
            inner = (column - 0.46, row - 0.46)
            axis.add_patch(Rectangle(inner, 0.92, 0.92, fill=False, edgecolor="black", linewidth=1.5))
        ink = "white" if abs(np.log(shown[place])) > 0.75 * np.log(_MOST) else "black"
        plate = None if kind == "exact" else {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.75}
        ink = ink if plate is None else "black"
        look: dict[str, Any] = {"ha": "center", "color": ink, "bbox": plate}
        weight = "bold" if outside else "normal"
        axis.text(
            column, row + 0.16, f"{_SIGN[kind]}{values[place]:.2f}", va="center", fontsize=7, weight=weight, **look
        )
        axis.text(column, row - 0.15, f"{low:.2f}–{high:.2f}", va="center", fontsize=6, **look)
        if notes and place in notes:
            axis.text(column, row - 0.36, notes[place], va="center", fontsize=6, **look)
    axis.set_xticks(range(len(columns)), [f"{value:g}" for value in columns])
    axis.set_yticks(range(len(rows)), [f"{value:g}" for value in rows])
    axis.tick_params(length=0)
    axis.spines[["left", "bottom"]].set_visible(False)
    return image


def ratio_ticks() -> tuple[list[float], list[str]]:
    """Where a colour bar of ratios has its ticks, and what they say; the last ones stand for everything beyond."""
    ticks = [1 / _MOST, 0.5, 0.8, 1.0, 1.25, 2.0, _MOST]
    return ticks, [f"≤ {ticks[0]:g}", *(f"{tick:g}" for tick in ticks[1:-1]), f"≥ {ticks[-1]:g}"]
