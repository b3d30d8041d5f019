"""Macroscopic learning against finite differences, simulations, conserved quantities and the linear reduction."""

from dataclasses import replace

import numpy as np
import pytest

import curldescent as cd
from curldescent.learning.rules.signed_gradient import Convention, Learning, gradients
from curldescent.model.forward import outputs
from curldescent.theory import invariants, macroscopic
from curldescent.theory._macroscopic_student import sampled_fields
from curldescent.theory.macroscopic import macroscopic_student

GD = cd.Plasticity()


def problem(activation="erf", output="linear", *, n_inputs=6, n_hidden=3, n_train=1, **more):
    return cd.student_teacher(
        n_inputs=n_inputs,
        n_hidden=n_hidden,
        activation=activation,
        output_activation=output,
        n_train=n_train,
        n_test=0,
        student_scale=more.pop("student_scale", 2.0),
        **more,
    )


def student_of(task, rule=GD, variance=0.5, **more):
    return macroscopic_student(task, rule, 0, np.broadcast_to(variance, (task.student.n_inputs,)), **more)


def slope_of_error(student, h=1e-5):
    start = student.start
    out = np.empty_like(start)
    for i in range(len(start)):
        step = np.zeros_like(start)
        step[i] = h
        out[i] = (student.error(start + step) - student.error(start - step)) / (2 * h)
    return out


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("activation", ["linear", "erf", "relu", "tanh", "gelu"])
def test_without_flips_it_descends_the_gradient(activation, outputs):
    student = student_of(problem(activation, n_outputs=outputs))
    np.testing.assert_allclose(student.velocity(student.start), -slope_of_error(student), rtol=1e-5, atol=1e-7)


def test_without_flips_it_descends_the_gradient_behind_a_nonlinear_output():
    student = student_of(problem("tanh", "tanh"), output_error="mse", samples=512)
    np.testing.assert_allclose(student.velocity(student.start), -slope_of_error(student), rtol=1e-5, atol=1e-8)


def test_strengths_multiply_the_gradient_and_norms_are_projected_out():
    task = problem("erf", n_hidden=4)
    strengths = np.array([-1.0, 0.0, 0.5, 1.0])
    rule = cd.Plasticity(hidden=np.outer([1.0, -1.0, 2.0, 0.0], np.ones(6)), readout=strengths)
    free, plain = student_of(task, rule), student_of(task)
    w1, w2 = plain.layers(plain.velocity(plain.start))
    got1, got2 = free.layers(free.velocity(free.start))
    np.testing.assert_allclose(got1, w1 * np.array([[1.0], [-1.0], [2.0], [0.0]]))
    np.testing.assert_allclose(got2, w2 * strengths)
    kept = student_of(task, rule, preserve_norms=True)
    for move, free_move, w in zip(
        kept.layers(kept.velocity(kept.start)), (got1, got2), kept.layers(kept.start), strict=True
    ):
        assert (move * w).sum() == pytest.approx(0, abs=1e-12)
        left = free_move - move
        np.testing.assert_allclose(left, w * (left * w).sum() / (w**2).sum(), atol=1e-12)


def test_all_flips_climb():
    student = student_of(problem(), cd.Plasticity(hidden=1.0, readout=1.0))
    plain = student_of(problem())
    np.testing.assert_allclose(student.velocity(student.start), -plain.velocity(plain.start))
    assert macroscopic(problem(), cd.Plasticity(hidden=1.0, readout=1.0), epochs=5).error.diff("epoch").min() > 0


