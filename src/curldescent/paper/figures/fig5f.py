"""Figure 5f: epochs to the threshold against the number of flipped readout neurons, tanh students."""

from typing import TYPE_CHECKING

from curldescent.paper.machinery import epochs
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.epochs_panels import flips_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

# "Up to about half" of 10 neurons: four and fewer must be faster, seven and more must not; five and six are the middle.
FEW, MANY = (1, 2, 3, 4), (7, 8, 9, 10)


def experiments(scale: Scale) -> Experiments:
    """None to all of the 10 readout neurons flipped."""
    flips, trials, last = {
        "quick": ((0, 1, 3, 5, 8), 6, 10_000),
        "standard": ((0, 1, 2, 3, 4, 5, 6, 8, 10), 10, 10_000),
        "paper": (epochs.FLIPS, 10, 100_000),
    }[scale]
    sweep = epochs.sweep(
        {"readout_flips": flips}, rules=None, paired=["readout_flips"], trials=trials, epochs=last, n_train=2000
    )
    return {"fig5f": sweep}


def draw(results: Results) -> "Picture":
    """Test and training error."""
    data = results["fig5f"]
    return flips_figure([("Test error", data, "test"), ("Training error", data, "train")])


def few(results: Results) -> Finding:
    """Fewer than half flipped."""
    return epochs.everywhere_faster(epochs.flips_compared(results["fig5f"], "test"), FEW)


def many(results: Results) -> Finding:
    """Clearly more than half flipped."""
    return epochs.nowhere_faster(epochs.flips_compared(results["fig5f"], "test"), MANY, margin=1.0)


FEW_CLAIM = (
    "few flips",
    "Up to about half of the readout neurons flipped, CD reaches the test error in fewer epochs than GD.",
    "for every k ≤ 4 of 10 in the grid: lower mean, and Wilcoxon signed-rank p < 0.05 over paired students",
)
MANY_CLAIM = (
    "many flips",
    "With clearly more than half flipped it is slower, or never gets there.",
    "for every k ≥ 7 of 10 in the grid: GD/CD (geometric mean) below 1",
)

FIGURE = Figure(
    "fig5f",
    title="Figure 5f: speed-up and the flipped fraction",
    about=(
        "As figure 5c with 2000 training samples, against the number of flipped readout neurons of 10, on the same "
        "students; the band is gradient descent with its standard error."
    ),
    origin="paper",
    experiments=experiments,
    draw=draw,
    claims=(Claim(*FEW_CLAIM, few), Claim(*MANY_CLAIM, many)),
    departures=("A trial ends once both errors are below 1e-3; the panel of the training error is an addition.",),
)
