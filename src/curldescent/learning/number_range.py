"""The ends of the number range: norms at any scale, what a precision cannot hold, errors that may overflow."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation.errors import InputError
from curldescent.model.activations import of
from curldescent.model.weights import layer_names

if TYPE_CHECKING:
    from curldescent.learning.experiment import Experiment

Array = NDArray[np.float64]

# Between these the square of a norm, and of all that counts towards it, is well within double precision.
SMALLEST, LARGEST = 1e-75, 1e75


def frobenius(layers: Array) -> Array:
    """‖W‖_F of every trial's layer, one by one: a trial's norm does not depend on the others.

    Args:
        layers: (T, post, pre).

    Returns:
        (T,). Also where squares overflow or underflow, as in BLAS's nrm2.

    Example:
        >>> frobenius(np.array([[[3.0, 4.0]], [[3e200, 4e200]], [[3e-200, 4e-200]]]))
        array([5.e+000, 5.e+200, 5.e-200])
    """
    return np.array([_norm(np.ascontiguousarray(layer)) for layer in layers])


def _norm(layer: Array) -> float:
    with np.errstate(over="ignore", under="ignore"):
        plain = float(np.sqrt((layer**2).sum()))
    if SMALLEST < plain < LARGEST:
        return plain
    largest = float(np.abs(layer).max())
    return 0.0 if largest == 0 else largest * float(np.sqrt(((layer / largest) ** 2).sum()))


def refuse_unrepresentable(experiment: "Experiment", dtype: str) -> None:
    """Refuse an experiment that a precision cannot hold: values would become infinite or zero in silence.

    Args:
        experiment: what is to be run.
        dtype: "float64" or "float32".

    Raises:
        InputError: values beyond the largest number, values that all vanish, or a norm that is to be preserved and is
            neither zero nor a normal number.
    """
    e, limits, names = experiment, np.finfo(dtype), layer_names(len(experiment.layers))
    smallest, largest = float(limits.tiny), float(limits.max)
    holds = f"between {smallest:.2g} and {largest:.2g} in {dtype}"
    if dtype != "float64":
        values = {
            "inputs": e.inputs,
            "targets": e.targets,
            "test inputs": e.test_inputs,
            "test targets": e.test_targets,
            **{f"{name} weights": layer for name, layer in zip(names, e.layers, strict=True)},
            **{f"{name} strengths": layer for name, layer in zip(names, e.strengths, strict=True)},
            **{f"feedback {number}" if number else "feedback": b for number, b in enumerate(e.feedback)},
            "learning_rate / samples": np.array(e.learning_rate / e.samples),
        }
        for name, array in values.items():
            magnitude = 0.0 if array is None else float(np.abs(array).max())
            if magnitude and not smallest <= magnitude <= largest:
                raise InputError(f"{name} must have magnitudes {holds}, got up to {magnitude:.2g}; use float64")
    if e.preserve_norms:
        norms = e.norms
        lost = (norms != 0) & ~((norms >= smallest) & (norms <= largest))
        if lost.any():
            trial, layer = (int(i) for i in np.argwhere(lost)[0])
            raise InputError(
                f"preserve_norms needs layers with norms {holds}, got {norms[trial, layer]:.2g} for the "
                f"{names[layer]} weights of trial {trial}"
            )


def error_may_overflow(experiment: "Experiment", bound: float) -> bool:
    """Whether weights that have not diverged can have an error beyond double precision.

    So it is with huge inputs or targets only. Whether the error overflowed must then be asked after every epoch: it
    would otherwise depend on the recording epochs when a trial is said to have diverged.

    Args:
        experiment: what is run.
        bound: the largest magnitude of a weight that has not diverged.

    Returns:
        Whether the largest error that these sizes allow is infinite.
    """
    e = experiment

    def log(array: NDArray[np.float64] | float) -> float:
        magnitude = float(np.abs(array).max())
        return math.log10(magnitude) if magnitude else -math.inf

    activity = drive = log(e.inputs)
    for number, (layer, fan_in) in enumerate(zip(e.layers, e.sizes, strict=False), start=1):
        drive = max(log(bound), log(layer)) + activity + math.log10(fan_in)
        kind = of(e.output_activation if number == len(e.layers) else e.activation)
        activity = drive if kind.grows else 0.0
    difference = max(activity, log(e.targets)) + math.log10(2)
    squares = 2 * difference + math.log10(e.samples * e.outputs)
    return max(squares, drive) > math.log10(np.finfo(np.float64).max)
