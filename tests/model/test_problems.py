import numpy as np
import pytest

import curldescent as cd
from curldescent.foundation.errors import InputError
from tests.conftest import random_problem
from tests.learning import textbook


@pytest.mark.parametrize("output_activation", ["linear", "tanh", "relu", "sigmoid"])
@pytest.mark.parametrize("activation", ["linear", "tanh", "relu", "sigmoid"])
def test_targets_are_the_teachers_outputs(activation, output_activation):
    problem = random_problem(3, activation=activation, output_activation=output_activation)
    x, teacher = problem.inputs[4], problem.teacher
    hidden = [textbook.act(activation, z) for z in teacher.hidden[1] @ x]
    want = [textbook.act(output_activation, u) for u in teacher.readout[1] @ hidden]
    np.testing.assert_allclose(problem.train_outputs()[1, 4], want, rtol=0, atol=1e-14)


def test_what_has_no_trial_axis_is_shared():
    problem = random_problem(trials=None)
    assert problem.trials == 1
    many = cd.Problem(
        inputs=problem.inputs,
        student=cd.Weights(hidden=np.zeros((4, 5, 7)), readout=np.zeros((4, 3, 5))),
        teacher=problem.teacher,
    )
    assert many.trials == 4
    assert many.train_outputs().shape == (1, 23, 3)


def test_the_output_activation_defaults_to_the_hidden_one(problem):
    assert cd.Problem(
        inputs=problem.inputs, student=problem.student, teacher=problem.teacher, activation="relu"
    ).output_activation == ("relu")


def test_arrays_are_kept_apart_from_the_callers():
    x = np.ones((3, 7))
    problem = cd.Problem(inputs=x, targets=np.ones((3, 3)), student=random_problem().student)
    x[:] = 5
    assert (problem.inputs == 1).all()
    with pytest.raises(ValueError, match="read-only"):
        problem.inputs[0, 0] = 2


def test_starting_at_the_teacher_starts_without_error(problem):
    at = problem.starting_at_teacher()
    assert np.array_equal(at.student.hidden, problem.teacher.hidden)
    history = cd.train(at, cd.Plasticity(), epochs=1, record=[0])
    # Teacher and student are evaluated by different libraries, whose sums round differently: (1e-16)².
    assert (history.train_error < 1e-30).all()
    near = problem.starting_at_teacher(hidden_noise=1e-3, seed=4)
    moved = near.student.hidden - problem.teacher.hidden
    # 70 Gaussian values: their spread is within 3 standard errors, 3/√140 ≈ 0.25, of the one asked for.
    assert abs(moved.std() / 1e-3 - 1) < 0.25
    assert np.array_equal(near.student.readout, problem.teacher.readout)


@pytest.mark.parametrize(("hidden", "readout"), [(1e-3, 0.0), (0.0, 1e-3), (0.25, 0.5)])
def test_constant_noise_moves_every_weight_by_that_number(problem, hidden, readout):
    near = problem.starting_at_teacher(hidden_noise=hidden, readout_noise=readout, noise="constant", seed=4)
    np.testing.assert_array_equal(near.student.hidden, problem.teacher.hidden + hidden)
    np.testing.assert_array_equal(near.student.readout, problem.teacher.readout + readout)
    again = problem.starting_at_teacher(hidden_noise=hidden, readout_noise=readout, noise="constant", seed=5)
    np.testing.assert_array_equal(again.student.hidden, near.student.hidden)


def test_gaussian_noise_is_what_it_was_before_there_was_another_kind(problem):
    rng = np.random.default_rng(4)
    teacher = problem.teacher
    expected = [teacher.hidden + 1e-3 * rng.standard_normal(teacher.hidden.shape)]
    expected.append(teacher.readout + 1e-2 * rng.standard_normal(teacher.readout.shape))
    for named in ({}, {"noise": "gaussian"}):
        near = problem.starting_at_teacher(hidden_noise=1e-3, readout_noise=1e-2, seed=4, **named)
        np.testing.assert_array_equal(near.student.hidden, expected[0])
        np.testing.assert_array_equal(near.student.readout, expected[1])


def test_constant_noise_goes_with_depth():
    problem = cd.student_teacher(n_inputs=5, n_hidden=(4, 3), n_train=6, n_test=0).starting_at_teacher(
        hidden_noise=0.5, readout_noise=0.25, noise="constant"
    )
    moved = [student - teacher for student, teacher in zip(problem.student.layers, problem.teacher.layers, strict=True)]
    for layer, size in zip(moved, (0.5, 0.5, 0.25), strict=True):
        np.testing.assert_allclose(layer, size, rtol=1e-12)


def test_unknown_noise_is_refused(problem):
    with pytest.raises(InputError, match="noise must be one of 'gaussian', 'constant', got 'uniform'"):
        problem.starting_at_teacher(noise="uniform")


def test_repr_names_sizes(problem):
    assert repr(problem) == (
        "Problem(tanh → tanh, inputs=7, hidden=5, outputs=3, train=23, test=11, trials=2, teacher)"
    )
