"""Eigenvalues of the signed tangent kernel that leave the bulk, because activities have a mean.

What an activity has in common over samples or neurons is of low rank: h = μ0 + β (ε_p + δ_i) + h̃ with ε_p and δ_i the
relative excess of an input's and a weight vector's squared norm, of variances 2/M and κ/M; and θ 1 1ᵀ/M where slopes
have it. Seen through the resolvent of the rest, an eigenvalue leaves the bulk where

    (1 + θ m + κ β² s m) (1 + 2 β² s m) + M μ0² s m = 0,

whose roots, for μ0 ≠ 0 and M → ∞, are those of s(g) = 0. docs/nonlinear_theory.md, section "Outliers".
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from curldescent.theory._kernel_law import END, KernelLaw, Place, at

Array = NDArray[np.float64]
_HALVINGS = 40


@dataclass(frozen=True)
class Commons:
    """What activities and slopes have in common.

    Attributes:
        mean: μ0.
        bend: β = v E φ''/2, the change of the mean activity with the relative variance of the drive.
        slopes: θ = ρτ b1² E[d1], shape (B,).
        weights: κ, M times the variance of a weight vector's relative squared norm: 2 for normal weights.
        size: M, or None for the limit.
    """

    mean: float
    bend: float
    slopes: Array
    weights: float
    size: int | None

    def mirrored(self) -> "Commons":
        """Those of −G."""
        return replace(self, slopes=-self.slopes)


def lowest(law: KernelLaw, commons: Commons, edge: Array) -> tuple[Array, Array]:
    """The lowest eigenvalue below the bulk.

    Args:
        law: B settings.
        commons: of the same settings.
        edge: the y of the lowest edge, shape (B,).

    Returns:
        z and its y, shape (B,): NaN where no eigenvalue leaves the bulk, and z = −∞ where one grows without bound in
        units of M, as M in the limit.
    """
    nothing = np.full(edge.shape, np.nan)
    if commons.mean == 0 and commons.bend == 0:
        return nothing, nothing
    escapes = ~_inside(at(law, edge), commons)
    if not escapes.any():
        return nothing, nothing
    # The others are held where they are.
    low, high = np.full(edge.shape, -END), edge
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        inside = _inside(at(law, middle), commons)
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    y = 0.5 * (low + high)
    z = at(law, y).z
    if commons.size is None and commons.mean != 0:
        # s(0) = n E[d2]: without a positive mean strength no g > 0 has s = 0.
        z = np.where(law.readout @ law.readout_shares <= 0, -np.inf, z)
    return np.where(escapes, z, np.nan), np.where(escapes, y, np.nan)


def scatter(law: KernelLaw, commons: Commons, place: Place) -> Array:
    """Standard deviation of an outlier at finite size, in units of M, shape (B,).

    Args:
        law: B settings.
        commons: of the same settings, with a size.
        place: of the outlier.

    Three numbers of the condition fluctuate: s, the sum over neurons, m, the sum over samples, and what mixes both.
    docs/nonlinear_theory.md, section "Outliers".
    """
    size = commons.size or np.inf
    m, s, spread, bend = place.m, place.s, place.spread, commons.bend**2
    slopes = 1 + (commons.slopes + commons.weights * bend * s) * m
    inputs = 1 + 2 * bend * s * m
    mean = size * commons.mean**2
    by_s = (commons.weights * inputs + 2 * slopes) * bend * m + mean * m
    by_m = (commons.slopes + commons.weights * bend * s) * inputs + 2 * bend * s * slopes + mean * s
    by_z = (place.m_slope * by_m - spread * by_s) / place.slope
    # With s held, z(g, s) gives the response of g to s at fixed z; a shift of every 1/d2 then moves g by `shifted`.
    held = place.slope_at_fixed_s
    answer = -(held - place.slope) / spread / held
    shifted = -answer * spread / (1 + answer * spread)
    of_s = 2 * shifted * spread / size
    of_m = 2 * (place.m_slope / place.slope - m**2 / law.samples) / size
    of_both = 4 * commons.mean**2 * inputs**2 * spread / place.slope
    variance = by_s**2 * of_s + by_m**2 * of_m + of_both
    return np.sqrt(np.maximum(variance, 0.0)) / np.abs(by_z)


def _inside(place: Place, commons: Commons) -> NDArray[np.bool_]:
    """Whether no eigenvalue has left the bulk below this place."""
    m, s = place.m, place.s
    if commons.size is None and commons.mean != 0:
        return s > 0
    slopes = 1 + (commons.slopes + commons.weights * commons.bend**2 * s) * m
    inputs = 1 + 2 * commons.bend**2 * s * m
    mean = 0.0 if commons.size is None else commons.size * commons.mean**2 * s * m
    return (slopes > 0) & (inputs > 0) & (slopes * inputs + mean > 0)
