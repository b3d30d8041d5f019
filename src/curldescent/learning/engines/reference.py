"""The reference engine: every rule as it is written, the whole epoch loop compiled by JAX.

It runs what the others refuse: any number of layers, any activation, loss and rule, and optax's transformations of the
updates.

On CPUs every student runs through the same compiled program by itself: faster than a batch of them, and a student's
numbers cannot depend on the others. Accelerators take all students at once, where XLA may round differently from one
number of students to another.
"""

import math
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from numpy.typing import NDArray

from curldescent.foundation.arithmetic import arithmetic
from curldescent.learning.engines.reference_program import Data, State, Way, programs
from curldescent.learning.experiment import DIVERGENCE_BOUND, Experiment
from curldescent.learning.rules.contract import named_states, states_of
from curldescent.learning.rules.signed_gradient import Convention, Learning
from curldescent.learning.schedule import ORDER_BYTES, SampleOrders
from curldescent.model.losses import mean_loss

Array = NDArray[np.float64]

MAX_CHUNK = 1024

# Bytes of the orders that one student is handed at a time.
STUDENT_ORDER_BYTES = 2**17


class Block(NamedTuple):
    """Students that go through one program together: one of them, or all rules × trials."""

    where: tuple[Any, Any]
    """Their places among the rules and trials: two numbers, or two slices."""
    data: Data
    test: Any
    place_orders: Callable[[Any], Any]
    transform: Any


def refusal(experiment: Experiment, dtype: str) -> str | None:
    """See `contract.Kind`: it runs everything."""
    return None


def worth(experiment: Experiment, epochs: int) -> bool:
    """See `contract.Kind`."""
    return True


def way(experiment: Experiment) -> object:
    """See `contract.Kind`: one program runs one rule."""
    return experiment.kinds[0]


def build(experiment: Experiment, *, dtype: str, threads: int | None) -> "JaxEngine":
    """See `contract.Kind`; JAX has its own threads."""
    return JaxEngine(experiment, dtype=dtype)


