"""What the reference engine compiles: a block of students through epochs, and their errors."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from curldescent.learning.rules.contract import LearningRule
from curldescent.learning.rules.signed_gradient import Convention, Learning, gradients, normed, update
from curldescent.model.losses import mean_loss

# Programs kept for runs of the same shapes; each holds some 10 MB. The others are compiled again when they return.
PROGRAMS = 8


class Data(NamedTuple):
    """What an epoch only reads; trials lead where a block holds several."""

    inputs: Any
    targets: Any
    learning: Learning
    norms: Any
    step: Any
    """η / P: an update over b samples takes b of these."""
    bound: Any
    """The largest magnitude a weight may have."""


# Axes for vmap, over trials and over rules: what differs between them.
_PER_TRIAL: Any = Data(None, 0, Learning(None, 0, None), 0, None, None)  # type: ignore[arg-type]
_PER_RULE: Any = Data(None, None, Learning(0, 0, 0), None, None, None)  # type: ignore[arg-type]


class State(NamedTuple):
    """What moves while a student learns."""

    layers: Any
    """W1, W2, …"""
    remembered: Any
    """What the rule remembers, layer by layer; () for signed gradients."""
    transform: Any
    """The state of the transformation of updates; () without one."""


class Way(NamedTuple):
    """How one student learns: static, the same for all students of a run."""

    convention: Convention
    batch: int
    rule: LearningRule | None
    transform: Any
    """The update function of an optax transformation."""


@lru_cache(maxsize=PROGRAMS)
def programs(*, batched: bool, way: Way, shapes: tuple[Any, ...]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What takes a block through epochs, and what finds its errors, compiled for one set of shapes.

    JAX keeps what it compiled for as long as the function lives: functions of their own for each set of shapes are
    what can be forgotten.

    Args:
        batched: whether a block holds rules × trials.
        way: the static choices.
        shapes: everything else that the compiled code depends on.

    Returns:
        (state, data, orders, active, count) → state, the epoch of divergence among these or 0; and
        (layers, inputs, targets) → errors.
    """
    one = partial(_epochs, way=way)

    def errors(layers: Any, inputs: Any, targets: Any) -> Any:
        c = way.convention
        return mean_loss(c.loss, inputs, layers, targets, c.activation, c.output_activation, jnp)

    if batched:
        trials = jax.vmap(one, in_axes=(0, _PER_TRIAL, 1, 0, None))
        one = jax.vmap(trials, in_axes=(0, _PER_RULE, None, 0, None))
    return jax.jit(one, donate_argnums=0), jax.jit(errors)


def _epochs(state: State, data: Data, orders: Any, active: Any, count: Any, *, way: Way) -> tuple[State, Any]:
    """One student through `count` epochs, and the one it diverged in, 0 for none."""

    def epoch(i: Any, carried: tuple[State, Any]) -> tuple[State, Any]:
        state, broken = carried
        moved = _one_epoch(state, data, orders[i], way)
        # The largest magnitude is NaN where any weight is, and NaN fails the comparison.
        within = jnp.array([jnp.max(jnp.abs(layer)) <= data.bound for layer in moved.layers])
        learning = active & (broken == 0)
        breaks = learning & ~jnp.all(within)

        def settle(new: Any, old: Any) -> Any:
            return jnp.where(learning, new, old)

        layers = jax.tree.map(lambda new, old: jnp.where(breaks, jnp.nan, settle(new, old)), moved.layers, state.layers)
        rest = jax.tree.map(settle, moved[1:], state[1:])
        return State(layers, *rest), jnp.where(breaks, i + 1, broken)

    return lax.fori_loop(0, count, epoch, (state, jnp.int32(0)))


def _one_epoch(state: State, data: Data, order: Any, way: Way) -> State:
    samples, batch = data.inputs.shape[0], way.batch
    if batch == samples:
        return _moved(state, data, data.inputs, data.targets, data.step * samples, way)

    def learn(state: State, chosen: Any) -> State:
        return _moved(state, data, data.inputs[chosen], data.targets[chosen], data.step * chosen.shape[0], way)

    whole = samples // batch
    chosen = order[: whole * batch].reshape(whole, batch)
    state = lax.fori_loop(0, whole, lambda i, s: learn(s, chosen[i]), state)
    # The last, smaller batch takes a step of its own size: an epoch's steps add up to the learning rate.
    return state if whole * batch == samples else learn(state, order[whole * batch :])


def _moved(state: State, data: Data, inputs: Any, targets: Any, step: Any, way: Way) -> State:
    """One update of one student."""
    layers, remembered, transform = state
    c = way.convention
    if way.rule is None and way.transform is None:
        return State(update(layers, data.learning, data.norms, inputs, targets, step, c), remembered, transform)
    # What learning subtracts, per unit of step: S ∘ signal.
    if way.rule is None:
        signals = gradients(layers, data.learning, inputs, targets, c)
        descent = tuple(s * g for s, g in zip(data.learning.strengths, signals, strict=True))
    else:
        changes, drifts = way.rule.velocity(layers, remembered, data.learning, inputs, targets, c)
        descent = tuple(-change for change in changes)
        remembered = jax.tree.map(lambda a, b: a + step * b, remembered, drifts)
    if way.transform is not None:
        descent, transform = way.transform(descent, transform, layers)
    layers = tuple(w - step * d for w, d in zip(layers, descent, strict=True))
    return State(normed(layers, data.norms) if c.preserve_norms else layers, remembered, transform)
