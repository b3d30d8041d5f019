"""The Jacobian of the learning field away from zero loss: leading eigenvalues, with and without the residual term."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigs

from curldescent.analysis._stability.tangent_kernel import SMALL, KernelProducts
from curldescent.foundation import citations, validation
from curldescent.foundation.representation import of_fields
from curldescent.learning.fields.from_problem import subject_network
from curldescent.learning.fields.network import Network
from curldescent.learning.fields.precision import SAFETY, finite, power_of_two
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
METHODS = ("auto", "dense", "matrix-free")

# A dense Jacobian of this size takes a second or two to build and decompose.
DENSE_SIZE = 600


@dataclass(frozen=True, eq=False)
class JacobianSpectrum:
    """Eigenvalues of J = −diag(S) H, the linearisation of θ̇ = −S ∘ ∂C/∂θ about the present parameters.

    H = ΦᵀΛΦ/P + R with R = ⟨Σ_k (∂ℓ/∂f_k) ∂²f_k/∂θ²⟩, the residual term, which vanishes at zero loss; there the nonzero
    eigenvalues are those of −G.

    Attributes:
        eigenvalues: by descending real part, complex; all n (dense, and wherever n is at most 8) or the leading ones.
        errors: ‖J v − λ v‖ of each with ‖v‖ = 1, (len(eigenvalues),), and not less than what the precision that the
            model computes in may do to J v. J is not normal: an eigenvalue can be further off than that, by its
            condition number.
        growth: the largest real part: the rate at which the fastest perturbation grows (positive) or the slowest
            decays.
        directions: eigenvectors in columns, (n, len(eigenvalues)), complex, unit norm.
        without_residual: the same leading eigenvalues with the residual term left out, real ones first.
        residual_share: ‖R v‖ / ‖H v‖ averaged over random directions: how far the loss is from where G alone decides.
        field_norm: ‖F‖; zero at a fixed point. Where it is not, eigenvalues describe how nearby paths separate, not the
            fate of a fixed point.
        complete: whether all n eigenvalues were computed.
        method: "dense" or "matrix-free".
    """

    eigenvalues: Complex
    errors: Array
    growth: float
    directions: Complex = field(repr=False)
    without_residual: Complex
    residual_share: float
    field_norm: float
    complete: bool
    method: str

    __repr__ = of_fields


def jacobian_spectrum(
    network: Network | Problem,
    rule: Plasticity | None = None,
    *,
    trial: int = 0,
    count: int = 6,
    method: str = "auto",
    tolerance: float = 1e-8,
    seed: int = 0,
) -> JacobianSpectrum:
    """Leading eigenvalues of the field's Jacobian at the network's parameters, wherever it is.

    Args:
        network: from `cd.analysis.network`, with targets; or a problem.
        rule: the plasticity, where a problem is given instead of a network.
        trial: which of the problem's.
        count: how many eigenvalues with the largest real part (matrix-free).
        method: "dense" for up to a few thousand synapses, "matrix-free" (Arnoldi), or "auto".
        tolerance: of Arnoldi's iteration, relative.
        seed: of its starting vector and of the directions that `residual_share` averages over.

    Returns:
        A `JacobianSpectrum`.

    Raises:
        InputError: no targets, or an argument out of range.

    Source: docs/analysis.md, section "Away from zero loss".

    Example:
        >>> import curldescent as cd, numpy as np
        >>> f = lambda w, x: w[0] * w[1] * x                    # two weights, the second flipped, at the origin
        >>> net = cd.analysis.network(f, np.zeros(2), np.ones((1, 1)), [1.0], strengths=np.array([1.0, -1.0]))
        >>> cd.analysis.jacobian_spectrum(net).eigenvalues.imag     # a centre: pure rotation
        array([ 1., -1.])
    """
    network = subject_network(network, rule, trial)
    network.require_targets("the Jacobian of the field")
    validation.choice("method", method, METHODS)
    count = validation.integer("count", count, minimum=1)
    if method == "auto":
        method = "dense" if network.n_params <= DENSE_SIZE else "matrix-free"
    rng = np.random.default_rng(validation.integer("seed", seed, minimum=0))
    kernel = KernelProducts(network)

    def gauss_newton(v: Array) -> Array:
        return -network.strengths * kernel.to_parameters(kernel.to_rows(v)) / network.n_samples

    # So few synapses leave an iteration no room.
    dense = method == "dense" or network.n_params <= SMALL
    if dense:
        values, vectors = _ordered(*np.linalg.eig(finite("the Jacobian of the field", network.field_jacobian())))
        plain = np.stack([gauss_newton(row) for row in np.eye(network.n_params)], axis=1)
        reduced, _ = _ordered(np.linalg.eigvals(plain), None)
    else:
        start = rng.standard_normal(network.n_params)
        values, vectors = _arnoldi(
            lambda v: finite("the Jacobian of the field", network.field_product(v)), start, count, tolerance
        )
        reduced, _ = _arnoldi(gauss_newton, start, count, tolerance)
    errors = [np.linalg.norm(_complex_product(network, v) - x * v) for x, v in zip(values, vectors.T, strict=True)]
    return JacobianSpectrum(
        eigenvalues=values,
        errors=np.maximum(errors, SAFETY * network.precision * np.abs(values).max(initial=0.0)),
        growth=float(values[0].real) if len(values) else np.nan,
        directions=vectors,
        without_residual=reduced,
        residual_share=_residual_share(network, rng),
        field_norm=float(np.linalg.norm(network.field())),
        complete=dense,
        method="dense" if dense else "matrix-free",
    )


def _residual_share(network: Network, rng: np.random.Generator, probes: int = 8) -> float:
    shares, kernel, unit = [], KernelProducts(network), 0.0
    for _ in range(probes):
        v = rng.standard_normal(network.n_params)
        # H and not −diag(S) H, since strengths of zero would hide what they multiply.
        whole = network.hessian_product(v)
        plain = kernel.to_parameters(kernel.to_rows(v)) / network.n_samples
        unit = unit or power_of_two(float(np.abs(whole).max()))
        shares.append((np.linalg.norm((whole - plain) / unit), np.linalg.norm(whole / unit)))
    numerator, denominator = np.sqrt(np.mean(np.square(shares), axis=0))
    return float(numerator / denominator) if denominator > 0 else 0.0


def _arnoldi(product: Any, start: Array, count: int, tolerance: float) -> tuple[Complex, Complex]:
    size = start.size
    count = min(count, size - 2)
    if not np.any(product(start)):
        # An iteration cannot begin with nothing.
        return np.zeros(count, complex), np.eye(size, count, dtype=complex)
    operator = LinearOperator((size, size), lambda v: product(v.ravel()), dtype=np.float64)
    citations.use("lehoucq1998")
    krylov = min(size, max(4 * count, 40))
    try:
        found = eigs(operator, count, which="LR", v0=start, ncv=krylov, tol=tolerance, maxiter=200)
    except ArpackNoConvergence as partial:
        found = partial.eigenvalues, partial.eigenvectors
    return _ordered(*found)


def _ordered(values: Any, vectors: Any) -> tuple[Complex, Any]:
    # Real parts descend; of a conjugate pair the positive frequency comes first.
    order = np.lexsort((-values.imag, -values.real))
    return values[order].astype(complex), None if vectors is None else vectors[:, order].astype(complex)


def _complex_product(network: Network, v: Complex) -> Complex:
    image = network.field_product(v.real).astype(complex)
    return image + 1j * network.field_product(v.imag) if np.abs(v.imag).max() > 0 else image
