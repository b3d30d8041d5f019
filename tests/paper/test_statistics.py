"""Tests of the tests: known answers, and both signs."""

import math

import numpy as np
import pytest

from curldescent.paper.machinery.statistics import paired, proportion_interval, standard_error


def test_wilcoxon_of_six_clear_pairs_is_the_exact_two_sided_minimum() -> None:
    result = paired([10, 12, 14, 16, 18, 20], [5, 6.5, 7, 8.2, 9, 11.7])
    assert result.p_value == pytest.approx(2 / 2**6)
    assert result.faster
    assert not result.slower


def test_both_signs() -> None:
    a, b = [10, 12, 14, 16, 18, 20], [5, 6.5, 7, 8.2, 9, 11.7]
    forth, back = paired(a, b), paired(b, a)
    assert back.slower
    assert not back.faster
    assert forth.effect == -back.effect
    assert forth.ratio == pytest.approx(1 / back.ratio)
    assert (forth.wins, back.wins) == (6, 0)


def test_effect_and_t_test_against_their_formulas() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(5, 1, 12) + 10, rng.normal(5, 1, 12) + 9
    gap = a - b
    result = paired(a, b)
    assert result.effect == pytest.approx(gap.mean() / gap.std(ddof=1))
    # Student's t with n − 1 degrees of freedom, its tail integrated by hand.
    t, n = gap.mean() / (gap.std(ddof=1) / math.sqrt(12)), 11
    x = np.linspace(abs(t), 4000, 4_000_001)
    density = math.gamma((n + 1) / 2) / (math.sqrt(n * math.pi) * math.gamma(n / 2)) * (1 + x**2 / n) ** (-(n + 1) / 2)
    assert result.t_p_value == pytest.approx(2 * np.trapezoid(density, x), rel=1e-4)


def test_equal_and_constant_differences() -> None:
    same = paired([1, 2, 3], [1, 2, 3])
    assert (same.p_value, same.effect, same.faster, same.slower) == (1.0, 0.0, False, False)
    assert paired([2, 3, 4], [1, 2, 3]).effect == math.inf


def test_a_difference_within_the_noise_is_neither() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(100, 10, 10)
    result = paired(a, a + rng.normal(0, 1, 10))
    assert not result.faster
    assert not result.slower


def test_shapes() -> None:
    with pytest.raises(ValueError, match="equally long"):
        paired([1, 2], [1, 2, 3])


def test_clopper_pearson_ends_have_tail_probability_of_a_fortieth() -> None:
    low, high = proportion_interval(7, 20)
    tail = sum(math.comb(20, k) * low**k * (1 - low) ** (20 - k) for k in range(7, 21))
    head = sum(math.comb(20, k) * high**k * (1 - high) ** (20 - k) for k in range(8))
    assert tail == pytest.approx(0.025, rel=1e-6)
    assert head == pytest.approx(0.025, rel=1e-6)


def test_standard_error() -> None:
    assert standard_error([1, 2, 3, 4]) == pytest.approx(math.sqrt(5 / 3 / 4))
    assert math.isnan(standard_error([1.0]))
