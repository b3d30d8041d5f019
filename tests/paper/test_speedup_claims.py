"""The comparisons behind the speed-up figures, against SciPy and by hand; stopping early against running on."""

import numpy as np
import pytest
from scipy import stats

import curldescent as cd
from curldescent.paper.machinery import speedup_claims, speedup_protocol
from curldescent.paper.machinery.speedup_panels import signs
from curldescent.sweeps.description.preflight import check
from curldescent.sweeps.execution.cell import compute
from tests.paper.speedup import constructed, with_gain


def compare(first, second, last=10_000):
    return speedup_claims.compare(first, second, last=last)


def test_stopping_below_both_errors_changes_no_epoch_of_the_protocol():
    def run(stop_below):
        sweep = speedup_protocol.sweep(
            {"n_train": (1000,)}, trials=2, epochs=400, student_scale=1.0, teacher_scale=0.8, stop_below=stop_below
        )
        return [compute(sweep.cell_at(i)) for i in sweep.grid.indices()]

    early, whole = run([1e-3, 1e-3]), run(1e-300)
    for stopped, ran_on in zip(early, whole, strict=True):
        assert (stopped["stopped_at"] > 0).all()
        assert (ran_on["stopped_at"] == -1).all()
        for part in ("train", "test"):
            np.testing.assert_array_equal(stopped[f"epochs_to_{part}"], ran_on[f"epochs_to_{part}"])
        # Not because nothing happens after the stop: the errors go on falling.
        assert (ran_on["final_train_error"] < stopped["final_train_error"]).all()


def test_recorded_are_the_epochs_of_the_papers_run():
    whole = cd.log_epochs(100_000).tolist()
    assert speedup_protocol.sweep({"n_train": (100,)}, trials=2, epochs=100_000).settings.training["record"] == whole
    part = speedup_protocol.sweep({"n_train": (100,)}, trials=2, epochs=1_000).settings.training["record"]
    assert part[:-1] == [epoch for epoch in whole if epoch < 1000]
    assert part[-1] == 1000


def test_the_protocol_can_run():
    check(speedup_protocol.sweep({"student_scale": (0.1, 2)}, trials=2, epochs=10, n_train=200))
    flips = speedup_protocol.sweep(
        {"readout_flips": (0, 3)}, rules=None, paired=["readout_flips"], trials=2, epochs=10, n_train=20
    )
    check(flips)
    assert flips.seed_text((0,)) == flips.seed_text((1,))


def test_comparisons_are_those_of_scipy():
    sweep = speedup_protocol.sweep({"n_train": (100, 2000)}, trials=9, epochs=5000)
    rng = np.random.default_rng(0)
    table = {rule: rng.uniform(100, 3000, (2, 9)) for rule in ("GD", "CD")}
    data = constructed(sweep, lambda rule, value, part, trial: table[rule][int(value == 2000)])
    found = speedup_claims.rules_compared(data, "train", "n_train")[2000]
    a, b = table["GD"][1], table["CD"][1]
    assert found.effect.p_value == pytest.approx(stats.ttest_rel(np.log(a), np.log(b)).pvalue)
    assert found.t_p_value == pytest.approx(stats.ttest_rel(a, b).pvalue)
    assert (found.numbers["first"], found.numbers["second"]) == (pytest.approx(a.mean()), pytest.approx(b.mean()))
    assert found.numbers["first_error"] == pytest.approx(stats.sem(a))
    assert found.wins == (b < a).sum()
    assert speedup_protocol.last_epoch(data) == 5000


def test_flips_are_compared_with_none():
    sweep = speedup_protocol.sweep({"readout_flips": (0, 1, 5)}, rules=None, trials=6, epochs=5000, n_train=2000)
    data = constructed(sweep, with_gain(lambda flips: {1.0: 2.0, 5.0: 0.5}[flips]))
    found = speedup_claims.flips_compared(data, "test")
    assert list(found) == [1, 5]
    assert found[1].effect.ratio == pytest.approx(2, rel=0.1)
    assert found[5].effect.ratio == pytest.approx(0.5, rel=0.1)
    assert signs(found) == {1: 1, 5: -1}


PAIRS = np.array([-2.0, -1.0, -1.0, 1.0, 1.0, 2.0])


def pairs(log_ratio: float, spread: float = 0.02, n: int = 6, last: int = 10_000):
    """Pairs whose log ratio has this mean; six of spread 1 have the standard deviation √(12/5)."""
    logs = log_ratio + spread * np.resize(PAIRS, n)
    return compare(1000 * np.exp(logs), np.full(n, 1000.0), last)


