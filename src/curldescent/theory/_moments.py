"""Moments of the law of K through free cumulants, which add where the matrices are free."""

import numpy as np
from numpy.typing import NDArray

from curldescent.theory._strengths import Strengths

Array = NDArray[np.float64]


def free_cumulants_of_law(
    ratio: float, hidden: Strengths, readout: Strengths, rho: float, sigma2: float, order: int
) -> Array:
    """The first free cumulants of the law of K = ρ D1 + W1ᵀ D2 W1.

    Args:
        ratio: compression ratio c = M/N.
        hidden: distribution of D1's entries.
        readout: distribution of D2's entries.
        rho: ‖w2‖².
        sigma2: M times the variance of a hidden weight.
        order: how many.

    Returns:
        κ_1 … κ_order, shape (order,).

    The readout term is a free compound Poisson variable, κ_n = (σ²)ⁿ E[d2ⁿ]/c: the coefficients of its R-transform.
    """
    powers = np.arange(1, order + 1)
    values, weights = hidden.scaled(rho)
    of_d1 = free_cumulants((weights[:, None] * values[:, None] ** powers).sum(0))
    d2, w2 = np.array(readout.values), np.array(readout.weights)
    return of_d1 + (w2[:, None] * (sigma2 * d2[:, None]) ** powers).sum(0) / ratio


def moments_from_cumulants(cumulants: Array) -> Array:
    """Moments m_1 … m_n of the law with the given free cumulants κ_1 … κ_n.

    Args:
        cumulants: shape (n,).

    Returns:
        Moments, shape (n,).

    With M(z) = 1 + Σ m_n zⁿ the relation is M(z) = 1 + Σ κ_s (z M(z))ˢ: the coefficient of zⁿ on the right holds
    moments below n only, apart from κ_n.

    >>> moments_from_cumulants(np.array([0.0, 1.0, 0.0, 0.0]))  # the semicircle: Catalan numbers
    array([0., 1., 0., 2.])
    """
    n = len(cumulants)
    series = np.zeros(n + 1)
    series[0] = 1.0
    for k in range(1, n + 1):
        series[k] = _right_side(cumulants, series, k)
    return series[1:]


def free_cumulants(moments: Array) -> Array:
    """Free cumulants κ_1 … κ_n of the law with moments m_1 … m_n; the inverse of `moments_from_cumulants`.

    Args:
        moments: shape (n,).

    Returns:
        Free cumulants, shape (n,).

    >>> free_cumulants(np.array([0.0, 1.0, 0.0, 2.0]))
    array([0., 1., 0., 0.])
    """
    n = len(moments)
    series = np.concatenate([[1.0], moments])
    cumulants = np.zeros(n)
    for k in range(1, n + 1):
        cumulants[k - 1] = series[k] - _right_side(cumulants, series, k)
    return cumulants


def _right_side(cumulants: Array, series: Array, k: int) -> float:
    """The coefficient of zᵏ in Σ_s κ_s zˢ M(z)ˢ."""
    power = np.zeros(k + 1)
    power[0] = 1.0
    total = 0.0
    for s in range(1, k + 1):
        power = np.convolve(power, series[: k + 1])[: k + 1]
        total += cumulants[s - 1] * power[k - s]
    return total
