"""Control: norm preservation on and off."""

from typing import TYPE_CHECKING

from curldescent.paper.machinery import controls
from curldescent.paper.machinery.claims import Experiments, Figure, Results, Scale
from curldescent.paper.machinery.control_drawing import drawn
from curldescent.paper.machinery.controls import Arm

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

NAME = "control-norms"


def experiments(scale: Scale) -> Experiments:
    """The base setting with and without rescaling."""
    size = controls.SIZES[scale]
    return {
        controls.BASE: controls.base(size),
        NAME: controls.sweep(size, controls.RULES, training={"preserve_norms": False}),
    }


def arms(results: Results) -> dict[str, Arm]:
    """Both rules with norms preserved, and free."""
    free = {f"{rule}, free norms": controls.arm(results[NAME], rule=rule) for rule in controls.RULES}
    return controls.base_arms(results) | free


def draw(results: Results) -> "Picture":
    """Epochs of the four arms."""
    return drawn({"Norms preserved, and free": arms(results)})


FIGURE = Figure(
    NAME,
    title="Control: norm preservation",
    about="The base setting with both layers rescaled to their initial norms after every update, and without.",
    origin="control",
    experiments=experiments,
    draw=draw,
    claims=(
        controls.faster_claim(
            "the constraint",
            "Gradient descent itself is faster with free norms: the constraint slows it down.",
            arms,
            "GD",
            "GD, free norms",
        ),
        controls.faster_claim(
            "free norms",
            "Without norm preservation curl descent is faster than gradient descent.",
            arms,
            "GD, free norms",
            "CD, free norms",
        ),
        controls.faster_claim(
            "against free gradient descent",
            "Norm-preserving curl descent is faster than gradient descent with free norms.",
            arms,
            "GD, free norms",
            "CD",
        ),
    ),
)
