import numpy as np
import pytest
from scipy import stats

import curldescent as cd

SIZES = {"n_inputs": 50, "n_hidden": 40, "n_outputs": 2, "trials": 20}


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
def test_weights_have_the_stated_law(distribution):
    problem = cd.student_teacher(**SIZES, distribution=distribution, student_scale=2.0, teacher_scale=0.5, seed=3)
    for weights, scale in ((problem.student, 2.0), (problem.teacher, 0.5)):
        for layer in (weights.hidden, weights.readout):
            width = scale / layer.shape[-1] ** 0.5
            law = stats.uniform(-width, 2 * width) if distribution == "uniform" else stats.norm(0, width)
            # Seeds are fixed; a level of 0.1 % leaves room for the eight samples tested here.
            assert stats.kstest(layer.ravel(), law.cdf).pvalue > 1e-3


def test_inputs_are_standard_gaussian_with_variance_one_half():
    inputs = cd.student_teacher(n_inputs=30, n_hidden=2, n_train=2000, seed=1).inputs
    assert stats.kstest(inputs.ravel(), stats.norm(0, 0.5**0.5).cdf).pvalue > 1e-3


@pytest.mark.parametrize("form", ["scalar", "vector", "matrix"])
def test_inputs_have_the_covariance_asked_for(form):
    rng = np.random.default_rng(5)
    root = rng.standard_normal((6, 6))
    covariance = {"scalar": 2.0, "vector": np.arange(1.0, 7.0), "matrix": root @ root.T}[form]
    full = {"scalar": 2 * np.eye(6), "vector": np.diag(np.arange(1.0, 7.0)), "matrix": root @ root.T}[form]
    n = 20_000
    x = cd.student_teacher(n_inputs=6, n_hidden=2, n_train=n, covariance=covariance, seed=2).inputs
    spread = np.sqrt((full**2 + np.outer(np.diag(full), np.diag(full))) / n)  # standard error of a sample covariance
    assert (np.abs(x.T @ x / n - full) < 4.5 * spread).all()


def test_a_rank_deficient_covariance_is_accepted():
    x = cd.student_teacher(n_inputs=4, n_hidden=2, covariance=np.ones((4, 4)), seed=2).inputs
    np.testing.assert_allclose(x, x[:, :1] * np.ones(4), atol=1e-7)


def test_a_trial_does_not_depend_on_how_many_there_are():
    few, many = (cd.student_teacher(n_inputs=5, n_hidden=4, trials=t, seed=9) for t in (2, 6))
    assert np.array_equal(few.inputs, many.inputs)
    assert np.array_equal(few.student.hidden, many.student.hidden[:2])
    assert np.array_equal(few.teacher.readout, many.teacher.readout[:2])


def test_trials_teachers_and_students_differ_and_seeds_repeat():
    a, b, other = (cd.student_teacher(n_inputs=5, n_hidden=4, trials=2, seed=s) for s in (1, 1, 2))
    assert np.array_equal(a.student.hidden, b.student.hidden)
    assert not np.array_equal(a.student.hidden, other.student.hidden)
    assert not np.array_equal(a.student.hidden[0], a.student.hidden[1])
    assert not np.array_equal(a.student.hidden, a.teacher.hidden)
    assert not np.array_equal(a.inputs[:100], a.test_inputs)
