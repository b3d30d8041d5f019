"""The tests behind statistical claims: paired comparisons with effect sizes, and proportions with intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

# The level at which a difference counts, throughout.
LEVEL = 0.05
# With fewer pairs no two-sided signed-rank test can get below the level: 2/2⁵ > 0.05.
FEWEST_PAIRS = 6
# And with fewer pairs no one-sided sign test: 1/2⁴ > 0.05.
FEWEST_SIGNS = 5


@dataclass(frozen=True)
class Paired:
    """Two conditions measured on the same students.

    Args:
        n: pairs.
        first: mean of the first condition.
        second: mean of the second.
        first_error: its standard error.
        second_error: its standard error.
        p_value: two-sided Wilcoxon signed-rank test of the differences, exact where there are no ties.
        t_p_value: two-sided paired t-test, as in the paper's figure 10.
        effect: Cohen's d_z: mean difference over the standard deviation of the differences.
        ratio: geometric mean of first/second.
        wins: pairs in which the second is smaller.
    """

    n: int
    first: float
    second: float
    first_error: float
    second_error: float
    p_value: float
    t_p_value: float
    effect: float
    ratio: float
    wins: int

    @property
    def faster(self) -> bool:
        """The second condition needs fewer epochs, and a Wilcoxon test at `LEVEL` says so."""
        return self.second < self.first and self.p_value < LEVEL

    @property
    def slower(self) -> bool:
        """The second condition needs more epochs, and a Wilcoxon test at `LEVEL` says so."""
        return self.second > self.first and self.p_value < LEVEL


def paired(first: ArrayLike, second: ArrayLike) -> Paired:
    """Compare two conditions over pairs.

    Args:
        first: (n,), positive values of the first condition, epochs for instance.
        second: (n,), of the second, on the same students.

    Returns:
        Means, tests and effect size. Equal pairs give p = 1 and effect 0; a constant difference that is not zero has
        no finite effect size and reports an infinite one.

    Source: Wilcoxon, Biometrics Bulletin 1 (1945) 80; Cohen, Statistical Power Analysis (1988), d_z.

    Example:
        >>> result = paired([10, 12, 14, 16, 18, 20], [5, 7, 8, 9, 9, 11])
        >>> result.wins, result.p_value, result.faster
        (6, 0.03125, True)
    """
    from scipy import stats

    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if a.shape != b.shape or a.ndim != 1 or len(a) < 2:
        raise ValueError(
            f"paired needs two equally long lists of at least 2 values, got shapes {a.shape} and {b.shape}"
        )
    gap = a - b
    spread = float(gap.std(ddof=1))
    if not gap.any():
        p_value = t_p_value = 1.0
        effect = 0.0
    else:
        p_value = float(stats.wilcoxon(gap).pvalue)
        constant = spread <= 1e-12 * abs(gap).max()
        t_p_value = 0.0 if constant else float(stats.ttest_rel(a, b).pvalue)
        effect = float(np.copysign(np.inf, gap.mean())) if constant else float(gap.mean() / spread)
    return Paired(
        n=len(a),
        first=float(a.mean()),
        second=float(b.mean()),
        first_error=standard_error(a),
        second_error=standard_error(b),
        p_value=p_value,
        t_p_value=t_p_value,
        effect=effect,
        ratio=float(np.exp(np.mean(np.log(a / b)))),
        wins=int((b < a).sum()),
    )


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
