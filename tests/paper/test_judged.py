"""Verdicts with their p-values: by hand, against SciPy, and in agreement with each other and with the intervals."""

import math

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from curldescent.foundation.errors import InputError
from curldescent.paper import Results
from curldescent.paper.machinery.effects import Estimate, mean_of, ratio_of
from curldescent.paper.machinery.joint_verdicts import everywhere, sides_told, somewhere
from curldescent.paper.machinery.judged import UNTOLD, Judged, all_of
from curldescent.paper.published.fig5ab import WIGGLE, uphill

VALUES = np.array([0.3, 0.5, 0.2, 0.6, 0.4])
WORLDS = [np.random.default_rng(seed).normal(0.3, spread, 6) for seed in range(60) for spread in (0.05, 0.3, 0.8)]


def ratio(logs):
    return ratio_of(np.exp(np.asarray(logs, float)), np.ones(len(logs)))


@pytest.mark.parametrize("value", [0.1, 0.39, 0.41, 0.9])
def test_one_side_is_the_two_sided_t_test_at_the_bound_of_the_criterion(value):
    expected = stats.ttest_1samp(VALUES, value).pvalue
    found = mean_of(VALUES)
    assert found.judge_above(value).p_value == pytest.approx(expected)
    assert found.judge_below(value).p_value == pytest.approx(expected)
    assert found.judge_above(value).holds is found.above(value)
    assert found.judge_below(value).holds is found.below(value)


def test_a_factor_is_tested_at_the_factor():
    found = ratio(VALUES)
    expected = stats.ttest_1samp(VALUES, math.log(1.1)).pvalue
    assert found.judge_above(1.1) == Judged(True, pytest.approx(expected))
    assert found.judge_below(1.1) == Judged(False, pytest.approx(expected))


def test_equivalence_that_holds_has_the_larger_of_two_one_sided_tests():
    found = mean_of(VALUES).judge_within(-0.1, 0.8)
    sides = [stats.ttest_1samp(VALUES, end, alternative=a).pvalue for end, a in ((-0.1, "greater"), (0.8, "less"))]
    assert found == Judged(True, pytest.approx(max(sides)))
    # By the whole 95 % interval it is twice that.
    assert mean_of(VALUES).judge_interval_within(-0.1, 0.8) == Judged(True, pytest.approx(2 * max(sides)))


def test_equivalence_that_is_refuted_has_the_two_sided_test_of_the_nearer_bound():
    found = mean_of(VALUES)
    expected = stats.ttest_1samp(VALUES, 0.1).pvalue
    assert found.judge_within(-0.1, 0.1) == Judged(False, pytest.approx(expected))
    assert found.judge_interval_within(-0.1, 0.1) == Judged(False, pytest.approx(expected))


@pytest.mark.parametrize("values", WORLDS)
def test_verdicts_are_those_of_the_intervals(values):
    found = mean_of(values)
    low, high = found.interval()
    assert found.judge_above(0.1).holds is found.above(0.1)
    assert found.judge_below(0.1).holds is found.below(0.1)
    assert found.judge_within(0.0, 0.5).holds is found.within(0.0, 0.5)
    whole = True if low > 0 and high < 0.5 else False if high < 0 or low > 0.5 else None
    assert found.judge_interval_within(0.0, 0.5).holds is whole
    for judged in (found.judge_above(0.1), found.judge_within(0.0, 0.5), found.judge_interval_within(0.0, 0.5)):
        assert (judged.holds is not None) == (judged.p_value < 0.05)


def test_what_has_no_spread_is_decided_away_from_the_bound_alone():
    equal = Estimate(1.0, 0.0, 3, 4, "students")
    assert equal.judge_above(0.5) == Judged(True, 0.0)
    assert equal.judge_above(2.0) == Judged(False, 0.0)
    assert equal.judge_above(1.0) == Judged(None, 1.0)
    single = Estimate(1.0, math.inf, 1, 1, "students")
    assert single.judge_above(0.0) == Judged(None, 1.0)


