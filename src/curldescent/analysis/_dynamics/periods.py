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
SCREENED = 400
FITTED = 4000
# The frequency that a fold is best at is looked for this far from the spectrum's, in bins.
SEARCH = 0.05
# Overtones up to this one are looked for, beyond the sampling frequency too, and this far from their place, in bins.
OVERTONES = 64
BESIDE = 0.25
# A series that repeats itself and jumps may leave this share of its variance to the jumps.
JUMPS = 0.25
EXACT = 1e-6
# Lines that may move freely explain this much of the remainder more than harmonics do, by chance; and this is rounding.
FREE = 0.1
ROUNDING = 1e-9


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


def unexplained(x: Array, at: NDArray[np.intp], cycles: Array) -> tuple[Array, Array]:
    """The share of the variance that a function of the phase leaves over, for samples x at times `at`.

    In the order of their phases every sample is compared with its neighbours.

    Args:
        x: (n,).
        at: (n,).
        cycles: (m,), the frequencies that give the phase.

    Returns:
        The shares (m,) from nine samples in ten, for a periodic series may jump, and no neighbour says where; and from
        all.
    """
    variance = x.var()
    if variance == 0:
        return np.full(len(cycles), np.inf), np.full(len(cycles), np.inf)
    phase = np.mod(np.outer(cycles, at), 1.0)
    order = np.argsort(phase, axis=1, kind="stable")
    phase, folded = np.take_along_axis(phase, order, axis=1), x[order]
    gap = np.mod(np.diff(phase, axis=1, prepend=phase[:, -1:]), 1.0)
    before, after = gap, np.roll(gap, -1, axis=1)
    span = before + after
    weight = np.where(span > 0, after / np.where(span > 0, span, 1.0), 0.5)
    guess = weight * np.roll(folded, 1, axis=1) + (1 - weight) * np.roll(folded, -1, axis=1)
    square = (folded - guess) ** 2
    # Noise of variance σ² leaves 5/3 σ² on average, and its 90 % quantile is that of a normal distribution.
    most = np.quantile(square, 0.9, axis=1) / (1.645**2 * 5 / 3 * variance)
    return most, square.mean(axis=1) / (5 / 3 * variance)


