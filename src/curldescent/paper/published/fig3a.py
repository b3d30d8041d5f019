"""Figure 3a and its inset: test error of linear students trained with flipped inputs, over ratio and fraction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from curldescent.paper.machinery import boundary_claims, shares
from curldescent.paper.machinery.border_values import border_value
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Ours, Published, Results, Scale
from curldescent.paper.machinery.phase_sweeps import ENDS_EARLY, from_random_start, on_the_way
from curldescent.plots.sweeps import error_map
from curldescent.sweeps import lin, log

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Picture


@dataclass(frozen=True)
class Map:
    """One of the two maps.

    Args:
        key: of the figure, and the name of its sweep.
        ratio: the grid of ratios, from its number of points.
        scales: scale → ratios, fractions, epochs, trials.
        title: on the picture.
        keep: what the sweep keeps beside the final errors.
        columns: scale → how many of the smallest ratios of its grid are run; all where it is not named.
    """

    key: str
    ratio: Callable[[int], Sequence[float]]
    scales: Mapping[Scale, tuple[int, int, int, int]]
    title: str
    keep: Mapping[str, Any]
    columns: Mapping[Scale, int] = field(default_factory=dict)

    def experiments(self, scale: Scale) -> Experiments:
        """The grid of 220 neurons."""
        points, fractions, epochs, trials = self.scales[scale]
        ratio, hidden = self.ratio(points)[: self.columns.get(scale)], lin(0, 1, fractions)
        looked_at = on_the_way(scale, epochs)
        keep = {} if looked_at else self.keep
        map_ = from_random_start("linear", ratio, hidden, epochs=epochs, trials=trials, keep=keep, looked_at=looked_at)
        return {self.key: map_}

    def errors(self, results: Results) -> "xr.DataArray":
        """Test errors after the last epoch."""
        return boundary_claims.errors_of(results[self.key], "final_test_error")

    def draw(self, results: Results) -> "Picture":
        """The heat map with the theory's boundary."""
        error = boundary_claims.drawn(self.errors(results), "log mean")
        return error_map(error, label=r"final test error, mean of $\log_{10}$", title=self.title)

    def claims(self, *, margin: float) -> tuple[Claim, ...]:
        """The claims that both maps share: both sides of the boundary, and where it is."""
        return (
            Claim(
                "stable side",
                "On the stable side of theory's boundary students learn to machine precision.",
                *boundary_claims.stable_side(self.errors, below=1e-14, margin=margin),
                statistic="paper",
                changes=(_STATISTIC, shares.INTERVALS),
            ),
            Claim(
                "unstable side",
                "On the unstable side the error stays high.",
                *boundary_claims.unstable_side(self.errors, above=1e-4, margin=margin),
                statistic="paper",
                changes=(_STATISTIC, shares.INTERVALS),
            ),
            Claim(
                "where learning ends",
                "The ratio up to which students learn is the critical ratio, as far as the paper's map can show.",
                *boundary_claims.border(self.errors),
                statistic="paper",
                changes=(_STATISTIC, "2026-11-27: over the mean of the fractions in place of the typical one."),
            ),
            Claim(
                "exactly at c*",
                "The ratio up to which students learn is the critical ratio of infinitely large networks itself.",
                *boundary_claims.border(self.errors, within=boundary_claims.AT),
                fixed="2026-11-27",
            ),
            Claim(
                "exactly at c*, median",
                "The same by the median trial.",
                *boundary_claims.border(self.errors, within=boundary_claims.AT, kind="median"),
                fixed="2026-11-27",
            ),
        )

    def published(self, value: float) -> tuple[Published, ...]:
        """The authors' border beside ours, and the error well beyond it."""
        return (
            Published("c observed / c*, geometric mean over fractions", value, border_value(self.errors), ".2f"),
            Published("error well beyond the boundary, order of magnitude", 1e-2, self.error_beyond, ".0e"),
        )

    def error_beyond(self, results: Results) -> Ours | None:
        """The median over unstable cells of the mean of log10: no error, the paper's is an order of magnitude."""
        error = self.errors(results)
        _, unstable = boundary_claims.sides(error)
        cells = boundary_claims.summary(error, "log mean").transpose(*unstable.dims).values[unstable.values]
        return Ours(boundary_claims.middle(cells)) if cells.size else None


# After the runs at standard scale had been seen, before those of the paper's own.
_STATISTIC = "2026-11-27: mean of log10 with the paper's floor in place of the median."
WHOLE = Map(
    "fig3a",
    lambda points: log(0.1, 100, points),
    {
        "quick": (7, 6, 3_000, 3),
        "standard": (20, 21, 10_000, 10),
        "subset": (20, 21, 100_000, 10),
        "paper": (20, 21, 100_000, 10),
    },
    "Linear students, flipped inputs",
    {"maximum_error": True, "lambda_min": True},
    # Up to c = 0.89: every boundary lies between 0.25 and 0.5.
    {"subset": 7},
)
AROUND = Map(
    "fig3a-inset",
    lambda points: lin(0.1, 0.7, points),
    {
        "quick": (5, 6, 10_000, 2),
        "standard": (10, 11, 20_000, 3),
        "subset": (20, 6, 20_000, 10),
        "paper": (20, 21, 20_000, 10),
    },
    "Around the boundary",
    {},
)
_SIDES = WHOLE.claims(margin=boundary_claims.MARGIN)

FIGURE = Figure(
    WHOLE.key,
    title="Figure 3a: linear students with flipped inputs",
    about=(
        "Linear students of 220 neurons in all learn a random teacher from 250 samples in batches of 10, norms "
        "preserved, with the rule of the first ⌊α_h M⌋ inputs flipped. Colour: test error after the last epoch, "
        "mean of log10 over trials, 1e-15 at least; line: the critical ratio of theory."
    ),
    origin="paper",
    experiments=WHOLE.experiments,
    draw=WHOLE.draw,
    claims=(
        *_SIDES[:2],
        Claim(
            "every cell",
            "Cell by cell, with none left out for being near the line, theory says where students learn.",
            *boundary_claims.every_cell(WHOLE.errors),
            statistic="paper",
            changes=(_STATISTIC, shares.INTERVALS),
        ),
        *_SIDES[2:],
    ),
    published=WHOLE.published(0.87),
    subset=lambda: WHOLE.experiments("subset"),
    departures=(ENDS_EARLY,),
)
INSET = Figure(
    AROUND.key,
    title="Figure 3a, inset: around the boundary",
    about=(
        "Figure 3a's linear students between c = 0.1 and 0.7. Colour: test error after the last epoch, mean of log10 "
        "over trials, 1e-15 at least; line: the critical ratio of theory, that of infinitely large networks; these "
        "have 20 to 90 inputs."
    ),
    origin="paper",
    experiments=AROUND.experiments,
    draw=AROUND.draw,
    claims=AROUND.claims(margin=1.2),
    published=AROUND.published(0.86),
    subset=lambda: AROUND.experiments("subset"),
    departures=(ENDS_EARLY,),
    aliases=("fig3a inset",),
)
