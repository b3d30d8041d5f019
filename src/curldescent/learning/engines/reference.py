"""The reference engine: `rule.update` as it is written, the whole epoch loop compiled by JAX.

On CPUs every student runs through the same compiled program by itself: faster than a batch of them, and a student's
numbers cannot depend on the others. Accelerators take all students at once, where XLA may round differently from one
number of students to another.
"""

import math
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from numpy.typing import NDArray

from curldescent.foundation.arithmetic import arithmetic
from curldescent.learning.experiment import DIVERGENCE_BOUND, Experiment
from curldescent.learning.rules.signed_gradient import Convention, Learning, Synapses, update
from curldescent.learning.schedule import ORDER_BYTES, SampleOrders
from curldescent.model import forward

Array = NDArray[np.float64]

MAX_CHUNK = 1024

# Programs kept for runs of the same shapes; each holds some 10 MB. The others are compiled again when they return.
PROGRAMS = 8

# Bytes of the orders that one student is handed at a time.
STUDENT_ORDER_BYTES = 2**17


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
_PER_TRIAL: Any = Data(None, 0, Learning(None, None, 0, None), 0, None, None)  # type: ignore[arg-type]
_PER_RULE: Any = Data(None, None, Learning(0, 0, 0, 0), None, None, None)  # type: ignore[arg-type]


class Block(NamedTuple):
    """Students that go through one program together: one of them, or all rules × trials."""

    where: tuple[Any, Any]
    """Their places among the rules and trials: two numbers, or two slices."""
    data: Data
    test: Any
    place_orders: Callable[[Any], Any]


