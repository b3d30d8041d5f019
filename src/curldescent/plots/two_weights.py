"""The two-weight world: flow field, solutions, trajectories, conserved curves."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from curldescent.foundation import validation
from curldescent.model.two_weights import TwoWeights
from curldescent.plots import legends, panels, style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

REACH = 2.4
HIDDEN, READOUT = "hidden weight $w_1$", "readout weight $w_2$"
STARTS = ((1.9, 1.2), (0.35, 1.2), (-0.6, 0.4), (1.0, -1.6), (-2.0, 0.6), (0.15, -0.1))


def flow_fields(target: float = 1.0, *, time: float = 30.0, axes: "Axes | Iterable[Axes] | None" = None) -> "Figure":
    """Gradient descent and one flipped weight side by side: where the weights go and what they conserve.

    Args:
        target: the product w1 w2 to be learned.
        time: how long the trajectories run, in units of the inverse rate.
        axes: the two to draw into; a new figure, with a legend, by default.

    Returns:
        A figure with two panels over (w1, w2): the field as streamlines, loss as shading, solutions w1 w2 = target
        (solid where stable, dotted where not), trajectories, and the conserved curve under each.
    """
    time = validation.positive("time", time)
    rules = {
        "Gradient descent: hyperbolas": TwoWeights(target),
        "Curl descent, $w_2$ flipped: circles": TwoWeights(target, readout=-1.0),
    }
    with style.figure_style():
        figure, row = panels.many(axes, 1, 2, size=(style.PAGE_INCHES, 4.25), sharex=True, sharey=True)
        for panel, (title, network) in zip(row[0], rules.items(), strict=True):
            draw_flow(panel, network, time=time)
            panel.set_title(title)
        row[0, 0].set_ylabel(READOUT)
        handles = _flow_handles()
        if axes is None:
            figure.legend(handles=handles, loc="outside lower center", ncols=3)
        else:
            legends.below(row[0, 0], handles, [handle.get_label() for handle in handles], ncols=2)
    return figure


def toy_panels(toy: "xr.Dataset", hebbian: "xr.Dataset") -> "Figure":
    """Where curl comes from and what it does: Hebbian curl, two flow fields, the loss along their trajectories.

    Args:
        toy: `loss` over (rule, start, time), rules GD and CD, starts as in `STARTS`.
        hebbian: `share` over (circuit, correlation), as `curldescent.plots.hebbian.curl_shares` has them.

    Returns:
        A figure of four panels, and a legend.
    """
    from matplotlib import pyplot as plt

    from curldescent.plots.hebbian import draw_hebbian_curl

    with style.figure_style():
        figure, axes = plt.subplot_mosaic(
            [["curl", "loss"], ["GD", "CD"], ["legend", "legend"]],
            figsize=(style.PAGE_INCHES, 6.8),
            height_ratios=(1, 1.5, 0.2),
        )
        draw_hebbian_curl(axes["curl"], correlations=hebbian.correlation.values, shares=hebbian.share.values)
        axes["curl"].set_title("Hebbian plasticity")
        legends.below(axes["curl"], ncols=1)
        looks = (("GD", style.GRADIENT_DESCENT, "-"), ("CD", style.CURL_DESCENT, "--"))
        for rule, colour, dashes in looks:
            for number, loss in enumerate(toy.loss.sel(rule=rule).values):
                label = rule if number == 0 else None
                axes["loss"].plot(toy.time, loss, color=colour, linestyle=dashes, linewidth=1.2, label=label)
        axes["loss"].set(yscale="log", ylim=(1e-12, 20), xlim=(0, 15), xlabel="time (inverse rates)", ylabel="loss $C$")
        axes["loss"].set_title("Loss along the paths below")
        legends.place(axes["loss"])
        for rule, title, flip in (("GD", "Gradient descent: hyperbolas", 1.0), ("CD", "Curl descent: circles", -1.0)):
            draw_flow(axes[rule], TwoWeights(1.0, readout=flip), time=30.0)
            axes[rule].set_title(title)
        axes["GD"].set_ylabel(READOUT)
        # In axes of its own: what hangs outside of axes upsets the layout or lands on the note about the scale.
        axes["legend"].legend(handles=_flow_handles(), loc="center", ncols=3)
        axes["legend"].axis("off")
    return figure


def draw_flow(
    axes: "Axes", network: TwoWeights, *, time: float, starts: Sequence[tuple[float, float]] = STARTS
) -> None:
    """Draw one rule's field, solutions and trajectories.

    Args:
        axes: where to.
        network: target and rule.
        time: length of the trajectories.
        starts: where they start, (w1, w2).
    """
    grid = np.linspace(-REACH, REACH, 161)
    plane = np.stack(np.meshgrid(grid, grid))
    loss = np.log10(network.loss(plane) + 1e-3)
    axes.contourf(grid, grid, loss, levels=12, cmap="Greys", alpha=0.35, zorder=0)
    field = network.field(plane)
    axes.streamplot(
        grid,
        grid,
        field[0],
        field[1],
        color="#8a8a8a",
        density=0.9,
        linewidth=0.5,
        arrowsize=0.7,
        arrowstyle="->",
        zorder=1,
    )
    for branch in (grid[grid > 0], grid[grid < 0]):
        _draw_solutions(axes, network, branch)
    for start in starts:
        path = network.trajectory(start, time=time, points=6000)
        level = float(network.invariant(np.array(start)))
        axes.contour(
            grid, grid, network.invariant(plane), levels=[level], colors=style.ACCENT, linestyles="--", linewidths=0.9
        )
        axes.plot(*path, color="black", linewidth=1.2, zorder=4)
        axes.plot(*start, marker="o", markersize=4, color="black", zorder=5)
        axes.plot(*path[:, -1], marker="s", markersize=3.5, color="white", markeredgecolor="black", zorder=5)
    axes.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal", xlabel=HIDDEN)


def _flow_handles() -> list["Artist"]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return [
        Line2D([], [], color=style.STABLE, linewidth=2.4, label="stable solutions"),
        Line2D([], [], color=style.UNSTABLE, linewidth=2.4, linestyle=(0, (1, 1)), label="unstable solutions"),
        Line2D([], [], color="black", marker="o", markersize=4, label="trajectory, from dot to square"),
        Line2D([], [], color=style.ACCENT, linestyle="--", label="conserved curve"),
        Patch(color="#b8b8b8", label="higher loss is darker"),
    ]


def _draw_solutions(axes: "Axes", network: TwoWeights, w1: np.ndarray) -> None:
    w1 = np.sign(w1[0]) * np.geomspace(0.2, REACH, 400)
    solutions = np.stack([w1, network.target / w1])
    stable = network.stability(solutions) > 0
    for mask, colour, dashes in ((stable, style.STABLE, "-"), (~stable, style.UNSTABLE, (0, (1, 1)))):
        axes.plot(w1, np.where(mask, solutions[1], np.nan), color=colour, linestyle=dashes, linewidth=2.0, zorder=3)
