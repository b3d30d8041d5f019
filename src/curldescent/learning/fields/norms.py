"""What norm preservation leaves of an update: nothing along a layer's weights."""

from types import ModuleType
from typing import Any

import jax.numpy as jnp


def tangential(update: Any, layer: Any, xp: ModuleType = jnp) -> Any:
    """An update less its component along the layer's weights; a layer of zeros takes all of it.

    Args:
        update: of the layer's shape, or with leading axes.
        layer: the weights.
        xp: the array module, jax.numpy or NumPy.

    Returns:
        The part of the update that changes no Frobenius norm, to first order.

    Example:
        >>> import numpy as np
        >>> tangential(np.array([3.0, 4.0]), np.array([2.0, 0.0]), np)
        array([0., 4.])
    """
    square = xp.sum(layer * layer)
    along = xp.sum(update * layer, axis=tuple(range(-layer.ndim, 0)), keepdims=True)
    return update - layer * xp.where(square > 0, along / xp.where(square > 0, square, 1.0), 0.0)
