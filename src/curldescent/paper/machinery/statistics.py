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


def clustered_proportion_interval(successes: ArrayLike, of: ArrayLike) -> tuple[float, float]:
    """95 % confidence interval of a proportion among draws that come in clusters.

    Clopper–Pearson at the effective number of draws: the one that would give the variance that is found between
    clusters, were all independent, times (t₍ₙ₋₁₎/t₍C₋₁₎)² for the C clusters that this variance comes from; never more
    than there are. Where all draws agree nothing varies, and the second factor alone remains. Source: Korn & Graubard,
    Survey Methodology 24 (1998) 193.

    Args:
        successes: (C,) how often in each cluster.
        of: (C,) out of how many; clusters without any are left out.

    Returns:
        Lower and upper end; 0 and 1 where fewer than two clusters have draws.

    Example:
        >>> low, high = clustered_proportion_interval([10, 10, 10, 10], [10, 10, 10, 10])
        >>> round(low, 3), high  # independent: 0.912
        (0.796, 1.0)
    """
    from scipy import stats

    count, total = (np.asarray(values, dtype=float) for values in (successes, of))
    count, total = count[total > 0], total[total > 0]
    clusters, n = len(total), float(total.sum())
    if clusters < 2:
        return 0.0, 1.0
    share = float(count.sum() / n)
    variance = clusters / (clusters - 1) * float(((count - share * total) ** 2).sum()) / n**2
    effective = share * (1 - share) / variance if variance else n
    effective *= (stats.t.ppf(0.975, n - 1) / stats.t.ppf(0.975, clusters - 1)) ** 2
    effective = min(effective, n)
    yes, no = share * effective, (1 - share) * effective
    low = float(stats.beta.ppf(0.025, yes, no + 1)) if share > 0 else 0.0
    high = float(stats.beta.ppf(0.975, yes + 1, no)) if share < 1 else 1.0
    return low, high
