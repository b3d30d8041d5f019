"""The forward pass of a student or teacher of any depth, and the error of its outputs.

Written once for NumPy and JAX: `xp` is the array module.
"""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from curldescent.model.activations import Activation, of

Named = str | Activation


def passed(
    inputs: Any, layers: Sequence[Any], activation: Named, output_activation: Named, xp: ModuleType = np
) -> tuple[list[Any], list[Any]]:
    """Drives and activities, layer by layer.

    Args:
        inputs: samples as rows, (P, M).
        layers: W1, W2, …, each (post, pre), with the same leading axes.
        activation: φ of every layer but the last.
        output_activation: φ of the last.
        xp: the array module, NumPy or jax.numpy.

    Returns:
        Drives z_l = W_l a_(l−1), one array (…, P, post) a layer; and activities, the inputs first: one more.
    """
    drives, activities = [], [inputs]
    for number, layer in enumerate(layers, start=1):
        drives.append(activities[-1] @ xp.swapaxes(layer, -1, -2))
        kind = of(output_activation if number == len(layers) else activation)
        activities.append(kind.value(drives[-1], xp))
    return drives, activities


def outputs(
    inputs: Any, layers: Sequence[Any], activation: Named, output_activation: Named, xp: ModuleType = np
) -> Any:
    """The network's outputs ŷ, (…, P, O); arguments as in `passed`."""
    return passed(inputs, layers, activation, output_activation, xp)[1][-1]


def error(output: Any, target: Any, xp: ModuleType = np) -> Any:
    """C = ½⟨‖ŷ − y‖²⟩: summed over outputs, averaged over samples (axis −2)."""
    return 0.5 * xp.mean(xp.sum((output - target) ** 2, axis=-1), axis=-1)
