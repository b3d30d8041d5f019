"""The figures of the speed-up: along an axis, epochs to the threshold under GD and CD, and claims about them.

Every claim's maker returns its criterion and its measure, both from the same numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from curldescent.paper.machinery import kept_norms, shares, speedup_claims, speedup_protocol, speedup_t_tests
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Measured, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.speedup_claims import (
    FASTER,
    HARDLY_ANY,
    NEVER,
    OVER_SETS,
    Compared,
    flips_compared,
    rules_compared,
)
from curldescent.paper.machinery.speedup_protocol import THRESHOLD, last_epoch, needed
from curldescent.paper.machinery.statistics import LEVEL
from curldescent.paper.machinery.ticks import named_ticks
from curldescent.paper.machinery.wording import decimal, power_of_ten
from curldescent.plots import legends, style
from curldescent.plots.epochs import COLOURS, draw_epochs
from curldescent.plots.panels import holder, note

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

# Title, dataset, "train" or "test".
Panels: TypeAlias = "Sequence[tuple[str, xr.Dataset, str]]"
FLIPS = "readout_flips"
# What departs from the paper in every one of these figures.
ENDS_EARLY = f"A trial ends once both errors are below {decimal(THRESHOLD)}"
XLABEL = {
    "n_train": "training samples $P$",
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


def _excluded(of: str) -> tuple[str, str]:
    """Both regions of a claim that students are out of reach, by their norms or by runs."""
    confirmed, refuted = shares.at_least(NEVER, f"of the trials that were run {of}", trials=True)
    return f"the norms of every student exclude it, or of those that were not run, and {confirmed}", refuted


# What changed in the paper's pooled tests after they had been seen.
WHOLE_GRID = "2026-11-28: nothing is decided unless the whole grid was run; the part that was had decided before."


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
        bounded: values of the paper's grid for which the bound of `kept_norms` speaks where they are not run.
    """

    key: str
    axis: str
    scales: Mapping[Scale, Grid]
    activation: str = "tanh"
    preserve_norms: bool = True
    paper_epochs: int = speedup_protocol.PAPER_EPOCHS
    bounded: Sequence[float] = ()

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
            subset=(lambda: self.experiments("subset")) if "subset" in self.scales else None,
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
        sweeps: Experiments = {
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
        if not self.bounded or scale not in ("subset", "paper"):
            return sweeps
        where = {"axis": self.axis, "values": list(self.bounded), "trials": grid.trials, "samples": grid.samples}
        bounds = Computation(kept_norms.least_errors_along, where, identity="curldescent.paper.kept_norms")
        return {**sweeps, self.least_errors: bounds}

    @property
    def least_errors(self) -> str:
        """The experiment of what norms exclude."""
        return f"{self.key}-least-errors"

    def draw(self, results: Results) -> "Picture":
        """Test and training error, and the test error of the variants that were run."""
        titles = ("Test error", "Training error") if self.preserve_norms else ("tanh, test", "tanh, training")
        panels = [(title, results[self.key], part) for title, part in zip(titles, ("test", "train"), strict=True)]
        for variant, (_, title) in VARIANTS.items():
            if self.name(variant) in results.data:
                panels.append((title, results[self.name(variant)], "test"))
        return figure_of(panels, self.axis)

    def compared(self, results: Results, part: str, variant: str | None = None) -> dict[float, Compared]:
        """Value on the axis → comparison of the rules, or of flips with none; empty for a variant not run."""
        if variant is not None and self.name(variant) not in results.data:
            return {}
        data = results[self.name(variant)]
        return flips_compared(data, part) if self.axis == FLIPS else rules_compared(data, part, self.axis)

    def faster(self, value: float, part: str, variant: str | None = None) -> Measured:
        """CD needs fewer epochs at one value."""
        place = {"n_train": "P =", "student_scale": "scale", "readout_flips": "flips:"}[self.axis]
        return (
            f"at {place} {value:g}: {FASTER[0]}, over students of one input set",
            FASTER[1],
            lambda results: speedup_claims.at(self.compared(results, part, variant), value),
        )

    def faster_over(
        self, where: str, values: Sequence[float], part: str = "test", variant: str | None = None
    ) -> Measured:
        """CD needs fewer epochs over some values together, each an input set; `where` says which they are."""
        return (
            f"{where}, values with at least half of the pairs telling: {FASTER[0]}, {OVER_SETS}",
            FASTER[1],
            lambda results: speedup_claims.together(self.compared(results, part, variant), values),
        )

    def slower_over(
        self, where: str, values: Sequence[float], part: str = "test", variant: str | None = None
    ) -> Measured:
        """CD needs more epochs over some values together."""
        return (
            f"{where}, values with at least half of the pairs telling: the 95 % interval of GD/CD, {OVER_SETS}, lies "
            "below 1",
            "it lies at or above 1",
            lambda results: speedup_claims.together(self.compared(results, part, variant), values, slower=True),
        )

    def each(
        self,
        where: str,
        values: Sequence[float],
        part: str = "test",
        variant: str | None = None,
        *,
        slower: bool = False,
    ) -> Measured:
        """CD needs fewer epochs, or more, at every one of some values."""
        side, contrary = ("below", "above") if slower else ("above", "below")
        return (
            f"{where}: the 95 % interval of GD/CD, over students, lies {side} 1 at every one",
            f"at one it lies {contrary} 1",
            lambda results: speedup_claims.each(self.compared(results, part, variant), values, slower=slower),
        )

    def below_level(self, where: str, values: Sequence[float]) -> Measured:
        """Epochs with flips against the level of gradient descent, unpaired."""
        return (
            f"{where}: fewer epochs than gradient descent's level at every one, Welch's t-test p < {LEVEL:g}, Holm "
            "over the values",
            f"more at one, p < {LEVEL:g}",
            lambda results: speedup_t_tests.against_level(self.compared(results, "test"), values),
        )

    @property
    def grid(self) -> tuple[float, ...]:
        """The paper's values at which the rules are compared."""
        return tuple(value for value in self.scales["paper"].values if self.axis != FLIPS or value > 0)

    def pooled(
        self,
        part: str,
        variant: str | None = None,
        *,
        where: str = "all cells",
        values: Sequence[float] | None = None,
        slower: bool = False,
    ) -> Measured:
        """The paper's paired t-test over all cells together, or over those of some values; `where` says which."""
        grid, whose = (self.grid, "the paper's") if values is None else (values, "the claim's")
        fewer, more = f"fewer under CD, p < {LEVEL:g}", f"more under CD, p < {LEVEL:g}"
        return (
            f"paired t-test of epochs over the pairs of {where} together: {more if slower else fewer}",
            fewer if slower else more,
            lambda results: speedup_t_tests.pooled_t(
                self.compared(results, part, variant),
                grid=grid,
                whose=whose,
                slower=slower,
                unit="student" if self.axis == FLIPS else "input set",
            ),
        )

    def no_gain(self, where: str, values: Sequence[float], part: str, *, margin: float) -> Measured:
        """CD gains nothing over some values together; `where` says which they are."""
        return (
            f"{where}, values with at least half of the pairs telling: the 95 % interval of GD/CD, {OVER_SETS}, lies "
            f"below {margin:g}",
            "it lies at or above that",
            lambda results: speedup_claims.no_gain(self.compared(results, part), values, margin=margin),
        )

    def never_reached(self, part: str, *, up_to: float, of: str) -> Measured:
        """Hardly any student up to a value gets below the threshold; `of` says whose trials."""
        return (
            *shares.at_least(HARDLY_ANY, f"of the trials {of}", trials=True),
            lambda results: speedup_claims.never_reached(results[self.key], part, self.axis, up_to=up_to),
        )

    def out_of_reach(self, *, up_to: float, of: str) -> Measured:
        """Students up to a value never get their training error below the threshold, by runs or by their norms."""
        return (
            *_excluded(of),
            lambda results: kept_norms.never_reached(
                results[self.key], results.data.get(self.least_errors), self.axis, up_to=up_to, least=NEVER
            ),
        )

    def gain_grows(self, part: str) -> Measured:
        """The gain grows along the axis."""
        among = f"Kendall's correlation of GD/CD with {_VALUE[self.axis]} over input sets"
        return (
            f"{among} positive, p < {LEVEL:g}",
            f"negative, p < {LEVEL:g}",
            lambda results: speedup_claims.gain_grows(self.compared(results, part)),
        )


def figure_of(panels: Panels, axis: str) -> "Picture":
    """One panel a dataset and error: GD and CD along an axis, or CD against the level of GD by number of flips.

    Args:
        panels: title, dataset, "train" or "test".
        axis: name of the axis.

    Returns:
        The figure.
    """
    from matplotlib import pyplot as plt

    columns = len(panels) if len(panels) <= 3 else 2
    rows = -(-len(panels) // columns)
    width = style.COLUMN_INCHES if columns == 1 else style.PAGE_INCHES
    figure, axes = plt.subplots(rows, columns, figsize=(width, 2.3 * rows), squeeze=False)
    for panel, (title, data, part) in zip(axes.flat, panels, strict=False):
        if axis == FLIPS:
            _flips_panel(panel, data, part)
        else:
            _rules_panel(panel, data, part, axis)
        panel.set_title(title)
        panel.set_ylabel(f"epochs to {_ERROR[part]} error {power_of_ten(THRESHOLD)}")
    empty = axes.flat[len(panels) :]
    for panel in empty:
        panel.axis("off")
    first = axes.flat[0]
    if len(empty):
        empty[0].legend(*first.get_legend_handles_labels(), loc="upper left", handlelength=1.8)
    else:
        legends.place(first, handlelength=1.8)
    text = (
        "Means; bars: a standard error, as a factor. Hollow: lower bounds, some trials never get there and count "
        "as the last epoch (dashed). On top: ✱ faster, ○ slower than GD, by the 95 % interval of the ratio over "
        "students."
    )
    note(figure, text)
    return figure


def _rules_panel(panel: "Axes", data: "xr.Dataset", part: str, axis: str) -> None:
    epochs = needed(data, part).transpose("rule", axis, "trial")
    values = epochs[axis].values.tolist()
    tables = {str(rule): epochs.sel(rule=rule).values for rule in epochs.rule.values}
    draw_epochs(panel, values, tables, last=last_epoch(data), tested=signs(rules_compared(data, part, axis)))
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


def signs(compared: Mapping[float, Compared]) -> dict[float, int]:
    """Value → 1 where the second condition is faster by its interval, −1 where slower, 0 otherwise."""
    return {value: found.direction for value, found in compared.items()}


def _logarithmic(panel: "Axes", values: Sequence[float]) -> None:
    """Tick the values themselves, and name as many as fit."""
    from matplotlib.ticker import FixedLocator, NullFormatter

    grid = panel.get_subplotspec()
    columns = grid.get_gridspec().ncols if grid is not None else 1
    # Four digits take a quarter of an inch, what stands beside the axes half a one.
    inches = max(0.5, holder(panel).get_figwidth() / columns - 0.5)

    panel.set_xscale("log")
    shown = named_ticks(values, apart=(max(values) / min(values)) ** (0.3 / inches))
    panel.set_xticks(shown, [f"{value:g}" for value in shown])
    panel.xaxis.set_minor_locator(FixedLocator([value for value in values if value not in shown]))
    panel.xaxis.set_minor_formatter(NullFormatter())
