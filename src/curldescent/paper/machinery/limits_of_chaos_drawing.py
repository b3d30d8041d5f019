"""The picture of the limits of chaos."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from curldescent.paper.machinery.claims import Results
from curldescent.paper.machinery.limits_of_chaos_experiments import NO_REST, REST, SETTINGS, TORI, named, where
from curldescent.paper.machinery.size_of_chaos_runs import least
from curldescent.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture


def draw(results: Results) -> "Picture":
    """Exponents by width, dimensions by number of inputs, exponents by learner, and speeds of regular motion."""
    import matplotlib.pyplot as plt

    with style.figure_style():
        figure, axes = plt.subplot_mosaic("AABBCC;DDDEEE", figsize=(style.PAGE_INCHES, 5.2))
        runs = {
            where(NO_REST, r"$\alpha_h$"): results["limits-of-chaos-width-no-rest"],
            where(REST, r"$\alpha_h$"): results["limits-of-chaos-width-rest"],
        }
        draw_widths(axes["A"], runs)
        draw_fading(axes["B"], results["limits-of-chaos-fading"])
        draw_dimensions(axes["C"], results["limits-of-chaos-spectra"])
        kinds = {
            where(setting, r"$\alpha$"): {
                name: results[named(name, number)] for name in ("linear", "white inputs", "batches", "tanh")
            }
            | {"readout flips": results[named("readout flips", number)]}
            for number, setting in enumerate(SETTINGS)
        }
        draw_learners(axes["D"], kinds, least(results[named("linear", 0)]))
        turning = {where(setting, r"$\alpha_h$"): results[named("turning", n)] for n, setting in enumerate(TORI)}
        draw_turning(axes["E"], turning)
        return figure


def draw_widths(axis: "Axes", runs: Mapping[str, xr.Dataset]) -> None:
    """Exponents against the number of hidden neurons; the limit stands behind a gap at the right.

    Args:
        axis: where.
        runs: what a setting is called → its runs over (width, set).
    """
    from matplotlib.ticker import NullLocator

    for colour, (label, data) in zip((style.UNSTABLE, style.STABLE), runs.items(), strict=False):
        widths = data.width.values
        finite = widths[np.isfinite(widths)]
        last = finite[-1] ** 1.35 / finite[0] ** 0.35
        at = np.where(np.isfinite(widths), widths, last)
        for number in data.exponent.transpose("set", "width").values:
            axis.plot(at, number, "o", color=colour, markersize=2.5, alpha=0.6)
        axis.plot(at, data.exponent.mean("set"), "-", color=colour, label=label)
        axis.set_xscale("log")
        axis.set_xticks(at, [f"{w:g}" if np.isfinite(w) else "∞" for w in widths])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.axhline(0, color="0.4", linewidth=0.8)
    axis.set(xlabel="hidden neurons", ylabel=r"exponent $\lambda$ (1/time)", title="By width")
    axis.legend()


def draw_dimensions(axis: "Axes", data: xr.Dataset) -> None:
    """Dimensions and numbers of positive exponents of the limit against the number of inputs."""
    for name, colour, label in (
        ("dimension", style.UNSTABLE, "dimensions"),
        ("positive", style.STABLE, "positive exponents"),
    ):
        values = data[name].transpose("set", "inputs")
        for number in values.values:
            axis.plot(data.inputs, number, "o", color=colour, markersize=2.5, alpha=0.6)
        axis.plot(data.inputs, values.median("set"), "-", color=colour, label=label)
    axis.set_xticks(data.inputs.values)
    axis.set(xlabel="inputs $M$", ylabel="number, modulo rotations", title="In the limit")
    axis.legend()


def draw_fading(axis: "Axes", data: xr.Dataset) -> None:
    """Exponents of long runs, window by window."""
    windows = data.sizes["window"]
    at = (np.arange(windows) + 0.5) * data.attrs["time"] / windows
    for colour, width in zip((style.STABLE, style.UNSTABLE), data.width.values, strict=True):
        here = data.exponent.sel(width=width)
        for number in here.values:
            axis.plot(at, number, "-", color=colour, linewidth=0.6, alpha=0.5)
        axis.plot(at, here.mean("set"), "o-", color=colour, markersize=3, label=f"{width:g}".replace("inf", "∞"))
    axis.axhline(0, color="0.4", linewidth=0.8)
    axis.set(xlabel="time", ylabel=r"exponent $\lambda$ (1/time)", title="In long runs")
    axis.legend(title="hidden neurons")


def draw_learners(axis: "Axes", runs: Mapping[str, Mapping[str, xr.Dataset]], least: float) -> None:
    """Exponents of figure 3b's students and of others in their place.

    Args:
        axis: where.
        runs: setting → what learns → its runs over set.
        least: the growth that shear can make.
    """
    for number, (colour, (setting, kinds)) in enumerate(zip((style.UNSTABLE, style.STABLE), runs.items(), strict=True)):
        for place, data in enumerate(kinds.values()):
            values = data.exponent.values
            at = place + 0.3 * (number - 0.5) + np.linspace(-0.06, 0.06, len(values))
            axis.plot(at, values, "o", color=colour, markersize=3, alpha=0.7, label=None if place else setting)
        axis.set_xticks(range(len(kinds)), list(kinds), rotation=35, ha="right", rotation_mode="anchor")
    axis.axhline(0, color="0.4", linewidth=0.8)
    axis.axhline(least, color="0.4", linewidth=0.8, linestyle=":", label="what shear can do")
    axis.set(ylabel=r"exponent $\lambda$ (1/time)", title="Other learners")
    # Flipped readouts come to rest, so that nothing lies there.
    axis.legend(loc="upper right")


def draw_turning(axis: "Axes", runs: Mapping[str, xr.Dataset]) -> None:
    """The speed of all weights in the end against that of weights that turn at output zero.

    Args:
        axis: where.
        runs: setting → its runs over set.
    """
    most = 0.0
    for colour, (setting, data) in zip((style.UNSTABLE, style.STABLE, style.THEORY), runs.items(), strict=True):
        axis.plot(data.predicted, data.speed, "o", color=colour, markersize=3, label=setting)
        most = max(most, float(data.predicted.max()), float(data.speed.max()))
    axis.plot([0, 1.1 * most], [0, 1.1 * most], color="0.4", linewidth=0.8)
    axis.set(xlabel="speed of turning at output zero", ylabel="speed of all weights", title="Giving up")
    axis.legend(loc="upper left")
