"""Learning as a map: the same trajectory as `train`, in full and in reduced coordinates, as a map and as a flow."""

from dataclasses import replace

import jax
import numpy as np
import pytest

import curldescent as cd
from curldescent.analysis import (
    TangentDynamics,
    late_order_parameter,
    learning_dynamics,
    lyapunov,
    order_parameter,
    order_parameter_of,
)
from curldescent.foundation.errors import InputError

RULES = {
    "GD": cd.Plasticity(),
    "hidden": cd.Plasticity(hidden=0.5),
    "readout": cd.Plasticity(readout=0.4),
    "both, graded": cd.Plasticity(hidden=np.linspace(-1, 1, 4), readout=np.linspace(1, -0.5, 30)),
    "feedback": cd.Plasticity(hidden=0.5, feedback="random"),
    "postsynaptic": cd.Plasticity(hidden=np.r_[-np.ones(3), np.ones(27)], readout=[1.0, 0.5], flips="postsynaptic"),
}


def problem(activation="linear", n_outputs=2, seed=0):
    return cd.student_teacher(
        n_inputs=4,
        n_hidden=30,
        n_outputs=n_outputs,
        n_train=15,
        n_test=0,
        trials=2,
        activation=activation,
        output_activation="linear",
        seed=seed,
    )


@pytest.mark.parametrize(
    ("name", "norms"),
    [
        *((name, True) for name in RULES),
        ("GD", False),
        *(pytest.param(name, False, marks=pytest.mark.slow) for name in RULES if name != "GD"),
    ],
)
def test_the_map_is_train(name, norms):
    p = problem()
    history = cd.train(p, RULES[name], epochs=40, preserve_norms=norms, record=[40], engine="jax")
    for reduce in (False, True):
        d = learning_dynamics(p, RULES[name], preserve_norms=norms, trial=1, reduce=reduce)
        run = TangentDynamics(d.step, d.start, args=d.args, dt=d.dt, every=10)
        run.advance(40)
        w1, w2 = d.weights(run.state)
        theirs = history.student_readout[1].values @ history.student_hidden[1].values
        np.testing.assert_allclose(w2 @ w1, theirs, rtol=1e-10, atol=1e-12)
        assert d.field.loss(run.state) == pytest.approx(float(history.train_error[1, 0]), rel=1e-9)
        assert d.reduced == (reduce and name != "both, graded")


def test_a_nonlinear_map_is_train():
    p = problem("tanh")
    history = cd.train(p, RULES["hidden"], epochs=20, record=[20], engine="jax")
    d = learning_dynamics(p, RULES["hidden"])
    run = TangentDynamics(d.step, d.start, args=d.args, dt=d.dt)
    run.advance(20)
    np.testing.assert_allclose(d.weights(run.state)[0], history.student_hidden[0].values, rtol=1e-11, atol=1e-13)


@pytest.mark.slow
def test_small_steps_approach_the_flow():
    p = problem(n_outputs=1)
    d = learning_dynamics(p, RULES["hidden"], preserve_norms=True)

    def end(dt, *, continuous):
        stepper = d.at(dt, continuous=continuous)
        run = TangentDynamics(stepper.step, d.start, args=d.args, dt=dt, every=1)
        run.advance(round(4 / dt))
        w1, w2 = d.weights(run.state)
        return w2 @ w1

    exact = end(0.01, continuous=True)
    errors = [np.abs(end(dt, continuous=False) - exact).max() for dt in (0.02, 0.01)]
    assert errors[1] == pytest.approx(errors[0] / 2, rel=0.05)  # Euler is of first order
    fourth = [np.abs(end(dt, continuous=True) - exact).max() for dt in (0.4, 0.2)]
    assert fourth[1] < fourth[0] / 10  # Runge–Kutta of fourth


