"""Is a solution stable under a plasticity? The signed tangent kernel's spectrum and a verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from curldescent.analysis._stability.fixed_point import fixed_point_verdict
from curldescent.analysis._stability.verdicts import (
    dense_verdict,
    matrix_free_verdict,
    norm_preserving_verdict,
    nothing,
)
from curldescent.analysis._trials import each_trial
from curldescent.foundation import citations, representation, validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.progress import Progress
from curldescent.learning.fields.field import Field
from curldescent.learning.fields.network import Network
from curldescent.learning.fields.precision import NotFinite
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

Array = NDArray[np.float64]
METHODS = ("auto", "dense", "matrix-free")

# Up to this size of the smaller side of Φ its kernel is decomposed densely: seconds, and every eigenvalue is known.
DENSE_SIDE = 2000
# Φ itself is held when there are fewer rows than parameters; 0.8 GB.
DENSE_ENTRIES = 10**8


@dataclass(frozen=True, eq=False, repr=False)
class Stability(representation.Summarised):
    """What decays and what grows around the present parameters.

    Of a signed gradient the signed tangent kernel G = K₊ − K₋ decides. Near a zero-loss solution the outputs' residual
    obeys ė = −G e, so that positive eigenvalues of G are rates of decay and negative ones rates of growth: eigenvalues
    of the field's Jacobian J are those of −G and zeros. Of any other field read −J for G, all of whose directions
    count: those along a manifold of fixed points are neutral.

    Attributes:
        verdict: "stable": no eigenvalue of G is negative. "unstable": at least one is. "undecided": it cannot be told,
            because an iteration has not resolved the smallest eigenvalue from zero, because the model computes too
            coarsely for that, because there is nothing to judge by, or because a field does not stand still there.
        reason: why the verdict is "undecided"; empty otherwise.
        lambda_min: the smallest eigenvalue of G on the range of Φ (matrix-free: on all residuals, so at most zero
            where those outnumber the parameters).
        lambda_max: the largest.
        margin: lambda_min / κ, κ the largest eigenvalue of K₊ + K₋: in [−1, 1], free of the scale of inputs and
            weights.
        eigenvalues: ascending; all on the range of Φ (dense), or those computed at the two ends.
        errors: estimates of the distance of each to an eigenvalue of G, (len(eigenvalues),): dense, what the rounding
            of the model and of the decomposition may do; matrix-free, ‖G u − λ u‖, a bound but for rounding.
        inertia: (negative, zero, positive) counts among `eigenvalues`; zero means within `tolerance`·κ.
        complete: whether `eigenvalues` are all there are on the range of Φ. Otherwise inertia gives lower bounds.
        direction: the direction in parameter space that lambda_min belongs to, ∝ S ∘ Φᵀ u, of unit norm, in the form
            the parameters came in: the eigenvector of the field's Jacobian with eigenvalue −lambda_min.
        residual: root mean square of ∂ℓ/∂f over samples and outputs; None without targets.
        at_solution: whether that is below 1e-3 of the outputs' root mean square; None without targets. Where it is
            False the verdict speaks of ė = −G e, the residual's present motion, not of a fixed point: see
            `jacobian_spectrum`. Of a field that is no signed gradient: whether it stands still.
        scale: κ; ‖J‖ of a field that is no signed gradient.
        tolerance: relative to κ, what counts as zero: what was asked for, or the precision of the numbers where that is
            coarser.
        precision: machine epsilon of the coarsest type that the model computes in.
        method: "dense" or "matrix-free".
        products: how many products with the kernel were made (matrix-free).
        speed: ‖F‖ of a field that is no signed gradient; None where G decides.
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
    precision: float
    method: str
    products: int
    reason: str = ""
    speed: float | None = None

    COLUMNS: ClassVar[Mapping[str, tuple[str, ...]]] = dict.fromkeys(
        ("verdict", "stable", "lambda_min", "lambda_max", "margin", "n_unstable", "residual", "reason"), ()
    )

    @property
    def stable(self) -> bool:
        """Whether the verdict is "stable"."""
        return self.verdict == "stable"

    @property
    def n_unstable(self) -> int:
        """How many directions grow; at least so many where the spectrum is not complete."""
        return self.inertia[0]

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
        if self.reason:
            rows.append(("undecided", self.reason))
        return representation.html_table("Stability", rows, note=self.verdict, colour=_COLOURS[self.verdict])

    def __str__(self) -> str:
        more = "" if self.complete else " or more"
        text = (
            f"{self.verdict}: λ_min = {self.lambda_min:.4g} (margin {self.margin:+.3g}), {self.n_unstable}{more} "
            f"unstable of {len(self.eigenvalues)} eigenvalues computed ({self.method})"
        )
        if self.reason:
            text += f"; {self.reason}"
        if self.speed is not None and self.inertia[1]:
            text += f"; {self.inertia[1]} neither grow nor decay"
        if self.speed is None and self.at_solution is False:
            text += f"; not at a solution, residual {self.residual:.2g}: this is the residual's present motion"
        return text


_COLOURS = {"stable": representation.GOOD, "unstable": representation.BAD, "undecided": representation.OPEN}


