"""The Jacobian of the learning field away from zero loss: leading eigenvalues, with and without the residual term."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigs

from curldescent.analysis._stability.tangent_kernel import SMALL, KernelProducts
from curldescent.analysis._trials import each_trial
from curldescent.foundation import citations, validation
from curldescent.foundation.progress import Progress
from curldescent.foundation.representation import Summarised
from curldescent.learning.fields.field import Field
from curldescent.learning.fields.network import Network
from curldescent.learning.fields.precision import SAFETY, finite, power_of_two
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
METHODS = ("auto", "dense", "matrix-free")

# A dense Jacobian of this size takes a second or two to build and decompose.
DENSE_SIZE = 600


@dataclass(frozen=True, eq=False, repr=False)
class JacobianSpectrum(Summarised):
    """Eigenvalues of the Jacobian J of a field, its linearisation about the present parameters.

    Of a signed gradient, θ̇ = −S ∘ ∂C/∂θ, it is J = −diag(S) H with H = ΦᵀΛΦ/P + R. R = ⟨Σ_k (∂ℓ/∂f_k) ∂²f_k/∂θ²⟩, the
    residual term, vanishes at zero loss; there the nonzero eigenvalues are those of −G.

    Attributes:
        eigenvalues: by descending real part, complex; all n (dense, and wherever n is at most 8) or the leading ones.
        errors: ‖J v − λ v‖ of each with ‖v‖ = 1, (len(eigenvalues),), and not less than what the precision that the
            model computes in may do to J v. J is not normal: an eigenvalue can be further off than that, by its
            condition number.
        growth: the largest real part: the rate at which the fastest perturbation grows (positive) or the slowest
            decays.
        directions: eigenvectors in columns, (n, len(eigenvalues)), complex, unit norm.
        without_residual: of a signed gradient, the same leading eigenvalues with the residual term left out, real ones
            first; None of another field.
        residual_share: of a signed gradient, ‖R v‖ / ‖H v‖ averaged over random directions: how far the loss is from
            where G alone decides; NaN of another field.
        speed: ‖F‖; zero at a fixed point. Where it is not, eigenvalues describe how nearby paths separate, not the
            fate of a fixed point.
        complete: whether all n eigenvalues were computed.
        method: "dense" or "matrix-free".
    """

    eigenvalues: Complex
    errors: Array
    growth: float
    directions: Complex = field(repr=False)
    without_residual: Complex | None
    residual_share: float
    speed: float
    complete: bool
    method: str

    COLUMNS: ClassVar[Mapping[str, tuple[str, ...]]] = dict.fromkeys(
        ("growth", "speed", "residual_share", "method"), ()
    )

    def __str__(self) -> str:
        error = float(self.errors[np.argmax(self.eigenvalues.real)])
        fate = "not told from zero" if abs(self.growth) <= error else "growing" if self.growth > 0 else "decaying"
        some = "all" if self.complete else "the leading"
        text = f"{fate}: growth rate {self.growth:.4g} ± {error:.1g} per unit of time, of {some} "
        text += f"{len(self.eigenvalues)} eigenvalues ({self.method}); speed {self.speed:.2g}"
        return text if np.isnan(self.residual_share) else f"{text}, residual's share {self.residual_share:.2g}"


def jacobian_spectrum(
    subject: Problem | Field,
    rule: Plasticity | None = None,
    *,
    trial: int | None = 0,
    count: int = 6,
    method: str = "auto",
    tolerance: float = 1e-8,
    seed: int = 0,
    progress: Progress | None = None,
) -> Any:
    """Leading eigenvalues of the field's Jacobian at the present parameters, wherever they are.

    Args:
        subject: a problem, or any field: from `cd.field` or `cd.analysis.network`.
        rule: a problem's plasticity.
        trial: which of a problem's; None: all of them.
        count: how many eigenvalues with the largest real part (matrix-free).
        method: "dense" for up to a few thousand synapses, "matrix-free" (Arnoldi), or "auto".
        tolerance: of Arnoldi's iteration, relative.
        seed: of its starting vector, of the directions that `residual_share` averages over, and of feedback that a rule
            draws.
        progress: told how many trials are done; of a single PyTorch module, how many samples are differentiated.

    Returns:
        A `JacobianSpectrum`; `Trials` of them for all trials.

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
    validation.choice("method", method, METHODS)
    count = validation.integer("count", count, minimum=1)
    tolerance = validation.positive("tolerance", tolerance)
    seed = validation.integer("seed", seed, minimum=0)
    return each_trial(
        lambda one: _spectrum(one, count, method, tolerance, seed), subject, rule, trial, progress=progress, seed=seed
    )


def _spectrum(one: Field, count: int, method: str, tolerance: float, seed: int) -> JacobianSpectrum:
    signed = one if isinstance(one, Network) else None
    if signed is not None:
        signed.require_targets("the Jacobian of the field")
    rng = np.random.default_rng(seed)
    # So few synapses leave an iteration no room.
    dense = method == "dense" or one.n_params <= max(SMALL, DENSE_SIZE if method == "auto" else 0)
    start = rng.standard_normal(0 if dense else one.n_params)
    values, vectors = _leading(one, start, count, tolerance, dense=dense)
    errors = [np.linalg.norm(_complex_product(one, v) - x * v) for x, v in zip(values, vectors.T, strict=True)]
    return JacobianSpectrum(
        eigenvalues=values,
        errors=np.maximum(errors, SAFETY * one.precision * np.abs(values).max(initial=0.0)),
        growth=float(values[0].real) if len(values) else np.nan,
        directions=vectors,
        without_residual=None if signed is None else _without_residual(signed, start, count, tolerance, dense=dense),
        residual_share=np.nan if signed is None else _residual_share(signed, rng),
        speed=float(np.linalg.norm(one.velocity())),
        complete=dense,
        method="dense" if dense else "matrix-free",
    )


def _leading(one: Field, start: Array, count: int, tolerance: float, *, dense: bool) -> tuple[Complex, Complex]:
    if dense:
        return ordered(*np.linalg.eig(finite("the Jacobian of the field", one.jacobian())))
    return arnoldi(lambda v: finite("the Jacobian of the field", one.jvp(v)), start, count, tolerance)


def _without_residual(network: Network, start: Array, count: int, tolerance: float, *, dense: bool) -> Complex:
    kernel = KernelProducts(network)

    def gauss_newton(v: Array) -> Array:
        return -network.strengths * kernel.to_parameters(kernel.to_rows(v)) / network.n_samples

    if dense:
        plain = np.stack([gauss_newton(row) for row in np.eye(network.n_params)], axis=1)
        return ordered(np.linalg.eigvals(plain), None)[0]
    return arnoldi(gauss_newton, start, count, tolerance)[0]


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


def arnoldi(product: Any, start: Array, count: int, tolerance: float) -> tuple[Complex, Complex]:
    """The `count` eigenvalues of largest real part and their vectors; fewer where the iteration did not converge."""
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
    return ordered(*found)


def ordered(values: Any, vectors: Any) -> tuple[Complex, Any]:
    """By descending real part; of a conjugate pair the positive frequency comes first."""
    order = np.lexsort((-values.imag, -values.real))
    return values[order].astype(complex), None if vectors is None else vectors[:, order].astype(complex)


def _complex_product(one: Field, v: Complex) -> Complex:
    image = one.jvp(v.real).astype(complex)
    return image + 1j * one.jvp(v.imag) if np.abs(v.imag).max() > 0 else image
