"""Critical points near a learning run and the spectrum of the dynamics there.

Every rule with nonzero strengths has the critical points of gradient descent, where the error signals vanish; what
changes is their stability. At a critical point the Jacobian is −diag(S) H with H the Hessian of the loss. Where H is
positive definite, −diag(S) H is similar to −√H diag(S) √H, so Sylvester's law gives exactly one unstable direction
for every flipped synapse: no flipped rule can stay in an isolated minimum.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.analysis._dynamics.learning_dynamics import LEARNING_DYNAMICS, Facts, LearningDynamics, LearningField
from curldescent.foundation import citations, validation
from curldescent.foundation.arithmetic import arithmetic
from curldescent.foundation.errors import InputError
from curldescent.foundation.representation import of_fields

Array = NDArray[np.float64]

# A rate below this fraction of the fastest counts as zero.
NEUTRAL = 1e-6
MAX_DIMENSION = 3000


@dataclass(frozen=True, eq=False)
class CriticalPoint:
    """Where the dynamics stands still, and what it does next to it.

    Attributes:
        state: (D,), flat weights.
        loss: there.
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

    __repr__ = of_fields

    @property
    def kind(self) -> str:
        """One of "saddle", "repeller", "centre" (rotation, nothing unstable) "attractor" (neutral allowed)."""
        if self.unstable:
            return "saddle" if self.attracting or self.rotating else "repeller"
        return "centre" if self.rotating else "attractor"


def critical_point(
    dynamics: LearningDynamics,
    near: ArrayLike | None = None,
    *,
    tolerance: float = 1e-10,
    max_steps: int = 200,
) -> CriticalPoint:
    """The critical point close to a state, by minimising ‖F‖² (Levenberg–Marquardt, which is Newton at the end).

    Args:
        dynamics: from `learning_dynamics`, with reduce=False where states of several rules are to be compared.
        near: (D,), where to begin; the dynamics' start by default.
        tolerance: on the speed ‖F‖, relative to 1 + the largest weight.
        max_steps: of the search.

    Returns:
        `CriticalPoint` with the spectrum under the dynamics' own rule; `spectrum_at` gives it under another.

    Raises:
        InputError: a state of the wrong size, or more than 3000 weights (the Jacobian is dense).

    Source: docs/saddles.md. Sussillo and Barak, Neural Computation 25, 626 (2013), for minimising ‖F‖² along runs.

    Example:
        >>> import numpy as np, curldescent as cd
        >>> from curldescent.analysis import critical_point, learning_dynamics
        >>> problem = cd.student_teacher(n_inputs=3, n_hidden=2, n_train=10)
        >>> origin = critical_point(learning_dynamics(problem, cd.Plasticity(), reduce=False), np.full(8, 1e-3))
        >>> origin.kind, origin.unstable, origin.attracting
        ('saddle', 2, 2)
    """
    validation.instance("dynamics", dynamics, LearningDynamics, LEARNING_DYNAMICS)
    begin = dynamics.start if near is None else validation.finite_array("near", near, ndim=1)
    validation.shape("near", begin, dynamics.start.shape, "(the dynamics' weights)")
    if len(begin) > MAX_DIMENSION:
        raise InputError(f"critical_point needs a dense Jacobian, at most {MAX_DIMENSION} weights, got {len(begin)}")
    tolerance = validation.positive("tolerance", tolerance)
    citations.use("sussillo2013")
    state, damping = begin.copy(), 1e-3
    velocity, jacobian = velocity_and_jacobian(dynamics.field, state, dynamics.args)
    for _ in range(validation.integer("max_steps", max_steps, minimum=1)):
        if np.linalg.norm(velocity) <= tolerance * 1e-3 * (1 + np.abs(state).max()):
            break
        scale = np.abs(jacobian).max() ** 2
        left, values, right = np.linalg.svd(jacobian)
        # Tikhonov on the singular values: never a normal matrix, whose condition is that of J squared.
        step = -right.T @ (values / (values**2 + damping * scale) * (left.T @ velocity))
        trial_velocity, trial_jacobian = velocity_and_jacobian(dynamics.field, state + step, dynamics.args)
        if np.linalg.norm(trial_velocity) < np.linalg.norm(velocity):
            state, velocity, jacobian = state + step, trial_velocity, trial_jacobian
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
        _loss(dynamics, state),
        speed,
        float(np.linalg.norm(state - begin)),
        rates,
        *counts,
        status="found" if found else "not converged",
    )