def test_the_flow_conserves_the_invariant():
    p = problem(n_outputs=1)
    d = learning_dynamics(p, cd.Plasticity(hidden=0.5, readout=0.4), continuous=True, learning_rate=0.02, reduce=False)
    run = TangentDynamics(d.step, d.start, args=d.args, dt=d.dt)
    run.advance(100)
    d1, d2 = np.r_[-1.0, -1, 1, 1], np.where(np.arange(30) < 12, -1.0, 1.0)
    before, after = (cd.theory.invariants(*d.weights(s), d1, d2) for s in (d.start, run.state))
    np.testing.assert_allclose(after, before, atol=1e-9)
    assert np.abs(run.state - d.start).max() > 0.01  # it moved


@pytest.mark.slow
def test_exponents_do_not_depend_on_the_coordinates():
    """Growth next to the unstable teacher is the predicted rate, whether or not rotations are left out."""
    p = problem(n_outputs=1)
    # Weak hidden and strong readout weights: flipped inputs, of weight ‖W2‖², outweigh W1ᵀW1.
    p = replace(p, teacher=cd.Weights([0.2 * p.teacher.hidden, 2 * p.teacher.readout]))
    p = p.starting_at_teacher(readout_noise=1e-12)
    d1 = np.r_[-1.0, -1, -1, 1]
    rule = cd.Plasticity(hidden=d1)
    for norms in (False, True):
        k = cd.theory.stability_matrix(p.teacher.hidden[0], p.teacher.readout[0], d1, preserve_norms=norms)
        expected = -np.linalg.eigvals(p.inputs.T @ p.inputs / 15 @ k).real.min()
        assert expected > 0.01
        for reduce in (False, True):
            d = learning_dynamics(p, rule, preserve_norms=norms, reduce=reduce, continuous=True, learning_rate=0.05)
            run = TangentDynamics(d.step, d.start, args=d.args, dt=d.dt)
            span = 6 / expected  # the distance grows from 1e-12 to 1e-12·e^6·(turning in): still linear
            turned = round(span / 10 / d.dt) * 10
            run.advance(turned)
            growth, _ = run.advance(turned)
            # What remains of slower directions after the first half decays with the gap between the rates.
            assert growth[-10:].mean() / (10 * d.dt) == pytest.approx(expected, rel=0.05)


def test_lyapunov_of_gradient_descent_is_neutral_and_labelled():
    p = problem(n_outputs=1)
    found = lyapunov(p, cd.Plasticity(), time=200.0, transient=400.0, count=3)
    assert dict(found.to_dataset()["values"].sizes) == {"trial": 2, "index": 3}
    assert found.status == ("ok", "ok")
    # A manifold of solutions: zeros, and nothing positive beyond the transient's remains, 1/time.
    assert (found.values < 1 / 200).all()
    assert found.final_loss.max() < 1e-20


def test_order_parameter_against_recorded_weights():
    p = problem(n_outputs=1)
    rule = cd.Plasticity(hidden=0.75)
    streamed = order_parameter(p, rule, epochs=300, window=50, preserve_norms=True, layer="both")
    history = cd.train(
        p, rule, epochs=300, preserve_norms=True, record=list(range(251, 301)), record_weights=True, engine="jax"
    )
    weights = np.concatenate(
        [history.hidden_history.values.reshape(2, 50, -1), history.readout_history.values.reshape(2, 50, -1)], axis=2
    )
    direct = []
    for one in weights:  # written out as the paper says it
        means = [one[:, i].sum() / 50 for i in range(one.shape[1])]
        variances = [((one[:, i] - m) ** 2).sum() / 50 for i, m in enumerate(means)]
        direct.append(np.mean(variances) / np.var(means))
    np.testing.assert_allclose(streamed, direct, rtol=1e-8)
    # One trial's weights move by 1e-7 of themselves, of which double precision keeps nine digits.
    np.testing.assert_allclose(order_parameter_of(weights), direct, rtol=1e-9)


@pytest.mark.parametrize("continuous", [False, True])
def test_rotations_of_equal_hidden_neurons_are_neutral(continuous):
    """x → A x with A antisymmetric on the hidden index is mapped to A f(x): such tangent vectors never grow."""
    p = problem(n_outputs=1)
    d = learning_dynamics(p, cd.Plasticity(hidden=0.5), preserve_norms=True, continuous=continuous, reduce=False)
    n = d.field.shapes["hidden"][0]
    a = np.random.default_rng(0).standard_normal((n, n))
    a -= a.T

    def turned(state):
        hidden, readout = d.weights(state)
        return np.concatenate([(a @ hidden).ravel(), (readout @ a.T).ravel()])

    with jax.enable_x64():
        moved, image = jax.jit(lambda x, v: jax.jvp(lambda x: d.step(x, d.args), (x,), (v,)))(d.start, turned(d.start))
    np.testing.assert_allclose(image, turned(np.asarray(moved)), atol=1e-12)


