"""The reference engine: `rule.update` batched over rules and trials, the whole epoch loop compiled by JAX."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from numpy.typing import NDArray

from curldescent import network
from curldescent.arithmetic import arithmetic
from curldescent.training.rule import Convention, Learning, Synapses, update
from curldescent.training.schedule import ORDER_BYTES, SampleOrders
from curldescent.training.setup import DIVERGENCE_BOUND, Experiment

MAX_CHUNK = 1024

# Of what a rule is made of, only the feedback differs between trials (these are axes for vmap, not arrays).
PER_TRIAL: Any = Learning(None, None, 0, None)  # type: ignore[arg-type]


class State(NamedTuple):
    """What an epoch changes; R rules × T trials lead every array."""

    weights: Synapses
    active: Any
    """Still learning: neither diverged nor stopped."""
    diverged_at: Any
    """Epoch of divergence, −1 where none."""


class Fixed(NamedTuple):
    """What an epoch only reads."""

    inputs: Any
    targets: Any
    learning: Learning
    norms: Any
    step: Any
    """η / P: an update over b samples takes b of these."""
    bound: Any
    """The largest magnitude a weight may have."""


class JaxEngine:
    """A run of an experiment that can be advanced epoch by epoch.

    Args:
        experiment: what to run.
        dtype: of all arithmetic, "float64" or "float32".
    """

    name = "jax"

    def __init__(self, experiment: Experiment, *, dtype: str = "float64") -> None:
        self._experiment = experiment
        self.epoch = 0
        e = experiment
        with arithmetic():
            cast = partial(jnp.asarray, dtype=dtype)
            lead = (e.rules, e.trials)
            weights = Synapses(*(jnp.broadcast_to(cast(w), (*lead, *w.shape[1:])) for w in (e.hidden, e.readout)))
            self._state = State(weights, jnp.ones(lead, bool), jnp.full(lead, -1))
            self._fixed = Fixed(
                inputs=cast(e.inputs),
                targets=jnp.broadcast_to(cast(e.targets), (e.trials, *e.targets.shape[1:])),
                learning=Learning(
                    cast(e.hidden_strengths), cast(e.readout_strengths), cast(e.feedback), jnp.asarray(e.aligned)
                ),
                norms=jnp.stack([jnp.sqrt(jnp.sum(w * w, axis=(-2, -1))) for w in weights], axis=-1),
                step=cast(e.learning_rate / e.samples),
                bound=cast(DIVERGENCE_BOUND[dtype]),
            )
            self._test = (
                None
                if e.test_inputs is None or e.test_targets is None
                else (
                    cast(e.test_inputs),
                    jnp.broadcast_to(cast(e.test_targets), (e.trials, *e.test_targets.shape[1:])),
                )
            )
            self._spread_over_devices()
        self._convention = Convention(e.activation, e.output_activation, e.output_error, e.preserve_norms)
        self._orders = None if e.full_batch else SampleOrders.of(e)
        per_epoch = 4 * e.trials * e.samples
        self._chunk = MAX_CHUNK if e.full_batch else max(1, min(MAX_CHUNK, ORDER_BYTES // per_epoch))
        self._no_orders = np.zeros((self._chunk, e.trials, 0), dtype=np.int32)

    def _spread_over_devices(self) -> None:
        """Share the trials out evenly over JAX's devices, as many of them as divide the trials."""
        devices = jax.devices()
        count = math.gcd(len(devices), self._experiment.trials)
        mesh = Mesh(np.array(devices[:count]), ("trials",))

        def place(axis: int | None) -> Callable[[Any], Any]:
            axes = () if axis is None else (*[None] * axis, "trials")
            sharding = NamedSharding(mesh, PartitionSpec(*axes))  # type: ignore[no-untyped-call]
            return lambda array: jax.device_put(array, sharding)

        everywhere, first, second = place(None), place(0), place(1)
        fixed = self._fixed
        self._place_orders = second
        self._state = jax.tree.map(second, self._state)
        self._fixed = Fixed(
            inputs=everywhere(fixed.inputs),
            targets=first(fixed.targets),
            learning=Learning(
                hidden=everywhere(fixed.learning.hidden),
                readout=everywhere(fixed.learning.readout),
                feedback=second(fixed.learning.feedback),
                aligned=everywhere(fixed.learning.aligned),
            ),
            norms=second(fixed.norms),
            step=everywhere(fixed.step),
            bound=everywhere(fixed.bound),
        )
        if self._test is not None:
            self._test = everywhere(self._test[0]), first(self._test[1])

    @property
    def device(self) -> str:
        """What it runs on."""
        devices = jnp.asarray(self._state.weights.hidden).devices()
        kinds = ", ".join(sorted({device.device_kind for device in devices}))
        return f"{len(devices)} × {kinds} through JAX"

    def advance(self, epochs: int) -> None:
        """Learn for that many more epochs."""
        while epochs > 0:
            count = min(epochs, self._chunk)
            orders = self._no_orders
            if self._orders is not None:
                # Always the same shape, so that nothing is compiled twice; only `count` rows are used.
                orders = np.zeros((self._chunk, self._experiment.trials, self._experiment.samples), dtype=np.int32)
                orders[:count] = self._orders.take(count)
            with arithmetic():
                self._state = _advance(
                    self._state,
                    self._fixed,
                    self._place_orders(orders),
                    self.epoch,
                    count,
                    self._experiment.batch,
                    self._convention,
                )
            self.epoch += count
            epochs -= count

    def errors(self) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """Training and test error of the present weights, each (R, T); no test error without test inputs."""
        c = self._convention
        with arithmetic():
            both = [
                None if data is None else np.asarray(_errors(self._state.weights, *data, c), dtype=np.float64)
                for data in ((self._fixed.inputs, self._fixed.targets), self._test)
            ]
        train, test = both
        assert train is not None
        return train, test

    def weights(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """W1 (R, T, N, M) and W2 (R, T, O, N); NaN for diverged trials."""
        with arithmetic():
            hidden, readout = (np.asarray(layer, dtype=np.float64) for layer in self._state.weights)
        return hidden, readout

    @property
    def active(self) -> NDArray[np.bool_]:
        """Which trials still learn, (R, T)."""
        with arithmetic():
            return np.asarray(self._state.active)

    @property
    def diverged_at(self) -> NDArray[np.int64]:
        """The epoch each trial diverged at, (R, T); −1 where it did not."""
        with arithmetic():
            return np.asarray(self._state.diverged_at, dtype=np.int64)

    def stop(self, which: NDArray[np.bool_], *, diverged: bool = False) -> None:
        """Freeze trials, (R, T) mask; as diverged at the present epoch where that is why."""
        with arithmetic():
            mask = jnp.asarray(which)
            weights, active, diverged_at = self._state
            if diverged:
                weights = Synapses(*(jnp.where(mask[..., None, None], jnp.nan, w) for w in weights))
                diverged_at = jnp.where(mask, self.epoch, diverged_at)
            self._state = State(weights, active & ~mask, diverged_at)


@partial(jax.jit, static_argnames=("batch", "convention"), donate_argnums=0)
def _advance(
    state: State, fixed: Fixed, orders: Any, start: int, count: int, batch: int, convention: Convention
) -> State:
    one_trial = partial(_one_epoch, inputs=fixed.inputs, step=fixed.step, batch=batch, convention=convention)
    over_trials = jax.vmap(one_trial, in_axes=(0, PER_TRIAL, 0, 0, 0))
    over_rules = jax.vmap(over_trials, in_axes=(0, 0, 0, None, None))

    def epoch(i: Any, state: State) -> State:
        moved = over_rules(state.weights, fixed.learning, fixed.norms, fixed.targets, orders[i])
        # The largest magnitude is NaN where any weight is, and NaN fails the comparison.
        within = [jnp.max(jnp.abs(layer), axis=(-2, -1)) <= fixed.bound for layer in moved]
        broken = state.active & ~(within[0] & within[1])

        def settle(new: Any, old: Any) -> Any:
            now = jnp.where(state.active[..., None, None], new, old)
            return jnp.where(broken[..., None, None], jnp.nan, now)

        weights = Synapses(*(settle(new, old) for new, old in zip(moved, state.weights, strict=True)))
        return State(weights, state.active & ~broken, jnp.where(broken, start + i + 1, state.diverged_at))

    return lax.fori_loop(0, count, epoch, state)


def _one_epoch(
    weights: Synapses,
    learning: Learning,
    norms: Any,
    targets: Any,
    order: Any,
    *,
    inputs: Any,
    step: Any,
    batch: int,
    convention: Convention,
) -> Synapses:
    samples = inputs.shape[0]
    if batch == samples:
        return update(weights, learning, norms, inputs, targets, step * samples, convention)

    def learn(weights: Synapses, chosen: Any) -> Synapses:
        size = step * chosen.shape[0]
        return update(weights, learning, norms, inputs[chosen], targets[chosen], size, convention)

    whole = samples // batch
    chosen = order[: whole * batch].reshape(whole, batch)
    weights = lax.fori_loop(0, whole, lambda i, w: learn(w, chosen[i]), weights)
    # The last, smaller batch takes a step of its own size: an epoch's steps add up to the learning rate.
    return weights if whole * batch == samples else learn(weights, order[whole * batch :])


@partial(jax.jit, static_argnames="convention")
def _errors(weights: Synapses, inputs: Any, targets: Any, convention: Convention) -> Any:
    _, output = network.outputs(
        inputs, weights.hidden, weights.readout, convention.activation, convention.output_activation, jnp
    )
    return network.error(output, targets, jnp)
