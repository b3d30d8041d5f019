"""When to look and in which order to learn: recording epochs, batches, sample orders."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set, Sized
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import memory, validation
from curldescent.foundation.errors import InputError

if TYPE_CHECKING:
    from curldescent.learning.experiment import Experiment


# Beyond these a recording is a slip of the pen: no double counts such epochs, no picture shows so many points.
MOST_EPOCHS = 2**53
MOST_POINTS = 10**6


def log_epochs(epochs: int, points: int = 100) -> NDArray[np.int64]:
    """Recording epochs: 0, then whole numbers spread evenly on a logarithmic axis up to `epochs`.

    Args:
        epochs: the last epoch, at least 1.
        points: how many are aimed at; small epochs coincide, so fewer may come back.

    Returns:
        Increasing epochs, the first 0 and the last `epochs`.

    Raises:
        InputError: fewer than 1 epoch or 2 points, or more than 2⁵³ epochs or a million points.

    Example:
        >>> import curldescent as cd
        >>> cd.log_epochs(1000, points=7)
        array([   0,    1,    4,   16,   63,  251, 1000])
    """
    epochs = validation.integer("epochs", epochs, minimum=1, maximum=MOST_EPOCHS)
    points = validation.integer("points", points, minimum=2, maximum=MOST_POINTS)
    spread = np.round(np.geomspace(1, epochs, max(points - 1, 1))).astype(np.int64)
    return np.unique(np.concatenate([[0], spread, [epochs]]))


def recording_epochs(record: object, epochs: int) -> NDArray[np.int64]:
    """The epochs to record at, from any accepted form: None (log-spaced), a number of points, or the epochs."""
    if record is None:
        return log_epochs(epochs)
    if isinstance(record, str | bytes) or not isinstance(record, Iterable) or getattr(record, "ndim", 1) == 0:
        return log_epochs(epochs, validation.integer("record", record, minimum=2, maximum=MOST_POINTS))
    # What iterates over its names (mappings, frames) or has no order (sets) is no list of epochs.
    if isinstance(record, Mapping | Set) or getattr(record, "ndim", 1) != 1:
        raise InputError(f"record must be a number of points or a list of epochs, got {validation.shown(record)}")
    if isinstance(record, Sized):
        # Each as a whole number of Python and in the lists of the history.
        memory.require("recording at all these epochs", 100 * len(record))
    listed = [validation.integer("record", epoch, minimum=0, maximum=epochs) for epoch in record]
    if not listed or any(b <= a for a, b in pairwise(listed)):
        raise InputError(f"record must list increasing epochs between 0 and {epochs}, got {validation.shown(listed)}")
    return np.array(listed, dtype=np.int64)


# Sample orders are drawn in chunks of epochs of about this many bytes.
ORDER_BYTES = 16 * 2**20


class SampleOrders:
    """The order in which each trial visits the training samples: a fresh permutation every epoch.

    Trial t of seed s draws its permutations, epoch after epoch, from ``np.random.default_rng([s, t])``: every engine
    and every rule sees the same orders, so that rules can be compared in pairs, and a user can repeat them.

    Args:
        seed: s.
        trials: T.
        samples: P.
        first_trial: the number of the first trial, where these are part of a larger run.

    Example:
        >>> from curldescent.learning.schedule import SampleOrders
        >>> SampleOrders(seed=0, trials=2, samples=4).take(1)[0]
        array([[2, 0, 1, 3],
               [3, 0, 2, 1]], dtype=int32)
    """

    def __init__(self, *, seed: int, trials: int, samples: int, first_trial: int = 0) -> None:
        self._rngs = [np.random.default_rng([seed, first_trial + trial]) for trial in range(trials)]
        self._samples = np.arange(samples, dtype=np.int32)

    @classmethod
    def of(cls, experiment: "Experiment") -> "SampleOrders":
        """The orders of an experiment's trials."""
        e = experiment
        return cls(seed=e.seed, trials=e.trials, samples=e.samples, first_trial=e.first_trial)

    def take(
        self,
        epochs: int,
        wanted: NDArray[np.bool_] | None = None,
        over: Callable[[Callable[[int], None], Sequence[int]], object] | None = None,
    ) -> NDArray[np.int32]:
        """The orders of the next epochs.

        Args:
            epochs: how many.
            wanted: (T,), which trials still need theirs; the others' are left undefined, now and later.
            over: what applies a function to every trial, for drawing in several threads.

        Returns:
            (epochs, T, P), int32.
        """
        out = np.empty((epochs, len(self._rngs), len(self._samples)), dtype=np.int32)

        def draw(trial: int) -> None:
            # `permuted` shuffles row after row from one stream: the chunk length leaves no trace.
            rows = np.broadcast_to(self._samples, (epochs, len(self._samples)))
            out[:, trial] = self._rngs[trial].permuted(rows, axis=1)

        trials = [t for t in range(len(self._rngs)) if wanted is None or wanted[t]]
        if over is None:
            for trial in trials:
                draw(trial)
        else:
            over(draw, trials)
        return out
