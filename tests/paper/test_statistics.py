"""Tests of the tests: known answers, and both signs."""

import math

import pytest

from curldescent.paper.machinery.statistics import proportion_interval, standard_error


def test_clopper_pearson_ends_have_tail_probability_of_a_fortieth() -> None:
    low, high = proportion_interval(7, 20)
    tail = sum(math.comb(20, k) * low**k * (1 - low) ** (20 - k) for k in range(7, 21))
    head = sum(math.comb(20, k) * high**k * (1 - high) ** (20 - k) for k in range(8))
    assert tail == pytest.approx(0.025, rel=1e-6)
    assert head == pytest.approx(0.025, rel=1e-6)


def test_standard_error() -> None:
    assert standard_error([1, 2, 3, 4]) == pytest.approx(math.sqrt(5 / 3 / 4))
    assert math.isnan(standard_error([1.0]))
