"""The order parameter of the paper's figure 3b: do the weights keep moving?"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent import validation
from curldescent.errors import InputError
from curldescent.plasticity import Plasticity
from curldescent.problems import Problem
from curldescent.progress import Progress, Silent

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
LAYERS = ("hidden", "readout", "both")


class RunningMoments:
    """Mean and variance over time of every weight, without keeping the history (Welford's algorithm).

    Args:
        shape: of the weights, (…, weights).

    Example:
        >>> from curldescent.analysis.order_parameters import RunningMoments
        >>> moments = RunningMoments((2,))
        >>> for weights in ([1.0, 0.0], [3.0, 0.0]):
        ...     moments.add(weights)
        >>> moments.variance.tolist(), moments.mean.tolist()
        ([1.0, 0.0], [2.0, 0.0])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.count = 0
        self.mean = np.zeros(shape)
        self._square = np.zeros(shape)

    def add(self, weights: ArrayLike) -> None:
        """Take in the weights at one more time."""
        now = np.asarray(weights, dtype=float)
        self.count += 1
        off = now - self.mean
        self.mean += off / self.count
        self._square += off * (now - self.mean)

    @property
    def variance(self) -> Array:
        """Over the times so far, population convention (divided by their number)."""
        return self._square / max(self.count, 1)

    def order_parameter(self) -> Array:
        """Q over the last axis: mean temporal variance over the variance of temporal means."""
        return np.asarray(self.variance.mean(axis=-1) / self.mean.var(axis=-1))


def order_parameter_of(history: ArrayLike) -> Array:
    """Q of recorded weights.

    Args:
        history: (…, E, weights), weights at E times; flatten what is more than one axis of weights.

    Returns:
        q, (…).

    Raises:
        InputError: fewer than two times or two weights.

    Source: the paper's figure 3b.

    Example:
        >>> import numpy as np
        >>> from curldescent.analysis.order_parameters import order_parameter_of
        >>> float(order_parameter_of([[1.0, -1.0], [1.0, -1.0]]))       # nothing moves
        0.0
        >>> float(order_parameter_of([[1.0, 0.0], [3.0, 0.0]]))       # variances 1 and 0; means 2 and 0
        0.5
    """
    weights = np.asarray(history, dtype=float)
    if weights.ndim < 2 or weights.shape[-2] < 2 or weights.shape[-1] < 2:
        raise InputError(f"history must be (…, times, weights) with at least two of each, got shape {weights.shape}")
    return np.asarray(weights.var(axis=-2).mean(axis=-1) / weights.mean(axis=-2).var(axis=-1))[()]


def order_parameter(
    problem: Problem,
    rule: Plasticity,
    *,
    epochs: int,
    window: int = 1000,
    layer: str = "hidden",
    learning_rate: float = 0.1,
    batch_size: int | None = None,
    preserve_norms: bool = False,
    output_error: str = "delta",
    seed: int = 0,
    progress: Progress | None = None,
) -> "xr.DataArray":
    """Q at the end of a run: temporal variance of the weights against the spread of their means.

    q > 0 says that weights keep moving. It does not say how: periodic, quasi-periodic and chaotic motion all have
    q > 0, and so has a slow drift; `regime` tells them apart.

    Args:
        problem: student, targets, inputs.
        rule: the plasticity.
        epochs: length of the run.
        window: the last epochs that are looked at, every one of them.
        layer: whose weights: "hidden", "readout" or "both". The two layers have different spreads, so q differs.
        learning_rate: as in `curldescent.train`, and so
        batch_size: this,
        preserve_norms: this,
        output_error: this and
        seed: this.
        progress: told how far the run is.

    Returns:
        q (trial,), NaN for diverged trials.

    Raises:
        InputError: arguments out of range, a window longer than the run.

    Source: the paper's figure 3b (last 1000 of 1e5 epochs).

    Example:
        >>> import curldescent as cd
        >>> from curldescent.analysis import order_parameter
        >>> problem = cd.student_teacher(n_inputs=4, n_hidden=8, n_train=20)
        >>> bool(order_parameter(problem, cd.Plasticity(), epochs=4000, window=100)[0] < 1e-20)
        True
    """
    import xarray as xr

    from curldescent.training.choice import build_engine
    from curldescent.training.setup import experiment

    epochs = validation.integer("epochs", epochs, minimum=1)
    window = validation.integer("window", window, minimum=2, maximum=epochs)
    validation.choice("layer", layer, LAYERS)
    setup = experiment(
        problem,
        [rule],
        learning_rate=learning_rate,
        batch_size=batch_size,
        preserve_norms=preserve_norms,
        output_error=output_error,
        seed=seed,
    )
    stepper = build_engine(setup, engine="auto", dtype="float64", threads=None, epochs=epochs)
    progress = progress or Silent()
    progress.start(epochs, "epochs")
    before = epochs - window
    while stepper.epoch < before:
        stepper.advance(min(before - stepper.epoch, max(1, epochs // 100)))
        progress.update(stepper.epoch)
    moments: RunningMoments | None = None
    while stepper.epoch < epochs:
        stepper.advance(1)
        layers = [weights[0].reshape(setup.trials, -1) for weights in stepper.weights()]
        seen = np.concatenate(layers, axis=1) if layer == "both" else layers[LAYERS.index(layer)]
        moments = moments or RunningMoments(seen.shape)
        moments.add(seen)
    progress.finish()
    assert moments is not None
    return xr.DataArray(
        moments.order_parameter(),
        dims="trial",
        coords={"trial": np.arange(setup.trials)},
        attrs={"long_name": "order parameter q", "layer": layer, "window": window, "epochs": epochs},
    )
