"""Random-effects means of ratios that were measured in several units."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.paper.machinery.effects import UNITS, Effect, Estimate


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
        >>> from curldescent.paper.machinery.effects import ratio_of
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
