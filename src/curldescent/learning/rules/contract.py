"""What a learning rule is: from what a synapse can see to how its weight changes.

`curldescent.Plasticity` is the rule of the paper, a gradient with signs. Any other rule is a `LearningRule`: one file
with one class, or a user's own function. It says how the weights of a layer change, in the mean over a batch, per unit
of total step; engines follow it in time, and analyses take it as a vector field. What a rule remembers (traces,
averages) is a state beside the weights, and moves with them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.learning.rules.signed_gradient import Convention, Learning, backpropagated
from curldescent.model import forward
from curldescent.model.plasticity import Plasticity
from curldescent.model.weights import layer_names


class Sight(NamedTuple):
    """What the synapses of one layer see of a batch; b samples."""

    pre: Any
    """Activities of the neurons before, (b, pre)."""
    post: Any
    """Activities of the neurons after, (b, post)."""
    drive: Any
    """Drives of the neurons after, (b, post)."""
    error: Any
    """The backpropagated error at the neurons after, (b, post): ∂ℓ/∂drive for the exact convention."""
    modulator: Any
    """The loss of every sample, (b,): one number that reaches all synapses, a reward with its sign reversed."""
    weight: Any
    """The weights, (post, pre)."""
    state: Any
    """What the rule remembers in this layer; () where it remembers nothing."""
    layer: int
    """Which layer, 0 from the inputs on."""
    last: bool
    """Whether it is the readout."""


@dataclass(frozen=True, eq=False)
class LearningRule(ABC):
    """A learning rule that is not a signed gradient.

    Args:
        plasticity: strengths that multiply the rule's changes, synapse by synapse, as in curl descent: flips, graded
            and frozen synapses. Feedback alignment in it carries the errors that the rule sees.

    A subclass says `change`; where its changes are not a matter of single layers, `velocity` instead. It lists in
    `depths` and `losses` what it is defined for.
    """

    plasticity: Plasticity = field(default_factory=Plasticity, kw_only=True)

    name: ClassVar[str]
    # What a rule is defined for; None for everything.
    depths: ClassVar[tuple[int, ...] | None] = None
    losses: ClassVar[tuple[str, ...] | None] = None

    def __post_init__(self) -> None:
        validation.instance("plasticity", self.plasticity, Plasticity, "a cd.Plasticity")
        if not isinstance(getattr(self, "name", None), str):
            raise InputError(f"the rule {type(self).__name__} needs a name: name: ClassVar[str] = …")

    # Rules of equal settings are one rule to the compiler. Strengths are data of a run, not part of what is compiled.
    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._settings() == other._settings()

    def __hash__(self) -> int:
        try:
            return hash((type(self), self._settings()))
        except TypeError:  # settings that are arrays
            return id(self)

    def _settings(self) -> tuple[tuple[str, Any], ...]:
        return tuple((f.name, getattr(self, f.name)) for f in fields(self) if f.name != "plasticity")

    @abstractmethod
    def change(self, sight: Sight) -> Any:
        """How the weights of a layer change per unit of total step.

        Args:
            sight: what its synapses see.

        Returns:
            dW/dt, (post, pre); or, for rules that remember, a pair of it and of how the state changes.
        """

    def state(self, layer: Any) -> Any:
        """What the rule remembers of a layer at the start: a pytree of arrays, () for nothing.

        What it remembers at the end is in the history of `curldescent.train`, by the names of `named_states`.

        Args:
            layer: its weights, (post, pre).
        """
        return ()

    def velocity(
        self, layers: Sequence[Any], states: Sequence[Any], learning: Learning, inputs: Any, targets: Any, c: Convention
    ) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """How all layers and states change per unit of total step, in the mean over a batch.

        Args:
            layers: W1, W2, …
            states: of every layer.
            learning: strengths and feedback.
            inputs: (b, M).
            targets: (b, O).
            c: activations, loss, output error.

        Returns:
            The layers' changes times their strengths, and the states' changes.
        """
        changes, remembered = [], []
        for sight, strength in zip(
            sights(layers, states, learning, inputs, targets, c), learning.strengths, strict=True
        ):
            moved, state = self._changed(sight)
            changes.append(strength * moved)
            remembered.append(state)
        return tuple(changes), tuple(remembered)

    def _changed(self, sight: Sight) -> tuple[Any, Any]:
        """What `change` returns, checked: a stranger's rule may return anything."""
        try:
            change = self.change(sight)
        except InputError:
            raise
        except Exception as fault:
            said = " ".join(str(fault).split())
            raise InputError(
                f"the rule {self.name!r} must work with jax.numpy on what a synapse sees, but it raised "
                f"{type(fault).__name__}: {said[:150]}"
            ) from fault
        moved, state = change if isinstance(change, tuple) and len(change) == 2 else (change, ())
        shape = getattr(moved, "shape", None)
        if shape != sight.weight.shape:
            got = validation.shown(moved) if shape is None else str(shape)
            raise InputError(
                f"the rule {self.name!r} must return a change of the weights' shape {sight.weight.shape}, got {got}"
            )
        if not (jnp.issubdtype(moved.dtype, jnp.floating) or jnp.issubdtype(moved.dtype, jnp.integer)):
            raise InputError(f"the rule {self.name!r} must return real numbers, got dtype {moved.dtype}")
        if _form(state) != _form(sight.state):
            raise InputError(
                f"the rule {self.name!r} remembers {_form(sight.state)} and must return how that changes, as a pair "
                f"with the change of the weights; got {_form(state)}"
            )
        # In the precision of the run, whatever constants the rule was written with.
        as_was = jax.tree.map(lambda new, old: jnp.asarray(new, old.dtype), state, sight.state)
        return jnp.asarray(moved, sight.weight.dtype), as_was

    @property
    def label(self) -> str:
        """A short name for tables and legends, with the settings that are not the usual ones."""
        usual = {f.name: f.default for f in fields(self)}
        told = [f"{name} = {validation.shown(v)}" for name, v in self._settings() if not _same(v, usual[name])]
        flips = self.plasticity.label
        return ", ".join([self.name + (f" ({', '.join(told)})" if told else ""), *([flips] if flips != "GD" else [])])

    @property
    def built_in(self) -> bool:
        """Whether the rule is the library's own: what others close over may change after they were compiled."""
        return type(self).__module__.startswith("curldescent.")

    def remembers(self, layer: Any) -> bool:
        """Whether there is a state beside the weights of a layer."""
        return bool(jax.tree_util.tree_leaves(self.state(layer)))

    def check(self, depth: int, loss: str) -> None:
        """Refuse a network or a loss that the rule is not defined for."""
        if self.depths is not None and depth not in self.depths:
            wanted = " or ".join(map(str, self.depths))
            raise InputError(f"the rule {self.name} is defined for networks with {wanted} layers, this one has {depth}")
        if self.losses is not None and loss not in self.losses:
            raise InputError(f"the rule {self.name} is defined for the loss {' or '.join(self.losses)}, got {loss}")

    def __repr__(self) -> str:
        return self.label


