"""Spectra of single networks beside their limiting laws: distances, edges, and unions over several outputs."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from curldescent.theory import Spectrum, lambda_min

Array = NDArray[np.float64]


def distance(eigenvalues: Array, law: Spectrum) -> float:
    """Largest difference between the fraction of eigenvalues up to x and the law's, over all x.

    Args:
        eigenvalues: of one matrix.
        law: its limit. Eigenvalues on an atom to rounding count as on it.

    Returns:
        The Kolmogorov–Smirnov distance.
    """
    values = np.sort(eigenvalues)
    for location, _ in law.atoms:
        values[np.abs(values - location) < 1e-8 * (1 + abs(location))] = location
    count = len(values)
    at, below = np.asarray(law.cdf(values)), np.asarray(law.cdf(np.nextafter(values, -np.inf)))
    upto, before = np.searchsorted(values, values, side="right") / count, np.searchsorted(values, values) / count
    return float(max(np.abs(upto - at).max(), np.abs(before - below).max()))


def edge_scale(law: Spectrum, size: int, *, lowest: bool) -> float:
    """The scale of fluctuations of an extreme eigenvalue, of a law with square-root edges.

    Args:
        law: the law.
        size: M.
        lowest: whether of the lowest, or of the highest.

    Returns:
        (π A M)^(−2/3), where the density is A √(distance from the edge): the unit of the Tracy–Widom law.

    Source: Tracy & Widom, Communications in Mathematical Physics 177 (1996) 727.
    """
    edge, direction = (law.lambda_min, 1.0) if lowest else (law.lambda_max, -1.0)
    near = 1e-6 * (law.lambda_max - law.lambda_min)
    coefficient = law.density(edge + direction * near) / np.sqrt(near)
    return float((np.pi * coefficient * size) ** (-2 / 3))


def largest_stable_share(law: Callable[[float], Spectrum]) -> float:
    """The share of negative neurons up to which a law is stable, where λ_min falls with the share.

    Args:
        law: from the share.

    Returns:
        Between 0, nothing is stable, and 1, everything is.
    """
    from scipy.optimize import brentq

    low, high = law(1e-6).lambda_min, law(1 - 1e-6).lambda_min
    if low <= 0 or high >= 0:
        return 0.0 if low <= 0 else 1.0
    return float(brentq(lambda share: law(share).lambda_min, 1e-6, 1 - 1e-6, xtol=1e-4))


def singular_values(readout: Array) -> Array:
    """The O singular values of W2 (O, N), zeros included where O > N."""
    values = np.linalg.svd(readout, compute_uv=False)
    return np.concatenate([values, np.zeros(len(readout) - len(values))])


def union(hidden: Array, readout: Array, d1: Array, d2: Array, covariance: Array | None = None) -> Array:
    """The union over the singular values κ of W2 of the eigenvalues of Σ^½ (κ² D1 + W1ᵀ D2 W1) Σ^½, ascending, (O·M,).

    Source: docs/theory.md, section "Several outputs".
    """
    second = hidden.T @ (d2[:, None] * hidden)
    root = np.eye(len(d1)) if covariance is None else np.linalg.cholesky(covariance)
    spectra = [
        np.linalg.eigvalsh(root.T @ (value**2 * np.diag(d1) + second) @ root) for value in singular_values(readout)
    ]
    return np.sort(np.concatenate(spectra))


def lambda_min_with_outputs(outputs: int, n_inputs: int, ratio: Array, hidden: Array) -> Array:
    """λ_min of the law at the two ends of the singular values' distribution, (1 ± √(O/N))², whichever is lower.

    Args:
        outputs: O.
        n_inputs: M.
        ratio: c = M/N, (C,).
        hidden: flipped fractions of the inputs, (H, 1).

    Returns:
        (H, C).
    """
    gap = np.sqrt(outputs * ratio / n_inputs) if outputs > 1 else np.zeros_like(ratio)
    lowest = np.full(np.broadcast(ratio, hidden).shape, np.inf)
    for column, (c, edge) in enumerate(zip(ratio, gap, strict=True)):
        for rho in {float((1 - edge) ** 2), float((1 + edge) ** 2)}:
            lowest[:, column] = np.minimum(lowest[:, column], lambda_min(c, hidden[:, 0], 0.0, rho=rho))
    return lowest