@pytest.mark.parametrize("activation", ["erf", "tanh", "relu"])
def test_signals_are_the_averages_over_inputs(activation):
    """The library's own gradient on many samples, in the Gram matrix of what it does to the weights."""
    task = problem(activation, n_inputs=5, n_hidden=3)
    variance = np.array([0.5, 0.5, 0.8, 0.8, 0.8])
    student = student_of(task, variance=variance)
    # Moments up to the second are those of the limit.
    x = sampled_fields(2**16, 5, seed=1) * np.sqrt(variance)
    w1, w2 = task.student.hidden[0], task.student.readout[0]
    y = outputs(x, [w[0] for w in task.teacher.layers], activation, "linear")
    learning = Learning((np.ones_like(w1), np.ones_like(w2)), (w2.T,), np.array([False]))
    signal1, signal2 = gradients((w1, w2), learning, x, y, Convention(activation, "linear", "delta", False), np)
    got1, got2 = student.layers(-student.velocity(student.start))
    np.testing.assert_allclose(got2, signal2, rtol=5e-3, atol=5e-4)
    # Reduced coordinates are rotated within groups: compare with projections on the weights.
    for inputs, coordinates in ((slice(0, 2), student.variances == 0.5), (slice(2, 5), student.variances == 0.8)):
        wanted = np.asarray(signal1)[:, inputs] @ w1[:, inputs].T
        got = got1[:, coordinates] @ student.hidden[:, coordinates].T
        np.testing.assert_allclose(got, wanted, rtol=5e-3, atol=5e-4)


def test_sampled_fields_agree_with_averages_of_pairs():
    task = problem("tanh", n_inputs=30, n_hidden=4)
    averaged = student_of(task)
    sampled = replace(averaged, fields=sampled_fields(2**14, averaged.hidden.shape[1], seed=0))
    a, b = averaged.velocity(averaged.start), sampled.velocity(averaged.start)
    assert np.abs(a - b).max() < 5e-3 * np.abs(a).max()
    assert sampled.error(averaged.start) == pytest.approx(averaged.error(averaged.start), rel=5e-3)


