"""Finite stability matrices drawn at random: what the limiting laws are compared with."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import memory, validation
from curldescent.theory._strengths import Strengths

Array = NDArray[np.float64]
Distribution = Literal["normal", "uniform"]
DISTRIBUTIONS = ("normal", "uniform")

# A block of the hidden weights in memory: wide layers are summed block by block.
_BLOCK_ENTRIES = 4_000_000


def n_hidden_for(ratio: float, n_inputs: int) -> int:
    """The number of hidden neurons N closest to M/c, at least one."""
    return max(1, round(n_inputs / ratio))


def checked_sizes(n_inputs: object, samples: object) -> tuple[int, int]:
    """M and a number of matrices, refused where one of them or all their eigenvalues would not fit into memory."""
    size = validation.integer("n_inputs", n_inputs, minimum=1)
    count = validation.integer("samples", samples, minimum=1)
    # A matrix, its parts, and what the eigenvalue solver works in.
    memory.require(
        f"the eigenvalues of {validation.shown(count)} matrices of {validation.shown(size)} inputs",
        5 * 8 * size**2 + 2 * 8 * size * count,
    )
    return size, count


def sample_matrix(
    n_inputs: int,
    n_hidden: int,
    hidden: Strengths,
    readout: Strengths,
    rng: np.random.Generator,
    *,
    rho: float,
    sigma2: float,
    distribution: Distribution = "normal",
) -> Array:
    """Draw one stability matrix K = ρ D1 + W1ᵀ D2 W1.

    Args:
        n_inputs: M.
        n_hidden: N.
        hidden: distribution of D1's entries; the first neurons get the lowest strengths.
        readout: distribution of D2's entries.
        rng: source of randomness.
        rho: ‖w2‖², exactly.
        sigma2: M times the variance of a hidden weight.
        distribution: of the hidden weights.

    Returns:
        K, shape (M, M), symmetric.
    """
    validation.choice("distribution", distribution, DISTRIBUTIONS)
    matrix = np.diag(rho * hidden.vector(n_inputs))
    for d, count in zip(readout.values, readout.counts(n_hidden), strict=True):
        if d != 0 and count > 0:
            matrix += sigma2 / n_inputs * d * _gram(n_inputs, int(count), rng, distribution)
    return matrix


def bartlett_factor(normals: Array, rows: int, rng: np.random.Generator) -> Array:
    """L, lower triangular, with L Lᵀ distributed as XᵀX for X of `rows` rows of independent standard normals.

    Bartlett's decomposition of a Wishart matrix: normals below the diagonal and chi variables on it. Its cost does not
    grow with the number of rows, so that very expansive networks can be sampled.

    Args:
        normals: (n, n), independent and standard; only those below the diagonal are used.
        rows: of X, at least n.
        rng: source of the chi variables.

    Returns:
        L, (n, n).
    """
    size = len(normals)
    lower = np.tril(normals, -1)
    lower[np.diag_indices(size)] = np.sqrt(rng.chisquare(rows - np.arange(size)))
    return lower


def _gram(size: int, rows: int, rng: np.random.Generator, distribution: Distribution) -> Array:
    """XᵀX for X of `rows` rows and `size` columns with entries of mean 0 and variance 1."""
    if distribution == "normal" and rows >= 2 * size:
        lower = bartlett_factor(rng.standard_normal((size, size)), rows, rng)
        return lower @ lower.T
    total = np.zeros((size, size))
    block = max(1, _BLOCK_ENTRIES // size)
    for start in range(0, rows, block):
        shape = (min(block, rows - start), size)
        side = np.sqrt(3.0)
        x = rng.standard_normal(shape) if distribution == "normal" else rng.uniform(-side, side, shape)
        total += x.T @ x
    return total
