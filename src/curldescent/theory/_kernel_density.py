"""The density of the kernel's law: the law's equations for complex z, followed down to the real axis.

For Im z > 0 they map pairs (m, g) of positive imaginary parts into themselves, so that exactly one such pair solves
them: Newton's steps from a point a little higher up that keep both parts positive cannot settle anywhere else.
"""

import numpy as np
from numpy.typing import NDArray

from curldescent.theory._kernel_law import KernelLaw

Array = NDArray[np.float64]
Complex = NDArray[np.complexfloating]

# The imaginary part of z falls by this factor a step, from ten times the scale to next to nothing.
_FACTOR = 0.7
_LOWEST = 1e-10
_ROUNDING = 1e-13
# Newton's steps at each height, and at last; in gaps each takes nine tenths of the imaginary part.
_NEWTON, _LANDING = 4, 12


def density(law: KernelLaw, x: Array, scale: float) -> Array:
    """Eigenvalues of P·G/M per sample and unit of length.

    Args:
        law: one setting (B = 1), in the limit.
        x: shape (n,).
        scale: width of the spectrum.

    Returns:
        Shape (n,); without the atoms.
    """
    height = 10 * scale
    z = x + 1j * height
    m: Complex = -law.samples / (z - law.shift)
    g: Complex = (law.rest + law.linear) * m
    while height > _LOWEST * scale:
        height *= _FACTOR
        m, g = _newton(law, x + 1j * height, m, g, _NEWTON)
    # On the axis itself, where what an atom spreads above it is gone.
    m, _ = _newton(law, x + 0j, m, g, _LANDING)
    # Beside an atom m is large, and what rounding leaves of its imaginary part is no density.
    return np.where(m.imag > _ROUNDING * np.abs(m), m.imag, 0.0) / (np.pi * law.samples)


def _newton(law: KernelLaw, z: Complex, m: Complex, g: Complex, steps: int) -> tuple[Complex, Complex]:
    d2, share2, share1, n = law.readout[:, None], law.readout_shares, law.hidden_shares, law.neurons
    for _ in range(steps):
        inverse = d2 / (1 + d2 * g)
        s, s1 = n * (share2 * inverse).sum(0), -n * (share2 * inverse**2).sum(0)
        t = law.hidden_linear * law.hidden[:, None] + law.linear * s
        r, t1 = 1 / (1 + t * m), law.linear * s1
        first = law.rest * m + law.linear * m * (share1 * r).sum(0) - g
        second = law.shift + law.rest * s + (share1 * t * r).sum(0) - law.samples / m - z
        a = law.rest + law.linear * (share1 * r**2).sum(0)
        b = -law.linear * m**2 * (share1 * r**2).sum(0) * t1 - 1
        c = -(share1 * (t * r) ** 2).sum(0) + law.samples / m**2
        d = law.rest * s1 + (share1 * r**2).sum(0) * t1
        determinant = a * d - b * c
        dm, dg = (d * first - b * second) / determinant, (a * second - c * first) / determinant
        size = np.minimum(_room(m, dm), _room(g, dg))
        m, g = m - size * dm, g - size * dg
    return m, g


def _room(value: Complex, step: Complex) -> Array:
    """The share of a step that takes at most nine tenths of a positive imaginary part."""
    taken = step.imag / np.maximum(value.imag, np.finfo(float).tiny)
    return np.where(taken > 0.9, 0.9 / np.maximum(taken, 0.9), 1.0)
