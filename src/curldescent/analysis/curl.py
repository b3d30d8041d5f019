"""How much of a learning field's Jacobian is curl: the shares of its symmetric and antisymmetric parts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curldescent import citations, validation
from curldescent.analysis.network import Network
from curldescent.representation import of_fields

Array = NDArray[np.float64]
METHODS = ("auto", "exact", "hutchinson")

# Exact needs n Hessian products and an n×n matrix.
EXACT_SIZE = 1500


@dataclass(frozen=True)
class CurlShare:
    """The antisymmetric share ‖A‖²/‖J‖² of the field's Jacobian J = M + A in the Frobenius norm.

    Attributes:
        antisymmetric: the share of A = (J − Jᵀ)/2, between 0 (a gradient, locally) and 1 (pure rotation).
        low: lower end of its confidence interval; equal to it where exact.
        high: the upper end.
        norm: ‖J‖_F; estimated where not exact.
        exact: whether the whole Jacobian was computed.
        confidence: the interval's level.
        probes: random directions used; 0 where exact.
    """

    antisymmetric: float
    low: float
    high: float
    norm: float
    exact: bool
    confidence: float
    probes: int

    __repr__ = of_fields

    @property
    def symmetric(self) -> float:
        """The share of M = (J + Jᵀ)/2; the two add up to one."""
        return 1.0 - self.antisymmetric

    def __str__(self) -> str:
        if self.exact:
            return f"curl share {self.antisymmetric:.4g} (exact)"
        return (
            f"curl share {self.antisymmetric:.4g}, {100 * self.confidence:g} % within [{self.low:.4g}, {self.high:.4g}]"
        )


def curl(
    network: Network, *, method: str = "auto", probes: int = 100, confidence: float = 0.95, seed: int = 0
) -> CurlShare:
    """Split the Jacobian of the field into symmetric and antisymmetric part and compare their sizes.

    With random signs z, E‖Az‖² = ‖A‖² and E‖Mz‖² = ‖M‖² (Hutchinson), each probe taking two Hessian products: Jz =
    −S∘(Hz) and Jᵀz = −H(S∘z). The interval is that of a ratio of means (delta method, Student's t).

    Args:
        network: from `cd.analysis.network`, with targets.
        method: "exact", "hutchinson", or "auto": exact up to 1500 synapses.
        probes: how many random directions, at least 10.
        confidence: level of the interval, in (0, 1).
        seed: of the directions.

    Returns:
        A `CurlShare`. A Jacobian that is zero has no share: 0.

    Raises:
        InputError: no targets, or an argument out of range.

    Source: Hutchinson (1989) for the estimator; docs/analysis.md, section "Curl".

    Example:
        >>> import curldescent as cd
        >>> problem = cd.student_teacher(n_inputs=6, n_hidden=8, n_train=40)
        >>> cd.analysis.curl(cd.analysis.problem_network(problem, cd.Plasticity())).antisymmetric < 1e-30
        True
        >>> cd.analysis.curl(cd.analysis.problem_network(problem, cd.Plasticity(readout=0.5))).antisymmetric > 0.05
        True
    """
    network.require_targets("curl")
    validation.choice("method", method, METHODS)
    probes = validation.integer("probes", probes, minimum=10)
    level = validation.real("confidence", confidence)
    validation.fraction("confidence", level)
    rng = np.random.default_rng(validation.integer("seed", seed, minimum=0))
    if method == "exact" or (method == "auto" and network.n_params <= EXACT_SIZE):
        jacobian = network.field_jacobian()
        whole = float((jacobian**2).sum())
        # Summed directly: ‖J‖² minus a trace would cancel where the curl is small.
        share = float(((jacobian - jacobian.T) ** 2).sum()) / 4 / whole if whole > 0 else 0.0
        return CurlShare(share, share, share, float(np.sqrt(whole)), True, level, 0)  # noqa: FBT003
    citations.use("hutchinson1989")
    anti, total = np.empty(probes), np.empty(probes)
    for i in range(probes):
        z = rng.choice([-1.0, 1.0], size=network.n_params)
        forward, backward = network.field_product(z), network.field_transpose_product(z)
        anti[i] = ((forward - backward) ** 2).sum() / 4
        total[i] = anti[i] + ((forward + backward) ** 2).sum() / 4
    share, half = ratio_interval(anti, total, level)
    return CurlShare(
        antisymmetric=share,
        low=max(0.0, share - half),
        high=min(1.0, share + half),
        norm=float(np.sqrt(total.mean())),
        exact=False,
        confidence=level,
        probes=probes,
    )


def ratio_interval(numerator: Array, denominator: Array, confidence: float) -> tuple[float, float]:
    """A ratio of means and the half-width of its confidence interval.

    Args:
        numerator: samples, (k,).
        denominator: samples taken together with them, (k,).
        confidence: level.

    Returns:
        The ratio and the half-width, Student's t times the delta method's standard error; (0, 0) for a zero
        denominator.
    """
    from scipy.stats import t

    mean = denominator.mean()
    if mean == 0:
        return 0.0, 0.0
    ratio = float(numerator.mean() / mean)
    deviations = (numerator - ratio * denominator) / mean
    error = float(np.sqrt((deviations**2).sum() / (len(deviations) - 1) / len(deviations)))
    return ratio, float(t.ppf((1 + confidence) / 2, len(deviations) - 1)) * error
