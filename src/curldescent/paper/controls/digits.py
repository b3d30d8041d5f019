"""Control: handwritten digits, a classification of measured data."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.paper.machinery import controls
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.controls import Arm
from curldescent.paper.machinery.effects import Estimate, difference_of
from curldescent.paper.machinery.judged import Judged
from curldescent.paper.machinery.statistics import standard_error
from curldescent.plots import labels, legends, style
from curldescent.plots.arms import draw_arms, plain_ticks

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Picture

NAME = "control-digits"
HIDDEN = 30
DIGITS_THRESHOLD = 0.03
# Percentage points of test accuracy; 3.6 of the 360 test images.
SMALL_COST = 1.0
RULES = {"GD": 0, "CD, 1 of 30": 1, "CD, 3 of 30": 3, "CD, 9 of 30": 9}


def experiments(scale: Scale) -> Experiments:
    """One computation for all rules: they share data and students."""
    trials, epochs = {"quick": (6, 150), "standard": (10, 400), "paper": (10, 2000)}[scale]
    return {
        NAME: Computation(
            digits,
            {"trials": trials, "epochs": epochs},
            identity="curldescent.paper.control_digits.digits",
            needs=("sklearn",),
        )
    }


def digits(trials: int, epochs: int) -> "xr.Dataset":
    """Training-error curves, epochs to the threshold and final test accuracy of every rule."""
    import curldescent as cd

    problem = cd.from_data(
        "digits", n_hidden=HIDDEN, activation="tanh", output_activation="sigmoid", trials=trials, seed=0
    )
    rules = {name: cd.Plasticity(readout=np.where(np.arange(HIDDEN) < k, -1.0, 1.0)) for name, k in RULES.items()}
    record = cd.log_epochs(epochs, controls.POINTS).tolist()
    history = cd.train(problem, rules, epochs=epochs, learning_rate=1.0, batch_size=10, record=record, seed=0)
    needed = cd.epochs_to_threshold(history.train_error, DIGITS_THRESHOLD, never="last")
    reached = (history.train_error < DIGITS_THRESHOLD).any("epoch")
    made = controls.arms_dataset(
        {name: (needed.sel(rule=name).values, reached.sel(rule=name).values) for name in RULES}
    )
    made["train_error"] = (("arm", "trial", "epoch"), history.train_error.values)
    made["accuracy"] = (("arm", "trial"), cd.accuracy(problem, history).sel(rule=list(RULES)).values)
    return made.assign_coords(epoch=record)


def arms(results: Results) -> dict[str, Arm]:
    """The rules."""
    return controls.computed_arms(results[NAME])


def accuracy(results: Results) -> tuple[Estimate, str, dict[str, Any]]:
    """What one flip costs of the final test accuracy, in percentage points, in words and as numbers."""
    data = results[NAME].accuracy
    gd, cd = (100 * data.sel(arm=name).values for name in ("GD", "CD, 1 of 30"))
    cost = difference_of(gd, cd)
    low, high = cost.interval()
    said = (
        f"GD {gd.mean():.1f} ± {standard_error(gd):.1f} %, CD {cd.mean():.1f} ± {standard_error(cd):.1f} %; cost "
        f"{cost.value:.2f} [{low:.2f}, {high:.2f}] percentage points over {cost.n} {cost.over}"
    )
    return cost, said, {"gd": gd.mean(), "cd": cd.mean(), "cost": cost.value, "interval": [low, high]}


def _cost(verdict: Callable[[Estimate], Judged]) -> Callable[[Results], Finding]:
    def measure(results: Results) -> Finding:
        if few := controls.too_few(results[NAME].sizes["trial"]):
            return few
        cost, said, numbers = accuracy(results)
        return verdict(cost).finding(said, numbers)

    return measure


def draw(results: Results) -> "Picture":
    """Curves and epochs to the threshold."""
    import matplotlib.pyplot as plt

    from curldescent.plots.learning_curves import draw_curves

    data = results[NAME]
    figure, (curves, rows) = plt.subplots(1, 2, figsize=(style.PAGE_INCHES, 2.5))
    for name, colour in zip(RULES, (style.GRADIENT_DESCENT, *style.CYCLE[1:]), strict=False):
        draw_curves(curves, data.train_error.sel(arm=name), colour=colour, label=name)
    curves.axhline(DIGITS_THRESHOLD, color=style.THEORY, linewidth=0.8, linestyle="--")
    curves.set_ylabel(labels.mathematical("training error ½⟨‖ŷ − y‖²⟩"))
    curves.set_title("Digits")
    draw_arms(
        rows,
        {name: (arm.epochs, arm.reached) for name, arm in arms(results).items()},
        label=f"epochs to training error {DIGITS_THRESHOLD:g}",
    )
    plain_ticks(rows)
    rows.set_title("Same students, paired")
    legends.place(curves, prefer="lower left")
    return figure


FIGURE = Figure(
    NAME,
    title="Control: handwritten digits",
    about=(
        "scikit-learn's digits, 1438 training images; 64 inputs, 30 tanh neurons, 10 sigmoid outputs, batch 10, total "
        f"step 1 an epoch, free norms. Epochs to a training error of {DIGITS_THRESHOLD:g} and test accuracy at the end."
    ),
    origin="control",
    experiments=experiments,
    draw=draw,
    curves=True,
    claims=(
        controls.faster_claim(
            "one flip", "One flipped readout neuron of 30 is faster than gradient descent.", arms, "GD", "CD, 1 of 30"
        ),
        controls.faster_claim(
            "three flips", "Three of 30 are faster than gradient descent.", arms, "GD", "CD, 3 of 30"
        ),
        Claim(
            "accuracy",
            "One flip costs test accuracy.",
            "the 95 % interval over students of the difference in final test accuracy, gradient descent minus curl "
            "descent, lies above 0",
            "it lies below 0",
            _cost(lambda cost: cost.judge_above(0.0)),
            changes=(
                "2026-11-27: a cost, by its interval, in place of none, by means that differ by less than a point.",
            ),
        ),
        Claim(
            "small cost",
            f"It costs less than {SMALL_COST:g} percentage point.",
            f"the 95 % interval lies below {SMALL_COST:g}",
            "it lies above that",
            _cost(lambda cost: cost.judge_below(SMALL_COST)),
            changes=("2026-11-27: by the interval in place of the difference of means.",),
        ),
    ),
)