@pytest.mark.parametrize("layer", ["hidden", "readout", "both"])
def test_late_order_parameter_of_a_wide_student_is_that_of_its_recorded_weights(layer):
    p = cd.student_teacher(n_inputs=4, n_hidden=24, n_train=30, seed=2)
    rule = cd.Plasticity(hidden=0.75, readout=0.25)
    d = learning_dynamics(p, rule, preserve_norms=True)
    assert d.reduced
    start = [getattr(p.student, name)[0] for name in ("hidden", "readout")]
    for found, given in zip(d.whole_weights(d.start), start, strict=True):
        np.testing.assert_allclose(found, given, atol=1e-14)
    history = cd.train(
        p, rule, epochs=40, preserve_norms=True, record=list(range(1, 41)), record_weights=True, engine="jax"
    )
    layers = [history.hidden_history.values.reshape(40, -1), history.readout_history.values.reshape(40, -1)]
    weights = {"hidden": layers[0], "readout": layers[1], "both": np.concatenate(layers, axis=1)}[layer]
    found = late_order_parameter(d, window=4.0, sample=0.1, layer=layer)
    assert found == pytest.approx(float(order_parameter_of(weights)), rel=1e-10)


def test_bad_input_is_refused():
    p = problem()
    with pytest.raises(InputError, match="trial must be a whole number between 0 and 1, got 2"):
        learning_dynamics(p, cd.Plasticity(), trial=2)
    with pytest.raises(InputError, match=r"needs a rule: a cd\.Plasticity or one of cd\.rules, got float"):
        learning_dynamics(p, 0.5)
    with pytest.raises(InputError, match="window must be a whole number between 2 and 10, got 20"):
        order_parameter(p, cd.Plasticity(), epochs=10, window=20)
    with pytest.raises(InputError, match=r"history must be .* at least two of each, got shape"):
        order_parameter_of(np.zeros((1, 5)))
    d = learning_dynamics(p, cd.Plasticity())
    with pytest.raises(InputError, match="window in samples must be a whole number at least 2, got 1"):
        late_order_parameter(d, window=0.1)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("activation", ["linear", "tanh"])
def test_steps_taken_by_hand_are_trains(activation):
    """In double precision, from whatever a step gave last, and without a warning that numbers were truncated."""
    p = problem(activation)
    history = cd.train(p, RULES["hidden"], epochs=3, record=[3], engine="jax")
    d = learning_dynamics(p, RULES["hidden"], trial=1, reduce=False)
    assert not jax.config.jax_enable_x64
    state = d.start
    for _ in range(3):
        state = d.step(state, d.args)
        assert state.dtype == np.float64
    np.testing.assert_allclose(d.weights(state)[0], history.student_hidden[1].values, atol=1e-14)
    np.testing.assert_allclose(d.weights(state)[1], history.student_readout[1].values, atol=1e-14)
    # Whoever compiles it decides on the precision, as before.
    assert jax.jit(d.step)(jax.numpy.asarray(state, "float32"), d.args).dtype == np.float32


@pytest.mark.filterwarnings("error")
def test_a_flows_step_by_hand_is_in_double_precision():
    """Runge–Kutta's error falls as the fifth power of the step, down to where single precision would have ended it."""
    d = learning_dynamics(problem("tanh"), RULES["hidden"], continuous=True, learning_rate=0.02)

    def after(steps):
        state, run = d.start, d.at(0.02 / steps)
        for _ in range(steps):
            state = run.step(state, run.args)
        return state

    exact = after(16)
    one, two = (np.abs(after(n) - exact).max() for n in (1, 2))
    assert two < 1e-9
    assert 10 < one / two < 25
