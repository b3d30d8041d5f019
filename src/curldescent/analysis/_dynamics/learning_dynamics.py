"""Full-batch learning as a dynamical system: a map or a flow on one flat vector of weights, differentiable by JAX."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import validation
from curldescent.learning.engines.fused_students import factored
from curldescent.learning.experiment import Experiment, experiment, sizes_of
from curldescent.learning.rules.signed_gradient import Convention, Layers, Learning, gradients, normed
from curldescent.model import forward
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem
from curldescent.model.realised import warn_unrealised

Array = NDArray[np.float64]
Group = tuple[NDArray[np.intp], Array | None]


class Facts(NamedTuple):
    """What a trial's learning depends on, besides its state; the `args` of the steps below."""

    learning: Learning
    norms: Any
    """(2,), Frobenius norms of W1 and W2 that norm preservation keeps."""
    inputs: Any
    """Training inputs (P, M); where linear, a square root R of their covariance, Σ̂ = RᵀR."""
    targets: Any
    """(P, O); where linear, the map (O, M) of least error."""
    floor: Any
    """The error that no linear map can go below; 0 where not linear."""


@dataclass(frozen=True)
class LearningField:
    """The velocity of the weights in continuous time, per unit of total step: (state, facts) → velocity.

    Attributes:
        shape: (N, M, O).
        convention: activations, output error, norm preservation.
        linear: whether the inputs enter through their covariance.
    """

    shape: tuple[int, int, int]
    convention: Convention
    linear: bool

    def __call__(self, state: Any, facts: Facts) -> Any:
        """Norm preservation removes what points along each layer."""
        weights = unpacked(state, self.shape)
        velocity = self.unconstrained(weights, facts)
        if self.convention.preserve_norms:
            velocity = tuple(_tangential(v, w) for v, w in zip(velocity, weights, strict=True))
        return packed(velocity)

    def unconstrained(self, weights: Layers, facts: Facts) -> Layers:
        """−S ∘ error signal, before norms are looked at."""
        if self.linear:
            signal = _linear_gradients(weights, facts)
        else:
            signal = gradients(weights, facts.learning, facts.inputs, facts.targets, self.convention)
        return tuple(-s * g for s, g in zip(facts.learning.strengths, signal, strict=True))

    def loss(self, state: Any, facts: Facts) -> Any:
        """C = ½⟨‖ŷ − y‖²⟩."""
        weights = unpacked(state, self.shape)
        if self.linear:
            hidden, readout = weights
            off = (readout @ hidden - facts.targets) @ facts.inputs.T
            return facts.floor + 0.5 * jnp.sum(off * off)
        c = self.convention
        output = forward.outputs(facts.inputs, weights, c.activation, c.output_activation, jnp)
        return forward.error(output, facts.targets, jnp)


@dataclass(frozen=True)
class LearningMap:
    """One full-batch update of step dt, the paper's simulation: (state, facts) → state."""

    field: LearningField
    dt: float

    def __call__(self, state: Any, facts: Facts) -> Any:
        """`training.rule.update` with the whole training set as the batch."""
        weights = unpacked(state, self.field.shape)
        velocity = self.field.unconstrained(weights, facts)
        moved = tuple(w + self.dt * v for w, v in zip(weights, velocity, strict=True))
        return packed(normed(moved, facts.norms) if self.field.convention.preserve_norms else moved)


@dataclass(frozen=True)
class LearningFlow:
    """A Runge–Kutta step of length dt of the continuous-time limit: (state, facts) → state."""

    field: LearningField
    dt: float

    def __call__(self, state: Any, facts: Facts) -> Any:
        """Norms, which the exact flow keeps, are restored after the step so that no error builds up."""
        from curldescent.analysis._dynamics.runge_kutta import RungeKutta4

        moved = RungeKutta4(self.field, self.dt)(state, facts)
        if not self.field.convention.preserve_norms:
            return moved
        return packed(normed(unpacked(moved, self.field.shape), facts.norms))


# What a function that takes the dynamics of a student accepts, for its message.
LEARNING_DYNAMICS = "from cd.analysis.learning_dynamics(problem, rule)"


