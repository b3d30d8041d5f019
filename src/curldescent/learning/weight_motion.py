"""The order parameter q of the paper's figure 3b: do the weights still move, compared with how they differ?

q is the mean over weights of the temporal variance, over the variance across weights of the temporal mean. Needs NumPy
only: sweeps look at weights as they come, and `analysis.order_parameter` says it of one experiment.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.model.weights import layer_names

if TYPE_CHECKING:
    from curldescent.learning.engines.contract import Engine

Array = NDArray[np.float64]


class RunningMoments:
    """Mean and variance over time of arrays that come one by one, so that none of them is kept.

    Source: Welford, Technometrics 4, 419 (1962).

    Example:
        >>> from curldescent.learning.weight_motion import RunningMoments
        >>> moments = RunningMoments()
        >>> for weights in ([1.0, 0.0], [3.0, 0.0]):
        ...     moments.add(weights)
        >>> moments.variance.tolist(), moments.mean.tolist()
        ([1.0, 0.0], [2.0, 0.0])
    """

    def __init__(self) -> None:
        self.count = 0

    def add(self, values: ArrayLike) -> None:
        """Take one more array, always of the same shape."""
        now = validation.real_array("weights", values).astype(float)
        if self.count == 0:
            self.mean, self._squares = np.zeros_like(now), np.zeros_like(now)
        self.count += 1
        change = now - self.mean
        self.mean += change / self.count
        self._squares += change * (now - self.mean)

    @property
    def variance(self) -> Array:
        """Over the times so far, population convention (divided by their number)."""
        return np.asarray(self._squares / self.count)

    def order_parameter(self) -> Array:
        """Q over the last axis; NaN where weights are."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.variance.mean(axis=-1) / self.mean.var(axis=-1))


def order_parameter_of(history: ArrayLike) -> Array:
    """Q of recorded weights.

    Args:
        history: (…, E, weights), weights at E times; flatten what is more than one axis of weights.

    Returns:
        q, (…): about 1e-30 where weights rest, of order one where they wander.

    Raises:
        InputError: fewer than two times or two weights.

    Source: the paper's figure 3b; docs/theory.md, simulation protocol.

    Example:
        >>> import numpy as np
        >>> from curldescent.analysis import order_parameter_of
        >>> time = np.arange(1000)[:, None]
        >>> resting, moving = 0 * time + [1.0, -1.0], np.sin(time) + [1.0, -1.0]
        >>> order_parameter_of(resting).item(), order_parameter_of(moving).round(2).item()
        (0.0, 0.5)
    """
    weights = validation.real_array("history", history).astype(float)
    if weights.ndim < 2 or weights.shape[-2] < 2 or weights.shape[-1] < 2:
        raise InputError(f"history must be (…, times, weights) with at least two of each, got shape {weights.shape}")
    moments = RunningMoments()
    for snapshot in np.moveaxis(weights, -2, 0):
        moments.add(snapshot)
    return moments.order_parameter()


class WeightWatcher:
    """An observer for `curldescent.train`, with one rule, that follows the weights over the last recorded epochs.

    Args:
        record: the epochs at which it is called.
        window: how many of the last ones count.
    """

    def __init__(self, *, record: Sequence[int], window: int) -> None:
        # Calls are counted, and not the engine's epochs: those stand still once every trial is stopped or diverged.
        self._before = len(record) - window
        self._moments = {"q": RunningMoments()}

    def __call__(self, engine: "Engine") -> None:
        """Take the weights as they are, if the window has begun."""
        self._before -= 1
        if self._before >= 0:
            return
        # Rule axis first, of length one; flat over the synapses of each trial.
        layers = [layer[0].reshape(layer.shape[1], -1) for layer in engine.weights()]
        for name, layer in zip(layer_names(len(layers)), layers, strict=True):
            self._moments.setdefault(f"q_{name}", RunningMoments()).add(layer)
        self._moments["q"].add(np.concatenate(layers, axis=1))

    def results(self) -> dict[str, Array]:
        """The order parameter of all weights and of each layer, per trial; NaN for diverged trials."""
        return {name: moments.order_parameter() for name, moments in self._moments.items()}
