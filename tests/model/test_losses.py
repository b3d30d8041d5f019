"""Losses: their signals against automatic differentiation, through `train` and the analyses alike."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curldescent as cd
from curldescent.model import forward
from curldescent.model.activations import of
from curldescent.model.losses import checked


def huber(output, target):
    return jnp.sum(jnp.sqrt(1 + (output - target) ** 2) - 1)


def classes(loss, output, *, seed=0, samples=24):
    rng = np.random.default_rng(seed)
    labels = np.eye(3)[rng.integers(3, size=samples)]
    return cd.Problem(
        inputs=rng.normal(size=(samples, 6)),
        targets=labels,
        student=cd.Weights([rng.normal(size=(5, 6)) / 2, rng.normal(size=(3, 5)) / 2]),
        activation="tanh",
        output_activation=output,
        loss=loss,
    )


@pytest.mark.parametrize(
    ("loss", "output"),
    [
        ("squared", "tanh"),
        ("squared", "softmax"),
        ("cross_entropy", "softmax"),
        ("cross_entropy", "linear"),
        ("cross_entropy", "sigmoid"),
        (huber, "tanh"),
        (huber, "linear"),
    ],
)
def test_the_exact_signal_is_the_gradient_of_what_train_records(loss, output):
    problem = classes(loss, output)
    found = checked("loss", loss)
    with jax.enable_x64():
        y = jnp.asarray(problem.targets)
        z = jnp.asarray(np.random.default_rng(1).normal(size=y.shape))
        gradient = jax.grad(lambda z: jnp.sum(found.of_samples(z, y, output, jnp)))(z)
        signal = found.signal(z, of(output).value(z, jnp), y, output, "mse", jnp)
        np.testing.assert_allclose(signal, gradient, atol=1e-13)

        def recorded(layers):
            drives, _ = forward.passed(problem.inputs, layers, "tanh", output, jnp)
            return jnp.mean(found.of_samples(drives[-1], y, output, jnp))

        layers = [jnp.asarray(layer) for layer in problem.student.layers]
        first, step = float(recorded(layers)), jax.grad(recorded)(layers)
    history = cd.train(problem, cd.Plasticity(), epochs=1, learning_rate=0.3, output_error="mse")
    assert history.train_error[0, 0] == pytest.approx(first, rel=1e-12)
    for name, start, g in zip(("hidden", "readout"), problem.student.layers, step, strict=True):
        np.testing.assert_allclose(history[f"student_{name}"][0], start - 0.3 * np.asarray(g), atol=1e-13)


def test_cross_entropy_has_one_signal_and_the_analyses_see_it():
    problem = classes("cross_entropy", "softmax")
    rule = cd.Plasticity(readout=0.4)
    runs = [cd.train(problem, rule, epochs=3, output_error=e).student_hidden for e in ("delta", "mse")]
    np.testing.assert_array_equal(runs[0], runs[1])
    logits = classes("cross_entropy", "linear")
    np.testing.assert_allclose(runs[0], cd.train(logits, rule, epochs=3).student_hidden, atol=1e-14)
    shares = [cd.analysis.curl(p, rule).antisymmetric for p in (problem, logits)]
    assert shares[0] == pytest.approx(shares[1], rel=1e-9)
    # One step of train is one step along the field that the analyses see.
    network = cd.field(problem, rule)
    moved = cd.train(problem, rule, epochs=1, learning_rate=1e-3)
    ours = np.concatenate([moved.student_hidden.values.ravel(), moved.student_readout.values.ravel()])
    np.testing.assert_allclose((ours - network.theta) / 1e-3, network.velocity(), atol=1e-10)


def test_histories_say_which_loss():
    history = cd.train(classes("cross_entropy", "softmax"), cd.Plasticity(), epochs=2)
    assert history.attrs["loss"] == "cross_entropy"
    assert "cross_entropy" in history.train_error.attrs["long_name"]
    assert "loss=huber" in repr(classes(huber, "linear"))


@pytest.mark.parametrize(
    ("loss", "output", "message"),
    [
        ("cross_entropy", "tanh", "needs output_activation 'softmax' or 'sigmoid'"),
        ("hinge", "linear", "loss must be one of 'squared', 'cross_entropy'"),
        (3, "linear", "loss must be 'squared', 'cross_entropy' or a function"),
        (lambda o, t: (o - t) ** 2, "linear", "must return one number a sample"),
        (lambda o, t: np.sum((np.asarray(o) - t) ** 2), "linear", "must be a function of JAX"),
    ],
)
def test_what_is_no_loss_is_refused(loss, output, message):
    with pytest.raises(cd.InputError, match=message):
        classes(loss, output)
