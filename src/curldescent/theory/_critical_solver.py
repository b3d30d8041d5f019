"""The ratios at which λ_min crosses zero, from the poles of the law at c = 1.

λ_min > 0 exactly when some admissible y has y + A(y)/c > 0, with A(y) = m + Σ_k w_k / (y − p_k) independent of c. On
y < 0 this says c < A(y)/(−y), on y > 0 it says c > −A(y)/y. Both quotients have one stationary point, the root of

    T(y) = A(y) − y A'(y) = m + Σ_k w_k (2y − p_k) / (y − p_k)²,

because T' = −y A'' and A is concave. docs/theory.md, section "The critical surface".
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Halvings of an interval of up to 150 e-folds: the quotient is flat at its extremum, so half the digits suffice.
_HALVINGS = 60


def first_loss(mean: Array, positions: Array, weights: Array, lowest_atom: Array) -> Array:
    """The supremum of c below which every ratio is stable.

    Args:
        mean: m = σ² E[d2], shape (...).
        positions: poles p_k, shape (..., K); absent ones far to the right with weight 0.
        weights: w_k, shape (..., K).
        lowest_atom: ρ times the lowest hidden strength, shape (...).

    Returns:
        c, shape (...): 0 where no small ratio is stable, infinite where every ratio is.
    """
    first = positions.min(-1)
    start = np.minimum(np.minimum(first, lowest_atom), 0.0)
    at_zero = np.full(np.shape(start), -np.inf)
    inside = (first > 0) & (lowest_atom > 0)
    if inside.any():
        with np.errstate(divide="ignore"):
            at_zero = np.where(inside, mean - (weights / positions).sum(-1), -np.inf)
    # Beyond this distance T is certainly positive; T has one root between the two ends.
    present = np.where(weights > 0, np.abs(positions), 0.0)
    reach = np.maximum(present.max(-1), np.abs(lowest_atom))
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.where(mean > 0, 4.1 * np.maximum(reach, weights.sum(-1) / np.where(mean > 0, mean, 1.0)), 1.0)
    low, high = np.log(1e-30 * reach), np.log(far)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        # Where the mean is not positive T has no root, and the search ends on the pole.
        with np.errstate(divide="ignore", invalid="ignore"):
            positive = _t(start - np.exp(middle), mean, positions, weights) > 0
        low, high = np.where(positive, low, middle), np.where(positive, middle, high)
    y = start - np.exp(0.5 * (low + high))
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient = np.maximum(_a(y, mean, positions, weights) / -y, 0.0)
    return np.where(mean <= 0, 0.0, np.where(at_zero >= 0, np.inf, quotient))


def second_gain(mean: Array, positions: Array, weights: Array, lowest_atom: Array) -> Array:
    """The infimum of c above which every ratio is stable again; infinite where there is none.

    Args:
        mean: m, shape (...).
        positions: poles, shape (..., K).
        weights: shape (..., K).
        lowest_atom: ρ times the lowest hidden strength, shape (...).

    Returns:
        c, shape (...); only meaningful where `first_loss` is finite.
    """
    end = np.minimum(positions.min(-1), lowest_atom)
    low, high = np.zeros_like(end), np.maximum(end, 0.0)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        with np.errstate(divide="ignore", invalid="ignore"):
            positive = _t(middle, mean, positions, weights) > 0
        low, high = np.where(positive, low, middle), np.where(positive, middle, high)
    y = 0.5 * (low + high)
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient = -_a(y, mean, positions, weights) / y
    return np.where(end > 0, quotient, np.inf)


def _a(y: Array, mean: Array, positions: Array, weights: Array) -> Array:
    return mean + (weights / (y[..., None] - positions)).sum(-1)


def _t(y: Array, mean: Array, positions: Array, weights: Array) -> Array:
    difference = y[..., None] - positions
    return mean + (weights * (difference + y[..., None]) / difference**2).sum(-1)