class JaxEngine:
    """A run of an experiment whose rules are all signed gradients or all one other rule; an `Engine`.

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
        self._convention = Convention(e.activation, e.output_activation, e.output_error, e.preserve_norms, e.loss)
        self._rule = e.kinds[0]
        # Transformations that differ between trials cannot go through one program for all of them.
        self._own_transforms = e.transform is not None and not hasattr(e.transform, "update")
        self._orders = None if e.full_batch else SampleOrders.of(e)
        with arithmetic():
            devices = jax.devices()
            self._devices = devices[: math.gcd(len(devices), e.trials)]
            one_by_one = devices[0].platform == "cpu" or self._own_transforms
            self._blocks = list(self._single_students()) if one_by_one else [self._all_students()]
            self._states = [self._initial(block) for block in self._blocks]
        # The shape of what a program is handed must not depend on how many students there are.
        per_epoch = 4 * e.samples
        self._rows = MAX_CHUNK if e.full_batch else max(1, min(MAX_CHUNK, STUDENT_ORDER_BYTES // per_epoch))
        self._chunk = self._rows if e.full_batch else max(1, min(self._rows, ORDER_BYTES // (per_epoch * e.trials)))
        shapes = (*e.inputs.shape, *e.sizes, *lead[: 2 * (not one_by_one)], self._rows, dtype)
        # What a user's function reads may have changed since it was compiled for another run.
        compiled = lru_cache(programs.__wrapped__) if e.own_functions else programs
        self._programs = [
            compiled(
                batched=not one_by_one,
                way=Way(self._convention, e.batch, self._rule, getattr(block.transform, "update", None)),
                shapes=shapes,
            )
            for block in self._blocks
        ]

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
                tuple(cast(s[rules]) for s in e.strengths),
                tuple(cast(b[rules, trials]) for b in e.feedback),
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
            transform = e.transform(e.first_trial + trial) if self._own_transforms else e.transform
            yield Block((rule, trial), data, None if test is None else (test_inputs, put(test[1])), put, transform)

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
                    strengths=tuple(map(everywhere, data.learning.strengths)),
                    feedback=tuple(map(second, data.learning.feedback)),
                    aligned=everywhere(data.learning.aligned),
                ),
                norms=first(data.norms),
                step=everywhere(data.step),
                bound=everywhere(data.bound),
            ),
            test=None if test is None else (everywhere(test[0]), first(test[1])),
            place_orders=second,
            transform=self._experiment.transform,
        )

    def _initial(self, block: Block) -> State:
        e, (rules, trials) = self._experiment, block.where
        layers = []
        for layer in e.layers:
            spread = np.broadcast_to(layer, (e.rules, *layer.shape))
            # Where the targets are, so are the weights.
            layers.append(self._beside(block, self._cast(spread[rules, trials])))

        def start(layers: Any) -> tuple[Any, Any]:
            remembered = () if self._rule is None else states_of(self._rule, layers)
            return remembered, () if block.transform is None else block.transform.init(layers)

        if not isinstance(rules, int):
            start = jax.vmap(jax.vmap(start))
        return State(tuple(layers), *start(tuple(layers)))

    def _beside(self, block: Block, layer: Any) -> Any:
        """A layer on the block's device, or shared out over the devices as its targets are."""
        if isinstance(block.where[0], int):
            return jax.device_put(layer, block.data.targets.sharding)
        # Rules lead trials, as in what the orders and feedback of a block are.
        return block.place_orders(layer)

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
            advance, _ = self._programs[number]
            self._states[number], broken[number] = advance(
                self._states[number], block.data, block.place_orders(orders), active, np.int32(count)
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
            for number, block in enumerate(self._blocks):
                train[block.where] = self._error(number, (block.data.inputs, block.data.targets))
                if test is not None:
                    test[block.where] = self._error(number, block.test)
        return train, test

    def _error(self, number: int, samples: Any) -> Array:
        layers, where = self._states[number].layers, self._blocks[number].where
        found = np.asarray(self._programs[number][1](layers, *samples), dtype=np.float64)
        lost = ~np.isfinite(found) & (self._diverged_at[where] < 0)
        if self._dtype == np.float32 and lost.any():
            # Weights that single precision holds may still have an error that it does not.
            inputs, targets = (np.asarray(a, dtype=np.float64) for a in samples)
            wide = [np.asarray(layer, dtype=np.float64) for layer in layers]
            c = self._convention
            with np.errstate(all="ignore"):
                mean = mean_loss(c.loss, inputs, wide, targets, c.activation, c.output_activation)
                found = np.where(lost, mean, found)
        return found

    def weights(self) -> tuple[Array, ...]:
        """Every layer's weights, (R, T, post, pre); NaN for diverged trials."""
        e = self._experiment
        whole = [np.empty((e.rules, *layer.shape)) for layer in e.layers]
        for block, state in zip(self._blocks, self._states, strict=True):
            for layer, own in zip(whole, state.layers, strict=True):
                layer[block.where] = own
        return tuple(whole)

    def states(self) -> dict[str, Array]:
        """What the rule remembers beside the weights, each (R, T, …); NaN for diverged trials."""
        found: dict[str, Array] = {}
        for block, state in zip(self._blocks, self._states, strict=True):
            lead = 0 if isinstance(block.where[0], int) else 2
            for name, leaf in named_states(state.remembered).items() if self._rule is not None else ():
                whole = found.setdefault(name, np.empty((*self._active.shape, *np.shape(leaf)[lead:])))
                whole[block.where] = leaf
        for whole in found.values():
            whole[self._diverged_at >= 0] = np.nan
        return found

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
                    state = self._states[number]
                    lost = [np.where(mask[..., None, None], np.nan, layer) for layer in state.layers]
                    layers = tuple(self._beside(block, self._cast(layer)) for layer in lost)
                    self._states[number] = state._replace(layers=layers)
