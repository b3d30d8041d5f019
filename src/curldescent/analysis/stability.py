"""Is a solution stable under a plasticity? The signed tangent kernel's spectrum and a verdict."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from curldescent import citations, representation, validation
from curldescent.analysis import norm_preserving
from curldescent.analysis.from_problem import require_problem, trial_networks
from curldescent.analysis.network import Network
from curldescent.analysis.tangent_kernel import KernelProducts, extreme_eigenvalues, reduced_kernel
from curldescent.errors import InputError
from curldescent.plasticity import Plasticity
from curldescent.problems import Problem

Array = NDArray[np.float64]
METHODS = ("auto", "dense", "matrix-free")

# Up to this size of the smaller side of Φ its kernel is decomposed densely: seconds, and every eigenvalue is known.
DENSE_SIDE = 2000
# Φ itself is held when there are fewer rows than parameters; 0.8 GB.
DENSE_ENTRIES = 10**8


@dataclass(frozen=True, eq=False)
class Stability:
    """What the signed tangent kernel G = K₊ − K₋ says about a network at its present parameters.

    Near a zero-loss solution the outputs' residual obeys ė = −G e, so that positive eigenvalues of G are rates of decay
    and negative ones rates of growth: eigenvalues of the field's Jacobian are those of −G and zeros.

    Attributes:
        verdict: "stable": no eigenvalue of G is negative. "unstable": at least one is. "undecided": matrix-free only,
            the smallest eigenvalue found is not resolved from zero.
        lambda_min: the smallest eigenvalue of G on the range of Φ (matrix-free: on all residuals, so at most zero
            where those outnumber the parameters).
        lambda_max: the largest.
        margin: lambda_min / κ, κ the largest eigenvalue of K₊ + K₋: in [−1, 1], free of the scale of inputs and
            weights.
        eigenvalues: ascending; all on the range of Φ (dense), or those computed at the two ends.
        errors: bounds on the distance of each to an eigenvalue of G, (len(eigenvalues),).
        inertia: (negative, zero, positive) counts among `eigenvalues`; zero means within `tolerance`·κ.
        complete: whether `eigenvalues` are all there are on the range of Φ. Otherwise inertia gives lower bounds.
        direction: the direction in parameter space that lambda_min belongs to, ∝ S ∘ Φᵀ u, of unit norm, in the form
            the
            parameters came in: the eigenvector of the field's Jacobian with eigenvalue −lambda_min.
        residual: root mean square of ∂ℓ/∂f over samples and outputs; None without targets.
        at_solution: whether that is below 1e-3 of the outputs' root mean square; None without targets. Where it is
            False the verdict speaks of ė = −G e, the residual's present motion, not of a fixed point: see
            `jacobian_spectrum`.
        scale: κ.
        tolerance: relative to κ, what counts as zero.
        method: "dense" or "matrix-free".
        products: how many products with the kernel were made (matrix-free).
    """

    verdict: str
    lambda_min: float
    lambda_max: float
    margin: float
    eigenvalues: Array
    errors: Array
    inertia: tuple[int, int, int]
    complete: bool
    direction: Any = field(repr=False)
    residual: float | None
    at_solution: bool | None
    scale: float
    tolerance: float
    method: str
    products: int

    @property
    def stable(self) -> bool:
        """Whether the verdict is "stable"."""
        return self.verdict == "stable"

    @property
    def n_unstable(self) -> int:
        """How many directions grow; at least so many where the spectrum is not complete."""
        return self.inertia[0]

    __repr__ = representation.of_fields

    def _repr_html_(self) -> str:
        more = "" if self.complete else " or more"
        rows = [
            ("λ_min", f"{self.lambda_min:.4g}"),
            ("λ_max", f"{self.lambda_max:.4g}"),
            ("margin λ_min/κ", f"{self.margin:+.3g}"),
            ("unstable", f"{self.n_unstable}{more}, of {len(self.eigenvalues)} eigenvalues computed"),
            ("method", self.method if self.method == "dense" else f"{self.method}, {self.products} products"),
        ]
        if self.residual is not None:
            where = "at a solution" if self.at_solution else "not at a solution: the residual's present motion"
            rows.append(("residual", f"{self.residual:.2g}, {where}"))
        return representation.html_table("Stability", rows, note=self.verdict, colour=_COLOURS[self.verdict])

    def __str__(self) -> str:
        more = "" if self.complete else " or more"
        text = (
            f"{self.verdict}: λ_min = {self.lambda_min:.4g} (margin {self.margin:+.3g}), {self.n_unstable}{more} "
            f"unstable of {len(self.eigenvalues)} eigenvalues computed ({self.method})"
        )
        if self.at_solution is False:
            text += f"; not at a solution, residual {self.residual:.2g}: this is the residual's present motion"
        return text


_COLOURS = {"stable": representation.GOOD, "unstable": representation.BAD, "undecided": representation.OPEN}


@dataclass(frozen=True, eq=False)
class TrialStability(Sequence[Stability]):
    """One `Stability` per trial of a problem; a sequence of them, with arrays over trials.

    Attributes:
        results: the trials' results, (T,).
    """

    results: tuple[Stability, ...]

    @overload
    def __getitem__(self, trial: int) -> Stability: ...
    @overload
    def __getitem__(self, trial: slice) -> "TrialStability": ...
    def __getitem__(self, trial: int | slice) -> "Stability | TrialStability":
        return TrialStability(self.results[trial]) if isinstance(trial, slice) else self.results[trial]

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[Stability]:
        return iter(self.results)

    @property
    def stable(self) -> NDArray[np.bool_]:
        """Which trials are stable, (T,)."""
        return np.array([result.stable for result in self.results])

    @property
    def verdict(self) -> tuple[str, ...]:
        """Every trial's verdict."""
        return tuple(result.verdict for result in self.results)

    @property
    def lambda_min(self) -> Array:
        """Smallest eigenvalues, (T,)."""
        return np.array([result.lambda_min for result in self.results])

    @property
    def margin(self) -> Array:
        """Margins, (T,)."""
        return np.array([result.margin for result in self.results])

    def to_dataset(self) -> Any:
        """An `xarray.Dataset` over `trial`: verdict, stable, lambda_min, lambda_max, margin, n_unstable, residual."""
        import xarray as xr

        names = ("verdict", "stable", "lambda_min", "lambda_max", "margin", "n_unstable", "residual")
        columns = {name: ("trial", [getattr(result, name) for result in self.results]) for name in names}
        return xr.Dataset(columns, coords={"trial": np.arange(len(self.results))})

    def __repr__(self) -> str:
        verdicts = [f"{self.verdict.count(name)} {name}" for name in _COLOURS if name in self.verdict]
        return f"TrialStability({', '.join(verdicts)})"

    def _repr_html_(self) -> str:
        names = ("trial", "verdict", "λ_min", "margin", "unstable directions")
        rows = (
            (str(trial), r.verdict, f"{r.lambda_min:.4g}", f"{r.margin:+.3g}", str(r.n_unstable))
            for trial, r in enumerate(self.results)
        )
        return representation.html_columns("Stability", names, rows)

    def __str__(self) -> str:
        return "\n".join(f"trial {number}: {result}" for number, result in enumerate(self.results))


