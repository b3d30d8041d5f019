"""Effects with intervals, and verdicts of three values: a claim holds, does not hold, or is undecided.

A verdict is read off an interval. True needs one that holds nothing but what is claimed, False one that holds nothing
of it, and what lies in both is None: undecided. So neither a claim nor its contrary follows from a test that rejects
nothing. Claims take theirs from the methods that begin with `judge`, which return it with its p-value.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.paper.machinery.judged import Judged
from curldescent.paper.machinery.statistics import LEVEL

# From so many input sets on their own spread gives the interval: with two, Student's t is 12.7.
FEWEST_UNITS = 3
# Within this factor of each other, either way, ratios count as equal where no other margin is named.
MARGIN = 1.25
UNITS, STUDENTS = "input sets", "students"


@dataclass(frozen=True)
class Estimate:
    """A mean with the standard error and degrees of freedom of Student's t.

    Args:
        value: the mean.
        error: its standard error; infinite where a single value says nothing about it.
        degrees: of freedom, at least 1.
        n: values behind it.
        over: what these values are, "input sets" or "students" for instance.
    """

    value: float
    error: float
    degrees: int
    n: int
    over: str

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """The interval that leaves out `level`, half of it at either end."""
        from scipy import stats

        half = float(stats.t.isf(level / 2, self.degrees)) * self.error if self.error else 0.0
        return self.value - half, self.value + half

    def p_above(self, value: float) -> float:
        """One-sided p-value against "no larger than `value`"."""
        from scipy import stats

        if self.error == 0:
            return float(self.value <= value)
        return float(stats.t.sf((self.value - value) / self.error, self.degrees))

    def p_below(self, value: float) -> float:
        """One-sided p-value against "no smaller than `value`"."""
        return Estimate(-self.value, self.error, self.degrees, self.n, self.over).p_above(-value)

    def p_value(self, value: float = 0.0) -> float:
        """Two-sided t-test against "equal to `value`"."""
        return min(1.0, 2 * min(self.p_above(value), self.p_below(value)))

    def above(self, value: float) -> bool | None:
        """Larger than `value`? True or False where the 95 % interval lies on one side of it."""
        low, high = self.interval()
        return True if low > value else False if high <= value else None

    def below(self, value: float) -> bool | None:
        """Smaller than `value`? True or False where the 95 % interval lies on one side of it."""
        low, high = self.interval()
        return True if high < value else False if low >= value else None

    def within(self, low: float, high: float) -> bool | None:
        """Between two bounds?

        Args:
            low: lower bound.
            high: upper bound.

        Returns:
            True where two one-sided tests at 5 % both reject, which is where the 90 % interval lies between the bounds;
            False where the 95 % interval lies outside of them; None otherwise.

        Source: Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987) 657.
        """
        if self.p_within(low, high) < LEVEL:
            return True
        least, most = self.interval()
        return False if least >= high or most <= low else None

    def p_within(self, low: float, high: float) -> float:
        """P-value of the two one-sided tests, the larger of theirs; small where the mean is between the bounds."""
        return max(self.p_above(low), self.p_below(high))

    def p_outside(self, low: float, high: float) -> float:
        """Two-sided p-value against a mean between two bounds; small where it lies clearly outside."""
        return min(1.0, 2 * min(self.p_above(high), self.p_below(low)))

    def judge_above(self, value: float) -> Judged:
        """Larger than `value`? By the side on which the 95 % interval lies, and the two-sided p-value there.

        An interval without width that ends at the value decides nothing.
        """
        return Judged.of(2 * self.p_above(value), 2 * self.p_below(value))

    def judge_below(self, value: float) -> Judged:
        """Smaller than `value`? As `judge_above`."""
        return Judged.of(2 * self.p_below(value), 2 * self.p_above(value))

    def judge_within(self, low: float, high: float) -> Judged:
        """Between two bounds? As `within`: by two one-sided tests, with their p-value, or the 95 % interval outside."""
        return Judged.of(self.p_within(low, high), self.p_outside(low, high))

    def judge_interval_within(self, low: float, high: float) -> Judged:
        """Between two bounds? By the whole 95 % interval, which is the two one-sided tests at 2.5 %."""
        return Judged.of(2 * self.p_within(low, high), self.p_outside(low, high))


@dataclass(frozen=True)
class Effect:
    """A ratio of two conditions, first over second, as a geometric mean.

    Args:
        log: natural logarithm of the ratio.
        students: how many pairs are behind it, of which `log.n` units are made.
    """

    log: Estimate
    students: int

    @property
    def ratio(self) -> float:
        """The geometric mean."""
        return float(np.exp(self.log.value))

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Its 95 % interval."""
        return self.interval_at(LEVEL)

    def interval_at(self, level: float) -> tuple[float, float]:
        """The interval that leaves out `level`."""
        low, high = self.log.interval(level)
        with np.errstate(over="ignore"):
            return float(np.exp(low)), float(np.exp(high))

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval."""
        return self.interval[0]

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval."""
        return self.interval[1]

    @property
    def over(self) -> str:
        """What the interval's spread is taken over: "input sets" or "students"."""
        return self.log.over

    @property
    def n(self) -> int:
        """How many of these."""
        return self.log.n

    @property
    def p_value(self) -> float:
        """Two-sided t-test against a ratio of 1."""
        return self.log.p_value()

    @property
    def clear(self) -> bool:
        """Whether the 95 % interval excludes 1; that of runs which all ended at the last epoch is 1 alone."""
        return self.low > 1 or self.high < 1

    def faster(self) -> bool | None:
        """The second condition needs less than the first: a ratio above 1."""
        return self.log.above(0.0)

    def slower(self) -> bool | None:
        """The second condition needs more than the first: a ratio below 1."""
        return self.log.below(0.0)

    def equivalent(self, margin: float = MARGIN) -> bool | None:
        """The ratio lies within a factor of 1, either way.

        Args:
            margin: the factor, above 1, fixed before the data are seen.

        Returns:
            As `Estimate.within` of the logarithm.
        """
        return self.log.within(*_bounds(margin))

    def equivalence_p(self, margin: float = MARGIN) -> float:
        """P-value of the two one-sided tests; small where the ratio is within the margin."""
        return self.log.p_within(*_bounds(margin))

    def difference_p(self, margin: float = MARGIN) -> float:
        """Two-sided p-value against a ratio within a factor of 1; small where it lies clearly outside."""
        return self.log.p_outside(*_bounds(margin))

    def judge_above(self, factor: float = 1.0) -> Judged:
        """A ratio above a factor, by its 95 % interval; above 1 the second condition needs less than the first."""
        return self.log.judge_above(float(np.log(factor)))

    def judge_below(self, factor: float = 1.0) -> Judged:
        """A ratio below a factor, by its 95 % interval."""
        return self.log.judge_below(float(np.log(factor)))

    def judge_equivalent(self, margin: float = MARGIN) -> Judged:
        """A ratio within a factor of 1, either way, by two one-sided tests."""
        return self.log.judge_within(*_bounds(margin))

    def judge_interval_within(self, factor: float) -> Judged:
        """A ratio within a factor of 1, either way, by the whole 95 % interval."""
        return self.log.judge_interval_within(*_bounds(factor))

    @property
    def said(self) -> str:
        """Ratio, interval, and what its spread is taken over, in words."""
        low, high = self.interval
        behind = f"{self.n} {self.over}"
        if self.over != STUDENTS and self.students > self.n:
            behind += f" of {self.students} students"
        return f"{self.ratio:.2f} [{low:.2f}, {high:.2f}] over {behind}"

    @property
    def numbers(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "ratio": self.ratio,
            "interval": list(self.interval),
            "p_value": self.p_value,
            "n": self.n,
            "over": self.over,
            "students": self.students,
        }


