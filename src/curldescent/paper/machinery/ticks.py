"""Ticks where a figure has values, and nowhere else."""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def ticks_at(axis: "Axes", values: Iterable[float], *, along: Literal["x", "y"] = "x") -> None:
    """Plain numbers at these values alone, on an axis that may be logarithmic.

    Args:
        axis: to label.
        values: that get a tick.
        along: which of its two axes.
    """
    from matplotlib.ticker import NullLocator

    marks = list(values)
    part = axis.xaxis if along == "x" else axis.yaxis
    part.set_ticks(marks, [f"{mark:g}" for mark in marks])
    part.set_minor_locator(NullLocator())


def named_ticks(values: Sequence[float], *, apart: float) -> list[float]:
    """Which of some values of a logarithmic axis get a number: both ends, then the roundest that have room.

    Args:
        values: positive.
        apart: the factor that two numbers must lie apart.

    Returns:
        The chosen ones, ascending.

    Example:
        >>> named_ticks([0.7, 1, 1.5, 2, 3, 4, 5, 6, 7], apart=1.25)
        [0.7, 1, 1.5, 2, 3, 5, 7]
    """
    ascending = sorted(values)
    chosen: list[float] = []
    for value in sorted(ascending, key=lambda one: (one not in (ascending[0], ascending[-1]), _roundness(one))):
        if all(max(value / other, other / value) > apart for other in chosen):
            chosen.append(value)
    return sorted(chosen)


def _roundness(value: float) -> int:
    """Place of the leading digits in 1, 2, 5, 3, 4, 7, …, as axes are read."""
    digits = f"{value / 10 ** math.floor(math.log10(value)):.3g}"
    order = ("1", "2", "5", "3", "4", "7")
    return order.index(digits) if digits in order else len(order)
