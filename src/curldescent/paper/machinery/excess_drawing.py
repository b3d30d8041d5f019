"""The picture of the excess nonlinearity: epochs of both equations, cell by cell, and by scale of the student."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from curldescent.plots import legends, style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

FACTOR = 1.5
MARKERS = "o^sDvP"


def draw_cells_and_scales(data: "xr.Dataset", strengths: Sequence[str], flips: Sequence[str]) -> "Picture":
    """Two panels.

    Args:
        data: of `epochs_by_both`.
        strengths: arms of one flip, by strength.
        flips: arms by number of flips.

    Returns:
        The figure.
    """
    import matplotlib.pyplot as plt

    means = np.exp(np.log(data.epochs.clip(min=1)).mean("student"))
    with style.figure_style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(style.PAGE_INCHES, 3.4))
        _cells(left, means, strengths, flips)
        _by_scale(right, means, strengths)
        return figure


def _cells(axis: "Axes", means: "xr.DataArray", strengths: Sequence[str], flips: Sequence[str]) -> None:
    groups = {
        "gradient descent": (["GD"], style.GRADIENT_DESCENT),
        "one flip": (list(strengths), style.CURL_DESCENT),
        "2–4 flips": ([arm for arm in flips if arm not in strengths], style.ACCENT),
    }
    named = [arm for arms, _ in groups.values() for arm in arms]
    groups["from other starts"] = ([arm for arm in means.arm.values if arm not in named], style.STABLE)
    for label, (arms, colour) in groups.items():
        for marker, scale in zip(MARKERS, means.scale.values, strict=False):
            here = means.sel(scale=scale, arm=arms)
            axis.plot(
                here.sel(equations="macroscopic").values,
                here.sel(equations="per neuron").values,
                marker,
                color=colour,
                markersize=3.5,
                label=label if marker == MARKERS[0] else None,
            )
    for marker, scale in zip(MARKERS, means.scale.values, strict=False):
        axis.plot([], [], marker, color="0.6", markersize=3.5, label=f"scale {scale:g}")
    ends = np.array([50.0, 12_000.0])
    axis.plot(ends, ends, color=style.THEORY, linewidth=0.8)
    axis.fill_between(ends, ends / FACTOR, ends * FACTOR, color="0.93", linewidth=0)
    axis.set(
        xscale="log",
        yscale="log",
        xlabel="epochs, macroscopic equations",
        ylabel="epochs, two numbers per neuron",
        title="All cells",
    )
    legends.place(axis, prefer="upper left")


def _by_scale(axis: "Axes", means: "xr.DataArray", strengths: Sequence[str]) -> None:
    arms = ["GD", *strengths]
    colours = [style.GRADIENT_DESCENT, style.FEEDBACK_ALIGNMENT, style.ACCENT, style.CURL_DESCENT, style.UNSTABLE]
    for arm, colour in zip(arms, colours, strict=True):
        for equations, look in (("macroscopic", "-"), ("per neuron", "--")):
            axis.plot(
                means.scale.values,
                means.sel(equations=equations, arm=arm).values,
                look,
                color=colour,
                marker="o" if look == "-" else None,
                markersize=3,
                label=("GD" if arm == "GD" else f"strength {arm}") if look == "-" else None,
            )
    axis.plot([], [], "k--", label="two numbers per neuron")
    axis.set(xscale="log", yscale="log", xlabel="student scale", ylabel="epochs to 10⁻³", title="By scale and strength")
    from matplotlib.ticker import FixedLocator, NullLocator

    axis.xaxis.set_major_locator(FixedLocator(means.scale.values.tolist()))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    legends.place(axis, prefer="lower left")