def test_parts_that_must_all_hold_by_hand():
    yes, weak, no, perhaps = Judged(True, 0.01), Judged(True, 0.04), Judged(False, 0.01), Judged(None, 0.3)
    assert all_of([yes, weak]) == weak
    assert all_of([yes, perhaps]) == perhaps
    assert all_of([yes, no, perhaps]) == Judged(False, pytest.approx(0.03))
    # Among so many one is refuted by chance.
    assert all_of([yes, no, *[perhaps] * 4]) == Judged(None, pytest.approx(0.06))
    assert all_of([yes, UNTOLD]) == UNTOLD
    assert all_of([no, UNTOLD]) == Judged(False, 0.02)
    with pytest.raises(InputError, match="no parts"):
        all_of([])


def test_a_verdict_has_no_truth_value_that_could_be_taken_for_it():
    with pytest.raises(TypeError, match="holds"):
        bool(Judged(False, 0.01))


def test_a_finding_keeps_the_p_value():
    found = Judged(False, 0.01).finding("so", {"a": 1})
    assert (found.holds, found.said, dict(found.numbers), found.p_value) == (False, "so", {"a": 1}, 0.01)


def test_everywhere_and_somewhere_have_p_values():
    clear, weak = ratio([0.5, 0.6, 0.7]), ratio([0.3, 0.6, 1.0])
    assert everywhere([clear, weak], "faster") == Judged(None, pytest.approx(weak.p_value))
    assert everywhere([clear, clear], "faster") == Judged(True, pytest.approx(clear.p_value))
    assert everywhere([clear, weak], "slower") == Judged(False, pytest.approx(2 * clear.p_value))
    assert somewhere([clear, weak], "faster") == Judged(True, pytest.approx(2 * clear.p_value))
    assert somewhere([clear, clear], "slower") == Judged(False, pytest.approx(clear.p_value))


def test_sides_that_are_told_stand_as_long_as_one_interval_is_clear():
    clear, clearer, unclear = ratio([0.5, 0.6, 0.7]), ratio([0.6, 0.61, 0.6]), ratio([-0.5, 0.6, 0.3])
    up, down = ratio([0.1, 0.1, 0.1]), ratio([-0.1, -0.1, -0.1])
    assert sides_told([unclear], [up]) is None
    found, right, of = sides_told([clear, clearer, unclear], [up, up, down])
    assert (found, right, of) == (Judged(True, pytest.approx(3 * clearer.p_value)), 2, 2)
    found, right, of = sides_told([clear, clearer, unclear], [up, down, down])
    assert (found, right, of) == (Judged(False, pytest.approx(3 * clearer.p_value)), 1, 2)
    # A wrong side that would not be clear among three is no refutation, nor are the right ones a confirmation.
    weak = ratio([0.5, 0.7, 0.95])
    assert 0.05 / 3 < weak.p_value < 0.05
    assert sides_told([weak, clearer, unclear], [down, up, up])[0].holds is None


@pytest.mark.parametrize(
    ("differences", "holds", "bound"),
    [
        ([0.3, 0.35, 0.4, 0.3, 0.32, 0.36], True, 0.0),
        ([0.0, 0.01, 0.0, 0.0, 0.02, 0.0], False, WIGGLE),
        # More than nothing, and less than can be seen.
        ([0.02, 0.021, 0.02, 0.022, 0.02, 0.021], False, WIGGLE),
        ([0.0, 0.4, 0.0, 0.0, 0.3, 0.0], None, None),
    ],
)
def test_moves_uphill_are_tested_at_the_bound_that_decides(differences, holds, bound, monkeypatch):
    climbed = {"CD": xr.DataArray(differences), "GD": xr.DataArray(np.zeros(len(differences)))}
    monkeypatch.setattr("curldescent.paper.published.fig5ab.climb", lambda error: climbed[str(error.rule.item())])
    errors = xr.DataArray(np.zeros((2, len(differences))), dims=("rule", "trial"), coords={"rule": ["GD", "CD"]})
    found = uphill(Results("quick", {"fig5ab": xr.Dataset({"train_error": errors})}))
    assert found.holds is holds
    if bound is not None:
        assert found.p_value == pytest.approx(stats.ttest_1samp(differences, bound).pvalue)
