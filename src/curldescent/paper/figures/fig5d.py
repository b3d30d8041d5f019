"""Figure 5d: epochs to the threshold against the initial scale of the student, GD and CD, tanh students."""

from typing import TYPE_CHECKING

from curldescent.paper.machinery import epochs
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.epochs_panels import rules_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

# Norms are preserved, so a linear student of scale s has ‖W2 W1‖ ≤ ‖W2‖ ‖W1‖_F = s² √N/3, and its teacher ‖W2 W1‖ = 1/3
# (root mean square). At s = 0.3 that is 28 % of the teacher's, which leaves an error of ¼ (0.72/3)² = 0.014, fourteen
# times the threshold: too much for tanh to make up.
TOO_SMALL = 0.3
# The teacher's own scale is 1; beyond 7 nearly every neuron starts saturated.
LARGE = tuple(s for s in epochs.STUDENT_SCALES if 1 < s <= 7)


def experiments(scale: Scale) -> Experiments:
    """Initial scales from 0.01 to 10."""
    scales, samples, trials, last = {
        "quick": ((0.3, 0.5, 1, 2, 4, 7), 2000, 6, 4_000),
        "standard": ((0.3, 0.5, 1, 2, 4, 7), 10_000, 8, 4_000),
        "paper": (epochs.STUDENT_SCALES, 10_000, 10, 100_000),
    }[scale]
    return {"fig5d": epochs.sweep({"student_scale": scales}, trials=trials, epochs=last, n_train=samples)}


def draw(results: Results) -> "Picture":
    """Test and training error."""
    data = results["fig5d"]
    return rules_figure([("Test error", data, "test"), ("Training error", data, "train")], "student_scale")


def paper_scale(results: Results) -> Finding:
    """The scale of the other panels."""
    return epochs.faster(epochs.rules_compared(results["fig5d"], "test", "student_scale"), 2)


def large_scales(results: Results) -> Finding:
    """Scales above the teacher's."""
    return epochs.everywhere_faster(epochs.rules_compared(results["fig5d"], "test", "student_scale"), LARGE, share=0.5)


def grows(results: Results) -> Finding:
    """The gain against the scale."""
    return epochs.gain_grows(results["fig5d"], "test", "student_scale")


def too_small(results: Results) -> Finding:
    """Scales that cannot represent the teacher."""
    return epochs.never_reached(results["fig5d"], "train", "student_scale", up_to=TOO_SMALL)


FIGURE = Figure(
    "fig5d",
    title="Figure 5d: speed-up and initial scale",
    about=(
        "As figure 5c with 10 000 training samples, against the scale of the student's initial weights, which the "
        "preserved norms keep; the teacher's scale is 1."
    ),
    origin="paper",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "scale 2",
            "At the scale of the other panels CD reaches the test error in fewer epochs than GD.",
            "at scale 2: lower mean, and Wilcoxon signed-rank p < 0.05 over paired students",
            paper_scale,
        ),
        Claim(
            "large scales",
            "The speed-up is not that of one scale: it is there for initial weights larger than the teacher's.",
            "faster with p < 0.05 at no less than half of the scales above 1, up to 7",
            large_scales,
        ),
        Claim(
            "gain and scale",
            "The gain on the test error depends on the initial scale: it is larger for larger weights.",
            "Spearman correlation of GD/CD with the scale over all students that learn positive, p < 0.05",
            grows,
        ),
        Claim(
            "too small",
            "Students whose preserved norms cannot represent the teacher do not learn under either rule.",
            "at least 95 % of the trials with a scale up to 0.3 never below the training error",
            too_small,
        ),
    ),
    departures=("A trial ends once both errors are below 1e-3; the panel of the training error is an addition.",),
)
