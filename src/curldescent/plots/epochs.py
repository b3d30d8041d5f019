"""Epochs to an error threshold against a parameter: means with standard errors, and where paired tests see a gap."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {"GD": style.GRADIENT_DESCENT, "CD": style.CURL_DESCENT, "FA": style.FEEDBACK_ALIGNMENT}
MARKERS = {"GD": "o", "CD": "s", "FA": "^"}


def draw_epochs(
    axis: "Axes",
    values: Sequence[float],
    epochs: Mapping[str, ArrayLike],
    *,
    last: int,
    tested: Mapping[float, int] | None = None,
    labels: bool = True,
) -> None:
    """Draw one line a rule: the mean over trials with its standard error, as a factor.

    Args:
        axis: where to; its vertical axis becomes logarithmic.
        values: of the parameter in any order, (V,).
        epochs: rule → epochs to the threshold, (V, trials); NaN, or the last epoch, where never.
        last: the epoch that stands for "never"; a dashed line. Means in which some trials are such are lower
            bounds and have hollow markers.
        tested: value → 1 where CD is significantly faster, −1 where it is significantly slower; marked on top.
        labels: whether the lines are named in the legend.
    """
    lowest = float(last)
    rising = np.argsort(values)
    x = np.asarray(values, dtype=float)[rising]
    for rule, given in epochs.items():
        table: NDArray[np.float64] = np.asarray(given, dtype=float)[rising]
        table = np.where(np.isnan(table), last, table)
        mean = table.mean(axis=1)
        error = table.std(axis=1, ddof=1) / np.sqrt(table.shape[1])
        # The standard error of ln(mean), to first order: on a logarithmic axis mean − error is far below what the
        # mean leaves open, and has no place at all where the error is as large as the mean.
        factor = np.exp(error / mean)
        bars = np.stack([mean - mean / factor, mean * factor - mean])
        lowest = min(lowest, float((mean / factor).min()))
        bound = (table >= last).any(axis=1)
        look: dict[str, Any] = {"color": COLOURS[rule], "marker": MARKERS[rule], "markersize": 4}
        axis.errorbar(
            x, mean, yerr=bars, capsize=2, elinewidth=1, linewidth=1.3, label=rule if labels else None, **look
        )
        # Only where there are any: a line without points, unclipped, claims the corner of the figure in the layout.
        if bound.any():
            axis.plot(x[bound], mean[bound], linestyle="", markerfacecolor="white", zorder=5, clip_on=False, **look)
    axis.set(yscale="log")
    axis.set_ylim(0.7 * lowest, 2.6 * last if tested is not None else 1.4 * last)
    axis.axhline(last, color="0.6", linewidth=0.8, linestyle="--", zorder=0)
    for value, sign in (tested or {}).items():
        if sign:
            mark: dict[str, Any] = {"marker": (6, 2)} if sign > 0 else {"marker": "o", "markerfacecolor": "none"}
            colour = COLOURS["CD" if sign > 0 else "GD"]
            axis.plot(value, 1.6 * last, color=colour, markersize=4, markeredgewidth=0.8, clip_on=False, **mark)
