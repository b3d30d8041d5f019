"""Effects with intervals, and verdicts of three values: a claim holds, does not hold, or is undecided.

A verdict is read off an interval. True needs one that holds nothing but what is claimed, False one that holds nothing
of it, and what lies in both is None: undecided. So neither a claim nor its contrary follows from a test that rejects
nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
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
        return min(1.0, 2 * min(self.log.p_above(0.0), self.log.p_below(0.0)))

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
        low, high = _bounds(margin)
        return min(1.0, 2 * min(self.log.p_above(high), self.log.p_below(low)))

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


@dataclass(frozen=True)
class Pooled:
    """A random-effects mean over units.

    Args:
        effect: the ratio, with the Hartung–Knapp interval.
        between: τ², the variance of the log ratio between units, beyond their errors.
        heterogeneity: Cochran's Q of the fixed-effect mean.
        p_value: of Q under no variance between units, χ² with one degree of freedom fewer than units.
    """

    effect: Effect
    between: float
    heterogeneity: float
    p_value: float


def pooled(effects: Sequence[Effect], *, between: str = "paule-mandel") -> Pooled:
    """The random-effects mean of ratios that were measured in several units, with the Hartung–Knapp interval.

    Units with smaller errors weigh more, as far as τ² lets them; where the errors are equal this is Student's interval
    over units, that of `ratio_of`. Hartung and Knapp's variance is taken as it is, without the later rule that makes it
    no smaller than the classical one. With few units it covers 94 to 95 % where their errors differ by a factor of two,
    and 91 to 93 % where they differ by six (simulated, six units): students should be as many in every unit.

    Args:
        effects: one a unit, each with an error over its students.
        between: how τ² is estimated, "paule-mandel" or "dersimonian-laird".

    Returns:
        Mean, τ² and the test of heterogeneity.

    Raises:
        InputError: fewer than two units, one without a finite positive error, or another estimator.

    Source: Hartung and Knapp, Stat. Med. 20 (2001) 3875; Paule and Mandel, J. Res. Natl. Bur. Stand. 87 (1982) 377;
    DerSimonian and Laird, Control. Clin. Trials 7 (1986) 177; Cochran, Biometrics 10 (1954) 101.

    Example:
        >>> units = [ratio_of([2.0, 2.2, 1.9], [1, 1, 1]), ratio_of([3.0, 2.5, 3.5], [1, 1, 1])]
        >>> pooled(units).effect.n
        2
    """
    from scipy import stats

    if len(effects) < 2:
        raise InputError(f"pooled needs effects of at least 2 units, got {len(effects)}")
    estimates = {"paule-mandel": _paule_mandel, "dersimonian-laird": _dersimonian_laird}
    validation.choice("between", between, tuple(estimates))
    y = np.array([effect.log.value for effect in effects])
    variances = np.array([effect.log.error for effect in effects]) ** 2
    if not (np.isfinite(variances) & (variances > 0)).all():
        raise InputError("pooled needs a finite error above 0 of every unit; a unit of equal or single ratios has none")
    tau = estimates[between](y, variances)
    weights = 1 / (variances + tau)
    mean, q = _weighted(y, weights)
    degrees = len(y) - 1
    error = float(np.sqrt(q / degrees / weights.sum()))
    _, heterogeneity = _weighted(y, 1 / variances)
    return Pooled(
        Effect(Estimate(mean, error, degrees, len(y), UNITS), sum(effect.students for effect in effects)),
        tau,
        heterogeneity,
        float(stats.chi2.sf(heterogeneity, degrees)),
    )


def _weighted(y: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """Weighted mean, and the weighted sum of squares about it."""
    mean = float((weights * y).sum() / weights.sum())
    return mean, float((weights * (y - mean) ** 2).sum())


def _paule_mandel(y: NDArray[np.float64], variances: NDArray[np.float64]) -> float:
    """The τ² at which the weighted sum of squares is its expectation, k − 1; 0 where it is below even without τ²."""
    from scipy import optimize

    def excess(tau: float) -> float:
        return _weighted(y, 1 / (variances + tau))[1] - (len(y) - 1)

    if excess(0.0) <= 0:
        return 0.0
    # At this τ² every weight is below 1/τ², so that the sum, which is least about its own mean, is below k − 1.
    most = float(((y - y.mean()) ** 2).sum()) / (len(y) - 1)
    return float(optimize.brentq(excess, 0.0, most, xtol=1e-14 * most, rtol=1e-12))


def _dersimonian_laird(y: NDArray[np.float64], variances: NDArray[np.float64]) -> float:
    """The estimate of moments."""
    weights = 1 / variances
    _, q = _weighted(y, weights)
    scale = float(weights.sum() - (weights**2).sum() / weights.sum())
    return max(0.0, (q - (len(y) - 1)) / scale)


def _positive(name: str, values: ArrayLike, *, like: ArrayLike | None = None) -> NDArray[np.float64]:
    x = validation.finite_array(name, values, ndim=1)
    if like is not None:
        validation.shape(name, x, np.shape(like), "as many values as first")
    if not (x > 0).all():
        raise InputError(f"{name} must be positive, its least value is {x.min():g}")
    return x
