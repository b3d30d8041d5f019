"""How synapses learn: with which sign and strength, and from which error signal."""

import math
from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent import citations, representation, validation
from curldescent.errors import InputError

Array = NDArray[np.float64]
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
    +1). A vector gives one factor per neuron: ±1 flips rules, other values grade them, 0 freezes. A matrix gives one
    factor per synapse. `Plasticity()` is gradient descent.

    Args:
        hidden: flips of the synapses input → hidden: a fraction α_h, a vector, or an (N, M) matrix.
        readout: flips of the synapses hidden → output: a fraction α_r, a vector, or an (O, N) matrix.
        flips: which neuron a fraction or vector speaks of. "presynaptic": vectors d1 (M,) and d2 (N,), the paper's
            D1 and D2. "postsynaptic": vectors (N,) and (O,).
        feedback: what carries the output error back to the hidden layer. None: W2ᵀ (backpropagation). A matrix B,
            (N, O) or (T, N, O): feedback alignment with it. "random": feedback alignment with a B sampled per trial,
            U(±feedback_scale/√N).
        feedback_scale: of the sampled B.

    Raises:
        InputError: a fraction outside [0, 1], an unknown name, values that are not finite. Sizes are checked when
            the plasticity meets a problem.

    Source: the paper, eq. for curl descent; docs/architecture.md on conventions.

    Example:
        >>> import curldescent as cd
        >>> cd.Plasticity(readout=0.1)
        Plasticity(readout=0.1)
        >>> cd.Plasticity(readout=0.3).strengths(n_inputs=2, n_hidden=4, n_outputs=1).readout
        array([[-1.,  1.,  1.,  1.]])
    """

    hidden: ArrayLike = 0.0
    readout: ArrayLike = 0.0
    _: KW_ONLY
    flips: str = "presynaptic"
    feedback: ArrayLike | None = None
    feedback_scale: float = 1.0

    def __post_init__(self) -> None:
        validation.choice("flips", self.flips, SIDES)
        for layer in ("hidden", "readout"):
            value = getattr(self, layer)
            if isinstance(value, str) or value is None:
                raise InputError(f"{layer} plasticity must be a fraction, a vector or a matrix, got {value!r}")
            if np.ndim(value) == 0:
                checked: float | Array = validation.fraction(f"{layer} plasticity", value)
            else:
                checked = validation.finite_array(f"{layer} plasticity", value, ndim=(1, 2))
            object.__setattr__(self, layer, checked)
        if isinstance(self.feedback, str):
            validation.choice("feedback", self.feedback, ("random",))
        elif self.feedback is not None:
            object.__setattr__(self, "feedback", validation.finite_array("feedback", self.feedback, ndim=(2, 3)))
        object.__setattr__(self, "feedback_scale", validation.positive("feedback_scale", self.feedback_scale))

    @property
    def label(self) -> str:
        """A short name for tables and legends: GD, CD, FA or FA + flips, with the fractions."""
        parts = [
            f"α_{symbol} = {value:g}" if isinstance(value, float) else f"{layer} strengths given"
            for layer, symbol, value in (("hidden", "h", self.hidden), ("readout", "r", self.readout))
            if _given(value)
        ]
        if self.feedback is None:
            return f"CD ({', '.join(parts)})" if parts else "GD"
        return f"FA + flips ({', '.join(parts)})" if parts else "FA"

    def strengths(self, *, n_inputs: int, n_hidden: int, n_outputs: int) -> Strengths:
        """S for a network of the given sizes.

        Args:
            n_inputs: M.
            n_hidden: N.
            n_outputs: O.

        Returns:
            `Strengths` with hidden (N, M) and readout (O, N).

        Raises:
            InputError: a vector or matrix whose size does not fit the network.
        """
        return Strengths(
            hidden=self._layer("hidden", self.hidden, post=("hidden neurons", n_hidden), pre=("inputs", n_inputs)),
            readout=self._layer("readout", self.readout, post=("outputs", n_outputs), pre=("hidden neurons", n_hidden)),
        )

    def _layer(self, name: str, value: ArrayLike, *, post: tuple[str, int], pre: tuple[str, int]) -> Array:
        shape = (post[1], pre[1])
        presynaptic = self.flips == "presynaptic"
        neurons, size = pre if presynaptic else post
        given = np.asarray(value, dtype=np.float64)
        if given.ndim == 2:
            validation.shape(f"{name} plasticity", given, shape, f"({post[0]}, {pre[0]})")
            return given
        if given.ndim == 0:
            given = np.where(np.arange(size) < flipped_count(float(given), size), -1.0, 1.0)
        else:
            validation.shape(f"{name} plasticity", given, (size,), f"({self.flips}: one per {neurons})")
        return np.broadcast_to(given if presynaptic else given[:, None], shape).copy()

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
        def show(value: ArrayLike) -> str:
            array = np.asarray(value)
            return f"{float(array):g}" if array.ndim == 0 else f"<{'×'.join(map(str, array.shape))} strengths>"

        parts = [f"{name}={show(v)}" for name, v in (("hidden", self.hidden), ("readout", self.readout)) if _given(v)]
        if self.flips != "presynaptic":
            parts.append(f"flips={self.flips!r}")
        if self.feedback is not None:
            parts.append("feedback='random'" if isinstance(self.feedback, str) else "feedback=<given>")
        return f"Plasticity({', '.join(parts)})"

    def _repr_html_(self) -> str:
        def layer(value: ArrayLike, neurons: str) -> str:
            array = np.asarray(value)
            if array.ndim == 0:
                return f"{float(array):.4g} of the {neurons} flipped" if array else "gradient descent"
            each = neurons if array.ndim == 1 else "synapses"
            share = f"{(array < 0).mean():.3g} negative, {(array == 0).mean():.3g} frozen"
            return f"strengths of {'×'.join(map(str, array.shape))} {each}: {share}, mean {array.mean():.3g}"

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


def _given(value: ArrayLike) -> bool:
    """Whether a layer's plasticity says anything but "as in gradient descent"."""
    return np.ndim(value) > 0 or value != 0


def flipped_count(alpha: float, size: int) -> int:
    """⌊α·size⌋, with products that are whole numbers up to rounding taken as whole (0.29·100 is 29, not 28)."""
    return math.floor(alpha * size + 1e-9)
