"""The picture of the macroscopic equations: errors on the way, ratios by scale, onset against the threshold."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from curldescent.paper.machinery.macroscopic_measures import Place, onsets
from curldescent.paper.machinery.ticks import ticks_at
from curldescent.plots import legends, style
from curldescent.theory import speedup_onset

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


def draw_followed(axis: "Axes", data: "xr.Dataset") -> None:
    """Simulated errors against those of the equations."""
    colours = {"GD": style.GRADIENT_DESCENT, "CD": style.CURL_DESCENT}
    for rule, colour in colours.items():
        for marker, size in zip("os^", data["size"].values.tolist(), strict=False):
            here = data.sel(rule=rule, size=size)
            axis.plot(
                here.predicted.values.ravel(),
                here.measured.values.ravel(),
                marker,
                color=colour,
                markersize=3,
                label=f"{rule}, M = {size}",
            )
    ends = [float(data.predicted.min()), float(data.predicted.max())]
    axis.plot(ends, ends, color=style.THEORY, linewidth=0.8)
    axis.set(xscale="log", yscale="log", xlabel="error of the equations", ylabel="training error", title="On the way")
    legends.place(axis, prefer="upper left")


def draw_ratios(axis: "Axes", every: Mapping[tuple[float, float], Place]) -> None:
    """Ratios of epochs, measured and predicted, by student scale and teacher."""
    for teacher, colour in zip(
        sorted({t for _, t in every}), (style.STABLE, style.ACCENT, style.UNSTABLE), strict=False
    ):
        here = {s: place for (s, t), place in every.items() if t == teacher}
        if not here:
            continue
        x = np.array(list(here))
        measured = np.array([p.measured.ratio for p in here.values()])
        ends = np.array([p.measured.interval for p in here.values()])
        axis.errorbar(
            x,
            measured,
            yerr=np.abs(ends.T - measured),
            fmt="o",
            color=colour,
            markersize=3,
            linewidth=0.8,
            label=f"measured, teacher {teacher:g}",
        )
        axis.plot(x, [p.predicted.ratio for p in here.values()], "--", color=colour)
    axis.plot([], [], "k--", label="predicted")
    axis.axhline(1, color="0.6", linewidth=0.8)
    axis.set(xscale="log", yscale="log", xlabel="student scale", ylabel="epochs GD / CD", title="To an error of 10⁻³")
    ticks_at(axis, [0.7, 1, 1.5, 2, 3, 4])
    ticks_at(axis, [0.5, 1, 2, 4], along="y")
    axis.set_ylim(0.2, 8)
    legends.place(axis, prefer="lower right")


def draw_onset(axis: "Axes", data: "xr.Dataset") -> None:
    """The student scale from which curl descent is faster, by threshold."""
    fine = np.geomspace(2.2e-4, 1.4e-2, 60)
    axis.plot(fine, [speedup_onset(t) for t in fine], color=style.THEORY, label="predicted")
    for threshold, (told, estimate) in onsets(data).items():
        if estimate is not None:
            at = told * np.exp(estimate.value)
            low, high = (told * np.exp(x) for x in estimate.interval())
            axis.errorbar(
                threshold, at, yerr=[[at - low], [high - at]], fmt="o", color=style.CURL_DESCENT, markersize=4
            )
    axis.plot([], [], "o", color=style.CURL_DESCENT, label="measured")
    axis.set(xscale="log", xlabel="threshold", ylabel="student scale", title="Where the gain begins", ylim=(0.5, 3))
    legends.place(axis, prefer="upper left")
