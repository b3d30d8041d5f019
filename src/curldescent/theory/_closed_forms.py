"""The phase boundary of each layer alone, as rational curves, with σ² = ρ.

Where the maximum over y that decides stability is stationary, both the critical ratio and the flipped fraction are
rational functions of one parameter. Inverting either is finding the one root of a polynomial that is monotone there.

    hidden,  u ∈ [1, 2]:   α = (u − 1)² (u² + 2u + 2) / (2(u² + 1)),     c = (u² + 1) / (u² (2u + 1))
    readout, s ∈ (0, 1):   α = (1 − s)(1 + s²) / (2(1 + s + 2s²)),      c = s² / ((1 − s)(1 + s + 2s²))

docs/theory.md, section "Each layer alone".
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def hidden_ratio(fraction: Array) -> Array:
    """c*_h(α), with the limit 2/3 at α = 0."""
    root = np.sqrt(fraction)

    # u = 1 + √α w: w stays between 0.89 and 1, so that the root keeps its precision as α → 0.
    def f(w: Array) -> tuple[Array, Array]:
        v = root * w
        value = w * w * (v * v + 4 * v + 5) - 2 * (v * v + 2 * v + 2)
        slope = 2 * w * (v * v + 4 * v + 5) + root * (w * w * (2 * v + 4) - 4 * v - 4)
        return value, slope

    w = _root(f, np.full_like(root, 0.85), np.full_like(root, 1.05))
    u = 1 + root * w
    return np.where(fraction == 1, 0.25, (u * u + 1) / (u * u * (2 * u + 1)))


def hidden_fraction(ratio: Array) -> Array:
    """α*_h(c): 1 up to c = 1/4, 0 from c = 2/3 on."""
    c = np.clip(ratio, 0.25, 2 / 3)

    # v = u − 1 keeps its precision as c → 2/3.
    def f(v: Array) -> tuple[Array, Array]:
        value = (3 * c - 2) + v * (8 * c - 2) + v * v * (7 * c - 1) + 2 * c * v**3
        return value, 8 * c - 2 + 2 * v * (7 * c - 1) + 6 * c * v * v

    v = _root(f, np.zeros_like(c), np.ones_like(c))
    alpha = v * v * (v * v + 4 * v + 5) / (2 * (v * v + 2 * v + 2))
    return np.where(ratio <= 0.25, 1.0, np.where(ratio >= 2 / 3, 0.0, alpha))


def readout_ratio(fraction: Array) -> Array:
    """c*_r(α): infinite at α = 0, 0 from α = 1/2 on."""
    # t = 1 − s keeps its precision as α → 0, s as α → 1/2; each is solved for on its own half only.
    small = fraction < 0.1
    a = np.where(small, 0.25, np.minimum(fraction, 0.5))

    def in_s(s: Array) -> tuple[Array, Array]:
        value = s**3 + (4 * a - 1) * s * s + (1 + 2 * a) * s - (1 - 2 * a)
        return value, 3 * s * s + 2 * (4 * a - 1) * s + 1 + 2 * a

    s = _root(in_s, np.zeros_like(a), np.ones_like(a))
    a = np.where(small, fraction, 0.05)

    def in_t(t: Array) -> tuple[Array, Array]:
        value = t * (t * t - 2 * t + 2) - 2 * a * (4 - 5 * t + 2 * t * t)
        return value, 3 * t * t - 4 * t + 2 - 2 * a * (4 * t - 5)

    t = _root(in_t, np.zeros_like(a), np.ones_like(a))
    s = np.where(small, 1 - t, s)
    t = np.where(small, t, 1 - s)
    with np.errstate(divide="ignore"):
        return s * s / (t * (1 + s + 2 * s * s))


def readout_fraction(ratio: Array) -> Array:
    """α*_r(c): 1/2 as c → 0, about 1/(16c) for large c."""

    # With c < 1 solve for s, otherwise for t = 1 − s; both cubics are monotone between 0 and 1.
    def in_s(s: Array) -> tuple[Array, Array]:
        return s * s * (1 / ratio - 1) - 1 + 2 * s**3, 2 * s * (1 / ratio - 1) + 6 * s * s

    def in_t(t: Array) -> tuple[Array, Array]:
        value = t * (4 - 5 * t + 2 * t * t) - (1 - t) ** 2 / ratio
        return value, 4 - 10 * t + 6 * t * t + 2 * (1 - t) / ratio

    s = _root(in_s, np.zeros_like(ratio), np.ones_like(ratio))
    t = _root(in_t, np.zeros_like(ratio), np.ones_like(ratio))
    s = np.where(ratio > 1, 1 - t, s)
    t = np.where(ratio > 1, t, 1 - s)
    return t * (1 + s * s) / (2 * (1 + s + 2 * s * s))


def _root(function: Callable[[Array], tuple[Array, Array]], low: Array, high: Array) -> Array:
    """The root of a function that rises through zero once between low and high: Newton, with bisection as a guard."""
    z = 0.5 * (low + high)
    for _ in range(100):
        value, slope = function(z)
        low, high = np.where(value < 0, z, low), np.where(value < 0, high, z)
        with np.errstate(divide="ignore", invalid="ignore"):
            new = z - value / slope
        new = np.where((new >= low) & (new <= high), new, 0.5 * (low + high))
        # Newton squares its error: after a step this small the next one would not move z.
        done = np.abs(new - z) <= 1e-9 * np.abs(new)
        z = new
        if done.all():
            break
    return z
