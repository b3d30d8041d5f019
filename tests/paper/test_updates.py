"""Arms of controls whose updates are transformed, and the noise itself."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curldescent as cd
from curldescent.paper.machinery import controls
from curldescent.paper.machinery.updates import MatchedNoise, arm, arm_by_loop, heavy_ball


def test_without_a_transformation_it_is_the_engine():
    problem, seed = controls.base_problem(2, 40)
    history = cd.train(
        problem,
        cd.Plasticity(readout=cd.Flips(count=1)),
        epochs=300,
        batch_size=controls.BATCH,
        learning_rate=controls.LEARNING_RATE,
        preserve_norms=True,
        record=cd.log_epochs(300, controls.POINTS).tolist(),
        stop_below=controls.THRESHOLD,
        seed=seed,
    )
    plain = arm_by_loop(2, 40, 300, flips=1)
    expected = cd.epochs_to_threshold(history.train_error, controls.THRESHOLD, never="last")
    np.testing.assert_array_equal(plain.epochs_to_train[0], expected)
    through = arm(
        problem,
        cd.Plasticity(readout=cd.Flips(count=1)),
        batch=controls.BATCH,
        epochs=300,
        seed=seed,
        transform=heavy_ball(0.0),
    )
    np.testing.assert_array_equal(through.epochs_to_train[0], expected)


def moved(kind, seed, signal):
    return MatchedNoise(kind, 0)._update(signal, jax.random.key(seed), None)[0]


def test_noise_has_the_length_of_the_difference_between_the_rules():
    rng = np.random.default_rng(1)
    with jax.enable_x64():
        signal = (jnp.asarray(rng.normal(size=(5, 8))), jnp.asarray(rng.normal(size=(1, 5))))
        difference = 2 * abs(float(signal[1][0, 0]))
        directions = []
        for k in range(200):
            hidden, readout = moved("readout", k, signal)
            np.testing.assert_array_equal(hidden, signal[0])
            added = np.asarray(readout - signal[1])[0]
            np.testing.assert_allclose(np.linalg.norm(added), difference, rtol=1e-12)
            directions.append(added / np.linalg.norm(added))
        # Uniform on the sphere of five dimensions: every component has mean 0 and variance 1/5; 5 standard errors.
        directions = np.array(directions)
        assert np.abs(directions.mean(axis=0)).max() < 5 * np.sqrt(0.2 / 200)
        assert np.abs((directions**2).mean(axis=0) - 0.2).max() < 5 * 0.214 / np.sqrt(200)


def test_passing_flips_turn_one_synapse_each_time():
    with jax.enable_x64():
        signal = (jnp.ones((5, 8)), jnp.arange(1.0, 6.0)[None])
        turned = set()
        for k in range(60):
            _, readout = moved("resampled", k, signal)
            (where,) = np.flatnonzero(np.asarray(readout)[0] != np.asarray(signal[1])[0])
            np.testing.assert_allclose(readout[0, where], -signal[1][0, where])
            turned.add(int(where))
        assert turned == set(range(5))


@pytest.mark.parametrize("noise", [pytest.param("readout", marks=pytest.mark.slow), "resampled"])
def test_noise_is_drawn_per_trial_and_repeats(noise):
    first, second = (arm_by_loop(2, 20, 30, noise=noise) for _ in range(2))
    np.testing.assert_array_equal(first.epochs_to_train, second.epochs_to_train)


def test_students_are_those_of_the_sweeps():
    size = controls.Size(20, 30, 2, 50)
    sweep = controls.base(size)
    ours, seed = controls.base_problem(2, 30)
    cell = sweep.cell_at((0, 1))
    theirs = cell.problem
    np.testing.assert_array_equal(ours.inputs, theirs.inputs)
    np.testing.assert_array_equal(ours.student.hidden, theirs.student.hidden)
    assert seed == cell.seed
    other = controls.sweep(size, {"A": {}}, axes={"learning_rate": [0.1, 0.2]})
    assert other.cell_at((0, 1)).seed == seed
