"""The loop of momentum, noise and depth against the engine, NumPy and automatic differentiation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curldescent as cd
from curldescent.paper.machinery import controls
from curldescent.paper.machinery.variants import Variant, _noisy, epochs_until, problem_layers, signals

RECORD = cd.log_epochs(600, 80).tolist()


@pytest.fixture(scope="module")
def problem():
    return cd.student_teacher(
        n_inputs=8, n_hidden=5, activation="tanh", n_train=40, student_scale=2.0, trials=3, seed=4
    )


@pytest.mark.parametrize("flips", [0, 1, 2])
@pytest.mark.parametrize("preserve_norms", [True, False])
def test_without_momentum_and_noise_it_is_the_engine(problem, flips, preserve_norms):
    signs = np.where(np.arange(5) < flips, -1.0, 1.0)
    history = cd.train(
        problem,
        cd.Plasticity(readout=signs),
        epochs=600,
        batch_size=10,
        preserve_norms=preserve_norms,
        record=RECORD,
        stop_below=2e-2,
        seed=7,
    )
    epochs, error = epochs_until(
        problem,
        problem_layers(problem),
        (np.ones(8), signs),
        Variant("tanh", 10, preserve_norms=preserve_norms),
        threshold=2e-2,
        record=RECORD,
        seed=7,
    )
    np.testing.assert_array_equal(epochs, cd.epochs_to_threshold(history.train_error, 2e-2, never="last"))
    np.testing.assert_allclose(error, history.train_error[:, -1], rtol=1e-9)
    assert (history.stopped_at >= 0).any()


def test_matched_momentum_is_the_heavy_ball(problem):
    """Two epochs of full batches by hand: v ← μ v + g, W ← W − (1 − μ)·step·v."""
    mu, eta = 0.6, 0.5
    one = [layer[:1] for layer in problem_layers(problem)]
    _, error = epochs_until(
        problem,
        one,
        (np.ones(8), np.ones(5)),
        Variant("tanh", 40, preserve_norms=False, momentum=mu),
        targets=problem.train_outputs()[:1],
        threshold=1e-30,
        record=[0, 2],
        learning_rate=eta,
    )
    w1, w2 = one[0][0], one[1][0]
    x, y = problem.inputs, problem.train_outputs()[0]
    v1, v2 = 0.0, 0.0
    for _ in range(2):
        h = np.tanh(x @ w1.T)
        e = np.tanh(h @ w2.T) - y
        g2, g1 = e.T @ h / 40, ((e @ w2) * (1 - h**2)).T @ x / 40
        v1, v2 = mu * v1 + g1, mu * v2 + g2
        w1, w2 = w1 - (1 - mu) * eta * v1, w2 - (1 - mu) * eta * v2
    expected = 0.5 * np.mean((np.tanh(np.tanh(x @ w1.T) @ w2.T) - y) ** 2)
    np.testing.assert_allclose(error[0], expected, rtol=1e-10)


def test_signals_of_three_layers_are_the_gradient_of_the_matching_loss():
    rng = np.random.default_rng(0)
    with jax.enable_x64():
        weights = tuple(jnp.asarray(rng.normal(size=shape) / 2) for shape in ((4, 6), (3, 4), (2, 3)))
        x, y = jnp.asarray(rng.normal(size=(7, 6))), jnp.asarray(rng.uniform(-0.5, 0.5, size=(7, 2)))

        def matching(weights):
            h = x
            for w in weights[:-1]:
                h = jnp.tanh(h @ w.T)
            z = h @ weights[-1].T
            return jnp.mean(jnp.sum(jnp.log(jnp.cosh(z)) - y * z, axis=1))

        for ours, theirs in zip(signals(weights, x, y, "tanh"), jax.grad(matching)(weights), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-14)


def test_noise_has_the_length_of_the_difference_between_the_rules():
    rng = np.random.default_rng(1)
    with jax.enable_x64():
        signal = (jnp.asarray(rng.normal(size=(5, 8))), jnp.asarray(rng.normal(size=(1, 5))))
        signs = (jnp.ones((5, 8)), jnp.ones((1, 5)))
        flipped = (signs[0], signs[1].at[0, 0].set(-1.0))
        difference = jnp.linalg.norm(flipped[1] * signal[1] - signs[1] * signal[1])
        directions = []
        for k in range(200):
            moved = _noisy(signs, signal, jax.random.key(k), Variant("tanh", 10, noise="readout"))
            np.testing.assert_array_equal(moved[0], signal[0])
            added = np.asarray(moved[1] - signal[1])[0]
            np.testing.assert_allclose(np.linalg.norm(added), difference, rtol=1e-12)
            directions.append(added / np.linalg.norm(added))
        # Uniform on the sphere of five dimensions: every component has mean 0 and variance 1/5; 5 standard errors.
        directions = np.array(directions)
        assert np.abs(directions.mean(axis=0)).max() < 5 * np.sqrt(0.2 / 200)
        assert np.abs((directions**2).mean(axis=0) - 0.2).max() < 5 * 0.214 / np.sqrt(200)


def test_passing_flips_turn_one_synapse_each_time():
    with jax.enable_x64():
        signal = (jnp.ones((5, 8)), jnp.arange(1.0, 6.0)[None])
        signs = (jnp.ones((5, 8)), jnp.ones((1, 5)))
        turned = set()
        for k in range(60):
            moved = _noisy(signs, signal, jax.random.key(k), Variant("tanh", 10, noise="resampled"))
            (where,) = np.flatnonzero(np.asarray(moved[1])[0] != np.asarray(signal[1])[0])
            np.testing.assert_allclose(moved[1][0, where], -signal[1][0, where])
            turned.add(int(where))
        assert turned == set(range(5))


@pytest.mark.parametrize(
    ("variant", "sentence"),
    [
        (Variant("tanh", 10, momentum=1.0), "momentum"),
        (Variant("tanh", 7), "divide"),
        (Variant("tanh", 10, noise="pink"), "noise"),
    ],
    ids=["momentum", "batch", "noise"],
)
def test_unusable_choices(problem, variant, sentence):
    with pytest.raises(cd.InputError, match=sentence):
        epochs_until(problem, problem_layers(problem), (np.ones(8), np.ones(5)), variant, threshold=1e-3, record=[0, 1])


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
