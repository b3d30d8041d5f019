"""A problem and a rule as a velocity of the layers: the full-batch limit of what `train` does, one trial of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce as folded
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import validation
from curldescent.foundation.arithmetic import arithmetic
from curldescent.foundation.errors import InputError
from curldescent.learning.engines.fused_students import factored
from curldescent.learning.experiment import Experiment, experiment
from curldescent.learning.fields.function_field import FunctionField, said
from curldescent.learning.fields.norms import tangential
from curldescent.learning.fields.parameters import ParameterTree
from curldescent.learning.fields.velocity import Velocity
from curldescent.learning.number_range import LARGEST, SMALLEST
from curldescent.learning.reduction import Group, coordinates, equally_plastic, narrowed
from curldescent.learning.rules.contract import LearningRule, states_of
from curldescent.learning.rules.signed_gradient import Convention, Layers, Learning, gradients, normed
from curldescent.model.losses import SQUARED, mean_loss
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

Array = NDArray[np.float64]

# What a rule remembers is a parameter of this name beside the layers.
STATE = "state"


class Facts(NamedTuple):
    """What a trial's learning depends on, besides its weights; the args of its velocity."""

    learning: Learning
    norms: Any
    """(layers,), the Frobenius norms that norm preservation keeps."""
    inputs: Any
    """Training inputs (P, M); where linear, a square root R of their covariance, Σ̂ = RᵀR."""
    targets: Any
    """(P, O); where linear, the map (O, M) of least error."""
    floor: Any
    """The error that no linear map can go below; 0 where not linear."""


@dataclass(frozen=True)
class ProblemVelocity(Velocity):
    """The velocity of a student's layers in continuous time, per unit of total step.

    Attributes:
        form: the layers by name; and under "state" what the rule remembers, if it does.
        names: of the layers, from the inputs on.
        convention: activations, loss, output error, norm preservation.
        rule: None for a signed gradient.
        linear: whether it is a linear student with a signed gradient, whose inputs enter through their covariance.
        once: an object of its own where functions of the user's are part of it, so that no two are equal: what they
            close over may have changed since they were compiled.
    """

    form: ParameterTree
    names: tuple[str, ...]
    convention: Convention
    rule: LearningRule | None
    linear: bool
    once: object = None

    @property
    def has_loss(self) -> bool:
        """See the base class."""
        return True

    def __call__(self, theta: Any, args: Facts) -> Any:
        """Norm preservation removes what points along each layer."""
        layers, states = self.parts(theta)
        velocity, change = self.of_layers(layers, states, args)
        if self.convention.preserve_norms:
            velocity = tuple(tangential(v, w) for v, w in zip(velocity, layers, strict=True))
        return self.packed(velocity, change)

    def of_layers(self, layers: Layers, states: Sequence[Any], facts: Facts) -> tuple[Layers, Sequence[Any]]:
        """The velocities of the layers and of what the rule remembers, before norms are looked at."""
        learning = facts.learning
        if self.rule is not None:
            given = learning, facts.inputs, facts.targets, self.convention
            return self.rule.velocity(layers, states, *given)
        if self.linear:
            signal = _linear_gradients(layers, facts)
        else:
            signal = gradients(layers, learning, facts.inputs, facts.targets, self.convention)
        return tuple(-s * g for s, g in zip(learning.strengths, signal, strict=True)), states

    def loss(self, theta: Any, args: Facts) -> Any:
        """The mean loss C."""
        layers, _ = self.parts(theta)
        if self.linear:
            hidden, readout = layers
            off = (readout @ hidden - args.targets) @ args.inputs.T
            return args.floor + 0.5 * jnp.sum(off * off)
        c = self.convention
        return mean_loss(c.loss, args.inputs, layers, args.targets, c.activation, c.output_activation, jnp)

    def updated(self, theta: Any, args: Facts, dt: float) -> Any:
        """One update as every engine does it, with the whole training set as the batch."""
        layers, states = self.parts(theta)
        return self.restored(theta + dt * self.packed(*self.of_layers(layers, states, args)), args)

    def restored(self, theta: Any, args: Facts) -> Any:
        """Norms, which the exact flow keeps where they are preserved."""
        if not self.convention.preserve_norms:
            return theta
        layers, states = self.parts(theta)
        return self.packed(normed(layers, args.norms), states)

    def seen(self, theta: Any) -> Any:
        """The product of the layers, which rotations of equal hidden neurons leave as it is where they are linear."""
        layers, _ = self.parts(theta)
        return folded(lambda product, layer: layer @ product, layers).ravel()

    def parts(self, theta: Any) -> tuple[Layers, Sequence[Any]]:
        """The layers and what the rule remembers of each."""
        tree = self.form.tree(theta)
        return tuple(tree[name] for name in self.names), tree.get(STATE, ((),) * len(self.names))

    def packed(self, layers: Layers, states: Sequence[Any]) -> Any:
        """The flat vector of some layers and states."""
        leaves = jax.tree_util.tree_leaves(_tree(self.names, layers, states))
        return jnp.concatenate([jnp.ravel(leaf) for leaf in leaves])


