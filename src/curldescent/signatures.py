"""Plasticity signatures for networks of any shape: one strength per synapse, named by neuron and by layer.

A signature speaks of parameters by their path ("hidden.weight", "0.w"), so that the same one serves a JAX pytree and a
PyTorch module. What it resolves to is S, one factor for every entry of every parameter.
"""

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent import validation
from curldescent.errors import InputError
from curldescent.plasticity import flipped_count

Array = NDArray[np.float64]
Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class Signature:
    """Which synapses of a network learn with which sign and strength, layer by layer.

    Args:
        layers: what applies to which parameters: glob patterns over parameter paths (``"*"``, ``"*.kernel"``)
            to rules; the first pattern that matches a parameter decides. Parameters that none matches learn by gradient
            descent. A rule is read as in `Plasticity`: a number is the fraction of presynaptic neurons that are
            flipped, a vector has one strength per presynaptic neuron, an array of the parameter's shape one per
            synapse. In parameters of one dimension (biases) every entry counts as a neuron.
        seed: which neurons a fraction flips; None takes the first ⌊α·size⌋, as `Plasticity` does. The choice depends on
            the seed, the path and the size only, so that adding a layer changes no other.
        presynaptic_axis: the axis of presynaptic neurons in a weight: 1 for weights (post, pre, …), PyTorch's and this
            library's; −2 for Flax kernels (…, pre, post).

    Raises:
        InputError: a rule that is no fraction, vector or array. Whether it fits is checked when it meets parameters.

    Example:
        >>> half = Signature({"out.*": 0.5}, seed=None)
        >>> half.resolve({"in.w": (1, 2), "out.w": (1, 4)})["out.w"]
        array([[-1., -1.,  1.,  1.]])
    """

    layers: Mapping[str, ArrayLike] = field(default_factory=dict)
    _: KW_ONLY
    seed: int | None = 0
    presynaptic_axis: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.layers, Mapping):
            raise InputError(f"layers must map path patterns to rules, got {type(self.layers).__name__}")
        checked: dict[str, float | Array] = {}
        for pattern, rule in self.layers.items():
            name = f"the rule of {pattern!r}"
            if isinstance(rule, str) or rule is None:
                raise InputError(f"{name} must be a fraction, a vector or an array, got {rule!r}")
            dims = np.ndim(rule)
            checked[str(pattern)] = (
                validation.fraction(name, rule) if dims == 0 else validation.finite_array(name, rule, ndim=dims)
            )
        object.__setattr__(self, "layers", checked)
        if self.seed is not None:
            validation.integer("seed", self.seed, minimum=0)

    def resolve(self, shapes: Shapes) -> dict[str, Array]:
        """S for parameters of the given shapes.

        Args:
            shapes: parameter paths to shapes.

        Returns:
            Paths to strengths, each of its parameter's shape.

        Raises:
            InputError: a pattern that matches no parameter, or a rule that does not fit one it matches.
        """
        for pattern in self.layers:
            if not any(fnmatchcase(path, pattern) for path in shapes):
                hint = validation.nearest(pattern, shapes)
                raise InputError(f"no parameter matches {pattern!r}{hint}; there are {', '.join(shapes)}")
        return {path: self._one(path, shape) for path, shape in shapes.items()}

    def _one(self, path: str, shape: tuple[int, ...]) -> Array:
        rule = next((rule for pattern, rule in self.layers.items() if fnmatchcase(path, pattern)), 0.0)
        given = np.asarray(rule, dtype=np.float64)
        if given.ndim > 1:
            validation.shape(f"the strengths of {path!r}", given, shape, "(the parameter's)")
            return given.copy()
        axis, size = presynaptic(shape, self.presynaptic_axis)
        if given.ndim == 1:
            validation.shape(f"the strengths of {path!r}", given, (size,), f"(one per index of axis {axis})")
            factors = given
        else:
            factors = np.ones(size)
            factors[self._order(path, size)[: flipped_count(float(given), size)]] = -1.0
        along = [size if a == axis else 1 for a in range(len(shape))]
        return np.broadcast_to(factors.reshape(along), shape).copy()

    def _order(self, path: str, size: int) -> NDArray[np.intp]:
        if self.seed is None:
            return np.arange(size)
        return np.random.default_rng([self.seed, zlib.crc32(path.encode())]).permutation(size)


def presynaptic(shape: Sequence[int], axis: int) -> tuple[int, int]:
    """The axis of presynaptic neurons in a parameter of that shape, and how many there are.

    Args:
        shape: of the parameter; with fewer than two dimensions every entry is its own neuron.
        axis: as in `Signature`.

    Returns:
        A non-negative axis and its length; (0, 1) for a scalar parameter.

    Raises:
        InputError: the parameter has no such axis.
    """
    if len(shape) == 0:
        return 0, 1
    if len(shape) == 1:
        return 0, shape[0]
    if not -len(shape) <= axis < len(shape):
        raise InputError(f"presynaptic_axis {axis} does not exist in a parameter of shape {tuple(shape)}")
    return axis % len(shape), shape[axis]


def flatten_strengths(strengths: Mapping[str, ArrayLike], shapes: Shapes) -> Array:
    """Explicit strengths as one vector, in the order of the shapes.

    Args:
        strengths: paths to strengths, each broadcastable to its parameter.
        shapes: paths to the parameters' shapes.

    Returns:
        Shape (number of synapses,).

    Raises:
        InputError: strengths of a parameter missing or not broadcastable, or not finite.
    """
    parts = [np.zeros(0)]
    for path, shape in shapes.items():
        given = validation.finite_array(
            f"the strengths of {path!r}", strengths[path], ndim=tuple(range(len(shape) + 1))
        )
        try:
            whole = np.broadcast_to(given, shape)
        except ValueError:
            raise InputError(
                f"the strengths of {path!r} must broadcast to the parameter's shape {shape}, got {given.shape}"
            ) from None
        parts.append(whole.reshape(math.prod(shape)))
    return np.concatenate(parts)