def test_one_value_is_judged_over_its_students():
    # Six pairs: the half-width is 2.571 √(12/5)/√6 = 1.626 spreads.
    assert speedup_claims.at({1.0: pairs(0.034)}, 1).holds is True
    assert speedup_claims.at({1.0: pairs(0.031)}, 1).holds is None
    assert speedup_claims.at({1.0: pairs(-0.031)}, 1).holds is None
    assert speedup_claims.at({1.0: pairs(-0.034)}, 1).holds is False
    found = speedup_claims.at({1.0: pairs(0.034)}, 1)
    assert found.p_value == pytest.approx(stats.ttest_1samp(0.034 + 0.02 * PAIRS, 0).pvalue)
    assert "over 6 students" in found.said


def test_findings_say_when_a_scale_cannot_tell():
    few = {2000.0: compare([10, 11, 12, 13, 14], [1, 2, 3, 4, 5])}
    assert speedup_claims.at(few, 2000).holds is None
    assert speedup_claims.at({2000.0: pairs(1.0)}, 100).holds is None
    for claim in (speedup_claims.together, speedup_claims.no_gain, speedup_claims.each):
        for compared, values in ((few, [2000]), ({2000.0: pairs(1.0)}, [100]), ({}, [2000])):
            assert (claim(compared, values).holds, claim(compared, values).said) == (None, speedup_claims.TOO_FEW)
    assert speedup_claims.gain_grows({p: pairs(p) for p in (1.0, 2.0, 3.0)}).holds is None  # three values are no trend
    sweep = speedup_protocol.sweep({"n_train": (500, 2000)}, trials=9, epochs=5000)
    data = constructed(sweep, with_gain(lambda p: p / 400))
    assert speedup_claims.never_reached(data, "test", "n_train", up_to=260).holds is None


@pytest.mark.parametrize(
    ("means", "faster", "slower"),
    # Three input sets: the half-width is 4.303 s/√3.
    [
        ((0.1, 0.2, 0.3), None, None),  # s = 0.1: 0.2 ± 0.248
        ((0.2, 0.3, 0.4), True, False),
        ((-0.2, -0.3, -0.4), False, True),
    ],
)
def test_several_values_are_judged_over_input_sets(means, faster, slower):
    # Every set for itself is certain: over students the mean would be too.
    compared = {float(number): pairs(mean, spread=0.001) for number, mean in enumerate(means)}
    found = speedup_claims.together(compared, [0, 1, 2])
    assert found.holds is faster
    assert speedup_claims.together(compared, [0, 1, 2], slower=True).holds is slower
    assert (found.numbers["n"], found.numbers["over"], found.numbers["students"]) == (3, "input sets", 18)
    assert found.p_value == pytest.approx(stats.ttest_1samp(means, 0).pvalue)
    assert np.log(found.numbers["ratio"]) == pytest.approx(np.mean(means))


def test_two_values_are_judged_over_their_students_and_say_so():
    found = speedup_claims.together({0.0: pairs(0.1), 1.0: pairs(0.5)}, [0, 1])
    assert found.holds is True
    assert found.numbers["over"] == "students"


def test_no_gain_is_a_ratio_below_the_margin_for_certain():
    def found(*means):
        compared = {float(number): pairs(mean, spread=0.001) for number, mean in enumerate(means)}
        return speedup_claims.no_gain(compared, list(compared), margin=1.1).holds

    # ln 1.1 = 0.0953.
    assert found(-0.01, 0.0, 0.01) is True
    assert found(0.05, 0.06, 0.07) is True
    assert found(0.0, 0.05, 0.1) is None
    assert found(0.14, 0.15, 0.16) is False


def test_each_value_must_say_so_and_one_can_contradict():
    yes, no, even = pairs(0.5), pairs(-0.5), pairs(0.0)
    assert speedup_claims.each({1.0: yes, 2.0: yes}, [1, 2]).holds is True
    assert speedup_claims.each({1.0: yes, 2.0: even}, [1, 2]).holds is None
    assert speedup_claims.each({1.0: yes, 2.0: even, 3.0: no}, [1, 2, 3]).holds is False
    assert speedup_claims.each({1.0: no, 2.0: no}, [1, 2], slower=True).holds is True
    assert speedup_claims.each({1.0: no, 2.0: yes}, [1, 2], slower=True).holds is False
    # Values that are not asked for do not count.
    assert speedup_claims.each({1.0: yes, 2.0: no}, [1, 5]).holds is True


