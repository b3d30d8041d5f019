"""Figure 5c: epochs to the threshold against the number of training samples, GD and CD, tanh students."""

from typing import TYPE_CHECKING

from curldescent.paper.machinery import epochs
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.epochs_panels import rules_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

# "Small" and "large" training sets, of 1010 weights: a quarter of them, and twice as many.
SMALL, LARGE = tuple(p for p in epochs.SAMPLES if p <= 260), 2000


def experiments(scale: Scale) -> Experiments:
    """Training sets from 100 to 2000 samples."""
    samples, trials, last = {
        "quick": ((100, 260, 1000, 2000), 6, 10_000),
        "standard": ((100, 260, 500, 1000, 1400, 2000), 10, 100_000),
        "paper": (epochs.SAMPLES, 10, 100_000),
    }[scale]
    return {"fig5c": epochs.sweep({"n_train": samples}, trials=trials, epochs=last)}


def draw(results: Results) -> "Picture":
    """Test and training error."""
    data = results["fig5c"]
    return rules_figure([("Test error", data, "test"), ("Training error", data, "train")], "n_train")


def large_test(results: Results) -> Finding:
    """Test error at the largest P."""
    return epochs.faster(epochs.rules_compared(results["fig5c"], "test", "n_train"), LARGE)


def large_train(results: Results) -> Finding:
    """Training error at the largest P."""
    return epochs.faster(epochs.rules_compared(results["fig5c"], "train", "n_train"), LARGE)


def small_train(results: Results) -> Finding:
    """Training error at small P."""
    return epochs.nowhere_faster(epochs.rules_compared(results["fig5c"], "train", "n_train"), SMALL)


def small_test(results: Results) -> Finding:
    """Test error at small P."""
    return epochs.never_reached(results["fig5c"], "test", "n_train", up_to=SMALL[-1])


def grows(results: Results) -> Finding:
    """The gain against P."""
    return epochs.gain_grows(results["fig5c"], "train", "n_train")


FIGURE = Figure(
    "fig5c",
    title="Figure 5c: speed-up and training-set size",
    about=(
        "Tanh students with 100 inputs and 10 hidden neurons, initial scale 2, norms preserved; CD flips one readout "
        "neuron in ten. Epochs until the test error (left) and the training error (right) is first recorded below "
        "1e-3, against the number of training samples. Both rules learn from the same students, teachers and sample "
        "orders."
    ),
    origin="paper",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "large P, test",
            "With many samples CD reaches the test error in fewer epochs than GD.",
            "at P = 2000: lower mean, and Wilcoxon signed-rank p < 0.05 over paired students",
            large_test,
        ),
        Claim(
            "large P, training",
            "The same holds for the training error.",
            "at P = 2000: lower mean, and Wilcoxon signed-rank p < 0.05 over paired students",
            large_train,
        ),
        Claim(
            "small P",
            "With few samples CD gains nothing on the training error.",
            "at every P ≤ 260: not faster with p < 0.05, and GD/CD (geometric mean) below 1.1",
            small_train,
        ),
        Claim(
            "gain and P",
            "The gain on the training error grows with the number of samples.",
            "Spearman correlation of GD/CD with P over all students positive, p < 0.05",
            grows,
        ),
        Claim(
            "overfitting",
            "With far fewer samples than weights no student gets below the test error at all.",
            "at least 95 % of the trials with P ≤ 260 never, under either rule",
            small_test,
        ),
    ),
    departures=(
        "A trial ends once both errors are below 1e-3, which changes no epoch; the last epoch counts 100 000, not "
        "99 999; the panel of the training error is an addition.",
    ),
)
