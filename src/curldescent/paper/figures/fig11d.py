"""Figure 11d: epochs to the threshold against the number of flipped readout neurons, without normalisation."""

from typing import TYPE_CHECKING

from curldescent.paper.figures.fig5f import FEW, FEW_CLAIM, MANY, MANY_CLAIM
from curldescent.paper.machinery import epochs, without_norms
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.epochs_panels import flips_figure
from curldescent.paper.machinery.without_norms import VARIANTS, Values

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture


def experiments(scale: Scale) -> Experiments:
    """None to all of the 10 readout neurons flipped; tanh, linear, and at the paper's scale normal weights."""
    few, some = (0, 1, 3, 5, 8), (0, 1, 2, 3, 4, 5, 6, 8, 10)
    by_scale: dict[Scale, tuple[Values, int]] = {
        "quick": ({"tanh": (few, 6), "linear": (few, 6)}, 5_000),
        "standard": ({"tanh": (some, 10), "linear": (some, 10)}, 10_000),
        "paper": (dict.fromkeys(VARIANTS, (epochs.FLIPS, 10)), 100_000),
    }
    values, last = by_scale[scale]
    return without_norms.sweeps(
        "fig11d",
        "readout_flips",
        values,
        epochs_at_most=last,
        rules=None,
        paired=["readout_flips"],
        n_train=2000,
    )


def draw(results: Results) -> "Picture":
    """Tanh students, then the variants."""
    return flips_figure(without_norms.panels(results, "fig11d"))


def few(results: Results) -> Finding:
    """Fewer than half flipped."""
    return epochs.everywhere_faster(epochs.flips_compared(results["fig11d"], "test"), FEW)


def many(results: Results) -> Finding:
    """Clearly more than half flipped."""
    return epochs.nowhere_faster(epochs.flips_compared(results["fig11d"], "test"), MANY, margin=1.0)


def linear_few(results: Results) -> Finding:
    """Linear students, fewer than half flipped."""
    return epochs.everywhere_faster(epochs.flips_compared(results["fig11d-linear"], "test"), FEW)


FIGURE = Figure(
    "fig11d",
    title="Figure 11d: speed-up and the flipped fraction, without normalisation",
    about="As figure 5f, with weights that are not rescaled after every update; tanh students, and linear ones.",
    origin="paper",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(*FEW_CLAIM, few),
        Claim(*MANY_CLAIM, many),
        Claim("linear, few flips", "In linear students few flips speed up too.", FEW_CLAIM[2], linear_few),
    ),
    departures=("A trial ends once both errors are below 1e-3, which changes no epoch.",),
)
