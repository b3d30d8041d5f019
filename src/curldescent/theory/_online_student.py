"""One student that learns online with a finite step: the noise of single samples adds to the Gram matrix.

An update of step ε on a batch of B new samples moves W_i by −ε times its average gradient and a noise of covariance
(ε²/B) ⟨e² φ'_i φ'_k⟩ w_i w_k x xᵀ between neurons. In M inputs of variance τ that noise is orthogonal to everything
that is there, and only its Gram matrix, with ‖x‖² = τM, counts: per unit of learning rate × epochs

    dG_ik/dt = (η/P) τM s_i s_k w_i w_k ⟨e² φ'_i φ'_k⟩    (s_i the strengths, ε/B = η/P with P samples an epoch)

beside what the drift does to it. Other terms of second order lack the factor M: those along the drift, and the
readout's, whose noise is (η/P) ⟨e² φ_i φ_k⟩.

Source: Saad & Solla, Phys. Rev. E 52 (1995) 4225, for the term of second order in the step; strengths, norms and the
output nonlinearity in docs/why_faster_limits.md.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curldescent.model import activations
from curldescent.theory._macroscopic_student import MacroscopicStudent, sampled_fields, tangential

Array = NDArray[np.float64]

# Where noise has not built up yet, its factor is that of a Gram matrix so much larger, relative to the weights'.
_FLOOR = 1e-14


@dataclass(frozen=True, eq=False)
class OnlineStudent(MacroscopicStudent):
    """A student with one coordinate more per hidden neuron, for the noise; the state holds the Gram matrix of these.

    Attributes:
        noise: (η/P) τM.
        span: r, coordinates of the initial input vectors; those behind them are the noise's.
    """

    noise: float
    span: int

    @property
    def start(self) -> Array:
        """The initial state: W1 in the span, W2, the noise's Gram matrix."""
        n = len(self.hidden)
        return np.concatenate([self.hidden[:, : self.span].ravel(), self.readout.ravel(), np.zeros(n * n)])

    def layers(self, flat: Array) -> tuple[Array, Array]:
        """W1, with a factor of the noise's Gram matrix behind, and W2 of a state."""
        n, r = len(self.hidden), self.span
        gram = flat[-n * n :].reshape(n, n)
        own = flat[: n * r].reshape(n, r)
        value, vectors = np.linalg.eigh((gram + gram.T) / 2)
        # The symmetric root, which is smooth in the state; signs and order of eigenvectors are not.
        factor = (vectors * np.sqrt(np.maximum(value, _FLOOR * float((own**2).sum())))) @ vectors.T
        return np.concatenate([own, factor], axis=1), flat[n * r : -n * n].reshape(self.readout.shape)

    def velocity(self, flat: Array) -> Array:
        """Rate of change of a state, per unit of learning rate × epochs."""
        assert self.fields is not None
        w1, w2 = self.layers(flat)
        drives, error, activity, out = self._residual(w1, w2)
        if self.output_error == "mse":
            last = activations.of(self.output_activation)
            error = last.carried(error, out, np.asarray(last.value(out, np)))
        back = (error @ w2) * np.asarray(activations.of(self.activation).slope(drives, activity, np))
        count, r = len(self.fields), self.span
        move = -self.hidden_strengths * (back.T @ self.fields) * np.sqrt(self.variances) / count
        readout = -self.readout_strengths * (error.T @ activity) / count
        pushed = self.hidden_strengths[:, 0] * back
        gained = self.noise * (pushed.T @ pushed) / count
        if self.preserve_norms:
            move, readout = tangential(move, w1), tangential(readout, w2)
            # What the noise adds to ‖W1‖² rescaling takes away again.
            shrink = -0.5 * float(np.trace(gained)) / float((w1**2).sum())
            move = move + shrink * w1
        grown = move[:, r:] @ w1[:, r:].T
        return np.concatenate([move[:, :r].ravel(), readout.ravel(), (grown + grown.T + gained).ravel()])


def online_student(
    hidden: Array,
    teacher: Array,
    variance: float,
    strengths: Array,
    noise: float,
    samples: int,
    seed: int,
    **shared: Any,
) -> OnlineStudent:
    """The student, with coordinates for the noise behind those of its weights.

    Args:
        hidden: W1 in reduced coordinates, (N, r).
        teacher: of the teacher, (K, r).
        variance: τ of all inputs.
        strengths: of hidden neurons, (N,).
        noise: ηM/P.
        samples: of the fields.
        seed: of these.
        **shared: attributes of `MacroscopicStudent` that have no coordinates.

    Returns:
        The student at its initial weights.
    """
    n, r = hidden.shape
    return OnlineStudent(
        hidden=np.pad(hidden, ((0, 0), (0, n))),
        teacher_hidden=np.pad(teacher, ((0, 0), (0, n))),
        variances=np.full(r + n, variance),
        hidden_strengths=np.repeat(strengths[:, None], r + n, axis=1),
        fields=sampled_fields(samples, r + n, seed),
        noise=noise * variance,
        span=r,
        **shared,
    )
