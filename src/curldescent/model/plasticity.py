"""How synapses learn: with which sign and strength, and from which error signal."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import representation, validation
from curldescent.foundation.errors import InputError
from curldescent.model import feedback
from curldescent.model.flips import Flips, read_rule, shown_rule
from curldescent.model.layer_rules import LayerRules, Rule
from curldescent.model.realised import Realised, RealisedLayer, counted, warn_unrealised
from curldescent.model.signatures import Signature, layer_strengths
from curldescent.model.weights import layer_names, network_sizes

Array = NDArray[np.float64]
_Layer = tuple[str, Any, tuple[str, int], tuple[str, int]]
SIDES = ("presynaptic", "postsynaptic")


class Strengths(tuple[Array, ...]):
    """S, one factor per synapse and layer, each (post, pre): ΔW = −η S ∘ ∂C/∂W."""

    __slots__ = ()

    @property
    def hidden(self) -> Array:
        """(N, M), of a network with two layers."""
        hidden, _ = self
        return hidden

    @property
    def readout(self) -> Array:
        """(O, N), of a network with two layers."""
        _, readout = self
        return readout


@dataclass(frozen=True, eq=False, repr=False)
class Plasticity(LayerRules):
    """Which synapses learn with which sign and strength: ΔW = −η S ∘ ∂C/∂W, layer by layer.

    What is said of a layer, its rule, has the forms that `Flips` lists: a fraction, a mask, strengths, flips. A
    fraction or a count takes the first neurons. `Plasticity()` is gradient descent. `Signature` says the same of
    networks of any shape.

    Args:
        hidden: the rule of the synapses input → hidden: a fraction α_h, one entry per neuron, or an (N, M) matrix.
        readout: the rule of the synapses hidden → output: a fraction α_r, one entry per neuron, or an (O, N) matrix.
        flips: which neurons all but the matrices speak of. "presynaptic": vectors d1 (M,) and d2 (N,), the paper's
            D1 and D2. "postsynaptic": vectors (N,) and (O,).
        layers: of networks of any depth: a list with one rule a layer, from the inputs on; or a mapping from layers to
            rules, by position (0 is the first, −1 the last) or by name ("layer1", …). Layers that it does not name
            go by `readout`, the last one, and `hidden`, the others.
        feedback: what carries the error of a layer back to the one before. None: Wᵀ (backpropagation). A matrix B,
            (N, O) or (T, N, O): feedback alignment with it, in networks with two layers; a tuple of matrices
            (pre, post), one for every layer but the first, in deeper ones. "random": feedback alignment with B sampled
            per trial, U(±feedback_scale/√pre).
        feedback_scale: of the sampled B.

    Raises:
        InputError: a fraction outside [0, 1], an unknown name, values that are not finite, booleans among numbers.
            Sizes are checked when the plasticity meets a problem.

    Warns:
        PlasticityWarning: a vector of whole numbers 0 and 1, which freezes and flips nothing; a fraction that comes to
            no flip in the network that it meets.

    Source: the paper, eq. for curl descent; docs/architecture.md on conventions.

    Example:
        >>> import curldescent as cd
        >>> cd.Plasticity(readout=0.1)
        Plasticity(readout=0.1)
        >>> cd.Plasticity(readout=0.3).strengths(n_inputs=2, n_hidden=4, n_outputs=1).readout
        array([[-1.,  1.,  1.,  1.]])
        >>> print(cd.Plasticity(readout=[False, True, False]).realised(n_inputs=2, n_hidden=3, n_outputs=1))
        readout 1 of 3 hidden neurons flipped
    """

    hidden: Rule = 0.0
    readout: Rule = 0.0
    _: KW_ONLY
    layers: Any = None
    flips: str = "presynaptic"
    feedback: ArrayLike | tuple[ArrayLike, ...] | None = None
    feedback_scale: float = 1.0

    def __post_init__(self) -> None:
        validation.choice("flips", self.flips, SIDES)
        for layer in ("hidden", "readout"):
            object.__setattr__(self, layer, read_rule(f"{layer} plasticity", getattr(self, layer)))
        if self.layers is not None:
            object.__setattr__(self, "layers", _read_layers(self.layers))
        if isinstance(self.feedback, str):
            validation.choice("feedback", self.feedback, ("random",))
        elif isinstance(self.feedback, tuple):
            given = [validation.finite_array("feedback", item, ndim=(2, 3)) for item in self.feedback]
            object.__setattr__(self, "feedback", tuple(given))
        elif self.feedback is not None:
            object.__setattr__(self, "feedback", validation.finite_array("feedback", self.feedback, ndim=(2, 3)))
        object.__setattr__(self, "feedback_scale", validation.positive("feedback_scale", self.feedback_scale))

    @property
    def label(self) -> str:
        """A short name for tables and legends: GD, CD, FA or FA + flips, with what was asked for.

        What it comes to in a network, `realised_label` says.
        """
        asked = [_asked(*layer) for layer in (("hidden", "h", self.hidden), ("readout", "r", self.readout))]
        asked += [_asked(_named_layer(key), _named_layer(key), value) for key, value in (self.layers or {}).items()]
        return self._named([part for part in asked if part])

    @classmethod
    def of(cls, signature: Signature, sizes: Sequence[int], *, paths: Sequence[str] | None = None) -> "Plasticity":
        """The plasticity of a fully connected network that a signature comes to.

        Args:
            signature: what is said of the parameters.
            sizes: M, the sizes of the hidden layers, O (`Weights.sizes`).
            paths: what the signature calls the weights, from the inputs on; "hidden" and "readout" (in other depths
                "layer1", …) by default.

        Returns:
            Strengths per neuron where all synapses of a neuron share one, per synapse elsewhere.

        Raises:
            InputError: as `Signature.strengths`, or another number of paths than of layers.

        Example:
            >>> drawn = Signature({"*": 0.5}, seed=3)
            >>> print(Plasticity.of(drawn, [2, 4, 1]).realised([2, 4, 1]))
            hidden 1 of 2 inputs flipped; readout 2 of 4 hidden neurons flipped
        """
        return cls(layers=[_per_neuron(s) for s in layer_strengths(signature, sizes, paths)])

    def rules(self, depth: int) -> dict[str, Any]:
        """What is said of every layer of a network of that depth, by the layer's name.

        Args:
            depth: how many layers of weights.

        Returns:
            Names, from the inputs on, to a fraction, a `Flips` or strengths.

        Raises:
            InputError: layers that such a network does not have.

        Example:
            >>> Plasticity(readout=0.5, layers={0: 0.1}).rules(3)
            {'layer1': 0.1, 'layer2': 0.0, 'layer3': 0.5}
        """
        names = layer_names(depth)
        if isinstance(self.layers, _Listed) and len(self.layers) != len(names):
            raise InputError(f"layers must have {len(names)} entries, one a layer, got {len(self.layers)}")
        by_position: dict[int, Any] = {}
        for key, value in (self.layers or {}).items():
            position = _position(key, names)
            if not -len(names) <= position < len(names):
                accepted = ", ".join(names)
                raise InputError(f"layers must name layers of the network, {accepted} or their positions, got {key!r}")
            if position % len(names) in by_position:
                raise InputError(f"layers must name every layer once, got {names[position]!r} twice")
            by_position[position % len(names)] = value
        usual = dict.fromkeys(names, self.hidden) | {names[-1]: self.readout}
        return {name: by_position.get(number, usual[name]) for number, name in enumerate(names)}

    def realised_label(self, sizes: Sequence[int] | None = None, **named: Any) -> str:
        """The same with what it comes to in a network of the given sizes, where that is not what was asked for.

        Args:
            sizes: as in `strengths`.
            **named: as in `strengths`.

        Returns:
            The label; GD (or FA) where nothing is flipped, frozen or graded.

        Raises:
            InputError: a plasticity that does not fit the network.

        Example:
            >>> rule, sizes = Plasticity(readout=0.15), {"n_inputs": 4, "n_outputs": 1}
            >>> [rule.realised_label(n_hidden=n, **sizes) for n in (20, 10, 5)]
            ['CD (α_r = 0.15)', 'CD (α_r = 0.15: 1 of 10)', 'GD (α_r = 0.15: 0 of 5)']
        """
        parts, descends = [], True
        for name, value, post, pre in self._layers(network_sizes(sizes, **named)):
            layer = self._realised_layer(name, value, post, pre)
            descends &= layer.descends
            if layer.fraction is None:
                parts.append(_counts(name, layer, value))
            elif layer.fraction:
                count = f": {layer.flipped} of {layer.size}" if layer.rounded else ""
                parts.append(f"α_{_SYMBOLS.get(name, name)} = {layer.fraction:g}{count}")
        return self._named(parts, descends=descends)

    def _named(self, parts: list[str], *, descends: bool = False) -> str:
        what = f" ({', '.join(parts)})" if parts else ""
        if not parts or descends:
            return ("GD" if self.feedback is None else "FA") + what
        return ("CD" if self.feedback is None else "FA + flips") + what

    def strengths(self, sizes: Sequence[int] | None = None, **named: Any) -> Strengths:
        """S for a network of the given sizes.

        Args:
            sizes: M, the sizes of the hidden layers, O (`Weights.sizes`); or by name, for networks with two layers,
            **named: n_inputs (M), n_hidden (N) and n_outputs (O).

        Returns:
            `Strengths`, one array (post, pre) a layer; of two layers, `hidden` (N, M) and `readout` (O, N).

        Raises:
            InputError: a vector, a matrix, a count, an index or a layer that does not fit the network.

        Warns:
            PlasticityWarning: a fraction above 0 that comes to no flip.
        """
        sizes = network_sizes(sizes, **named)
        warn_unrealised(self.realised(sizes).layers, of=" plasticity")
        return self.resolved(sizes)

    def resolved(self, sizes: Sequence[int] | None = None, **named: Any) -> Strengths:
        """The same as `strengths`, without a warning: for callers that show what is realised themselves."""
        out = []
        for name, value, post, pre in self._layers(network_sizes(sizes, **named)):
            given, _ = self._factors(name, value, post, pre)
            if given.ndim == 1 and self.flips != "presynaptic":
                given = given[:, None]
            out.append(np.broadcast_to(given, (post[1], pre[1])).copy())
        return Strengths(out)

    def realised(self, sizes: Sequence[int] | None = None, **named: Any) -> Realised:
        """What the plasticity comes to in a network of the given sizes.

        Args:
            sizes: as in `strengths`.
            **named: as in `strengths`.

        Returns:
            How many neurons (synapses, where there is one strength each) of every layer are flipped, frozen, graded.

        Raises:
            InputError: as `strengths`.

        Example:
            >>> print(Plasticity(readout=0.1).realised(n_inputs=4, n_hidden=8, n_outputs=1))
            readout 0 of 8 hidden neurons flipped (α = 0.1 rounded down)
            >>> print(Plasticity(layers={1: 0.5}).realised([3, 8, 4, 1]))
            layer2 4 of 8 neurons flipped
        """
        layers = self._layers(network_sizes(sizes, **named))
        return Realised({name: self._realised_layer(name, *rest) for name, *rest in layers})

    def _realised_layer(self, name: str, value: Any, post: tuple[str, int], pre: tuple[str, int]) -> RealisedLayer:
        asked = value if isinstance(value, float) else None
        neurons, size, flips = self._of_neurons(value, post, pre)
        if flips is None:
            return counted(*self._factors(name, value, post, pre), fraction=asked)
        count = flips.number(f"{name} plasticity", size, meaning=self._meaning(neurons))
        return RealisedLayer(neurons, size, count, fraction=asked)

    def _layers(self, sizes: Sequence[int]) -> "list[_Layer]":
        """Of every layer its name, what is said of it, and the neurons after and before it."""
        rules = self.rules(len(sizes) - 1)
        between = "hidden neurons" if len(rules) == 2 else "neurons"
        units = ["inputs", *[between] * (len(rules) - 1), "outputs"]
        after, before = zip(units[1:], sizes[1:], strict=True), zip(units, sizes, strict=False)
        return [(*said, post, pre) for said, post, pre in zip(rules.items(), after, before, strict=False)]

    def _of_neurons(self, value: Any, post: tuple[str, int], pre: tuple[str, int]) -> tuple[str, int, Flips | None]:
        """What a vector speaks of, how many there are, and which are flipped, where that is all that is said."""
        neurons, size = pre if self.flips == "presynaptic" else post
        flips = Flips(fraction=value) if isinstance(value, float) else value if isinstance(value, Flips) else None
        if flips is not None and flips.mask is not None and np.ndim(flips.mask) == 2:
            flips = None
        return neurons, size, flips

    def _meaning(self, neurons: str) -> str:
        return f"({self.flips}: one for each of the {neurons})"

    def _factors(self, name: str, value: Any, post: tuple[str, int], pre: tuple[str, int]) -> tuple[Array, str]:
        """One factor per neuron, or per synapse where they are given; and what there is one of."""
        neurons, size, flips = self._of_neurons(value, post, pre)
        shape, axes = (post[1], pre[1]), f"({post[0]}, {pre[0]})"
        meaning = self._meaning(neurons)
        if flips is not None:
            return np.where(flips.chosen(f"{name} plasticity", size, meaning=meaning), -1.0, 1.0), neurons
        if isinstance(value, Flips):
            value = np.where(np.asarray(value.mask), -1.0, 1.0)
        given = np.asarray(value, dtype=np.float64)
        if given.ndim == 2:
            validation.shape(f"{name} plasticity", given, shape, axes)
            return given, "synapses"
        validation.shape(f"{name} plasticity", given, (size,), meaning)
        return given, neurons

    def feedback_matrices(
        self, sizes: Sequence[int] | None = None, *, trials: int, seed: int, **named: int
    ) -> tuple[Array, ...] | None:
        """B of every trial, for every layer but the first; None for backpropagation.

        Args:
            sizes: as in `strengths`.
            trials: T.
            seed: of a sampled B; trial t has the same B whatever the number of trials.
            **named: as in `strengths`.

        Returns:
            One array (T, pre, post) for every layer but the first, or None.

        Raises:
            InputError: a given B whose shape does not fit.
        """
        if self.feedback is None:
            return None
        shapes = list(pairwise(network_sizes(sizes, **named)[1:]))
        return feedback.matrices(self.feedback, shapes, trials=trials, seed=seed, scale=self.feedback_scale)

    def __repr__(self) -> str:
        layers = {"hidden": self.hidden, "readout": self.readout}
        parts = [f"{name}={shown_rule(value)}" for name, value in layers.items() if _given(value)]
        if self.layers is not None:
            parts.append("layers={" + ", ".join(f"{key!r}: {shown_rule(v)}" for key, v in self.layers.items()) + "}")
        if self.flips != "presynaptic":
            parts.append(f"flips={self.flips!r}")
        if self.feedback is not None:
            parts.append("feedback='random'" if isinstance(self.feedback, str) else "feedback=<given>")
        return f"Plasticity({', '.join(parts)})"

    def _repr_html_(self) -> str:
        def layer(value: Any, neurons: str) -> str:
            if isinstance(value, float):
                return f"{value:.4g} of the {neurons} flipped, rounded down" if value else "gradient descent"
            if isinstance(value, Flips) and value.mask is None:
                return f"{_flipped(value)} of the {neurons} flipped"
            array = np.asarray(value if not isinstance(value, Flips) else np.where(np.asarray(value.mask), -1.0, 1.0))
            each = neurons if array.ndim == 1 else f"{'×'.join(map(str, array.shape))} synapses"
            return f"{counted(array, each)}, mean strength {array.mean():.3g}"

        names = ("inputs", "hidden neurons") if self.flips == "presynaptic" else ("hidden neurons", "outputs")
        feedback = "W2ᵀ, backpropagation"
        if self.feedback is not None:
            feedback = "fixed B, " + ("sampled per trial" if isinstance(self.feedback, str) else "given")
        rows = [
            ("hidden, W1", layer(self.hidden, names[0])),
            ("readout, W2", layer(self.readout, names[1])),
            *((_named_layer(key), layer(value, "neurons")) for key, value in (self.layers or {}).items()),
            ("error carried by", feedback),
        ]
        return representation.html_table(f"Plasticity: {self.label}", rows)


_SYMBOLS = {"hidden": "h", "readout": "r"}


def _per_neuron(strengths: Array) -> ArrayLike:
    """A layer's strengths (post, pre), as short as they can be said."""
    row = strengths[0]
    if not (strengths == row).all():
        return strengths
    return 0.0 if (row == 1).all() else row


