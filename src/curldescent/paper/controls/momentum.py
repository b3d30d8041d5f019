"""Control: gradient descent with heavy-ball momentum at the same total step."""

from typing import TYPE_CHECKING

from curldescent.paper.machinery import controls
from curldescent.paper.machinery.claims import Experiments, Figure, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.control_drawing import drawn
from curldescent.paper.machinery.controls import Arm
from curldescent.paper.machinery.updates import arguments, arm_by_loop

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

NAME = "control-momentum"
# μ remembers 1/(1 − μ) updates; an epoch has 100 (quick) or 200.
VARIANTS = {
    "GD, μ = 0.9": {"momentum": 0.9},
    "GD, μ = 0.9999": {"momentum": 0.9999},
    "CD, μ = 0.9": {"momentum": 0.9, "flips": 1},
}


def experiments(scale: Scale) -> Experiments:
    """The base setting, and one run a variant."""
    size = controls.SIZES[scale]
    runs = {
        f"{NAME}-{number}": Computation(
            arm_by_loop,
            arguments(size, variant),
            identity="curldescent.paper.control_loops.arm_by_loop",
            needs=("optax",),
        )
        for number, variant in enumerate(VARIANTS.values(), start=1)
    }
    return {controls.BASE: controls.base(size), **runs}


def arms(results: Results) -> dict[str, Arm]:
    """The base rules and the variants."""
    return controls.base_arms(results) | {
        name: controls.arm(results[f"{NAME}-{number}"], arm="arm") for number, name in enumerate(VARIANTS, start=1)
    }


def draw(results: Results) -> "Picture":
    """Epochs of all arms."""
    return drawn({"Heavy ball at the same total step": arms(results)})


FIGURE = Figure(
    NAME,
    title="Control: momentum",
    about=(
        "Gradient descent with heavy-ball momentum, v ← μ v + ∂C/∂W and W ← W − (1 − μ)·step·v, so that every gradient "
        "moves the weights by as much in the end as it does without momentum. μ = 0.9 remembers 10 updates, μ = 0.9999 "
        "ten thousand: 50 epochs of 200. Without the factor 1 − μ, momentum is a larger learning rate, "
        "another control. At the scale 'standard' every student has with μ = 0.9 the epoch that it has without, under "
        "either rule: what is said of it is the base setting said again, and no further evidence."
    ),
    origin="control",
    experiments=experiments,
    draw=draw,
    claims=(
        controls.equal_claim(
            "does nothing",
            "At a matched step a momentum of 0.9 changes nothing: the steps are small.",
            arms,
            "GD",
            "GD, μ = 0.9",
        ),
        controls.faster_claim(
            "against 0.9", "Curl descent is faster than gradient descent with μ = 0.9.", arms, "GD, μ = 0.9", "CD"
        ),
        controls.faster_claim(
            "against 0.9999",
            "Curl descent is faster than gradient descent with μ = 0.9999.",
            arms,
            "GD, μ = 0.9999",
            "CD",
        ),
        controls.faster_claim(
            "both with momentum", "With μ = 0.9 for both, curl descent is faster.", arms, "GD, μ = 0.9", "CD, μ = 0.9"
        ),
    ),
)
