"""Control: gradient descent with noise of the size of curl descent's departure from it."""

from typing import TYPE_CHECKING

from curldescent.paper.machinery import controls
from curldescent.paper.machinery.claims import Experiments, Figure, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.control_drawing import drawn
from curldescent.paper.machinery.controls import Arm
from curldescent.paper.machinery.updates import arguments, arm_by_loop

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

NAME = "control-noise"
VARIANTS = {"GD, random direction": {"noise": "readout"}, "GD, another flip each update": {"noise": "resampled"}}


def experiments(scale: Scale) -> Experiments:
    """The base setting, and one run a kind of noise."""
    size = controls.SIZES[scale]
    runs = {
        f"{NAME}-{variant['noise']}": Computation(
            arm_by_loop,
            arguments(size, variant),
            identity="curldescent.paper.control_loops.arm_by_loop",
            needs=("optax",),
        )
        for variant in VARIANTS.values()
    }
    return {controls.BASE: controls.base(size), **runs}


def arms(results: Results) -> dict[str, Arm]:
    """The base rules and the noisy ones."""
    return controls.base_arms(results) | {
        name: controls.arm(results[f"{NAME}-{variant['noise']}"], arm="arm") for name, variant in VARIANTS.items()
    }


def draw(results: Results) -> "Picture":
    """Epochs of all arms."""
    return drawn({"Noise of curl descent's size": arms(results)})


FIGURE = Figure(
    NAME,
    title="Control: matched noise",
    about=(
        "One update of curl descent differs from gradient descent's by 2·step·|signal of the flipped synapse|. Random "
        "direction: gradient descent gets, at every update, a vector of just this length, computed at its own weights "
        "and batch, in a random direction of the readout. Another flip each update: a readout neuron drawn anew at "
        "every update is flipped for that update, the same departure without a lasting sign."
    ),
    origin="control",
    experiments=experiments,
    draw=draw,
    claims=(
        controls.equal_claim(
            "noise does nothing",
            "Noise in a random direction changes nothing about gradient descent.",
            arms,
            "GD",
            "GD, random direction",
        ),
        controls.faster_claim(
            "against noise",
            "Curl descent is faster than gradient descent with matched noise.",
            arms,
            "GD, random direction",
            "CD",
        ),
        controls.faster_claim(
            "against passing flips",
            "A lasting flip is faster than one that moves at every update.",
            arms,
            "GD, another flip each update",
            "CD",
        ),
    ),
)
