"""Pictures of paired conditions: every trial's epochs to a threshold, and ratios with their intervals."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from curldescent.plots import style
from curldescent.plots.labels import mathematical

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
OUTCOME_COLOURS = {
    "wins": style.CURL_DESCENT,
    "ties": style.ACCENT,
    "loses": style.FEEDBACK_ALIGNMENT,
    "undecided": "0.55",
}
_LABELS = {"undecided": "undecided"}


def colour_of(name: str) -> str:
    """Curl descent's colour for what is called CD, gradient descent's for GD, another for the rest."""
    first = name.split()[0].rstrip(",:")
    return {"CD": style.CURL_DESCENT, "GD": style.GRADIENT_DESCENT}.get(first, style.ACCENT)


def draw_arms(axis: "Axes", arms: Mapping[str, tuple[Array, NDArray[np.bool_]]], *, label: str) -> None:
    """One row a condition: a dot a trial, a bar at the mean; open dots never reached the threshold.

    A mean over open dots is a lower bound, and its bar is dotted.

    Args:
        axis: to draw on.
        arms: name → values (T,) and which of them are real (T,), the others being bounds.
        label: of the values.
    """
    for row, (name, (values, reached)) in enumerate(arms.items()):
        colour = colour_of(name)
        # A fixed offset per trial: the same student has the same height in every row.
        place = row + np.linspace(-0.25, 0.25, len(values))
        axis.scatter(values[reached], place[reached], s=8, color=colour, zorder=3, linewidths=0)
        axis.scatter(values[~reached], place[~reached], s=10, facecolors="none", edgecolors=colour, zorder=3)
        look = "solid" if reached.all() else "dotted"
        axis.vlines(values.mean(), row - 0.36, row + 0.36, color=colour, linewidth=1.8, linestyle=look, zorder=2)
    axis.set(
        xscale="log",
        yticks=range(len(arms)),
        yticklabels=list(map(mathematical, arms)),
        ylim=(len(arms) - 0.5, -0.5),
        xlabel=label,
    )
    axis.xaxis.grid(visible=True, which="both", color="0.92", linewidth=0.6)
    axis.set_axisbelow(True)
    axis.tick_params(axis="y", length=0)


def draw_ratios(axis: "Axes", rows: Sequence[tuple[str, float, float, float, str]], *, label: str) -> None:
    """One row a comparison: a ratio with its interval, coloured by who wins, on a logarithmic axis around 1.

    Args:
        axis: to draw on.
        rows: name, ratio, lower and upper end, and "wins", "ties", "loses" or "undecided".
        label: of the ratio.
    """
    shown: set[str] = set()
    for place, (_, ratio, low, high, result) in enumerate(rows):
        colour = OUTCOME_COLOURS[result]
        axis.errorbar(
            ratio,
            place,
            xerr=[[ratio - low], [high - ratio]],
            fmt="o",
            markersize=4.5,
            color=colour,
            elinewidth=1.4,
            capsize=2,
            label=None if result in shown else _LABELS.get(result, f"curl descent {result}"),
        )
        shown.add(result)
    axis.axvline(1, color=style.THEORY, linewidth=0.8, linestyle="--", zorder=0)
    axis.set(
        xscale="log",
        yticks=range(len(rows)),
        yticklabels=[mathematical(row[0]) for row in rows],
        ylim=(len(rows) - 0.5, -0.5),
    )
    axis.set_xlabel(label)
    axis.xaxis.grid(visible=True, which="both", color="0.92", linewidth=0.6)
    axis.set_axisbelow(True)
    axis.tick_params(axis="y", length=0)
    plain_ticks(axis)


def plain_ticks(axis: "Axes", *, along: Literal["x", "y"] = "x") -> None:
    """Numbers without powers of ten on a logarithmic axis that spans little more than a decade.

    Args:
        axis: to label.
        along: which of its two axes.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

    low, high = axis.get_xlim() if along == "x" else axis.get_ylim()
    scale = axis.xaxis if along == "x" else axis.yaxis
    span = high / low
    steps: tuple[float, ...] = (1,)
    if span < 200:
        steps = (1, 2, 5)
    if span < 8:
        steps = (1, 1.5, 2, 3, 5, 7)
    if span < 3:
        steps = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)
    marks = [m * 10.0**e for e in range(-4, 7) for m in steps if low <= m * 10.0**e <= high]
    scale.set_major_locator(FixedLocator(marks))
    scale.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    scale.set_minor_formatter(NullFormatter())
