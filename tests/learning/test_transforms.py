"""Update transformations of optax on the reference engine, against updates by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import curldescent as cd


@pytest.fixture(scope="module")
def problem():
    return cd.student_teacher(
        n_inputs=8, n_hidden=5, activation="tanh", n_train=40, student_scale=2.0, trials=3, seed=4
    )


def test_no_transformation_is_the_plain_update(problem):
    rule = cd.Plasticity(readout=0.4)
    settings = {"epochs": 20, "batch_size": 10, "preserve_norms": True, "engine": "jax"}
    plain, through = (cd.train(problem, rule, transform=t, **settings) for t in (None, optax.identity()))
    np.testing.assert_allclose(through.train_error, plain.train_error, rtol=1e-10)
    assert through.attrs["transform"] == "identity()"
    tuned = optax.chain(optax.trace(0.9), optax.scale(0.1))
    told = cd.train(problem, rule, epochs=1, transform=tuned).attrs["transform"]
    assert "decay=0.9" in told
    assert "step_size=0.1" in told
    assert "transform" not in plain.attrs


def test_the_heavy_ball_by_hand(problem):
    """Two epochs of full batches: v ← μ v + S ∘ signal, W ← W − (1 − μ)·step·v."""
    mu, eta = 0.6, 0.5
    transform = optax.chain(optax.trace(mu), optax.scale(1 - mu))
    history = cd.train(problem, cd.Plasticity(readout=0.2), epochs=2, learning_rate=eta, transform=transform)
    signs = np.array([-1.0, 1, 1, 1, 1])
    for trial in range(3):
        w1, w2 = (layer[trial] for layer in problem.student.layers)
        x, y = problem.inputs, problem.train_outputs()[trial]
        v1, v2 = 0.0, 0.0
        for _ in range(2):
            h = np.tanh(x @ w1.T)
            e = np.tanh(h @ w2.T) - y
            g2, g1 = signs * (e.T @ h / 40), ((e @ w2) * (1 - h**2)).T @ x / 40
            v1, v2 = mu * v1 + g1, mu * v2 + g2
            w1, w2 = w1 - (1 - mu) * eta * v1, w2 - (1 - mu) * eta * v2
        np.testing.assert_allclose(history.student_hidden[trial], w1, rtol=1e-10)
        np.testing.assert_allclose(history.student_readout[trial], w2, rtol=1e-10)


def test_a_schedule_counts_updates_and_stopped_trials_stand_still(problem):
    # The second half of the updates takes no step.
    transform = optax.scale_by_schedule(lambda count: jnp.where(count < 8, 1.0, 0.0))
    settings = {"batch_size": 10, "learning_rate": 0.1}
    half = cd.train(problem, cd.Plasticity(), epochs=2, engine="jax", **settings)
    whole = cd.train(problem, cd.Plasticity(), epochs=4, transform=transform, **settings)
    np.testing.assert_allclose(whole.student_hidden, half.student_hidden, rtol=1e-12)


def test_trials_can_have_transformations_of_their_own(problem):
    def update(updates, key, params):
        return jax.tree.map(lambda u: u + jax.random.normal(key, u.shape), updates), jax.random.split(key)[0]

    def noisy(trial):
        # One update for all trials, so that it is compiled once.
        return optax.GradientTransformation(lambda params: jax.random.key(trial), update)

    all_trials = cd.train(problem, cd.Plasticity(), epochs=2, batch_size=20, transform=noisy)
    again = cd.train(problem, cd.Plasticity(), epochs=2, batch_size=20, transform=noisy)
    plain = cd.train(problem, cd.Plasticity(), epochs=2, batch_size=20)
    np.testing.assert_array_equal(all_trials.student_hidden, again.student_hidden)
    moved = (all_trials.student_hidden - plain.student_hidden).values
    assert len({round(float(np.abs(m).sum()), 6) for m in moved}) == 3


def test_what_is_no_transformation_is_refused(problem):
    with pytest.raises(cd.InputError, match="transform must be an optax transformation"):
        cd.train(problem, cd.Plasticity(), epochs=1, transform=0.9)
    for forgotten in (optax.adam, optax.sgd, lambda number: optax.trace(0.9)):
        with pytest.raises(cd.InputError, match="a function of `trial`"):
            cd.train(problem, cd.Plasticity(), epochs=1, transform=forgotten)
    for nothing in ({}, lambda trial: None, lambda trial: 1 / 0):
        with pytest.raises(cd.InputError, match="transform must be"):
            cd.train(problem, cd.Plasticity(), epochs=1, transform=nothing)
    for whole in (optax.sgd(1.0), optax.adam(1e-2)):
        with pytest.raises(cd.InputError, match="carry their own −learning rate"):
            cd.train(problem, cd.Plasticity(), epochs=1, transform=whole)
    with pytest.raises(cd.InputError, match="has no transformations of updates"):
        cd.train(problem, cd.Plasticity(), epochs=1, transform=optax.identity(), engine="fused")