class _Listed(dict[int | str, Any]):
    """What was said of layers as a list: there must be as many as layers."""


def _read_layers(given: Any) -> dict[int | str, Any]:
    listed = isinstance(given, list | tuple)
    if not listed and not isinstance(given, Mapping):
        raise InputError(
            "layers must be a list with one entry a layer, or a mapping from positions or names of layers to entries, "
            f"got {validation.shown(given)}"
        )
    kind = _Listed if listed else dict
    for key in () if listed else given:
        if isinstance(key, bool) or not isinstance(key, int | str):
            raise InputError(f"layers must be named by position or name, got {validation.shown(key)}")
    items = enumerate(given) if listed else given.items()
    return kind({key: read_rule(f"the plasticity of {_named_layer(key)}", value) for key, value in items})


def _position(key: int | str, names: Sequence[str]) -> int:
    if isinstance(key, str):
        # The last layer is the readout in every depth.
        return names.index(key) if key in names else len(names) - 1 if key == "readout" else len(names)
    return key


def _named_layer(key: int | str) -> str:
    return key if isinstance(key, str) else f"layers[{key}]"


def _given(value: Any) -> bool:
    """Whether a layer's plasticity says anything but "as in gradient descent"."""
    return not isinstance(value, float) or value != 0


def _asked(name: str, symbol: str, value: Any) -> str:
    """A layer's part of the label before any network is known."""
    if isinstance(value, float):
        return f"α_{symbol} = {value:g}" if value else ""
    if isinstance(value, Flips) and value.mask is None:
        return f"{name}: {_flipped(value)} flipped"
    array = np.where(np.asarray(value.mask), -1.0, 1.0) if isinstance(value, Flips) else np.asarray(value)
    return _counts(name, counted(array, ""), value)


def _flipped(value: Flips) -> int:
    assert value.count is not None or value.indices is not None
    return value.count if value.count is not None else len(tuple(value.indices or ()))


def _counts(name: str, layer: RealisedLayer, value: Any) -> str:
    strengths = "" if isinstance(value, Flips) else " strengths"
    more = "".join(f", {n} {word}" for n, word in ((layer.frozen, "frozen"), (layer.graded, "graded")) if n)
    return f"{name}{strengths}: {layer.flipped} of {layer.size} flipped{more}"
