"""Stability where every layer keeps its Frobenius norm: the update loses its component along the layer's weights.

S becomes P S, P the projection that removes it, and the residual's operator Φ P S Φᵀ / P_samples is not symmetric:
eigenvalues may be complex, and an iteration's residual bounds their error only up to their condition number.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigs

from curldescent.analysis._stability.tangent_kernel import (
    KernelProducts,
    largest_magnitude,
    reduced_kernel,
    rounding_of,
)
from curldescent.learning.fields import norms
from curldescent.learning.fields.network import Network

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]


@dataclass(frozen=True)
class NormPreservingSpectrum:
    """Eigenvalues of G/unit² by ascending real part, real where none has an imaginary part beyond `tolerance`·κ.

    Attributes:
        values: all on the range of Φ (dense), or the leading ones.
        errors: dense: what rounding may do, by Bauer and Fike. Matrix-free: residuals ‖G u − λ u‖.
        direction: in parameter space, of the first; not normalised, (n,).
        scale: κ/unit².
        square: unit².
        converged: whether the iteration did.
        products: how many products with the kernel were made.
    """

    values: Complex | Array
    errors: Array
    direction: Array
    scale: float
    square: float
    converged: bool = True
    products: int = 0


def tangential(network: Network, updates: Array) -> Array:
    """P applied to updates (…, n): nothing along any layer's weights is left."""
    ends = np.cumsum([int(np.prod(shape)) for shape in network.shapes.values()])[:-1]
    layers = zip(np.split(updates, ends, axis=-1), np.split(network.theta, ends), strict=True)
    return np.concatenate([norms.tangential(update, weights, np) for update, weights in layers], axis=-1)


def dense(network: Network, tolerance: float) -> NormPreservingSpectrum:
    """Every eigenvalue on the range of Φ."""
    kernel = reduced_kernel(network)
    if len(kernel.spectrum) == 0:
        return NormPreservingSpectrum(np.zeros(0), np.zeros(0), np.zeros(network.n_params), 0.0, kernel.square)
    # Row j is how the update answers residual direction j: G_ij = B_i · (P S B_jᵀ).
    pushed = tangential(network, kernel.features * network.strengths)
    values, vectors = _ordered(*np.linalg.eig(kernel.features @ pushed.T))
    scale = float(np.linalg.eigvalsh(kernel.signed(np.abs(network.strengths)))[-1])
    # Bauer–Fike: eigenvalues of a matrix that is not normal move by the condition of their eigenvectors.
    rounding = kernel.rounding * scale * np.linalg.cond(vectors)
    return NormPreservingSpectrum(
        _real(values, max(tolerance, kernel.rounding) * scale),
        np.full(values.shape, rounding),
        vectors[:, 0].real @ pushed,
        scale,
        kernel.square,
    )


def matrix_free(
    network: Network, *, count: int, tolerance: float, resolution: float, max_products: int, seed: int
) -> NormPreservingSpectrum:
    """The `count` eigenvalues of smallest real part by implicitly restarted Arnoldi, on G − 2κ as for Lanczos."""
    kernel, size = KernelProducts(network), network.n_rows
    count = max(2, min(count, size - 2))
    start = np.random.default_rng(seed).standard_normal(size)
    scale = largest_magnitude(network, kernel, start) if kernel.measure(start) > 0 else 0.0
    if scale == 0:
        return NormPreservingSpectrum(np.zeros(0), np.zeros(0), np.zeros(network.n_params), 0.0, kernel.square)

    def product(rows: Array) -> Array:
        kernel.count += 1
        updates = tangential(network, network.strengths * kernel.to_parameters(rows) / kernel.unit)
        return kernel.to_rows(updates) / kernel.unit / network.n_samples

    shifted = LinearOperator((size, size), lambda u: product(u.ravel()) - 2 * scale * u.ravel(), dtype=np.float64)
    krylov = min(size, max(4 * count, 120))
    restarts = max(1, (max_products - krylov) // max(1, krylov - count))
    converged = True
    try:
        found = eigs(shifted, count, which="SR", v0=start, ncv=krylov, tol=resolution / 2, maxiter=restarts)
    except ArpackNoConvergence as partial:
        found, converged = (partial.eigenvalues, partial.eigenvectors), False
    values, vectors = _ordered(found[0] + 2 * scale, found[1])
    errors = [
        np.linalg.norm(product(u.real) + 1j * product(u.imag) - v * u) for v, u in zip(values, vectors.T, strict=True)
    ]
    direction = np.zeros(network.n_params)
    if len(values):
        direction = tangential(network, network.strengths * kernel.to_parameters(vectors[:, 0].real))
    return NormPreservingSpectrum(
        _real(values, max(tolerance, rounding_of(network, len(values))) * scale),
        np.array(errors),
        direction,
        scale,
        kernel.square,
        converged,
        kernel.count,
    )


def _ordered(values: Complex, vectors: Complex) -> tuple[Complex, Complex]:
    order = np.argsort(values.real, kind="stable")
    return values[order], vectors[:, order]


def _real(values: Complex, zero: float) -> Complex | Array:
    rotating = len(values) > 0 and np.abs(values.imag).max() > zero
    return values if rotating else values.real
