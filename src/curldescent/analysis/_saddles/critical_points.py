"""Critical points near a learning run and the spectrum of the dynamics there.

Every rule with nonzero strengths has the critical points of gradient descent, where the error signals vanish; what
changes is their stability. At a critical point the Jacobian is −diag(S) H with H the Hessian of the loss. Where H is
positive definite, −diag(S) H is similar to −√H diag(S) √H, so Sylvester's law gives exactly one unstable direction
for every flipped synapse: no flipped rule can stay in an isolated minimum.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.analysis._dynamics.learning_dynamics import LearningDynamics
from curldescent.foundation import citations, validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.representation import Summarised
from curldescent.learning.fields.field import Field
from curldescent.learning.fields.problem_velocity import problem_velocity
from curldescent.learning.fields.subjects import refuse_choices, refuse_rule, subject_field, with_rule
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

Array = NDArray[np.float64]

# A rate below this fraction of the fastest counts as zero.
NEUTRAL = 1e-6
MAX_DIMENSION = 3000


@dataclass(frozen=True, eq=False, repr=False)
class CriticalPoint(Summarised):
    """Where the dynamics stands still, and what it does next to it.

    Attributes:
        state: (D,), flat weights.
        loss: there; NaN where the field has none.
        speed: ‖F‖ at the point; zero up to rounding where `status` is "found".
        distance: from where the search began.
        rates: (D,), complex eigenvalues of the dynamics' Jacobian, the largest real part first. Perturbations grow
            with exp(rate·t), t in units of total step.
        unstable: how many rates have a positive real part,
        attracting: how many a negative one,
        rotating: how many are imaginary (centre directions), and
        neutral: how many are zero, all up to 1e-6 of the fastest.
        status: "found", or "not converged" where the search stopped with a speed above the tolerance.
    """

    state: Array
    loss: float
    speed: float
    distance: float
    rates: NDArray[np.complex128]
    unstable: int
    attracting: int
    rotating: int
    neutral: int
    status: str

    def __str__(self) -> str:
        counts = (self.unstable, "growing"), (self.attracting, "decaying"), (self.rotating, "rotating")
        told = [f"{count} {word}" for count, word in (*counts, (self.neutral, "neutral")) if count]
        text = f"{self.kind} with {', '.join(told)} of {len(self.rates)} directions"
        if self.unstable:
            text += f", the fastest growing at rate {self.rates[0].real:.4g} per unit of time"
        if not np.isnan(self.loss):
            text += f"; loss {self.loss:.4g}"
        if self.status != "found":
            text = f"{self.status}: the search stopped where the speed is {self.speed:.2g}; there: {text}"
        return text

    @property
    def kind(self) -> str:
        """One of "saddle", "repeller", "centre" (rotation, nothing unstable) or "attractor" (neutral allowed)."""
        if self.unstable:
            return "saddle" if self.attracting or self.rotating else "repeller"
        return "centre" if self.rotating else "attractor"


def critical_point(
    subject: Problem | Field | LearningDynamics,
    rule: Plasticity | None = None,
    *,
    near: ArrayLike | None = None,
    trial: int = 0,
    tolerance: float = 1e-10,
    max_steps: int = 200,
) -> CriticalPoint:
    """The critical point close to a state, by minimising ‖F‖² (Levenberg–Marquardt, which is Newton at the end).

    Args:
        subject: a problem, any field, or `LearningDynamics`, with reduce=False where states of several rules are to be
            compared.
        rule: a problem's plasticity.
        near: (D,), where to begin; the field's own parameters by default.
        trial: which of a problem's.
        tolerance: on the speed ‖F‖, relative to 1 + the largest weight.
        max_steps: of the search.

    Returns:
        `CriticalPoint` with the spectrum under the rule itself; `spectrum_at` gives it under another.

    Raises:
        InputError: a state of the wrong size, or more than 3000 weights (the Jacobian is dense).

    Source: docs/saddles.md. Sussillo and Barak, Neural Computation 25, 626 (2013), for minimising ‖F‖² along runs.

    Example:
        >>> import numpy as np, curldescent as cd
        >>> from curldescent.analysis import critical_point
        >>> problem = cd.student_teacher(n_inputs=3, n_hidden=2, n_train=10)
        >>> origin = critical_point(problem, cd.Plasticity(), near=np.full(8, 1e-3))
        >>> origin.kind, origin.unstable, origin.attracting
        ('saddle', 2, 2)
    """
    field = still_field(subject, rule, trial)
    begin = field.theta if near is None else _state("near", near, field)
    tolerance = validation.positive("tolerance", tolerance)
    citations.use("sussillo2013")
    state, damping = begin.copy(), 1e-3
    velocity, jacobian = field.velocity(state), field.jacobian(at=state)
    for _ in range(validation.integer("max_steps", max_steps, minimum=1)):
        if np.linalg.norm(velocity) <= tolerance * 1e-3 * (1 + np.abs(state).max()):
            break
        scale = np.abs(jacobian).max() ** 2
        left, values, right = np.linalg.svd(jacobian)
        # Tikhonov on the singular values: never a normal matrix, whose condition is that of J squared.
        step = -right.T @ (values / (values**2 + damping * scale) * (left.T @ velocity))
        trial_velocity = field.velocity(state + step)
        if np.linalg.norm(trial_velocity) < np.linalg.norm(velocity):
            state, velocity = state + step, trial_velocity
            jacobian = field.jacobian(at=state)
            damping = max(damping * 0.1, 1e-14)
        else:
            damping *= 10
            if damping > 1e8:
                break
    speed = float(np.linalg.norm(velocity))
    found = speed <= tolerance * (1 + np.abs(state).max())
    rates, counts = _spectrum(jacobian)
    return CriticalPoint(
        state,
        field.loss(state),
        speed,
        float(np.linalg.norm(state - begin)),
        rates,
        *counts,
        status="found" if found else "not converged",
    )


def spectrum_at(
    subject: Problem | Field | LearningDynamics,
    rule: Plasticity | None = None,
    *,
    state: ArrayLike | None = None,
    trial: int = 0,
) -> CriticalPoint:
    """The spectrum of a rule's dynamics at a state found with another rule: the same point, looked at again.

    Args:
        subject: a problem, any field, or `LearningDynamics`.
        rule: a problem's plasticity, to look with.
        state: (D,); the field's own parameters by default.
        trial: which of a problem's.

    Returns:
        `CriticalPoint` at that very state; its `speed` says whether the state is one.

    Raises:
        InputError: a state of the wrong size.
    """
    field = still_field(subject, rule, trial)
    at = field.theta if state is None else _state("state", state, field)
    rates, counts = _spectrum(field.jacobian(at=at))
    speed = float(np.linalg.norm(field.velocity(at)))
    status = "found" if speed <= 1e-8 * (1 + np.abs(at).max()) else "not converged"
    return CriticalPoint(at, field.loss(at), speed, 0.0, rates, *counts, status=status)


def critical_points_along(
    subject: Problem | Field | LearningDynamics,
    rule: Plasticity | None = None,
    *,
    states: ArrayLike,
    apart: float = 1e-4,
    **options: Any,
) -> list[CriticalPoint]:
    """The distinct critical points next to states of a run.

    Args:
        subject: whose critical points: a problem, any field, or `LearningDynamics`.
        rule: a problem's plasticity.
        states: (n, D), where to search from, in the order of the run.
        apart: points closer than this are the same.
        **options: for `critical_point`.

    Returns:
        Points found, in the order of the run.

    Raises:
        InputError: states of the wrong shape.
    """
    starts = validation.finite_array("states", states, ndim=2)
    found: list[CriticalPoint] = []
    for state in starts:
        point = critical_point(subject, rule, near=state, **options)
        known = any(np.linalg.norm(point.state - other.state) < apart for other in found)
        if point.status == "found" and not known:
            found.append(point)
    return found


def still_field(subject: object, rule: object, trial: object) -> Field:
    """The field whose critical points are asked for; refused where its dense Jacobian would be too large."""
    if isinstance(subject, LearningDynamics):
        refuse_rule(rule)
        refuse_choices(trial=trial)
        field = subject.field
    elif isinstance(subject, Problem):
        # With the loss that `train` records, and linear students through their moments, exact near solutions.
        field = problem_velocity(*with_rule(subject, rule), trial)[0]  # type: ignore[arg-type]
    else:
        field = subject_field(subject, rule, trial)
    if field.n_params > MAX_DIMENSION:
        raise InputError(f"a dense Jacobian is needed, of at most {MAX_DIMENSION} weights, got {field.n_params}")
    return field


def _state(name: str, value: ArrayLike, field: Field) -> Array:
    state = validation.finite_array(name, value, ndim=1)
    validation.shape(name, state, field.theta.shape, "(the weights)")
    return state


def _spectrum(jacobian: Array) -> tuple[NDArray[np.complex128], tuple[int, int, int, int]]:
    symmetric = np.abs(jacobian - jacobian.T).max() <= 1e-12 * np.abs(jacobian).max()
    rates = (np.linalg.eigvalsh(jacobian) if symmetric else np.linalg.eigvals(jacobian)).astype(complex)
    rates = rates[np.argsort(-rates.real, kind="stable")]
    zero = NEUTRAL * np.abs(rates).max()
    unstable, attracting = int((rates.real > zero).sum()), int((rates.real < -zero).sum())
    rotating = int(((np.abs(rates.real) <= zero) & (np.abs(rates.imag) > zero)).sum())
    return rates, (unstable, attracting, rotating, len(rates) - unstable - attracting - rotating)