def stability(
    subject: Problem | Field,
    rule: Plasticity | None = None,
    *,
    trial: int | None = None,
    method: str = "auto",
    count: int = 6,
    tolerance: float = 1e-10,
    resolution: float = 1e-3,
    max_products: int = 1000,
    output_error: str = "delta",
    preserve_norms: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> Any:
    """Is the solution that a network sits at stable under its plasticity? Is the fixed point of a rule?

    Args:
        subject: a problem, whose student is judged as it is; or any field, from `cd.field` or `cd.analysis.network`.
        rule: a problem's plasticity.
        trial: which of a problem's; None: all of them.
        method: "dense": every eigenvalue, for networks where samples·outputs or parameters are at most a few thousand.
            "matrix-free": both ends of the spectrum by Lanczos, for any size. "auto" takes dense where it is
            affordable.
        count: how many eigenvalues the matrix-free method looks for, half at each end.
        tolerance: eigenvalues within this fraction of κ count as zero. Where the model computes too coarsely to tell
            (`precision`), eigenvalues of either sign leave the verdict "undecided".
        resolution: of the matrix-free method, relative to κ: what it cannot tell from zero.
        max_products: at most about so many products with G in the matrix-free method.
        output_error: of a problem, as in `train`; it changes rates and never a sign where φ_out is increasing.
        preserve_norms: judge the dynamics that keep every layer's Frobenius norm; G is then not symmetric,
            `eigenvalues` are ordered by real part and may be complex, and `lambda_min` is the smallest real part. The
            matrix-free method then looks for the lower end only, and its `errors` are residuals ‖Gu − λu‖, which bound
            the error up to the condition number of an eigenvalue.
        seed: of the starting vector, and of feedback that a rule draws.
        progress: told how many trials are judged; of a single network in the matrix-free method, how many of the
            `max_products` products are made, of which fewer may be enough; of a PyTorch module in the dense one, how
            many samples are differentiated. See `curldescent.foundation.progress`.

    Returns:
        A `Stability`; `Trials` of them for all trials of a problem with a trial axis.

    Raises:
        InputError: an argument out of range, a loss that is not convex, norms to be kept that the field does not know.

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
        "preserve_norms": validation.boolean("preserve_norms", preserve_norms),
        "seed": validation.integer("seed", seed, minimum=0),
    }
    # Norms are kept by the verdict of a signed gradient, and by the field itself of any other.
    field_norms = isinstance(rule, Plasticity) and rule.feedback is not None and options["preserve_norms"]

    def one(field: Field) -> Stability:
        if isinstance(field, Network):
            return _stability(field, **options)
        if options["preserve_norms"] and not field_norms:
            raise InputError("preserve_norms is for signed gradients; cd.field(problem, rule, preserve_norms=True)")
        return _of_field(field, method, options["count"], options["tolerance"], options["seed"])

    of_problem = {"output_error": output_error, "preserve_norms": field_norms, "seed": seed}
    return each_trial(one, subject, rule, trial, progress=progress, **of_problem)


def _of_field(field: Field, method: str, count: int, tolerance: float, seed: int) -> Stability:
    try:
        found = fixed_point_verdict(field, method, count, tolerance, seed)
    except NotFinite as not_finite:
        found = nothing(np.nan, str(not_finite)) | {"direction": np.zeros(field.n_params), "at_solution": False}
        found |= {"method": method, "speed": np.nan}
    direction = found.pop("direction")
    structured = field.structured(direction / (np.linalg.norm(direction) or 1.0))
    return Stability(**found, direction=structured, residual=None, precision=field.precision)


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
    try:
        if method == "matrix-free" and not preserve_norms:
            network.progress.start(max_products, "products at most")
            try:
                told = network.progress.update
                found = matrix_free_verdict(network, count, tolerance, resolution, max_products, seed, told)
            finally:
                network.progress.finish()
        else:
            found = _found(network, method, count, tolerance, resolution, max_products, preserve_norms, seed)
        residual, at_solution = _residual(network)
    except NotFinite as not_finite:
        # One verdict among those of many trials, which must not be lost to this one.
        found = nothing(np.nan, str(not_finite)) | {"direction": np.zeros(network.n_params)}
        residual, at_solution = (None, None) if not network.has_targets else (np.nan, False)
    citations.use("jacot2018")
    direction = found.pop("direction")
    direction = direction / (np.abs(direction).max() or 1.0)  # its own norm might overflow
    return Stability(
        **found,
        direction=network.structured(direction / (np.linalg.norm(direction) or 1.0)),
        residual=residual,
        at_solution=at_solution,
        precision=network.precision,
        method=method,
    )


def _found(
    network: Network,
    method: str,
    count: int,
    tolerance: float,
    resolution: float,
    max_products: int,
    preserve_norms: bool,  # noqa: FBT001
    seed: int,
) -> dict[str, Any]:
    if preserve_norms:
        return norm_preserving_verdict(network, method, count, tolerance, resolution, max_products, seed)
    assert method == "dense"
    return dense_verdict(network, tolerance)


def _residual(network: Network) -> tuple[float | None, bool | None]:
    if not network.has_targets:
        return None, None
    residual = _root_mean_square(network.residual())
    # Outputs of a model that rounds to three digits do not come closer to their targets than that.
    return residual, residual <= max(1e-3, 2 * network.precision) * _root_mean_square(network.outputs())


def _root_mean_square(values: Array) -> float:
    largest = float(np.abs(values).max())
    if largest == 0 or not np.isfinite(largest):
        return largest
    return largest * float(np.sqrt(np.mean((values / largest) ** 2)))
