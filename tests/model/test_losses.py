"""Losses: their signals against automatic differentiation, through `train` and the analyses alike."""

import dataclasses

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
        pytest.param("squared", "softmax", marks=pytest.mark.slow),
        ("cross_entropy", "softmax"),
        pytest.param("cross_entropy", "linear", marks=pytest.mark.slow),
        ("cross_entropy", "sigmoid"),
        (huber, "tanh"),
        pytest.param(huber, "linear", marks=pytest.mark.slow),
    ],
)
def test_the_exact_signal_is_the_gradient_of_what_train_records(loss, output):
    problem = classes(loss, output)
    found = checked("loss", loss)
    with jax.enable_x64():
        y = jnp.asarray(problem.targets)
        z = jnp.asarray(np.random.default_rng(1).normal(size=y.shape))
        gradient = jax.jit(jax.grad(lambda z: jnp.sum(found.of_samples(z, y, output, jnp))))(z)
        signal = found.signal(z, of(output).value(z, jnp), y, output, "mse", jnp)
        np.testing.assert_allclose(signal, gradient, atol=1e-13)

        def recorded(layers):
            drives, _ = forward.passed(problem.inputs, layers, "tanh", output, jnp)
            return jnp.mean(found.of_samples(drives[-1], y, output, jnp))

        layers = [jnp.asarray(layer) for layer in problem.student.layers]
        first, step = jax.jit(jax.value_and_grad(recorded))(layers)
    history = cd.train(problem, cd.Plasticity(), epochs=1, learning_rate=0.3, output_error="mse")
    assert history.train_error[0, 0] == pytest.approx(float(first), rel=1e-12)
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


def test_a_loss_of_ones_own_keeps_its_meaning_whatever_it_is_called():
    def squared(output, target):
        return 5 * jnp.sum((output - target) ** 2)

    def cross_entropy(output, target):
        return jnp.sum((output - target) ** 4)

    plain = cd.train(classes("squared", "linear"), cd.Plasticity(), epochs=1).train_error[0, 0]
    for own, factor in ((squared, 10.0), (cross_entropy, None)):
        problem = classes(own, "linear")
        error = cd.train(problem, cd.Plasticity(), epochs=1, output_error="mse").train_error[0, 0]
        assert f"loss=own {own.__name__}" in repr(problem)
        assert error == pytest.approx(cd.field(problem, cd.Plasticity(), output_error="mse").loss(), rel=1e-12)
        assert factor is None or error == pytest.approx(factor * float(plain), rel=1e-12)


def test_what_a_function_of_ones_own_reads_is_read_anew_in_every_run():
    scale = {"loss": 1.0, "slope": 1.0}

    def loss(output, target):
        return scale["loss"] * jnp.sum((output - target) ** 2)

    bent = cd.activation("bent", lambda z: jnp.tanh(scale["slope"] * z))
    settings = {"n_inputs": 3, "n_hidden": 4, "n_train": 10, "output_activation": "linear"}
    for name, kind in (("loss", {"loss": loss}), ("slope", {"activation": bent})):
        found = []
        for value in (1.0, 3.0):
            scale[name] = value
            problem = cd.student_teacher(**settings, **kind)
            start = cd.train(problem, cd.Plasticity(), epochs=1, learning_rate=1e-4, output_error="mse")
            field = cd.field(problem, cd.Plasticity(), output_error="mse")
            moved = (start.student_hidden.values[0] - problem.student.hidden[0]).ravel() / 1e-4
            np.testing.assert_allclose(moved, field.velocity()[: moved.size], rtol=1e-2, atol=1e-4)
            found.append(float(start.train_error[0, 0]))
        scale[name] = 1.0
        assert found[0] != found[1]


@pytest.mark.parametrize("total", [1.0, 2.5])
def test_the_delta_rule_behind_softmax_is_one_field_whatever_targets_add_up_to(total):
    rng = np.random.default_rng(3)
    problem = cd.Problem(
        inputs=rng.normal(size=(9, 4)),
        targets=total * rng.dirichlet(np.ones(3), size=9),
        student=cd.Weights([rng.normal(size=(5, 4)) / 2, rng.normal(size=(3, 5)) / 2]),
        activation="tanh",
        output_activation="softmax",
    )
    for loss in ("squared", "cross_entropy"):
        one = dataclasses.replace(problem, loss=loss)
        start = cd.train(one, cd.Plasticity(readout=0.4), epochs=1, learning_rate=1e-5)
        moved = (start.student_readout.values[0] - problem.student.readout).ravel() / 1e-5
        velocity = cd.field(one, cd.Plasticity(readout=0.4)).velocity()[-moved.size :]
        np.testing.assert_allclose(moved, velocity, atol=1e-8)


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
