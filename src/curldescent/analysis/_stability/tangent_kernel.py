"""The signed tangent kernel G = Φ diag(S) Φᵀ / P = K₊ − K₋ of a network: dense, reduced, matrix-free.

Where the loss is not the squared one, Φ stands for Λ^{1/2} Φ with Λ the Hessian of a sample's loss in its outputs: the
Jacobian of the field at a point of zero residual is −diag(S) ΦᵀΛΦ / P. docs/analysis.md, section "Stability".
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from curldescent.foundation import citations
from curldescent.learning.fields.curvature import curvature_root
from curldescent.learning.fields.field import Field
from curldescent.learning.fields.network import Network
from curldescent.learning.fields.precision import DOUBLE, SAFETY, finite, power_of_two
from curldescent.learning.fields.subjects import subject_network
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

Array = NDArray[np.float64]

# Below this fraction of the largest eigenvalue of the kernel a direction is outside the range of Φ in float64: the
# square of the relative accuracy that a Jacobian of a few hundred operations per entry has.
RANGE_TOLERANCE = 1e-13
# Φ is held instead of ΦᵀΦ/P, where that overflows or underflows, up to this size; 0.8 GB.
DENSE_ENTRIES = 10**8
# Up to this size products with Φ held, 8 MB, take less time than derivatives forwards and backwards.
HELD_ENTRIES = 10**6


@dataclass(frozen=True, eq=False)
class ReducedKernel:
    """G on the range of Φ, in orthonormal coordinates of that range; r is the rank of Φ.

    Attributes:
        features: B, (r, n), with G/unit² = B diag(S) Bᵀ and B Bᵀ the kernel of gradient descent in those coordinates.
        spectrum: eigenvalues of B Bᵀ, descending, (r,).
        unit: a power of two of the size of Φ: kernels of very large or very small Φ would overflow or vanish.
        rounding: by what fraction of the largest eigenvalue rounding, that of the model included, may move one.
        outside: the largest eigenvalue of the kernel that counts as outside the range, as a fraction of the largest.
    """

    features: Array
    spectrum: Array
    unit: float
    rounding: float
    outside: float

    @property
    def square(self) -> float:
        """unit², what eigenvalues are to be multiplied with; infinite or zero where they are beyond float64."""
        with np.errstate(over="ignore", under="ignore"):
            return float(np.square(self.unit))

    def signed(self, strengths: Array) -> Array:
        """G/unit², (r, r), for strengths S, (n,)."""
        g = (self.features * strengths) @ self.features.T
        return (g + g.T) / 2


def reduced_kernel(network: Network) -> ReducedKernel:
    """Restrict the kernel to the range of Φ, through the smaller of its two sides.

    With Φ/√P = U σ Vᵀ the reduced matrix is Uᵀ G U = σ Vᵀ diag(S) V σ, and B = σ Vᵀ. Few samples: K = ΦΦᵀ/P = U σ² Uᵀ,
    B = Uᵀ Φ/√P. Few parameters: ΦᵀΦ/P = V σ² Vᵀ, B = σ Vᵀ, and Φ is never held.

    Args:
        network: the network and its data.

    Returns:
        The `ReducedKernel`; with no features where Φ is zero.

    Raises:
        InputError: a loss that is not convex in the outputs, derivatives that are not finite.
    """
    few_rows = network.n_rows <= network.n_params
    gram, unit, accuracy = (None, 1.0, network.precision**2) if few_rows else _gram(network)
    if gram is None:
        phi = weighted_jacobian(network) / np.sqrt(network.n_samples)
        unit = power_of_two(float(np.abs(phi).max()))
        phi = phi / unit
        gram = phi @ phi.T if few_rows else phi.T @ phi
    values, vectors = np.linalg.eigh(gram)
    values, vectors = values[::-1], vectors[:, ::-1]
    # Rounding of Φ gives directions that it does not have: with singular values of its size, or, where ΦᵀΦ is summed in
    # low precision, eigenvalues of its size.
    floor = max(RANGE_TOLERANCE * max(len(values), 10) * values[0], SAFETY * accuracy * values.sum())
    inside = values > floor
    outside = 0.0 if inside.all() or values[0] <= 0 else max(0.0, float(values[~inside][0] / values[0]))
    values, vectors = values[inside], vectors[:, inside]
    features = vectors.T @ phi if few_rows else np.sqrt(values)[:, None] * vectors.T
    return ReducedKernel(features, values, unit, rounding_of(network, len(values)), outside)


def _gram(network: Network) -> tuple[Array | None, float, float]:
    """ΦᵀΦ/P without Φ, its unit and its accuracy; None where only Φ itself can be scaled."""
    gram = network.gram()
    size = float(np.abs(gram).max(initial=0.0))
    if (np.isfinite(size) and size > 1e-250) or network.n_rows * network.n_params > DENSE_ENTRIES:
        unit = power_of_two(np.sqrt(size))
        summed = network.arithmetic if network.arithmetic > DOUBLE else 0.0
        return finite("the tangent kernel", gram) / unit / unit, unit, max(network.precision**2, summed)
    return None, 1.0, network.precision**2


def rounding_of(field: Field, size: int) -> float:
    """By what fraction of the largest eigenvalue of the kernel rounding may move one of `size` eigenvalues.

    Args:
        field: the network, or any field.
        size: how many eigenvalues there are.

    Returns:
        That of the decomposition, in float64, and that of the derivatives, in the model's precision. An estimate:
        Jacobians of networks of a few layers are within a quarter of it.
    """
    return 10 * DOUBLE * max(size, 10) + SAFETY * field.precision


def tangent_kernels(
    subject: Problem | Network, rule: Plasticity | None = None, *, trial: int = 0
) -> tuple[Array, Array]:
    """The two parts of G = K₊ − K₋: the tangent kernel of the normally-signed synapses and that of the flipped ones.

    Args:
        subject: a problem, or a `cd.analysis.network`; P·O must be small enough for a dense matrix.
        rule: a problem's plasticity; it must backpropagate.
        trial: which of a problem's.

    Returns:
        K₊ and K₋, each (P·O, P·O), symmetric and positive semi-definite; rows run over outputs fastest. Strengths other
        than ±1 count with their magnitude.

    Raises:
        InputError: a loss that is not convex in the outputs, derivatives that are not finite, a field that is not a
            signed gradient.

    Example:
        >>> import curldescent as cd, numpy as np
        >>> f = lambda w, x: x @ w
        >>> net = cd.analysis.network(f, np.ones(2), np.eye(2), strengths=np.array([1.0, -1.0]))
        >>> plus, minus = cd.analysis.tangent_kernels(net)
        >>> plus - minus
        array([[ 0.5,  0. ],
               [ 0. , -0.5]])
    """
    network = subject_network(subject, rule, trial, what="the tangent kernel")
    phi = weighted_jacobian(network) / np.sqrt(network.n_samples)
    plus, minus = (phi[:, mask] * np.sqrt(np.abs(network.strengths[mask])) for mask in _signs(network.strengths))
    return plus @ plus.T, minus @ minus.T


def _signs(strengths: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    return strengths > 0, strengths < 0


def weighted_jacobian(network: Network) -> Array:
    """Λ^{1/2} Φ, (P·O, n), dense."""
    phi = finite("the Jacobian of the outputs", network.outputs_jacobian())
    root = curvature_root(network)
    if root is None:
        return phi
    blocks = phi.reshape(network.n_samples, network.n_outputs, -1)
    return np.einsum("pab,pan->pbn", root, blocks).reshape(phi.shape)


# With so few residuals the kernel is written out even where products are asked for.
SMALL = 8


class KernelProducts:
    """Products with G by one forward and one reverse derivative each; nothing larger than n or a small Φ is held.

    Args:
        network: the network and its data.
        tell: given the number of products so far, after each.
    """

    def __init__(self, network: Network, tell: Callable[[int], object] | None = None) -> None:
        self._network, self._tell = network, tell
        self.count = 0
        self.unit = 1.0

    def measure(self, rows: Array) -> float:
        """Set the unit, a power of two of the size of Φᵀu for some rows u, and return that size, 0 for Φ = 0."""
        answer, given = np.abs(self.to_parameters(rows)).max(), np.abs(rows).max()
        self.unit = power_of_two(float(answer / given))
        return float(answer / given)

    @property
    def square(self) -> float:
        """unit², what eigenvalues are to be multiplied with; infinite or zero where they are beyond float64."""
        with np.errstate(over="ignore", under="ignore"):
            return float(np.square(self.unit))

    @cached_property
    def _root(self) -> Array | None:
        return curvature_root(self._network)

    def to_parameters(self, rows: Array) -> Array:
        """Φᵀ u, (n,)."""
        if self._root is not None:
            rows = np.einsum("pab,pb->pa", self._root, rows.reshape(self._root.shape[:2])).ravel()
        return finite("a derivative of the outputs", self._network.outputs_vjp(rows))

    def to_rows(self, direction: Array) -> Array:
        """Φ v, (P·O,)."""
        rows = finite("a derivative of the outputs", self._network.outputs_jvp(direction))
        if self._root is not None:
            rows = np.einsum("pab,pa->pb", self._root, rows.reshape(self._root.shape[:2])).ravel()
        return rows

    @cached_property
    def _phi(self) -> Array | None:
        """Φ, where it is small enough to be held."""
        network = self._network
        small = network.n_rows * network.n_params <= HELD_ENTRIES
        return finite("a derivative of the outputs", weighted_jacobian(network)) if small else None

    def product(self, rows: Array, strengths: Array) -> Array:
        """G u / unit² = Φ (S ∘ Φᵀ u) / P / unit²."""
        phi = self._phi
        if phi is None:
            made = self.to_rows(strengths * self.to_parameters(rows) / self.unit)
        else:
            made = phi @ (strengths * (rows @ phi) / self.unit)
        made = made / self.unit / self._network.n_samples
        self.count += 1
        if self._tell is not None:
            self._tell(self.count)
        return made


@dataclass(frozen=True)
class Extremes:
    """Eigenvalues at both ends of G/unit², ascending, with error bounds; vectors in columns; `square` is unit²."""

    values: Array
    errors: Array
    vectors: Array
    scale: float
    converged: bool
    products: int
    square: float


def extreme_eigenvalues(
    network: Network,
    *,
    count: int,
    resolution: float,
    max_products: int,
    seed: int,
    tell: Callable[[int], object] | None = None,
) -> Extremes:
    """Both ends of the spectrum of G by implicitly restarted Lanczos.

    G lies between −κ and κ, κ the largest eigenvalue of Φ diag|S| Φᵀ / P. ARPACK judges convergence relative to each
    eigenvalue; run on G − 2κ, all of whose eigenvalues are of size κ, it stops at an absolute error of about
    resolution·κ, and small eigenvalues do not keep it going for ever.

    Args:
        network: the network and its data.
        count: how many eigenvalues in all, half of them at each end; at most as many as there are.
        resolution: of the eigenvectors, relative to κ; eigenvalues are better than that (the error is of second order).
        max_products: at most about so many products with G.
        seed: of the starting vectors.
        tell: given the number of products so far, after each.

    Returns:
        The `Extremes`. An error bound is ‖G u − λ u‖: some eigenvalue of G lies within it of λ.
    """
    citations.use("lehoucq1998")
    kernel, size = KernelProducts(network, tell), network.n_rows
    count = max(min(2, size), min(count, size - 1))
    start = np.random.default_rng(seed).standard_normal(size)
    top = largest_magnitude(network, kernel, start) if kernel.measure(start) > 0 else 0.0
    if top == 0:
        none = np.zeros(count)
        return Extremes(none, none, np.eye(size, count), 0.0, True, kernel.count, kernel.square)  # noqa: FBT003
    if size <= SMALL:
        return _both_ends(network, kernel, count, top)
    shift = 2 * top
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
    return Extremes(values, errors, vectors, top, converged, kernel.count, kernel.square)


def _both_ends(network: Network, kernel: KernelProducts, count: int, top: float) -> Extremes:
    """The same for so few residuals that an iteration has no room: G is written out, product by product."""
    columns = [kernel.product(row, network.strengths) for row in np.eye(network.n_rows)]
    g = np.stack(columns, axis=1)
    values, vectors = np.linalg.eigh((g + g.T) / 2)
    low = -(-count // 2)
    ends = np.unique(np.r_[:low, len(values) - (count - low) : len(values)])
    values, vectors = values[ends], vectors[:, ends]
    errors = np.linalg.norm(g @ vectors - vectors * values, axis=0)
    return Extremes(values, errors, vectors, top, True, kernel.count, kernel.square)  # noqa: FBT003


def largest_magnitude(network: Network, kernel: KernelProducts, start: Array) -> float:
    """κ/unit², the largest eigenvalue of Φ diag|S| Φᵀ / P / unit², to a per cent."""
    size = len(start)
    if not kernel.product(start, np.abs(network.strengths)).any():
        return 0.0  # an iteration cannot begin with nothing
    if size <= SMALL:
        columns = [kernel.product(row, np.abs(network.strengths)) for row in np.eye(size)]
        return max(0.0, float(np.linalg.eigvalsh(np.stack(columns, axis=1))[-1]))
    magnitude = LinearOperator((size, size), lambda u: kernel.product(u, np.abs(network.strengths)), dtype=np.float64)
    try:
        top = eigsh(magnitude, 1, which="LA", v0=start, ncv=min(size, 8), tol=1e-2, return_eigenvectors=False)[0]
    except ArpackNoConvergence:
        top = np.linalg.norm(magnitude @ start) / np.linalg.norm(start) * 10
    return max(0.0, float(top))
