"""Averages over two jointly Gaussian drives: all that the macroscopic equations of a linear output take.

For drives u_i, u_k of covariance C, the three of Saad & Solla's equations:

    value_ik = E φ(u_i) φ(u_k),   slope_ik = E φ'(u_i) φ'(u_k),   bend_ik = E φ''(u_i) φ(u_k)

By Stein's identity, E u_i φ'(u_i) φ(u_k) = C_ii bend_ik + C_ik slope_ik, so that nothing is differentiated twice and
kinks are allowed. Closed forms for linear, relu and erf units, a series in Hermite polynomials for the others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation.errors import InputError
from curldescent.model import activations

Array = NDArray[np.float64]

# Terms of the series: 1e-4 of the averages of tanh units are left out where drives have a standard deviation of 2.2.
TERMS = 96
# Averages that change by more than this share of the largest with half as many terms again are refused.
ACCURACY = 1e-3
# The Hermite coefficients are integrals by the trapezoidal rule, to so many standard deviations in steps of so many.
_REACH, _SPACING = 12.0, 0.05
# erf units are erf(κu/√2), with slope 1 at the origin.
_KAPPA2 = np.pi / 2


@dataclass(frozen=True)
class PairAverages:
    """Averages of N drives with all n of them, each (N, n).

    Attributes:
        value: E φ(u_i) φ(u_k).
        slope: E φ'(u_i) φ'(u_k).
        bend: E φ''(u_i) φ(u_k); 0 where u_i does not vary, which nobody can tell from other values: it acts along W_i.
    """

    value: Array
    slope: Array
    bend: Array


@dataclass(frozen=True)
class _Pairs:
    """Variances of the first drives (N, 1), of the second (1, n), and covariances (N, n)."""

    first: Array
    second: Array
    both: Array


def pair_averages(
    activation: "str | activations.Activation", covariance: Array, rows: int, terms: int = TERMS
) -> PairAverages:
    """Average over every pair of drives.

    Args:
        activation: of all units, a built-in's name or an `Activation`, checked.
        covariance: of the drives, (n, n).
        rows: N, how many of them are first drives.
        terms: of the series, where there is no closed form.

    Returns:
        The averages.

    Example:
        >>> pair_averages("relu", np.eye(2), rows=1).slope
        array([[0.5 , 0.25]])
    """
    variance = covariance.diagonal()
    pairs = _Pairs(variance[:rows, None], variance[None, :], covariance[:rows])
    closed = _CLOSED.get(str(activation)) if isinstance(activation, str) else None
    return closed(pairs) if closed else series(activation, covariance, rows, terms)


def require_accuracy(activation: "str | activations.Activation", covariance: Array, terms: int = TERMS) -> None:
    """Refuse activations and drives for which the series is not accurate.

    Args:
        activation: as in `pair_averages`.
        covariance: of the drives, (n, n).
        terms: of the series.

    Raises:
        InputError: the averages change by more than `ACCURACY` with half as many terms again.
    """
    if isinstance(activation, str) and activation in _CLOSED:
        return
    few, many = (series(activation, covariance, len(covariance), n) for n in (terms, terms + terms // 2))
    for name in ("value", "slope", "bend"):
        a, b = getattr(few, name), getattr(many, name)
        if not np.abs(a - b).max() <= ACCURACY * np.abs(b).max():
            raise InputError(
                f"averages of the activation {activations.of(activation)} over drives of variance up to "
                f"{covariance.diagonal().max():.3g} change by more than {ACCURACY:g} of their size between {terms} and "
                f"{terms + terms // 2} terms of their series: give more terms=…, of an activation without kinks"
            )


def _over(numerator: Array, variance: Array) -> Array:
    return np.divide(numerator, variance, out=np.zeros_like(numerator), where=variance > 0)


def _linear(c: _Pairs) -> PairAverages:
    return PairAverages(c.both, np.ones_like(c.both), np.zeros_like(c.both))


def _erf(c: _Pairs) -> PairAverages:
    """Saad & Solla, Phys. Rev. E 52 (1995) 4225, for erf(κu/√2) in place of erf(u/√2)."""
    first, second, both = (_KAPPA2 * part for part in (c.first, c.second, c.both))
    value = 2 / np.pi * np.arcsin(both / np.sqrt((1 + first) * (1 + second)))
    slope = 2 / np.pi * _KAPPA2 / np.sqrt((1 + first) * (1 + second) - both**2)
    # φ'' = −κ² u φ', and E u_i φ'_i φ_k = C_ik slope/(1 + κ² C_ii).
    return PairAverages(value, slope, -both * slope / (1 + first))


def _relu(c: _Pairs) -> PairAverages:
    """Cho & Saul's arc-cosine kernels of degree 1 and 0."""
    size = np.sqrt(c.first * c.second)
    cosine = np.clip(_over(c.both, np.broadcast_to(size, c.both.shape)), -1, 1)
    angle, sine = np.arccos(cosine), np.sqrt(1 - cosine**2)
    slope = (np.pi - angle) / (2 * np.pi)
    value = size * (sine + (np.pi - angle) * cosine) / (2 * np.pi)
    # u φ' = φ, so that C_ii bend = value − C_ik slope.
    return PairAverages(value, slope, _over(size * sine / (2 * np.pi), np.broadcast_to(c.first, c.both.shape)))


