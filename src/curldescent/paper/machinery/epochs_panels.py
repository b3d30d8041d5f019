"""Panels of the speed-up figures: epochs to the threshold under GD and CD, tests on top."""

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from curldescent.paper.machinery.epochs import THRESHOLD, direction, flips_compared, last_epoch, needed, rules_compared
from curldescent.paper.machinery.statistics import LEVEL, Paired
from curldescent.plots import style
from curldescent.plots.epochs import COLOURS, draw_epochs

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

Test = Literal["wilcoxon", "t"]
XLABEL = {
    "n_train": "training samples P",
    "student_scale": "initial scale of the student",
    "teacher_scale": "scale of the teacher",
    "readout_flips": "flipped readout neurons of 10",
}
_LOGARITHMIC = {"n_train", "student_scale"}
_ERROR = {"train": "training", "test": "test"}


def rules_figure(
    panels: "Sequence[tuple[str, xr.Dataset, str]]", axis: str, *, test: Test = "wilcoxon", note: str = ""
) -> "Picture":
    """One panel a dataset and error: GD and CD along an axis.

    Args:
        panels: title, dataset, "train" or "test".
        axis: name of the axis beside `rule`.
        test: whose significance is marked.
        note: added to the line below.

    Returns:
        The figure.
    """
    return _figure(panels, lambda panel, data, part: _rules_panel(panel, data, part, axis, test), test, note)


def flips_figure(panels: "Sequence[tuple[str, xr.Dataset, str]]", *, note: str = "") -> "Picture":
    """The same over the number of flipped readout neurons, against the level of none."""
    return _figure(panels, _flips_panel, "wilcoxon", note)


def _figure(
    panels: "Sequence[tuple[str, xr.Dataset, str]]",
    draw: "Callable[[Axes, xr.Dataset, str], None]",
    test: Test,
    note: str,
) -> "Picture":
    from matplotlib import pyplot as plt

    columns = min(len(panels), 2)
    rows = -(-len(panels) // columns)
    width = style.COLUMN_INCHES + 0.3 if columns == 1 else style.PAGE_INCHES
    figure, axes = plt.subplots(rows, columns, figsize=(width, 2.7 * rows + 0.2), squeeze=False)
    for panel, (title, data, part) in zip(axes.flat, panels, strict=False):
        draw(panel, data, part)
        panel.set_title(title)
        panel.set_ylabel(f"epochs to {_ERROR[part]} error $10^{{{round(math.log10(THRESHOLD))}}}$")
    empty = axes.flat[len(panels) :]
    for panel in empty:
        panel.axis("off")
    first = axes.flat[0]
    if len(empty):
        empty[0].legend(*first.get_legend_handles_labels(), loc="upper left", handlelength=1.8)
    else:
        first.legend(loc="best", handlelength=1.8)
    name = {"wilcoxon": "Wilcoxon", "t": "paired t"}[test]
    text = (
        f"Means and standard errors. Hollow: lower bounds, some trials never get there and count as the last epoch "
        f"(dashed). On top: ✱ faster, ○ slower than GD, p < {LEVEL:g} ({name}). {note}"
    )
    note_height = 0.34 / figure.get_size_inches()[1]
    figure.set_layout_engine("constrained", rect=(0, note_height, 1, 1 - note_height))
    figure.text(0.01, 0, textwrap.fill(text.strip(), width=int(width * 20)), fontsize=7, color="0.3", va="bottom")
    return figure


def _rules_panel(panel: "Axes", data: "xr.Dataset", part: str, axis: str, test: Test) -> None:
    epochs = needed(data, part).transpose("rule", axis, "trial")
    values = epochs[axis].values.tolist()
    tables = {str(rule): epochs.sel(rule=rule).values for rule in epochs.rule.values}
    draw_epochs(panel, values, tables, last=last_epoch(data), tested=signs(rules_compared(data, part, axis), test=test))
    panel.set_xlabel(XLABEL[axis])
    if axis in _LOGARITHMIC:
        _logarithmic(panel, values)


def _flips_panel(panel: "Axes", data: "xr.Dataset", part: str) -> None:
    epochs = needed(data, part).transpose("readout_flips", "trial")
    none = epochs.sel(readout_flips=0).values
    flipped = epochs.sel(readout_flips=epochs.readout_flips > 0)
    values = flipped.readout_flips.values.tolist()
    draw_epochs(panel, values, {"CD": flipped.values}, last=last_epoch(data), tested=signs(flips_compared(data, part)))
    mean, error = none.mean(), none.std(ddof=1) / len(none) ** 0.5
    panel.axhspan(mean - error, mean + error, color=COLOURS["GD"], alpha=0.25, linewidth=0)
    panel.axhline(mean, color=COLOURS["GD"], linewidth=1.3, label="GD")
    panel.set_xlabel(XLABEL["readout_flips"])
    panel.set_xticks(range(1, 11))


def signs(compared: Mapping[float, Paired], *, test: Test = "wilcoxon") -> dict[float, int]:
    """Value → 1 where the second condition is significantly faster, −1 where slower, 0 otherwise."""
    return {value: direction(found, test=test) for value, found in compared.items()}


def _logarithmic(panel: "Axes", values: Sequence[float]) -> None:
    """Tick the values themselves, as many as fit."""
    from matplotlib.ticker import NullFormatter, NullLocator

    panel.set_xscale("log")
    shown: list[float] = []
    for value in values:
        if not shown or value / shown[-1] > (values[-1] / values[0]) ** 0.09:
            shown.append(value)
    panel.set_xticks(shown, [f"{value:g}" for value in shown])
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_minor_formatter(NullFormatter())
