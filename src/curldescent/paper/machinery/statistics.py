"""What statistical claims share: levels, the standard error of a mean, and proportions with intervals."""

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
