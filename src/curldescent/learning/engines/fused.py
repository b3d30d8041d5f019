"""The CPU engine: compiled kernels that take one student through whole epochs, students spread over threads."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation.cores import available_cores
from curldescent.learning.engines.fused_students import Students, factored, students
from curldescent.learning.engines.kernels import linear, nonlinear
from curldescent.learning.engines.kernels.evaluation import evaluate, evaluate_linear
from curldescent.learning.engines.kernels.layout import Layout, lay_out
from curldescent.learning.engines.kernels.simd import aligned, padded
from curldescent.learning.experiment import DIVERGENCE_BOUND, Experiment
from curldescent.learning.schedule import ORDER_BYTES, SampleOrders
from curldescent.model.activations import of
from curldescent.model.losses import SQUARED

Array = NDArray[np.float64]

# Pieces of work per thread: students that stop early leave threads idle unless there are more pieces than threads.
PIECES_PER_THREAD = 4


# Inputs of other magnitudes leave double precision in moments and signals long before they do so in drives.
_ORDINARY_INPUTS = 1e-100, 1e100


def takes_one_sweep(experiment: Experiment) -> bool:
    """Whether `linear` can run the experiment, as far as that does not depend on the rules."""
    e = experiment
    smallest, largest = _ORDINARY_INPUTS
    magnitude = float(np.abs(e.inputs).max())
    ordinary = magnitude == 0 or smallest <= magnitude <= largest
    return e.activation == "linear" and e.readout.shape[1] == 1 and ordinary


def refusal(experiment: Experiment, dtype: str) -> str | None:
    """See `contract.Kind`."""
    e = experiment
    if dtype != "float64":
        return f"computes in float64, got dtype {dtype!r}"
    if len(e.layers) != 2:
        return f"runs students with two layers, got {len(e.layers)}"
    if any(kind is not None for kind in e.kinds):
        return "runs signed gradients, cd.Plasticity"
    if e.transform is not None:
        return "has no transformations of updates"
    if e.loss != SQUARED:
        return f"has the squared loss, got {e.loss}"
    for activation in (e.activation, e.output_activation):
        if of(activation).kernel is None:
            return f"has no kernel for the activation {activation}"
    return None


def worth(experiment: Experiment, epochs: int) -> bool:
    """See `contract.Kind`; nothing on a CPU is faster in general."""
    return True


def way(experiment: Experiment) -> object:
    """See `contract.Kind`: strengths per synapse go through another loop."""
    return factored(experiment.hidden_strengths[0]) is None


def build(experiment: Experiment, *, dtype: str, threads: int | None) -> "FusedEngine":
    """See `contract.Kind`."""
    return FusedEngine(experiment, threads=threads)


class FusedEngine:
    """A run of an experiment through the fused kernels; an `Engine`.

    A student's numbers do not depend on the number of threads, on how often one looks, or on the other students as long
    as all rules go the same way: `registry.built` puts those together that do.

    Args:
        experiment: what to run.
        threads: how many threads; None for all cores.
        start: the students, where they are not those of the experiment (see `reduced`).
    """

    name = "fused"

    def __init__(self, experiment: Experiment, *, threads: int | None = None, start: Students | None = None) -> None:
        e = self._experiment = experiment
        begin = students(e) if start is None else start
        self.epoch = 0
        self.threads = available_cores() if threads is None else threads
        self._pool: ThreadPoolExecutor | None = None
        self._specialised = takes_one_sweep(e) and begin.per_synapse is None
        self._state = lay_out(begin, transposed=not self._specialised)
        self._norms = e.norms
        self._active = np.ones((e.rules, e.trials), dtype=bool)
        self._diverged_at = np.full((e.rules, e.trials), -1, dtype=np.int64)
        self._train = _Samples(e.inputs, e.targets, self._state, e.trials)
        self._test: _Samples | None = None
        if e.test_inputs is not None and e.test_targets is not None:
            self._test = _Samples(e.test_inputs, e.test_targets, self._state, e.trials)
        self._covariance, self._correlation = self._second_moments()
        self._orders = None if e.full_batch else SampleOrders.of(e)
        self._chunk = max(1, ORDER_BYTES // (4 * e.trials * e.samples))

    @property
    def device(self) -> str:
        """What it runs on."""
        return f"cpu, {self.threads} thread{'s' if self.threads > 1 else ''}"

    def _second_moments(self) -> tuple[Array, Array]:
        """η Σ̂ and η⟨x y⟩ for full batches of linear students where that is cheaper than the samples; else empty."""
        e, width = self._experiment, self._state.width
        inputs = e.inputs.shape[1]
        worth = self._specialised and e.full_batch and e.output_activation == "linear" and inputs <= 2 * e.samples
        covariance, correlation = aligned(inputs * width if worth else 0), aligned(e.trials, width)
        if worth:
            step = e.learning_rate / e.samples
            # What overflows here is more than any update can hold: found in the first epoch, as a divergence.
            with np.errstate(over="ignore", invalid="ignore"):
                covariance.reshape(inputs, width)[:, :inputs] = step * (e.inputs.T @ e.inputs)
                # Trial by trial: one product for all of them would add up in an order that depends on their number.
                correlation[:, :inputs] = step * (e.targets[:, None, :, 0] @ e.inputs)[:, 0]
        return covariance, correlation

    def advance(self, epochs: int) -> None:
        """Learn for that many more epochs."""
        while epochs > 0:
            count = epochs if self._orders is None else min(epochs, self._chunk)
            if self._orders is None:
                order = np.arange(self._experiment.samples, dtype=np.int32)[None, None]
            else:
                order = self._orders.take(count, np.any(self._active, axis=0), self._map)
            self._all_through(count, order)
            self.epoch += count
            epochs -= count

    def _all_through(self, count: int, order: NDArray[np.int32]) -> None:
        """Take every active student through `count` epochs, or to the epoch it diverges at."""
        size = self._active.size
        at, done, suspect = np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size, np.bool_)
        waiting = np.flatnonzero(self._active)
        while waiting.size:
            # All start together; later rounds hold the few whose kernel came back early.
            begin = int(at[waiting].min())
            group = waiting[at[waiting] == begin]
            rest = order if self._orders is None else order[begin:]
            pieces = np.array_split(group, min(len(group), self.threads * PIECES_PER_THREAD))
            self._map(partial(self._kernel, done, suspect, count - begin, rest), pieces)
            at[group] += done[group]
            for task in group[suspect[group]]:
                if not self._within_bounds(task):
                    self._mark_diverged(task, self.epoch + int(at[task]))
                    at[task] = count
            waiting = waiting[at[waiting] < count]

    def _map(self, work: Callable[[Any], object], pieces: Sequence[Any]) -> None:
        if self.threads == 1 or len(pieces) == 1:
            for piece in pieces:
                work(piece)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads)
        list(self._pool.map(work, pieces))

    def _kernel(
        self, done: NDArray[np.int64], suspect: NDArray[np.bool_], count: int, order: Any, piece: NDArray[np.int64]
    ) -> None:
        e, s = self._experiment, self._state
        output, exact = of(e.output_activation).kernel, e.output_error == "mse"
        run = (piece, done, suspect, count, order, e.batch, self._train.inputs, self._train.targets)
        rules = (s.readout_strengths, s.feedback, e.aligned, self._norms, e.preserve_norms, e.learning_rate / e.samples)
        if self._specialised:
            linear.run_linear(
                *run,
                *(self._covariance, self._correlation),
                *(s.weights, s.readouts, s.products, s.scales, s.pre, s.post, *rules, output, exact),
                (s.rows, s.width, s.n_inputs, e.samples, e.trials),
                aligned(2 * s.width + 3 * linear.CHUNK),
            )
        else:
            nonlinear.run_nonlinear(
                *run,
                *(s.weights, s.readouts, s.scales, s.pre, s.post, s.per_synapse, *rules),
                *((of(e.activation).kernel, output), exact),
                (s.n_inputs, s.width, s.n_outputs, e.samples, e.trials),
                aligned(nonlinear.scratch_size(s.n_inputs, s.width, s.n_outputs)),
            )

    def _within_bounds(self, task: int) -> bool:
        """Whether every weight of a student is finite and within the bounds. NaN fails the comparison."""
        return all(np.abs(layer).max() <= DIVERGENCE_BOUND["float64"] for layer in self._weights_of(np.array([task])))

    def _mark_diverged(self, task: int, epoch: int) -> None:
        place = np.unravel_index(task, self._active.shape)
        self._active[place] = False
        self._diverged_at[place] = epoch
        for values in (self._state.weights, self._state.readouts, self._state.products):
            values[task] = np.nan

    def _weights_of(self, tasks: NDArray[np.int64]) -> tuple[Array, Array]:
        """W1 (tasks, N, M) and W2 (tasks, O, N)."""
        return self._state.hidden(tasks), self._state.readout(tasks)

    def weights(self) -> tuple[Array, ...]:
        """W1 (R, T, N, M) and W2 (R, T, O, N); NaN for diverged trials."""
        lead = self._active.shape
        hidden, readout = self._weights_of(np.arange(self._active.size))
        return hidden.reshape(*lead, *hidden.shape[1:]), readout.reshape(*lead, *readout.shape[1:])

    def states(self) -> dict[str, Array]:
        """Signed gradients remember nothing."""
        return {}

    def errors(self) -> tuple[Array, Array | None]:
        """Training and test error of the present weights, each (R, T); no test error without test inputs."""
        # An error that overflows is for `train` to report as a divergence, as it does for the other engines.
        return self._error(self._train), None if self._test is None else self._error(self._test)

    def _error(self, data: "_Samples") -> Array:
        e, s = self._experiment, self._state
        out = np.full(self._active.size, np.nan)
        codes = (of(e.activation).kernel, of(e.output_activation).kernel)

        def part(piece: NDArray[np.int64]) -> None:
            samples = (piece, out, data.inputs, data.targets)
            if self._specialised:
                evaluate_linear(*samples, s.products, codes[1], (s.width, data.count, e.trials), aligned(linear.CHUNK))
            else:
                sizes = (s.n_inputs, s.width, s.n_outputs, data.count, e.trials)
                scratch = aligned(nonlinear.CHUNK * (s.width + s.n_outputs) + 8)
                evaluate(*samples, s.weights, s.readouts, s.scales, codes, sizes, scratch)

        alive = np.flatnonzero(self._diverged_at < 0)
        if alive.size:
            self._map(part, np.array_split(alive, min(len(alive), self.threads)))
        return out.reshape(self._active.shape)

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
        if diverged:
            for task in np.flatnonzero(which):
                self._mark_diverged(int(task), self.epoch)
        self._active &= ~which


class _Samples:
    """Inputs and targets as the kernels read them."""

    def __init__(self, inputs: Array, targets: Array, layout: Layout, trials: int) -> None:
        self.count = len(inputs)
        stride = inputs.shape[1] if layout.transposed else padded(inputs.shape[1])
        table = aligned(len(inputs), stride)
        table[:, : inputs.shape[1]] = inputs
        self.inputs = table.reshape(-1)
        # Always a fresh array: a read-only one would be another type to the compiler.
        self.targets = aligned(trials, targets[0].size)
        self.targets[:] = targets.reshape(len(targets), -1)