@dataclass(frozen=True, eq=False)
class LearningDynamics:
    """One trial's learning as (step, start, args, dt), which every analysis here takes.

    Attributes:
        step: the map on flat states, `LearningMap` or `LearningFlow`.
        start: initial weights, flat: W1 row by row, then W2.
        args: `Facts` of the trial.
        continuous: whether it is the flow.
        groups: where a wide linear student is followed in the fewer coordinates that can change: its equally plastic
            hidden neurons, group by group, each with an orthonormal basis Q (neurons, coordinates) of what can change
            in it, or None where that is everything. Empty without the reduction.
    """

    step: LearningMap | LearningFlow
    start: Array
    args: Facts
    continuous: bool
    groups: tuple["Group", ...] = ()

    @property
    def reduced(self) -> bool:
        """Whether a wide linear student is followed in the fewer coordinates that can change."""
        return len(self.groups) > 0

    def __repr__(self) -> str:
        kind = "flow" if self.continuous else "steps"
        reduced = ", reduced" if self.reduced else ""
        return f"LearningDynamics({kind} of {self.dt:g}, {len(self.start)} weights{reduced})"

    @property
    def field(self) -> LearningField:
        """The velocity in continuous time."""
        return self.step.field

    @property
    def dt(self) -> float:
        """Total step per map step; the unit of time of rates and exponents."""
        return self.step.dt

    def at(self, dt: float, *, continuous: bool | None = None) -> "LearningDynamics":
        """The same trial with another step, or in continuous time."""
        flow = self.continuous if continuous is None else continuous
        kind = LearningFlow if flow else LearningMap
        return replace(self, step=kind(self.field, validation.positive("dt", dt)), continuous=flow)

    def weights(self, state: Any) -> tuple[Array, Array]:
        """W1 (N, M) and W2 (O, N) of a flat state; in reduced coordinates the student that stands for the wide one."""
        hidden, readout = unpacked(np.asarray(state, dtype=np.float64), self.field.shape)
        return np.asarray(hidden), np.asarray(readout)

    def whole_weights(self, state: Any) -> tuple[Array, Array]:
        """W1 (N, M) and W2 (O, N) of the student itself, wide again where it is followed in fewer coordinates."""
        hidden, readout = self.weights(state)
        if not self.reduced:
            return hidden, readout
        n = sum(len(members) for members, _ in self.groups)
        wide, out = np.empty((n, hidden.shape[1])), np.empty((len(readout), n))
        at = 0
        for members, basis in self.groups:
            size = len(members) if basis is None else basis.shape[1]
            part, to = hidden[at : at + size], readout[:, at : at + size]
            wide[members] = part if basis is None else basis @ part
            out[:, members] = to if basis is None else to @ basis.T
            at += size
        return wide, out


def learning_dynamics(
    problem: Problem,
    rule: Plasticity,
    *,
    learning_rate: float = 0.1,
    preserve_norms: bool = False,
    output_error: str = "delta",
    continuous: bool = False,
    trial: int = 0,
    seed: int = 0,
    reduce: bool = True,
) -> LearningDynamics:
    """One trial of a full-batch experiment as a dynamical system.

    Linear networks go through the input covariance, and wide ones through the min(N_a, M + O) coordinates per group of
    equally plastic hidden neurons that can change: the same trajectory and the same nonzero exponents at a fraction
    of the cost. What is left out are copies of exponents that the rest already has.

    Args:
        problem: student, targets, inputs.
        rule: the plasticity.
        learning_rate: dt, the total step per update, also the unit of time; the Runge–Kutta step where continuous.
        preserve_norms: whether both layers keep their initial Frobenius norms.
        output_error: "delta" or "mse", as in `curldescent.train`.
        continuous: the flow that small steps approach, instead of the map.
        trial: which trial of the problem.
        seed: of a sampled feedback matrix.
        reduce: take the reduction where there is one.

    Returns:
        `LearningDynamics`.

    Raises:
        InputError: arguments out of range, or a trial that is not there.

    Source: docs/chaos.md; the reduction is that of the order parameters in docs/theory.md.

    Example:
        >>> import curldescent as cd
        >>> from curldescent.analysis import learning_dynamics
        >>> problem = cd.student_teacher(n_inputs=4, n_hidden=50, n_train=20)
        >>> learning_dynamics(problem, cd.Plasticity(hidden=0.5)).start.shape   # 5 of 50 neurons' worth
        (25,)
    """
    validation.instance("problem", problem, Problem, "a cd.Problem, from cd.student_teacher or cd.from_data")
    validation.instance("rule", rule, Plasticity, "a cd.Plasticity")
    warn_unrealised(rule.realised(**sizes_of(problem)).layers, of=" plasticity")
    setup = experiment(
        problem,
        [rule],
        learning_rate=learning_rate,
        batch_size=None,
        preserve_norms=preserve_norms,
        output_error=output_error,
        seed=seed,
    )
    trial = validation.integer("trial", trial, minimum=0, maximum=setup.trials - 1)
    hidden, readout = setup.hidden[trial], setup.readout[trial]
    learning = [setup.hidden_strengths[0], setup.readout_strengths[0], setup.feedback[0][0, trial], setup.aligned[0]]
    norms = np.array([np.linalg.norm(hidden), np.linalg.norm(readout)])
    groups: tuple[Group, ...] = ()
    if reduce and setup.activation == "linear":
        hidden, readout, learning, groups = _reduced(hidden, readout, learning)
    linear = setup.activation == setup.output_activation == "linear"
    inputs, targets, floor = _moments(setup, trial) if linear else (setup.inputs, _targets(setup, trial), 0.0)
    s1, s2, feedback, aligned = learning
    facts = Facts(Learning((s1, s2), (feedback,), aligned), norms, inputs, targets, np.float64(floor))
    convention = Convention(setup.activation, setup.output_activation, setup.output_error, setup.preserve_norms)
    field = LearningField((*hidden.shape, len(readout)), convention, linear)
    kind = LearningFlow if continuous else LearningMap
    start = np.concatenate([hidden.ravel(), readout.ravel()])
    return LearningDynamics(kind(field, setup.learning_rate), start, facts, continuous, groups)


