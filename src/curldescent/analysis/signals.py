"""What kind of motion a time series shows: constant, drifting, periodic, quasi-periodic or broadband."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent import citations, validation
from curldescent.errors import InputError
from curldescent.representation import of_fields

Array = NDArray[np.float64]
KINDS = ("constant", "drifting", "periodic", "quasi-periodic", "broadband")

# A Blackman–Harris window spreads a pure tone over this many bins on either side, its sidelobes 92 dB down: what is
# left outside is other motion, not leakage.
LOBE = 4
# A series counts as made of lines where this share of its power lies in them.
LINE_SHARE = 0.999
MAX_LINES = 30
# Lines below this share of the power do not have to fit into the frequency lattice.
WEAK = 1e-4
HARMONICS = 12
# The strongest line may be this harmonic of a periodic motion; more would take most pairs of lines for harmonics.
OVERTONE = 6
# How well a line's position is known, in bins; the parabola through three bins errs by a few hundredths.
POSITION = 0.25


@dataclass(frozen=True)
class SignalKind:
    """A time series' kind and the numbers behind it.

    Attributes:
        kind: one of "constant", "drifting", "periodic", "quasi-periodic", "broadband".
        amplitude: standard deviation, trend removed.
        drift: |net change| over total variation: 1 for a monotone series, near 0 for oscillations.
        line_share: share of the power in the `lines` strongest spectral lines.
        lines: how many lines it takes to reach a share of 0.999, at most 30.
        frequencies: base frequencies, cycles per unit time: one where periodic, two (or more) where quasi-periodic.
    """

    kind: str
    amplitude: float
    drift: float
    line_share: float
    lines: int
    frequencies: tuple[float, ...]

    __repr__ = of_fields


def signal_kind(signal: ArrayLike, *, dt: float = 1.0, noise: float = 1e-9) -> SignalKind:
    """Classify a scalar time series by its spectrum.

    The series should be long: frequencies closer than about eight over its length cannot be told apart, and chaos
    whose correlations outlast the series looks like lines.

    Args:
        signal: (n,), evenly sampled, at least 64 points.
        dt: time between samples.
        noise: motion below this fraction of the signal's magnitude is none.

    Returns:
        `SignalKind`.

    Raises:
        InputError: too short, or not finite.

    Source: docs/chaos.md, "How runs are labelled".

    Example:
        >>> import numpy as np
        >>> from curldescent.analysis import signal_kind
        >>> t = np.arange(4000.0)
        >>> signal_kind(np.sin(0.2 * t) + 0.3 * np.sin(0.4 * t)).kind
        'periodic'
        >>> signal_kind(np.sin(0.2 * t) + 0.3 * np.sin(0.2 * 2**0.5 * t)).kind
        'quasi-periodic'
    """
    x = validation.finite_array("signal", signal, ndim=1)
    dt = validation.positive("dt", dt)
    if len(x) < 64:
        raise InputError(f"signal must have at least 64 samples, got {len(x)}")
    total = np.abs(np.diff(x)).sum()
    drift = float(abs(x[-1] - x[0]) / total) if total > 0 else 0.0
    position = np.linspace(-1, 1, len(x))
    trend = np.polynomial.Polynomial.fit(position, x, 1)
    steady = x - trend(position)
    amplitude = float(steady.std())
    if np.ptp(x) <= noise * max(float(np.abs(x).max()), np.finfo(float).tiny):
        return SignalKind("constant", amplitude, drift, 1.0, 0, ())
    if drift > 0.9:
        return SignalKind("drifting", amplitude, drift, 0.0, 0, ())
    places, powers, share = _lines(steady)
    frequencies = places / (len(x) * dt)
    if share < LINE_SHARE:
        return SignalKind("broadband", amplitude, drift, share, len(places), ())
    strong = frequencies[powers > WEAK * powers.sum()]
    bases = _lattice(strong, POSITION / (len(x) * dt))
    kind = "periodic" if len(bases) == 1 else "quasi-periodic"
    return SignalKind(kind, amplitude, drift, share, len(places), bases)


def _lines(x: Array) -> tuple[Array, Array, float]:
    """Positions in bins and powers of the strongest spectral lines, and the share of power in them."""
    from scipy.signal.windows import blackmanharris

    power = np.abs(np.fft.rfft(x * blackmanharris(len(x)))) ** 2
    # The window spreads the (removed) mean over the lowest bins; nothing there can be told from a trend.
    power[: LOBE + 1] = 0
    left, total = power.copy(), power.sum()
    places: list[float] = []
    powers: list[float] = []
    found = 0.0
    while found < LINE_SHARE * total and len(places) < MAX_LINES and left.max() > 0:
        peak = int(left.argmax())
        low, high = max(0, peak - LOBE), min(len(left), peak + LOBE + 1)
        mass = float(left[low:high].sum())
        places.append(_interpolated(power, peak))
        powers.append(mass)
        found += mass
        left[low:high] = 0
    return np.array(places), np.array(powers), float(found / total) if total > 0 else 0.0


def _interpolated(power: Array, peak: int) -> float:
    """A line's position from a parabola through the logarithms of three bins."""
    if not 0 < peak < len(power) - 1 or power[peak - 1 : peak + 2].min() <= 0:
        return float(peak)
    a, b, c = np.log(power[peak - 1 : peak + 2])
    bend = a - 2 * b + c
    return peak + (0.5 * (a - c) / bend if bend < 0 else 0.0)


def _lattice(frequencies: Array, tolerance: float) -> tuple[float, ...]:
    """The fewest base frequencies whose integer combinations these all are; the frequencies themselves if over two."""
    strongest = frequencies[0]
    for divisor in range(1, OVERTONE + 1):
        base = strongest / divisor
        if (np.abs(frequencies - np.round(frequencies / base) * base) < tolerance).all():
            return (float(base),)
    orders = np.array(list(product(range(-HARMONICS, HARMONICS + 1), repeat=2)))
    for second in frequencies[1:]:
        combinations = orders @ np.array([strongest, second])
        if (np.abs(frequencies[:, None] - combinations).min(axis=1) < tolerance).all():
            return float(strongest), float(second)
    return tuple(float(f) for f in frequencies)


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
    citations.use("gottwald2009")
    rng = np.random.default_rng(validation.integer("seed", seed, minimum=0))
    n, cut = len(x), len(x) // 10
    lags = np.arange(1, cut + 1)
    growth = []
    for c in rng.uniform(np.pi / 5, 4 * np.pi / 5, validation.integer("angles", angles, minimum=1)):
        walk = np.cumsum(x * np.exp(1j * c * np.arange(1, n + 1)))
        displacement = np.array([(np.abs(walk[k : n - cut + k] - walk[: n - cut]) ** 2).mean() for k in lags])
        oscillation = x.mean() ** 2 * (1 - np.cos(lags * c)) / (1 - np.cos(c))
        growth.append(np.corrcoef(lags, displacement - oscillation)[0, 1])
    return float(np.median(growth))
