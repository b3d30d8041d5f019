"""The picture of few samples: ratios, what is left of the excess nonlinearity, epochs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curldescent.paper.machinery.effects import Effect, mean_of
from curldescent.paper.machinery.ticks import ticks_at
from curldescent.plots import legends, style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
_COLOURS = (style.STABLE, style.ACCENT)
_LABEL = "samples per weight"


def draw_ratios(axis: "Axes", share: Array, sizes: Mapping[int, tuple[Array, Array]]) -> None:
    """Ratios GD/CD with intervals over sets, and predicted ones as lines.

    Args:
        axis: to draw on.
        share: (n,).
        sizes: N → measured and predicted log ratios, (sets, n) each.
    """
    for colour, (size, (measured, told)) in zip(_COLOURS, sizes.items(), strict=False):
        effects = [Effect(mean_of(column), len(column)) for column in measured.T]
        _points(axis, share, effects, colour, f"{size} hidden")
        axis.plot(share, np.exp(told.mean(0)), color=colour)
    axis.plot([], [], color=style.THEORY, label="predicted")
    axis.axhline(1, color="0.6", linewidth=0.8)
    axis.set(xscale="log", yscale="log", xlabel=_LABEL, ylabel="epochs GD / CD", title="Where the gain begins")
    ticks_at(axis, [0.7, 1, 1.5, 2], along="y")
    ticks_at(axis, share)
    legends.place(axis, prefer="upper left")


def draw_left(axis: "Axes", share: Array, left: Mapping[tuple[str, int], Sequence[Effect]]) -> None:
    """What is left of the excess nonlinearity.

    Args:
        axis: to draw on.
        share: (n,).
        left: (rule, N) → over that at the start, by share.
    """
    sizes = sorted({size for _, size in left})
    for (rule, size), effects in left.items():
        colour = style.GRADIENT_DESCENT if rule == "GD" else style.CURL_DESCENT
        _points(axis, share, effects, colour, f"{rule}, {size} hidden", marker="os"[sizes.index(size)])
    axis.axhline(1, color="0.6", linewidth=0.8)
    axis.set(
        xscale="log", xlabel=_LABEL, ylabel="left, share of the start", title="Excess nonlinearity", ylim=(0, None)
    )
    ticks_at(axis, share)
    # Two colours, two markers, which hold for the panel of epochs as well.
    axis.figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=4)


def draw_epochs(axis: "Axes", measured: "xr.Dataset", told: "xr.Dataset") -> None:
    """Mean epochs: measured as points, of the same markers as what is left, predicted as lines."""
    share = measured.share.values
    for n, size in enumerate(measured["size"].values.tolist()):
        for rule, colour in (("GD", style.GRADIENT_DESCENT), ("CD", style.CURL_DESCENT)):
            here, there = (
                np.exp(np.log(data.epochs.sel(rule=rule, size=size).clip(min=1)).mean("set")).values
                for data in (measured, told)
            )
            axis.plot(share, here, "os"[n], color=colour, markersize=3)
            axis.plot(share, there, color=colour, linewidth=0.9, linestyle="-" if n == 0 else "--")
    axis.plot([], [], color=style.THEORY, label="predicted, 10 hidden")
    axis.plot([], [], "--", color=style.THEORY, label="20 hidden")
    axis.set(xscale="log", yscale="log", xlabel=_LABEL, ylabel="epochs", title="To an error of 10⁻³")
    ticks_at(axis, [100, 200, 500, 1000, 2000], along="y")
    ticks_at(axis, share)
    legends.place(axis, prefer="upper left")


def _points(axis: "Axes", x: Array, effects: Sequence[Effect], colour: str, label: str, marker: str = "o") -> None:
    at, ends = np.array([e.ratio for e in effects]), np.array([e.interval for e in effects])
    axis.errorbar(x, at, yerr=np.abs(ends.T - at), fmt=marker, color=colour, markersize=3, linewidth=0.8, label=label)
