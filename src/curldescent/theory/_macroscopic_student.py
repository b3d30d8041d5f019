"""One student of infinitely many samples as a vector field in the few directions that its weights can move in.

Every update of a student on Gaussian inputs is a combination of the input vectors of student and teacher, so that only
their Gram matrix counts: Saad & Solla's Q, R and T. It is kept here as vectors with that Gram matrix, as many
coordinates as there are vectors, so that it stays positive semi-definite whatever the integration does. Inputs whose
synapses learn alike, or that have a variance of their own, are a group; each group has a Gram matrix of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from curldescent.model import activations
from curldescent.theory._pair_averages import PairAverages, pair_averages

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MacroscopicStudent:
    """Weights in reduced coordinates, strengths, and what the output does.

    Attributes:
        hidden: W1 in reduced coordinates, (N, r): its Gram matrix is that of the student.
        readout: W2, (O, N).
        teacher_hidden: of the teacher in the same coordinates, (K, r).
        teacher_readout: (O, K).
        variances: of the inputs along every coordinate, (r,).
        hidden_strengths: (N, r).
        readout_strengths: (O, N).
        activation: φ.
        output_activation: φ_out.
        output_error: "delta" or "mse".
        preserve_norms: whether both layers stay on their spheres.
        terms: of the series of averages.
        fields: standard normal inputs (S, r) that stand for all of them where the output is not linear; None there.
    """

    hidden: Array
    readout: Array
    teacher_hidden: Array
    teacher_readout: Array
    variances: Array
    hidden_strengths: Array
    readout_strengths: Array
    activation: "str | activations.Activation"
    output_activation: "str | activations.Activation"
    output_error: str
    preserve_norms: bool
    terms: int
    fields: Array | None

    @property
    def start(self) -> Array:
        """The initial state: W1, then W2."""
        return np.concatenate([self.hidden.ravel(), self.readout.ravel()])

    def layers(self, flat: Array) -> tuple[Array, Array]:
        """W1 and W2 of a state."""
        n = self.hidden.size
        return flat[:n].reshape(self.hidden.shape), flat[n:].reshape(self.readout.shape)

    def overlaps(self, hidden: Array) -> Array:
        """The Gram matrix of the drives of student and teacher, (N + K, N + K): Q, R and T, with input variances."""
        vectors = np.concatenate([hidden, self.teacher_hidden])
        return np.asarray((vectors * self.variances) @ vectors.T)

    def error(self, flat: Array) -> float:
        """½⟨‖ŷ − y‖²⟩ over all inputs, at a state."""
        w1, w2 = self.layers(flat)
        if self.fields is not None:
            return float(0.5 * (self._residual(w1, w2)[1] ** 2).sum(1).mean())
        n, student = len(w1), self._averages(w1).value
        own = np.einsum("oi,ij,oj->", w2, student[:, :n], w2) + self._teacher_square
        return float(0.5 * own - np.einsum("oi,ij,oj->", w2, student[:, n:], self.teacher_readout))

    def velocity(self, flat: Array) -> Array:
        """Rate of change of a state, per unit of learning rate × epochs."""
        weights = self.layers(flat)
        signals = self._averaged_signals(*weights) if self.fields is None else self._sampled_signals(*weights)
        moves = []
        strengths = self.hidden_strengths, self.readout_strengths
        for w, strength, signal in zip(weights, strengths, signals, strict=True):
            move = -strength * signal
            moves.append(tangential(move, w) if self.preserve_norms else move)
        return np.concatenate([move.ravel() for move in moves])

    def _averages(self, hidden: Array) -> PairAverages:
        return pair_averages(self.activation, self.overlaps(hidden), len(hidden), self.terms)

    @cached_property
    def _teacher_square(self) -> float:
        """⟨‖y‖²⟩ of a linear output."""
        own = (self.teacher_hidden * self.variances) @ self.teacher_hidden.T
        value = pair_averages(self.activation, own, len(own), self.terms).value
        return float(np.einsum("oi,ij,oj->", self.teacher_readout, value, self.teacher_readout))

    def _averaged_signals(self, hidden: Array, readout: Array) -> tuple[Array, Array]:
        """∂C/∂W of a linear output: with E x F(u) = Σ_j E[∂F/∂u_j] ⟨x x⟩ W_j, F = e φ'(u_i), for Gaussian x."""
        averages = self._averages(hidden)
        signed = np.concatenate([readout, -self.teacher_readout], axis=1)  # g
        coefficient = (readout.T @ signed) * averages.slope
        own = np.einsum("oi,oi->i", readout, signed @ averages.bend.T)
        coefficient[:, : len(own)] += np.diag(own)
        vectors = np.concatenate([hidden, self.teacher_hidden])
        return coefficient @ (vectors * self.variances), signed @ averages.value.T

    @cached_property
    def _targets(self) -> Array:
        """The teacher's outputs at the sampled fields, (S, O)."""
        assert self.fields is not None
        phi, last = activations.of(self.activation), activations.of(self.output_activation)
        drives = self.fields @ (self.teacher_hidden * np.sqrt(self.variances)).T
        return np.asarray(last.value(np.asarray(phi.value(drives, np)) @ self.teacher_readout.T, np))

    def _residual(self, hidden: Array, readout: Array) -> tuple[Array, Array, Array, Array]:
        """Drives and ŷ − y at the sampled fields, the activities and what drives the output."""
        assert self.fields is not None
        drives = self.fields @ (hidden * np.sqrt(self.variances)).T
        activity = np.asarray(activations.of(self.activation).value(drives, np))
        out = activity @ readout.T
        answer = np.asarray(activations.of(self.output_activation).value(out, np))
        return drives, answer - self._targets, activity, out

    def _sampled_signals(self, hidden: Array, readout: Array) -> tuple[Array, Array]:
        assert self.fields is not None
        drives, error, activity, out = self._residual(hidden, readout)
        if self.output_error == "mse":
            last = activations.of(self.output_activation)
            error = last.carried(error, out, np.asarray(last.value(out, np)))
        slope = np.asarray(activations.of(self.activation).slope(drives, activity, np))
        back = (error @ readout) * slope
        count = len(self.fields)
        return (back.T @ self.fields) * np.sqrt(self.variances) / count, error.T @ activity / count