def stability(
    subject: Problem | Network,
    rule: Plasticity | None = None,
    *,
    method: str = "auto",
    count: int = 6,
    tolerance: float = 1e-10,
    resolution: float = 1e-3,
    max_products: int = 1000,
    output_error: str = "delta",
    preserve_norms: bool = False,
    seed: int = 0,
) -> Any:
    """Is the solution that a network sits at stable under its plasticity?

    Args:
        subject: a problem, whose student is judged as it is; or any network, from `cd.analysis.network`.
        rule: the plasticity of a problem's student. A network has its own strengths.
        method: "dense": every eigenvalue, for networks where samples·outputs or parameters are at most a few thousand.
            "matrix-free": both ends of the spectrum by Lanczos, for any size. "auto" takes dense where it is
            affordable.
        count: how many eigenvalues the matrix-free method looks for, half at each end.
        tolerance: eigenvalues within this fraction of κ count as zero.
        resolution: of the matrix-free method, relative to κ: what it cannot tell from zero.
        max_products: at most about so many products with G in the matrix-free method.
        output_error: of a problem, as in `train`; it changes rates and never a sign where φ_out is increasing.
        preserve_norms: judge the dynamics that keep every layer's Frobenius norm; G is then not symmetric,
            `eigenvalues` are ordered by real part and may be complex, and `lambda_min` is the smallest real part. The
            matrix-free method then looks for the lower end only, and its `errors` are residuals ‖Gu − λu‖, which bound
            the error up to the condition number of an eigenvalue.
        seed: of the Lanczos starting vector.

    Returns:
        A `Stability`. For a problem with a trial axis a `TrialStability`: a sequence of them, one per trial.

    Raises:
        InputError: an argument out of range, a rule with feedback alignment, a loss that is not convex.

    Source: docs/analysis.md, section "Stability".

    Example:
        >>> import curldescent as cd
        >>> problem = cd.student_teacher(n_inputs=10, n_hidden=40, n_train=200, trials=3, seed=0)
        >>> cd.analysis.stability(problem.starting_at_teacher(), cd.Plasticity(hidden=0.3)).stable
        array([ True,  True,  True])
        >>> cd.analysis.stability(problem.starting_at_teacher(), cd.Plasticity(readout=0.8)).verdict
        ('unstable', 'unstable', 'unstable')
    """
    validation.choice("method", method, METHODS)
    options: dict[str, Any] = {
        "method": method,
        "count": validation.integer("count", count, minimum=2),
        "tolerance": validation.positive("tolerance", tolerance, zero=True),
        "resolution": validation.positive("resolution", resolution),
        "max_products": validation.integer("max_products", max_products, minimum=1),
        "preserve_norms": preserve_norms,
        "seed": validation.integer("seed", seed, minimum=0),
    }
    if isinstance(subject, Network):
        if rule is not None:
            raise InputError("a network has its own strengths: leave rule out, or use network.with_strengths")
        return _stability(subject, **options)
    require_problem(subject, rule)
    assert rule is not None
    results = tuple(
        _stability(network, **options) for network in trial_networks(subject, rule, output_error=output_error)
    )
    return TrialStability(results) if has_trial_axis(subject) else results[0]


