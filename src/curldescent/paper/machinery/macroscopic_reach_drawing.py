"""The picture of large teachers and of the onset at a small error."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curldescent.paper.machinery.effects import Effect, mean_of
from curldescent.paper.machinery.macroscopic_flip_drawing import draw_ratios
from curldescent.paper.machinery.ticks import ticks_at
from curldescent.plots import legends, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]


def draw_places(
    axis: "Axes",
    measured: Mapping[tuple[float, float, int], Effect],
    told: Mapping[tuple[float, float, int], Effect],
) -> None:
    """Ratios of errors, a group a place, an epoch a point.

    Args:
        axis: to draw on.
        measured: (student scale, teacher scale, epoch) → ratio.
        told: the same, predicted.
    """
    places = list(dict.fromkeys(place[:2] for place in measured))
    epochs = list(dict.fromkeys(place[2] for place in measured))
    for p, place in enumerate(places):
        x = p + 0.25 * (np.arange(len(epochs)) - (len(epochs) - 1) / 2)
        here = [measured[(*place, epoch)] for epoch in epochs]
        at, ends = np.array([e.ratio for e in here]), np.array([e.interval for e in here])
        axis.errorbar(
            x,
            at,
            yerr=np.abs(ends.T - at),
            fmt="o",
            color=style.CURL_DESCENT,
            markersize=4,
            label="" if p else "measured",
        )
        there = [told[(*place, epoch)] for epoch in epochs]
        axis.fill_between(
            x, [e.low for e in there], [e.high for e in there], color=style.THEORY, alpha=0.15, linewidth=0
        )
        axis.plot(x, [e.ratio for e in there], color=style.THEORY, label="" if p else "predicted")
    axis.axhline(1, color="0.6", linewidth=0.8)
    axis.set(yscale="log", ylabel="error GD / CD", title=f"After {', '.join(map(str, epochs))} epochs")
    ticks_at(axis, [0.5, 0.7, 1, 1.5, 2, 3], along="y")
    axis.set_xticks(range(len(places)), [f"student {s:g},\nteacher {t:g}" for s, t in places])
    legends.place(axis, prefer="upper left")


def draw_scales(axis: "Axes", scale: Array, measured: Array, told: Array, onset: float) -> None:
    """Ratios of epochs by the student's scale.

    Args:
        axis: to draw on.
        scale: (n,).
        measured: log ratios, (sets, n).
        told: predicted ones, (sets, n).
        onset: its estimate.
    """
    both = [[Effect(mean_of(column), len(column)) for column in logs.T] for logs in (measured, told)]
    draw_ratios(axis, scale, *both)
    axis.axvline(onset, color="0.6", linestyle=":", linewidth=1)
    axis.set(xlabel="scale of the student", ylabel="epochs GD / CD", title="To an error of 3·10⁻⁴")
    ticks_at(axis, scale)
    legends.place(axis, prefer="upper left")
