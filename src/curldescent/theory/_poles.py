"""The inverse Stieltjes transform of the law of K as a sum over real poles, and everything read off it.

With u the vector of square roots of the weights of D1's distribution, Sherman and Morrison's formula turns

    x(y) = y + (σ²/c) E_d2[ d / (1 − σ² d G1(y)) ]      into      x(y) = y + a + Σ_k r_k / (y − p_k),   r_k > 0,

where the p_k are the eigenvalues of diag(ρ d1) + σ² d2 u uᵀ for each value of d2. Between neighbouring poles
h(y) = Σ r_k / (y − p_k)² is convex and h^(−1/2) concave, so every edge (a solution of x'(y) = 1 − h(y) = 0) is found
by Newton steps that approach it from one side and cannot leave the interval. docs/theory.md, section "Edges".
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curldescent.theory._strengths import Strengths

Array = NDArray[np.float64]

# Newton on a concave function converges quadratically; only edges of bands that touch take many steps.
_MAX_STEPS = 200
_TOLERANCE = 4e-16


@dataclass(frozen=True)
class Poles:
    """x(y) = y + offset + Σ_k residues_k / (y − positions_k).

    Attributes:
        offset: the mean of the readout term, (σ²/c) E[d2].
        positions: the poles, ascending, shape (K,); empty where no readout neuron is plastic.
        residues: positive, shape (K,).
    """

    offset: float
    positions: Array
    residues: Array

    def x(self, y: Array) -> Array:
        """The eigenvalue scale x at the subordination variable y (real or complex)."""
        return y + self.offset + (self.residues / (y[..., None] - self.positions)).sum(-1)

    def slope(self, y: Array) -> Array:
        """dx/dy."""
        return 1 - (self.residues / (y[..., None] - self.positions) ** 2).sum(-1)


def expand(ratio: float, hidden: Strengths, readout: Strengths, rho: float, sigma2: float) -> Poles:
    """Expand the law of K = ρ D1 + W1ᵀ D2 W1 in poles.

    Args:
        ratio: compression ratio c = M/N.
        hidden: distribution of D1's entries.
        readout: distribution of D2's entries.
        rho: ‖w2‖².
        sigma2: M times the variance of a hidden weight.

    Returns:
        The poles, ascending, coinciding ones merged.

    Source: docs/theory.md, section "Poles".
    """
    atoms, weights = hidden.scaled(rho)
    # Bands of rarer neurons would be narrower than rounding; where they lie moves by less than 1e-13 of the scale.
    least = 1e-26 * max(1.0, ratio)
    u = np.sqrt(np.maximum(weights, least))
    positions: list[float] = []
    residues: list[float] = []
    for d, w in zip(readout.values, readout.weights, strict=True):
        if d == 0:
            continue
        p, vectors = np.linalg.eigh(np.diag(atoms) + sigma2 * d * np.outer(u, u))
        positions.extend(p)
        residues.extend(max(w, least) / ratio * (sigma2 * d * (u @ vectors)) ** 2)
    order = np.argsort(positions, kind="stable")
    p, r = np.array(positions)[order], np.array(residues)[order]
    if len(p) > 0:
        scale = max(np.abs(p).max(), rho)
        group = np.concatenate([[0], np.cumsum(np.diff(p) > 8 * np.finfo(float).eps * scale)])
        total = np.bincount(group, weights=r)
        keep = total > 0
        # A pole too weak for its band to have a width in floating point still is where an eigenvalue lies.
        r = np.maximum(total[keep], (4 * np.finfo(float).eps * scale) ** 2).astype(float)
        p = p[np.searchsorted(group, np.flatnonzero(keep))]
    return Poles(sigma2 / ratio * readout.mean, p, r)


def left_of_all(positions: Array, residues: Array) -> tuple[Array, Array]:
    """The solution of h(y) = 1 to the left of every pole, for stacks of poles.

    Args:
        positions: poles, shape (..., K); absent ones are far to the right with residue 0.
        residues: shape (..., K), at least one positive per row.

    Returns:
        The lowest pole and the distance δ of the solution y from it, both of shape (...). x(y) is the lowest edge of
        the continuous spectrum; δ may be too small to change y in floating point, so it comes on its own.
    """
    first = positions.min(-1)
    distance = positions - first[..., None]
    # h ≥ 1 where a single term reaches 1: a start to the left of the root, in the distance δ = first − y.
    delta = (np.sqrt(residues) - distance).max(-1)
    for _ in range(_MAX_STEPS):
        step = newton_step(delta[..., None] + distance, residues)
        delta = delta + step
        if np.all(step <= _TOLERANCE * delta):
            break
    return first, delta


def newton_step(distance: Array, residues: Array) -> Array:
    """Newton's step for h^(−1/2) = 1, given signed distances to the poles that grow by the step; never negative."""
    inverse = 1 / distance
    terms = residues * inverse * inverse
    h = terms.sum(-1)
    slope = (terms * inverse).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = (np.sqrt(h) - 1) * h / slope
    return np.where(step > 0, step, 0.0)


