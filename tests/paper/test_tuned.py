"""The control that tunes both rules: the loop against the library's own, choices on other input sets, verdicts."""

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

import curldescent as cd
from curldescent.learning.schedule import SampleOrders
from curldescent.paper.controls import tuned
from curldescent.paper.machinery import tuned_runs
from curldescent.paper.machinery.claims import SCALES, Results
from curldescent.plots import style

mpl.use("agg")
SIZE = tuned.SIZES["standard"]


@pytest.mark.parametrize("scale", SCALES)
def test_experiments_build(scale):
    assert set(tuned.FIGURE.at(scale)) == {tuned.NAME, tuned.STRICT}


@pytest.mark.parametrize("rule", ["GD", "CD"])
def test_the_loop_is_the_librarys_rule(rule):
    sweep = tuned_runs.plane(1, 2, [0.7], [30.0], n_train=60, epochs=2, record=[0, 1, 2], threshold=1e-9)
    cell = sweep.cell(rule=rule)
    history = cd.train(cell.problem, cell.rule, **cell.training)
    orders = SampleOrders(seed=cell.seed, trials=2, samples=60).take(2)
    for trial in range(2):
        start = [layer[trial] for layer in cell.problem.student.layers]
        errors = tuned_runs.errors_within(
            start,
            tuned_runs.FLIPS[rule],
            cell.problem.inputs,
            cell.problem.train_outputs()[trial],
            orders[:, trial],
            30.0,
            every=2,
            stop_below=0.0,
        )
        # Six updates an epoch, a look after every second one.
        assert len(errors) == 7
        np.testing.assert_allclose(errors[[0, 3, 6]], history.train_error.values[trial], rtol=1e-9)


def test_samples_are_counted_to_the_first_look_below():
    data = tuned_runs.samples_needed(1, 1, [0.7, 1.0], [0.001, 100.0], 500, 4, 2)
    assert (data.reached.sel(learning_rate=100.0)).any()
    slow = data.sel(learning_rate=0.001)
    assert not slow.reached.any()
    assert (slow.samples == 4 * 500).all()
    quick = data.samples.where(data.reached)
    assert (quick.max() < 2000) & (quick.min() >= 20)
    assert (quick.fillna(0) % 20 == 0).all()


def test_a_setting_is_never_chosen_by_the_students_it_is_judged_by():
    # Setting 0 is best for the others of every set, also for set 0, where setting 1 would have been better.
    needed = np.array([[[4.0], [2.0], [2.0]], [[3.0], [3.0], [3.0]]])
    best, judged = tuned_runs.chosen_elsewhere(needed)
    assert best.tolist() == [0, 0, 0]
    assert judged.ravel().tolist() == [4.0, 2.0, 2.0]


def test_tuning_on_the_judged_students_would_be_too_good():
    rng = np.random.default_rng(6)
    needed = np.exp(0.5 * rng.standard_normal((30, 8, 3)))
    _, honest = tuned_runs.chosen_elsewhere(needed)
    together = needed[np.log(needed).mean(axis=(1, 2)).argmin()]
    assert np.log(together).mean() < -0.15 < np.log(honest).mean()


def world(gain, *, spread=0.05, scale="standard"):
    """Results in which GD's best over CD's best is about `gain` in both experiments, at scale 0.7 and rate 100."""
    rng = np.random.default_rng(1)
    sets, trials = SIZE.sets, SIZE.trials
    found = {}
    for name, students, rates in (
        (tuned.NAME, tuned.STUDENTS, tuned.RATES),
        (tuned.STRICT, tuned.STRICT_STUDENTS, tuned.STRICT_RATES),
    ):
        away = np.abs(np.log(np.array(students) / 0.7))[:, None] + np.abs(np.log(np.array(rates) / 100))[None]
        noise = np.exp(spread * rng.standard_normal((2, 1, 1, sets, 1)))
        factor = np.array([gain, 1.0]).reshape(2, 1, 1, 1, 1)
        values = 200 * np.exp(away)[None, :, :, None, None] * noise * factor * np.ones((1, 1, 1, 1, trials))
        dims = ("rule", "student_scale", "learning_rate", "seed", "trial")
        coords = {"rule": ["GD", "CD"], "student_scale": list(students), "learning_rate": list(rates)}
        data = {"samples": (dims, values), "reached": (dims, values < 5e3)}
        if name == tuned.STRICT:
            data = {
                "epochs_to_train": ((*dims, "threshold"), values[..., None]),
                "stopped_at": (dims, np.where(values < 5e3, values, -1)),
            }
        found[name] = xr.Dataset(data, coords=coords)
    return Results(scale, found)


@pytest.mark.parametrize(
    ("gain", "spread", "expected"),
    [
        (2.0, 0.05, (True, False, True)),
        (0.5, 0.05, (False, False, False)),
        (1.0, 0.9, (None, None, None)),
    ],
)
def test_verdicts(gain, spread, expected):
    results = world(gain, spread=spread)
    assert tuple(claim.measure(results).holds for claim in tuned.FIGURE.claims) == expected


def test_equal_rules_are_equal_and_no_faster():
    results = world(1.0, spread=0.02)
    faster, equal, _ = (claim.measure(results).holds for claim in tuned.FIGURE.claims)
    assert equal is True
    assert faster is not True


def test_the_choice_is_said():
    said = tuned.best_against_best(world(2.0), tuned.NAME)[2]
    assert "scale 0.7, η = 100 (8 of 8 sets)" in said


def test_the_picture():
    with style.figure_style():
        picture = tuned.draw(world(1.3))
    picture.canvas.draw()
    assert len(picture.axes) == 4
