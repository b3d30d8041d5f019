"""Averages of an activation and its slope over a Gaussian drive, by a quadrature that checks itself.

Every interval is integrated by Gauss's rule once as a whole and once in halves, and cut until both agree, so that a
kink is closed in upon wherever it lies. Stein's identity, √v E φ'(√v ξ) = E ξ φ(√v ξ), then tells whether the slope is
the value's: it fails where an activation jumps, and there the tangent kernel does not exist.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation.errors import InputError
from curldescent.model import activations

Array = NDArray[np.float64]

# Standard deviations to either side; the outermost ones must not matter.
_REACH = 20.0
_OUTERMOST = 1e-9
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)
_TOLERANCE = 1e-12
# Halvings of an interval: the width of a kink's last interval is then below the rounding of its place.
_HALVINGS = 50


@dataclass(frozen=True)
class GaussianAverages:
    """What the law of the kernel takes from an activation φ and the variance v of its drive; ξ is standard normal.

    Attributes:
        mean: μ0 = E φ(√v ξ).
        linear: μ1 = E ξ φ(√v ξ).
        rest: μ*² = E (φ − μ0 − μ1 ξ)², the variance of what is neither constant nor linear.
        slope: a1 = E φ'(√v ξ).
        slope_rest: a0 − a1² = E (φ' − a1)², the variance of the slope.
        slope_linear: b1 = E ξ φ'(√v ξ).
    """

    mean: float
    linear: float
    rest: float
    slope: float
    slope_rest: float
    slope_linear: float


@lru_cache(maxsize=256)
def gaussian_averages(activation: "str | activations.Activation", variance: float) -> GaussianAverages:
    """Integrate an activation over a Gaussian drive.

    Args:
        activation: a built-in's name or an `Activation`, checked.
        variance: v of the drive, positive.

    Returns:
        The averages, each to about 1e-12 of its scale.

    Raises:
        InputError: the averages do not exist, the quadrature does not settle, or the activation jumps.

    Example:
        >>> averages = gaussian_averages("relu", 1.0)
        >>> round(averages.mean * (2 * np.pi) ** 0.5, 10), averages.slope
        (1.0, 0.5)
    """
    phi, root = activations.of(activation), variance**0.5

    def both(x: Array) -> tuple[Array, Array]:
        with np.errstate(all="ignore"):
            activity = np.asarray(phi.value(root * x, np), dtype=np.float64)
            return activity, np.asarray(phi.slope(root * x, activity, np), dtype=np.float64)

    def first(x: Array) -> Array:
        value, slope = both(x)
        return np.stack([value, x * value, slope, x * slope])

    mean, linear, slope, slope_linear = _integrate(first, str(phi), variance, 0.0)

    # In a second pass: as differences of the first moments these would lose all digits where φ is nearly linear.
    def second(x: Array) -> Array:
        value, derivative = both(x)
        return np.stack([(value - mean - linear * x) ** 2, (derivative - slope) ** 2])

    # The rounding of what is squared.
    noise = 1e-14 * np.abs([abs(mean) + abs(linear), slope])
    rest, slope_rest = _integrate(second, str(phi), variance, noise)
    scale = abs(linear) + rest**0.5
    if abs(root * slope - linear) > 1e-8 * scale:
        raise InputError(
            f"the activation {phi} must be continuous with the slope it states: over a Gaussian drive of variance "
            f"{variance:g} its mean slope is {slope:g} where its values say {linear / root:g} (Stein's identity)"
        )
    return GaussianAverages(
        mean=float(mean) if abs(mean) > 1e-13 * scale else 0.0,
        linear=float(linear),
        rest=float(rest) if rest > noise[0] ** 2 else 0.0,
        slope=float(slope),
        slope_rest=float(slope_rest) if slope_rest > noise[1] ** 2 else 0.0,
        slope_linear=float(slope_linear) if abs(slope_linear) > 1e-13 * scale / root else 0.0,
    )


def _integrate(function: Callable[[Array], Array], name: str, variance: float, noise: Array | float) -> Array:
    """∫ function(x) exp(−x²/2)/√(2π) dx, for a function of (n,) that returns (quantities, n), to relative accuracy.

    What is squared is known to `noise` (quantities,) only; smaller differences are left alone.
    """
    left = np.linspace(-_REACH, _REACH, round(2 * _REACH) + 1)[:-1]
    width = np.full(left.size, 1.0)
    total: Array | float = 0.0
    whole = _rule(function, left, width)
    size = np.abs(whole).sum(-1)
    with np.errstate(invalid="ignore"):
        outermost = np.abs(whole[:, [0, -1]]).sum(-1) > _OUTERMOST * size
    if outermost.any() or not np.isfinite(size).all():
        raise InputError(
            f"the activation {name} must have finite averages over a Gaussian drive of variance {variance:g}, and does "
            "not: it grows too fast"
        )
    accuracy = _TOLERANCE * size + noise * np.sqrt(size) + np.finfo(float).tiny
    for _ in range(_HALVINGS):
        half = width / 2
        lower, upper = _rule(function, left, half), _rule(function, left + half, half)
        # The error allowed is shared out by width, with a floor for intervals at a kink.
        allowed = accuracy[:, None] * np.maximum(width / (2 * _REACH), 0.01)
        settled = (np.abs(lower + upper - whole) <= allowed).all(0)
        total = total + (lower + upper)[:, settled].sum(-1)
        if settled.all():
            return np.asarray(total)
        go_on = ~settled
        left = np.concatenate([left[go_on], (left + half)[go_on]])
        width = np.concatenate([half[go_on], half[go_on]])
        whole = np.concatenate([lower[:, go_on], upper[:, go_on]], axis=1)
    raise InputError(
        f"the averages of the activation {name} over a Gaussian drive of variance {variance:g} do not settle: it "
        "must be smooth but for a few kinks"
    )


def _rule(function: Callable[[Array], Array], left: Array, width: Array) -> Array:
    """Gauss's rule on every interval, (quantities, intervals)."""
    x = left[:, None] + width[:, None] * (0.5 + 0.5 * _NODES)
    weight = 0.5 * width[:, None] * _WEIGHTS * np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)
    # Arrays of few sizes, since JAX compiles a user's function for each.
    points = np.zeros(max(1024, 1 << (x.size - 1).bit_length()))
    points[: x.size] = x.ravel()
    values = function(points)[:, : x.size]
    return np.asarray((values.reshape(len(values), *x.shape) * weight).sum(-1))
