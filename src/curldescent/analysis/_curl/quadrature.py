"""Clenshaw–Curtis quadrature along pieces of a path that polynomials stand for."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ORDER = 8


def along_pieces(begin: Array, end: Array) -> Array:
    """Times of the nodes of every piece, (pieces, ORDER + 1); the last is the piece's end to the last bit."""
    times = begin[:, None] + (end - begin)[:, None] * (NODES + 1) / 2
    times[:, -1] = end
    return times


def tangents(theta: Array) -> Array:
    """dθ/ds at the nodes of pieces, s ∈ [−1, 1], of the polynomials through θ (pieces, ORDER + 1, n)."""
    return np.asarray(np.einsum("jk,pkn->pjn", DERIVATIVE, theta))


def quadrature_errors(values: Array) -> Array:
    """From every second point, as that estimate overstates what all points reach: to the power 3/2 of its share."""
    size = np.abs(values) @ np.abs(WEIGHTS)
    differences = np.abs(values @ WEIGHTS - values[:, ::2] @ HALF_WEIGHTS)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(size > 0, np.minimum(1.0, differences / size), 0.0)
    return size * shares**1.5


def _chebyshev(order: int) -> tuple[Array, Array]:
    """Chebyshev points from −1 to 1 and the weights of Clenshaw and Curtis."""
    nodes = -np.cos(np.pi * np.arange(order + 1) / order)
    powers = np.arange(order + 1)
    moments = np.where(powers % 2 == 0, 2 / (1.0 - powers**2 + (powers == 1)), 0.0)
    return nodes, np.linalg.solve(np.cos(np.outer(powers, np.arccos(nodes))), moments)


def _differentiation(nodes: Array) -> Array:
    """The matrix that differentiates the polynomial through values at the nodes."""
    gaps = nodes[:, None] - nodes + np.eye(len(nodes))
    weights = 1 / gaps.prod(1)
    matrix = weights / weights[:, None] / gaps
    np.fill_diagonal(matrix, 0.0)
    return matrix - np.diag(matrix.sum(1))


NODES, WEIGHTS = _chebyshev(ORDER)
HALF_WEIGHTS = _chebyshev(ORDER // 2)[1]
DERIVATIVE = _differentiation(NODES)
