"""The signed tangent kernel G = Φ diag(S) Φᵀ / P = K₊ − K₋ of a network: dense, reduced, matrix-free.

Where the loss is not the squared one, Φ stands for Λ^{1/2} Φ with Λ the Hessian of a sample's loss in its outputs: the
Jacobian of the field at a point of zero residual is −diag(S) ΦᵀΛΦ / P. docs/analysis.md, section "Stability".
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from curldescent import citations
from curldescent.analysis.network import Network
from curldescent.errors import InputError

Array = NDArray[np.float64]

# Below this fraction of the largest eigenvalue of the kernel a direction is outside the range of Φ: the square of the
# relative accuracy that a Jacobian of a few hundred operations per entry has.
RANGE_TOLERANCE = 1e-13


@dataclass(frozen=True, eq=False)
class ReducedKernel:
    """G on the range of Φ, in orthonormal coordinates of that range; r is the rank of Φ.

    Attributes:
        features: B, (r, n), with G = B diag(S) Bᵀ and B Bᵀ the kernel of gradient descent in those coordinates.
        spectrum: eigenvalues of B Bᵀ, descending, (r,).
    """

    features: Array
    spectrum: Array

    def signed(self, strengths: Array) -> Array:
        """G, (r, r), for strengths S, (n,)."""
        g = (self.features * strengths) @ self.features.T
        return (g + g.T) / 2


def reduced_kernel(network: Network) -> ReducedKernel:
    """Restrict the kernel to the range of Φ, through the smaller of its two sides.

    With Φ/√P = U σ Vᵀ the reduced matrix is Uᵀ G U = σ Vᵀ diag(S) V σ, and B = σ Vᵀ. Few samples: K = ΦΦᵀ/P = U σ² Uᵀ,
    B = Uᵀ Φ/√P. Few parameters: ΦᵀΦ/P = V σ² Vᵀ, B = σ Vᵀ, and Φ is never held.

    Args:
        network: the network and its data.

    Returns:
        The `ReducedKernel`.

    Raises:
        InputError: a loss that is not convex in the outputs.
    """
    if network.n_rows <= network.n_params:
        phi = weighted_jacobian(network) / np.sqrt(network.n_samples)
        values, vectors = np.linalg.eigh(phi @ phi.T)
    else:
        values, vectors = np.linalg.eigh(network.gram())
    values, vectors = values[::-1], vectors[:, ::-1]
    inside = values > RANGE_TOLERANCE * max(len(values), 10) * values[0]
    values, vectors = values[inside], vectors[:, inside]
    if network.n_rows <= network.n_params:
        return ReducedKernel(vectors.T @ phi, values)
    return ReducedKernel(np.sqrt(values)[:, None] * vectors.T, values)


def tangent_kernels(network: Network) -> tuple[Array, Array]:
    """The two parts of G = K₊ − K₋: the tangent kernel of the normally-signed synapses and that of the flipped ones.

    Args:
        network: the network and its data; P·O must be small enough for a dense matrix.

    Returns:
        K₊ and K₋, each (P·O, P·O), symmetric and positive semi-definite; rows run over outputs fastest. Strengths other
        than ±1 count with their magnitude.

    Example:
        >>> import curldescent as cd, numpy as np
        >>> f = lambda w, x: x @ w
        >>> net = cd.analysis.network(f, np.ones(2), np.eye(2), strengths=np.array([1.0, -1.0]))
        >>> plus, minus = cd.analysis.tangent_kernels(net)
        >>> plus - minus
        array([[ 0.5,  0. ],
               [ 0. , -0.5]])
    """
    phi = weighted_jacobian(network) / np.sqrt(network.n_samples)
    plus, minus = (phi[:, mask] * np.sqrt(np.abs(network.strengths[mask])) for mask in _signs(network.strengths))
    return plus @ plus.T, minus @ minus.T


def _signs(strengths: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    return strengths > 0, strengths < 0


def weighted_jacobian(network: Network) -> Array:
    """Λ^{1/2} Φ, (P·O, n), dense."""
    phi = network.jacobian()
    root = curvature_root(network)
    if root is None:
        return phi
    blocks = phi.reshape(network.n_samples, network.n_outputs, -1)
    return np.einsum("pab,pan->pbn", root, blocks).reshape(phi.shape)


def curvature_root(network: Network) -> Array | None:
    """L with Λ = L Lᵀ for every sample, (P, O, O); None where Λ is the identity."""
    curvature = network.curvature()
    if curvature is None:
        return None
    values, vectors = np.linalg.eigh(curvature)
    if (values < -1e-6 * np.abs(values).max()).any():
        raise InputError(
            "the loss must be convex in the outputs for the tangent kernel to be symmetric; it is not at sample "
            f"{int(values.min(axis=1).argmin())}"
        )
    return vectors * np.sqrt(np.maximum(values, 0))[:, None, :]


class KernelProducts:
    """Products with G by one forward and one reverse derivative each; nothing larger than n is held."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.count = 0

    @cached_property
    def _root(self) -> Array | None:
        return curvature_root(self._network)

    def to_parameters(self, rows: Array) -> Array:
        """Φᵀ u, (n,)."""
        if self._root is not None:
            rows = np.einsum("pab,pb->pa", self._root, rows.reshape(self._root.shape[:2])).ravel()
        return self._network.vjp(rows)

    def to_rows(self, direction: Array) -> Array:
        """Φ v, (P·O,)."""
        rows = self._network.jvp(direction)
        if self._root is not None:
            rows = np.einsum("pab,pa->pb", self._root, rows.reshape(self._root.shape[:2])).ravel()
        return rows

    def product(self, rows: Array, strengths: Array) -> Array:
        """G u = Φ (S ∘ Φᵀ u) / P."""
        self.count += 1
        return self.to_rows(strengths * self.to_parameters(rows)) / self._network.n_samples


