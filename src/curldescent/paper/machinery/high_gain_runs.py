"""Runs of the control of the high-gain start: gradient and curl descent from random weights and from there."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.model.high_gain import high_gain_start
from curldescent.model.plasticity import Plasticity
from curldescent.model.student_teacher import student_teacher
from curldescent.paper.machinery import controls, speedup_protocol, to_threshold

if TYPE_CHECKING:
    import xarray as xr

    from curldescent.model.problem import Problem

# Input sets that no other figure has.
FIRST_SEED = 700
SAMPLES = 2000
# Gradient descent with faster hidden weights, the tuned rule of docs/why_faster.md.
FASTER = 3.0
GAIN = " from high gain"
DIGITS_HIDDEN, DIGITS_RATE, DIGITS_THRESHOLD = 30, 1.0, 0.03


def compared(
    sets: int,
    epochs: int,
    activation: str = "tanh",
    student_scale: float = 2.0,
    *,
    threshold: float = speedup_protocol.THRESHOLD,
    preserve_norms: bool = True,
    tuned: bool = False,
    adam: bool = False,
) -> "xr.Dataset":
    """Epochs to the threshold on the protocol of the speed-up, one student an input set.

    Args:
        sets: how many.
        epochs: the most a run gets.
        activation: of hidden neurons and outputs.
        student_scale: s.
        threshold: the error that counts as learned.
        preserve_norms: rescale both layers after every update.
        tuned: also gradient descent with three times the rate of the hidden weights.
        adam: Adam's direction in place of the gradient; the step is the protocol's, 5e-4 an update.

    Returns:
        Arms "GD", "CD" and both from the high-gain start, as `controls.arms_dataset`; trials are input sets.
    """
    problems = [
        student_teacher(
            n_inputs=speedup_protocol.INPUTS,
            n_hidden=speedup_protocol.HIDDEN,
            activation=activation,
            n_train=SAMPLES,
            n_test=0,
            student_scale=student_scale,
            seed=FIRST_SEED + seed,
        )
        for seed in range(sets)
    ]
    rules = {"GD": Plasticity(), "CD": Plasticity(readout=0.1)}
    more: dict[str, Any] = {}
    if adam:
        import optax

        more["transform"] = optax.scale_by_adam()
    extra = {"GD, hidden ×3": Plasticity(hidden=np.full(speedup_protocol.INPUTS, FASTER))} if tuned else {}
    return _arms(problems, rules, extra, epochs, threshold, preserve_norms=preserve_norms, **more)


def digits(sets: int, epochs: int) -> "xr.Dataset":
    """The same on handwritten digits, the problem of `control-digits`; trials are students of one set of images."""
    from curldescent.model.data import from_data

    problem = from_data(
        "digits", n_hidden=DIGITS_HIDDEN, activation="tanh", output_activation="sigmoid", trials=sets, seed=1
    )
    flipped = np.where(np.arange(DIGITS_HIDDEN) < 1, -1.0, 1.0)
    rules = {"GD": Plasticity(), "CD": Plasticity(readout=flipped)}
    return _arms(
        [problem], rules, {}, epochs, DIGITS_THRESHOLD, learning_rate=DIGITS_RATE, batch_size=10, preserve_norms=False
    )


def _arms(
    problems: "Sequence[Problem]",
    rules: Mapping[str, Plasticity],
    extra: Mapping[str, Plasticity],
    epochs: int,
    threshold: float,
    **more: Any,
) -> "xr.Dataset":
    found: dict[str, tuple[list[float], list[bool]]] = {}
    for problem in problems:
        start = problem.with_student(high_gain_start(problem.student))
        for there, which, suffix in ((problem, {**rules, **extra}, ""), (start, rules, GAIN)):
            history = to_threshold.trained(there, which, epochs, threshold, **more)
            for name in which:
                one = history.sel(rule=name)
                needed, reached = found.setdefault(name + suffix, ([], []))
                needed.extend(one.needed.clip(min=1).values.tolist())
                reached.extend(one.reached.values.tolist())
    return controls.arms_dataset(found)