def test_p_values_of_each_are_that_of_the_weakest_or_of_the_clearest_contradiction():
    clear, weak, contrary = pairs(0.5), pairs(0.04), pairs(-0.05)
    assert speedup_claims.each({1.0: clear, 2.0: weak}, [1, 2]).p_value == weak.effect.p_value
    found = speedup_claims.each({1.0: clear, 2.0: contrary, 3.0: clear}, [1, 2, 3])
    assert found.holds is False
    assert found.p_value == pytest.approx(3 * contrary.effect.p_value)


def test_the_trend_is_kendalls_over_input_sets():
    def found(*gains):
        return speedup_claims.gain_grows({float(p): pairs(gain) for p, gain in enumerate(gains)})

    # Exact, two-sided: five in order 2/5! = 0.017, four 2/4! = 0.083; one exchange of five 10/120 = 0.083.
    assert found(0.1, 0.2, 0.3, 0.4, 0.5).holds is True
    assert found(0.1, 0.2, 0.3, 0.4, 0.5).p_value == pytest.approx(2 / 120)
    assert found(0.5, 0.4, 0.3, 0.2, 0.1).holds is False
    # Four cannot decide, and are no test that would count among the others.
    assert (found(0.1, 0.2, 0.3, 0.4).holds, found(0.1, 0.2, 0.3, 0.4).p_value) == (None, None)
    assert found(0.1, 0.2, 0.3, 0.5, 0.4).p_value == pytest.approx(10 / 120)
    assert found(0.1, 0.2, 0.3, 0.5, 0.4).holds is None


@pytest.mark.parametrize(("reach", "holds"), [(0, True), (5, None), (20, False)])
def test_trials_that_never_get_there_are_a_share(reach, holds):
    small = (100, 140, 180, 220, 260)
    sweep = speedup_protocol.sweep({"n_train": (*small, 2000)}, trials=60, epochs=5000)
    data = constructed(sweep, lambda rule, p, part, trial: np.where((trial < reach) | (p > 500), 100.0, np.inf))
    found = speedup_claims.never_reached(data, "test", "n_train", up_to=260)
    assert found.holds is holds
    assert (found.numbers["passed"], found.numbers["of"]) == (5 * 2 * (60 - reach), 600)
    # Both rules of one number of samples share its inputs.
    assert found.numbers["cells"] == len(small)
    assert speedup_claims.never_reached(data, "test", "n_train", up_to=100).holds is None


def test_pairs_in_which_nobody_arrives_tell_nothing():
    gd, cd_ = np.full(10, 5000.0), np.full(10, 5000.0)
    cd_[:4] = [3000, 3100, 2900, 3300]
    found = compare(gd, cd_, last=5000)
    assert (found.n, found.unfinished, found.telling, found.never) == (10, 6, 4, (10, 6))
    assert "never there: GD 10, CD 6 of 10, counted as the last epoch" in speedup_claims.at({2.0: found}, 2).said
    assert "GD ≥ 5000" in speedup_claims.at({2.0: found}, 2).said
    # Of several sets, those where fewer than half of the pairs tell anything are left out.
    tells = {number: pairs(0.3 + 0.01 * number, n=10, last=5000) for number in (3.0, 4.0, 5.0)}
    together = speedup_claims.together({2.0: found, **tells}, [2, 3, 4, 5])
    assert (together.numbers["n"], list(together.numbers["values"])) == (3, ["3", "4", "5"])
    cd_[4] = 3000.0
    together = speedup_claims.together({2.0: compare(gd, cd_, last=5000), **tells}, [2, 3, 4, 5])
    assert together.numbers["n"] == 4


def test_students_that_agree_before_they_learn_have_a_ratio():
    sweep = speedup_protocol.sweep({"n_train": (100, 500, 2000)}, trials=8, epochs=5000, activation="relu")
    data = constructed(sweep, lambda rule, value, part, trial: np.where(trial < 2, 0, 500.0 if rule == "GD" else 300.0))
    found = speedup_claims.rules_compared(data, "train", "n_train")[500]
    assert found.effect.ratio == pytest.approx((5 / 3) ** (6 / 8))


def test_students_that_never_learn_do_not_enter_the_trend():
    def world(gain):
        sweep = speedup_protocol.sweep({"student_scale": (0.1, 0.6, 1, 2, 4, 5)}, trials=8, epochs=5000, n_train=2000)
        data = constructed(sweep, with_gain(gain, never=lambda s, part: s < 0.5))
        return speedup_claims.rules_compared(data, "train", "student_scale")

    found = speedup_claims.gain_grows(world(lambda s: 1 + s))
    assert found.holds is True
    assert found.numbers["sets"] == 5
    assert speedup_claims.gain_grows(world(lambda s: 1 / (1 + s))).holds is False
