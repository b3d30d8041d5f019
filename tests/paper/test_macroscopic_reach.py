"""Large teachers and the onset at a small error: claims can go either way, and its runs are those it says."""

import numpy as np
import pytest
import xarray as xr

from curldescent.paper import Results, figure
from curldescent.paper.beyond import macroscopic_reach
from curldescent.paper.machinery import macroscopic_reach_runs
from curldescent.theory import speedup_onset

SIZE = macroscopic_reach.SIZES["standard"]


def on_the_way(rng: np.random.Generator, *, factor: float, flipped: bool, spread: float) -> xr.Dataset:
    """Curl descent ahead by a factor 1.5 everywhere but at the last place, where it is behind by that."""
    shape = (len(macroscopic_reach.PLACES), SIZE.sets, len(SIZE.epochs))
    logs = np.full(shape, np.log(1.5))
    logs[-1] *= -1
    found = {}
    for name, here in (("measured", logs + np.log(factor)), ("predicted", -logs if flipped else logs)):
        noisy = here + spread * rng.standard_normal(shape)
        found[name] = (
            ("place", "rule", "set", "epoch"),
            np.stack([0.01 * np.exp(noisy), np.full(shape, 0.01)], axis=1),
        )
    students, teachers = zip(*macroscopic_reach.PLACES, strict=True)
    places = {"student_scale": ("place", list(students)), "teacher_scale": ("place", list(teachers))}
    return xr.Dataset(found, coords={**places, "rule": ["GD", "CD"], "epoch": list(SIZE.epochs)})


def by_scale(rng: np.random.Generator, scale: tuple[float, ...], logs: np.ndarray, spread: float) -> xr.Dataset:
    noisy = logs[:, None] + spread * rng.standard_normal((len(scale), SIZE.sets))
    epochs = np.stack([1000 * np.exp(noisy), np.full(noisy.shape, 1000.0)], axis=1)
    return xr.Dataset(
        {"epochs": (("student_scale", "rule", "set"), epochs)},
        coords={"student_scale": list(scale), "rule": ["GD", "CD"]},
    )


def world(
    *,
    factor: float = 1.0,
    flipped: bool = False,
    slower: bool = True,
    onset: float = 1.0,
    by_equations: float = 1.0,
    spread: float = 0.02,
) -> Results:
    rng = np.random.default_rng(1)
    at = speedup_onset(macroscopic_reach.SMALL_ERROR)
    scale = np.array(SIZE.scales)
    data = {
        macroscopic_reach.ERRORS: on_the_way(rng, factor=factor, flipped=flipped, spread=spread),
        macroscopic_reach.FAR: by_scale(rng, (2.0,), np.array([np.log(0.7 if slower else 1.4)]), spread),
        macroscopic_reach.ONSET: by_scale(rng, SIZE.scales, 2 * np.log(scale / (at * onset)), spread),
        macroscopic_reach.ONSET_TOLD: by_scale(rng, SIZE.scales, 2 * np.log(scale / (at * by_equations)), spread),
    }
    return Results("standard", data)


def verdicts(results: Results) -> list[bool | None]:
    return [claim.measure(results).holds for claim in figure("macroscopic-reach").claims]


def test_claims_are_confirmed_by_data_that_follow_them() -> None:
    assert verdicts(world()) == [True] * 5


def test_runs_that_all_end_at_the_last_epoch_tell_nothing() -> None:
    results = world()
    late = {name: data.map(lambda values: values * 0 + 1.0) for name, data in results.data.items()}
    # Errors that are all the same are as alike as predicted.
    assert verdicts(Results("standard", late)) == [None, True, None, None, None]


def test_the_paper_s_own_protocol_on_some_cells_is_judged_as_well() -> None:
    assert verdicts(Results("subset", world().data)) == [True] * 5


def test_claims_are_refuted_by_data_that_do_not() -> None:
    found = verdicts(world(factor=1.6, flipped=True, slower=False, onset=1.45, by_equations=0.85))
    assert found == [False] * 5
    assert verdicts(world(by_equations=1.5))[3:] == [True, False]


def test_noise_decides_no_amount() -> None:
    found = verdicts(world(spread=1.5))
    assert found[1] is None
    assert verdicts(world(slower=True, spread=1.5))[2] is None


def test_scales_are_factors_of_the_same_weights() -> None:
    small, large = (macroscopic_reach_runs.problem_of(scale, 1.5, seed=2) for scale in (1.0, 3.0))
    np.testing.assert_allclose(large.student.hidden, 3 * small.student.hidden)
    np.testing.assert_array_equal(large.teacher.hidden, small.teacher.hidden)
    assert np.abs(large.teacher.hidden).max() == pytest.approx(0.15, rel=0.02)
    assert not np.array_equal(small.inputs, macroscopic_reach_runs.problem_of(1.0, 1.5, seed=3).inputs)


@pytest.mark.slow
def test_simulated_and_predicted_errors_are_close_early_on() -> None:
    data = macroscopic_reach_runs.errors([2.0], [1.5], 1, [1, 5])
    np.testing.assert_allclose(data.measured, data.predicted, rtol=0.15)
    assert not np.allclose(data.measured, data.predicted, rtol=1e-6)


@pytest.mark.slow
def test_epochs_to_an_error_that_early_training_reaches() -> None:
    given = {"scales": [1.0], "teacher": 1.0, "sets": 1, "epochs": 40, "threshold": 0.03}
    measured, told = macroscopic_reach_runs.reached(**given), macroscopic_reach_runs.told(**given)
    assert (measured.epochs < 40).all()
    # Recorded epochs are whole.
    np.testing.assert_allclose(measured.epochs, told.epochs, atol=1.5)


def test_it_is_drawn() -> None:
    from matplotlib import pyplot as plt

    picture = figure("macroscopic-reach").draw(world())
    assert len(picture.axes) == 2
    plt.close(picture)