def unpacked(state: Any, shape: tuple[int, int, int]) -> Layers:
    """W1 and W2 of a flat state."""
    n, m, o = shape
    return state[: n * m].reshape(n, m), state[n * m :].reshape(o, n)


def packed(weights: Layers) -> Any:
    """The flat state of W1 and W2."""
    return jnp.concatenate([layer.ravel() for layer in weights])


def _linear_gradients(weights: Layers, facts: Facts) -> Layers:
    """`rule.gradients` of a linear student through second moments: ⟨e xᵀ⟩ = (W2 W1 − W*) Σ̂."""
    root, learning = facts.inputs, facts.learning
    hidden, readout = weights
    error = (readout @ hidden - facts.targets) @ root.T @ root
    carried = jnp.where(learning.aligned, learning.feedback[0].T, readout)
    return carried.T @ error, error @ hidden.T


def _tangential(velocity: Any, layer: Any) -> Any:
    square = jnp.sum(layer * layer)
    return velocity - layer * jnp.where(square > 0, jnp.sum(layer * velocity) / jnp.where(square > 0, square, 1.0), 0.0)


def _targets(setup: Experiment, trial: int) -> Array:
    return setup.targets[trial if len(setup.targets) > 1 else 0]


def _moments(setup: Experiment, trial: int) -> tuple[Array, Array, float]:
    """A root of Σ̂, the linear map of least error, and that error.

    The error signal is formed from the difference to the best map, not from ⟨y xᵀ⟩: near a solution it is then exact
    relative to its own size, and a start 1e-10 from the solution keeps its direction.
    """
    y = _targets(setup, trial)
    root = np.linalg.qr(setup.inputs, mode="r") / np.sqrt(setup.samples)
    best = np.linalg.lstsq(setup.inputs, y, rcond=None)[0].T
    rest = setup.inputs @ best.T - y
    floor = 0.5 * float((rest**2).sum()) / setup.samples
    # A teacher's targets are met to rounding; leave that rounding out.
    return np.asarray(root), np.asarray(best, dtype=np.float64), 0.0 if floor < 1e-28 * float((y**2).mean()) else floor


def _reduced(hidden: Array, readout: Array, learning: list[Any]) -> tuple[Array, Array, list[Any], tuple[Group, ...]]:
    """The narrower student whose W2 W1, norms and updates are the wide one's; unchanged where there is none."""
    s1, s2, feedback, aligned = learning
    factors = factored(s1)
    if factors is None:
        return hidden, readout, learning, ()
    post, pre = factors
    _, kind = np.unique(np.concatenate([post[:, None], s2.T], axis=1), axis=0, return_inverse=True)
    parts: dict[str, list[Array]] = {name: [] for name in ("hidden", "readout", "feedback", "post", "s2")}
    groups: list[Group] = []
    for k in range(kind.max() + 1):
        members = np.flatnonzero(kind == k)
        columns = np.concatenate([hidden[members], readout[:, members].T], axis=1)
        if aligned:
            columns = np.concatenate([columns, feedback[members]], axis=1)
        basis = None
        if len(members) > columns.shape[1]:
            basis, columns = (np.asarray(part) for part in np.linalg.qr(columns))
        groups.append((members, basis))
        m, o = hidden.shape[1], len(readout)
        parts["hidden"].append(columns[:, :m])
        parts["readout"].append(columns[:, m : m + o].T)
        parts["feedback"].append(columns[:, m + o :] if aligned else np.zeros((len(columns), o)))
        parts["post"].append(np.full(len(columns), post[members[0]]))
        parts["s2"].append(np.repeat(s2[:, members[:1]], len(columns), axis=1))
    if all(basis is None for _, basis in groups):
        return hidden, readout, learning, ()
    strengths = np.concatenate(parts["post"])[:, None] * pre
    narrow = [strengths, np.concatenate(parts["s2"], axis=1), np.concatenate(parts["feedback"]), aligned]
    return np.concatenate(parts["hidden"]), np.concatenate(parts["readout"], axis=1), narrow, tuple(groups)
