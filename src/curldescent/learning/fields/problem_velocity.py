"""A problem and a rule as a velocity of the layers: the full-batch limit of what `train` does, one trial of it."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import validation
from curldescent.learning.engines.fused_students import factored
from curldescent.learning.experiment import Experiment, experiment
from curldescent.learning.fields.function_field import FunctionField
from curldescent.learning.fields.norms import tangential
from curldescent.learning.fields.parameters import ParameterTree
from curldescent.learning.fields.velocity import Velocity
from curldescent.learning.rules.signed_gradient import Convention, Learning, Synapses, gradients, rescaled
from curldescent.model import forward
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

Array = NDArray[np.float64]
Group = tuple[NDArray[np.intp], Array | None]
Layers = tuple[Any, ...]


class Facts(NamedTuple):
    """What a trial's learning depends on, besides its weights; the args of its velocity."""

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
class ProblemVelocity(Velocity):
    """The velocity of a student's layers in continuous time, per unit of total step.

    Attributes:
        form: the layers by name.
        convention: activations, output error, norm preservation.
        linear: whether the inputs enter through their covariance.
    """

    form: ParameterTree
    convention: Convention
    linear: bool

    @property
    def has_loss(self) -> bool:
        """See the base class."""
        return True

    def __call__(self, theta: Any, args: Facts) -> Any:
        """Norm preservation removes what points along each layer."""
        layers = self.form.split(theta)
        velocity = self.of_layers(layers, args)
        if self.convention.preserve_norms:
            velocity = tuple(tangential(v, w) for v, w in zip(velocity, layers, strict=True))
        return packed(velocity)

    def of_layers(self, layers: Layers, facts: Facts) -> Layers:
        """−S ∘ error signal, layer by layer, before norms are looked at."""
        weights, learning = Synapses(*layers), facts.learning
        if self.linear:
            signal = _linear_gradients(weights, facts)
        else:
            signal = gradients(weights, learning, facts.inputs, facts.targets, self.convention)
        return -learning.hidden * signal.hidden, -learning.readout * signal.readout

    def loss(self, theta: Any, args: Facts) -> Any:
        """C = ½⟨‖ŷ − y‖²⟩."""
        hidden, readout = self.form.split(theta)
        if self.linear:
            off = (readout @ hidden - args.targets) @ args.inputs.T
            return args.floor + 0.5 * jnp.sum(off * off)
        c = self.convention
        _, output = forward.outputs(args.inputs, hidden, readout, c.activation, c.output_activation, jnp)
        return forward.error(output, args.targets, jnp)

    def updated(self, theta: Any, args: Facts, dt: float) -> Any:
        """One update as every engine does it, with the whole training set as the batch."""
        layers = self.form.split(theta)
        velocity = self.of_layers(layers, args)
        return self.restored(packed(tuple(w + dt * v for w, v in zip(layers, velocity, strict=True))), args)

    def restored(self, theta: Any, args: Facts) -> Any:
        """Norms, which the exact flow keeps where they are preserved."""
        if not self.convention.preserve_norms:
            return theta
        layers = zip(self.form.split(theta), args.norms, strict=True)
        return packed(tuple(rescaled(layer, norm) for layer, norm in layers))

    def seen(self, theta: Any) -> Any:
        """W2 W1, which rotations of equal hidden neurons leave as it is."""
        hidden, readout = self.form.split(theta)
        return (readout @ hidden).ravel()


def problem_velocity(
    problem: Problem,
    rule: Plasticity,
    trial: int = 0,
    *,
    output_error: str = "delta",
    preserve_norms: bool = False,
    seed: int = 0,
    reduce: bool = False,
) -> tuple[FunctionField, tuple[Group, ...]]:
    """One trial of a problem under a rule as a field of its layers.

    This is the one place where a problem and a rule become a velocity. A rule of another kind plugs in here: with a
    `Velocity` whose `of_layers` is the rule's own, from the tuple of layers to the tuple of their velocities.

    Args:
        problem: student, targets, inputs.
        rule: the plasticity.
        trial: which one.
        output_error: "delta" or "mse", as in `train`.
        preserve_norms: whether layers keep their Frobenius norms.
        seed: of a sampled feedback matrix.
        reduce: follow a wide linear student in the fewer coordinates that can change.

    Returns:
        The field, with parameters {"hidden": (N, M), "readout": (O, N)}; and where it is reduced the equally plastic
        hidden neurons, group by group, each with an orthonormal basis of what can change in it.

    Raises:
        InputError: a rule that does not fit, a trial that does not exist.
    """
    options = {"preserve_norms": preserve_norms, "output_error": output_error, "seed": seed}
    setup = experiment(problem, [rule], learning_rate=1.0, batch_size=None, **options)  # type: ignore[arg-type]
    trial = validation.integer("trial", trial, minimum=0, maximum=setup.trials - 1)
    hidden, readout = setup.hidden[trial], setup.readout[trial]
    learning = [setup.hidden_strengths[0], setup.readout_strengths[0], setup.feedback[0, trial], setup.aligned[0]]
    norms = np.array([np.linalg.norm(hidden), np.linalg.norm(readout)])
    groups: tuple[Group, ...] = ()
    if reduce and setup.activation == "linear":
        hidden, readout, learning, groups = _reduced(hidden, readout, learning)
    linear = setup.activation == setup.output_activation == "linear"
    inputs, targets, floor = _moments(setup, trial) if linear else (setup.inputs, _targets(setup, trial), 0.0)
    facts = Facts(Learning(*learning), norms, inputs, targets, np.float64(floor))
    convention = Convention(setup.activation, setup.output_activation, setup.output_error, setup.preserve_norms)
    layers = {"hidden": hidden, "readout": readout}
    form = ParameterTree.of(layers)
    return FunctionField(ProblemVelocity(form, convention, linear), form, form.flat(layers), facts), groups


def packed(layers: Layers) -> Any:
    """The flat vector of some layers."""
    return jnp.concatenate([layer.ravel() for layer in layers])


def _linear_gradients(weights: Synapses, facts: Facts) -> Synapses:
    """`signed_gradient.gradients` of a linear student through second moments: ⟨e xᵀ⟩ = (W2 W1 − W*) Σ̂."""
    root, learning = facts.inputs, facts.learning
    error = (weights.readout @ weights.hidden - facts.targets) @ root.T @ root
    carried = jnp.where(learning.aligned, learning.feedback.T, weights.readout)
    return Synapses(hidden=carried.T @ error, readout=error @ weights.hidden.T)


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