def sights(
    layers: Sequence[Any], states: Sequence[Any], learning: Learning, inputs: Any, targets: Any, c: Convention
) -> list[Sight]:
    """What the synapses of every layer see; arguments as in `LearningRule.velocity`."""
    drives, activities = forward.passed(inputs, layers, c.activation, c.output_activation, jnp)
    error = c.loss.signal(drives[-1], activities[-1], targets, c.output_activation, c.output_error, jnp)
    errors = backpropagated(tuple(layers), learning, drives, activities, error, c.activation, jnp)
    modulator = c.loss.of_samples(drives[-1], targets, c.output_activation, jnp)
    return [
        Sight(
            pre=activities[number],
            post=activities[number + 1],
            drive=drives[number],
            error=errors[number],
            modulator=modulator,
            weight=layer,
            state=states[number],
            layer=number,
            last=number == len(layers) - 1,
        )
        for number, layer in enumerate(layers)
    ]


@dataclass(frozen=True, eq=False, repr=False)
class OwnRule(LearningRule):
    """A rule of the user's own, from a function.

    Args:
        function: `Sight` → dW/dt (post, pre), written with jax.numpy.
        name: for labels.
    """

    function: Callable[[Sight], Any]
    called: str = "own rule"

    def __post_init__(self) -> None:
        super().__post_init__()
        validation.function("function", self.function, "a function of what a synapse sees, in JAX")

    @property
    def name(self) -> str:  # type: ignore[override]
        """What it is called."""
        return self.called

    @property
    def built_in(self) -> bool:
        """See the base class."""
        return False

    @property
    def label(self) -> str:
        """A short name for tables and legends."""
        flips = self.plasticity.label
        return self.called if flips == "GD" else f"{self.called}, {flips}"

    def change(self, sight: Sight) -> Any:
        """See the base class."""
        return self.function(sight)


def _form(state: Any) -> str:
    """What a state consists of, in words: paths and shapes."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(state)
    found = {jax.tree_util.keystr(path): tuple(np.shape(leaf)) for path, leaf in leaves}
    return ", ".join(f"{path or 'an array'} of shape {shape}" for path, shape in found.items()) or "nothing"


def _same(value: Any, usual: Any) -> bool:
    try:
        return bool(value == usual)
    except (TypeError, ValueError):
        return False


def rule_of(given: Any) -> Any:
    """A rule from what a user gives: a `Plasticity` or a `LearningRule` as it is, a function as a rule of one's own."""
    if callable(given) and not isinstance(given, type | LearningRule | Plasticity):
        name = getattr(given, "__name__", "own rule")
        return OwnRule(given, "own rule" if name == "<lambda>" else name)
    return given


def mean_product(post: Any, pre: Any) -> Any:
    """⟨post preᵀ⟩ over the batch, (post, pre)."""
    return post.T @ pre / pre.shape[0]


def states_of(rule: LearningRule, layers: Sequence[Any]) -> tuple[Any, ...]:
    """The states of all layers at the start, as JAX arrays."""
    return tuple(jax.tree.map(jnp.asarray, rule.state(layer)) for layer in layers)


def named_states(states: Sequence[Any]) -> dict[str, Any]:
    """What a rule remembers of all layers, array by array, as a history calls it.

    Args:
        states: of every layer, each a pytree.

    Returns:
        "state_hidden" where a layer's state is one array, "state_hidden_trace" where that is its name or place there.

    Example:
        >>> list(named_states([{"trace": 0.0}, {"trace": 0.0}])), list(named_states([1.0, (2.0, 3.0)]))
        (['state_hidden_trace', 'state_readout_trace'], ['state_hidden', 'state_readout_0', 'state_readout_1'])
    """
    found = {}
    for layer, state in zip(layer_names(len(states)), states, strict=True):
        for path, leaf in jax.tree_util.tree_flatten_with_path(state)[0]:
            within = jax.tree_util.keystr(path, simple=True, separator="_")
            found["_".join(["state", layer, *([within] if within else [])])] = leaf
    return found
