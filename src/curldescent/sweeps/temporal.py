"""The order parameter q of the paper's figure 3b: do the weights still move, compared with how they differ?"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent import validation

Array = NDArray[np.float64]


def order_parameter(weights: ArrayLike) -> Array:
    """q: the mean over weights of the temporal variance, over the variance across weights of the temporal mean.

    Args:
        weights: weights over time, (time, …, synapses), the axes between being trials.

    Returns:
        q, of the shape between; about 1e-30 where weights rest, of order one where they wander.

    Raises:
        InputError: fewer than two dimensions.

    Source: the paper's figure 3b; docs/theory.md, simulation protocol.

    Example:
        >>> import numpy as np
        >>> time = np.arange(1000)[:, None]
        >>> resting, moving = 0 * time + [1.0, -1.0], np.sin(time) + [1.0, -1.0]
        >>> order_parameter(resting).item(), order_parameter(moving).round(2).item()
        (0.0, 0.5)
    """
    array = validation.finite_array("weights", weights, ndim=tuple(range(2, 9)))
    running = RunningVariance()
    for snapshot in array:
        running.add(snapshot)
    return running.order_parameter()


class RunningVariance:
    """Mean and variance of arrays that come one by one (Welford's recurrence), so that none of them is kept."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, values: Array) -> None:
        """Take one more array, always of the same shape."""
        if self.count == 0:
            self.mean, self._squares = np.zeros_like(values), np.zeros_like(values)
        self.count += 1
        change = values - self.mean
        self.mean += change / self.count
        self._squares += change * (values - self.mean)

    def order_parameter(self) -> Array:
        """The order parameter over the last axis."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return (self._squares / self.count).mean(axis=-1) / self.mean.var(axis=-1)


class _Engine(Protocol):
    def weights(self) -> tuple[Array, Array]: ...


class WeightWatcher:
    """An observer for `curldescent.train` that follows the weights over the last epochs.

    Args:
        record: the epochs at which it is called.
        window: how many of the last ones count.
    """

    def __init__(self, *, record: Sequence[int], window: int) -> None:
        # Calls are counted, and not the engine's epochs: those stand still once every trial is stopped or diverged.
        self._before = len(record) - window
        self._running = {name: RunningVariance() for name in ("q", "q_hidden", "q_readout")}

    def __call__(self, engine: _Engine) -> None:
        """Take the weights as they are, if the window has begun."""
        self._before -= 1
        if self._before >= 0:
            return
        # Rule axis first, of length one in a sweep; flat over the synapses of each trial.
        hidden, readout = (layer[0].reshape(layer.shape[1], -1) for layer in engine.weights())
        self._running["q_hidden"].add(hidden)
        self._running["q_readout"].add(readout)
        self._running["q"].add(np.concatenate([hidden, readout], axis=1))

    def results(self) -> dict[str, Array]:
        """The order parameter of all weights and of each layer, per trial; NaN for diverged trials."""
        return {name: running.order_parameter() for name, running in self._running.items()}