def has_trial_axis(problem: Problem) -> bool:
    """Whether anything of the problem has a trial axis, so that results come one per trial."""
    arrays = [problem.student.hidden.ndim - 2, 0 if problem.targets is None else problem.targets.ndim - 2]
    if problem.teacher is not None:
        arrays.append(problem.teacher.hidden.ndim - 2)
    return any(arrays)


def _stability(
    network: Network,
    *,
    method: str,
    count: int,
    tolerance: float,
    resolution: float,
    max_products: int,
    preserve_norms: bool,
    seed: int,
) -> Stability:
    if method == "auto":
        few_rows = network.n_rows <= network.n_params
        fits = network.n_rows * network.n_params <= DENSE_ENTRIES or not few_rows
        method = "dense" if min(network.n_rows, network.n_params) <= DENSE_SIDE and fits else "matrix-free"
    if preserve_norms:
        found = _norm_preserving(network, method, count, tolerance, resolution, max_products, seed)
    elif method == "dense":
        found = _dense(network, tolerance)
    else:
        found = _matrix_free(network, count, tolerance, resolution, max_products, seed)
    citations.use("jacot2018")
    residual, at_solution = _residual(network)
    direction = found.pop("direction")
    norm = np.linalg.norm(direction)
    return Stability(
        **found,
        direction=network.structured(direction / norm if norm > 0 else direction),
        residual=residual,
        at_solution=at_solution,
        tolerance=tolerance,
        method=method,
    )


def _dense(network: Network, tolerance: float) -> dict[str, Any]:
    kernel = reduced_kernel(network)
    values, vectors = np.linalg.eigh(kernel.signed(network.strengths))
    scale = float(np.linalg.eigvalsh(kernel.signed(np.abs(network.strengths)))[-1])
    found = _summary(values, scale, tolerance)
    rounding = np.full(values.shape, 10 * np.finfo(float).eps * max(len(values), 10) * scale)
    return found | {
        "errors": rounding,
        "complete": True,
        "direction": network.strengths * (kernel.features.T @ vectors[:, 0]),
        "products": 0,
    }


