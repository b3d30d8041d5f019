"""Plasticity signatures for networks of any shape: one strength per synapse, named by neuron and by layer.

A signature speaks of parameters by their path ("hidden.weight", "0.w"), so that the same one serves a JAX pytree and a
PyTorch module. What it resolves to is S, one factor for every entry of every parameter.
"""

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from fnmatch import fnmatchcase
from glob import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.model.flips import Flips, read_rule, shown_rule, strengths_array
from curldescent.model.layer_rules import LayerRules, Rule
from curldescent.model.layouts import presynaptic
from curldescent.model.realised import Realised, RealisedLayer, counted, warn_unrealised
from curldescent.model.weights import layer_names

if TYPE_CHECKING:
    from curldescent.model.plasticity import Plasticity

Array = NDArray[np.float64]
Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, eq=False, repr=False)
class Signature(LayerRules):
    """Which synapses of a network of any shape learn with which sign and strength, parameter by parameter.

    What is said of a parameter, its rule, has the forms that `Flips` lists, as in `Plasticity`. Neurons are the
    presynaptic ones; in parameters of one dimension (biases) every entry counts as a neuron.

    Args:
        layers: what applies to which parameters: glob patterns over parameter paths (``"*"``, ``"*.kernel"``)
            to rules; the first pattern that matches a parameter decides. Parameters that none matches learn by gradient
            descent.
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
        >>> half.strengths({"in.weight": (1, 2), "out.weight": (1, 4)})["out.weight"]
        array([[-1., -1.,  1.,  1.]])
        >>> half.strengths({"out.kernel": (4, 1)})["out.kernel"].ravel()
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

    @classmethod
    def of(
        cls,
        plasticity: "Plasticity",
        paths: Sequence[str] = ("hidden", "readout"),
        *,
        presynaptic_axis: int | Mapping[str, int] | None = None,
    ) -> "Signature":
        """What a plasticity says of the layers, said of a network's weights by their paths.

        Args:
            plasticity: of a network with as many layers.
            paths: of the weights, from the inputs on, such as ("0.weight", "2.weight") of a PyTorch module.
            presynaptic_axis: as in `Signature`.

        Returns:
            The signature, without a seed: the same neurons are flipped.

        Raises:
            InputError: postsynaptic flips or feedback, of which signatures say nothing; other numbers of layers.

        Example:
            >>> import curldescent as cd
            >>> cd.Signature.of(cd.Plasticity(readout=0.1), ["0.weight", "2.weight"])
            Signature({'0.weight': 0, '2.weight': 0.1}, seed=None)
        """
        if plasticity.feedback is not None:
            raise InputError("a signature says nothing of feedback, which this plasticity has")
        rules = plasticity.rules(len(paths))
        if plasticity.flips != "presynaptic" and not all(map(_one_sided, rules.values())):
            raise InputError("a signature speaks of presynaptic neurons or of synapses, the plasticity of postsynaptic")
        said = {escape(path): rule for path, rule in zip(paths, rules.values(), strict=True)}
        return cls(said, seed=None, presynaptic_axis=presynaptic_axis)

    def strengths(self, shapes: Shapes) -> dict[str, Array]:
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

    def resolve(self, shapes: Shapes) -> dict[str, Array]:
        """The same as `strengths`, which `Plasticity` has as well."""
        return self.strengths(shapes)

    def realised(self, shapes: Shapes) -> Realised:
        """What the signature comes to in parameters of the given shapes.

        Args:
            shapes: parameter paths to shapes.

        Returns:
            Paths to how many neurons (synapses, where there is one strength each) are flipped, frozen and graded.

        Raises:
            InputError: as `strengths`.

        Example:
            >>> print(Signature({"*": 0.3}).realised({"1.weight": (3, 6)})["1.weight"])
            1 of 6 neurons flipped (α = 0.3 rounded down)
        """
        return Realised({path: layer for path, (_, layer) in self._all(shapes).items()})

    def __repr__(self) -> str:
        said = ", ".join(f"{pattern!r}: {shown_rule(rule)}" for pattern, rule in self.layers.items())
        axes = "" if self.presynaptic_axis is None else f", presynaptic_axis={self.presynaptic_axis!r}"
        return f"Signature({{{said}}}, seed={self.seed}{axes})"

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


def _one_sided(rule: Any) -> bool:
    """Whether a rule means the same of neurons before and after: matrices, none flipped, all flipped."""
    if isinstance(rule, float):
        return rule in (0.0, 1.0)
    given: Any = rule.mask if isinstance(rule, Flips) else rule
    return bool(np.ndim(given) == 2)


def layer_strengths(signature: Signature, sizes: Sequence[int], paths: Sequence[str] | None = None) -> list[Array]:
    """S of a fully connected network, (post, pre) layer by layer, whatever the layout of its weights.

    Args:
        signature: what is said of the parameters.
        sizes: M, the sizes of the hidden layers, O.
        paths: of the weights, from the inputs on; this library's own names by default.

    Returns:
        One array a layer.

    Raises:
        InputError: as `Signature.strengths`, or another number of paths than of layers.
    """
    depth = len(sizes) - 1
    names = layer_names(depth) if paths is None else tuple(paths)
    if len(set(names)) != depth:
        raise InputError(f"paths must name the {depth} weights of the network, each once, got {', '.join(names)}")
    # The names of layers do not say it to `presynaptic`; those are (post, pre).
    axes = [1 if paths is None else presynaptic(path, (2, 3), signature.presynaptic_axis)[0] for path in names]
    shapes = {}
    for path, axis, pre, post in zip(names, axes, sizes[:-1], sizes[1:], strict=True):
        shapes[path] = (post, pre) if axis == 1 else (pre, post)
    if paths is None:
        signature = replace(signature, presynaptic_axis=1)
    found = signature.strengths(shapes)
    return [found[path] if axis == 1 else found[path].T for path, axis in zip(names, axes, strict=True)]
