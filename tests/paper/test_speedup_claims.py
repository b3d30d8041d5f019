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
    assert found.p_value == pytest.approx(stats.wilcoxon(a, b).pvalue)
    assert found.t_p_value == pytest.approx(stats.ttest_rel(a, b).pvalue)
    assert (found.first, found.second) == (pytest.approx(a.mean()), pytest.approx(b.mean()))
    assert speedup_protocol.last_epoch(data) == 5000


def test_flips_are_compared_with_none():
    sweep = speedup_protocol.sweep({"readout_flips": (0, 1, 5)}, rules=None, trials=6, epochs=5000, n_train=2000)
    data = constructed(sweep, with_gain(lambda flips: {1.0: 2.0, 5.0: 0.5}[flips]))
    found = speedup_claims.flips_compared(data, "test")
    assert list(found) == [1, 5]
    assert found[1].ratio == pytest.approx(2, rel=0.1)
    assert found[5].ratio == pytest.approx(0.5, rel=0.1)
    assert signs(found) == {1: 1, 5: -1}


def test_findings_say_when_a_scale_cannot_tell():
    few = {2000.0: compare([10, 11, 12], [1, 2, 3])}
    many = {2000.0: compare(np.arange(10, 20), np.arange(1, 11))}
    assert speedup_claims.faster(few, 2000).holds is None
    assert speedup_claims.faster(many, 100).holds is None
    assert speedup_claims.faster(many, 2000).holds is True
    assert speedup_claims.nowhere_faster(few, [2000]).holds is None
    # Five of six pairs: p = 0.06, which six pairs cannot better unless all agree; eight pairs can.
    six = compare([10, 20, 30, 40, 50, 60], [11, 15, 20, 25, 30, 35])
    eight = compare([10, 20, 30, 40, 50, 60, 10, 20], [14, 15, 20, 45, 30, 65, 12, 22])
    assert (six.p_value, eight.p_value) > (0.05, 0.05)
    assert speedup_claims.faster({1.0: six}, 1).holds is None
    assert speedup_claims.everywhere_faster({1.0: six}, [1]).holds is None
    assert speedup_claims.faster({1.0: eight}, 1).holds is False
    assert speedup_claims.everywhere_faster({1.0: eight, 2.0: six}, [1, 2]).holds is False
    assert speedup_claims.everywhere_faster({1.0: eight, 2.0: six}, [1, 2], share=0.5).holds is None
    # Six pairs that all get slower are enough to say no.
    assert speedup_claims.faster({1.0: compare([1, 2, 3, 4, 5, 6], [2, 4, 6, 8, 10, 12])}, 1).holds is False
    assert speedup_claims.everywhere_faster(many, [100]).holds is None
    sweep = speedup_protocol.sweep({"n_train": (500, 2000)}, trials=9, epochs=5000)
    data = constructed(sweep, with_gain(lambda p: p / 400))
    assert speedup_claims.never_reached(data, "test", "n_train", up_to=260).holds is None
    assert speedup_claims.gain_grows(data, "test", "n_train").holds is None  # two values are no trend


def test_pairs_in_which_nobody_arrives_tell_nothing():
    gd, cd_ = np.full(10, 5000.0), np.full(10, 5000.0)
    cd_[:4] = [3000, 3100, 2900, 3300]
    found = compare(gd, cd_, last=5000)
    assert (found.n, found.unfinished, found.telling) == (10, 6, 4)
    assert speedup_claims.faster({2.0: found}, 2).holds is None
    assert "6 pairs never get there" in speedup_claims.faster({2.0: found}, 2).said
    # The same epochs in a longer run are ties, and count.
    assert speedup_claims.faster({2.0: compare(gd, cd_, last=6000)}, 2).holds is False
    many = compare([10, 20, 30, 40, 50, 60], [9, 15, 20, 45, 51, 35])
    assert many.p_value > 0.05
    assert many.ratio > 1
    assert speedup_claims.nowhere_faster({8.0: many}, [8], margin=1.0).holds is None


def test_students_that_agree_before_they_learn_have_a_ratio():
    sweep = speedup_protocol.sweep({"n_train": (100, 500, 2000)}, trials=8, epochs=5000, activation="relu")
    data = constructed(sweep, lambda rule, value, part, trial: np.where(trial < 2, 0, 500.0 if rule == "GD" else 300.0))
    found = speedup_claims.rules_compared(data, "train", "n_train")[500]
    assert found.ratio == pytest.approx((5 / 3) ** (6 / 8))
    assert speedup_claims.gain_grows(data, "train", "n_train").holds is False


def test_students_that_never_learn_do_not_enter_the_trend():
    def world(gain):
        sweep = speedup_protocol.sweep({"student_scale": (0.1, 1, 2, 4)}, trials=8, epochs=5000, n_train=2000)
        return constructed(sweep, with_gain(gain, never=lambda s, part: s < 0.5))

    found = speedup_claims.gain_grows(world(lambda s: 1 + s), "train", "student_scale")
    assert found.holds is True
    assert found.numbers["students"] == 24
    assert speedup_claims.gain_grows(world(lambda s: 1 / (1 + s)), "train", "student_scale").holds is False
