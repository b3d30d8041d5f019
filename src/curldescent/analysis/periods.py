"""Whether a series repeats itself: spectral lines, their exact frequencies, and the series folded by a period."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# A Blackman–Harris window spreads a pure tone over this many bins on either side, its sidelobes 92 dB down: what is
# left outside is other motion, not leakage.
LOBE = 4
MAX_LINES = 30
# So many samples at most, drawn over the whole series, say whether it repeats itself. Not all of them: neighbours in
# phase would be a few fixed times apart, after which a second frequency may happen to come round as well.
FOLDED = 1000
FITTED = 4000
# The frequency that a fold is best at is looked for this far from the spectrum's, in bins.
SEARCH = 0.05
# Overtones up to this one are looked for, beyond the sampling frequency too, and this far from their place, in bins.
OVERTONES = 64
BESIDE = 0.25
# A series that repeats itself and jumps may leave this share of its variance to the jumps.
JUMPS = 0.25
EXACT = 1e-6


def lines(x: Array, share: float) -> tuple[Array, Array, float, float]:
    """The strongest spectral lines that hold a share of the power together, at most 30.

    Returns:
        Positions in bins, powers, the share of the power in them, and the share too slow to be told from a trend.
    """
    from scipy.signal.windows import blackmanharris

    window = blackmanharris(len(x))
    power = np.abs(np.fft.rfft((x - np.average(x, weights=window)) * window)) ** 2
    total = power.sum()
    if total == 0:
        return np.zeros(0), np.zeros(0), 0.0, 0.0
    slow = float(power[: LOBE + 1].sum() / total)
    power[: LOBE + 1] = 0
    left = power.copy()
    places: list[float] = []
    powers: list[float] = []
    found = 0.0
    while found < share * total and len(places) < MAX_LINES and left.max() > 0:
        peak = int(left.argmax())
        low, high = max(0, peak - LOBE), min(len(left), peak + LOBE + 1)
        mass = float(left[low:high].sum())
        places.append(_interpolated(power, peak))
        powers.append(mass)
        found += mass
        left[low:high] = 0
    return np.array(places), np.array(powers), found / total, slow


def _interpolated(power: Array, peak: int) -> float:
    """A line's position from a parabola through the logarithms of three bins."""
    if not 0 < peak < len(power) - 1 or power[peak - 1 : peak + 2].min() <= 0:
        return float(peak)
    a, b, c = np.log(power[peak - 1 : peak + 2])
    bend = a - 2 * b + c
    return float(peak + (0.5 * (a - c) / bend if bend < 0 else 0.0))


def refined(x: Array, place: float) -> float:
    """A line's position, in bins, from how its phase advances from the first half of the series to the second."""
    from scipy.signal.windows import blackmanharris

    half = len(x) // 2
    window, index = blackmanharris(half), np.arange(half)
    for _ in range(3):
        cycles = place / len(x)
        tone = window * np.exp(-2j * np.pi * cycles * index)
        first, second = ((part - part.mean()) @ tone for part in (x[:half], x[half : 2 * half]))
        advance = np.angle(second * np.conj(first) * np.exp(-2j * np.pi * cycles * half))
        # More than a bin away it is another line's phase.
        place += float(np.clip(advance / (2 * np.pi * half) * len(x), -0.5, 0.5))
    return place


def drawn(size: int, wanted: int, seed: int = 0) -> NDArray[np.intp]:
    """Which samples are looked at, in order and without a rhythm of their own."""
    if size <= wanted:
        return np.arange(size)
    return np.sort(np.random.default_rng(seed).choice(size, wanted, replace=False))


def unexplained(x: Array, at: NDArray[np.intp], cycles: float) -> tuple[float, float]:
    """The share of the variance that a function of the phase leaves over, for samples x at times `at`.

    In the order of their phases every sample is compared with its neighbours.

    Returns:
        The share from nine samples in ten, for a periodic series may jump, and no neighbour says where; and from all.
    """
    variance = x.var()
    if variance == 0:
        return float("inf"), float("inf")
    phase = np.mod(at * cycles, 1.0)
    order = np.argsort(phase, kind="stable")
    phase, folded = phase[order], x[order]
    before, after = np.mod(phase - np.roll(phase, 1), 1.0), np.mod(np.roll(phase, -1) - phase, 1.0)
    span = before + after
    weight = np.where(span > 0, after / np.where(span > 0, span, 1.0), 0.5)
    square = (folded - weight * np.roll(folded, 1) - (1 - weight) * np.roll(folded, -1)) ** 2
    # Noise of variance σ² leaves 5/3 σ² on average, and its 90 % quantile is that of a normal distribution.
    return float(np.quantile(square, 0.9) / (1.645**2 * 5 / 3 * variance)), float(square.mean() / (5 / 3 * variance))


