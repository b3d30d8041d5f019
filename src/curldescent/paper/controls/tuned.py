"""Control: learning rate and norm budget tuned together, for each rule, best against best.

The grids were chosen from six students of two input sets that are not in them (seeds 0 and 1000). There both rules
were below 1e-3 within a single pass through the 2000 samples at their best, which is why samples are counted and not
epochs, and why there is a second, lower threshold, to which runs take tens of epochs. The criteria were written before
the run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curldescent.paper.machinery import speedup_protocol, tuned_runs
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.effects import MARGIN, Effect, ratio_of
from curldescent.paper.machinery.wording import decimal, power_of_ten
from curldescent.plots import labels, legends, style
from curldescent.plots.arms import plain_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

Array = NDArray[np.float64]
NAME, STRICT = "control-tuned", "control-tuned-strict"
SAMPLES = 2000
STRICT_THRESHOLD = 1e-4
# Norm budgets and rates for the paper's threshold, and for the lower one.
STUDENTS, RATES = (0.6, 0.7, 0.85, 1.0, 1.15), (30.0, 50.0, 100.0, 150.0, 200.0, 300.0)
STRICT_STUDENTS, STRICT_RATES = (0.5, 0.6, 0.7, 0.8, 1.0), (50.0, 100.0, 200.0, 400.0)


@dataclass(frozen=True)
class Size:
    """How large a scale's grids are.

    Args:
        sets: input sets.
        trials: students a set.
        passes: epochs that a run to the paper's threshold gets at most.
        every: updates between looks at the error.
        epochs: those that a run to the lower threshold gets at most.
        thinned: every so many of the rates and scales are taken.
    """

    sets: int
    trials: int
    passes: int
    every: int
    epochs: int
    thinned: int = 1


SIZES: Mapping[Scale, Size] = {
    "quick": Size(3, 2, 1, 5, 60, thinned=2),
    "standard": Size(8, 3, 2, 4, 300),
    "paper": Size(24, 5, 10, 2, 2_000),
}


@dataclass(frozen=True, eq=False)
class Tuned:
    """A rule's cost over scale and rate.

    Args:
        needed: (scales, rates, sets, trials), samples or epochs.
        reached: the same shape, which runs reached the threshold.
        students: scales.
        rates: learning rates.
    """

    needed: Array
    reached: NDArray[np.bool_]
    students: Sequence[float]
    rates: Sequence[float]

    def best(self) -> tuple[list[tuple[float, float]], Array]:
        """The (scale, rate) that is best in the other input sets, and what this set's students need with it."""
        settings = self.needed.reshape(-1, *self.needed.shape[2:])
        chosen, needed = tuned_runs.chosen_elsewhere(settings)
        rows, columns = np.unravel_index(chosen, self.needed.shape[:2])
        return [(self.students[r], self.rates[c]) for r, c in zip(rows, columns, strict=True)], needed


def experiments(scale: Scale) -> Experiments:
    """Samples to the paper's threshold, by a loop that looks within epochs; epochs to the lower one, by a sweep."""
    size = SIZES[scale]
    return {
        NAME: Computation(
            tuned_runs.samples_needed,
            {
                "sets": size.sets,
                "trials": size.trials,
                "students": list(STUDENTS[:: size.thinned]),
                "rates": list(RATES[:: size.thinned]),
                "n_train": SAMPLES,
                "epochs": size.passes,
                "every": size.every,
            },
            identity="curldescent.paper.tuned_runs.samples_needed",
        ),
        STRICT: tuned_runs.plane(
            size.sets,
            size.trials,
            STRICT_STUDENTS[:: size.thinned],
            STRICT_RATES[:: size.thinned],
            n_train=SAMPLES,
            epochs=size.epochs,
            record=list(range(size.epochs + 1)),
            threshold=STRICT_THRESHOLD,
        ),
    }


def tuned(results: Results, experiment: str) -> dict[str, Tuned]:
    """Rule → what it needs at every scale and rate."""
    data = results[experiment]
    dims = ("rule", "student_scale", "learning_rate", "seed", "trial")
    if "samples" in data:
        needed, reached = data.samples, data.reached
    else:
        needed, reached = speedup_protocol.needed(data, "train"), data.stopped_at >= 0
    students, rates = (data[name].values.tolist() for name in ("student_scale", "learning_rate"))
    needed, reached = needed.transpose(*dims), reached.transpose(*dims)
    return {
        rule: Tuned(needed.sel(rule=rule).values, reached.sel(rule=rule).values, students, rates)
        for rule in ("GD", "CD")
    }


def best_against_best(results: Results, experiment: str) -> tuple[Effect, dict[str, list[tuple[float, float]]], str]:
    """The ratio of the tuned rules over input sets, what was chosen, and both in words."""
    found = {rule: table.best() for rule, table in tuned(results, experiment).items()}
    sets, trials = found["GD"][1].shape
    effect = ratio_of(found["GD"][1].ravel(), found["CD"][1].ravel(), np.repeat(np.arange(sets), trials))
    chosen = {rule: settings for rule, (settings, _) in found.items()}
    unit = "samples" if experiment == NAME else "epochs"
    means = {rule: float(np.exp(np.log(needed).mean())) for rule, (_, needed) in found.items()}
    words = "; ".join(
        f"{rule}: {means[rule]:.0f} {unit} in the geometric mean, with {_settings(settings)}"
        for rule, settings in chosen.items()
    )
    return effect, chosen, f"GD/CD {effect.said}; {words}"


