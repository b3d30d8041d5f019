"""Tests of the tests: known answers, and both signs."""

import math

import numpy as np
import pytest

from curldescent.paper.machinery.statistics import (
    clustered_proportion_interval,
    proportion_interval,
    standard_error,
)


def test_clopper_pearson_ends_have_tail_probability_of_a_fortieth() -> None:
    low, high = proportion_interval(7, 20)
    tail = sum(math.comb(20, k) * low**k * (1 - low) ** (20 - k) for k in range(7, 21))
    head = sum(math.comb(20, k) * high**k * (1 - high) ** (20 - k) for k in range(8))
    assert tail == pytest.approx(0.025, rel=1e-6)
    assert head == pytest.approx(0.025, rel=1e-6)


def test_standard_error() -> None:
    assert standard_error([1, 2, 3, 4]) == pytest.approx(math.sqrt(5 / 3 / 4))
    assert math.isnan(standard_error([1.0]))


def test_single_draws_as_clusters_are_independent_draws() -> None:
    # Var = p(1 − p)/(n − 1), so that 19 draws count of 20, times 1 for as many degrees of freedom.
    low, high = clustered_proportion_interval([1] * 7 + [0] * 13, [1] * 20)
    tail = _beta_tail(low, 0.35 * 19, 0.65 * 19 + 1)
    head = 1 - _beta_tail(high, 0.35 * 19 + 1, 0.65 * 19)
    assert tail == pytest.approx(0.025, abs=1e-5)
    assert head == pytest.approx(0.025, abs=1e-5)


def _beta_tail(x: float, a: float, b: float) -> float:
    """The distribution function of Beta(a, b) at x, by the trapezoid's rule."""
    grid = np.linspace(0, 1, 200_001)
    density = grid ** (a - 1) * (1 - grid) ** (b - 1)
    total = np.trapezoid(density, grid)
    return float(np.trapezoid(np.where(grid <= x, density, 0), grid) / total)


def test_clusters_that_agree_within_count_as_one_draw_each() -> None:
    one = clustered_proportion_interval([1, 1, 0, 1, 0, 1, 1, 0], [1] * 8)
    many = clustered_proportion_interval([50, 50, 0, 50, 0, 50, 50, 0], [50] * 8)
    # Alike but for the factor (t₃₉₉/t₇)² = 0.69, which is 1 for single draws.
    assert many[0] < one[0] < one[1] < many[1]
    assert many[1] - many[0] < 1.3 * (one[1] - one[0])
    # As independent draws they would seem to tell three times as much.
    low, high = proportion_interval(250, 400)
    assert many[1] - many[0] > 3 * (high - low)


def test_where_all_agree_the_number_of_clusters_still_counts() -> None:
    # (1.984/2.776)² = 0.511 of 100 draws in five clusters: 0.025^(1/51.1).
    assert clustered_proportion_interval([20] * 5, [20] * 5) == (pytest.approx(0.9303, abs=1e-4), 1.0)
    assert clustered_proportion_interval([0] * 5, [20] * 5) == (0.0, pytest.approx(1 - 0.9303, abs=1e-4))
    assert clustered_proportion_interval([100], [100]) == (0.0, 1.0)
    # Clusters without a draw are none.
    assert clustered_proportion_interval([20, 20, 0], [20, 20, 0]) == clustered_proportion_interval([20] * 2, [20] * 2)


def test_a_nominal_interval_covers_the_share_of_clustered_draws() -> None:
    """30 clusters of 10 with a correlation of 1/4: the interval misses at most 7 % of the time, a plain one 15 %."""
    rng = np.random.default_rng(0)
    # Beta-binomial with mean 0.6 and intraclass correlation 1/(a + b + 1) = 1/4.
    counts = rng.binomial(10, rng.beta(1.8, 1.2, (1000, 30)))
    clustered = [clustered_proportion_interval(some, [10] * 30) for some in counts]
    plain = [proportion_interval(int(some.sum()), 300) for some in counts]
    missed = [np.mean([not low <= 0.6 <= high for low, high in kind]) for kind in (clustered, plain)]
    # The binomial error of a share of 0.05 over 1000 samples is 0.007.
    assert missed[0] < 0.07
    assert missed[1] > 0.15