def spectrum_at(dynamics: LearningDynamics, state: ArrayLike) -> CriticalPoint:
    """The spectrum of a rule's dynamics at a state found with another rule: the same point, looked at again.

    Args:
        dynamics: of the rule to look with.
        state: (D,).

    Returns:
        `CriticalPoint` at that very state; its `speed` says whether the state is one.

    Raises:
        InputError: a state of the wrong size.
    """
    validation.instance("dynamics", dynamics, LearningDynamics, LEARNING_DYNAMICS)
    at = validation.finite_array("state", state, ndim=1)
    validation.shape("state", at, dynamics.start.shape, "(the dynamics' weights)")
    velocity, jacobian = velocity_and_jacobian(dynamics.field, at, dynamics.args)
    rates, counts = _spectrum(jacobian)
    speed = float(np.linalg.norm(velocity))
    still = speed <= 1e-8 * (1 + np.abs(at).max())
    status = "found" if still else "not converged"
    return CriticalPoint(at, _loss(dynamics, at), speed, 0.0, rates, *counts, status=status)


def critical_points_along(
    dynamics: LearningDynamics, states: ArrayLike, *, apart: float = 1e-4, **options: Any
) -> list[CriticalPoint]:
    """The distinct critical points next to states of a run.

    Args:
        dynamics: whose critical points.
        states: (n, D), where to search from, in the order of the run.
        apart: points closer than this are the same.
        **options: for `critical_point`.

    Returns:
        Points found, in the order of the run.

    Raises:
        InputError: states of the wrong shape.
    """
    validation.instance("dynamics", dynamics, LearningDynamics, LEARNING_DYNAMICS)
    starts = validation.finite_array("states", states, ndim=2)
    found: list[CriticalPoint] = []
    for state in starts:
        point = critical_point(dynamics, state, **options)
        known = any(np.linalg.norm(point.state - other.state) < apart for other in found)
        if point.status == "found" and not known:
            found.append(point)
    return found


@partial(jax.jit, static_argnames="field")
def _both(field: LearningField, state: Any, args: Facts) -> tuple[Any, Any]:
    return field(state, args), jax.jacobian(field)(state, args)


def velocity_and_jacobian(field: LearningField, state: Array, args: Facts) -> tuple[Array, Array]:
    """F (D,) and ∂F/∂θ (D, D)."""
    with arithmetic():
        velocity, jacobian = _both(field, jnp.asarray(state), args)
        return np.asarray(velocity), np.asarray(jacobian)


def _loss(dynamics: LearningDynamics, state: Array) -> float:
    from curldescent.analysis._dynamics.exponents import loss_at

    return loss_at(dynamics.field, state, dynamics.args)


def _spectrum(jacobian: Array) -> tuple[NDArray[np.complex128], tuple[int, int, int, int]]:
    symmetric = np.abs(jacobian - jacobian.T).max() <= 1e-12 * np.abs(jacobian).max()
    rates = (np.linalg.eigvalsh(jacobian) if symmetric else np.linalg.eigvals(jacobian)).astype(complex)
    rates = rates[np.argsort(-rates.real, kind="stable")]
    zero = NEUTRAL * np.abs(rates).max()
    unstable, attracting = int((rates.real > zero).sum()), int((rates.real < -zero).sum())
    rotating = int(((np.abs(rates.real) <= zero) & (np.abs(rates.imag) > zero)).sum())
    return rates, (unstable, attracting, rotating, len(rates) - unstable - attracting - rotating)
