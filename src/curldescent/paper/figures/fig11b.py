"""Figure 11b: epochs to the threshold against the initial scale of the student, without normalisation."""

from typing import TYPE_CHECKING

from curldescent.paper.machinery import epochs, without_norms
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.epochs_panels import rules_figure
from curldescent.paper.machinery.without_norms import VARIANTS, Values

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

PAPER_SCALE = 2


def experiments(scale: Scale) -> Experiments:
    """Initial scales from 0.01 to 10; tanh, linear, and at the paper's scale normal weights."""
    chosen = (0.1, 0.5, 1, 2, 4)
    by_scale: dict[Scale, tuple[Values, int, int]] = {
        "quick": ({"tanh": (chosen, 8), "linear": (chosen, 8)}, 2000, 4_000),
        "standard": ({"tanh": (chosen, 10), "linear": (chosen, 10)}, 10_000, 4_000),
        "paper": (dict.fromkeys(VARIANTS, (epochs.STUDENT_SCALES, 10)), 10_000, 100_000),
    }
    values, samples, last = by_scale[scale]
    return without_norms.sweeps("fig11b", "student_scale", values, epochs_at_most=last, n_train=samples)


def draw(results: Results) -> "Picture":
    """Tanh students, then the variants."""
    return rules_figure(without_norms.panels(results, "fig11b"), "student_scale")


def paper_scale(results: Results) -> Finding:
    """The scale of the other panels, test error."""
    return epochs.faster(epochs.rules_compared(results["fig11b"], "test", "student_scale"), PAPER_SCALE)


def paper_scale_train(results: Results) -> Finding:
    """The same, training error."""
    return epochs.faster(epochs.rules_compared(results["fig11b"], "train", "student_scale"), PAPER_SCALE)


def linear(results: Results) -> Finding:
    """Linear students, test error."""
    return epochs.faster(epochs.rules_compared(results["fig11b-linear"], "test", "student_scale"), PAPER_SCALE)


def grows(results: Results) -> Finding:
    """The gain against the scale."""
    return epochs.gain_grows(results["fig11b"], "test", "student_scale")


_CRITERION = "at scale 2: lower mean, and Wilcoxon signed-rank p < 0.05 over paired students"

FIGURE = Figure(
    "fig11b",
    title="Figure 11b: speed-up and initial scale, without normalisation",
    about="As figure 5d, with weights that are not rescaled after every update; tanh students, and linear ones.",
    origin="paper",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "scale 2, test",
            "Without normalisation, CD reaches the test error sooner than GD at the scale of the other panels.",
            _CRITERION,
            paper_scale,
        ),
        Claim("scale 2, training", "The same holds for the training error.", _CRITERION, paper_scale_train),
        Claim("linear", "And for linear students, test error.", _CRITERION, linear),
        Claim(
            "gain and scale",
            "The gain is larger for larger initial weights.",
            "Spearman correlation of GD/CD with the scale over all students that learn positive, p < 0.05",
            grows,
        ),
    ),
    departures=("A trial ends once both errors are below 1e-3, which changes no epoch.",),
)
