"""Figure 11c: epochs to the threshold against the scale of the teacher, without normalisation."""

from typing import TYPE_CHECKING

from curldescent.paper.figures.fig5e import PAPER_EPOCHS, USUAL
from curldescent.paper.machinery import epochs, without_norms
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.epochs_panels import rules_figure
from curldescent.paper.machinery.without_norms import VARIANTS, Values

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture


def experiments(scale: Scale) -> Experiments:
    """Teacher scales from 0.1 to 4; tanh, linear, and at the paper's scale normal weights."""
    chosen = (0.1, 0.5, 1, 2)
    by_scale: dict[Scale, tuple[Values, int, int]] = {
        "quick": ({"tanh": (chosen, 6), "linear": (chosen, 6)}, 2000, 4_000),
        "standard": ({"tanh": (chosen, 8), "linear": (chosen, 8)}, 10_000, 5_000),
        "paper": (dict.fromkeys(VARIANTS, (epochs.TEACHER_SCALES, 10)), 10_000, PAPER_EPOCHS),
    }
    values, samples, last = by_scale[scale]
    return without_norms.sweeps(
        "fig11c",
        "teacher_scale",
        values,
        epochs_at_most=last,
        paper_epochs=PAPER_EPOCHS,
        n_train=samples,
    )


def draw(results: Results) -> "Picture":
    """Tanh students, then the variants."""
    return rules_figure(without_norms.panels(results, "fig11c"), "teacher_scale")


def usual_teachers(results: Results) -> Finding:
    """Teachers up to scale 1, test error."""
    return epochs.everywhere_faster(epochs.rules_compared(results["fig11c"], "test", "teacher_scale"), USUAL)


def linear(results: Results) -> Finding:
    """The same for linear students."""
    return epochs.everywhere_faster(epochs.rules_compared(results["fig11c-linear"], "test", "teacher_scale"), USUAL)


_CRITERION = "at every scale ≤ 1 of the grid: lower mean, and Wilcoxon signed-rank p < 0.05 over paired students"

FIGURE = Figure(
    "fig11c",
    title="Figure 11c: speed-up and the teacher's scale, without normalisation",
    about="As figure 5e, with weights that are not rescaled after every update; tanh students, and linear ones.",
    origin="paper",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "teachers up to 1",
            "Without normalisation, CD reaches the test error sooner than GD whatever the scale of the teacher, up to "
            "that of other panels.",
            _CRITERION,
            usual_teachers,
        ),
        Claim("linear", "The same holds for linear students.", _CRITERION, linear),
    ),
    departures=("A trial ends once both errors are below 1e-3, which changes no epoch.",),
)