def fold(
    x: Array, place: float, strong: Array, *, divisors: int, tolerance: float, least: float
) -> tuple[float, float]:
    """The highest of the frequencies place/1, place/2, … that the series repeats itself with.

    Args:
        x: (n,), without its mean.
        place: a line's position, in bins.
        strong: the positions of all lines that must be multiples, where the fold alone does not prove the period.
        divisors: how many frequencies are tried.
        tolerance: the share of the variance that may be left over.
        least: how many periods the series must hold.

    Returns:
        The position in bins and the share left over; NaNs where there is none.
    """
    from scipy.optimize import minimize_scalar

    draws = [drawn(len(x), min(FOLDED, max(len(x) // 2, 48)), seed) for seed in (0, 1)]

    def rest(position: float, draw: int = 0) -> float:
        return unexplained(x[draws[draw]], draws[draw], position / len(x))[0]

    for divisor in range(1, divisors + 1):
        base = place / divisor
        if base < least:
            break
        width = SEARCH / divisor
        grid = np.linspace(base - width, base + width, 21)
        shares = [rest(position) for position in grid]
        best = int(np.argmin(shares))
        if shares[best] > 30 * tolerance:
            continue
        step = grid[1] - grid[0]
        found = minimize_scalar(rest, bounds=(grid[best] - step, grid[best] + step), method="bounded")
        base = float(found.x if found.fun < shares[best] else grid[best])
        # What was fitted to some samples is judged by others, too; a few jumps may be left over, but not everything.
        left = max(rest(base), rest(base, 1))
        at = drawn(len(x), FITTED)
        explained = left < tolerance and unexplained(x[at], at, base / len(x))[1] < JUMPS
        # Among many frequencies one may order the phases of a second motion by chance, up to a little and no better.
        if explained and (left < EXACT or overtones(strong, base, len(x))):
            return base, left
    return float("nan"), float("nan")


def overtones(places: Array, base: float, size: int) -> bool:
    """Whether all lines are multiples of one frequency, or what sampling makes of them."""
    multiples = np.mod(base * np.arange(OVERTONES + 1), size)
    multiples = np.minimum(multiples, size - multiples)
    return bool((np.abs(places[:, None] - multiples).min(axis=1) < BESIDE).all())


def tones(x: Array, places: Array) -> tuple[Array, float]:
    """Exact positions of lines by least squares, and the share of the variance that they leave over together."""
    at = drawn(len(x), FITTED)
    time, samples = 2 * np.pi * at / len(x), x[at]
    centred = at / len(x) - 0.5
    places = places.copy()
    for _ in range(3):
        angle = np.outer(time, places)
        waves = np.hstack([np.cos(angle), np.sin(angle), np.ones((len(at), 1))])
        both = np.hstack([waves, centred[:, None] * waves[:, :-1]])
        count = len(places)
        fitted = np.linalg.lstsq(both, samples, rcond=None)[0]
        a, b = fitted[:count], fitted[count : 2 * count]
        da, db = fitted[2 * count + 1 : 3 * count + 1], fitted[3 * count + 1 :]
        # a cos θ + b sin θ with θ faster by 2πδ t: to first order 2πδ t (b cos θ − a sin θ) more.
        places += np.clip((b * da - a * db) / np.maximum(a * a + b * b, 1e-300) / (2 * np.pi), -0.3, 0.3)
    angle = np.outer(time, places)
    waves = np.hstack([np.cos(angle), np.sin(angle), np.ones((len(at), 1))])
    left = samples - waves @ np.linalg.lstsq(waves, samples, rcond=None)[0]
    return places, float(left.var() / samples.var())


def amplitudes(x: Array, place: float, harmonics: int) -> tuple[float, float, float, float]:
    """Of a periodic series: its size in the first and the last half, the change of its level, the rest's deviation."""
    at = drawn(len(x), FITTED)
    sizes, rest, levels = [], [], []
    for part in (at[at < len(x) // 2], at[at >= len(x) // 2]):
        angle = 2 * np.pi * np.outer(part / len(x), place * np.arange(1, harmonics + 1))
        waves = np.hstack([np.cos(angle), np.sin(angle), np.ones((len(part), 1))])
        fitted = np.linalg.lstsq(waves, x[part], rcond=None)[0]
        sizes.append(float(np.sqrt(0.5 * (fitted[:-1] ** 2).sum())))
        rest.append(x[part] - waves @ fitted)
        levels.append(float(fitted[-1]))
    return sizes[0], sizes[1], levels[1] - levels[0], float(np.concatenate(rest).std())
