"""The figures of the speed-up: along an axis, epochs to the threshold under GD and CD, and claims about them.

Every claim's maker returns its criterion and its measure, both from the same numbers.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from curldescent.paper.machinery import speedup_claims, speedup_protocol
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Measured, Results, Scale
from curldescent.paper.machinery.speedup_claims import (
    NEVER,
    SOONER,
    Compared,
    direction,
    flips_compared,
    rules_compared,
)
from curldescent.paper.machinery.speedup_protocol import THRESHOLD, last_epoch, needed
from curldescent.paper.machinery.statistics import LEVEL, Paired
from curldescent.paper.machinery.wording import decimal, percent, power_of_ten
from curldescent.plots import style
from curldescent.plots.epochs import COLOURS, draw_epochs

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

Test = Literal["wilcoxon", "t"]
# Title, dataset, "train" or "test".
Panels: TypeAlias = "Sequence[tuple[str, xr.Dataset, str]]"
FLIPS = "readout_flips"
# What departs from the paper in every one of these figures.
ENDS_EARLY = f"A trial ends once both errors are below {decimal(THRESHOLD)}"
XLABEL = {
    "n_train": "training samples P",
    "student_scale": "initial scale of the student",
    "teacher_scale": "scale of the teacher",
    FLIPS: "flipped readout neurons of 10",
}
# How a criterion names a value of an axis.
_VALUE = {"n_train": "P", "student_scale": "the scale"}
_LOGARITHMIC = {"n_train", "student_scale"}
_ERROR = {"train": "training", "test": "test"}


# What changes against students with uniform weights, and the title of the panel.
VARIANTS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "linear": ({"activation": "linear"}, "linear, test"),
    "normal": ({"distribution": "normal"}, "tanh, normal weights, test"),
}


@dataclass(frozen=True)
class Grid:
    """What a scale computes.

    Args:
        values: of the axis.
        trials: per cell.
        epochs: of a trial at most.
        samples: P, where it is not the axis.
        variants: name → values and trials, of variants of `VARIANTS`.
    """

    values: Sequence[float]
    trials: int
    epochs: int
    samples: int | None = None
    variants: Mapping[str | None, tuple[Sequence[float], int]] = field(default_factory=dict)

    def with_variants(self, *names: str) -> "Grid":
        """The grid with variants on the same values and trials."""
        same: dict[str | None, tuple[Sequence[float], int]] = dict.fromkeys(names, (self.values, self.trials))
        return Grid(self.values, self.trials, self.epochs, self.samples, {**same, **self.variants})


@dataclass(frozen=True)
class Speedup:
    """One figure of the speed-up: sweeps along an axis, a panel for every sweep and error, makers of claims.

    Args:
        key: of the figure, and the name of its sweep.
        axis: what is varied, a key of `XLABEL`.
        scales: what every scale computes.
        activation: of student and teacher.
        preserve_norms: the paper's "normalised" runs.
        paper_epochs: length of the paper's run.
        test: what the rules are compared with.
    """

    key: str
    axis: str
    scales: Mapping[Scale, Grid]
    activation: str = "tanh"
    preserve_norms: bool = True
    paper_epochs: int = speedup_protocol.PAPER_EPOCHS
    test: Test = "wilcoxon"

    def figure(self, title: str, about: str, *claims: Claim, departures: Sequence[str], **more: Any) -> Figure:
        """The figure with its claims."""
        return Figure(
            self.key,
            title=title,
            about=about,
            origin="paper",
            experiments=self.experiments,
            draw=self.draw,
            claims=claims,
            departures=departures,
            **more,
        )

    def name(self, variant: str | None) -> str:
        """A variant's experiment; the figure's own key without one."""
        return f"{self.key}-{variant}" if variant else self.key

    def experiments(self, scale: Scale) -> Experiments:
        """One sweep a variant."""
        grid = self.scales[scale]
        # Flips are varied on the same students; rules are compared on them anyway.
        by_flips = {"rules": None, "paired": [FLIPS]} if self.axis == FLIPS else {}
        samples = {} if grid.samples is None else {"n_train": grid.samples}
        chosen: dict[str | None, tuple[Sequence[float], int]] = {None: (grid.values, grid.trials), **grid.variants}
        return {
            self.name(variant): speedup_protocol.sweep(
                {self.axis: values},
                trials=trials,
                epochs=grid.epochs,
                record=speedup_protocol.paper_record(grid.epochs, of=self.paper_epochs),
                training={"preserve_norms": self.preserve_norms},
                **{"activation": self.activation, **samples, **by_flips, **(VARIANTS[variant][0] if variant else {})},
            )
            for variant, (values, trials) in chosen.items()
        }

    def draw(self, results: Results) -> "Picture":
        """Test and training error, and the test error of the variants that were run."""
        titles = ("Test error", "Training error") if self.preserve_norms else ("tanh, test", "tanh, training")
        panels = [(title, results[self.key], part) for title, part in zip(titles, ("test", "train"), strict=True)]
        for variant, (_, title) in VARIANTS.items():
            if self.name(variant) in results.data:
                panels.append((title, results[self.name(variant)], "test"))
        return figure_of(panels, self.axis, test=self.test)

    def compared(self, results: Results, part: str, variant: str | None = None) -> dict[float, Compared]:
        """Value on the axis → comparison of the rules, or of flips with none."""
        data = results[self.name(variant)]
        return flips_compared(data, part) if self.axis == FLIPS else rules_compared(data, part, self.axis)

    def faster(self, value: float, part: str, variant: str | None = None) -> Measured:
        """CD needs fewer epochs at one value."""
        place = {"n_train": "P =", "student_scale": "scale"}[self.axis]
        return (
            f"at {place} {value:g}: {SOONER[self.test]}",
            lambda results: speedup_claims.faster(self.compared(results, part, variant), value, test=self.test),
        )

    def everywhere_faster(
        self, where: str, values: Sequence[float], part: str = "test", variant: str | None = None
    ) -> Measured:
        """CD needs fewer epochs at all of some values; `where` says which they are."""
        return (
            f"{where}: {SOONER['wilcoxon']}",
            lambda results: speedup_claims.everywhere_faster(self.compared(results, part, variant), values),
        )

    def nowhere_faster(self, where: str, values: Sequence[float], part: str, *, margin: float) -> Measured:
        """CD gains nothing at any of some values; `where` says which they are."""
        test = f"not faster with p < {LEVEL:g}, and " if margin > 1 else ""
        return (
            f"{where}: {test}GD/CD (geometric mean) below {margin:g}",
            lambda results: speedup_claims.nowhere_faster(self.compared(results, part), values, margin=margin),
        )

    def never_reached(self, part: str, *, up_to: float, criterion: str) -> Measured:
        """Students up to a value never get below the threshold; the criterion says what of them."""
        return (
            f"at least {percent(NEVER)} of the trials with {criterion}",
            lambda results: speedup_claims.never_reached(results[self.key], part, self.axis, up_to=up_to),
        )

    def gain_grows(self, part: str) -> Measured:
        """The gain grows along the axis."""
        among = "all students" if self.axis == "n_train" else "all students that learn"
        return (
            f"Spearman correlation of GD/CD with {_VALUE[self.axis]} over {among} positive, p < {LEVEL:g}",
            lambda results: speedup_claims.gain_grows(results[self.key], part, self.axis),
        )


def figure_of(panels: Panels, axis: str, *, test: Test = "wilcoxon") -> "Picture":
    """One panel a dataset and error: GD and CD along an axis, or CD against the level of GD by number of flips.

    Args:
        panels: title, dataset, "train" or "test".
        axis: name of the axis.
        test: whose significance is marked.

    Returns:
        The figure.
    """
    from matplotlib import pyplot as plt

    columns = min(len(panels), 2)
    rows = -(-len(panels) // columns)
    width = style.COLUMN_INCHES + 0.3 if columns == 1 else style.PAGE_INCHES
    figure, axes = plt.subplots(rows, columns, figsize=(width, 2.7 * rows + 0.2), squeeze=False)
    for panel, (title, data, part) in zip(axes.flat, panels, strict=False):
        if axis == FLIPS:
            _flips_panel(panel, data, part)
        else:
            _rules_panel(panel, data, part, axis, test)
        panel.set_title(title)
        panel.set_ylabel(f"epochs to {_ERROR[part]} error {power_of_ten(THRESHOLD)}")
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
        f"(dashed). On top: ✱ faster, ○ slower than GD, p < {LEVEL:g} ({name})."
    )
    note_height = 0.34 / figure.get_size_inches()[1]
    figure.set_layout_engine("constrained", rect=(0, note_height, 1, 1 - note_height))
    figure.text(0.01, 0, textwrap.fill(text, width=int(width * 20)), fontsize=7, color="0.3", va="bottom")
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