@dataclass(frozen=True)
class Extremes:
    """Eigenvalues at both ends of G, ascending, with error bounds; vectors in columns."""

    values: Array
    errors: Array
    vectors: Array
    scale: float
    converged: bool
    products: int


def extreme_eigenvalues(network: Network, *, count: int, resolution: float, max_products: int, seed: int) -> Extremes:
    """Both ends of the spectrum of G by implicitly restarted Lanczos.

    G lies between −κ and κ, κ the largest eigenvalue of Φ diag|S| Φᵀ / P. ARPACK judges convergence relative to each
    eigenvalue; run on G − 2κ, all of whose eigenvalues are of size κ, it stops at an absolute error of about
    resolution·κ, and small eigenvalues do not keep it going for ever.

    Args:
        network: the network and its data.
        count: how many eigenvalues in all, half of them at each end.
        resolution: of the eigenvectors, relative to κ; eigenvalues are better than that (the error is of second order).
        max_products: at most about so many products with G.
        seed: of the starting vectors.

    Returns:
        The `Extremes`. An error bound is ‖G u − λ u‖: some eigenvalue of G lies within it of λ.
    """
    citations.use("lehoucq1998")
    kernel, size = KernelProducts(network), network.n_rows
    count = max(2, min(count, size - 1))
    start = np.random.default_rng(seed).standard_normal(size)
    shift = 2 * largest_magnitude(network, kernel, start)
    shifted = LinearOperator(
        (size, size), lambda u: kernel.product(u.ravel(), network.strengths) - shift * u.ravel(), dtype=np.float64
    )
    # Products cost far more than vectors: a long basis saves restarts, of which clustered ends need many.
    krylov = min(size, max(4 * count, 120))
    restarts = max(1, (max_products - krylov) // max(1, krylov - count))
    try:
        values, vectors = eigsh(shifted, count, which="BE", v0=start, ncv=krylov, tol=resolution / 2, maxiter=restarts)
        converged = True
    except ArpackNoConvergence as partial:
        values, vectors, converged = partial.eigenvalues, partial.eigenvectors, False
    order = np.argsort(values)
    values, vectors = values[order] + shift, vectors[:, order]
    errors = np.array(
        [np.linalg.norm(kernel.product(u, network.strengths) - v * u) for v, u in zip(values, vectors.T, strict=True)]
    )
    return Extremes(values, errors, vectors, shift / 2, converged, kernel.count)


def largest_magnitude(network: Network, kernel: KernelProducts, start: Array) -> float:
    """κ, the largest eigenvalue of Φ diag|S| Φᵀ / P, to a per cent; ½ where it is zero."""
    size = len(start)
    magnitude = LinearOperator((size, size), lambda u: kernel.product(u, np.abs(network.strengths)), dtype=np.float64)
    try:
        top = eigsh(magnitude, 1, which="LA", v0=start, ncv=min(size, 8), tol=1e-2, return_eigenvectors=False)[0]
    except ArpackNoConvergence:
        top = np.linalg.norm(magnitude @ start) / np.linalg.norm(start) * 10
    return float(top) if top > 0 else 0.5
