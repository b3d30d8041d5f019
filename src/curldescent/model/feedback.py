"""What carries errors back in feedback alignment: fixed matrices in place of the transposed weights."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import citations, validation
from curldescent.foundation.errors import InputError

Array = NDArray[np.float64]

# Keeps the stream of sampled feedback apart from that of the sample orders, which has the same seed and trial.
_STREAM = 1


def matrices(
    given: Any, shapes: Sequence[tuple[int, int]], *, trials: int, seed: int, scale: float
) -> tuple[Array, ...]:
    """B of every trial, for every layer but the first.

    Args:
        given: "random", or one matrix, or a tuple with one for every layer but the first.
        shapes: (pre, post) of these layers.
        trials: T.
        seed: of a sampled B; trial t has the same B whatever the number of trials.
        scale: of a sampled B, U(±scale/√pre).

    Returns:
        One array (T, pre, post) a layer.

    Raises:
        InputError: a given B whose shape does not fit.

    Source: Lillicrap et al., Nature Communications 7, 13276 (2016).
    """
    citations.use("lillicrap2016")
    if isinstance(given, str):
        streams = [np.random.default_rng([seed, trial, _STREAM]) for trial in range(trials)]
        found = []
        # The readout's first: it has the same B however many layers are below.
        for shape in reversed(shapes):
            width = scale / math.sqrt(shape[0])
            found.append(np.stack([rng.uniform(-width, width, shape) for rng in streams]))
        return tuple(reversed(found))
    each = given if isinstance(given, tuple) else (given,)
    if len(each) != len(shapes):
        raise InputError(
            f"feedback must have {len(shapes)} matrices, one for every layer but the first, got {len(each)}"
        )
    out = []
    for matrix, shape in zip(each, shapes, strict=True):
        array = np.asarray(matrix, dtype=np.float64)
        expected = shape if array.ndim == 2 else (trials, *shape)
        validation.shape("feedback", array, expected, "(…, hidden neurons, outputs)")
        out.append(np.broadcast_to(array, (trials, *shape)).copy())
    return tuple(out)
