"""A field followed in time: a map or a flow on one flat vector of parameters, differentiable by JAX."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from curldescent.analysis._dynamics.runge_kutta import RungeKutta4
from curldescent.foundation import validation
from curldescent.foundation.arithmetic import arithmetic
from curldescent.foundation.errors import InputError
from curldescent.learning.experiment import plasticity_of
from curldescent.learning.fields.field import Field
from curldescent.learning.fields.problem_velocity import problem_velocity
from curldescent.learning.fields.subjects import refuse_choices, subject_field, with_rule
from curldescent.learning.fields.velocity import Velocity
from curldescent.learning.reduction import Group, widened
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem
from curldescent.model.realised import warn_unrealised

Array = NDArray[np.float64]
_DEFAULT_STEP = 0.1


@dataclass(frozen=True)
class LearningMap:
    """Learning in steps: (θ, args) → θ + dt·F(θ), and of a problem one full-batch update, the paper's simulation."""

    velocity: Velocity
    dt: float

    def __call__(self, state: Any, args: Any) -> Any:
        """The state after one step; taken by hand it is a NumPy array in double precision."""
        return _stepped(lambda s, a: self.velocity.updated(s, a, self.dt), state, args)


@dataclass(frozen=True)
class LearningFlow:
    """A Runge–Kutta step of length dt of dθ/dt = F(θ): (θ, args) → θ."""

    velocity: Velocity
    dt: float

    def __call__(self, state: Any, args: Any) -> Any:
        """The state dt later; taken by hand it is a NumPy array in double precision."""
        return _stepped(lambda s, a: self.velocity.restored(RungeKutta4(self.velocity, self.dt)(s, a), a), state, args)


