"""The form that parameters come in, a tree of arrays, and the flat vector that stands for it."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ParameterTree:
    """A tree's structure with the paths and shapes of its leaves; hashable, so that equal forms compile once.

    Attributes:
        structure: JAX's description of the tree.
        leaves: path and shape of every leaf, in the order of the flat vector.
    """

    structure: Any
    leaves: tuple[tuple[str, tuple[int, ...]], ...]

    @classmethod
    def of(cls, params: Any) -> "ParameterTree":
        """The form of some parameters; refused where they are not arrays."""
        leaves, structure = jax.tree_util.tree_flatten_with_path(params)
        if not leaves:
            raise InputError("params must hold at least one array, got an empty tree")
        return cls(structure, tuple((path_name(path), _array(path, leaf).shape) for path, leaf in leaves))

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Paths to shapes."""
        return dict(self.leaves)

    def flat(self, params: Any) -> Array:
        """Parameters of this form as a vector (n,) in float64; refused where they have another form."""
        given, structure = jax.tree_util.tree_flatten_with_path(params)
        if self.structure != structure:
            raise InputError(f"parameters must have the structure {self.structure}, got {structure}")
        parts = []
        for (path, leaf), (name, shape) in zip(given, self.leaves, strict=True):
            array = _array(path, leaf)
            if array.dtype.kind not in "f" and not jnp.issubdtype(array.dtype, jnp.floating):
                raise InputError(f"parameter {name!r} must hold real numbers, got dtype {array.dtype}")
            if array.shape != shape:
                raise InputError(f"parameter {name!r} must have shape {shape}, got {array.shape}")
            parts.append(array.astype(np.float64).ravel())
        theta = np.concatenate(parts)
        if not np.isfinite(theta).all():
            raise InputError("parameters must be finite, got NaN or infinite values")
        return theta

    def split(self, theta: Any) -> tuple[Any, ...]:
        """The leaves of a vector, of NumPy or traced by JAX."""
        parts, start = [], 0
        for _, shape in self.leaves:
            size = math.prod(shape)
            parts.append(theta[start : start + size].reshape(shape))
            start += size
        return tuple(parts)

    def tree(self, theta: Any) -> Any:
        """A vector in the form of the parameters."""
        return jax.tree_util.tree_unflatten(self.structure, self.split(theta))


def path_name(path: Any) -> str:
    """A tree path as text, "hidden.weight" or "0.w"."""
    parts = [getattr(key, "key", getattr(key, "idx", getattr(key, "name", None))) for key in path]
    return ".".join(str(part) for part in parts) or "params"


def _array(path: Any, leaf: Any) -> NDArray:
    """A parameter as an array of its own type."""
    name = f"parameter {path_name(path)!r}"
    validation.lossless(name, leaf)
    try:
        return np.asarray(leaf)
    except (TypeError, ValueError):
        raise InputError(f"{name} must hold real numbers, got {validation.shown(leaf)}") from None
