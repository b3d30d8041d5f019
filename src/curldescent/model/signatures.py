"""Plasticity signatures for networks of any shape: one strength per synapse, named by neuron and by layer.

A signature speaks of parameters by their path ("hidden.weight", "0.w"), so that the same one serves a JAX pytree and a
PyTorch module. What it resolves to is S, one factor for every entry of every parameter.
"""

import math
import zlib
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.model.flips import Flips, read_rule, strengths_array
from curldescent.model.layouts import presynaptic
from curldescent.model.realised import RealisedLayer, counted, warn_unrealised

Array = NDArray[np.float64]
Shapes = Mapping[str, tuple[int, ...]]
Rule = ArrayLike | Flips | Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Signature:
    """Which synapses of a network learn with which sign and strength, layer by layer.

    Args:
        layers: what applies to which parameters: glob patterns over parameter paths (``"*"``, ``"*.kernel"``)
            to rules; the first pattern that matches a parameter decides. Parameters that none matches learn by gradient
            descent. A rule is read as in `Plasticity`: a number is the fraction of presynaptic neurons that are
            flipped, booleans are a mask of flips and `Flips` a count or indices, a vector of numbers has one strength
            per presynaptic neuron, an array of the parameter's shape one per synapse. In parameters of one dimension
            (biases) every entry counts as a neuron.
        seed: which neurons a fraction or a count flips; None takes the first ones, as `Plasticity` does. The choice
            depends on the seed, the path and the size only, so that adding a layer changes no other.
        presynaptic_axis: the axis of presynaptic neurons in a weight: 1 for weights (post, pre, …), PyTorch's and
            Equinox's ``weight``; −2 for (…, pre, post), Flax's and Keras' ``kernel``; or a mapping from path patterns
            to axes. None: by the parameter's name, which must then be one of these or this library's own ``hidden`` and
            ``readout``.

    Raises:
        InputError: a rule that is no fraction, flips or array. Whether it fits is checked when it meets parameters.

    Example:
        >>> half = Signature({"out.*": 0.5}, seed=None)
        >>> half.resolve({"in.weight": (1, 2), "out.weight": (1, 4)})["out.weight"]
        array([[-1., -1.,  1.,  1.]])
        >>> half.resolve({"out.kernel": (4, 1)})["out.kernel"].ravel()
        array([-1., -1.,  1.,  1.])
    """

    layers: Mapping[str, Rule] = field(default_factory=dict)
    _: KW_ONLY
    seed: int | None = 0
    presynaptic_axis: int | Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.layers, Mapping):
            raise InputError(f"layers must map path patterns to rules, got {type(self.layers).__name__}")
        any_shape = tuple(range(1, 33))
        checked = {
            str(pattern): read_rule(f"the rule of {pattern!r}", rule, ndim=any_shape)
            for pattern, rule in self.layers.items()
        }
        object.__setattr__(self, "layers", checked)
        if self.seed is not None:
            validation.integer("seed", self.seed, minimum=0)
        axes = self.presynaptic_axis
        for axis in axes.values() if isinstance(axes, Mapping) else [] if axes is None else [axes]:
            validation.integer("presynaptic_axis", axis, minimum=-32, maximum=32)

    def resolve(self, shapes: Shapes) -> dict[str, Array]:
        """S for parameters of the given shapes.

        Args:
            shapes: parameter paths to shapes.

        Returns:
            Paths to strengths, each of its parameter's shape.

        Raises:
            InputError: a pattern that matches no parameter, a rule that does not fit one it matches, or a weight whose
                layout is not known.

        Warns:
            PlasticityWarning: a fraction above 0 that comes to no flip in a parameter that it matches.
        """
        found = self._all(shapes)
        warn_unrealised({f"parameter {path!r}": layer for path, (_, layer) in found.items()})
        return {path: strengths for path, (strengths, _) in found.items()}

    def realised(self, shapes: Shapes) -> dict[str, RealisedLayer]:
        """What the signature comes to in parameters of the given shapes.

        Args:
            shapes: parameter paths to shapes.

        Returns:
            Paths to how many neurons (synapses, where there is one strength each) are flipped, frozen and graded.

        Raises:
            InputError: as `resolve`.

        Example:
            >>> print(Signature({"*": 0.3}).realised({"1.weight": (3, 6)})["1.weight"])
            1 of 6 neurons flipped (α = 0.3 rounded down)
        """
        return {path: layer for path, (_, layer) in self._all(shapes).items()}

    def _all(self, shapes: Shapes) -> dict[str, tuple[Array, RealisedLayer]]:
        for pattern in self.layers:
            if not any(fnmatchcase(path, pattern) for path in shapes):
                hint = validation.nearest(pattern, shapes)
                raise InputError(f"no parameter matches {pattern!r}{hint}; there are {', '.join(shapes)}")
        return {path: self._one(path, shape) for path, shape in shapes.items()}

    def _one(self, path: str, shape: tuple[int, ...]) -> tuple[Array, RealisedLayer]:
        rule: Any = next((rule for pattern, rule in self.layers.items() if fnmatchcase(path, pattern)), 0.0)
        name = f"the strengths of {path!r}"
        if isinstance(rule, float) and rule in (0.0, 1.0):
            # No neuron or all of them: the same whatever the layout.
            whole = np.full(shape, 1.0 - 2.0 * rule)
            return whole, counted(whole, "synapses", fraction=rule)
        given: Any = np.where(rule.mask, -1.0, 1.0) if isinstance(rule, Flips) and rule.mask is not None else rule
        if not isinstance(given, float | Flips) and np.ndim(given) > 1:
            strengths = np.array(given, dtype=np.float64)
            validation.shape(name, strengths, shape, "(the parameter's)")
            return strengths, counted(strengths, "synapses")
        axis, size = presynaptic(path, shape, self.presynaptic_axis, length=len(given) if np.ndim(given) == 1 else None)
        meaning = f"(one per index of axis {axis})"
        fraction = given if isinstance(given, float) else None
        if fraction is not None or isinstance(given, Flips):
            flips = given if isinstance(given, Flips) else Flips(fraction=fraction)
            factors = np.where(flips.chosen(name, size, meaning=meaning, order=self._order(path, size)), -1.0, 1.0)
        else:
            factors = np.asarray(given, dtype=np.float64)
            validation.shape(name, factors, (size,), meaning)
        along = [size if a == axis else 1 for a in range(len(shape))]
        return np.broadcast_to(factors.reshape(along), shape).copy(), counted(factors, "neurons", fraction=fraction)

    def _order(self, path: str, size: int) -> NDArray[np.intp]:
        if self.seed is None:
            return np.arange(size)
        return np.random.default_rng([self.seed, zlib.crc32(path.encode())]).permutation(size)


def flatten_strengths(strengths: Mapping[str, ArrayLike], shapes: Shapes) -> Array:
    """Explicit strengths as one vector, in the order of the shapes.

    Args:
        strengths: paths to strengths, each broadcastable to its parameter; booleans are a mask of flips.
        shapes: paths to the parameters' shapes.

    Returns:
        Shape (number of synapses,).

    Raises:
        InputError: strengths of a parameter missing or not broadcastable, or not finite.
    """
    parts = [np.zeros(0)]
    for path, shape in shapes.items():
        given = strengths_array(f"the strengths of {path!r}", strengths[path], ndim=tuple(range(len(shape) + 1)))
        try:
            whole = np.broadcast_to(given, shape)
        except ValueError:
            raise InputError(
                f"the strengths of {path!r} must broadcast to the parameter's shape {shape}, got {given.shape}"
            ) from None
        parts.append(whole.reshape(math.prod(shape)))
    return np.concatenate(parts)