def _bounds(margin: float) -> tuple[float, float]:
    if not margin > 1:
        raise InputError(f"margin must be a factor above 1, got {validation.shown(margin)}")
    return -float(np.log(margin)), float(np.log(margin))


def ratio_of(first: ArrayLike, second: ArrayLike, unit: ArrayLike | None = None) -> Effect:
    """The ratio of two conditions measured on the same students, first over second.

    Students that share a set of inputs are not independent draws of the task. Where their sets are named, the mean
    log ratio of a set is one value, and the interval is Student's over these values; with fewer than three sets it is
    over students, says so in `over`, and speaks about further students of these same inputs only.

    Args:
        first: (n,), positive, epochs for instance.
        second: (n,), of the same students in the same order.
        unit: (n,), which input set each student had; None where all had the same.

    Returns:
        The geometric mean, every set weighing the same, with its interval. A single value has an interval from 0 to ∞.

    Raises:
        InputError: lengths that differ, or values that are not positive and finite.

    Source: Student, Biometrika 6 (1908) 1, of summary measures per cluster: Donner and Klar, Design and Analysis of
    Cluster Randomization Trials (2000), chapter 5.

    Example:
        >>> effect = ratio_of([4.0, 8.0, 4.0], [2.0, 2.0, 2.0])
        >>> effect.said
        '2.52 [0.93, 6.81] over 3 students'
        >>> effect.faster(), effect.slower()
        (None, None)
    """
    logs = np.log(_positive("first", first)) - np.log(_positive("second", second, like=first))
    return Effect(mean_of(logs, unit), len(logs))


