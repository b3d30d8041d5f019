"""Control: both rules with their own best learning rate."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from curldescent.paper.machinery import controls
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.control_drawing import EPOCHS_LABEL
from curldescent.paper.machinery.controls import Arm
from curldescent.paper.machinery.effects import difference_of
from curldescent.plots import labels, legends, style
from curldescent.plots.arms import plain_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

NAME = "control-learning-rate"
# Total step of an epoch; the base setting's 0.1 comes first.
RATES = (0.1, 0.3, 1.0, 3.0, 10.0, 20.0, 30.0, 50.0, 100.0)
# Trials that do not settle run to the end; this is three times what the slowest rate needs.
MOST_EPOCHS = 10_000
# Rules that differ by less than one step of the grid of rates are called equally stable.
LOST_RATES = 1.0


def experiments(scale: Scale) -> Experiments:
    """A grid of learning rates for both rules."""
    size = controls.SIZES[scale]
    shorter = {"epochs": min(size.epochs, MOST_EPOCHS)}
    return {NAME: controls.sweep(size, controls.RULES, axes={"learning_rate": list(RATES)}, training=shorter)}


def by_rate(results: Results, rule: str) -> dict[float, Arm]:
    """Learning rate → arm of a rule."""
    data = results[NAME]
    return {float(rate): controls.arm(data, rule=rule, learning_rate=rate) for rate in data.learning_rate.values}


def best(results: Results, rule: str) -> tuple[float, Arm]:
    """The learning rate with the lowest mean, among those, if any, at which every trial reached the threshold."""
    every = by_rate(results, rule)
    sure = {rate: arm for rate, arm in every.items() if arm.reached.all()} or every
    rate = min(sure, key=lambda r: float(sure[r].epochs.mean()))
    return rate, sure[rate]


def arms(results: Results) -> dict[str, Arm]:
    """Both at their best, and at the base setting's rate."""
    base = {f"{rule}, η = {RATES[0]:g}": by_rate(results, rule)[RATES[0]] for rule in controls.RULES}
    return base | {f"{rule}, best η": best(results, rule)[1] for rule in controls.RULES}


def best_against_best(results: Results) -> Finding:
    """Paired comparison of the two at their own best rates."""
    found = arms(results)
    finding = controls.faster(lambda _: found, "GD, best η", "CD, best η")(results)
    rates = {rule: best(results, rule)[0] for rule in controls.RULES}
    said = f"{finding.said}; best η: GD {rates['GD']:g}, CD {rates['CD']:g}"
    return replace(finding, said=said, numbers={**finding.numbers, "best": rates})


def stability(results: Results) -> Finding:
    """The rates at which a student reaches the threshold, and the largest at which every one does."""
    largest, stood = {}, {}
    for rule in controls.RULES:
        every = by_rate(results, rule)
        sure = [rate for rate, arm in every.items() if arm.reached.all()]
        largest[rule] = max(sure, default=0.0)
        # How many rates each student stands.
        stood[rule] = np.sum([arm.reached for arm in every.values()], axis=0)
    if few := controls.too_few(len(stood["GD"])):
        return few
    fewer = difference_of(stood["GD"], stood["CD"])
    low, high = fewer.interval()
    said = (
        ", ".join(f"{rule} reaches the threshold in every trial up to η = {rate:g}" for rule, rate in largest.items())
        + f"; of {len(RATES)} rates a student stands {fewer.value:.2f} [{low:.2f}, {high:.2f}] fewer under CD"
    )
    numbers = {"largest": largest, "fewer": fewer.value, "interval": [low, high]}
    return fewer.judge_below(LOST_RATES).finding(said, numbers)


def draw(results: Results) -> "Picture":
    """Epochs against learning rate, geometric mean and range over trials; crosses where trials miss the threshold."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(style.COLUMN_INCHES, 2.7))
    for rule, colour in (("GD", style.GRADIENT_DESCENT), ("CD", style.CURL_DESCENT)):
        every = by_rate(results, rule)
        rates = np.array(list(every))
        values = np.array([arm.epochs for arm in every.values()])
        axis.fill_between(rates, values.min(axis=1), values.max(axis=1), color=colour, alpha=0.15, linewidth=0)
        means = np.exp(np.log(values).mean(axis=1))
        axis.plot(rates, means, "o-", markersize=3.5, color=colour, label=rule)
        missed = np.array([not arm.reached.all() for arm in every.values()])
        axis.plot(rates[missed], means[missed], "x", markersize=6, color=colour)
        rate, found = best(results, rule)
        axis.plot(rate, np.exp(np.log(found.epochs).mean()), "*", markersize=9, color=colour)
    axis.plot([], [], "*", color="0.3", markersize=9, linestyle="none", label="best rate")
    axis.plot([], [], "x", color="0.3", linestyle="none", label="not every trial gets there")
    axis.set(xscale="log", yscale="log", xlabel=labels.RATE, ylabel=EPOCHS_LABEL)
    axis.set_title("Learning rate, tuned for each rule")
    plain_ticks(axis)
    legends.place(axis, prefer="lower left")
    return figure


FIGURE = Figure(
    NAME,
    title="Control: learning rates tuned for both",
    about=(
        "Epochs to a training error of 1e-3 against the learning rate; line: geometric mean, band: range over trials. "
        "Stars: the best rate of each rule, the lowest mean where every trial reaches the threshold. Both are "
        "chosen on the trials they are compared on, a bias that favours neither."
    ),
    origin="control",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "best against best",
            "With its best learning rate curl descent is faster than gradient descent with its own.",
            *controls.FASTER,
            best_against_best,
            changes=(controls.INTERVALS,),
        ),
        controls.faster_claim(
            "tuned gradient descent",
            "Gradient descent with a tuned rate is faster than curl descent with the paper's: what is compared are "
            "rules at the same step, not the best that either can do.",
            arms,
            f"CD, η = {RATES[0]:g}",
            "GD, best η",
        ),
        Claim(
            "stability",
            "Curl descent stands learning rates as large as gradient descent does.",
            f"of the rates of the grid, at which a student reaches the threshold, curl descent has fewer by less than "
            f"{LOST_RATES:g}: the 95 % interval over students lies below that",
            "it lies above that",
            stability,
            changes=("2026-11-27: by the rates that each student stands, in place of the largest that all stand.",),
        ),
    ),
)
