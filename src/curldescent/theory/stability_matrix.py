"""The stability matrix of a given linear network, with and without norm preservation.

Near a zero-loss solution the error of the map, E = W2 W1 − V, obeys Ė = −L(EΣ) with Σ the input covariance and

    L(E) = W2 W2ᵀ E D1 + E W1ᵀ D2 W1 [ − A (⟨A D1, E⟩/‖W1‖² + ⟨W2 D2 W1, E⟩/‖W2‖²) with norms preserved ],   A = W2 W1.

With one output L is right multiplication by an M×M matrix K. docs/theory.md, section "A given network".
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.representation import Summarised
from curldescent.model.flips import strengths_array

Array = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class LinearStability(Summarised):
    """What the stability matrix says about one network.

    Attributes:
        matrix: the operator, shape (O·M, O·M); for one output K itself, (M, M). Acts on row-major residuals from the
            right: ė = −e K.
        eigenvalues: ascending by real part, shape (O·M,); real unless norms are preserved.
        inertia: how many eigenvalues are (negative, zero, positive) in their real part.
        stable: no eigenvalue is negative. Zero modes move along the set of solutions or along nothing at all.
    """

    matrix: Array
    eigenvalues: NDArray
    inertia: tuple[int, int, int]
    stable: bool

    def __str__(self) -> str:
        negative, zero, _ = self.inertia
        return (
            f"{'stable' if self.stable else 'unstable'}: λ_min = {self.lambda_min:.4g}, {negative} of "
            f"{len(self.eigenvalues)} eigenvalues negative, {zero} zero"
        )

    @property
    def lambda_min(self) -> float:
        """The smallest real part."""
        return float(self.eigenvalues.real.min())


def stability_matrix(
    hidden: ArrayLike,
    readout: ArrayLike,
    d1: ArrayLike | None = None,
    d2: ArrayLike | None = None,
    *,
    preserve_norms: bool = False,
) -> Array:
    """The matrix K of a linear network at a zero-loss solution.

    Args:
        hidden: weights W1, shape (N, M).
        readout: weights W2, shape (O, N), or (N,) for one output.
        d1: strengths of the synapses from each input, shape (M,), or booleans, True where flipped; all 1 by default.
        d2: strengths of the synapses from each hidden neuron, shape (N,); all 1 by default.
        preserve_norms: whether each layer is rescaled to its Frobenius norm after every update: a term of rank one.

    Returns:
        K = ‖w2‖² D1 + W1ᵀ D2 W1, shape (M, M), for one output. For O outputs the operator on row-major flattened
        O×M residuals, shape (O·M, O·M), acting from the right. Symmetric unless norms are preserved.

    Raises:
        InputError: shapes that do not fit each other, values that are not finite, or a zero layer with norms preserved.

    Source: docs/theory.md, section "A given network"; one output without norm preservation is in Ninou, Kadmon,
    Cayco-Gajic (NeurIPS 2025, arXiv:2510.02765).

    >>> stability_matrix([[1.0, 2.0]], [[3.0]], d1=[-1, 1])
    array([[-8.,  2.],
           [ 2., 13.]])
    """
    w1, w2, s1, s2 = _linear_network(hidden, readout, d1, d2)
    outputs = len(w2)
    matrix = np.kron(w2 @ w2.T, np.diag(s1)) + np.kron(np.eye(outputs), w1.T @ (s2[:, None] * w1))
    if preserve_norms:
        norm1, norm2 = (w1**2).sum(), (w2**2).sum()
        if norm1 == 0 or norm2 == 0:
            raise InputError("with preserve_norms both layers need a nonzero norm, got a layer of zeros")
        a = w2 @ w1
        matrix = matrix - np.outer((a * s1 / norm1 + (w2 * s2) @ w1 / norm2).ravel(), a.ravel())
    return matrix


def linear_stability(
    hidden: ArrayLike,
    readout: ArrayLike,
    d1: ArrayLike | None = None,
    d2: ArrayLike | None = None,
    *,
    preserve_norms: bool = False,
    covariance: ArrayLike | None = None,
    tolerance: float = 1e-10,
) -> LinearStability:
    """Judge the zero-loss solution that a linear network sits at.

    Args:
        hidden: weights W1, shape (N, M).
        readout: weights W2, shape (O, N), or (N,) for one output.
        d1: strengths per input, shape (M,), or booleans, True where flipped.
        d2: strengths per hidden neuron, shape (N,).
        preserve_norms: whether each layer keeps its Frobenius norm.
        covariance: input covariance Σ, symmetric positive definite, shape (M, M); white by default. Without norm
            preservation it changes the rates but never a sign (Sylvester); the eigenvalues returned are those of ΣK.
        tolerance: eigenvalues below this fraction of the largest magnitude count as zero.

    Returns:
        Matrix, eigenvalues, inertia and verdict.

    Raises:
        InputError: shapes that do not fit each other, or a covariance that is not positive definite.

    Source: docs/theory.md, section "A given network".

    >>> linear_stability([[1.0, 2.0]], [[3.0]], d1=[-1, 1]).inertia
    (1, 0, 1)
    """
    matrix = stability_matrix(hidden, readout, d1, d2, preserve_norms=preserve_norms)
    validation.positive("tolerance", tolerance, zero=True)
    operator = matrix
    if covariance is not None:
        # Σ K is similar to Rᵀ K R with Σ = R Rᵀ, which is symmetric whenever K is.
        size = np.shape(hidden)[1]
        root = np.kron(np.eye(len(matrix) // size), _cholesky(covariance, size))
        operator = root.T @ matrix @ root
    if preserve_norms:
        values = np.linalg.eigvals(operator)
        values = values[np.argsort(values.real, kind="stable")]
        counts = _inertia(values, tolerance=tolerance)
    else:
        values = np.linalg.eigvalsh(operator)
        # Counted on K itself: the same by Sylvester's law, and an ill-conditioned Σ cannot blur what is zero.
        counts = _inertia(np.linalg.eigvalsh(matrix), tolerance=tolerance)
    return LinearStability(matrix, values, counts, counts[0] == 0)


def _inertia(eigenvalues: NDArray, *, tolerance: float) -> tuple[int, int, int]:
    """How many eigenvalues are (negative, zero, positive) in their real part; zero relative to the largest."""
    zero = tolerance * np.abs(eigenvalues).max()
    negative, positive = int((eigenvalues.real < -zero).sum()), int((eigenvalues.real > zero).sum())
    return negative, eigenvalues.size - negative - positive, positive


def _linear_network(
    hidden: ArrayLike, readout: ArrayLike, d1: ArrayLike | None, d2: ArrayLike | None
) -> tuple[Array, Array, Array, Array]:
    """Check the weights and strengths of one network against each other; a readout vector becomes one row."""
    w1 = validation.finite_array("hidden", hidden, ndim=2)
    w2 = np.atleast_2d(validation.finite_array("readout", readout, ndim=(1, 2)))
    width, inputs = w1.shape
    validation.shape("readout", w2, (len(w2), width), "(outputs, hidden neurons)")
    s1 = np.ones(inputs) if d1 is None else strengths_array("d1", d1, ndim=1)
    s2 = np.ones(width) if d2 is None else strengths_array("d2", d2, ndim=1)
    validation.shape("d1", s1, (inputs,), "(inputs,)")
    validation.shape("d2", s2, (width,), "(hidden neurons,)")
    return w1, w2, s1, s2


def _cholesky(covariance: ArrayLike, size: int) -> Array:
    sigma = validation.finite_array("covariance", covariance, ndim=2)
    validation.shape("covariance", sigma, (size, size), "(inputs, inputs)")
    if not np.allclose(sigma, sigma.T, rtol=1e-10, atol=0):
        raise InputError("covariance must be symmetric, got a matrix that differs from its transpose")
    try:
        return np.asarray(np.linalg.cholesky(sigma), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise InputError("covariance must be positive definite, got one with an eigenvalue that is not") from None
