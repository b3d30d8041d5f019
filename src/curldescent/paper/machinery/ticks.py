"""Ticks where a figure has values, and nowhere else."""

from collections.abc import Iterable
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
