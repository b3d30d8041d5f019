"""Effects: hand-computed intervals, published meta-analyses, coverage and error rates by simulation, three verdicts."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from curldescent.foundation.errors import InputError
from curldescent.paper.machinery.effects import (
    MARGIN,
    STUDENTS,
    UNITS,
    Effect,
    Estimate,
    difference_of,
    mean_of,
    ratio_of,
)
from curldescent.paper.machinery.joint_verdicts import everywhere, sides, somewhere
from curldescent.paper.machinery.pooling import pooled

# Student's t with 2 degrees of freedom, 97.5 %, in closed form: t = x √(2 / (1 − x²)) at x = 0.95.
T_2 = 0.95 * math.sqrt(2 / (1 - 0.95**2))
REPEATS = 2000
# Three standard errors of a simulated rate of 5 %.
SLACK = 3 * math.sqrt(0.05 * 0.95 / REPEATS)


def effect(logs, **more):
    return ratio_of(np.exp(np.asarray(logs, float)), np.ones(len(logs)), **more)


def test_a_ratio_of_three_students_by_hand():
    found = ratio_of([2.0, 8.0, 4.0], [1.0, 2.0, 1.0])
    # Logarithms ln 2, 2 ln 2, 2 ln 2: mean 5/3 ln 2, variance (ln 2)²/3.
    half = T_2 * math.log(2) / math.sqrt(3) / math.sqrt(3)
    assert found.ratio == pytest.approx(2 ** (5 / 3))
    assert found.low == pytest.approx(2 ** (5 / 3) * math.exp(-half))
    assert found.high == pytest.approx(2 ** (5 / 3) * math.exp(half))
    assert (found.n, found.over, found.students) == (3, STUDENTS, 3)


def test_input_sets_weigh_the_same_and_their_spread_gives_the_interval():
    logs = [0.1, 0.3, 0.5, 0.5, 0.9, 0.9, 0.9]
    found = effect(logs, unit=["a", "a", "b", "b", "c", "c", "c"])
    means = [0.2, 0.5, 0.9]
    error = np.std(means, ddof=1) / math.sqrt(3)
    assert found.log.value == pytest.approx(np.mean(means))
    assert found.log.interval() == pytest.approx((np.mean(means) - T_2 * error, np.mean(means) + T_2 * error))
    assert (found.n, found.over, found.students) == (3, UNITS, 7)
    assert "3 input sets of 7 students" in found.said


def test_two_input_sets_have_the_students_interval_and_say_so():
    logs = [0.1, 0.2, 0.6, 0.5]
    found = effect(logs, unit=[0, 0, 1, 1])
    assert (found.n, found.over) == (4, STUDENTS)
    assert found.log.interval() == effect(logs).log.interval()


@pytest.mark.parametrize(
    ("logs", "faster", "slower"),
    [([0.5, 0.6, 0.7], True, False), ([-0.5, -0.6, -0.7], False, True), ([-0.5, 0.1, 0.6], None, None)],
)
def test_three_verdicts_of_speed(logs, faster, slower):
    found = effect(logs)
    assert (found.faster(), found.slower()) == (faster, slower)
    assert (found.p_value < 0.05) == (faster is not None)
    assert found.p_value == pytest.approx(stats.ttest_1samp(logs, 0).pvalue)


def test_three_verdicts_of_equivalence():
    assert effect([0.01, -0.02, 0.03, 0.0]).equivalent(1.25) is True
    assert effect([0.9, 0.8, 0.85, 0.95]).equivalent(1.25) is False
    assert effect([-0.9, -0.8, -0.85, -0.95]).equivalent(1.25) is False
    # No difference is found, and no equality either.
    wide = effect([-0.5, 0.4, 0.3, -0.3])
    assert (wide.faster(), wide.equivalent(1.25)) == (None, None)
    # A small difference may be both: there for certain, and within the margin.
    small = effect([0.05, 0.06, 0.055, 0.058])
    assert (small.faster(), small.equivalent(1.25)) == (True, True)
    assert MARGIN == 1.25


def test_equivalence_is_two_t_tests():
    logs = np.array([0.11, -0.02, 0.13, 0.2, 0.08])
    margin = math.log(1.25)
    expected = max(
        stats.ttest_1samp(logs, -margin, alternative="greater").pvalue,
        stats.ttest_1samp(logs, margin, alternative="less").pvalue,
    )
    found = effect(logs)
    assert found.equivalence_p(1.25) == pytest.approx(expected)
    low, high = found.interval_at(0.1)
    assert found.equivalent(1.25) == (True if low > 0.8 and high < 1.25 else None)


def test_equal_pairs_are_neither_faster_nor_slower_but_equal():
    found = ratio_of([3.0, 4.0, 5.0], [3.0, 4.0, 5.0])
    assert found.interval == (1.0, 1.0)
    assert (found.faster(), found.slower(), found.equivalent()) == (False, False, True)


def test_one_pair_decides_nothing():
    found = ratio_of([8.0], [1.0])
    assert found.interval == (0.0, math.inf)
    assert (found.faster(), found.slower(), found.equivalent()) == (None, None, None)


def test_differences_by_hand():
    found = difference_of([0.9, 0.8, 0.7], [0.8, 0.8, 0.6])
    # Differences 0.1, 0, 0.1: mean 1/15, standard error 1/30.
    assert found.interval() == pytest.approx((1 / 15 - T_2 / 30, 1 / 15 + T_2 / 30))
    assert found.above(0) is None
    assert found.below(0.5) is True
    assert found.above(0.5) is False
    assert found.within(-0.5, 0.5) is True
    assert found.within(0.5, 0.7) is False


@pytest.fixture(scope="module")
def worlds():
    """Log ratios, (repeats, sets, students), of true mean 0.2 whose sets differ more than their students say."""
    rng = np.random.default_rng(11)
    sets = 0.2 + 0.3 * rng.standard_normal((REPEATS, 5, 1))
    return sets + 0.4 * rng.standard_normal((REPEATS, 5, 8))


def covered(found, truth):
    low, high = found.log.interval()
    return low < truth < high


def test_intervals_over_input_sets_cover_and_those_over_students_do_not(worlds):
    unit = np.repeat(np.arange(5), 8)
    over_sets = np.mean([covered(effect(world.ravel(), unit=unit), 0.2) for world in worlds])
    over_students = np.mean([covered(effect(world.ravel()), 0.2) for world in worlds])
    assert abs(over_sets - 0.95) < SLACK
    assert over_students < 0.85


def test_equivalence_is_found_in_no_more_than_five_per_cent_at_the_margin(worlds):
    unit = np.repeat(np.arange(5), 8)
    # The true ratio is the margin itself: whoever calls it equivalent errs.
    shifted = worlds - 0.2 + math.log(2.5)
    errors = np.mean([effect(world.ravel(), unit=unit).equivalent(2.5) is True for world in shifted])
    assert abs(errors - 0.05) < SLACK
    inside = np.mean([effect(world.ravel(), unit=unit).equivalent(2.5) is True for world in worlds - 0.2])
    assert inside > 0.9


EVEN = (0.1, 0.12, 0.15, 0.2, 0.1, 0.14)
UNEVEN = (0.05, 0.1, 0.2, 0.3, 0.1, 0.15)


@pytest.mark.parametrize("between", ["paule-mandel", "dersimonian-laird"])
@pytest.mark.parametrize(("errors", "least", "most"), [(EVEN, 0.93, 0.965), (UNEVEN, 0.90, 0.945)])
def test_pooled_intervals_cover_if_errors_are_much_alike(between, errors, least, most):
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(REPEATS // 2):
        values = 0.2 + 0.25 * rng.standard_normal(6) + np.array(errors) * rng.standard_normal(6)
        units = [Effect(Estimate(y, e, 20, 21, STUDENTS), 21) for y, e in zip(values, errors, strict=True)]
        hits += covered(pooled(units, between=between).effect, 0.2)
    assert least < hits / (REPEATS // 2) < most


# Measurements of nine laboratories, Kacker, Metrologia 41 (2004) 132, table 1: values, and squared standard errors.
KACKER = [61.0, 61.4, 62.21, 62.3, 62.34, 62.6, 62.7, 62.84, 65.9]
KACKER_VARIANCES = [0.2025, 1.21, 0.09, 0.2025, 0.3844, 0.5625, 0.0676, 0.0225, 1.8225]


def laboratories():
    pairs = zip(KACKER, KACKER_VARIANCES, strict=True)
    return [Effect(Estimate(y, math.sqrt(v), 5, 6, STUDENTS), 6) for y, v in pairs]


def test_pooled_against_kacker_and_metafor():
    moments = pooled(laboratories(), between="dersimonian-laird")
    iterated = pooled(laboratories())
    # τ as Kacker prints it.
    assert math.sqrt(iterated.between) == pytest.approx(0.8399, abs=6e-5)
    # R's metafor, rma(method="PM") and rma(method="DL", test="knha"): τ², mean, standard error, interval, Q and its p.
    assert iterated.between == pytest.approx(0.705395309224248, rel=1e-7)
    assert iterated.effect.log.value == pytest.approx(62.4076199113286)
    assert moments.between == pytest.approx(0.288049246973751)
    assert moments.effect.log.value == pytest.approx(62.3901386044504)
    assert moments.effect.log.error == pytest.approx(0.29477605699879)
    assert moments.effect.log.interval() == pytest.approx((61.710383798052, 63.0698934108488))
    assert moments.heterogeneity == pytest.approx(24.801897741835)
    assert moments.p_value == pytest.approx(0.00167935146372742)


def test_paule_and_mandel_against_another_solver():
    values, variances = np.array(KACKER), np.array(KACKER_VARIANCES)

    def squared_gap(log_tau):
        w = 1 / (variances + math.exp(log_tau))
        return (np.sum(w * (values - np.average(values, weights=w)) ** 2) - 8) ** 2

    found = optimize.minimize_scalar(squared_gap, bounds=(-6, 3), method="bounded", options={"xatol": 1e-10})
    assert pooled(laboratories()).between == pytest.approx(math.exp(found.x), rel=1e-5)


def test_pooled_with_equal_errors_is_students_interval_over_units():
    values = [0.1, 0.5, 0.3, 0.8]
    found = pooled([Effect(Estimate(y, 0.07, 5, 6, STUDENTS), 6) for y in values])
    assert found.effect.log.interval() == pytest.approx(mean_of(values).interval())
    # What the values scatter, less what their errors explain.
    assert found.between == pytest.approx(np.var(values, ddof=1) - 0.07**2)


def test_units_that_agree_within_their_errors_have_no_variance_between_them():
    found = pooled([Effect(Estimate(y, 0.5, 5, 6, STUDENTS), 6) for y in (0.1, 0.12, 0.08)])
    assert found.between == 0
    assert found.p_value > 0.9


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: ratio_of([1.0, 0.0], [1.0, 1.0]), "first must be positive, its least value is 0"),
        (lambda: ratio_of([1.0, 2.0], [1.0, math.nan]), "second must be finite"),
        (lambda: ratio_of([1.0, 2.0], [1.0]), "second must have shape"),
        (lambda: ratio_of([], []), "first must not be empty"),
        (lambda: ratio_of([1.0, 2.0], [1.0, 2.0], unit=[0]), "unit must name a unit for each of 2 values"),
        (lambda: difference_of([1.0, 2.0], [1.0]), "second must have shape"),
        (lambda: ratio_of([1.0, 2.0], [1.0, 1.0]).equivalent(0.8), "margin must be a factor above 1"),
        (lambda: pooled([ratio_of([1.0, 2.0], [1.0, 1.0])]), "at least 2 units"),
        (lambda: pooled([ratio_of([1.0], [1.0])] * 3), "finite error above 0"),
        (lambda: pooled([ratio_of([1.0, 2.0], [1.0, 1.0])] * 3, between="reml"), "between"),
    ],
)
def test_what_cannot_be_is_refused(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()


CLEAR, SLOW, UNCLEAR = effect([0.5, 0.6, 0.7]), effect([-0.5, -0.6, -0.7]), effect([-0.5, 0.1, 0.6])


@pytest.mark.parametrize(
    ("family", "all_faster", "some_slower"),
    [
        ([CLEAR, CLEAR], True, False),
        ([CLEAR, UNCLEAR], None, None),
        ([CLEAR, SLOW], False, True),
        ([UNCLEAR, UNCLEAR], None, None),
    ],
)
def test_verdicts_of_several_effects(family, all_faster, some_slower):
    assert everywhere(family, "faster").holds is all_faster
    assert somewhere(family, "slower").holds is some_slower
    # The mirror image.
    mirrored = [effect([-e.log.value - d for d in (-0.1, 0, 0.1)]) if e is not UNCLEAR else e for e in family]
    assert everywhere(mirrored, "slower").holds is all_faster
    assert somewhere(mirrored, "faster").holds is some_slower


def test_one_of_many_is_found_only_if_it_stands_out_among_them():
    # p = 0.03 alone.
    weak = effect([0.1, 0.35, 0.3, 0.05, 0.2, 0.5, -0.1])
    assert 0.01 < weak.p_value < 0.05
    assert somewhere([weak], "faster").holds is True
    assert somewhere([weak] + [UNCLEAR] * 9, "faster").holds is None
    assert sides([weak, CLEAR])["faster"] == [0, 1]


def test_no_effects_are_refused():
    with pytest.raises(InputError, match="no effects"):
        everywhere([], "faster")
    with pytest.raises(InputError, match="no effects"):
        somewhere([], "slower")
