"""Figure 10c: epochs to the threshold against the initial scale of the student, relu students."""

from typing import TYPE_CHECKING

from curldescent.paper.machinery import epochs
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.epochs_panels import rules_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture


def experiments(scale: Scale) -> Experiments:
    """Initial scales from 0.01 to 10."""
    scales, samples, trials, last = {
        "quick": ((1, 2, 4), 2000, 8, 4_000),
        "standard": ((1, 2), 10_000, 10, 10_000),
        "paper": (epochs.STUDENT_SCALES, 10_000, 40, 100_000),
    }[scale]
    axes = {"student_scale": scales}
    return {"fig10c": epochs.sweep(axes, activation="relu", trials=trials, epochs=last, n_train=samples)}


def draw(results: Results) -> "Picture":
    """Test and training error."""
    data = results["fig10c"]
    panels = [("Test error", data, "test"), ("Training error", data, "train")]
    return rules_figure(panels, "student_scale", test="t")


def paper_scale(results: Results) -> Finding:
    """The scale of the other panels, test error."""
    return epochs.faster(epochs.rules_compared(results["fig10c"], "test", "student_scale"), 2, test="t")


def paper_scale_train(results: Results) -> Finding:
    """The same, training error."""
    return epochs.faster(epochs.rules_compared(results["fig10c"], "train", "student_scale"), 2, test="t")


def grows(results: Results) -> Finding:
    """The gain against the scale."""
    return epochs.gain_grows(results["fig10c"], "test", "student_scale")


FIGURE = Figure(
    "fig10c",
    title="Figure 10c: speed-up in relu students and initial scale",
    about="As figure 5d with relu in place of tanh, hidden and output, and 40 trials, compared by paired t-tests.",
    origin="paper",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "scale 2, test",
            "At the scale of the other panels CD reaches the test error in fewer epochs than GD.",
            "at scale 2: lower mean, and paired t-test p < 0.05",
            paper_scale,
        ),
        Claim(
            "scale 2, training",
            "The same holds for the training error.",
            "at scale 2: lower mean, and paired t-test p < 0.05",
            paper_scale_train,
        ),
        Claim(
            "gain and scale",
            "As in tanh students, the gain is larger for larger initial weights.",
            "Spearman correlation of GD/CD with the scale over all students that learn positive, p < 0.05",
            grows,
        ),
    ),
    departures=("A trial ends once both errors are below 1e-3; the panel of the training error is an addition.",),
)
