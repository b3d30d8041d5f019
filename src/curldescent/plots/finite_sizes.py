"""Pictures of finite networks scattering about the limiting law."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from curldescent.foundation import validation
from curldescent.plots import labels, legends, panels, style
from curldescent.theory import FiniteSizeScaling

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


INPUTS = labels.NAMES["n_inputs"]


def finite_size(scaling: FiniteSizeScaling, *, axes: "Axes | Iterable[Axes] | None" = None) -> "Figure":
    """Draw λ_min of sampled networks against their size, and how its scatter shrinks.

    Args:
        scaling: a result of `curldescent.theory.finite_size_scaling`.
        axes: the two to draw into; a new figure by default.

    Returns:
        The figure: left the samples about the limit, right their standard deviation, with the power law fitted and the
        exponent −2/3 of a random-matrix edge.

    >>> from curldescent.theory import Spectrum, finite_size_scaling
    >>> figure = finite_size(finite_size_scaling(Spectrum(0.5, hidden=0.3), (10, 30), samples=20))
    """
    from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

    validation.instance("scaling", scaling, FiniteSizeScaling, "a result of cd.theory.finite_size_scaling")
    rising = np.argsort(scaling.sizes)
    sizes, spread, limits = scaling.sizes[rising], scaling.spread[rising], scaling.limits[rising]
    rng = np.random.default_rng(0)  # horizontal jitter only
    with style.figure_style():
        figure, row = panels.many(axes, 1, 2, size=(style.PAGE_INCHES, 2.6))
        left, right = row[0]
        shown = scaling.lambda_min[rising, :100]
        jitter = np.exp(rng.uniform(-0.12, 0.12, shown.shape))
        left.scatter(
            sizes[:, None] * jitter, shown, s=6, color=style.STABLE, alpha=0.45, linewidths=0, label="sampled networks"
        )
        left.plot(sizes, limits, color=style.THEORY, marker="_", markersize=12, label="limiting law")
        left.axhline(0, color=style.GRADIENT_DESCENT, linestyle=":", linewidth=1)
        left.set(
            xscale="log", xlabel=INPUTS, ylabel=f"smallest eigenvalue {labels.LAMBDA_MIN}", title="samples and limit"
        )
        right.plot(sizes, spread, "o", color=style.STABLE, label="standard deviation")
        right.set(xscale="log", xlabel=INPUTS, ylabel=f"scatter of {labels.LAMBDA_MIN}", title="its scatter")
        # A power law needs scatter at every size.
        if (spread > 0).all():
            x = np.geomspace(sizes.min(), sizes.max(), 50)
            centre = np.exp(np.log(sizes).mean()), np.exp(np.log(spread).mean())
            fit = centre[1] * (x / centre[0]) ** scaling.exponent
            label = rf"fit: $M^{{{scaling.exponent:.2f} \pm {scaling.exponent_error:.2f}}}$"
            right.plot(x, fit, color=style.STABLE, linewidth=1, label=label)
            edge = centre[1] * (x / centre[0]) ** (-2 / 3)
            right.plot(x, edge, color=style.THEORY, linestyle="--", linewidth=1, label="$M^{-2/3}$")
            right.set_yscale("log")
            right.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            right.yaxis.set_major_formatter("{x:g}")
            right.yaxis.set_minor_formatter(NullFormatter())
        else:
            style.note(right, "no scatter at some size: no power law")
        for axis in (left, right):
            axis.set_xticks(sizes, [str(size) for size in sizes])
            axis.xaxis.set_minor_locator(NullLocator())
            axis.xaxis.set_minor_formatter(NullFormatter())
            legends.place(axis)
        return figure


def stability_probabilities(
    ratios: ArrayLike,
    probabilities: ArrayLike,
    intervals: ArrayLike,
    sizes: ArrayLike,
    *,
    boundary: float,
    title: str,
    ax: "Axes | None" = None,
) -> "Figure":
    """Draw how the probability of stability falls across the boundary for networks of several sizes.

    Args:
        ratios: compression ratios in any order, shape (n,).
        probabilities: shape (sizes, n).
        intervals: lower and upper ends, shape (sizes, n, 2).
        sizes: numbers of inputs M, shape (sizes,).
        boundary: the critical ratio of the limit.
        title: what is flipped.
        ax: to draw into; a new figure by default.

    Returns:
        The figure.

    >>> figure = stability_probabilities([0.2, 0.4], [[1, 0.1]], [[[0.9, 1], [0, 0.3]]], [20], boundary=0.3, title="")
    """
    from matplotlib import colormaps

    x, many = (validation.finite_array(n, v, ndim=1) for n, v in (("ratios", ratios), ("sizes", sizes)))
    share = validation.finite_array("probabilities", probabilities, ndim=2)
    validation.shape("probabilities", share, (len(many), len(x)), "(sizes, ratios)")
    ends = validation.finite_array("intervals", intervals, ndim=3)
    validation.shape("intervals", ends, (*share.shape, 2), "(sizes, ratios, lower and upper end)")
    boundary = validation.real("boundary", boundary)
    validation.text("title", title)
    along = np.argsort(x)
    x, share, ends = x[along], share[:, along], ends[:, along]
    shades = colormaps[style.SEQUENTIAL](np.linspace(0.0, 0.8, len(many)))
    with style.figure_style():
        figure, axis = panels.one(ax, size=(style.COLUMN_INCHES, 2.5))
        for size, row, band, shade in zip(many, share, ends, shades, strict=True):
            axis.fill_between(x, band[:, 0], band[:, 1], color=shade, alpha=0.2, linewidth=0)
            axis.plot(x, row, color=shade, marker="o", markersize=3, linewidth=1.2, label=f"$M$ = {size:g}")
        axis.axvline(boundary, color=style.THEORY, linestyle="--", linewidth=1, label=r"$M \to \infty$")
        axis.set(xlabel=labels.RATIO, ylabel="share of stable networks", ylim=(-0.03, 1.03), title=title)
        legends.place(axis, handlelength=1.4)
        return figure