def gaps(poles: Poles) -> list[tuple[float, float]]:
    """The open intervals of y on which x'(y) > 0: their images under x are the gaps of the continuous spectrum.

    Args:
        poles: the expansion, with at least one pole.

    Returns:
        Intervals (left, right), ascending; the first starts at −∞, the last ends at +∞.

    Source: docs/theory.md, section "Edges".
    """
    p, r = poles.positions, poles.residues
    first, below = left_of_all(p, r)
    last, above = left_of_all(-p, r)
    lowest, highest = float(first - below), float(above - last)
    inner = []
    for left, right in itertools.pairwise(p.tolist()):
        middle = _minimum_of_h(left, right, p, r)
        # Poles a few roundings apart leave no room for a gap; h is then infinite on one of them.
        if middle in (left, right) or (r / (middle - p) ** 2).sum() >= 1:
            continue
        i = int(np.searchsorted(p, middle))
        inner.append(
            (
                _edge_from(left, +1.0, float(np.sqrt(r[i - 1])), middle - left, p, r),
                _edge_from(right, -1.0, float(np.sqrt(r[i])), right - middle, p, r),
            )
        )
    scale = np.abs(poles.x(np.array([lowest, highest]))).max()
    intervals = [(-np.inf, lowest)]
    for y_left, y_right in inner:
        # Bands that touch leave a gap of rounding errors; its width falls as the 3/2 power of 1 − h.
        x_left, x_right = poles.x(np.array([y_left, y_right]))
        if x_right - x_left > 16 * np.finfo(float).eps * scale:
            intervals.append((y_left, y_right))
    return [*intervals, (highest, np.inf)]


def _minimum_of_h(left: float, right: float, p: Array, r: Array) -> float:
    """Where the convex h is smallest between two neighbouring poles, by bisection on the sign of its slope."""
    low, high = left, right
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle <= low or middle >= high:
            break
        if (r / (middle - p) ** 3).sum() > 0:  # h is still falling
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _edge_from(pole: float, side: float, start: float, limit: float, p: Array, r: Array) -> float:
    """Follow Newton's steps from beside a pole (to its right for side = +1) to the nearest solution of h = 1."""
    delta = min(start, limit)
    for _ in range(_MAX_STEPS):
        inverse = 1 / (side * (pole - p) + delta)
        terms = r * inverse * inverse
        h, slope = terms.sum(), (terms * inverse).sum()
        step = (np.sqrt(h) - 1) * h / slope if slope > 0 else 0.0
        if step <= _TOLERANCE * delta:
            break
        delta = min(delta + step, limit)
    return float(pole + side * delta)


def upper_root(poles: Poles, x: Array) -> NDArray[np.complex128]:
    """The one solution y of x(y) = x with positive imaginary part, for x inside a band.

    Args:
        poles: the expansion.
        x: eigenvalues inside the continuous spectrum, shape (n,).

    Returns:
        y, shape (n,).

    The roots are the eigenvalues of a real (K+1)-dimensional arrowhead matrix: unlike the coefficients of the
    polynomial, its entries keep their precision when residues differ by many orders of magnitude.
    """
    size = len(poles.positions) + 1
    root = np.sqrt(poles.residues)
    arrow = np.zeros((len(x), size, size))
    arrow[:, 0, 0] = x - poles.offset
    arrow[:, 0, 1:] = root
    arrow[:, 1:, 0] = -root
    arrow[:, range(1, size), range(1, size)] = poles.positions
    candidates = np.linalg.eigvals(arrow)
    y = candidates[np.arange(len(x)), np.argmax(candidates.imag, axis=1)].astype(np.complex128)
    for _ in range(2):
        slope = poles.slope(y)
        step = np.where(np.abs(slope) > 1e-6, (poles.x(y) - x) / np.where(slope == 0, 1, slope), 0)
        # A polish may not carry a root across the real axis.
        polished = y - step
        y = np.where(polished.imag > 0, polished, y)
    return y
