"""The student and teacher as functions: activations, their slopes, the forward pass, the error.

Written once for NumPy and JAX: `xp` is the array module.
"""

from types import ModuleType
from typing import Any

import numpy as np

ACTIVATIONS = ("linear", "tanh", "relu", "sigmoid")


def activate(name: str, drive: Any, xp: ModuleType = np) -> Any:
    """φ(drive), elementwise, for one of `ACTIVATIONS`."""
    if name == "linear":
        return drive
    if name == "tanh":
        return xp.tanh(drive)
    if name == "relu":
        return xp.maximum(drive, 0)
    # The logistic function through tanh: no overflow at either end, and one transcendental.
    return 0.5 * (1 + xp.tanh(0.5 * drive))


def slope(name: str, activity: Any, xp: ModuleType = np) -> Any:
    """φ'(drive) from activity = φ(drive); for relu the slope at zero is taken as zero."""
    if name == "linear":
        return xp.ones_like(activity)
    if name == "tanh":
        return 1 - activity * activity
    if name == "relu":
        return (activity > 0).astype(activity.dtype)
    return activity * (1 - activity)


def outputs(
    inputs: Any, hidden: Any, readout: Any, activation: str, output_activation: str, xp: ModuleType = np
) -> tuple[Any, Any]:
    """The network's hidden activity φ(W1 x) and output φ_out(W2 φ(W1 x)).

    Args:
        inputs: samples as rows, (P, M).
        hidden: W1, (N, M) or with leading axes.
        readout: W2, (O, N) with the same leading axes.
        activation: φ, one of `ACTIVATIONS`.
        output_activation: φ_out, one of `ACTIVATIONS`.
        xp: the array module, NumPy or jax.numpy.

    Returns:
        Hidden activity (…, P, N) and output (…, P, O).
    """
    activity = activate(activation, inputs @ xp.swapaxes(hidden, -1, -2), xp)
    return activity, activate(output_activation, activity @ xp.swapaxes(readout, -1, -2), xp)


def error(output: Any, target: Any, xp: ModuleType = np) -> Any:
    """C = ½⟨‖ŷ − y‖²⟩: summed over outputs, averaged over samples (axis −2)."""
    return 0.5 * xp.mean(xp.sum((output - target) ** 2, axis=-1), axis=-1)
