"""Students with all inputs flipped that have given up: how fast they turn, and what a step takes from their map.

A linear student with one output keeps its norms, ‖W1‖² = n and ‖W2‖² = s. With all inputs flipped and a map
q = W2 W1 of zero it turns for ever: v = W2ᵀ and u = W1 rᵀ/|r|, r = −W*Σ̂, are at right angles, as long as each other,
and turn at ω = |r|. Beside that solution only x = v·u and y = |u|² move the output along r, and in the flow they move
alone:

    ẋ = ω (s − y) + ω x² (1/s − 1/n),   ẏ = 2 ω x (1 − y/n),

which is the same with x → −x and time reversed: x = 0, y = s is a centre with Ω² = 2 ω² (1 − s/n), around which the map
oscillates for ever. A step of η is u ← u + ηω v, v ← v − ηω u, and the norms; its derivative at its own fixed point,
x = −½ηωs, y = s(1 + O(η²)), has the determinant 1 − ½ η²ω² (1 + 3s/n) + O(η³), the square of how much of an
oscillation a step leaves. Where Σ̂ turns the residual, other directions of the map take part to the same order in η:
with r̂ = r/|r|, σ the part of Σ̂r̂ᵀ across r, Σ⊥ and B what Σ̂ and W1ᵀW1 − s do there and ν = Ω − ω²/Ω the oscillation
loses ¼ η s Ω Im T in addition, T = −σᵀ (Σ⊥ + iν B⁻¹)⁻¹ σ. docs/limits_of_chaos.md, "Giving up".
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.representation import Summarised

FloatArray = NDArray[np.float64]
# Up to which relative difference two numbers count as the same: weights come from runs.
_SAME = 1e-6


@dataclass(frozen=True, repr=False)
class Turning(Summarised):
    """Motion of a student that has given up, per unit of total step.

    Attributes:
        rotation: ω, the angular frequency at which hidden neurons turn; invisible from the output.
        oscillation: Ω, the angular frequency of the map's small oscillations about zero.
        decay: the rate at which steps make these die out; 0 in continuous time. Without `covariance` and `gram` it is
            that of inputs whose covariance does not turn the residual; see `turning`.

    >>> told = turning([0.3, 0.4], hidden_norm=5.0)
    >>> told.rotation, round(told.oscillation, 3), told.decay
    (0.5, 0.693, 0.0)
    """

    rotation: float
    oscillation: float
    decay: float

    def __str__(self) -> str:
        ends = f"dies out at {self.decay:.4g}" if self.decay else "lasts"
        return (
            f"hidden neurons turn at {self.rotation:.4g}, the map oscillates at {self.oscillation:.4g} and {ends}, per "
            "unit of time"
        )


def turning(
    residual: ArrayLike,
    *,
    hidden_norm: float,
    readout_norm: float = 1.0,
    learning_rate: float = 0.0,
    covariance: ArrayLike | None = None,
    gram: ArrayLike | None = None,
) -> Turning:
    """How a linear student moves that has given up: one output, all inputs flipped, norms kept.

    The rate at which maps die out has a second term where the residual is no eigenvector of Σ̂: little for the paper's
    inputs, but as much again where variances of the inputs differ by two orders of magnitude. It depends on the hidden
    weights, and is added where `covariance` and `gram` are given.

    Args:
        residual: W*Σ̂, the teacher's map times the inputs' covariance, shape (M,), in either sign.
        hidden_norm: ‖W1‖_F.
        readout_norm: ‖W2‖, at most `hidden_norm`.
        learning_rate: η, the step; 0 for continuous time. To first order in η.
        covariance: Σ̂ of the inputs, shape (M, M); with `gram` or not at all.
        gram: W1ᵀW1 of the student that has given up, shape (M, M).

    Returns:
        The `Turning`.

    Raises:
        InputError: a residual of zero, a negative step, norms out of range, ‖W2‖ above ‖W1‖; one of `covariance` and
            `gram` without the other, of another shape, not symmetric, or a Gram matrix of another ‖W1‖, or one that is
            not above ‖W2‖² across the residual: there the rest of the map does not settle.

    Source: docs/limits_of_chaos.md, section "Giving up".

    >>> print(turning([0.3, 0.4], hidden_norm=5.0, learning_rate=0.02))
    hidden neurons turn at 0.5, the map oscillates at 0.6928 and dies out at 0.0014, per unit of time
    """
    r = validation.finite_array("residual", residual, ndim=1)
    hidden = validation.positive("hidden_norm", hidden_norm)
    readout = validation.positive("readout_norm", readout_norm)
    step = validation.positive("learning_rate", learning_rate, zero=True)
    if readout > hidden:
        raise InputError(f"readout_norm must be at most hidden_norm = {hidden:g}, got {readout:g}")
    # Squares of very small or large numbers are none.
    rotation = math.hypot(*r)
    if rotation == 0:
        raise InputError("residual must not be zero: a student that has learned does not turn")
    share = (readout / hidden) ** 2
    decay = step * rotation * rotation * (1 + 3 * share) / 4
    oscillation = rotation * math.sqrt(2 * (1 - share))
    if covariance is not None or gram is not None:
        matrices = _matrices(covariance, gram, len(r))
        if not math.isclose(np.trace(matrices[1]), hidden * hidden, rel_tol=_SAME):
            raise InputError(
                f"gram must be W1ᵀW1 of a W1 of hidden_norm = {hidden:g}, whose square is its trace, got "
                f"{np.trace(matrices[1]):g}"
            )
        decay += step * _across(r / rotation, readout * readout, rotation, oscillation, *matrices)
    if not math.isfinite(decay) or not math.isfinite(2 * rotation):
        raise InputError(f"residual must be of a size whose rates are finite numbers, got one of norm {rotation:g}")
    return Turning(rotation, oscillation, decay)


def _matrices(covariance: ArrayLike | None, gram: ArrayLike | None, size: int) -> tuple[FloatArray, FloatArray]:
    if covariance is None or gram is None:
        raise InputError("covariance and gram belong together: give both, or neither")
    out = []
    for name, value in (("covariance", covariance), ("gram", gram)):
        matrix = validation.finite_array(name, value, ndim=2)
        if matrix.shape != (size, size):
            raise InputError(f"{name} must have shape {(size, size)}, as the residual has {size}, got {matrix.shape}")
        if not np.allclose(matrix, matrix.T, rtol=_SAME, atol=_SAME * float(np.abs(matrix).max())):
            raise InputError(f"{name} must be symmetric")
        out.append(matrix)
    return out[0], out[1]


def _across(
    along: FloatArray, s: float, rotation: float, oscillation: float, covariance: FloatArray, gram: FloatArray
) -> float:
    """¼ s Ω Im T: what the oscillation loses through the rest of the map, per unit of step."""
    # The other columns of a rotation whose first one is along r.
    plane = np.linalg.qr(np.column_stack([along, np.eye(len(along))]))[0][:, 1:]
    b = plane.T @ gram @ plane - s * np.eye(plane.shape[1])
    least = s + (float(np.linalg.eigvalsh(b)[0]) if b.size else 0.0)
    if least < s * (1 - _SAME):
        raise InputError(
            f"gram must be at least readout_norm² = {s:g} in every direction across the residual, or the rest of the "
            f"map does not settle; the least is {least:g}"
        )
    if oscillation == 0:  # ν grows without bound, and ΩT vanishes
        return 0.0
    sigma = plane.T @ covariance @ along
    nu = oscillation - rotation**2 / oscillation
    inside = plane.T @ covariance @ plane @ b + 1j * nu * np.eye(len(b))
    # (Σ⊥ + iν B⁻¹)⁻¹ = B (Σ⊥B + iν)⁻¹, which a singular B does not mind; at ν = 0 the quotient is real.
    answer = -sigma @ b @ np.linalg.lstsq(inside, sigma.astype(complex), rcond=None)[0]
    return float(s * oscillation * answer.imag / 4)