def test_sampled_fields_have_the_moments_of_normal_inputs():
    fields = sampled_fields(1000, 7, seed=3)
    assert fields.shape == (1024, 7)
    np.testing.assert_allclose(fields.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(fields.T @ fields / 1024, np.eye(7), atol=1e-12)
    assert (fields**4).mean() == pytest.approx(3, abs=0.05)


@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_every_neuron_conserves_its_quantity(activation):
    """‖W_i‖² + w_i² where it is flipped, ‖W_i‖² − w_i² where it is not; with flipped inputs the signed sum."""
    task = problem(activation, n_inputs=5)
    history = macroscopic(task, cd.Plasticity(readout=0.34), epochs=400, rtol=1e-9)
    sign = np.array([-1.0, 1.0, 1.0])
    kept = history.hidden_norm[0].values ** 2 - sign * history.readout_weights[0, :, 0].values ** 2
    np.testing.assert_allclose(kept, np.broadcast_to(kept[0], kept.shape), rtol=1e-6)
    assert np.abs(np.diff(history.hidden_norm[0].values, axis=0)).max() > 0.01
    student = student_of(task, cd.Plasticity(hidden=0.4, readout=0.34))
    move1, move2 = student.layers(student.velocity(student.start))
    change = student.hidden_strengths[0] * student.hidden * move1
    np.testing.assert_allclose(change.sum(1) - sign * student.readout[0] * move2[0], 0, atol=1e-12)
    first = invariants(task.student.hidden[0], task.student.readout[0], d2=sign)
    np.testing.assert_allclose(first, kept[0])


def test_erf_units_conserve_nothing():
    """A test of the test above: what it holds is a property of homogeneous units."""
    history = macroscopic(problem("erf", n_inputs=5), cd.Plasticity(readout=0.34), epochs=400)
    kept = (
        history.hidden_norm[0].values ** 2 - np.array([-1.0, 1.0, 1.0]) * history.readout_weights[0, :, 0].values ** 2
    )
    assert np.abs(kept - kept[0]).max() > 0.01


def white(task, variance, samples=40):
    """The same problem with samples whose covariance is exactly that of the limit."""
    x = sampled_fields(samples, task.student.n_inputs, seed=0) * np.sqrt(variance)
    return cd.Problem(
        inputs=x,
        student=task.student,
        teacher=task.teacher,
        activation=task.activation,
        output_activation=task.output_activation,
    )


@pytest.mark.parametrize("rule", [GD, cd.Plasticity(readout=0.34), cd.Plasticity(hidden=0.4, readout=0.34)], ids=str)
@pytest.mark.parametrize("preserve_norms", [False, True])
def test_linear_students_are_those_of_white_inputs(rule, preserve_norms):
    """Linear students see nothing of their inputs but the covariance, so that 64 white samples are infinitely many."""
    task = problem("linear", n_inputs=5, n_outputs=2)
    variance = np.array([0.5, 0.3, 0.5, 0.3, 0.3])
    flow = cd.flow(white(task, variance), rule, time=6.0, record=13, preserve_norms=preserve_norms)
    limit = macroscopic(
        task, rule, epochs=60, record=np.linspace(0, 60, 13), preserve_norms=preserve_norms, input_variance=variance
    )
    np.testing.assert_allclose(limit.error[0], flow.train_error[0], rtol=1e-4)


def test_linear_students_are_those_of_the_linear_reduction():
    """The exact order parameters of wide linear students, whose engine `train` has, in the limit of small steps."""
    task = problem("linear", n_inputs=4, n_hidden=40)
    rule = cd.Plasticity(readout=0.25)
    reduction = cd.train(
        white(task, 0.5), rule, epochs=500, learning_rate=2e-3, record=[100, 500], engine="order-parameters"
    )
    limit = macroscopic(task, rule, epochs=500, learning_rate=2e-3, record=[100, 500])
    np.testing.assert_allclose(limit.error[0], reduction.train_error[0], rtol=0.01)


def simulated(task, rules, epochs, record, sets, samples, **more):
    """Runs of the same students on several sets of inputs."""
    curves = []
    for seed in range(sets):
        x = np.random.default_rng(seed).normal(0, np.sqrt(0.5), (samples, task.student.n_inputs))
        drawn = cd.Problem(
            inputs=x,
            student=task.student,
            teacher=task.teacher,
            activation=task.activation,
            output_activation=task.output_activation,
        )
        run = cd.train(
            drawn, rules, epochs=epochs, batch_size=samples // 20, preserve_norms=True, record=record, **more
        )
        curves.append(np.log(run.train_error.values))
    return np.array(curves)


def agree(curves, limit, *, floor):
    """The limit is within three standard errors of the simulated mean, or within a floor for steps and finite P."""
    mean, error = curves.mean(0), curves.std(0, ddof=1) / np.sqrt(len(curves))
    gap = np.abs(mean - np.log(limit))
    assert (gap < np.maximum(3 * error, floor)).all(), (gap / np.maximum(3 * error, floor)).max()
    return mean


RULES = {"GD": GD, "CD": cd.Plasticity(readout=0.25)}


def test_students_of_many_samples_follow_it():
    task = problem("tanh", n_inputs=8, n_hidden=4, trials=2)
    record = [10, 50, 200]
    curves = simulated(task, RULES, 200, record, sets=4, samples=4000)
    limit = macroscopic(task, RULES, epochs=200, record=record, preserve_norms=True)
    mean = agree(curves, limit.error.values, floor=0.03)
    # Curl descent is another curve by more than what is allowed here: the test can tell them apart.
    assert np.abs(mean[0] - mean[1]).max() > 0.1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("activation", "output"), [("tanh", "linear"), ("tanh", "tanh"), ("relu", "linear"), ("erf", "linear")]
)
def test_students_of_twenty_thousand_samples_follow_it(activation, output):
    task = problem(activation, output, n_inputs=20, n_hidden=4, trials=2)
    record = [20, 100, 400, 1000]
    curves = simulated(task, RULES, 1000, record, sets=4, samples=20_000)
    limit = macroscopic(task, RULES, epochs=1000, record=record, preserve_norms=True, samples=2**14)
    agree(curves, limit.error.values, floor=0.05)