def _settings(chosen: Sequence[tuple[float, float]]) -> str:
    """Which settings were chosen, the most frequent first."""
    counts = sorted(((chosen.count(one), one) for one in set(chosen)), reverse=True)
    return ", ".join(f"scale {s:g}, η = {rate:g} ({count} of {len(chosen)} sets)" for count, (s, rate) in counts)


def faster(experiment: str, results: Results) -> Finding:
    """Is tuned curl descent faster than tuned gradient descent?"""
    effect, chosen, said = best_against_best(results, experiment)
    return Finding(effect.faster(), said, {**effect.numbers, "chosen": chosen}, effect.p_value)


def equivalent(results: Results) -> Finding:
    """Do the tuned rules need the same number of samples, within the margin?"""
    effect, chosen, said = best_against_best(results, NAME)
    p = effect.equivalence_p(MARGIN)
    low, high = effect.interval_at(0.1)
    said = f"{said}; 90 % interval [{low:.2f}, {high:.2f}], equivalence p = {p:.2g}"
    holds = effect.equivalent(MARGIN)
    numbers = {**effect.numbers, "equivalence_p": p, "chosen": chosen}
    return Finding(holds, said, numbers, effect.difference_p(MARGIN) if holds is False else p)


def draw(results: Results) -> "Picture":
    """For both thresholds, the best over rates at every scale, and the best over scales at every rate."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(style.PAGE_INCHES, 4.6), sharey="row")
    said = {
        NAME: f"samples to error {power_of_ten(speedup_protocol.THRESHOLD)}",
        STRICT: f"epochs to error {power_of_ten(STRICT_THRESHOLD)}",
    }
    for (experiment, label), (scales, rates) in zip(said.items(), axes, strict=True):
        for rule, table in tuned(results, experiment).items():
            colour = style.GRADIENT_DESCENT if rule == "GD" else style.CURL_DESCENT
            means = np.exp(np.log(table.needed).mean(axis=(2, 3)))
            sure = np.asarray(table.reached.all(axis=(2, 3)))
            _line(scales, table.students, means, sure, axis=1, colour=colour, label=rule)
            _line(rates, table.rates, means, sure, axis=0, colour=colour, label=rule)
        scales.set(ylabel=label, xlabel="initial scale (norm budget)", yscale="log")
        rates.set(xscale="log", xlabel=labels.RATE)
        plain_ticks(rates)
        plain_ticks(scales, along="y")
        scales.set_title("Each scale at its best rate")
        rates.set_title("Each rate at its best scale")
    axes[0, 0].plot([], [], "x", color="0.3", linestyle="none", label="not every trial gets there")
    legends.place(axes[0, 0])
    return figure


def _line(
    panel: "Axes",
    values: Sequence[float],
    means: Array,
    sure: NDArray[np.bool_],
    *,
    axis: int,
    colour: str,
    label: str,
) -> None:
    """The lowest mean along an axis of the grid, crossed out where trials miss the threshold."""
    best = means.argmin(axis=axis)
    place = (np.arange(len(best)), best) if axis == 1 else (best, np.arange(len(best)))
    panel.plot(values, means[place], "o-", markersize=3.5, color=colour, label=label)
    missed = ~sure[place]
    panel.plot(np.array(values)[missed], means[place][missed], "x", markersize=6, color=colour)


_FASTER = "the 95 % interval of GD/CD, Student's over input sets, lies above 1", "it lies below 1"
_FIXED = "2026-11-27"

FIGURE = Figure(
    NAME,
    title="Control: learning rate and norm budget tuned together",
    about=(
        f"Tanh students of the base setting, {SAMPLES} samples, norms preserved at their initial values: for each rule "
        "the learning rate and the initial scale, which is the norm budget, are chosen together. Samples seen until "
        f"the training error is below {decimal(speedup_protocol.THRESHOLD)}, and epochs until it is below "
        f"{decimal(STRICT_THRESHOLD)}. What is best is chosen on all input sets but one and measured on that one, for "
        "each in turn, so that no student is judged with a setting it helped to choose. Lines: geometric means over "
        "all students; a run that does not get there counts with its last sample or epoch."
    ),
    origin="control",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "best against best",
            "With learning rate and norm budget of its own, curl descent needs fewer samples than gradient descent.",
            *_FASTER,
            lambda results: faster(NAME, results),
            fixed=_FIXED,
        ),
        Claim(
            "equal",
            "So tuned, the rules need the same number of samples.",
            f"two one-sided t-tests at 5 % say that the ratio is within a factor {MARGIN:g} of 1",
            "its 95 % interval lies outside of that factor",
            equivalent,
            fixed=_FIXED,
        ),
        Claim(
            "lower threshold",
            f"With both tuned for an error of {decimal(STRICT_THRESHOLD)}, curl descent needs fewer epochs.",
            *_FASTER,
            lambda results: faster(STRICT, results),
            fixed=_FIXED,
        ),
    ),
)
