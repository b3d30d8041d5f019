"""Figure 10a, b: epochs to the threshold against the number of training samples, relu students."""

from typing import TYPE_CHECKING

from curldescent.paper.machinery import epochs
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.epochs_panels import rules_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

LARGE = 2000


def experiments(scale: Scale) -> Experiments:
    """Training sets from 100 to 2000 samples."""
    samples, trials, last = {
        "quick": ((100, 2000), 8, 5_000),
        "standard": ((100, 500, 2000), 40, 10_000),
        "paper": (epochs.SAMPLES, 40, 100_000),
    }[scale]
    return {"fig10ab": epochs.sweep({"n_train": samples}, activation="relu", trials=trials, epochs=last)}


def draw(results: Results) -> "Picture":
    """Test and training error."""
    data = results["fig10ab"]
    return rules_figure([("Test error", data, "test"), ("Training error", data, "train")], "n_train", test="t")


def large_test(results: Results) -> Finding:
    """Test error at the largest P."""
    return epochs.faster(epochs.rules_compared(results["fig10ab"], "test", "n_train"), LARGE, test="t")


def large_train(results: Results) -> Finding:
    """Training error at the largest P."""
    return epochs.faster(epochs.rules_compared(results["fig10ab"], "train", "n_train"), LARGE, test="t")


FIGURE = Figure(
    "fig10ab",
    title="Figure 10a, b: speed-up in relu students",
    about="As figure 5c with relu in place of tanh, hidden and output, and 40 trials, compared by paired t-tests.",
    origin="paper",
    experiments=experiments,
    draw=draw,
    aliases=("fig10a", "fig10b"),
    claims=(
        Claim(
            "large P, test",
            "With many samples CD reaches the test error in fewer epochs than GD, in relu students too.",
            "at P = 2000: lower mean, and paired t-test p < 0.05",
            large_test,
        ),
        Claim(
            "large P, training",
            "The same holds for the training error.",
            "at P = 2000: lower mean, and paired t-test p < 0.05",
            large_train,
        ),
    ),
    departures=("A trial ends once both errors are below 1e-3, which changes no epoch.",),
)
