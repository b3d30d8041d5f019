"""How synapses learn: with which sign and strength, and from which error signal."""

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import citations, representation, validation
from curldescent.model.flips import Flips, read_rule
from curldescent.model.realised import Realised, RealisedLayer, counted, warn_unrealised

Array = NDArray[np.float64]
# What is said of a layer: the flipped fraction, flips, or strengths. Annotated as what it may be given as.
Rule = ArrayLike | Flips | Mapping[str, Any]
_Layer = tuple[str, Any, tuple[str, int], tuple[str, int]]
SIDES = ("presynaptic", "postsynaptic")


class Strengths(NamedTuple):
    """S, one factor per synapse: ΔW = −η S ∘ ∂C/∂W."""

    hidden: Array
    """(N, M)."""
    readout: Array
    """(O, N)."""


@dataclass(frozen=True, eq=False, repr=False)
class Plasticity:
    """Which synapses learn with which sign and strength: ΔW = −η S ∘ ∂C/∂W, layer by layer.

    A number is the *fraction* of rule-flipped neurons of the layer (the first ⌊α·size⌋ of them get −1, the others
    +1); 1 is all of them. Booleans are a mask, True where flipped. `Flips` says a count or indices. Numbers in a vector
    are strengths, one factor per neuron: ±1 flips rules, other values grade them, 0 freezes. A matrix of strengths or
    booleans has one per synapse. `Plasticity()` is gradient descent.

    Args:
        hidden: flips of the synapses input → hidden: a fraction α_h, a `Flips`, a mask or strengths; in a vector, or in
            an (N, M) matrix.
        readout: flips of the synapses hidden → output: the same, α_r, or an (O, N) matrix.
        flips: which neurons all but the matrices speak of. "presynaptic": vectors d1 (M,) and d2 (N,), the paper's
            D1 and D2. "postsynaptic": vectors (N,) and (O,).
        feedback: what carries the output error back to the hidden layer. None: W2ᵀ (backpropagation). A matrix B,
            (N, O) or (T, N, O): feedback alignment with it. "random": feedback alignment with a B sampled per trial,
            U(±feedback_scale/√N).
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
    flips: str = "presynaptic"
    feedback: ArrayLike | None = None
    feedback_scale: float = 1.0

    def __post_init__(self) -> None:
        validation.choice("flips", self.flips, SIDES)
        for layer in ("hidden", "readout"):
            object.__setattr__(self, layer, read_rule(f"{layer} plasticity", getattr(self, layer)))
        if isinstance(self.feedback, str):
            validation.choice("feedback", self.feedback, ("random",))
        elif self.feedback is not None:
            object.__setattr__(self, "feedback", validation.finite_array("feedback", self.feedback, ndim=(2, 3)))
        object.__setattr__(self, "feedback_scale", validation.positive("feedback_scale", self.feedback_scale))

    @property
    def label(self) -> str:
        """A short name for tables and legends: GD, CD, FA or FA + flips, with what was asked for.

        What it comes to in a network, `realised_label` says.
        """
        asked = (_asked(*layer) for layer in (("hidden", "h", self.hidden), ("readout", "r", self.readout)))
        return self._named([part for part in asked if part])

    def realised_label(self, *, n_inputs: int, n_hidden: int, n_outputs: int) -> str:
        """The same with what it comes to in a network of the given sizes, where that is not what was asked for.

        Args:
            n_inputs: M.
            n_hidden: N.
            n_outputs: O.

        Returns:
            The label; GD (or FA) where nothing is flipped, frozen or graded.

        Raises:
            InputError: a plasticity that does not fit the network.

        Example:
            >>> rule, sizes = Plasticity(readout=0.15), {"n_inputs": 4, "n_outputs": 1}
            >>> [rule.realised_label(n_hidden=n, **sizes) for n in (20, 10, 5)]
            ['CD (α_r = 0.15)', 'CD (α_r = 0.15: 1 of 10)', 'GD (α_r = 0.15: 0 of 5)']
        """
        found = self.realised(n_inputs=n_inputs, n_hidden=n_hidden, n_outputs=n_outputs)
        parts = []
        for name, symbol, layer, value in (
            ("hidden", "h", found.hidden, self.hidden),
            ("readout", "r", found.readout, self.readout),
        ):
            if layer.fraction is not None:
                if layer.fraction:
                    count = f": {layer.flipped} of {layer.size}" if layer.rounded else ""
                    parts.append(f"α_{symbol} = {layer.fraction:g}{count}")
            else:
                parts.append(_counts(name, layer, value))
        return self._named(parts, descends=found.hidden.descends and found.readout.descends)

    def _named(self, parts: list[str], *, descends: bool = False) -> str:
        what = f" ({', '.join(parts)})" if parts else ""
        if not parts or descends:
            return ("GD" if self.feedback is None else "FA") + what
        return ("CD" if self.feedback is None else "FA + flips") + what

    def strengths(self, *, n_inputs: int, n_hidden: int, n_outputs: int) -> Strengths:
        """S for a network of the given sizes.

        Args:
            n_inputs: M.
            n_hidden: N.
            n_outputs: O.

        Returns:
            `Strengths` with hidden (N, M) and readout (O, N).

        Raises:
            InputError: a vector, a matrix, a count or an index that does not fit the network.

        Warns:
            PlasticityWarning: a fraction above 0 that comes to no flip.
        """
        warn_unrealised(
            self.realised(n_inputs=n_inputs, n_hidden=n_hidden, n_outputs=n_outputs).layers, of=" plasticity"
        )
        return self.resolved(n_inputs=n_inputs, n_hidden=n_hidden, n_outputs=n_outputs)

    def resolved(self, *, n_inputs: int, n_hidden: int, n_outputs: int) -> Strengths:
        """The same as `strengths`, without a warning: for callers that show what is realised themselves."""
        layers = self._layers(n_inputs=n_inputs, n_hidden=n_hidden, n_outputs=n_outputs)
        out = []
        for name, value, post, pre in layers:
            given, _ = self._factors(name, value, post, pre)
            if given.ndim == 1 and self.flips != "presynaptic":
                given = given[:, None]
            out.append(np.broadcast_to(given, (post[1], pre[1])).copy())
        return Strengths(*out)

    def realised(self, *, n_inputs: int, n_hidden: int, n_outputs: int) -> Realised:
        """What the plasticity comes to in a network of the given sizes.

        Args:
            n_inputs: M.
            n_hidden: N.
            n_outputs: O.

        Returns:
            How many neurons (synapses, where there is one strength each) of both layers are flipped, frozen, graded.

        Raises:
            InputError: as `strengths`.

        Example:
            >>> print(Plasticity(readout=0.1).realised(n_inputs=4, n_hidden=8, n_outputs=1))
            readout 0 of 8 hidden neurons flipped (α = 0.1 rounded down)
        """
        layers = self._layers(n_inputs=n_inputs, n_hidden=n_hidden, n_outputs=n_outputs)
        found = []
        for name, value, post, pre in layers:
            asked = value if isinstance(value, float) else None
            neurons, size, flips = self._of_neurons(value, post, pre)
            if flips is None:
                found.append(counted(*self._factors(name, value, post, pre), fraction=asked))
                continue
            count = flips.number(f"{name} plasticity", size, meaning=self._meaning(neurons))
            found.append(RealisedLayer(neurons, size, count, fraction=asked))
        return Realised(*found)

    def _layers(self, *, n_inputs: int, n_hidden: int, n_outputs: int) -> "tuple[_Layer, _Layer]":
        inputs, hidden, outputs = ("inputs", n_inputs), ("hidden neurons", n_hidden), ("outputs", n_outputs)
        return ("hidden", self.hidden, hidden, inputs), ("readout", self.readout, outputs, hidden)

    def _of_neurons(self, value: Any, post: tuple[str, int], pre: tuple[str, int]) -> tuple[str, int, Flips | None]:
        """What a vector speaks of, how many there are, and which are flipped, where that is all that is said."""
        neurons, size = pre if self.flips == "presynaptic" else post
        flips = Flips(fraction=value) if isinstance(value, float) else value if isinstance(value, Flips) else None
        if flips is not None and flips.mask is not None and np.ndim(flips.mask) == 2:
            flips = None
        return neurons, size, flips

    def _meaning(self, neurons: str) -> str:
        return f"({self.flips}: one per {neurons})"

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

    def feedback_matrices(self, *, n_hidden: int, n_outputs: int, trials: int, seed: int) -> Array | None:
        """B for every trial, (T, N, O); None for backpropagation.

        Args:
            n_hidden: N.
            n_outputs: O.
            trials: T.
            seed: of a sampled B; trial t has the same B whatever the number of trials.

        Returns:
            The feedback matrices, or None.

        Raises:
            InputError: a given B whose shape does not fit.
        """
        if self.feedback is None:
            return None
        citations.use("lillicrap2016")
        if isinstance(self.feedback, str):
            width = self.feedback_scale / math.sqrt(n_hidden)
            streams = [np.random.default_rng([seed, trial, _FEEDBACK_STREAM]) for trial in range(trials)]
            return np.stack([rng.uniform(-width, width, (n_hidden, n_outputs)) for rng in streams])
        given = np.asarray(self.feedback, dtype=np.float64)
        expected = (n_hidden, n_outputs) if given.ndim == 2 else (trials, n_hidden, n_outputs)
        validation.shape("feedback", given, expected, "(…, hidden neurons, outputs)")
        return np.broadcast_to(given, (trials, n_hidden, n_outputs)).copy()

    def __repr__(self) -> str:
        def show(value: Any) -> str:
            if isinstance(value, Flips):
                return repr(value)
            array = np.asarray(value)
            return f"{float(array):g}" if array.ndim == 0 else f"<{'×'.join(map(str, array.shape))} strengths>"

        parts = [f"{name}={show(v)}" for name, v in (("hidden", self.hidden), ("readout", self.readout)) if _given(v)]
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
            ("error carried by", feedback),
        ]
        return representation.html_table(f"Plasticity: {self.label}", rows)


# Keeps the stream of sampled feedback apart from that of the sample orders, which has the same seed and trial.
_FEEDBACK_STREAM = 1


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
