"""Control: networks with two hidden layers."""

from typing import TYPE_CHECKING

import numpy as np

from curldescent.model.flips import Flips
from curldescent.model.plasticity import Plasticity
from curldescent.paper.machinery import controls
from curldescent.paper.machinery.claims import Experiments, Figure, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.control_drawing import drawn
from curldescent.paper.machinery.controls import Arm
from curldescent.paper.machinery.updates import arm

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Picture

    from curldescent.model.problem import Problem

NAME = "control-depth"
WIDTHS = (controls.N_INPUTS, controls.N_HIDDEN, controls.N_HIDDEN, 1)
# Larger than in the base setting, for time: an epoch has the same total step, and steps are small.
DEEP_BATCH = 50
TEACHER_SCALE, SCALE = 1.0, 2.0
# Which presynaptic neurons of which layer of weights are flipped: one of ten.
VARIANTS = {"GD": None, "CD, last layer": 2, "CD, middle layer": 1}


def experiments(scale: Scale) -> Experiments:
    """One run a rule."""
    size = controls.SIZES[scale]
    return {
        f"{NAME}-{number}": Computation(
            deep_arm,
            {"trials": size.trials, "n_train": size.many, "epochs": size.epochs, "layer": layer},
            identity="curldescent.paper.control_depth.deep_arm",
        )
        for number, layer in enumerate(VARIANTS.values(), start=1)
    }


def deep_problem(trials: int, n_train: int, seed: int) -> "Problem":
    """Students and teachers with two hidden layers, sampled as the paper's two-layer ones.

    Args:
        trials: T.
        n_train: P.
        seed: of everything.

    Returns:
        A problem with students of scale 2 and teachers of scale 1.
    """
    from curldescent.model.problem import Problem
    from curldescent.model.student_teacher import layer_weights, stack, student_teacher

    inputs = student_teacher(n_inputs=WIDTHS[0], n_hidden=1, n_train=n_train, n_test=0, trials=trials, seed=seed).inputs
    rngs = [np.random.default_rng([seed, trial]) for trial in range(trials)]
    # Layer by layer over all trials: every trial has a stream of its own, teacher first.
    teacher, student = (
        stack([layer_weights(rng, WIDTHS, scale, "uniform") for rng in rngs]) for scale in (TEACHER_SCALE, SCALE)
    )
    return Problem(inputs=inputs, student=student, teacher=teacher, activation="tanh")


def deep_arm(trials: int, n_train: int, epochs: int, layer: int | None) -> "xr.Dataset":
    """Epochs to the threshold with the first presynaptic neuron of a layer of weights flipped, or none."""
    problem = deep_problem(trials, n_train, seed=0)
    rule = Plasticity(layers={} if layer is None else {layer: Flips(count=1)})
    return arm(problem, rule, batch=DEEP_BATCH, epochs=epochs)


def arms(results: Results) -> dict[str, Arm]:
    """The three rules."""
    return {name: controls.arm(results[f"{NAME}-{n}"], arm="arm") for n, name in enumerate(VARIANTS, start=1)}


def draw(results: Results) -> "Picture":
    """Epochs of the rules."""
    return drawn({"Two hidden layers": arms(results)})


FIGURE = Figure(
    NAME,
    title="Control: two hidden layers",
    about=(
        "Students and teachers of 100–10–10–1 tanh neurons, batch 50, otherwise as the base setting; one of ten "
        "neurons flipped in the last or in the middle layer of weights."
    ),
    origin="control",
    experiments=experiments,
    draw=draw,
    claims=(
        controls.faster_claim(
            "last layer", "A flip in the last layer is faster than gradient descent.", arms, "GD", "CD, last layer"
        ),
        controls.faster_claim(
            "middle layer",
            "A flip in the middle layer is faster than gradient descent.",
            arms,
            "GD",
            "CD, middle layer",
        ),
    ),
)