def difference_of(first: ArrayLike, second: ArrayLike, unit: ArrayLike | None = None) -> Estimate:
    """The mean difference of two conditions measured on the same students, first minus second.

    Args:
        first: (n,), accuracies for instance.
        second: (n,), of the same students in the same order.
        unit: (n,), which input set each student had; None where all had the same.

    Returns:
        The mean, as `ratio_of` takes that of logarithms.

    Raises:
        InputError: lengths that differ, or values that are not finite.

    Example:
        >>> difference_of([0.5, 0.75, 0.5], [0.25, 0.5, 0.25]).interval()
        (0.25, 0.25)
    """
    a = validation.finite_array("first", first, ndim=1)
    b = validation.finite_array("second", second, ndim=1)
    validation.shape("second", b, a.shape, "as many values as first")
    return mean_of(a - b, unit)


def mean_of(values: ArrayLike, unit: ArrayLike | None = None) -> Estimate:
    """The mean of values, over units where there are at least three of them, over the values themselves otherwise.

    Args:
        values: (n,).
        unit: (n,), to which unit each value belongs; None where they are units themselves.

    Returns:
        The mean, every unit weighing the same, with standard error and degrees of freedom.

    Raises:
        InputError: no values, values that are not finite, or another number of units.
    """
    x = validation.finite_array("values", values, ndim=1)
    over = STUDENTS
    if unit is not None:
        labels = np.asarray(unit)
        if labels.shape != x.shape:
            raise InputError(f"unit must name a unit for each of {len(x)} values, got shape {labels.shape}")
        names = np.unique(labels)
        if len(names) >= FEWEST_UNITS:
            x, over = np.array([x[labels == name].mean() for name in names]), UNITS
    n = len(x)
    error = float(x.std(ddof=1) / np.sqrt(n)) if n > 1 else float("inf")
    # What rounding leaves of equal values is no spread.
    if error <= 1e-14 * float(np.abs(x).max()):
        error = 0.0
    return Estimate(float(x.mean()), error, max(n - 1, 1), n, over)


def _positive(name: str, values: ArrayLike, *, like: ArrayLike | None = None) -> NDArray[np.float64]:
    x = validation.finite_array(name, values, ndim=1)
    if like is not None:
        validation.shape(name, x, np.shape(like), "as many values as first")
    if not (x > 0).all():
        raise InputError(f"{name} must be positive, its least value is {x.min():g}")
    return x