def problem_velocity(
    problem: Problem,
    rule: Plasticity | LearningRule,
    trial: int = 0,
    *,
    output_error: str = "delta",
    preserve_norms: bool = False,
    seed: int = 0,
    reduce: bool = False,
) -> tuple[FunctionField, tuple[Group, ...]]:
    """One trial of a problem under a rule as a field of its layers: the one place where the two become a velocity.

    Args:
        problem: student, targets, inputs.
        rule: the plasticity, or another rule.
        trial: which one.
        output_error: "delta" or "mse", as in `train`.
        preserve_norms: whether layers keep their Frobenius norms.
        seed: of a sampled feedback matrix.
        reduce: follow a wide linear student in the fewer coordinates that can change.

    Returns:
        The field, whose parameters are the layers by name, and what the rule remembers; and where it is reduced the
        equally plastic hidden neurons, group by group, each with an orthonormal basis of what can change in it.

    Raises:
        InputError: a rule that does not fit, a trial that does not exist.
    """
    options: dict[str, Any] = {"preserve_norms": preserve_norms, "output_error": output_error, "seed": seed}
    setup = experiment(problem, [rule], learning_rate=1.0, batch_size=None, **options)
    trial = validation.integer("trial", trial, minimum=0, maximum=setup.trials - 1)
    layers: Layers = tuple(layer[trial] for layer in setup.layers)
    strengths, feedback = tuple(s[0] for s in setup.strengths), tuple(b[0, trial] for b in setup.feedback)
    learning = Learning(strengths, feedback, setup.aligned[0])
    kind = setup.kinds[0]
    groups: tuple[Group, ...] = ()
    both = setup.activation == setup.output_activation == "linear"
    two = kind is None and len(layers) == 2
    if reduce and two and setup.activation == "linear":
        layers, learning, groups = _reduced(layers, learning)
    linear = two and both and setup.loss == SQUARED
    inputs, targets, floor = _moments(setup, trial) if linear else (setup.inputs, setup.targets_of(trial), 0.0)
    facts = Facts(learning, _norms(layers, setup.norms[trial]), inputs, targets, np.float64(floor))
    convention = Convention(
        setup.activation, setup.output_activation, setup.output_error, setup.preserve_norms, setup.loss
    )
    with arithmetic():
        states = ((),) * len(layers) if kind is None else jax.tree.map(np.asarray, states_of(kind, layers))
    names = problem.student.names
    parameters = _tree(names, layers, states)
    form = ParameterTree.of(parameters)
    once = object() if setup.own_functions else None
    velocity, theta = ProblemVelocity(form, names, convention, kind, linear, once), form.flat(parameters)
    if kind is not None:
        _require_velocity(velocity, theta, facts)
    return FunctionField(velocity, form, theta, facts), groups


def _norms(layers: Layers, safe: Array) -> Array:
    """Frobenius norms of layers: the plain ones, and the safe ones where squares leave the range of numbers.

    Both are right to rounding; but the last digits of a norm move a chaotic run, which must not change from version to
    version.
    """
    with np.errstate(over="ignore", under="ignore"):
        plain = np.array([np.linalg.norm(layer) for layer in layers])
    return np.where((plain > SMALLEST) & (plain < LARGEST), plain, safe)


def _require_velocity(velocity: ProblemVelocity, theta: Array, facts: Facts) -> None:
    """Refuse a rule that fails or returns something else than changes of its weights, with what it said."""
    with arithmetic():
        try:
            made = jax.eval_shape(velocity, theta, facts)
        except InputError:
            raise
        except Exception as fault:
            raise InputError(f"the rule {velocity.rule!r} raised {said(fault)}") from fault
    if made.shape != theta.shape:
        raise InputError(f"the rule {velocity.rule!r} must return a change of every weight's shape")


def _tree(names: tuple[str, ...], layers: Sequence[Any], states: Sequence[Any]) -> dict[str, Any]:
    remembered = {STATE: tuple(states)} if jax.tree_util.tree_leaves(states) else {}
    return dict(zip(names, layers, strict=True)) | remembered


def _linear_gradients(layers: Layers, facts: Facts) -> Layers:
    """`signed_gradient.gradients` of a linear student through second moments: ⟨e xᵀ⟩ = (W2 W1 − W*) Σ̂."""
    root, learning = facts.inputs, facts.learning
    hidden, readout = layers
    error = (readout @ hidden - facts.targets) @ root.T @ root
    carried = jnp.where(learning.aligned, learning.feedback[0].T, readout)
    return carried.T @ error, error @ hidden.T


def _moments(setup: Experiment, trial: int) -> tuple[Array, Array, float]:
    """A root of Σ̂, the linear map of least error, and that error.

    The error signal is formed from the difference to the best map, not from ⟨y xᵀ⟩: near a solution it is then exact
    relative to its own size, and a start 1e-10 from the solution keeps its direction.
    """
    y = setup.targets_of(trial)
    root = np.linalg.qr(setup.inputs, mode="r") / np.sqrt(setup.samples)
    best = np.linalg.lstsq(setup.inputs, y, rcond=None)[0].T
    rest = setup.inputs @ best.T - y
    floor = 0.5 * float((rest**2).sum()) / setup.samples
    # A teacher's targets are met to rounding; leave that rounding out.
    return np.asarray(root), np.asarray(best, dtype=np.float64), 0.0 if floor < 1e-28 * float((y**2).mean()) else floor


def _reduced(layers: Layers, learning: Learning) -> tuple[Layers, Learning, tuple[Group, ...]]:
    """The narrower student whose W2 W1, norms and updates are the wide one's; unchanged where there is none."""
    hidden, readout = (np.asarray(layer) for layer in layers)
    (s1, s2), (feedback,) = (np.asarray(s) for s in learning.strengths), learning.feedback
    factors = factored(s1)
    if factors is None:
        return layers, learning, ()
    post, pre = factors
    members = equally_plastic(post, s2)
    carried = np.asarray(feedback) if learning.aligned else None
    *narrow, carried, groups = narrowed(hidden, readout, carried, members)
    if all(basis is None for _, basis in groups):
        return layers, learning, ()
    first, sizes = [group[0] for group in members], [coordinates(group) for group in groups]
    strengths = np.repeat(post[first], sizes)[:, None] * pre, np.repeat(s2[:, first], sizes, axis=1)
    return tuple(narrow), Learning(strengths, (carried,), learning.aligned), groups