def tangential(move: Array, weights: Array) -> Array:
    """Without its part along the weights; a layer of zeros takes all of it."""
    square = float((weights**2).sum())
    return move - weights * (float((move * weights).sum()) / square) if square > 0 else move


def reduced(hidden: Array, teacher: Array, groups: Sequence[NDArray[np.int64]]) -> tuple[Array, Array, Array]:
    """Input vectors of student and teacher in as few coordinates as they span, group of inputs by group.

    Args:
        hidden: W1, (N, M).
        teacher: of the teacher, (K, M).
        groups: the inputs of every group.

    Returns:
        (N, r), (K, r) and the group of every coordinate, (r,). Gram matrices within groups are those of the weights.

    Example:
        >>> w = np.arange(12.0).reshape(2, 6)
        >>> v, _, group = reduced(w, w[:1], [np.arange(4), np.arange(4, 6)])
        >>> bool(np.allclose(v[:, group == 0] @ v[:, group == 0].T, w[:, :4] @ w[:, :4].T)), len(group)
        (True, 5)
    """
    vectors = np.concatenate([hidden, teacher])
    parts, which = [], []
    for number, members in enumerate(groups):
        part = vectors[:, members]
        if part.shape[1] > len(vectors):
            part = np.asarray(np.linalg.qr(part.T, mode="r")).T
        parts.append(part)
        which.append(np.full(part.shape[1], number))
    whole = np.concatenate(parts, axis=1)
    return whole[: len(hidden)], whole[len(hidden) :], np.concatenate(which)


def sampled_fields(count: int, coordinates: int, seed: int) -> Array:
    """Standard normal fields by a scrambled Sobol sequence, centred and whitened: first and second moments are exact.

    Args:
        count: S, rounded up to a power of two.
        coordinates: r.
        seed: of the scrambling.

    Returns:
        (S, r).

    Source: Owen, J. Complexity 14 (1998) 466, on scrambling.
    """
    from scipy.special import ndtri
    from scipy.stats import qmc

    power = max(1, int(np.ceil(np.log2(count))))
    uniform = qmc.Sobol(coordinates, seed=np.random.default_rng(seed)).random_base2(power)
    normal = ndtri(np.clip(uniform, 2.0**-53, 1 - 2.0**-53))
    normal -= normal.mean(0)
    root = np.linalg.cholesky(normal.T @ normal / len(normal))
    return np.asarray(np.linalg.solve(root, normal.T).T)
