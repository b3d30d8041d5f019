"""The picture of flips and strengths: measured ratios with intervals, predicted ones beside."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curldescent.paper.machinery.effects import Effect, ratio_of
from curldescent.paper.machinery.ticks import ticks_at
from curldescent.plots import legends, style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


def draw_flips(
    axis: "Axes",
    flips: NDArray[np.float64],
    measured: Mapping[int, Effect],
    told: Mapping[int, Effect],
    title: str,
) -> None:
    """Ratios GD/k by number of flips.

    Args:
        axis: to draw on.
        flips: k, above 0.
        measured: k → ratio.
        told: k → predicted ratio.
        title: of the panel.
    """
    draw_ratios(axis, flips, list(measured.values()), list(told.values()))
    axis.set(xlabel="flipped readout neurons of 10", ylabel="epochs GD / CD", title=title)
    axis.set_xticks(flips)


def draw_strengths(axis: "Axes", measured: "xr.Dataset", told: "xr.Dataset") -> None:
    """Ratios by the strength of one readout neuron; a flip is −1, gradient descent 1."""
    names = {-2.0: "strength -2", -1.0: "1 flipped", -0.5: "strength -0.5", 0.0: "strength 0"}
    both = []
    for data in (measured, told):
        epochs = data.epochs.clip(min=1)
        gd = epochs.sel(rule="0 flipped").values
        both.append([ratio_of(gd, epochs.sel(rule=name).values, np.arange(len(gd))) for name in names.values()])
    draw_ratios(axis, np.array(list(names)), *both)
    axis.set(xlabel="strength of one readout neuron", ylabel="epochs GD / CD", title="Graded strengths")
    axis.set_xticks(list(names), [f"{s:g}".replace("-", "−") for s in names])


def draw_ratios(axis: "Axes", x: NDArray[np.float64], measured: Sequence[Effect], told: Sequence[Effect]) -> None:
    """Ratios with 95 % intervals, and the predicted ones with theirs as a band.

    Args:
        axis: to draw on.
        x: (n,).
        measured: n ratios.
        told: n predicted ones.
    """
    axis.fill_between(x, [e.low for e in told], [e.high for e in told], color=style.THEORY, alpha=0.15, linewidth=0)
    axis.plot(x, [e.ratio for e in told], color=style.THEORY, label="predicted")
    at = np.array([e.ratio for e in measured])
    ends = np.array([e.interval for e in measured])
    axis.errorbar(x, at, yerr=np.abs(ends.T - at), fmt="o", color=style.CURL_DESCENT, markersize=4, label="measured")
    axis.axhline(1, color="0.6", linewidth=0.8)
    axis.set(yscale="log")
    ticks = [tick for tick in (0.05, 0.1, 0.2, 0.5, 1, 2, 4) if tick >= 0.8 * min(ends.min(), 1)]
    ticks_at(axis, ticks, along="y")
    legends.place(axis, prefer="lower left")
