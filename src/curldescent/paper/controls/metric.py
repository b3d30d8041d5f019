"""Control: strengths of both signs against the positive-definite metric with the same magnitudes."""

from typing import TYPE_CHECKING

from curldescent.paper.machinery import controls
from curldescent.paper.machinery.claims import Experiments, Figure, Results, Scale
from curldescent.paper.machinery.control_drawing import drawn
from curldescent.paper.machinery.controls import Arm

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

NAME = "control-metric"
# Strengths of the ten readout neurons; S has the sign of the first one reversed, |S| is the metric diag(1/|S|).
MAGNITUDES = {
    "2, others 1": [2.0] + [1.0] * 9,
    "½, others 1": [0.5] + [1.0] * 9,
    "1, others ½–3/2": [1.0] + [0.5 + i / 8 for i in range(9)],
}


def experiments(scale: Scale) -> Experiments:
    """Graded strengths with and without signs, and the first neuron frozen."""
    size = controls.SIZES[scale]
    rules = {"GD, frozen": {"readout": [0.0] + [1.0] * 9}}
    for name, magnitudes in MAGNITUDES.items():
        rules[f"GD |S| = {name}"] = {"readout": magnitudes}
        rules[f"CD |S| = {name}"] = {"readout": [-magnitudes[0], *magnitudes[1:]]}
    return {controls.BASE: controls.base(size), NAME: controls.sweep(size, rules)}


def arms(results: Results) -> dict[str, Arm]:
    """The base rules and every graded one."""
    return controls.base_arms(results) | {
        str(rule): controls.arm(results[NAME], rule=rule) for rule in results[NAME].rule.values
    }


def draw(results: Results) -> "Picture":
    """Epochs of all arms."""
    return drawn({"S (CD) against its metric |S| (GD)": arms(results)})


FIGURE = Figure(
    NAME,
    title="Control: the metric with the same strengths",
    about=(
        "Graded strengths of the ten readout neurons, the first with a negative sign (CD), against the same magnitudes "
        "all positive (GD |S|): gradient descent in the fixed metric diag(1/|S|). Frozen: the first neuron's "
        "readout synapse does not learn. Only fixed metrics are compared: along any stretch where the error falls some "
        "positive-definite metric, different at every point, reproduces curl descent step by step."
    ),
    origin="control",
    experiments=experiments,
    draw=draw,
    claims=(
        *(
            controls.faster_claim(
                f"|S| = {name}",
                f"With |S| = {name}, the sign makes learning faster than its metric does.",
                arms,
                f"GD |S| = {name}",
                f"CD |S| = {name}",
            )
            for name in MAGNITUDES
        ),
        controls.faster_claim(
            "frozen",
            "Flipping the synapse is faster than freezing it.",
            arms,
            "GD, frozen",
            "CD",
        ),
    ),
)
