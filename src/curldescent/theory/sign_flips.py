"""λ_min for whole arrays of ratios and fractions at once, where strengths are ±1.

With two strengths in each layer the law has four poles, roots of two quadratics, so that nothing needs a loop.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.theory._poles import left_of_all

Array = NDArray[np.float64]

# Stands for an absent pole: far to the right, with residue 0; its cube still fits a float.
_FAR = 1e90
# Rows solved at a time: the four poles of this many points stay in the cache.
_CHUNK = 16384


def lambda_min(
    ratio: ArrayLike, hidden: ArrayLike = 0.0, readout: ArrayLike = 0.0, *, rho: float = 1.0, sigma2: float = 1.0
) -> float | Array:
    """The lowest eigenvalue of K in large networks, for arrays of ratios and flipped fractions.

    Args:
        ratio: compression ratio c = M/N, positive.
        hidden: fraction of flipped inputs; exactly 0 means that none is flipped.
        readout: fraction of flipped hidden neurons, broadcast with the others.
        rho: ‖w2‖².
        sigma2: M times the variance of a hidden weight.

    Returns:
        λ_min, in the broadcast shape (a float for scalars); the same value as ``Spectrum(...).lambda_min``.

    Raises:
        InputError: an argument outside its range, or shapes that do not broadcast.

    Source: docs/theory.md, section "Edges".

    >>> lambda_min(1.0)
    1.0
    >>> lambda_min([0.1, 0.5], readout=0.3).round(3)
    array([-1.23 , -1.247])
    """
    c, h, r = broadcast_arguments(
        ratio=required("ratio", ratio), hidden=required("hidden", hidden), readout=required("readout", readout)
    )
    rho, sigma2 = validation.positive("rho", rho), validation.positive("sigma2", sigma2)
    out = np.empty(c.size)
    for start in range(0, c.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        out[part] = _lambda_min(c.ravel()[part], h.ravel()[part], r.ravel()[part], rho, sigma2)
    return scalar_or_array(out.reshape(c.shape))


def _lambda_min(c: Array, h: Array, r: Array, rho: float, sigma2: float) -> Array:
    positions, weights = four_poles(h, r, rho, sigma2)
    residues = weights / c[:, None]
    first, delta = left_of_all(positions, residues)
    y = first - delta
    x = y + sigma2 * (1 - 2 * r) / c - (residues / ((positions - first[:, None]) + delta[:, None])).sum(-1)
    # To the right of the lowest value of ρ d1 the edge belongs to a band above an atom that stays at ρ d1.
    lowest = np.where(h > 0, -rho, rho)
    return np.where(y > lowest, lowest, x)


def four_poles(hidden: Array, readout: Array, rho: float, sigma2: float) -> tuple[Array, Array]:
    """Poles of x(y) and c times their residues, for fractions of equal shape (...).

    Args:
        hidden: flipped fraction of the inputs.
        readout: flipped fraction of the hidden neurons.
        rho: ‖w2‖².
        sigma2: M times the variance of a hidden weight.

    Returns:
        Positions and weights, both (..., 4).

    For each sign d of the readout the poles solve p² − σ²d p − ρ(ρ + σ²d(1 − 2α_h)) = 0; products and sums of roots are
    arranged so that small weights keep their relative precision.
    """
    positions, weights = [], []
    for d, share, inside in ((1.0, 1 - readout, 1 - hidden), (-1.0, readout, hidden)):
        b = sigma2 * d
        gap = np.sqrt((sigma2 - 2 * rho) ** 2 + 8 * sigma2 * rho * inside)
        far = d * (sigma2 + gap) / 2
        near = -rho * (rho + b * (1 - 2 * hidden)) / far
        mean = rho * (1 - 2 * hidden) + b
        # Squared overlaps of u with the two eigenvectors: they sum to 1, their product is Var(D1)/gap².
        to_far, to_near = np.abs(far - mean), np.abs(mean - near)
        large = np.maximum(to_far, to_near)
        with np.errstate(divide="ignore", invalid="ignore"):
            small_share = np.where(large > 0, 4 * hidden * (1 - hidden) * rho**2 / large**2, 1.0)
        small_share = small_share / (1 + small_share)
        near_share = np.where(to_far > to_near, 1 - small_share, small_share)
        for position, overlap in ((far, 1 - near_share), (near, near_share)):
            weight = share * sigma2**2 * overlap
            positions.append(np.where(weight > 0, position, _FAR))
            weights.append(weight)
    return np.stack(positions, axis=-1), np.stack(weights, axis=-1)


def required(name: str, value: Any) -> Any:
    """Refuse None, which means "not given" to `broadcast_arguments`."""
    if value is None:
        raise InputError(f"{name} must be a number or an array, got None")
    return value


def broadcast_arguments(
    *,
    ratio: ArrayLike | None = None,
    hidden: ArrayLike | None = None,
    readout: ArrayLike | None = None,
    other: ArrayLike | None = None,
) -> list[Array]:
    """Check the given arguments and broadcast them to a common shape, in the order of the signature."""
    arrays = []
    names = []
    for name, value in (("ratio", ratio), ("hidden", hidden), ("readout", readout), ("other", other)):
        if value is None:
            continue
        array = validation.finite_array(name, value, ndim=tuple(range(9)))
        if name == "ratio" and (array <= 0).any():
            raise InputError(f"ratio must be positive, got {array.min():g}")
        if name != "ratio" and ((array < 0) | (array > 1)).any():
            bad = float(array[(array < 0) | (array > 1)][0])
            raise InputError(f"{name} must be a fraction between 0 and 1, got {bad:g}")
        arrays.append(array)
        names.append(name)
    try:
        return [np.array(a) for a in np.broadcast_arrays(*arrays)]
    except ValueError:
        shapes = ", ".join(f"{n} {a.shape}" for n, a in zip(names, arrays, strict=True))
        raise InputError(f"the arguments must have shapes that broadcast, got {shapes}") from None


def scalar_or_array(values: Array) -> float | Array:
    """A Python float for a zero-dimensional array."""
    return float(values) if values.ndim == 0 else values