_CLOSED: dict[str, Callable[[_Pairs], PairAverages]] = {"linear": _linear, "erf": _erf, "relu": _relu}


@lru_cache(maxsize=16)
def _hermite(terms: int) -> tuple[Array, Array]:
    """Points x and, weighted for the sum over them, the orthonormal Hermite polynomials there, (points, terms).

    The trapezoidal rule converges exponentially for what is analytic; Gauss's nodes are too far apart at the origin,
    where saturating units of large drives are steep.
    """
    x = np.linspace(-_REACH, _REACH, round(2 * _REACH / _SPACING) + 1)
    # Scaled by the density from the start: the polynomials alone leave the range of numbers.
    columns = [_SPACING * np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)]
    for n in range(terms - 1):
        before = np.sqrt(n) * columns[-2] if n else 0.0
        columns.append((x * columns[-1] - before) / np.sqrt(n + 1))
    return x, np.stack(columns, axis=1)


def series(
    activation: "str | activations.Activation", covariance: Array, rows: int, terms: int = TERMS
) -> PairAverages:
    """The averages by Mehler's formula, for any smooth activation: E f(u_i) g(u_k) = Σ_n f_n g_n ρ_ik^n.

    Args:
        activation: as in `pair_averages`.
        covariance: as there.
        rows: as there.
        terms: of the series.

    Returns:
        The averages; f_n = E f(s x) He_n(x)/√n! are Hermite coefficients at the drive's own standard deviation s, and
        s γ_n = √(n + 1) β_{n+1} joins those of φ'' to those of φ'.
    """
    phi = activations.of(activation)
    x, polynomials = _hermite(terms + 1)
    root = np.sqrt(covariance.diagonal())
    drive = root[:, None] * x
    value = np.asarray(phi.value(drive, np))
    alpha = value @ polynomials[:, :-1]
    beta = np.asarray(phi.slope(drive, value, np)) @ polynomials
    gamma = _over(beta[:rows, 1:] * np.sqrt(np.arange(1, terms + 1)), np.broadcast_to(root[:rows, None], (rows, terms)))
    scale = np.outer(root[:rows], root)
    correlation = np.clip(_over(covariance[:rows], scale), -1, 1)
    powers = np.empty((*correlation.shape, terms))
    powers[..., 0] = 1.0
    powers[..., 1:] = correlation[..., None]
    np.cumprod(powers, axis=-1, out=powers)

    def mean(first: Array, second: Array) -> Array:
        return np.asarray(np.matmul(powers * second, first[:rows, :, None])[..., 0])

    return PairAverages(mean(alpha, alpha), mean(beta[:, :-1], beta[:, :-1]), mean(gamma, alpha))


def beyond_linear(activation: "str | activations.Activation", covariance: Array, terms: int = TERMS) -> Array:
    """The covariance of what is neither constant nor linear in the drives: the series from its third term on.

    Args:
        activation: as in `pair_averages`, smooth.
        covariance: of the drives, (n, n).
        terms: of the series.

    Returns:
        Σ_{n ≥ 2} f_n,i f_n,k ρ_ik^n, (n, n), positive semi-definite: no difference of larger numbers.

    Example:
        >>> from curldescent.theory._gaussian_averages import gaussian_averages
        >>> bool(np.isclose(beyond_linear("tanh", np.eye(1))[0, 0], gaussian_averages("tanh", 1.0).rest))
        True
    """
    x, polynomials = _hermite(terms)
    root = np.sqrt(covariance.diagonal())
    alpha = np.asarray(activations.of(activation).value(root[:, None] * x, np)) @ polynomials
    correlation = np.clip(_over(covariance, np.outer(root, root)), -1, 1)
    return np.asarray(sum(np.outer(alpha[:, n], alpha[:, n]) * correlation**n for n in range(2, terms)))