def fold(
    x: Array, place: float, strong: Array, places: Array, *, divisors: int, tolerance: float, least: float
) -> tuple[float, float]:
    """The highest of the frequencies place/1, place/2, … that the series repeats itself with.

    Args:
        x: (n,), without its mean.
        place: a line's position, in bins.
        strong: the positions of all lines that must be multiples, where the fold alone does not prove the period.
        places: the positions of all lines.
        divisors: how many frequencies are tried.
        tolerance: the share of the variance that may be left over.
        least: how many periods the series must hold.

    Returns:
        The position in bins and the share left over; where none leaves so little, the first that leaves less than ten
        times as much; NaNs where there is none of these either.
    """
    from scipy.optimize import minimize_scalar

    draws = [drawn(len(x), min(FOLDED, max(len(x) // 2, 48)), seed) for seed in (0, 1)]

    few = draws[0][drawn(len(draws[0]), SCREENED)]

    def rest(position: float, draw: int = 0) -> float:
        return float(unexplained(x[draws[draw]], draws[draw], np.array([position / len(x)]))[0][0])

    loose: tuple[float, float] | None = None
    for divisor in range(1, divisors + 1):
        base = place / divisor
        if base < least:
            break
        width = SEARCH / divisor
        grid = np.linspace(base - width, base + width, 21)
        shares = unexplained(x[few], few, grid / len(x))[0]
        best = int(np.argmin(shares))
        if shares[best] > 30 * tolerance:
            continue
        step = grid[1] - grid[0]
        found = minimize_scalar(rest, bounds=(grid[best] - step, grid[best] + step), method="bounded")
        base = float(found.x if found.fun < rest(float(grid[best])) else grid[best])
        # What was fitted to some samples is judged by others, too; a few jumps may be left over, but not everything.
        left = max(rest(base), rest(base, 1))
        if left > 10 * tolerance:
            continue
        at = drawn(len(x), FITTED)
        jumps = unexplained(x[at], at, np.array([base / len(x)]))[1][0]
        # Among many frequencies one may order the phases of a second motion by chance, up to a little and no better.
        if jumps > JUMPS:
            continue
        if left > tolerance:
            loose = loose or (base, left)
        elif (left < EXACT or overtones(strong, base, len(x))) and in_common(x, places, base):
            return base, left
    return loose or (float("nan"), float("nan"))


def overtones(places: Array, base: float, size: int) -> bool:
    """Whether all lines are multiples of one frequency, or what sampling makes of them."""
    multiples = _sampled(base * np.arange(OVERTONES + 1), size)
    return bool((np.abs(places[:, None] - multiples).min(axis=1) < BESIDE).all())


def _sampled(places: NDArray[np.floating], size: int) -> Array:
    """Where lines appear that may lie beyond half the sampling frequency."""
    turned = np.mod(places, size)
    return np.minimum(turned, size - turned)


def in_common(x: Array, places: Array, base: float) -> bool:
    """Whether lines at multiples of one frequency explain the series as well as lines that may move freely.

    On a torus a second frequency comes as close as you like to some multiple of the first, of what sampling makes of
    it; but it is not there, and over the length of the series its phase runs away from the multiple's.
    """
    multiples = _sampled(base * np.arange(OVERTONES + 1), len(x))
    distance = np.abs(places[:, None] - multiples)
    beside = distance.min(axis=1) < BESIDE
    orders = np.unique(distance.argmin(axis=1)[beside])
    orders = orders[orders > 0]
    at = drawn(len(x), FOLDED)
    # Lines elsewhere are no question here, but would hide the answer.
    free, freely, powers = _fitted(x, np.r_[multiples[orders], places[~beside]], at)
    count = len(orders)
    # The frequency that suits them best together, from where each would go; a mirrored multiple goes the other way.
    ways = np.where(np.mod(base * orders, len(x)) <= len(x) / 2, 1, -1) * orders
    moves = free[:count] - multiples[orders]
    base += float((powers[:count] * ways * moves).sum() / max((powers[:count] * ways**2).sum(), 1e-300))
    together = _remainder(x, np.r_[_sampled(base * orders, len(x)), free[count:]], at)[0]
    # Each line that moves takes its part of what is noise or weaker lines.
    return bool(together <= freely * (1 + FREE + 5 * count / len(at)) + ROUNDING)


def tones(x: Array, places: Array) -> tuple[Array, float]:
    """Exact positions of lines by least squares, and the share of the variance that they leave over together."""
    return _fitted(x, places, drawn(len(x), FITTED))[:2]


def _fitted(x: Array, places: Array, at: NDArray[np.intp]) -> tuple[Array, float, Array]:
    """Positions that fit the samples `at` best, from nearby ones; the share left over; each line's power."""
    time = 2 * np.pi * at / len(x)
    centred = at / len(x) - 0.5
    places = places.copy()
    count = len(places)
    for _ in range(3):
        waves = _waves(time, places)
        both = np.hstack([waves, centred[:, None] * waves[:, : 2 * count]])
        fitted = np.linalg.lstsq(both, x[at], rcond=None)[0]
        a, b, da, db = (fitted[start : start + count] for start in np.array([0, 1, 2, 3]) * count + [0, 0, 2, 2])
        # a cos θ + b sin θ with θ faster by 2πδ t: to first order 2πδ t (b cos θ − a sin θ) more.
        places += np.clip((b * da - a * db) / np.maximum(a * a + b * b, 1e-300) / (2 * np.pi), -0.3, 0.3)
    return places, *_remainder(x, places, at)


def _remainder(x: Array, places: Array, at: NDArray[np.intp]) -> tuple[float, Array]:
    """The share of the variance that lines at these places leave over, and each line's power."""
    waves = _waves(2 * np.pi * at / len(x), places)
    fitted = np.linalg.lstsq(waves, x[at], rcond=None)[0]
    powers = fitted[: len(places)] ** 2 + fitted[len(places) : -2] ** 2
    return float((x[at] - waves @ fitted).var() / x[at].var()), powers


def _waves(time: Array, places: Array) -> Array:
    """Cosines, sines, a constant and a trend, which no line should have to imitate."""
    angle = np.outer(time, places)
    return np.hstack([np.cos(angle), np.sin(angle), np.ones((len(time), 1)), time[:, None] / np.pi - 1])


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
