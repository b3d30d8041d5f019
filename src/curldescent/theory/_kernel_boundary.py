"""Where nonlinear students lose stability, for whole arrays of ratios and flipped fractions."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from curldescent.theory._kernel_law import KernelLaw
from curldescent.theory._kernel_student import KernelStudent, bottom
from curldescent.theory._strengths import Strengths

Array = NDArray[np.float64]

_SIGNS = (-1.0, 1.0)
# Ratios at which a first loss of stability is looked for: eight a decade. Beyond them a student is mostly one layer.
_RATIOS = np.logspace(-8, 4, 97)
# Of finite size: below, the spread of the inputs' norms is wider than the bands that it acts on.
SMALLEST_RATIO = 0.01
# How often the interval of the loss is cut in how many.
_ROUNDS, _CUTS = 8, 8
# Flipped inputs alone, at a fraction of zero, stand for the limit of a vanishing fraction.
VANISHING = 1e-12


def lambda_min(student: KernelStudent, ratio: Array, hidden: Array, readout: Array, size: int | None = None) -> Array:
    """The lowest eigenvalue of P·G/M, in the limit or the median at finite size.

    Args:
        student: activation and scales.
        ratio: c, any shape.
        hidden: flipped fraction of the inputs, the same shape.
        readout: flipped fraction of the hidden neurons.
        size: M; None for the limit.

    Returns:
        The same shape; −∞ where an outlier grows with M.
    """
    c, h, r = ratio.ravel(), hidden.ravel(), readout.ravel()
    law = student.law(c, (_SIGNS, np.stack([h, 1 - h])), (_SIGNS, np.stack([r, 1 - r])), size)
    return _lowest(student, law, size).reshape(ratio.shape)


def lambda_min_of(
    student: KernelStudent, ratio: Array, hidden: Strengths, readout: Strengths, size: int | None = None
) -> Array:
    """The same for any strengths, over ratios of shape (B,)."""
    share1, share2 = (np.repeat(np.array(s.weights)[:, None], ratio.size, axis=1) for s in (hidden, readout))
    law = student.law(ratio, (hidden.values, share1), (readout.values, share2), size)
    return _lowest(student, law, size)


def _lowest(student: KernelStudent, law: KernelLaw, size: int | None) -> Array:
    if size is None:
        return bottom(law, student.commons(law)).lowest
    return bottom(law, student.commons(law, size), None if student.linear else student.powers).median(size)


def first_loss(lowest: Callable[[Array, Array], Array], count: int, size: int | None = None) -> Array:
    """The ratio up to which every smaller one is stable.

    Args:
        lowest: λ_min of ratios (n,) in the settings of indices (n,).
        count: B, how many settings there are.
        size: M, for which ratios are looked at from the smallest of finite size to M, one hidden neuron.

    Returns:
        Shape (B,): 0 where no small ratio is stable, infinite where every ratio is. A window of instability narrower
        than an eighth of a decade can be missed.
    """
    settings = np.arange(count)
    ratios = _RATIOS
    if size is not None:
        ratios = np.r_[_RATIOS[np.searchsorted(_RATIOS, SMALLEST_RATIO) : np.searchsorted(_RATIOS, size)], size]
    c, index = np.broadcast_arrays(ratios, settings[:, None])
    stable = lowest(c.ravel(), index.ravel()).reshape(c.shape) > 0
    first = np.argmin(stable, axis=1)
    out = np.where(stable.all(1), np.inf, 0.0)
    open_ = ~stable.all(1) & (first > 0)
    low, high = np.log(ratios[first[open_] - 1]), np.log(ratios[first[open_]])
    each, row = np.repeat(settings[open_], _CUTS - 1), np.arange(low.size)
    for _ in range(_ROUNDS if low.size else 0):
        cuts = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, _CUTS + 1)
        lost = np.ones(cuts.shape, bool)
        lost[:, 1:-1] = (lowest(np.exp(cuts[:, 1:-1]).ravel(), each) <= 0).reshape(-1, _CUTS - 1)
        lost[:, 0] = False
        at = np.argmax(lost, axis=1)
        low, high = cuts[row, at - 1], cuts[row, at]
    out[open_] = np.exp(0.5 * (low + high))
    return out
