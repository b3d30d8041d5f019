"""What statistical claims share: levels, standard errors, the paired t-test, and proportions with intervals."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

# The level at which a difference counts, throughout.
LEVEL = 0.05
# With fewer pairs no two-sided signed-rank test can get below the level: 2/2⁵ > 0.05.
FEWEST_PAIRS = 6
# And with fewer pairs no one-sided sign test: 1/2⁴ > 0.05.
FEWEST_SIGNS = 5


def standard_error(values: ArrayLike) -> float:
    """Standard error of the mean: s/√n with n − 1 degrees of freedom; NaN for a single value."""
    x: NDArray[np.float64] = np.asarray(values, dtype=float)
    return float(x.std(ddof=1) / np.sqrt(len(x))) if len(x) > 1 else float("nan")


def error_of_difference(error: float, n: int | None = None, theirs: int | None = None) -> float:
    """Standard error of the difference between a mean of ours and one of the authors' of which no error is known.

    Their spread is taken to be ours.

    Args:
        error: standard error of ours.
        n: over how many draws ours is.
        theirs: over how many theirs is; where either is not known, as many as ours.

    Returns:
        √(1 + n/n′) times our error, which is √2 times where both are over as many.

    Example:
        >>> error_of_difference(1.0, 10, 10) == 2**0.5, error_of_difference(1.0, 10, 40) == 1.25**0.5
        (True, True)
    """
    return error * float(np.sqrt(1 + (1 if n is None or theirs is None else n / theirs)))


def paired_t(first: ArrayLike, second: ArrayLike) -> tuple[float, float]:
    """Paired t-test, two-sided: t and p. Equal pairs have t = 0 and p = 1, pairs of one difference t = ±∞ and p = 0."""
    from scipy import stats

    gap = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    if not gap.any():
        return 0.0, 1.0
    if np.ptp(gap) == 0:
        return float(np.copysign(np.inf, gap[0])), 0.0
    found = stats.ttest_rel(first, second)
    return float(found.statistic), float(found.pvalue)


def proportion_interval(successes: int, of: int) -> tuple[float, float]:
    """95 % confidence interval of a proportion, Clopper–Pearson.

    Args:
        successes: how often.
        of: out of how many, at least 1.

    Returns:
        Lower and upper end.

    Example:
        >>> low, high = proportion_interval(10, 10)
        >>> round(low, 3), high
        (0.692, 1.0)
    """
    from scipy import stats

    interval = stats.binomtest(int(successes), int(of)).proportion_ci(0.95, method="exact")
    return float(interval.low), float(interval.high)
