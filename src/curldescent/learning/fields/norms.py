"""What norm preservation leaves of an update: nothing along a layer's weights."""

from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp


def tangential(update: Any, layer: Any, xp: ModuleType = jnp) -> Any:
    """An update less its component along the layer's weights; a layer of zeros takes all of it.

    Args:
        update: of the layer's shape, or with leading axes.
        layer: the weights, of any scale: no square leaves the range of numbers.
        xp: the array module, jax.numpy or NumPy.

    Returns:
        The part of the update that changes no Frobenius norm, to first order: what rescaling after every small step
        leaves of the step. NaN where a weight is not finite.

    Example:
        >>> import numpy as np
        >>> tangential(np.array([3.0, 4.0]), np.array([2e200, 0.0]), np)
        array([0., 4.])
    """
    largest = xp.max(xp.abs(layer), initial=0.0)
    if xp is jnp:
        # It cancels, so nothing is to be differentiated through it.
        largest = jax.lax.stop_gradient(largest)
    # Only the direction counts: a layer of zeros has none, and gives zero over one.
    direction = layer / xp.where(largest > 0, largest, 1.0)
    square = xp.sum(direction * direction)
    along = xp.sum(update * direction, axis=tuple(range(-layer.ndim, 0)), keepdims=True)
    return update - direction * (along / xp.where(largest > 0, square, 1.0))
