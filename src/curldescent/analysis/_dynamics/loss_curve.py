"""What a loss curve shows: plateaus, and moves uphill."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.representation import Summarised

Array = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Plateau(Summarised):
    """A stretch in which the loss hardly changes.

    Attributes:
        begin: time.
        end: time.
        level: median loss in between.
        first: index of the first sample.
        last: index of the last sample.
        final: whether the run ended on it.
    """

    begin: float
    end: float
    level: float
    first: int
    last: int
    final: bool

    def __str__(self) -> str:
        until = ", where the run ends" if self.final else ""
        return f"loss about {self.level:.4g} from time {self.begin:.4g} to {self.end:.4g}{until}"


@dataclass(frozen=True, repr=False)
class Climb(Summarised):
    """A move uphill.

    Attributes:
        begin: time of the valley.
        end: time of the peak.
        bottom: loss at the valley.
        top: loss at the peak.
    """

    begin: float
    end: float
    bottom: float
    top: float

    def __str__(self) -> str:
        return f"loss {self.bottom:.4g} → {self.top:.4g} from time {self.begin:.4g} to {self.end:.4g}"


def plateaus(
    times: ArrayLike, loss: ArrayLike, *, tolerance: float = 0.05, share: float = 0.5, shortest: float = 0.0
) -> list[Plateau]:
    """Stretches in which the loss stays within a relative band, at least as long as a share of the time before.

    What the loss does below its own rounding (twice the square of the precision that it comes in, float64 or float32,
    against the largest value) counts as no change.

    Measured against the time already spent, a plateau looks the same at every scale of a logarithmic time axis.

    Args:
        times: (n,), increasing, from 0 or later.
        loss: (n,), positive or zero.
        tolerance: width of the band, (largest − smallest)/largest.
        share: of its own beginning that a plateau must last.
        shortest: time it must last in any case.

    Returns:
        Plateaus in order of time; they do not overlap. A converged end is one too, with `final` set.

    Raises:
        InputError: arrays that do not fit each other, times that do not increase.

    Example:
        >>> from curldescent.analysis import plateaus
        >>> flat_then_falling = [1.0] * 10 + [0.5, 0.1, 0.01, 0.001]
        >>> [(p.begin, p.end, p.level) for p in plateaus(range(14), flat_then_falling)]
        [(0.0, 9.0, 1.0)]
    """
    t, c = _curve(times, loss)
    band, share = validation.positive("tolerance", tolerance), validation.positive("share", share, zero=True)
    shortest = validation.positive("shortest", shortest, zero=True)
    found: list[Plateau] = []
    first = 0
    while first < len(c) - 1:
        top = np.maximum.accumulate(c[first:])
        bottom = np.minimum.accumulate(c[first:])
        outside = top - bottom > band * top
        last = first + (int(outside.argmax()) if outside.any() else len(outside)) - 1
        if last > first and t[last] - t[first] >= max(share * t[first], shortest, np.finfo(float).tiny):
            level = float(np.median(c[first : last + 1]))
            found.append(Plateau(float(t[first]), float(t[last]), level, first, last, last == len(c) - 1))
            first = last + 1
        else:
            first += 1
    return found


def climbs(times: ArrayLike, loss: ArrayLike, *, least: float = 0.01) -> list[Climb]:
    """Moves uphill: from a valley to the highest point before the loss is below the valley again.

    What the loss does below its own rounding, see `plateaus`, is no climb.

    Args:
        times: (n,), increasing.
        loss: (n,).
        least: relative height, (top − bottom)/bottom, below which a climb does not count.

    Returns:
        Climbs in order of time. Gradient descent with small steps has none.

    Raises:
        InputError: arrays that do not fit each other, times that do not increase.

    Example:
        >>> from curldescent.analysis import climbs
        >>> climbs([0, 1, 2, 3, 4], [1.0, 0.5, 0.8, 0.6, 0.1])
        [Climb(begin=1, end=2, bottom=0.5, top=0.8)]
    """
    t, c = _curve(times, loss)
    least = validation.positive("least", least, zero=True)
    found: list[Climb] = []
    valley = 0
    while valley < len(c) - 1:
        if c[valley + 1] <= c[valley]:
            valley += 1
            continue
        below = np.flatnonzero(c[valley + 1 :] <= c[valley])
        end = valley + 1 + (int(below[0]) if len(below) else len(c) - valley - 1)
        peak = valley + int(c[valley:end].argmax())
        if c[peak] - c[valley] > least * c[valley]:
            found.append(Climb(float(t[valley]), float(t[peak]), float(c[valley]), float(c[peak])))
        valley = end
    return found


def _curve(times: ArrayLike, loss: ArrayLike) -> tuple[Array, Array]:
    t = validation.finite_array("times", times, ndim=1)
    c = validation.finite_array("loss", loss, ndim=1)
    validation.shape("loss", c, t.shape, "(one per time)")
    if (np.diff(t) <= 0).any():
        raise InputError("times must increase from sample to sample")
    if c.min() < 0:
        raise InputError(f"loss must not be negative, got {c.min():g}")
    return t, np.maximum(c, _rounding(loss) * c.max())


def _rounding(loss: ArrayLike) -> float:
    """The share of the largest loss that rounding of the outputs makes: a loss is half the square of a difference."""
    dtype = getattr(loss, "dtype", np.dtype(float))
    epsilon = np.finfo(dtype).eps if np.issubdtype(dtype, np.floating) else np.finfo(float).eps
    return 2 * float(epsilon) ** 2
