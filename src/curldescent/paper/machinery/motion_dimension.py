"""How many dimensions a recorded motion fills, from the distances of its points: 1 for a cycle, k for a k-torus."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import citations, validation
from curldescent.foundation.errors import InputError

Array = NDArray[np.float64]

# The estimate compares distances to neighbours of these ranks: far enough out that what a run has not yet forgotten of
# its start is small against them, near enough that a torus is flat on that scale.
NEAR, FAR = 20, 40


def motion_dimension(points: ArrayLike) -> float:
    """The dimension of the set that a steady motion fills.

    Of a set of dimension d the number of points within r grows as r^d, so that log(r_k/r_j) of the distances to a
    point's k-th and j-th neighbour is 1/d times a sum of exponential variables: with k = 40 and j from 20 to 39 the
    mean of these logarithms, divided by the mean of theirs, Σ_{i=j}^{k−1} 1/i, estimates 1/d. Neighbours in time say
    nothing of the set and are left out.

    Args:
        points: (n, D), evenly sampled in time, at least 800 and over many returns.

    Returns:
        d; NaN where nothing moves.

    Raises:
        InputError: too few points, or not finite.

    Source: Levina and Bickel, Advances in Neural Information Processing Systems 17 (2005), with the inverse averaged
        over points as in MacKay and Ghahramani's comment on it (2005); neighbours in time: Theiler, Phys. Rev. A 34
        (1986) 2427.

    Example:
        >>> import numpy as np
        >>> t = np.arange(2000.0)
        >>> bool(abs(motion_dimension(np.stack([np.cos(0.1 * t), np.sin(0.1 * t)], axis=1)) - 1) < 0.15)
        True
    """
    citations.use("levina2005")
    x = validation.finite_array("points", points, ndim=2)
    if len(x) < 20 * FAR:
        raise InputError(f"points must be at least {20 * FAR}, got {len(x)}")
    centred = x - x.mean(axis=0)
    variance = float((centred**2).sum(axis=1).mean())
    if variance <= 1e-18 * float((x**2).sum(axis=1).mean()):
        return float("nan")
    apart = _apart(centred, variance)
    squares = (centred**2).sum(axis=1)
    means = []
    for i, point in enumerate(centred):
        far = squares + squares[i] - 2 * (centred @ point)
        far[max(0, i - apart) : i + apart + 1] = np.inf
        near = np.sort(np.partition(far, FAR)[:FAR])
        near = 0.5 * np.log(np.maximum(near, 1e-30 * variance))
        means.append(near[-1] - near[NEAR - 1 : FAR - 1].mean())
    expected = np.mean([sum(1 / i for i in range(j, FAR)) for j in range(NEAR, FAR)])
    rate = float(np.mean(means))
    return float(expected / rate) if rate > 0 else float("inf")


def _apart(centred: Array, variance: float) -> int:
    """The lag at which a motion is as far from where it was as two of its points are at half their mean square."""
    for lag in range(1, len(centred) // 4):
        if float(((centred[lag:] - centred[:-lag]) ** 2).sum(axis=1).mean()) >= variance:
            return lag
    return len(centred) // 4
