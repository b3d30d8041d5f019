"""How much of a learning field's Jacobian is curl: the shares of its symmetric and antisymmetric parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from curldescent.analysis._curl.share import antisymmetric_share, widened
from curldescent.analysis._trials import each_trial
from curldescent.foundation import citations, validation
from curldescent.foundation.progress import Progress
from curldescent.foundation.representation import Summarised, within
from curldescent.learning.fields.field import Field
from curldescent.learning.fields.network import Network
from curldescent.learning.fields.precision import LEAST, SAFETY, finite, power_of_two, underflows
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

Array = NDArray[np.float64]
METHODS = ("auto", "exact", "hutchinson")

# Exact needs n products and an n×n matrix.
EXACT_SIZE = 1500
# Products of either side that are compared to see how precise a Jacobian is.
CHECKS = 4


@dataclass(frozen=True, repr=False)
class CurlShare(Summarised):
    """The antisymmetric share ‖A‖²/‖J‖² of the field's Jacobian J = M + A in the Frobenius norm.

    Attributes:
        antisymmetric: the share of A = (J − Jᵀ)/2, between 0 (a gradient, locally) and 1 (pure rotation). NaN, with the
            interval [0, 1], where the second derivatives of the loss are smaller than float64 can tell.
        low: lower end of its confidence interval; where exact, what rounding leaves of it: 0 where the share is not
            told from a gradient's in the precision that the model computes in.
        high: the upper end.
        norm: ‖J‖_F; estimated where not exact.
        exact: whether the whole Jacobian was computed, so that nothing is left to chance.
        confidence: the interval's level.
        probes: random directions used; 0 where exact.
    """

    antisymmetric: float
    low: float
    high: float
    norm: float
    exact: bool
    confidence: float
    probes: int

    COLUMNS: ClassVar[Mapping[str, tuple[str, ...]]] = dict.fromkeys(("antisymmetric", "low", "high", "norm"), ())

    @property
    def symmetric(self) -> float:
        """The share of M = (J + Jᵀ)/2; the two add up to one."""
        return 1.0 - self.antisymmetric

    def __str__(self) -> str:
        if np.isnan(self.antisymmetric):
            return "curl share cannot be told: the second derivatives of the loss underflow"
        if self.exact:
            unclear = "" if self.low > 0 or self.antisymmetric == 0 else ", not told from rounding"
            return f"curl share {self.antisymmetric:.4g} (exact{unclear})"
        return f"curl share {within(self.antisymmetric, self.low, self.high, confidence=self.confidence)}"


def curl(
    subject: Problem | Field,
    rule: Plasticity | None = None,
    *,
    trial: int | None = 0,
    method: str = "auto",
    probes: int = 100,
    confidence: float = 0.95,
    seed: int = 0,
    progress: Progress | None = None,
) -> Any:
    """Split the Jacobian of the field into symmetric and antisymmetric part and compare their sizes.

    With random signs z, E‖Az‖² = ‖A‖² and E‖Mz‖² = ‖M‖² (Hutchinson), each probe taking two products, Jz and Jᵀz. The
    interval is that of a ratio of means (delta method, Student's t).

    Args:
        subject: a problem, or any field: from `cd.field` or `cd.analysis.network`.
        rule: a problem's plasticity.
        trial: which of a problem's; None: all of them.
        method: "exact", "hutchinson", or "auto": exact up to 1500 parameters.
        probes: how many random directions, at least 10.
        confidence: level of the interval, in (0, 1).
        seed: of the directions, and of feedback that a rule draws.
        progress: told how many trials are done; of a single field, how many probes are, or rows of its Jacobian or
            samples where these are computed one after the other. See `curldescent.foundation.progress`.

    Returns:
        A `CurlShare`; `Trials` of them for all trials. A Jacobian that is zero has no share: 0; one that is zero only
        in float64, NaN.

    Raises:
        InputError: no targets, or an argument out of range.

    Source: Hutchinson (1989) for the estimator; docs/analysis.md, section "Curl".

    Example:
        >>> import curldescent as cd
        >>> problem = cd.student_teacher(n_inputs=6, n_hidden=8, n_train=40)
        >>> cd.analysis.curl(problem, cd.Plasticity()).antisymmetric < 1e-30
        True
        >>> cd.analysis.curl(problem, cd.Plasticity(readout=0.5)).antisymmetric > 0.05
        True
    """
    validation.choice("method", method, METHODS)
    probes = validation.integer("probes", probes, minimum=10)
    level = validation.real("confidence", confidence)
    validation.fraction("confidence", level)
    seed = validation.integer("seed", seed, minimum=0)

    def one(field: Field) -> CurlShare:
        if isinstance(field, Network):
            field.require_targets("curl")
        rng = np.random.default_rng(seed)
        if method == "hutchinson" or (method == "auto" and field.n_params > EXACT_SIZE):
            return _estimated(field, level, probes, rng)
        return _exact_signed(field, level) if isinstance(field, Network) else _exact(field, level, rng)

    return each_trial(one, subject, rule, trial, progress=progress, seed=seed)


def _estimated(field: Field, level: float, probes: int, rng: np.random.Generator) -> CurlShare:
    citations.use("hutchinson1989")
    anti, total = np.empty(probes), np.empty(probes)
    field.progress.start(probes, "probes")
    for i in range(probes):
        z = rng.choice([-1.0, 1.0], size=field.n_params)
        products = np.stack([field.jvp(z), field.vjp(z)])
        if i == 0:
            unit = power_of_two(float(np.abs(finite("the Jacobian of the field", products)).max()))
            if _lost(field, products):
                return _untold(level, exact=False)
        forward, backward = finite("the Jacobian of the field", products) / unit
        anti[i] = ((forward - backward) ** 2).sum() / 4
        total[i] = anti[i] + ((forward + backward) ** 2).sum() / 4
        field.progress.update(i + 1)
    field.progress.finish()
    share, half = ratio_interval(anti, total, level)
    rounding = 0.0 if field.is_descent else SAFETY * field.precision
    low, high = widened(max(0.0, share - half), rounding)[0], widened(min(1.0, share + half), rounding)[1]
    return CurlShare(
        antisymmetric=share,
        low=low,
        high=high,
        norm=unit * float(np.sqrt(total.mean())),
        exact=False,
        confidence=level,
        probes=probes,
    )


def _exact(field: Field, level: float, rng: np.random.Generator) -> CurlShare:
    """From the whole Jacobian; how far products from either side are from it says how precise it is."""
    jacobian = finite("the Jacobian of the field", field.jacobian())
    share, norm = antisymmetric_share(jacobian)
    if norm == 0:
        return _of_nothing(level)
    # E‖(J − J')z‖² = ‖J − J'‖².
    squares = []
    for z in rng.choice([-1.0, 1.0], size=(CHECKS, field.n_params)):
        for product, expected in ((field.jvp(z), jacobian @ z), (field.vjp(z), jacobian.T @ z)):
            squares.append(float(np.square((product - expected) / norm).sum()))
    off = float(np.sqrt(np.mean(squares))) + SAFETY * field.precision
    return CurlShare(share, *widened(share, off), norm, True, level, 0)  # noqa: FBT003


def _exact_signed(network: Network, level: float) -> CurlShare:
    """From the whole Hessian, whose own asymmetry, zero but for rounding, says how precise it is."""
    hessian = finite("the Hessian", network.hessian())
    if _lost(network, hessian):
        return _untold(level, exact=True)
    unit = power_of_two(float(np.abs(hessian).max()))
    hessian = hessian / unit
    symmetric, rounding = (hessian + hessian.T) / 2, (hessian - hessian.T) / 2
    strengths = network.strengths
    share, size = antisymmetric_share(-strengths[:, None] * symmetric)
    if size == 0:
        return _of_nothing(level)
    off = 0.0
    if not network.is_descent:
        off = float(np.linalg.norm(strengths[:, None] * rounding)) / size + SAFETY * network.precision
    return CurlShare(share, *widened(share, off), unit * size, True, level, 0)  # noqa: FBT003


def _lost(field: Field, products: Array) -> bool:
    """Whether products with the Hessian are too small for float64, though the outputs move with the parameters."""
    size = float(np.abs(products).max())
    if size >= LEAST or field.is_descent or not isinstance(field, Network):
        return False
    return underflows(size, float(np.abs(field.outputs_jvp(np.ones(field.n_params))).max()))


def _of_nothing(level: float) -> CurlShare:
    return CurlShare(0.0, 0.0, 0.0, 0.0, True, level, 0)  # noqa: FBT003


def _untold(level: float, *, exact: bool) -> CurlShare:
    return CurlShare(float("nan"), 0.0, 1.0, 0.0, exact, level, 0)


def ratio_interval(numerator: Array, denominator: Array, confidence: float) -> tuple[float, float]:
    """A ratio of means and the half-width of its confidence interval.

    Args:
        numerator: samples, (k,).
        denominator: samples taken together with them, (k,).
        confidence: level.

    Returns:
        The ratio and the half-width, Student's t times the delta method's standard error; (0, 0) for a zero
        denominator.
    """
    from scipy.stats import t

    mean = denominator.mean()
    if mean == 0:
        return 0.0, 0.0
    ratio = float(numerator.mean() / mean)
    deviations = (numerator - ratio * denominator) / mean
    error = float(np.sqrt((deviations**2).sum() / (len(deviations) - 1) / len(deviations)))
    return ratio, float(t.ppf((1 + confidence) / 2, len(deviations) - 1)) * error
