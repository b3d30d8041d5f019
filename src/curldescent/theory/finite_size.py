"""How networks of finite size scatter about the limiting law."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.representation import Summarised, within
from curldescent.theory.sample_matrices import Distribution, checked_sizes, n_hidden_for, sample_matrix
from curldescent.theory.spectrum import Spectrum

Array = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class StabilityProbability(Summarised):
    """How often sampled networks of one size are stable.

    Attributes:
        probability: stable samples over all samples.
        low: lower end of Wilson's 95 % interval.
        high: upper end.
        samples: how many were drawn.
        lambda_min: their lowest eigenvalues, shape (samples,).
        limit: what large networks do, from the law.
    """

    probability: float
    low: float
    high: float
    samples: int
    lambda_min: Array
    limit: bool

    def __str__(self) -> str:
        large = "stable" if self.limit else "unstable"
        return (
            f"probability of being stable {within(self.probability, self.low, self.high)} ({self.samples} samples); "
            f"large networks are {large}"
        )


@dataclass(frozen=True, repr=False)
class FiniteSizeScaling(Summarised):
    """λ_min of sampled networks as they grow.

    Attributes:
        sizes: numbers of inputs M, shape (S,).
        lambda_min: samples, shape (S, samples).
        limits: λ_min of the law with the ratio and fractions that each size realises, shape (S,).
        spread: standard deviation over samples, shape (S,).
        exponent: slope of log spread against log M; edges fluctuate as M^(−2/3).
        exponent_error: its standard error, from the sampling error of each spread.
    """

    sizes: NDArray[np.int64]
    lambda_min: Array
    limits: Array
    spread: Array
    exponent: float
    exponent_error: float

    def __str__(self) -> str:
        return (
            f"λ_min fluctuates as M^({self.exponent:.3g} ± {self.exponent_error:.2g}), −2/3 at an edge, for M from "
            f"{self.sizes.min()} to {self.sizes.max()}"
        )


def sample_lambda_min(
    law: Spectrum,
    n_inputs: int,
    *,
    samples: int = 200,
    seed: int | np.random.Generator = 0,
    fixed_readout_norm: bool = True,
    distribution: Distribution = "normal",
) -> Array:
    """Lowest eigenvalues of stability matrices drawn at one size.

    Args:
        law: ratio, fractions and scales.
        n_inputs: M.
        samples: how many.
        seed: seed or generator.
        fixed_readout_norm: whether ‖w2‖² is exactly ρ; otherwise each sample draws N readout weights of variance ρ/N.
        distribution: "normal" or "uniform" weights.

    Returns:
        λ_min, shape (samples,), in the order drawn.

    Raises:
        InputError: a count below 1 or an unknown distribution.

    >>> sample_lambda_min(Spectrum(0.5), 20, samples=3, seed=0).shape
    (3,)
    """
    validation.instance("law", law, Spectrum, "a cd.theory.Spectrum")
    size, count = checked_sizes(n_inputs, samples)
    validation.choice("distribution", distribution, ("normal", "uniform"))
    rng = validation.generator("seed", seed)
    width = n_hidden_for(law.ratio, size)
    out = np.empty(count)
    for i in range(count):
        rho = law.rho
        if not fixed_readout_norm:
            if distribution == "normal":
                rho = law.rho * rng.chisquare(width) / width
            else:
                rho = law.rho * 3 * float(np.mean(rng.uniform(-1, 1, width) ** 2))
        matrix = sample_matrix(
            size,
            width,
            law.hidden_strengths,
            law.readout_strengths,
            rng,
            rho=rho,
            sigma2=law.sigma2,
            distribution=distribution,
        )
        out[i] = np.linalg.eigvalsh(matrix)[0]
    return out


def stability_probability(
    law: Spectrum,
    n_inputs: int,
    *,
    samples: int = 200,
    seed: int | np.random.Generator = 0,
    fixed_readout_norm: bool = False,
    distribution: Distribution = "normal",
) -> StabilityProbability:
    """Estimate how often a random solution of a network of given size is stable.

    Args:
        law: ratio, fractions and scales.
        n_inputs: M.
        samples: networks to draw.
        seed: seed or generator.
        fixed_readout_norm: whether ‖w2‖² is exactly ρ; by default it scatters as in freshly drawn networks.
        distribution: "normal" or "uniform" weights.

    Returns:
        The probability with a 95 % interval, and what the law says of large networks.

    Raises:
        InputError: a count below 1 or an unknown distribution.

    Source: docs/theory.md, section "Finite size".

    >>> stability_probability(Spectrum(0.1, hidden=0.5), 30, samples=50).probability
    1.0
    """
    from scipy.stats import binomtest

    validation.instance("law", law, Spectrum, "a cd.theory.Spectrum")
    lowest = sample_lambda_min(
        law, n_inputs, samples=samples, seed=seed, fixed_readout_norm=fixed_readout_norm, distribution=distribution
    )
    count = int((lowest > 0).sum())
    interval = binomtest(count, samples).proportion_ci(method="wilson")
    return StabilityProbability(count / samples, float(interval.low), float(interval.high), samples, lowest, law.stable)


def finite_size_scaling(
    law: Spectrum, sizes: Sequence[int] = (10, 30, 100, 300), *, samples: int = 100, seed: int = 0
) -> FiniteSizeScaling:
    """Measure how the scatter of λ_min shrinks as networks grow.

    Args:
        law: ratio, fractions and scales.
        sizes: numbers of inputs M, at least two different ones.
        samples: networks per size, at least 2.
        seed: seed of all of them.

    Returns:
        Samples, limits and the exponent measured.

    Raises:
        InputError: fewer than two sizes or samples.

    Performance: a dense eigenproblem a sample; M = 1000 takes a fifth of a second or so each.

    >>> scaling = finite_size_scaling(Spectrum(0.5, hidden=0.3), (10, 40), samples=20)
    >>> scaling.spread[1] < scaling.spread[0]
    np.True_
    """
    validation.instance("law", law, Spectrum, "a cd.theory.Spectrum")
    if isinstance(sizes, str | bytes | Mapping) or not isinstance(sizes, Iterable) or getattr(sizes, "ndim", 1) == 0:
        raise InputError(f"sizes must be numbers of inputs, at least two, got {validation.shown(sizes)}")
    checked = [validation.integer("each of sizes", size, minimum=2) for size in sizes]
    if len(set(checked)) < 2:
        raise InputError(f"sizes must hold at least two different numbers of inputs, got {list(sizes)}")
    count = validation.integer("samples", samples, minimum=2)
    rng = validation.generator("seed", seed)
    lowest = np.stack([sample_lambda_min(law, size, samples=count, seed=rng) for size in checked])
    limits = np.array([law.realised(size).lambda_min for size in checked])
    spread = lowest.std(axis=1, ddof=1)
    log_m = np.log(checked)
    centred = log_m - log_m.mean()
    exponent = float((centred * np.log(spread)).sum() / (centred**2).sum())
    # The logarithm of a standard deviation from n samples of a nearly normal law scatters by 1/√(2(n − 1)).
    error = 1 / math.sqrt(2 * (count - 1) * float((centred**2).sum()))
    return FiniteSizeScaling(np.array(checked), lowest, limits, spread, exponent, error)
