"""Figure 11a: epochs to the threshold against the number of training samples, without normalisation."""

from typing import TYPE_CHECKING

from curldescent.paper.machinery import epochs, without_norms
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.epochs_panels import rules_figure
from curldescent.paper.machinery.without_norms import VARIANTS, Values

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

LARGE = 2000


def experiments(scale: Scale) -> Experiments:
    """Training sets from 100 to 2000 samples; tanh, linear, and normal weights."""
    by_scale: dict[Scale, tuple[Values, int]] = {
        "quick": ({"tanh": ((100, 500, 2000), 8), "linear": ((100, 500, 2000), 8), "normal": ((2000,), 6)}, 4_000),
        "standard": (
            {"tanh": ((100, 500, 1000, 2000), 20), "linear": ((100, 500, 1000, 2000), 20), "normal": ((2000,), 10)},
            20_000,
        ),
        "paper": (dict.fromkeys(VARIANTS, (epochs.SAMPLES, 10)), 100_000),
    }
    values, last = by_scale[scale]
    return without_norms.sweeps("fig11a", "n_train", values, epochs_at_most=last)


def draw(results: Results) -> "Picture":
    """Tanh students, then the variants."""
    return rules_figure(without_norms.panels(results, "fig11a"), "n_train")


def large(results: Results, variant: str, part: str) -> Finding:
    """The largest P of a variant."""
    data = results[without_norms.name_of("fig11a", variant)]
    return epochs.faster(epochs.rules_compared(data, part, "n_train"), LARGE)


def large_test(results: Results) -> Finding:
    """Tanh, test error."""
    return large(results, "tanh", "test")


def large_train(results: Results) -> Finding:
    """Tanh, training error."""
    return large(results, "tanh", "train")


def linear(results: Results) -> Finding:
    """Linear students, test error."""
    return large(results, "linear", "test")


def normal(results: Results) -> Finding:
    """Normal weights, test error."""
    return large(results, "normal", "test")


_CRITERION = "at P = 2000: lower mean, and Wilcoxon signed-rank p < 0.05 over paired students"

FIGURE = Figure(
    "fig11a",
    title="Figure 11a: speed-up and training-set size, without normalisation",
    about=(
        "As figure 5c, with weights that are not rescaled after every update: norms are free to change. Beside tanh "
        "students with uniform weights, linear students, and tanh students whose weights are drawn from a normal "
        "distribution."
    ),
    origin="paper",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "large P, test",
            "The speed-up does not hinge on normalisation: with many samples CD reaches the test error sooner than GD.",
            _CRITERION,
            large_test,
        ),
        Claim("large P, training", "The same holds for the training error.", _CRITERION, large_train),
        Claim("linear", "Linear students reach the test error sooner under CD.", _CRITERION, linear),
        Claim("normal weights", "So do tanh students with normal weights.", _CRITERION, normal),
    ),
    departures=("A trial ends once both errors are below 1e-3, which changes no epoch.",),
)
