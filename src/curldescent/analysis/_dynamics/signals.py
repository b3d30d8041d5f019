"""What kind of motion a time series shows, or that it is too short or too unsteady to tell."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.analysis._dynamics.periods import FITTED, LOBE, amplitudes, fold, in_common, lines, refined, tones
from curldescent.foundation import citations, validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.representation import Summarised

Array = NDArray[np.float64]
# In the order of irregularity.
KINDS = ("constant", "drifting", "decaying", "growing", "periodic", "quasi-periodic", "undecided", "broadband")

# A series counts as explained where what is left over is less than this share of its variance.
LEFT_OVER = 1e-3
# Lines below this share of the power do not have to fit into the frequency lattice.
WEAK = 1e-4
HARMONICS = 12
# The strongest line may be this harmonic of a periodic motion, and its period must fit so often into the series.
OVERTONE = 16
CANDIDATES = 3
PERIODS = 5
# How well a line's position is known, in bins.
POSITION = 0.1
# A size or a level that changes by less than this fraction over the series counts as steady.
STEADY = 0.01
STEADY_LINES = 4
# What the spectrum's window leaves of a line outside its lobe.
SIDELOBES = 1e-9
SEGMENTS = 8


@dataclass(frozen=True, repr=False)
class SignalKind(Summarised):
    """A time series' kind and the numbers behind it.

    Attributes:
        kind: one of "constant", "drifting" (one way, without oscillating), "decaying" and "growing" (oscillations whose
            size falls or rises throughout), "periodic", "quasi-periodic", "broadband", and "undecided".
        amplitude: standard deviation, trend removed.
        drift: |net change| over total variation: 1 for a monotone series, near 0 for oscillations.
        line_share: share of the power in the `lines` strongest spectral lines.
        lines: how many lines it takes to reach a share of 0.999, at most 30.
        frequencies: base frequencies, cycles per unit time: one where periodic, two (or more) where quasi-periodic.
        reason: one sentence.
    """

    kind: str
    amplitude: float
    drift: float
    line_share: float
    lines: int
    frequencies: tuple[float, ...]
    reason: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"


def signal_kind(signal: ArrayLike, *, dt: float = 1.0, noise: float = 1e-9) -> SignalKind:
    """Classify a scalar time series.

    Periodic: a function of the phase at one frequency explains all but 0.001 of the variance, whatever its shape, over
    at least five periods. Quasi-periodic: spectral lines at combinations of two or more frequencies do, and no period
    of up to sixteen cycles of the strongest fits. Both must be steady: size and level change by less than 1 % from one
    half to the other. Broadband: the power is not in lines. Undecided, with the reason, is what changes on the way,
    what is slower than the series is long, what has lines that the series is too short to tell apart, and what repeats
    itself or has steady lines but for noise of less than 0.01 of the variance. A torus whose second frequency has less
    than 0.001 of the variance counts as periodic.

    Args:
        signal: (n,), evenly sampled, at least 64 points.
        dt: time between samples.
        noise: motion below this fraction of the signal's magnitude is none.

    Returns:
        `SignalKind`.

    Raises:
        InputError: too short, or not finite.

    Source: docs/chaos.md, "How runs are labelled"; folding by a period and judging neighbours is the idea of Lafler and
        Kinman (Astrophys. J. Suppl. 11, 216, 1965).

    Example:
        >>> import numpy as np
        >>> from curldescent.analysis import signal_kind
        >>> t = np.arange(4000.0)
        >>> signal_kind(np.sin(0.2 * t) + 0.3 * np.sin(0.4 * t)).kind
        'periodic'
        >>> signal_kind(np.sin(0.2 * t) + 0.3 * np.sin(0.2 * 2**0.5 * t)).kind
        'quasi-periodic'
        >>> signal_kind(np.exp(-t / 1000) * np.sin(0.2 * t)).kind
        'decaying'
    """
    x = validation.finite_array("signal", signal, ndim=1)
    dt = validation.positive("dt", dt)
    if len(x) < 64:
        raise InputError(f"signal must have at least 64 samples, got {len(x)}")
    size = float(np.abs(x).max())
    if np.ptp(x / (size or 1.0)) <= noise:
        return SignalKind("constant", 0.0, 0.0, 1.0, 0, (), "it does not move")
    # In units of its own, so that no square under- or overflows.
    scaled = x / size
    centred = scaled - scaled.mean()
    scale = float(np.abs(centred).max())
    centred = centred / scale
    drift = float(abs(centred[-1] - centred[0]) / np.abs(np.diff(centred)).sum())
    position = np.linspace(-1, 1, len(x))
    straight = centred - np.polynomial.Polynomial.fit(position, centred, 1)(position)
    amplitude = float(straight.std() * scale * size)
    if drift > 0.9:
        return SignalKind("drifting", amplitude, drift, 0.0, 0, (), "it moves one way")
    places, powers, share, slow = lines(centred, 1 - LEFT_OVER)
    kind, reason, bases = _judged(centred, straight, places, powers, share, slow, noise / scale)
    frequencies = tuple(float(b / (len(x) * dt)) for b in bases)
    return SignalKind(kind, amplitude, drift, share, len(places), frequencies, reason)


Verdict = tuple[str, str, tuple[float, ...]]


def _judged(
    x: Array, straight: Array, places: Array, powers: Array, share: float, slow: float, noise: float
) -> Verdict:
    """Kind, reason and base frequencies in bins."""
    strong = places[powers > LEFT_OVER * powers.sum()]
    visible = lines(x, 1 - SIDELOBES)[0]
    trend = np.ptp(x - straight) > STEADY * np.ptp(straight)
    loosely = float("inf")
    for series, drifts in ((x, False), (straight, True))[: 1 + trend]:
        # Not the strongest alone: sampled too rarely, it may be an overtone that shows where it is not.
        for place in places[:CANDIDATES]:
            base, left = fold(
                series, refined(series, place), strong, visible, divisors=OVERTONE, tolerance=LEFT_OVER, least=PERIODS
            )
            loosely = float(np.fmin(loosely, left))
            if left < LEFT_OVER:
                return _steady(x, base, left, drifts=drifts)
    envelope = _envelope(straight, noise)
    if envelope is not None:
        return envelope
    if slow > 0.5:
        return "undecided", "most of the motion is slower than a fifth of the series is long", ()
    if share < 1 - LEFT_OVER:
        if _moving_lines(x):
            return "undecided", "every part of the series has lines, but not the same ones", ()
        if np.isfinite(loosely):
            return "undecided", f"it repeats itself, but for {loosely:.1g} of its variance", ()
        if tones(x, places[:STEADY_LINES])[1] < 10 * LEFT_OVER:
            return "undecided", "nearly all of it is steady lines, the rest is not", ()
        return "broadband", "the power is not in spectral lines", ()
    return _torus(x, places, powers, share)


def _steady(x: Array, base: float, left: float, *, drifts: bool) -> Verdict:
    """A series that repeats itself up to a slow change, which must be none."""
    harmonics = max(1, min(OVERTONE, int(len(x) / 2 / base - 1e-9)))
    first, last, level, rest = amplitudes(x, base, harmonics)
    size = max(first, last)
    # Of noise of deviation σ, halves of m samples leave σ √(2/m) in a size and a level.
    unsure = 5 * rest * np.sqrt(4 / min(len(x), FITTED))
    if abs(level) > STEADY * size + unsure:
        return "undecided", f"it repeats itself and drifts by {abs(level) / size:.2g} of its size", ()
    if abs(last - first) > STEADY * size + unsure:
        kind = "decaying" if last < first else "growing"
        return (
            kind,
            f"oscillations of relative size {first / size:.3g} in the first half, {last / size:.3g} in the last",
            (),
        )
    if drifts:
        return "undecided", "it repeats itself only with a trend removed", ()
    return "periodic", f"it repeats itself {base:.0f} times, up to {left:.1g} of its variance", (base,)


def _envelope(x: Array, noise: float) -> Verdict | None:
    """Decaying or growing, where the size changes the same way from each eighth of the series to the next."""
    sizes = np.array([part.std() for part in np.array_split(x, SEGMENTS)])
    logs = np.log(np.maximum(sizes, max(noise, 1e-300)))
    for kind, change in (("decaying", -np.diff(logs)), ("growing", np.diff(logs))):
        # Where it has come to rest, or to its final size, nothing changes any more, up to a little.
        if (change > -0.02).all() and change.sum() > np.log(1.25):
            return kind, f"its size goes from {sizes[0]:.2g} to {sizes[-1]:.2g}, always the same way", ()
    return None


def _moving_lines(x: Array) -> bool:
    """Whether every quarter is made of few lines though the whole is not."""
    quarters = [lines(part, 1 - LEFT_OVER) for part in np.array_split(x, 4)]
    return all(share >= 1 - LEFT_OVER and len(found) <= 4 for found, _, share, _ in quarters)


def _torus(x: Array, places: Array, powers: Array, share: float) -> Verdict:
    """Lines that no single frequency explains: combinations of several, if they are far enough apart."""
    if len(places) * (2 * LOBE + 1) > len(x) / 8:
        return "undecided", f"{len(places)} lines are too many for {len(x)} samples", ()
    strong = powers > WEAK * powers.sum()
    exact, left = tones(x, places)
    if left > 10 * LEFT_OVER:
        return "undecided", "its lines are not steady, or closer than the series is long enough to tell apart", ()
    bases = _lattice(x, exact[strong])
    if len(bases) > 4:
        return "undecided", f"its {len(bases)} strongest lines are no combinations of two", ()
    if len(bases) == 1:
        return "undecided", "its lines are harmonics of one frequency, but it does not repeat itself", ()
    return "quasi-periodic", f"its {int(strong.sum())} strongest lines combine {len(bases)} frequencies", bases


def _lattice(x: Array, places: Array) -> tuple[float, ...]:
    """The fewest base frequencies, in bins, whose integer combinations these all are; themselves if over two."""
    strongest = places[0]
    for divisor in range(1, OVERTONE + 1):
        base = strongest / divisor
        near = (np.abs(places - np.round(places / base) * base) < POSITION).all()
        if base >= PERIODS and near and in_common(x, places, base):
            return (float(base),)
    orders = np.array(list(product(range(-HARMONICS, HARMONICS + 1), repeat=2)))
    for second in places[1:]:
        combinations = orders @ np.array([strongest, second])
        if (np.abs(places[:, None] - combinations).min(axis=1) < POSITION).all():
            return float(strongest), float(second)
    return tuple(float(f) for f in places)


def zero_one_test(signal: ArrayLike, *, angles: int = 100, seed: int = 0) -> float:
    """The 0–1 test for chaos: K near 0 for regular motion, near 1 for chaos.

    The signal drives a rotating walk, p(n) = Σ x(j) cos(jc), whose mean square displacement is bounded for regular and
    grows linearly for chaotic motion; K is the median over angles c of its correlation with time. An oversampled
    signal looks regular: sample about once per quarter of its main period.

    Args:
        signal: (n,), at least 200 samples.
        angles: how many angles c, drawn from (π/5, 4π/5) to stay away from resonances.
        seed: of the angles.

    Returns:
        K.

    Raises:
        InputError: too short, or not finite.

    Source: Gottwald and Melbourne, SIAM J. Appl. Dyn. Syst. 8, 129 (2009), the correlation method with the
        oscillating term subtracted.

    Example:
        >>> import numpy as np
        >>> from curldescent.analysis import zero_one_test
        >>> bool(abs(zero_one_test(np.sin(1.3 * np.arange(2000.0)))) < 0.1)
        True
    """
    x = validation.finite_array("signal", signal, ndim=1)
    if len(x) < 200:
        raise InputError(f"signal must have at least 200 samples, got {len(x)}")
    from scipy.signal import fftconvolve

    citations.use("gottwald2009")
    rng = np.random.default_rng(validation.integer("seed", seed, minimum=0))
    n, cut = len(x), len(x) // 10
    lags = np.arange(1, cut + 1)
    growth = []
    for c in rng.uniform(np.pi / 5, 4 * np.pi / 5, validation.integer("angles", angles, minimum=1)):
        walk = np.cumsum(x * np.exp(1j * c * np.arange(1, n + 1)))
        # |a − b|² = |a|² + |b|² − 2 Re a b*, the last by the convolution theorem for all lags at once.
        squares = np.r_[0.0, np.cumsum(np.abs(walk) ** 2)]
        both = squares[lags + n - cut] - squares[lags] + squares[n - cut]
        products = fftconvolve(walk, walk[: n - cut][::-1].conj())[n - cut - 1 + lags].real
        displacement = (both - 2 * products) / (n - cut)
        oscillation = x.mean() ** 2 * (1 - np.cos(lags * c)) / (1 - np.cos(c))
        growth.append(np.corrcoef(lags, displacement - oscillation)[0, 1])
    return float(np.median(growth))
