"""Control: networks with two hidden layers."""

from typing import TYPE_CHECKING

import numpy as np

from curldescent.paper.machinery import controls
from curldescent.paper.machinery.claims import Experiments, Figure, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.control_drawing import drawn
from curldescent.paper.machinery.controls import Arm

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Picture

    from curldescent.model.problem import Problem

NAME = "control-depth"
WIDTHS = (controls.N_INPUTS, controls.N_HIDDEN, controls.N_HIDDEN, 1)
# Larger than in the base setting, for time: an epoch has the same total step, and steps are small.
DEEP_BATCH = 50
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
            needs=("optax",),
        )
        for number, layer in enumerate(VARIANTS.values(), start=1)
    }


def deep_problem(trials: int, n_train: int, seed: int) -> "tuple[Problem, list[np.ndarray], np.ndarray]":
    """Students and teachers with two hidden layers, sampled as the paper's two-layer ones.

    Args:
        trials: T.
        n_train: P.
        seed: of everything.

    Returns:
        A problem whose inputs count, the students' layers, each (T, post, pre), of scale 2, and targets (T, P, 1).
    """
    from curldescent.model import forward
    from curldescent.model.student_teacher import student_teacher

    problem = student_teacher(
        n_inputs=WIDTHS[0], n_hidden=WIDTHS[1], activation="tanh", n_train=n_train, trials=trials, seed=seed
    )
    rngs = [np.random.default_rng([seed, trial]) for trial in range(trials)]

    def layers(scale: float) -> list[np.ndarray]:
        shapes = list(zip(WIDTHS[1:], WIDTHS[:-1], strict=True))
        return [
            np.stack([rng.uniform(-scale / np.sqrt(pre), scale / np.sqrt(pre), (post, pre)) for rng in rngs])
            for post, pre in shapes
        ]

    teacher, student = layers(1.0), layers(2.0)
    seen = problem.inputs[None]
    for weights in teacher:
        seen = forward.activate("tanh", seen @ weights.swapaxes(-1, -2))
    return problem, student, seen


def deep_arm(trials: int, n_train: int, epochs: int, layer: int | None) -> "xr.Dataset":
    """Epochs to the threshold with the first presynaptic neuron of a layer of weights flipped, or none."""
    from curldescent.learning.schedule import log_epochs
    from curldescent.paper.machinery.variants import Variant, epochs_until

    problem, student, targets = deep_problem(trials, n_train, seed=0)
    strengths = [np.ones(w.shape[-1]) for w in student]
    if layer is not None:
        strengths[layer][0] = -1
    reached, last = epochs_until(
        problem,
        student,
        strengths,
        Variant("tanh", DEEP_BATCH),
        targets=targets,
        threshold=controls.THRESHOLD,
        record=log_epochs(epochs, controls.POINTS).tolist(),
        learning_rate=controls.LEARNING_RATE,
    )
    return controls.arms_dataset({"arm": (reached, last < controls.THRESHOLD)})


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
