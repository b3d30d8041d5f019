"""The figure of the macroscopic equations: claims can go either way, and its runs are those it says."""

import numpy as np
import pytest
import xarray as xr

from curldescent.paper import Results, figure
from curldescent.paper.beyond import macroscopic
from curldescent.paper.controls import scales
from curldescent.paper.machinery import macroscopic_measures, macroscopic_runs
from curldescent.theory import speedup_onset

SIZE = macroscopic.SIZES["standard"]


def ratio_at(student: float) -> float:
    return 0.85 if student < 1.4 else 2.0


def measured(rng: np.random.Generator, *, spread: float) -> xr.Dataset:
    plane = scales.PLANES["standard"]
    shape = (plane.sets, len(plane.students), len(plane.teachers), plane.trials)
    logs = np.log([ratio_at(s) for s in plane.students])[None, :, None, None] + spread * rng.standard_normal(shape)
    epochs = np.stack([1000 * np.exp(logs), np.full(shape, 1000.0)])
    dims = ("rule", "seed", "student_scale", "teacher_scale", "trial")
    return xr.Dataset(
        {"epochs_to_train": (dims, epochs), "stopped_at": (dims, epochs)},
        coords={
            "rule": ["GD", "CD"],
            "seed": np.arange(plane.sets),
            "student_scale": list(plane.students),
            "teacher_scale": list(plane.teachers),
        },
    )


def told(rng: np.random.Generator, *, factor: float, flipped: bool, slower_there: bool, spread: float) -> xr.Dataset:
    places = [(s, 1.0) for s in SIZE.students] + [(s, macroscopic.OPEN_TEACHER) for s in SIZE.open]
    logs = np.array([np.log(ratio_at(s)) for s, _ in places])
    logs = (-logs if flipped else logs) + np.log(factor)
    at = places.index((macroscopic.OPEN_STUDENT, macroscopic.OPEN_TEACHER))
    logs[at] = np.log(0.7 if slower_there else 1.6)
    noisy = logs[:, None] + spread * rng.standard_normal((len(places), SIZE.seeds))
    return xr.Dataset(
        {"predicted": (("rule", "place", "seed"), np.stack([1000 * np.exp(noisy), np.full(noisy.shape, 1000.0)]))},
        coords={
            "rule": ["GD", "CD"],
            "student_scale": ("place", [s for s, _ in places]),
            "teacher_scale": ("place", [t for _, t in places]),
            "seed": np.arange(SIZE.seeds),
        },
    )


def beside(rng: np.random.Generator, *, away: float, spread: float) -> xr.Dataset:
    shape = (len(SIZE.inputs), 2, SIZE.sets, len(macroscopic.EPOCHS))
    expected = np.broadcast_to(0.1 / np.array(macroscopic.EPOCHS), shape)
    found = expected * np.exp(away + spread * rng.standard_normal(shape))
    dims = ("size", "rule", "set", "epoch")
    return xr.Dataset(
        {"measured": (dims, found), "predicted": (dims, expected)},
        coords={"size": list(SIZE.inputs), "rule": ["GD", "CD"], "epoch": list(macroscopic.EPOCHS)},
    )


def begun(rng: np.random.Generator, *, factor: float, spread: float) -> xr.Dataset:
    scale = np.array(SIZE.onset)
    shape = (len(macroscopic.THRESHOLDS), SIZE.onset_sets, len(scale))
    onset = np.array([speedup_onset(t) * factor for t in macroscopic.THRESHOLDS])
    logs = 2 * np.log(scale[None, None, :] / onset[:, None, None]) + spread * rng.standard_normal(shape)
    epochs = np.stack([1000 * np.exp(logs), np.full(shape, 1000.0)])[..., None]
    return xr.Dataset(
        {"epochs_to_train": (("rule", "threshold", "seed", "student_scale", "trial"), epochs)},
        coords={"rule": ["GD", "CD"], "threshold": list(macroscopic.THRESHOLDS), "student_scale": scale},
    )


def world(
    *,
    away: float = 0.0,
    factor: float = 1.0,
    flipped: bool = False,
    slower_there: bool = True,
    onset: float = 1.0,
    spread: float = 0.03,
) -> Results:
    rng = np.random.default_rng(0)
    return Results(
        "standard",
        {
            scales.NAME: measured(rng, spread=spread),
            macroscopic.NAME: told(rng, factor=factor, flipped=flipped, slower_there=slower_there, spread=spread),
            macroscopic.FOLLOWED: beside(rng, away=away, spread=spread / 10),
            macroscopic.ONSET: begun(rng, factor=onset, spread=spread),
        },
    )


def verdicts(results: Results) -> list[bool | None]:
    return [claim.measure(results).holds for claim in figure("macroscopic").claims]


def test_claims_are_confirmed_by_data_that_follow_them() -> None:
    assert verdicts(world()) == [True] * 5


def test_claims_are_refuted_by_data_that_do_not() -> None:
    assert verdicts(world(away=0.3, factor=2.0, flipped=True, slower_there=False, onset=1.6)) == [False] * 5
    assert verdicts(world(factor=0.5))[2] is False
    assert verdicts(world(onset=0.6))[4] is False


def test_noise_decides_nothing_but_sides() -> None:
    found = verdicts(world(spread=1.2))
    assert found[0] is None
    assert found[2] is None
    assert found[4] is None


def test_a_crossing_is_interpolated_in_the_logarithm() -> None:
    scale = np.array([0.5, 1.0, 2.0, 4.0])
    assert macroscopic_measures.crossing(scale, np.array([-1.0, -1.0, 1.0, 2.0])) == pytest.approx(2**0.5)
    assert macroscopic_measures.crossing(scale, np.array([1.0, -1.0, 1.0, 2.0])) == pytest.approx(2**0.5)
    assert macroscopic_measures.crossing(scale, np.array([0.1, 0.2, 0.3, 0.4])) == 0.5
    assert np.isnan(macroscopic_measures.crossing(scale, np.array([-1.0, 1.0, 1.0, -0.1])))


def test_the_equations_get_the_students_of_the_control() -> None:
    """The first student of the control's cell, by another way: the seed of its sweep's problem."""
    data = macroscopic.epochs_of_scales([2.0], {"1.25": [2.0]}, seeds=1, epochs=3)
    assert data.predicted.shape == (2, 2, 1)
    assert (data.predicted == 3).all()
    sweep = scales.experiments("standard")[scales.NAME]
    plane = scales.PLANES["standard"]
    cell = sweep.cell_at((0, 0, list(plane.students).index(2), list(plane.teachers).index(1)))
    assert np.abs(cell.problem.student.hidden).max() == pytest.approx(2 / np.sqrt(100), rel=0.01)
    assert np.abs(cell.problem.teacher.hidden).max() == pytest.approx(1 / np.sqrt(100), rel=0.01)


def test_followed_students_are_close_early_on() -> None:
    data = macroscopic_runs.followed([20], samples_per_input=200, sets=1, epochs=[1, 5])
    np.testing.assert_allclose(data.measured, data.predicted, rtol=0.1)
    assert not np.allclose(data.measured, data.predicted, rtol=1e-6)


def test_it_is_drawn() -> None:
    from matplotlib import pyplot as plt

    picture = figure("macroscopic").draw(world())
    assert len(picture.axes) == 3
    plt.close(picture)
