"""The picture of the excess nonlinearity: epochs of both equations, by scale, and where they differ."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from curldescent.paper.machinery.ticks import ticks_at
from curldescent.plots import legends, style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

FACTOR = 1.5
MARKERS = "o^sDvP"
# Beside curl descent's own colour, which −1 has.
STRONGEST = "#7b2d8e"
# At the smallest scale there is no excess to lose.
LEAST_SCALE = 1.5


def draw_cells_and_scales(
    data: "xr.Dataset", samples: "xr.Dataset", strengths: Sequence[str], flips: Sequence[str]
) -> "Picture":
    """Four panels: cell by cell, by scale and strength, and how much neurons cancel, in the equations and on samples.

    Args:
        data: of `epochs_by_both`.
        samples: of `own_on_samples`.
        strengths: arms of one flip, by strength.
        flips: arms by number of flips.

    Returns:
        The figure.
    """
    import matplotlib.pyplot as plt

    means = np.exp(np.log(data.epochs.clip(min=1)).mean("student"))
    with style.figure_style():
        figure, axes = plt.subplots(2, 2, figsize=(style.PAGE_INCHES, 6.4))
        groups = _groups(means, strengths, flips)
        _cells(axes[0, 0], means, groups)
        _by_scale(axes[0, 1], means, strengths)
        _cancelling(axes[1, 0], data, groups)
        _on_samples(axes[1, 1], samples)
        return figure


def _groups(means: "xr.DataArray", strengths: Sequence[str], flips: Sequence[str]) -> dict[str, tuple[list[str], str]]:
    """Label → arms and their colour."""
    groups = {
        "gradient descent": (["GD"], style.GRADIENT_DESCENT),
        "one flip": (list(strengths), style.CURL_DESCENT),
        "2–4 flips": ([arm for arm in flips if arm not in strengths], style.ACCENT),
    }
    named = [arm for arms, _ in groups.values() for arm in arms]
    groups["from other starts"] = ([arm for arm in means.arm.values.tolist() if arm not in named], style.STABLE)
    return groups


def _cells(axis: "Axes", means: "xr.DataArray", groups: Mapping[str, tuple[list[str], str]]) -> None:
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
    colours = [style.GRADIENT_DESCENT, style.FEEDBACK_ALIGNMENT, style.ACCENT, style.CURL_DESCENT, STRONGEST]
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
    ticks_at(axis, means.scale.values)
    legends.place(axis, prefer="lower left")


def _cancelling(axis: "Axes", data: "xr.Dataset", groups: Mapping[str, tuple[list[str], str]]) -> None:
    here = data.sel(scale=data.scale >= LEAST_SCALE)
    ratio = here.epochs.sel(equations="per neuron").clip(min=1) / here.epochs.sel(equations="macroscopic").clip(min=1)
    for label, (arms, colour) in groups.items():
        axis.plot(
            here.own.sel(arm=arms).values.ravel(),
            ratio.sel(arm=arms).values.ravel(),
            ".",
            color=colour,
            markersize=4,
            label=label,
        )
    axis.axhspan(1 / FACTOR, FACTOR, color="0.93", linewidth=0)
    axis.axhline(1, color=style.THEORY, linewidth=0.8)
    axis.set(
        xscale="log",
        yscale="log",
        xlabel="neurons' own excess over the error, at 10⁻³",
        ylabel="epochs, two numbers / macroscopic",
        title="Where neurons cancel each other",
    )
    legends.place(axis, prefer="lower left")


def _on_samples(axis: "Axes", samples: "xr.Dataset") -> None:
    colours = {"GD": style.GRADIENT_DESCENT, "CD": style.CURL_DESCENT}
    places = [(rule, scale) for scale in samples.scale.values.tolist() for rule in samples.rule.values.tolist()]
    for row, (rule, scale) in enumerate(places):
        here = samples.sel(rule=rule, scale=scale)
        reached = here.reached.values.astype(bool)
        own, at = here.own.values, row + np.linspace(-0.25, 0.25, here.sizes["set"])
        axis.plot(own[reached], at[reached], "o", color=colours[rule], markersize=3.5)
        axis.plot(own[~reached], at[~reached], "o", color=colours[rule], markersize=3.5, fillstyle="none")
    axis.axvline(1, color=style.THEORY, linewidth=0.8)
    axis.set(
        xscale="log",
        yticks=range(len(places)),
        yticklabels=[f"{rule}, scale {scale:g}" for rule, scale in places],
        ylim=(len(places) - 0.5, -0.5),
        xlabel="neurons' own excess over the error",
        title="On 2000 samples",
    )
