"""Figure 5e: epochs to the threshold against the scale of the teacher, GD and CD, tanh students."""

from typing import TYPE_CHECKING

from curldescent.paper.machinery import epochs
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.epochs_panels import rules_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

PAPER_EPOCHS = 200_000
# Teachers no larger than those of the other panels.
USUAL = tuple(s for s in epochs.TEACHER_SCALES if s <= 1)


def experiments(scale: Scale) -> Experiments:
    """Teacher scales from 0.1 to 4."""
    scales, samples, trials, last = {
        "quick": ((0.1, 0.5, 1, 1.5), 2000, 6, 5_000),
        "standard": ((0.1, 0.5, 1, 1.5), 10_000, 8, 5_000),
        "paper": (epochs.TEACHER_SCALES, 10_000, 10, PAPER_EPOCHS),
    }[scale]
    axes = {"teacher_scale": scales}
    return {"fig5e": epochs.sweep(axes, trials=trials, epochs=last, paper_epochs=PAPER_EPOCHS, n_train=samples)}


def draw(results: Results) -> "Picture":
    """Test and training error."""
    data = results["fig5e"]
    return rules_figure([("Test error", data, "test"), ("Training error", data, "train")], "teacher_scale")


def usual_teachers(results: Results) -> Finding:
    """Teachers up to scale 1, test error."""
    return epochs.everywhere_faster(epochs.rules_compared(results["fig5e"], "test", "teacher_scale"), USUAL)


def usual_teachers_train(results: Results) -> Finding:
    """Teachers up to scale 1, training error."""
    return epochs.everywhere_faster(epochs.rules_compared(results["fig5e"], "train", "teacher_scale"), USUAL)


FIGURE = Figure(
    "fig5e",
    title="Figure 5e: speed-up and the teacher's scale",
    about=(
        "As figure 5c with 10 000 training samples, against the scale of the teacher's weights; students start at "
        "scale 2 and keep their norms."
    ),
    origin="paper",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "teachers up to 1, test",
            "CD reaches the test error in fewer epochs whatever the scale of the teacher, up to that of other panels.",
            "at every scale ≤ 1 of the grid: lower mean, and Wilcoxon signed-rank p < 0.05 over paired students",
            usual_teachers,
        ),
        Claim(
            "teachers up to 1, training",
            "The same holds for the training error.",
            "at every scale ≤ 1 of the grid: lower mean, and Wilcoxon signed-rank p < 0.05 over paired students",
            usual_teachers_train,
        ),
    ),
    departures=("A trial ends once both errors are below 1e-3; the panel of the training error is an addition.",),
)