def _stepped(step: Callable[[Any, Any], Any], state: Any, args: Any) -> Any:
    """Within a function that JAX traces its precision is that of the function; elsewhere nothing has set one yet."""
    if any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree_util.tree_leaves((state, args))):
        return step(state, args)
    with arithmetic():
        return np.asarray(step(np.asarray(state, dtype=np.float64), args), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class LearningDynamics:
    """A field followed in time, which every analysis of dynamics takes: from `start`, by `step(state, args)`.

    Attributes:
        field: what is followed, at the start.
        velocity: its velocity as JAX traces it, (θ, args) → dθ/dt.
        args: of the velocity and the step.
        dt: time per step. Of a problem total step, the unit of time of rates and exponents.
        continuous: whether it is the flow.
        groups: where a wide linear student is followed in the fewer coordinates that can change: its equally plastic
            hidden neurons, group by group, each with an orthonormal basis Q (neurons, coordinates) of what can change
            in it, or None where that is everything. Empty without the reduction.
    """

    field: Field
    velocity: Velocity
    args: Any
    dt: float
    continuous: bool
    groups: tuple[Group, ...] = ()

    @property
    def step(self) -> LearningMap | LearningFlow:
        """The map on flat states, (θ, args) → θ; dt is its own. Steps of equal velocities and dt are compiled once.

        Taken by hand a step is in double precision, as in every analysis; to take many, compile a loop of them:

        >>> import curldescent as cd
        >>> problem = cd.student_teacher(n_inputs=4, n_hidden=6, n_train=20)
        >>> dynamics = cd.analysis.learning_dynamics(problem, cd.Plasticity(hidden=0.5), learning_rate=0.1)
        >>> state = dynamics.start
        >>> for _ in range(3):
        ...     state = dynamics.step(state, dynamics.args)
        >>> state.dtype, [layer.shape for layer in dynamics.weights(state)]   # 5 of 6 neurons' worth
        (dtype('float64'), [(5, 4), (1, 5)])
        """
        return (LearningFlow if self.continuous else LearningMap)(self.velocity, self.dt)

    @property
    def start(self) -> Array:
        """Where the run begins, (D,): of a problem W1 row by row, then W2."""
        return self.field.theta

    @property
    def reduced(self) -> bool:
        """Whether a wide linear student is followed in the fewer coordinates that can change."""
        return len(self.groups) > 0

    def __repr__(self) -> str:
        kind = "flow" if self.continuous else "steps"
        reduced = ", reduced" if self.reduced else ""
        return f"LearningDynamics({kind} of {self.dt:g}, {len(self.start)} weights{reduced})"

    def at(self, dt: float, *, continuous: bool | None = None) -> "LearningDynamics":
        """The same field with another step, or in continuous time."""
        flow = self.continuous if continuous is None else continuous
        return replace(self, dt=validation.positive("dt", dt), continuous=flow)

    def weights(self, state: Any) -> tuple[Array, ...]:
        """The layers of a flat state; in reduced coordinates those of the student that stands for the wide one."""
        return tuple(self.field.named(np.asarray(state, dtype=np.float64)).values())

    def whole_weights(self, state: Any) -> tuple[Array, ...]:
        """The layers of the student itself, wide again where it is followed in fewer coordinates."""
        if not self.reduced:
            return self.weights(state)
        hidden, readout = self.weights(state)
        return widened(hidden, readout, self.groups)


def learning_dynamics(
    subject: Problem | Field | LearningDynamics,
    rule: Plasticity | None = None,
    *,
    trial: int = 0,
    learning_rate: float = _DEFAULT_STEP,
    continuous: bool = False,
    preserve_norms: bool = False,
    output_error: str = "delta",
    seed: int = 0,
    reduce: bool = True,
) -> LearningDynamics:
    """A field, or one trial of a full-batch experiment, as a dynamical system.

    Linear networks go through the input covariance, and wide ones through the min(N_a, M + O) coordinates per group of
    equally plastic hidden neurons that can change: the same trajectory and the same nonzero exponents at a fraction
    of the cost. What is left out are copies of exponents that the rest already has.

    Args:
        subject: a problem, or any field that JAX can trace: from `cd.field` or `cd.analysis.network` of a JAX function.
            Learning dynamics are returned as they are, and take none of the settings below: `at` gives them another
            step or continuous time.
        rule: a problem's plasticity.
        trial: which of a problem's; a field takes neither this nor the last four settings.
        learning_rate: dt, the total step per update, also the unit of time; the Runge–Kutta step where continuous.
        continuous: the flow that small steps approach, instead of the map.
        preserve_norms: of a problem, whether both layers keep their initial Frobenius norms.
        output_error: of a problem, "delta" or "mse", as in `curldescent.train`.
        seed: of a sampled feedback matrix.
        reduce: take the reduction where there is one.

    Returns:
        `LearningDynamics`.

    Raises:
        InputError: arguments out of range, a trial that is not there, a field that JAX cannot trace, a setting that
            would change nothing.

    Source: docs/chaos.md; the reduction is that of the order parameters in docs/theory.md.

    Example:
        >>> import curldescent as cd
        >>> from curldescent.analysis import learning_dynamics
        >>> problem = cd.student_teacher(n_inputs=4, n_hidden=50, n_train=20)
        >>> learning_dynamics(problem, cd.Plasticity(hidden=0.5)).start.shape   # 5 of 50 neurons' worth
        (25,)
    """
    options: dict[str, Any] = {"preserve_norms": preserve_norms, "output_error": output_error}
    if isinstance(subject, LearningDynamics):
        if rule is not None:
            raise InputError("learning dynamics have their own rule: leave rule out")
        if learning_rate != _DEFAULT_STEP or validation.boolean("continuous", continuous):
            raise InputError(
                "learning dynamics have their own step: leave learning_rate and continuous out, or give the analysis "
                "dynamics.at(learning_rate, continuous=…)"
            )
        if subject.reduced and not validation.boolean("reduce", reduce):
            raise InputError("these learning dynamics are reduced: make them with reduce=False")
        refuse_choices(trial=trial, **options)
        return subject
    dt = validation.positive("learning_rate", learning_rate)
    groups: tuple[Group, ...] = ()
    field: Field
    if isinstance(subject, Problem):
        subject, kind = with_rule(subject, rule)
        warn_unrealised(plasticity_of(kind).realised(subject.student.sizes).layers, of=" plasticity")
        reduce = validation.boolean("reduce", reduce)
        field, groups = problem_velocity(subject, kind, trial, reduce=reduce, seed=seed, **options)
    else:
        field = subject_field(subject, rule, trial, **options)
    return LearningDynamics(field, *field.traced(), dt, validation.boolean("continuous", continuous), groups)
