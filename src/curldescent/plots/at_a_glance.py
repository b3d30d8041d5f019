"""Curl descent in one picture: the rule, what it does to the flow, where solutions stay stable, what learning does."""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from curldescent.model.two_weights import TwoWeights
from curldescent.plots import labels, legends, panels, style
from curldescent.plots.learning_curves import draw_curves
from curldescent.plots.two_weights import draw_flow
from curldescent.theory import critical_ratio

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Layers of the drawn network, and which neurons of each are rule-flipped (from the top).
LAYERS = (4, 5, 1)
FLIPPED = (1, 0, 0)


def at_a_glance(stable: "xr.DataArray", unstable: "xr.DataArray", tanh: "xr.Dataset") -> "Figure":
    """The picture on the front page, six panels.

    Args:
        stable: test error (trial, epoch) of linear students with flipped inputs left of the boundary, with attributes
            `ratio` and `hidden`.
        unstable: the same right of it.
        tanh: a history with rules "GD" and "CD", CD with one readout neuron in ten flipped.

    Returns:
        The figure.
    """
    from matplotlib import pyplot as plt

    with style.figure_style():
        figure, axes = plt.subplots(2, 3, figsize=(style.PAGE_INCHES, 4.7))
        (rule, gradient, curl), (boundary, errors, faster) = axes
        _draw_network(rule)
        rule.set_title("A rule with two signs")
        for panel, title, network in (
            (gradient, "Gradient descent", TwoWeights()),
            (curl, "$w_2$ flipped: curl", TwoWeights(readout=-1.0)),
        ):
            draw_flow(panel, network, time=30.0)
            panel.set(title=title, xlabel="weight $w_1$", ylabel="weight $w_2$", xticks=(-2, 0, 2), yticks=(-2, 0, 2))
        _draw_boundary(boundary, stable, unstable)
        for error, colour, label in (
            (stable, style.STABLE, f"$c$ = {stable.attrs['ratio']:g}"),
            (unstable, style.UNSTABLE, f"$c$ = {unstable.attrs['ratio']:g}"),
        ):
            draw_curves(errors, error, colour=colour, label=label)
        errors.set(title="… and it holds", ylabel="test error")
        legends.place(errors)
        for name, colour in (("GD", style.GRADIENT_DESCENT), ("CD", style.CURL_DESCENT)):
            draw_curves(faster, tanh.train_error.sel(rule=name), colour=colour, label=name)
        faster.set(title="A little curl: faster", ylabel="training error")
        legends.place(faster)
        panels.letter(axes)
    return figure


def _draw_network(axes: "Axes") -> None:
    """Layers as columns of neurons; what a flipped neuron sends on is drawn in its colour."""
    places = [[(x, (n - 1) / 2 - i) for i in range(n)] for x, n in zip((0.0, 1.6, 3.2), LAYERS, strict=True)]
    for (below, above), flipped in zip(pairwise(places), FLIPPED, strict=False):
        for i, (x0, y0) in enumerate(below):
            wrong = i < flipped
            for x1, y1 in above:
                axes.plot(
                    (x0, x1),
                    (y0, y1),
                    color=style.CURL_DESCENT if wrong else "#b8b8b8",
                    linewidth=1.6 if wrong else 0.8,
                    zorder=2 if wrong else 1,
                )
    for column, flipped in zip(places, FLIPPED, strict=True):
        for i, place in enumerate(column):
            colour = style.CURL_DESCENT if i < flipped else "white"
            axes.plot(*place, marker="o", markersize=9, color=colour, markeredgecolor="black", zorder=3)
    axes.text(
        1.6, -2.75, r"$\Delta W = -\eta\ \partial C/\partial W$", ha="center", va="top", color=style.GRADIENT_DESCENT
    )
    axes.text(
        1.6,
        -3.3,
        r"flipped: $\Delta W = +\eta\ \partial C/\partial W$",
        ha="center",
        va="top",
        color=style.CURL_DESCENT,
        weight="bold",
    )
    for x, name in zip((0.0, 1.6, 3.2), ("inputs", "hidden", "output"), strict=True):
        axes.text(x, 2.45, name, ha="center", va="bottom", fontsize=7)
    axes.set(xlim=(-0.7, 3.9), ylim=(-3.9, 3.0))
    axes.axis("off")


def _draw_boundary(axes: "Axes", *runs: "xr.DataArray") -> None:
    """Where linear students are stable, and where the runs of the next panel lie."""
    fractions = np.linspace(0.0, 1.0, 201)
    critical = np.asarray(critical_ratio(hidden=fractions))
    axes.fill_betweenx(fractions, 0.05, critical, color=style.STABLE, alpha=0.2, linewidth=0)
    axes.fill_betweenx(fractions, critical, 2.0, color=style.UNSTABLE, alpha=0.2, linewidth=0)
    axes.plot(critical, fractions, color=style.THEORY)
    for run, colour in zip(runs, (style.STABLE, style.UNSTABLE), strict=True):
        axes.plot(run.attrs["ratio"], run.attrs["hidden"], marker="o", color=colour, markeredgecolor="black")
    axes.text(0.075, 0.85, "stable")
    axes.text(0.62, 0.85, "unstable")
    axes.set(
        title="Theory says where …",
        xscale="log",
        xlim=(0.05, 2.0),
        ylim=(0, 1),
        xlabel=labels.RATIO,
        ylabel=labels.HIDDEN,
        xticks=(0.1, 1),
        xticklabels=("0.1", "1"),
    )
