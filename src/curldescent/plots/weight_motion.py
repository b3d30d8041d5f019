"""The order parameter along lines of the phase diagram, and weights in time."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.plots import style
from curldescent.plots.coordinates import ascending

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LABELS = {"hidden": "flipped inputs α$_h$", "ratio": "compression ratio c = M/N"}
_MARKERS = ("o", "s", "^", "D")
_FLOOR = 1e-34


def order_parameter_lines(
    left: "Mapping[str, tuple[xr.DataArray, float, float]]",
    right: "Mapping[str, tuple[xr.DataArray, float, float]]",
    traces: "xr.Dataset",
) -> "Figure":
    """Draw q along lines, two panels, and weights in time below.

    Args:
        left: label → (q over `hidden` or `ratio` and `trial`, where theory's boundary crosses the line, where half of
            the sampled teachers are unstable); at most four.
        right: the same along the other dimension.
        traces: `weight` over (case, time, synapse) with `ratio`, `hidden` and `step` of every case.

    Returns:
        The figure: small dots are trials, lines their medians, dashes and dots the boundaries.
    """
    import matplotlib.pyplot as plt

    with style.figure_style():
        figure = plt.figure(figsize=(style.PAGE_INCHES, 4.9))
        above, below = np.ravel(np.asarray(figure.subfigures(2, 1, height_ratios=(1.35, 1))))
        panels = above.subplots(1, 2, sharey=True)
        for axis, group in zip(panels, (left, right), strict=True):
            _draw_lines(axis, group)
        # Between the jumps on the left, right of them on the right: what the lines of theory are is said there alone.
        for axis, place, entries in zip(panels, ((0.43, 0.5), (0.72, 0.5)), (len(left), None), strict=True):
            handles, labels = axis.get_legend_handles_labels()
            axis.legend(handles[:entries], labels[:entries], loc="center", bbox_to_anchor=place, fontsize=7)
        panels[0].set_ylabel("order parameter q")
        _draw_traces(np.atleast_1d(below.subplots(1, traces.sizes["case"], sharex=True)), traces)
        below.supxlabel("time at the end of the run, η × epochs", fontsize=9)
        return figure


def _draw_lines(axis: "Axes", group: "Mapping[str, tuple[xr.DataArray, float, float]]") -> None:
    for colour, marker, (label, (q, predicted, expected)) in zip(style.CYCLE, _MARKERS, group.items(), strict=False):
        along = next(name for name in _LABELS if name in q.dims)
        q = ascending(q, along)
        x, trials = q[along].values, np.maximum(q.transpose(along, "trial").values, _FLOOR)
        axis.plot(
            np.repeat(x, trials.shape[1]), trials.ravel(), marker, color=colour, alpha=0.5, ms=3, markeredgewidth=0
        )
        axis.plot(x, np.median(trials, axis=1), color=colour, marker=marker, markersize=3, label=label)
        axis.axvline(predicted, color=colour, linestyle="--", linewidth=1)
        axis.axvline(expected, color=colour, linestyle=":", linewidth=1.3)
        axis.set_xlabel(_LABELS[along])
    axis.plot([], [], color=style.THEORY, linestyle="--", linewidth=1, label="theory, N → ∞")
    axis.plot([], [], color=style.THEORY, linestyle=":", linewidth=1.3, label="theory, these teachers")
    axis.set_yscale("log")


def _draw_traces(axes: Any, traces: "xr.Dataset") -> None:
    time = traces.time.values - traces.time.values[0]
    for number, axis in enumerate(axes):
        case = traces.isel(case=number)
        for synapse in range(case.sizes["synapse"]):
            colour = style.CYCLE[synapse % len(style.CYCLE)]
            # Dots and not a line: a weight that changes sign at every step is two lines, not a filled rectangle.
            axis.plot(time, case.weight[:, synapse], ".", ms=1.2, markeredgewidth=0, color=colour, rasterized=True)
        axis.set_title(
            f"c = {case.ratio.item():g}, α$_h$ = {case.hidden.item():g}, η = {case.step.item():g}", fontsize=8.5
        )
    axes[0].set_ylabel("weights")
