"""What the spread of squared norms does to the lowest edge at finite size: inputs and weight vectors differ in length.

The drive of sample p has variance v (1 + ε_p), that of neuron i v (1 + δ_i), with ε and δ of variances 2/M and κ/M. To
first order in 1/M they move the edge, where z(g) is flat, by the change of z at fixed g; the spread of the samples'
multiples of the identity, which can be wider than an atom or a narrow band, is part of the law itself (`blur`).
docs/nonlinear_theory.md, section "Finite size".
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curldescent.theory._kernel_law import KernelLaw, Place

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Powers:
    """d log/d log v of the law's coefficients.

    Attributes:
        linear: of μ1².
        rest: of μ*².
        slope_rest: of a0 − a1².
    """

    linear: float
    rest: float
    slope_rest: float


def blur(law: KernelLaw, powers: Powers, size: int) -> Array:
    """Variance over samples of the multiple of the identity, over p, as a polynomial in s, shape (3, B).

    Sample p has μ*² s (1 + ω ε_p) of the readout's synapses and ρτ(a0 − a1²)(E[d1](1 + (ω' + 1) ε_p) + …) of the hidden
    ones, whose strengths weigh the squares of its inputs.
    """
    mean, square = law.hidden @ law.hidden_shares, law.hidden**2 @ law.hidden_shares
    by_s, fixed = _common(law, powers)
    own = law.hidden_rest**2 * (square - mean**2)
    coefficients = np.stack([fixed**2 + own, 2 * by_s * fixed, by_s**2 + 0 * fixed])
    return np.asarray(2 / size * coefficients / law.samples)


def edge_shift(law: KernelLaw, powers: Powers, place: Place, size: int, weights: float) -> Array:
    """How far the lowest edge moves.

    Args:
        law: B settings, with the `blur` of this size.
        powers: of the activation at its drive.
        place: the edge.
        size: M.
        weights: κ.

    Returns:
        The shift, shape (B,).
    """
    m, s, g = place.m, place.s, place.g
    share = law.hidden_shares
    t = law.hidden_linear * law.hidden[:, None] + law.linear * s
    r = m / (1 + t * m)
    one, two = (share * r).sum(0), (share * r**2).sum(0)
    by_w = (share * (t * r) ** 2).sum(0) - law.samples
    by_t = (share * (r / m) ** 2).sum(0)
    f_t = -law.linear * two
    f_w = f_t - law.rest * m**2
    # Inputs: what multiplies μ*² in g is larger for the samples of which m holds less.
    by_s, fixed = _common(law, powers)
    of_inputs = by_w * 2 / size * by_s * (by_s * s + fixed) * m**2 / law.samples / f_w
    # Weights: the mean over neurons of d Γ_i/(1 + d g_i), with g_i = g + δ_i g' and Γ_i = Γ + δ_i Γ'.
    d2, n = law.readout[:, None], law.neurons
    inverse = np.where(law.readout_shares > 0, d2 / np.where(law.readout_shares > 0, 1 + d2 * g, 1.0), 0.0)
    slope = powers.linear * law.linear * one + powers.rest * law.rest * m
    all_of_it = n * weights / size * (law.readout_shares * inverse**3).sum(0) * slope**2
    gamma = -n * weights / size * (law.readout_shares * inverse**2).sum(0) * slope
    to_t = law.linear * (all_of_it + powers.linear * gamma)
    to_rest = law.rest * (all_of_it + powers.rest * gamma)
    of_weights = to_rest + (by_t - by_w * f_t / f_w) * to_t
    return of_inputs + of_weights


def _common(law: KernelLaw, powers: Powers) -> tuple[float, Array]:
    """What a sample's relative squared norm multiplies in its multiple of the identity: by s, and fixed (B,)."""
    mean = law.hidden @ law.hidden_shares
    return law.rest * powers.rest, law.hidden_rest * (powers.slope_rest + 1) * mean
