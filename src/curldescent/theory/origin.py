"""What flipped neurons do to the fixed point at zero weights: saddles become centres."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import validation
from curldescent.foundation.representation import Summarised
from curldescent.model.flips import strengths_array


@dataclass(frozen=True, repr=False)
class OriginSpectrum(Summarised):
    """The linearised dynamics at W = 0.

    Attributes:
        rates: the eigenvalues that come in pairs ±λ, shape (N, O, 2), complex; all others of the (M + O)·N are zero.
        saddles: pairs that are real (one direction grows, one shrinks).
        centres: pairs that are imaginary (rotation without growth).
        neutral: pairs that are zero.
    """

    rates: NDArray[np.complex128]
    saddles: int
    centres: int
    neutral: int

    def __str__(self) -> str:
        return (
            f"rates ±λ at W = 0: {self.saddles} saddles, {self.centres} centres, {self.neutral} neutral pairs; the "
            f"fastest grows at {float(self.rates.real.max()):.4g} per unit of time"
        )


def origin_spectrum(
    teacher: ArrayLike,
    d1: ArrayLike,
    d2: ArrayLike,
    *,
    covariance: ArrayLike | None = None,
    tolerance: float = 1e-12,
) -> OriginSpectrum:
    """Eigenvalues of curl descent of a two-layer linear network at zero weights.

    Args:
        teacher: the map V to be learnt, shape (O, M), or (M,) for one output.
        d1: strengths per input, shape (M,), or booleans, True where flipped.
        d2: strengths per hidden neuron, shape (N,).
        covariance: input covariance Σ, shape (M, M); white by default.
        tolerance: λ² below this fraction of the largest counts as zero.

    Returns:
        Rates and how many of each kind: for hidden neuron i and each eigenvalue q of V Σ D1 Σ Vᵀ a pair ±√(d2_i q),
        a saddle where d2_i q > 0, a centre where it is negative.

    Raises:
        InputError: shapes that do not fit each other.

    Source: docs/theory.md, section "The origin".

    >>> origin = origin_spectrum([1.0, 2.0], d1=[1, 1], d2=[1, 1, -1])
    >>> origin.saddles, origin.centres
    (2, 1)
    """
    v = np.atleast_2d(validation.finite_array("teacher", teacher, ndim=(1, 2)))
    s1 = strengths_array("d1", d1, ndim=1)
    s2 = strengths_array("d2", d2, ndim=1)
    inputs = v.shape[1]
    validation.shape("d1", s1, (inputs,), "(inputs,)")
    sigma = np.eye(inputs) if covariance is None else validation.finite_array("covariance", covariance, ndim=2)
    validation.shape("covariance", sigma, (inputs, inputs), "(inputs, inputs)")
    drive = v @ sigma
    squares = s2[:, None] * np.linalg.eigvalsh((drive * s1) @ drive.T)
    zero = tolerance * np.abs(squares).max()
    rate = np.sqrt(squares.astype(np.complex128))
    return OriginSpectrum(
        np.stack([rate, -rate], axis=-1),
        int((squares > zero).sum()),
        int((squares < -zero).sum()),
        int((np.abs(squares) <= zero).sum()),
    )
