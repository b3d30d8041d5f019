"""How plastic each neuron's synapses are: a fraction of flipped signs, or a discrete distribution of strengths.

The laws of this layer depend on the plasticity only through the distribution of its strengths over a layer's
presynaptic neurons, so every function takes one of two forms: a fraction, or a mapping of strengths to probabilities.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError, PlasticityWarning, warn
from curldescent.model.flips import flipped_count

StrengthsLike = float | Mapping[float, float]


@dataclass(frozen=True)
class Strengths:
    """A discrete distribution of plasticity strengths over one layer's presynaptic neurons.

    Attributes:
        values: the strengths, ascending and distinct; 1 is gradient descent, -1 rule-flipped, 0 frozen.
        weights: their probabilities, all positive, summing to 1.
        flipped: the fraction that was given, or None where a mapping was.
    """

    values: tuple[float, ...]
    weights: tuple[float, ...]
    flipped: float | None = None

    @property
    def mean(self) -> float:
        """Mean strength."""
        return float(np.dot(self.values, self.weights))

    @property
    def plastic(self) -> float:
        """Fraction of neurons whose strength is not zero."""
        return float(sum(w for d, w in zip(self.values, self.weights, strict=True) if d != 0))

    def scaled(self, factor: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Values times a factor, with their weights; values that a zero factor makes equal are merged."""
        values, index = np.unique(factor * np.array(self.values), return_inverse=True)
        return values, np.bincount(index, weights=self.weights).astype(np.float64)

    def counts(self, size: int) -> NDArray[np.int64]:
        """How many of `size` neurons get each strength, in the order of `values`.

        A fraction flips ⌊α·size⌋ neurons, the library's convention everywhere. A mapping rounds by the largest
        remainders, so that no count is off by more than one.
        """
        if self.flipped is not None:
            minus = flipped_count(self.flipped, size)
            if self.flipped and not minus:
                warn(f"a flipped fraction of {self.flipped:g} of {size} neurons comes to none", PlasticityWarning)
            by_value = {-1.0: minus, 1.0: size - minus}
            return np.array([by_value[d] for d in self.values], dtype=np.int64)
        exact = np.array(self.weights) * size
        counts = np.floor(exact + 1e-9).astype(np.int64)
        remainder_order = np.argsort(counts - exact, kind="stable")
        counts[remainder_order[: size - int(counts.sum())]] += 1
        return counts

    def vector(self, size: int) -> NDArray[np.float64]:
        """The strengths of `size` neurons, shape (size,), ascending: flipped neurons come first."""
        return np.repeat(np.array(self.values), self.counts(size))


def parse_strengths(name: str, given: StrengthsLike | Strengths) -> Strengths:
    """Bring either accepted form into a `Strengths`.

    Args:
        name: the argument's name, for the error message.
        given: the fraction of neurons with strength -1 (the others have 1), or a mapping {strength: probability}.

    Returns:
        The distribution, without strengths of probability zero.

    Raises:
        InputError: a fraction outside [0, 1], or probabilities that are negative or do not sum to 1.

    >>> parse_strengths("readout", 0.25)
    Strengths(values=(-1.0, 1.0), weights=(0.25, 0.75), flipped=0.25)
    >>> parse_strengths("readout", {1: 0.5, 0.3: 0.3, -0.5: 0.2}).values
    (-0.5, 0.3, 1.0)
    """
    if isinstance(given, Strengths):
        return given
    if not isinstance(given, Mapping):
        if not isinstance(given, int | float | np.integer | np.floating) or isinstance(given, bool):
            raise InputError(
                f"{name} must be a fraction between 0 and 1 or a mapping {{strength: probability}}, got "
                f"{validation.shown(given)}"
            )
        alpha = validation.fraction(name, given)
        pairs = [(d, w) for d, w in ((-1.0, alpha), (1.0, 1.0 - alpha)) if w > 0]
        return Strengths(tuple(d for d, _ in pairs), tuple(w for _, w in pairs), alpha)
    merged: dict[float, float] = {}
    for key, probability in given.items():
        strength = validation.real(f"each strength of {name}", key)
        merged[strength] = merged.get(strength, 0.0) + validation.positive(
            f"the probability of strength {strength:g} in {name}", probability, zero=True
        )
    total = sum(merged.values())
    if not merged or abs(total - 1.0) > 1e-9:
        raise InputError(f"the probabilities of {name} must sum to 1, got {total:g}")
    kept = sorted((d, w / total) for d, w in merged.items() if w > 0)
    return Strengths(tuple(d for d, _ in kept), tuple(w for _, w in kept))