class JaxEngine:
    """A run of an experiment that can be advanced epoch by epoch.

    Args:
        experiment: what to run.
        dtype: of all arithmetic, "float64" or "float32".
    """

    name = "jax"

    def __init__(self, experiment: Experiment, *, dtype: str = "float64") -> None:
        e = self._experiment = experiment
        self.epoch = 0
        lead = (e.rules, e.trials)
        self._dtype = np.dtype(dtype)
        self._active = np.ones(lead, dtype=bool)
        self._diverged_at = np.full(lead, -1, dtype=np.int64)
        self._convention = Convention(e.activation, e.output_activation, e.output_error, e.preserve_norms)
        self._orders = None if e.full_batch else SampleOrders.of(e)
        with arithmetic():
            devices = jax.devices()
            self._devices = devices[: math.gcd(len(devices), e.trials)]
            one_by_one = devices[0].platform == "cpu"
            self._blocks = list(self._single_students()) if one_by_one else [self._all_students()]
            self._weights = [self._initial(block) for block in self._blocks]
        # The shape of what a program is handed must not depend on how many students there are.
        per_epoch = 4 * e.samples
        self._rows = MAX_CHUNK if e.full_batch else max(1, min(MAX_CHUNK, STUDENT_ORDER_BYTES // per_epoch))
        self._chunk = self._rows if e.full_batch else max(1, min(self._rows, ORDER_BYTES // (per_epoch * e.trials)))
        self._advance, self._errors = _programs(
            batched=not one_by_one,
            batch=e.batch,
            convention=self._convention,
            shapes=(*e.inputs.shape, *e.readout.shape[1:], *lead[: 2 * (not one_by_one)], self._rows, dtype),
        )

    def _cast(self, array: Any) -> Any:
        return np.ascontiguousarray(array, dtype=self._dtype)

    def _data(self, rules: Any, trials: Any) -> tuple[Data, Any]:
        """What some students read, and the test samples."""
        e, cast = self._experiment, self._cast
        targets = np.broadcast_to(e.targets, (e.trials, *e.targets.shape[1:]))
        data = Data(
            inputs=cast(e.inputs),
            targets=cast(targets[trials]),
            learning=Learning(
                cast(e.hidden_strengths[rules]),
                cast(e.readout_strengths[rules]),
                cast(e.feedback[rules, trials]),
                np.asarray(e.aligned[rules]),
            ),
            norms=cast(e.norms[trials]),
            step=self._dtype.type(e.learning_rate / e.samples),
            bound=self._dtype.type(DIVERGENCE_BOUND[self._dtype.name]),
        )
        if e.test_inputs is None or e.test_targets is None:
            return data, None
        test_targets = np.broadcast_to(e.test_targets, (e.trials, *e.test_targets.shape[1:]))
        return data, (cast(e.test_inputs), cast(test_targets[trials]))

    def _single_students(self) -> Iterator[Block]:
        """A block for every student; trials are shared out evenly over JAX's devices, as many as divide them."""
        e, shared = self._experiment, {}
        for rule, trial in np.ndindex(e.rules, e.trials):
            device = self._devices[trial * len(self._devices) // e.trials]
            put = partial(jax.device_put, device=device)
            data, test = self._data(rule, trial)
            # Inputs are the same for all: once on every device.
            if device not in shared:
                shared[device] = put(data.inputs), None if test is None else put(test[0])
            inputs, test_inputs = shared[device]
            data = jax.tree.map(put, data._replace(inputs=inputs))
            yield Block((rule, trial), data, None if test is None else (test_inputs, put(test[1])), put)

    def _all_students(self) -> Block:
        """One block, its trials shared out evenly over JAX's devices, as many of them as divide the trials."""
        mesh = Mesh(np.array(self._devices), ("trials",))

        def place(axis: int | None) -> Callable[[Any], Any]:
            axes = () if axis is None else (*[None] * axis, "trials")
            sharding = NamedSharding(mesh, PartitionSpec(*axes))  # type: ignore[no-untyped-call]
            return lambda array: jax.device_put(array, sharding)

        everywhere, first, second = place(None), place(0), place(1)
        data, test = self._data(slice(None), slice(None))
        return Block(
            where=(slice(None), slice(None)),
            data=Data(
                inputs=everywhere(data.inputs),
                targets=first(data.targets),
                learning=Learning(
                    hidden=everywhere(data.learning.hidden),
                    readout=everywhere(data.learning.readout),
                    feedback=second(data.learning.feedback),
                    aligned=everywhere(data.learning.aligned),
                ),
                norms=first(data.norms),
                step=everywhere(data.step),
                bound=everywhere(data.bound),
            ),
            test=None if test is None else (everywhere(test[0]), first(test[1])),
            place_orders=second,
        )

    def _initial(self, block: Block) -> Synapses:
        e, (rules, trials) = self._experiment, block.where
        layers = []
        for layer in (e.hidden, e.readout):
            spread = np.broadcast_to(layer, (e.rules, *layer.shape))
            layers.append(self._cast(spread[rules, trials]))
        # Where the targets are, so are the weights.
        return Synapses(*(self._beside(block, layer) for layer in layers))

    def _beside(self, block: Block, layer: Any) -> Any:
        """A layer on the block's device, or shared out over the devices as its feedback is."""
        place: Any = block.data.learning.feedback
        return jax.device_put(layer, place.sharding)

    @property
    def device(self) -> str:
        """What it runs on."""
        kinds = ", ".join(sorted({device.device_kind for device in self._devices}))
        return f"{len(self._devices)} × {kinds} through JAX"

    def advance(self, epochs: int) -> None:
        """Learn for that many more epochs."""
        while epochs > 0:
            count = min(epochs, self._chunk)
            drawn = None if self._orders is None else self._orders.take(count, np.any(self._active, axis=0))
            with arithmetic():
                self._all_through(count, drawn)
            self.epoch += count
            epochs -= count

    def _all_through(self, count: int, drawn: NDArray[np.int32] | None) -> None:
        """Take every active student through `count` epochs."""
        broken: dict[int, Any] = {}
        for number, block in enumerate(self._blocks):
            active = self._active[block.where]
            if not active.any():
                continue
            # Always the same shape, so that nothing is compiled twice; only `count` rows are used.
            orders = self._no_orders(block)
            if drawn is not None:
                orders[:count] = drawn[:, block.where[1]]
            self._weights[number], broken[number] = self._advance(
                self._weights[number], block.data, block.place_orders(orders), active, np.int32(count)
            )
        for number, at in broken.items():
            where, at = self._blocks[number].where, np.asarray(at)
            self._diverged_at[where] = np.where(at > 0, self.epoch + at, self._diverged_at[where])
            self._active[where] &= at == 0

    def _no_orders(self, block: Block) -> NDArray[np.int32]:
        trials = () if isinstance(block.where[1], int) else (self._experiment.trials,)
        return np.zeros((self._rows, *trials, 0 if self._orders is None else self._experiment.samples), dtype=np.int32)

    def errors(self) -> tuple[Array, Array | None]:
        """Training and test error of the present weights, each (R, T); no test error without test inputs."""
        train = np.empty(self._active.shape)
        test = None if self._experiment.test_inputs is None else np.empty(self._active.shape)
        with arithmetic():
            for block, weights in zip(self._blocks, self._weights, strict=True):
                train[block.where] = self._error(block, weights, (block.data.inputs, block.data.targets))
                if test is not None:
                    test[block.where] = self._error(block, weights, block.test)
        return train, test

    def _error(self, block: Block, weights: Synapses, samples: Any) -> Array:
        found = np.asarray(self._errors(weights, *samples), dtype=np.float64)
        lost = ~np.isfinite(found) & (self._diverged_at[block.where] < 0)
        if self._dtype == np.float32 and lost.any():
            # Weights that single precision holds may still have an error that it does not.
            c = self._convention
            inputs, targets, hidden, readout = (np.asarray(a, dtype=np.float64) for a in (*samples, *weights))
            with np.errstate(all="ignore"):
                _, output = forward.outputs(inputs, hidden, readout, c.activation, c.output_activation)
                found = np.where(lost, forward.error(output, targets), found)
        return found

    def weights(self) -> tuple[Array, Array]:
        """W1 (R, T, N, M) and W2 (R, T, O, N); NaN for diverged trials."""
        e = self._experiment
        whole = [np.empty((e.rules, *layer.shape)) for layer in (e.hidden, e.readout)]
        for block, weights in zip(self._blocks, self._weights, strict=True):
            for layer, own in zip(whole, weights, strict=True):
                layer[block.where] = own
        return whole[0], whole[1]

    @property
    def active(self) -> NDArray[np.bool_]:
        """Which trials still learn, (R, T)."""
        return self._active.copy()

    @property
    def diverged_at(self) -> NDArray[np.int64]:
        """The epoch each trial diverged at, (R, T); −1 where it did not."""
        return self._diverged_at.copy()

    def stop(self, which: NDArray[np.bool_], *, diverged: bool = False) -> None:
        """Freeze trials, (R, T) mask; as diverged at the present epoch where that is why."""
        self._active &= ~which
        if not diverged:
            return
        self._diverged_at[which] = self.epoch
        with arithmetic():
            for number, block in enumerate(self._blocks):
                mask = which[block.where]
                if mask.any():
                    lost = [np.where(mask[..., None, None], np.nan, layer) for layer in self._weights[number]]
                    self._weights[number] = Synapses(*(self._beside(block, self._cast(layer)) for layer in lost))


@lru_cache(maxsize=PROGRAMS)
def _programs(
    *, batched: bool, batch: int, convention: Convention, shapes: tuple[Any, ...]
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What takes a block through epochs, and what finds its errors, compiled for one set of shapes.

    JAX keeps what it compiled for as long as the function lives: functions of their own for each set of shapes are
    what can be forgotten.

    Args:
        batched: whether a block holds rules × trials.
        batch: b.
        convention: the static choices.
        shapes: everything else that the compiled code depends on.

    Returns:
        (weights, data, orders, active, count) → weights, the epoch of divergence among these or 0; and
        (weights, inputs, targets) → errors.
    """
    one = partial(_epochs, batch=batch, convention=convention)

    def errors(weights: Synapses, inputs: Any, targets: Any) -> Any:
        _, output = forward.outputs(
            inputs, weights.hidden, weights.readout, convention.activation, convention.output_activation, jnp
        )
        return forward.error(output, targets, jnp)

    if batched:
        trials = jax.vmap(one, in_axes=(0, _PER_TRIAL, 1, 0, None))
        one = jax.vmap(trials, in_axes=(0, _PER_RULE, None, 0, None))
    return jax.jit(one, donate_argnums=0), jax.jit(errors)


def _epochs(
    weights: Synapses, data: Data, orders: Any, active: Any, count: Any, *, batch: int, convention: Convention
) -> tuple[Synapses, Any]:
    """One student through `count` epochs, and the one it diverged in, 0 for none."""

    def epoch(i: Any, state: tuple[Synapses, Any]) -> tuple[Synapses, Any]:
        weights, broken = state
        moved = _one_epoch(weights, data, orders[i], batch=batch, convention=convention)
        # The largest magnitude is NaN where any weight is, and NaN fails the comparison.
        within = [jnp.max(jnp.abs(layer)) <= data.bound for layer in moved]
        learning = active & (broken == 0)
        breaks = learning & ~(within[0] & within[1])

        def settle(new: Any, old: Any) -> Any:
            return jnp.where(breaks, jnp.nan, jnp.where(learning, new, old))

        weights = Synapses(*(settle(new, old) for new, old in zip(moved, weights, strict=True)))
        return weights, jnp.where(breaks, i + 1, broken)

    return lax.fori_loop(0, count, epoch, (weights, jnp.int32(0)))


def _one_epoch(weights: Synapses, data: Data, order: Any, *, batch: int, convention: Convention) -> Synapses:
    samples = data.inputs.shape[0]
    if batch == samples:
        step = data.step * samples
        return update(weights, data.learning, data.norms, data.inputs, data.targets, step, convention)

    def learn(weights: Synapses, chosen: Any) -> Synapses:
        step = data.step * chosen.shape[0]
        inputs, targets = data.inputs[chosen], data.targets[chosen]
        return update(weights, data.learning, data.norms, inputs, targets, step, convention)

    whole = samples // batch
    chosen = order[: whole * batch].reshape(whole, batch)
    weights = lax.fori_loop(0, whole, lambda i, w: learn(w, chosen[i]), weights)
    # The last, smaller batch takes a step of its own size: an epoch's steps add up to the learning rate.
    return weights if whole * batch == samples else learn(weights, order[whole * batch :])