def _norm_preserving(
    network: Network,
    method: str,
    count: int,
    tolerance: float,
    resolution: float,
    max_products: int,
    seed: int,
) -> dict[str, Any]:
    if method == "dense":
        spectrum = norm_preserving.dense(network, tolerance)
    else:
        _require_rows(network)
        spectrum = norm_preserving.matrix_free(
            network, count=count, tolerance=tolerance, resolution=resolution, max_products=max_products, seed=seed
        )
    values = spectrum.values
    found = _summary(values.real, spectrum.scale, tolerance) if len(values) else _nothing(spectrum.scale)
    if method == "matrix-free" and len(values):
        # The operator is not normal, so that nothing is proof: below zero counts only beyond the residual.
        lowest, error = found["lambda_min"], float(spectrum.errors[0])
        rounding = max(tolerance, float(np.finfo(np.float32).eps)) * spectrum.scale
        if spectrum.converged and lowest < -max(rounding, error):
            found["verdict"] = "unstable"
        elif not spectrum.converged or lowest - error < -resolution * spectrum.scale:
            found["verdict"] = "undecided"
        else:
            found["verdict"] = "stable"
    return found | {
        "eigenvalues": values,
        "errors": spectrum.errors,
        "complete": method == "dense",
        "direction": spectrum.direction,
        "products": spectrum.products,
    }


def _matrix_free(
    network: Network, count: int, tolerance: float, resolution: float, max_products: int, seed: int
) -> dict[str, Any]:
    _require_rows(network)
    ends = extreme_eigenvalues(network, count=count, resolution=resolution, max_products=max_products, seed=seed)
    if len(ends.values) == 0:
        found = _nothing(ends.scale)
        return found | {"errors": ends.errors, "direction": np.zeros(network.n_params), "products": ends.products}
    found = _summary(ends.values, ends.scale, tolerance)
    lowest, error = found["lambda_min"], float(ends.errors[0])
    # A Ritz value is never below the smallest eigenvalue, so a negative one is proof; one that is not negative shows
    # stability as far as the iteration has converged.
    rounding = float(np.finfo(np.float32).eps)
    if lowest < -max(tolerance, rounding) * ends.scale:
        found["verdict"] = "unstable"
    elif not ends.converged or lowest - error < -resolution * ends.scale:
        found["verdict"] = "undecided"
    else:
        found["verdict"] = "stable"
    return found | {
        "errors": ends.errors,
        "complete": False,
        "direction": network.strengths * KernelProducts(network).to_parameters(ends.vectors[:, 0]),
        "products": ends.products,
    }


def _require_rows(network: Network) -> None:
    if network.n_rows < 4:
        raise InputError(f"the matrix-free method needs at least 4 residuals, got {network.n_rows}; use method='dense'")


def _nothing(scale: float) -> dict[str, Any]:
    """What is said where no eigenvalue converged."""
    unknown = dict.fromkeys(("lambda_min", "lambda_max", "margin"), np.nan)
    nothing = {"eigenvalues": np.zeros(0), "inertia": (0, 0, 0), "complete": False, "scale": scale}
    return {"verdict": "undecided"} | unknown | nothing


def _summary(values: Array, scale: float, tolerance: float) -> dict[str, Any]:
    zero = tolerance * scale
    negative, positive = int((values < -zero).sum()), int((values > zero).sum())
    return {
        "verdict": "unstable" if negative else "stable",
        "lambda_min": float(values[0]),
        "lambda_max": float(values[-1]),
        "margin": float(values[0]) / scale if scale > 0 else 0.0,
        "eigenvalues": values,
        "inertia": (negative, len(values) - negative - positive, positive),
        "scale": scale,
    }


def _residual(network: Network) -> tuple[float | None, bool | None]:
    if not network.has_targets:
        return None, None
    residual = float(np.sqrt(np.mean(network.residual() ** 2)))
    return residual, residual <= 1e-3 * float(np.sqrt(np.mean(network.outputs() ** 2)))