def test_a_threshold_stops_it_where_the_error_falls_to_it():
    task = problem()
    run = macroscopic(task, GD, epochs=2000, stop_below=0.02, preserve_norms=True)
    there = float(run.stopped_at[0])
    assert run.status[0] == "stopped below the threshold"
    again = macroscopic(task, GD, epochs=there, record=[there], preserve_norms=True)
    assert float(again.error[0, -1]) == pytest.approx(0.02, rel=1e-4)
    assert float(run.error[0, -1]) == pytest.approx(0.02, rel=1e-4)
    at_once = macroscopic(task, GD, epochs=10, stop_below=1e3)
    assert float(at_once.stopped_at[0]) == 0.0
    assert np.unique(at_once.error).size == 1


def test_a_student_that_blows_up_is_said_to():
    task = problem("linear", n_inputs=5, student_scale=3.0)
    run = macroscopic(task, cd.Plasticity(hidden=1.0, readout=1.0), epochs=20_000)
    assert run.status[0] in ("diverged", "solver gave up")
    assert 0 < float(run.diverged_at[0]) < 20_000
    assert np.isnan(run.error[0, -1])


def test_the_number_of_inputs_costs_nothing():
    wide = student_of(problem(n_inputs=500, n_hidden=3))
    assert wide.hidden.shape == (3, 6)
    narrow = student_of(problem(n_inputs=4, n_hidden=3))
    assert narrow.hidden.shape == (3, 4)


@pytest.mark.parametrize("epochs", [0.5, 1, 1.5])
@pytest.mark.parametrize("record", [1, 3])
def test_a_number_of_records_is_that_many(epochs, record):
    run = macroscopic(problem(), GD, epochs=epochs, record=record)
    assert run.sizes["epoch"] == record + 1
    assert (run.epoch.values[0], run.epoch.values[-1]) == (0, epochs)
    assert (run.epoch.diff("epoch") > 0).all()
    assert np.isfinite(run.error).all()


def given(**more):
    return {"problem": problem(), "rule": GD, "epochs": 10, **more}


WRONG = {
    "no problem": (given(problem=3), "problem must be a cd.Problem, got int"),
    "targets": (
        given(
            problem=cd.Problem(
                inputs=np.ones((3, 2)),
                targets=np.ones((3, 1)),
                student=cd.Weights(hidden=np.ones((2, 2)), readout=np.ones((1, 2))),
            )
        ),
        "problem must have a teacher",
    ),
    "depth": (
        given(problem=cd.student_teacher(n_inputs=3, n_hidden=[3, 2], n_train=1)),
        "the student must have two layers of weights, got 3",
    ),
    "rule": (given(rule=[GD]), "rule must be a cd.Plasticity, or a mapping from names to them, got list"),
    "feedback": (given(rule=cd.Plasticity(feedback="random")), "rule must backpropagate"),
    "groups": (
        given(problem=problem(n_inputs=20), input_variance=np.arange(1.0, 21.0)),
        "at most 8 different combinations of variance and strengths, got 20",
    ),
    "variance": (given(input_variance=0.0), "input_variance must be positive, got 0"),
    "variances": (given(input_variance=[0.5, 0.5]), "input_variance must have shape"),
    "record": (given(record=[5.0, 3.0]), "record must list increasing epochs between 0 and 10"),
    "epochs": (given(epochs=-1), "epochs must be"),
    "convention": (given(output_error="other"), "output_error must be"),
    "steep": (
        given(problem=problem("tanh", student_scale=200.0)),
        "averages of the activation tanh .* give more terms",
    ),
    "loss": (
        given(problem=problem(output="sigmoid", loss="cross_entropy")),
        "the loss must be the squared error, got cross_entropy",
    ),
}


@pytest.mark.parametrize(("arguments", "said"), WRONG.values(), ids=WRONG)
def test_bad_input_is_one_sentence(arguments, said):
    with pytest.raises(cd.InputError, match=said):
        macroscopic(**arguments)
