"""The figure of the excess nonlinearity: claims can go either way, and its runs are those it says."""

import numpy as np
import pytest
import xarray as xr

import curldescent as cd
from curldescent.paper import Results, figure
from curldescent.paper.beyond import excess_nonlinearity as beyond
from curldescent.paper.machinery import excess_runs

FULL = {"GD": 3000.0, "0": 2500, "−0.5": 2000, "−1": 1500, "−2": 900, "2 flips": 1200, "3 flips": 1600, "4 flips": 2200}


def world(*, spread: float = 0.02, factor: float = 1.1, contrary: bool = False, students: int = 10) -> Results:
    """Epochs of three equations: the second and third are the first by a factor; contrary, by its inverse ranks."""
    rng = np.random.default_rng(0)
    shape = (len(excess_runs.EQUATIONS), len(beyond.SCALES), len(beyond.ARMS), students)
    epochs, own = np.empty(shape), np.empty(shape[1:])
    for s, scale in enumerate(beyond.SCALES):
        starts = {"GD from high gain": 400.0, "GD, mirrored": 200.0 if scale == 2 else 900.0}
        if contrary:
            starts["GD, mirrored"] = 160000 / starts["GD, mirrored"]
        for a, (arm, mean) in enumerate((FULL | starts).items()):
            told = 4e6 / mean if contrary and arm in FULL else mean
            epochs[:, s, a] = np.array([mean, factor * told, factor * told])[:, None]
            own[s, a] = 8.0 if (arm == "GD") != contrary else 0.9
    noisy = epochs * np.exp(spread * rng.standard_normal(shape))
    dims = ("scale", "arm", "student")
    data = xr.Dataset(
        {"epochs": (("equations", *dims), noisy), "own": (dims, own * np.exp(spread * rng.standard_normal(own.shape)))},
        coords={"equations": list(excess_runs.EQUATIONS), "scale": list(beyond.SCALES), "arm": list(beyond.ARMS)},
    )
    levels = np.array([0.9, 8.0] if contrary else [8.0, 0.9])[:, None, None]
    sampled = levels * np.exp(spread * rng.standard_normal((2, len(beyond.SAMPLED), min(students, 6))))
    samples = xr.Dataset(
        {"own": (("rule", "scale", "set"), sampled), "reached": (("rule", "scale", "set"), sampled < 5)},
        coords={"rule": ["GD", "CD"], "scale": list(beyond.SAMPLED)},
    )
    return Results("standard", {beyond.NAME: data, beyond.ON_SAMPLES: samples})


def verdicts(results: Results) -> dict[str, bool | None]:
    return {claim.name: claim.measure(results).holds for claim in figure(beyond.NAME).claims}


def test_claims_can_go_either_way() -> None:
    assert set(verdicts(world()).values()) == {True}
    contrary = verdicts(world(contrary=True, factor=8.0))
    assert set(contrary.values()) == {False}


def test_what_cannot_be_told_is_undecided() -> None:
    found = list(verdicts(world(spread=2.0)).values())
    assert found.count(None) > len(found) / 2
    assert set(verdicts(world(students=3)).values()) == {None}


def test_it_runs_all_equations_on_the_same_networks() -> None:
    arms = {"GD": (0, 1.0, ""), "−2": (1, -2.0, ""), "start": (0, 1.0, " from high gain")}
    data = excess_runs.epochs_by_both(2, 4000, [3.0], arms)
    assert data.epochs.dims == ("equations", "scale", "arm", "student")
    # Neurons that are all equal do not learn without a flip, and starts have no kinds.
    kinds = data.epochs.sel(equations="per kind", scale=3.0)
    assert (kinds.sel(arm="GD") > 3000).all()
    assert (kinds.sel(arm="−2") < 1500).all()
    assert kinds.sel(arm="start").isnull().all()
    assert (data.epochs.sel(arm="−2") < data.epochs.sel(arm="GD", equations="macroscopic")).all()
    # What every neuron makes by itself is what is left, but for the teacher's part, where there are no pairs.
    assert ((data.own.sel(arm="−2") > 0.5) & (data.own.sel(arm="−2") < 1)).all()


def test_the_own_excess_is_the_librarys() -> None:
    problem = cd.student_teacher(
        n_inputs=50, n_hidden=6, activation="erf", output_activation="linear", n_train=1, student_scale=2
    )
    error = float(cd.theory.excess_nonlinearity(problem, cd.Plasticity(), epochs=1, record=1).error[0, 0])
    silent = problem.with_student(cd.Weights([problem.student.hidden, 0 * problem.student.readout]))
    teachers = float(cd.theory.excess_nonlinearity(silent, cd.Plasticity(), epochs=1, record=1).error[0, 0])
    norms = np.linalg.norm(problem.student.hidden[0], axis=1)
    assert excess_runs._own(norms, problem.student.readout[0]) == pytest.approx(error - teachers, rel=1e-5)


def test_runs_on_samples_end_with_own_excess_and_whether_they_are_there() -> None:
    data = excess_runs.own_on_samples(1, 3, [2.0])
    assert not data.reached.any()
    # After three epochs neurons' own excess is about that of the start, and the error mostly linear.
    norms = np.full(10, 2 / np.sqrt(3))
    start = excess_runs._own_of_tanh(norms, np.full((1, 10), 2 / np.sqrt(30)))
    assert start == pytest.approx(cd.theory.nonlinear_error(2.0), rel=1e-9)
    assert ((data.own > 0.01) & (data.own < 2)).all()


def test_equal_kinds_keep_directions_signs_and_the_layers_norms() -> None:
    weights = cd.student_teacher(n_inputs=20, n_hidden=5, activation="erf", n_train=1, seed=3).student
    equal = excess_runs.equal_within_kinds(weights, 2)
    for before, after in zip(weights.layers, equal.layers, strict=True):
        assert np.linalg.norm(after) == pytest.approx(np.linalg.norm(before))
    norms, sizes = np.linalg.norm(equal.hidden[0], axis=1), np.abs(equal.readout[0, 0])
    for values in (norms, sizes):
        assert np.ptp(values[:2]) < 1e-12
        assert np.ptp(values[2:]) < 1e-12
    np.testing.assert_array_equal(np.sign(equal.readout), np.sign(weights.readout))
    directions = weights.hidden[0] / np.linalg.norm(weights.hidden[0], axis=1)[:, None]
    np.testing.assert_allclose(equal.hidden[0] / norms[:, None], directions)


def test_it_is_drawn() -> None:
    from matplotlib import pyplot as plt

    picture = figure(beyond.NAME).draw(world())
    assert len([axis for axis in picture.axes if axis.get_title(loc="left")]) == 4
    plt.close(picture)
