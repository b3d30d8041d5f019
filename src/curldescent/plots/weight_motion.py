"""The order parameter along lines of the phase diagram, and weights in time."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.plots import labels, legends, panels, style
from curldescent.plots.coordinates import ascending

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LABELS = {"hidden": labels.HIDDEN, "ratio": labels.RATIO}
_MARKERS = ("o", "s", "^", "D")
_FLOOR = 1e-34
# Where boundaries are marked, above all q: the topmost, and how many decades lie between two lines' marks.
_ROWS, _ROW = 1e9, 2.5
# Records that a closer look shows.
_CLOSELY = 10


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
        The figure: small dots are trials, lines their means. Above, one height a line: its boundaries, theory's filled
        and that of the sampled teachers open. Of weights that alternate from epoch to epoch, solid lines are the even
        epochs, dashed ones the odd, and the last epochs stand beside them, joined one after the other.
    """
    import matplotlib.pyplot as plt

    cases = [traces.isel(case=number) for number in range(traces.sizes["case"])]
    # Time → panels: a weight that changes sign at every epoch cannot be told from two weights at rest over hundreds of
    # epochs, so that the last few of them are shown beside it.
    below: list[tuple[xr.Dataset, bool]] = []
    for case in cases:
        below += [(case, False), (case, True)] if alternating(case.weight.values).any() else [(case, False)]
    with style.figure_style():
        figure = plt.figure(figsize=(style.PAGE_INCHES, 4.5))
        rows = figure.add_gridspec(2, 1, height_ratios=(1.35, 1))
        upper = rows[0].subgridspec(1, 2)
        left_panel = figure.add_subplot(upper[0, 0])
        right_panel = figure.add_subplot(upper[0, 1], sharey=left_panel)
        right_panel.tick_params(labelleft=False)
        _draw_lines(left_panel, left)
        _draw_lines(right_panel, right)
        left_panel.set_ylabel("order parameter $q$")
        lower = rows[1].subgridspec(1, len(below))
        last = [figure.add_subplot(lower[0, number]) for number in range(len(below))]
        for axis, (case, closely) in zip(last, below, strict=True):
            _draw_traces(axis, case, closely=closely)
        last[0].set_ylabel("weights")
        # What the lines of theory are is said once.
        handles, names = left_panel.get_legend_handles_labels()
        legends.place(left_panel, handles[: len(left)], names[: len(left)])
        legends.place(right_panel, prefer="center right")
        panels.letter([left_panel, right_panel, *last])
        return figure


def alternating(weights: Any) -> Any:
    """Which weights jump back and forth from one record to the next, ten times as far as they go in two.

    Args:
        weights: (times, synapses).

    Returns:
        (synapses,), true or false.

    Example:
        >>> alternating([[1.0, 0.1], [-1.0, 0.2], [1.0, 0.3], [-1.0, 0.4]])
        array([ True, False])
    """
    values = np.asarray(weights, dtype=float)
    one, two = (np.abs(values[lag:] - values[:-lag]).max(axis=0) for lag in (1, 2))
    return one > np.maximum(10 * two, 1e-6 * np.abs(values).max(axis=0, initial=0.0))


def _draw_lines(axis: "Axes", group: "Mapping[str, tuple[xr.DataArray, float, float]]") -> None:
    for number, (label, (q, predicted, expected)) in enumerate(group.items()):
        colour, marker = style.CYCLE[number], _MARKERS[number]
        along = next(name for name in _LABELS if name in q.dims)
        q = ascending(q, along)
        x, trials = q[along].values, np.maximum(q.transpose(along, "trial").values, _FLOOR)
        axis.plot(
            np.repeat(x, trials.shape[1]), trials.ravel(), marker, color=colour, alpha=0.5, ms=3, markeredgewidth=0
        )
        axis.plot(x, trials.mean(axis=1), color=colour, marker=marker, markersize=3, label=labels.mathematical(label))
        # One height a line, above everything: boundaries that nearly fall together are told apart.
        high = _ROWS * 10.0 ** (-_ROW * number)
        axis.plot([predicted] * 2, [_FLOOR, high], color=colour, linestyle="--", linewidth=0.8, alpha=0.6, zorder=1)
        axis.plot([predicted, expected], [high] * 2, color=colour, linewidth=0.8)
        axis.plot(predicted, high, "D", color=colour, markersize=4)
        axis.plot(expected, high, "D", color=colour, markersize=4, markerfacecolor="white")
        axis.set_xlabel(_LABELS[along])
    look: dict[str, Any] = {"color": style.THEORY, "marker": "D", "markersize": 4}
    axis.plot([], [], linestyle="--", linewidth=0.8, label=r"theory, $N \to \infty$", **look)
    axis.plot([], [], linestyle="", markerfacecolor="white", label="theory, these teachers", **look)
    axis.set_yscale("log")
    axis.set_ylim(_FLOOR, 100 * _ROWS)
    axis.set_yticks([10.0**power for power in range(-32, 1, 8)])


def _draw_traces(axis: "Axes", case: "xr.Dataset", *, closely: bool) -> None:
    """Weights in time: even records solid, odd ones dashed, the space between them filled where they alternate.

    Closely, only the last records, joined one after the other.
    """
    time, weights = case.time.values - case.time.values[0], case.weight.values
    if closely:
        time, weights = time[-_CLOSELY:], weights[-_CLOSELY:]
    both = alternating(case.weight.values)
    for synapse, values in enumerate(weights.T):
        colour = style.CYCLE[synapse % len(style.CYCLE)]
        if closely:
            axis.plot(time, values, color=colour, linewidth=0.8, marker="o", markersize=2, markeredgewidth=0)
            continue
        even, odd = (time[::2], values[::2]), (time[1::2], values[1::2])
        if both[synapse]:
            axis.fill_between(
                time[: 2 * len(odd[0])][::2], even[1][: len(odd[1])], odd[1], color=colour, alpha=0.12, lw=0
            )
            axis.plot(*odd, color=colour, linewidth=1.0, linestyle="--")
        axis.plot(*even, color=colour, linewidth=1.0)
    step = case.step.item()
    said = (
        f"last {_CLOSELY} epochs" if closely else f"$c$ = {case.ratio.item():g}, $\\alpha_h$ = {case.hidden.item():g}"
    )
    axis.set_title(f"{said}\n$\\eta$ = {step:g}" + (", alternating" if both.any() and not closely else ""))
    axis.set_xlabel(labels.TIME)
    axis.locator_params(axis="x", nbins=3)
