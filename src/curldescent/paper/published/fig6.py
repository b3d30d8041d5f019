"""Figures 6a and 6b: does the boundary of tanh networks lie at smaller ratios than that of linear ones?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.paper.machinery import boundary_claims, statistics
from curldescent.paper.machinery.boundary_claims import LEARNED, SHARE
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Measured, Results, Scale
from curldescent.paper.machinery.phase_sweeps import from_random_start, on_the_way, training_time
from curldescent.paper.machinery.statistics import FEWEST_PAIRS, LEVEL
from curldescent.paper.machinery.teachers import draw_teachers, stability_of_teachers
from curldescent.paper.machinery.wording import decimal, percent
from curldescent.plots import style
from curldescent.plots.sweeps import draw_error_map
from curldescent.sweeps import lin, log
from curldescent.theory import critical_ratio

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Picture

# Both figures share the teachers.
TEACHERS = "fig6-teachers"
# The error of students that do not learn.
UNLEARNED = 1e-2
# How far inside the stable side ratios count as small, a factor.
INSIDE = 2.0


@dataclass(frozen=True)
class Map:
    """One of the two figures.

    Args:
        key: of the figure, and the name of its sweep of tanh students.
        ratio: the grid of ratios, from its number of points.
        scales: scale → ratios, fractions, epochs, trials.
    """

    key: str
    ratio: Callable[[int], Sequence[float]]
    scales: Mapping[Scale, tuple[int, int, int, int]]

    def experiments(self, scale: Scale) -> Experiments:
        """Tanh students, linear ones with the same inputs and initial weights, and the stability of tanh teachers."""
        points, fractions, epochs, trials = self.scales[scale]
        ratio, hidden = self.ratio(points), lin(0, 1, fractions)
        # The teachers have a finer grid of their own.
        ratios, fractions, samples = {"quick": (10, 7, 2), "standard": (16, 11, 3), "paper": (24, 21, 10)}[scale]
        size: dict[str, Any] = {
            "epochs": epochs,
            "trials": trials,
            "looked_at": on_the_way(scale, epochs),
        }
        return {
            self.key: from_random_start("tanh", ratio, hidden, **size),
            f"{self.key}-linear": from_random_start("linear", ratio, hidden, **size),
            TEACHERS: stability_of_teachers(
                "tanh", "hidden", ratio=log(0.05, 1, ratios), fraction=lin(0, 1, fractions), trials=samples
            ),
        }

    def errors(self, results: Results, suffix: str = "") -> "xr.DataArray":
        """Test errors of tanh students after the last epoch, or of linear ones."""
        return results[self.key + suffix].final_test_error

    def time(self, scale: Scale) -> float:
        """Total step of the run."""
        return training_time(self.experiments(scale)[self.key])

    def draw(self, results: Results) -> "Picture":
        """Tanh and linear students side by side, each with its own colours: tanh students come nowhere near rounding.

        Dashes: half of the tanh teachers have a direction that grows e-fold within the run.
        """
        import matplotlib.pyplot as plt

        panels = {"tanh": self.errors(results), "linear, the same cells": self.errors(results, "-linear")}
        with style.figure_style():
            figure, axes = plt.subplots(1, 2, figsize=(style.PAGE_INCHES, 2.9), sharex=True, sharey=True)
            for axis, (title, error) in zip(axes, panels.items(), strict=True):
                image = draw_error_map(axis, error)
                axis.lines[1].set_label("theory, linear")
                axis.set_title(title)
                figure.colorbar(image, ax=axis, label="final test error")
            draw_teachers(axes[0], results[TEACHERS], slowest=1 / self.time(results.scale))
            axes[1].set_ylabel("")
            axes[0].legend(loc="upper right", frameon=True, framealpha=0.9, edgecolor="none", fontsize=7)
            return figure

    def moves_left(self) -> Measured:
        """The ratio up to which students learn, tanh against linear, paired by fraction and trial."""
        return (
            f"the ratio up to which students learn is smaller for tanh, Wilcoxon p < {LEVEL:g} over pairs of equal "
            f"fraction, inputs and initial weights; learned: test error below {decimal(LEARNED)} or, where gradient "
            f"descent does not get there, below the geometric mean of its error and {decimal(UNLEARNED)}",
            lambda results: _moves_left(self.errors(results), self.errors(results, "-linear")),
        )

    def kernels_move_left(self) -> Measured:
        """The ratio up to which random tanh teachers are stable, against c* of linear networks."""
        return (
            f"by their signed tangent kernels, norms preserved: up to less than c*, Wilcoxon p < {LEVEL:g} over "
            "fractions",
            lambda results: _kernels_move_left(results[TEACHERS], time=self.time(results.scale)),
        )

    def small_ratios(self) -> Measured:
        """Errors well inside the stable side of linear theory's boundary, beside gradient descent's."""
        return (
            f"most trials learn, in the sense above, in at least {percent(SHARE)} of the cells with α_h > 0 and "
            f"c < c*/{INSIDE:g}",
            lambda results: _small_ratios(self.errors(results)),
        )

    def claims(self) -> tuple[Claim, Claim]:
        """The claims that both figures share."""
        return (
            Claim(
                "moves left",
                "The boundary of tanh networks lies at smaller ratios than that of linear ones.",
                *self.moves_left(),
            ),
            Claim(
                "random solutions",
                "Random tanh networks are stable as solutions only up to smaller ratios than linear ones.",
                *self.kernels_move_left(),
            ),
        )


def as_well_as_gradient_descent(error: "xr.DataArray") -> "xr.DataArray":
    """Which trials learned, judged by what gradient descent reaches in as many epochs at that ratio.

    Args:
        error: final test errors over (ratio, hidden, trial), hidden = 0 among them.

    Returns:
        Whether the error is below 1e-8 or, where that is higher, below the geometric mean of gradient descent's median
        error at the ratio and 1e-2, that of students that do not learn.
    """
    own = error.sel(hidden=0).median("trial")
    return error <= np.maximum(LEARNED, np.sqrt(own * UNLEARNED))


def _moves_left(tanh: "xr.DataArray", linear: "xr.DataArray") -> Finding:
    ends = []
    for error in (linear, tanh):
        border = boundary_claims.observed(as_well_as_gradient_descent(error))
        ends.append(border.where(border.hidden > 0, drop=True).transpose("hidden", "trial").values.ravel())
    if len(ends[0]) < FEWEST_PAIRS:
        return Finding(None, "fewer than six pairs: no paired test can tell")
    test = statistics.paired(ends[0], ends[1])
    linear_end, tanh_end = (float(np.exp(np.log(end).mean())) for end in ends)
    said = (
        f"students learn up to c = {tanh_end:.3g} (tanh) and {linear_end:.3g} (linear) in the geometric mean of "
        f"{test.n} pairs; smaller in {test.wins}, p = {test.p_value:.2g}, d_z = {test.effect:.2f}"
    )
    return Finding(test.faster, said, {"pairs": test.n, "ratio": 1 / test.ratio, "p": test.p_value, "d_z": test.effect})


def _kernels_move_left(teachers: "xr.Dataset", *, time: float) -> Finding:
    fractions = teachers.hidden.values[teachers.hidden.values > 0]
    predicted = np.asarray(critical_ratio(hidden=fractions))
    ratio = teachers.ratio.values
    used = (predicted > ratio[0]) & (predicted < ratio[-1])
    if used.sum() < FEWEST_PAIRS:
        return Finding(None, "fewer than six fractions whose boundary lies on the grid: no paired test can tell")
    ends = [
        boundary_claims.observed((teachers.rate >= -slowest).mean("trial") >= 0.5).sel(hidden=fractions[used]).values
        for slowest in (0.0, 1 / time)
    ]
    test, visible = (statistics.paired(predicted[used], end) for end in ends)
    censored = int((ends[0] < ratio[0]).sum())
    said = (
        f"half of the tanh teachers are stable up to {1 / test.ratio:.2f} c* in the geometric mean of {test.n} "
        f"fractions, p = {test.p_value:.2g} ({censored} fractions unstable from the smallest ratio sampled, "
        f"{ratio[0]:g}, on); growth that comes to a factor e within this run begins at {1 / visible.ratio:.2f} c*"
    )
    numbers = {"fractions": test.n, "ratio": 1 / test.ratio, "p": test.p_value, "ratio_within_run": 1 / visible.ratio}
    return Finding(test.faster, said, numbers)


def _small_ratios(error: "xr.DataArray") -> Finding:
    inside, _ = boundary_claims.sides(error, margin=INSIDE)
    learned = (as_well_as_gradient_descent(error).mean("trial") > 0.5).transpose(*inside.dims).values[inside.values]
    if not learned.size:
        return Finding(None, "the grid of this scale has no such cell")
    own = float(error.sel(hidden=0).median())
    said = f"{int(learned.sum())} of {learned.size} cells learn; the median error of gradient descent is {own:.1e}"
    return Finding(bool(learned.mean() >= SHARE), said, {"passed": int(learned.sum()), "of": int(learned.size)})


WHOLE = Map(
    "fig6a",
    lambda points: log(0.1, 100, points),
    {"quick": (6, 5, 3_000, 2), "standard": (10, 6, 10_000, 2), "paper": (20, 21, 100_000, 10)},
)
AROUND = Map(
    "fig6b",
    lambda points: lin(0.1, 0.7, points),
    {"quick": (6, 5, 3_000, 2), "standard": (8, 6, 10_000, 2), "paper": (20, 21, 100_000, 10)},
)
_ADDITIONS = ("The linear students beside them and the signed tangent kernels of tanh teachers are additions.",)

FIGURE_A = Figure(
    WHOLE.key,
    title="Figure 6a: tanh students with flipped inputs",
    about=(
        "Figure 3a with tanh students and teachers, and linear ones with the same inputs and initial weights beside "
        "them. Colour: test error after the last epoch, median of the trials; line: the critical ratio of linear "
        "networks; dashes: up to where, by their own signed tangent kernels, nothing grows e-fold within the run at "
        "half of the tanh teachers."
    ),
    origin="paper",
    experiments=WHOLE.experiments,
    draw=WHOLE.draw,
    claims=(
        *WHOLE.claims(),
        Claim(
            "small ratios",
            "At small ratios tanh students with flips learn as well as without.",
            *WHOLE.small_ratios(),
        ),
        Claim(
            "unstable side",
            "Beyond the boundary of linear networks the error stays high.",
            *boundary_claims.unstable_side(WHOLE.errors, above=1e-4),
        ),
    ),
    departures=_ADDITIONS,
)
FIGURE_B = Figure(
    AROUND.key,
    title="Figure 6b: tanh students around the boundary",
    about=(
        "Figure 6a between c = 0.1 and 0.7. Colour: test error after the last epoch, median of the trials; line: the "
        "critical ratio of linear networks; dashes: up to where, by their own signed tangent kernels, nothing "
        "grows e-fold within the run at half of the tanh teachers."
    ),
    origin="paper",
    experiments=AROUND.experiments,
    draw=AROUND.draw,
    claims=AROUND.claims(),
    departures=_ADDITIONS,
)
