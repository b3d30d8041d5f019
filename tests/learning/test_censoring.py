"""Epochs to a threshold: what was never reached is not a number, and means say what they are."""

import numpy as np
import pytest
import xarray as xr

import curldescent as cd
from curldescent.learning.censoring import mean_text

NAN = float("nan")


def test_reached_at_the_last_epoch_is_not_never():
    curves = xr.DataArray(
        [[1.0, 0.5, 0.05], [1.0, 0.5, 0.2], [1.0, NAN, NAN], [0.01, 1.0, 1.0]],
        dims=("trial", "epoch"),
        coords={"epoch": [0, 10, 100]},
    )
    found = cd.epochs_to_threshold(curves, 0.1)
    np.testing.assert_array_equal(found, [100, NAN, NAN, 0])
    assert found.attrs["last_epoch"] == 100
    np.testing.assert_array_equal(cd.epochs_to_threshold(curves.isel(epoch=[2, 0, 1]), 0.6), [10, 10, NAN, 0])
    last = cd.epochs_to_threshold(curves, 0.1, never="last")
    assert last.dtype == np.int64
    assert last.values.tolist() == [100, 100, 100, 0]


def test_without_censoring_it_is_the_usual_statistic():
    values = np.random.default_rng(0).integers(1, 50, 23).astype(float)  # with ties
    found = cd.summarise_epochs(values, last=100)
    assert float(found.restricted_mean) == pytest.approx(values.mean())
    assert float(found.standard_error) == pytest.approx(values.std(ddof=1) / np.sqrt(23))
    assert float(found["median"]) == np.median(values)
    assert int(found.censored) == 0


def test_a_common_end_gives_the_mean_up_to_there():
    values = np.array([10.0, 20, NAN, 40, NAN, 35, 20])
    capped = np.where(np.isnan(values), 60.0, values)
    found = cd.summarise_epochs(values, last=60)
    assert float(found.restricted_mean) == pytest.approx(capped.mean())
    assert float(found.standard_error) == pytest.approx(capped.std(ddof=1) / np.sqrt(7))
    assert float(found["median"]) == 35
    assert (int(found["count"]), int(found.censored), float(found.horizon)) == (7, 2, 60)


def test_different_ends_follow_kaplan_and_meiers_example():
    # Kaplan & Meier (1958), section 2: deaths at 0.8, 3.1, 5.4, 9.2; losses at 1.0, 2.7, 7.0, 12.1. They find
    # P(0.8) = 7/8, P(3.1) = 7/10, P(5.4) = 21/40, P(9.2) = 21/80.
    needed = [0.8, NAN, NAN, 3.1, 5.4, NAN, 9.2, NAN]
    ends = [13.0, 1.0, 2.7, 13, 13, 7.0, 13, 12.1]
    found = cd.summarise_epochs(needed, last=ends)
    by_hand = 0.8 + (3.1 - 0.8) * 7 / 8 + (5.4 - 3.1) * 7 / 10 + (9.2 - 5.4) * 21 / 40 + (12.1 - 9.2) * 21 / 80
    assert float(found.restricted_mean) == pytest.approx(by_hand)
    assert float(found.horizon) == 12.1
    assert float(found["median"]) == 9.2  # the first time at which no more than half are left


def test_over_rules_and_with_most_censored():
    epochs = xr.DataArray(
        [[1.0, 2, 3], [5, NAN, NAN], [NAN, NAN, NAN]], dims=("rule", "trial"), attrs={"last_epoch": 9}
    )
    found = cd.summarise_epochs(epochs)
    assert found.censored.values.tolist() == [0, 2, 3]
    np.testing.assert_allclose(found.restricted_mean, [2, 23 / 3, 9])
    np.testing.assert_array_equal(found["median"], [2, NAN, NAN])
    # A single run has no spread; that of runs which all outlast the horizon nobody has seen, and it is not zero.
    assert np.isfinite(found.standard_error).values.tolist() == [True, True, False]
    assert np.isnan(cd.summarise_epochs([3.0], last=9).standard_error)
    assert mean_text([3.0], last=9) == "3"
    assert mean_text([1, 2, 3], last=9) == "2 ± 1"
    assert mean_text([5, NAN, NAN], last=9) == "≥ 8 ± 1 (2 of 3 not within 9)"
    assert mean_text([NAN, NAN], last=9) == "> 9 (none of 2 within that)"


def test_a_real_run_and_bad_input():
    problem = cd.student_teacher(n_inputs=4, n_hidden=6, n_train=10, trials=2)
    history = cd.train(problem, {"GD": cd.Plasticity(), "CD": cd.Plasticity(readout=0.5)}, epochs=5)
    needed = cd.epochs_to_threshold(history.train_error, 1e-30)
    assert bool(needed.isnull().all())
    assert cd.summarise_epochs(needed).restricted_mean.values.tolist() == [5, 5]
    for call, message in (
        (lambda: cd.epochs_to_threshold(history.train_error, 0.1, never="lst"), "did you mean 'last'"),
        (lambda: cd.epochs_to_threshold(history.train_error[..., -1], 0.1), "epoch dimension"),
        (lambda: cd.summarise_epochs([1.0, NAN]), "last must be given"),
        (lambda: cd.summarise_epochs([1.0, 7.0], last=5), "at or after"),
        (lambda: cd.summarise_epochs([1.0, 7.0], last=[9, 9, 9]), "shape of the epochs"),
        (lambda: cd.summarise_epochs(needed, dim="trials"), "dim must be one of"),
    ):
        with pytest.raises(cd.InputError, match=message):
            call()


def test_runs_that_were_stopped_are_not_taken_for_watched():
    problem = cd.student_teacher(n_inputs=4, n_hidden=6, n_train=10, trials=3)
    history = cd.train(problem, cd.Plasticity(), epochs=200, stop_below=1e-3)
    assert (history.stopped_at >= 0).all()
    assert cd.epochs_to_threshold(history.train_error, 1e-3).attrs["last_epoch"] == 200
    lower = cd.epochs_to_threshold(history.train_error, 1e-6)
    with pytest.raises(cd.InputError, match="stopped_at where one was stopped"):
        cd.summarise_epochs(lower)
    found = cd.summarise_epochs(lower, last=history.stopped_at)
    assert float(found.horizon) == float(history.stopped_at.max())
    # The training error alone decided: of any test error a stopped run may have gone on to a lower one.
    assert "last_epoch" not in cd.epochs_to_threshold(history.test_error, 1e-1).attrs
