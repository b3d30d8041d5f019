"""Reduced students against the recursion of docs/theory.md, against full ones, and against random-matrix facts."""

import math

import numpy as np
import pytest

import curldescent as cd
from curldescent.learning.engines.reduced import OrderParameterEngine, reduced_widths
from curldescent.learning.engines.reference import JaxEngine
from curldescent.learning.experiment import experiment
from curldescent.learning.wide_students import wide_students
from tests.conftest import random_problem


def linear_experiment(rules, sizes=(5, 60, 1), batch=4, trials=2, **options):
    problem = random_problem(8, activation="linear", output_activation="linear", sizes=sizes, trials=trials)
    settings = {"learning_rate": 0.01, "preserve_norms": False, "output_error": "delta", "seed": 1}
    return experiment(problem, rules, batch_size=batch, **{**settings, **options})


@pytest.mark.parametrize("batch", [4, None])
def test_gram_matrices_follow_the_recursion_of_the_theory(batch):
    rule = cd.Plasticity(hidden=0.4, readout=0.3)
    e = linear_experiment([rule], batch=batch, trials=1)
    d1, d2 = e.hidden_strengths[0, 0], e.readout_strengths[0, 0]
    w1, w2 = e.hidden[0], e.readout[0, 0]
    x, y = e.inputs, e.targets[0, :, 0]
    groups = [np.flatnonzero(d2 == sign) for sign in (-1, 1)]
    a = [w1[g].T @ w1[g] for g in groups]
    q = [w2[g] @ w1[g] for g in groups]
    s = [w2[g] @ w2[g] for g in groups]
    rng = np.random.default_rng([1, 0])
    epochs = 10 if batch else 50
    for _ in range(epochs):
        order = rng.permuted(np.arange(e.samples, dtype=np.int32)[None], axis=1)[0] if batch else np.arange(e.samples)
        for first in range(0, e.samples, e.batch):
            k = order[first : first + e.batch]
            # η r of the theory: the error signal correlated with the inputs, without assuming a linear teacher.
            r = e.learning_rate / e.samples * (x[k] @ sum(q) - y[k]) @ x[k]
            h = r * d1
            for i, d in enumerate((-1.0, 1.0)):
                rq, ra, qi, si = r @ q[i], r @ a[i], q[i], s[i]
                q[i] = qi - si * h - d * ra + d * rq * h
                s[i] = si - 2 * d * rq + ra @ r
                a[i] = a[i] - np.outer(h, qi) - np.outer(qi, h) + si * np.outer(h, h)
    engine = OrderParameterEngine(e)
    engine.advance(epochs)
    hidden, readout = (layer[0, 0] for layer in engine.weights())
    for i, g in enumerate(groups):
        np.testing.assert_allclose(hidden[g].T @ hidden[g], a[i], rtol=0, atol=1e-12)
        np.testing.assert_allclose(readout[0, g] @ hidden[g], q[i], rtol=0, atol=1e-13)
        np.testing.assert_allclose(readout[0, g] @ readout[0, g], s[i], rtol=1e-12)


def test_width_depends_on_groups_and_not_on_neurons():
    graded = cd.Plasticity(readout=np.repeat([1.0, -0.5, 0.2], 20))
    e = linear_experiment([cd.Plasticity(), cd.Plasticity(readout=0.3), graded, cd.Plasticity(feedback="random")])
    assert reduced_widths(e) == [6, 12, 18, 7]


def test_graded_postsynaptic_and_aligned_students_come_back_neuron_by_neuron():
    rng = np.random.default_rng(0)
    rules = [
        cd.Plasticity(hidden=rng.choice([1.0, -1.0], 60), readout=np.array([-1.0]), flips="postsynaptic"),
        cd.Plasticity(hidden=rng.uniform(-1, 1, 5), feedback="random", readout=0.2),
    ]
    e = linear_experiment(rules, preserve_norms=True)
    engine, reference = OrderParameterEngine(e), JaxEngine(e)
    engine.advance(20)
    reference.advance(20)
    for ours, theirs in zip(engine.weights(), reference.weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
def test_wide_students_have_the_moments_of_sampled_ones(distribution):
    m, n, trials = 4, 50, 4000
    wide = wide_students(
        n_inputs=m, n_hidden=n, readout=0.3, distribution=distribution, n_train=1, n_test=0, trials=trials, seed=3
    )
    variance = 1 / 3 if distribution == "uniform" else 1.0
    for sign, size in ((-1, 15), (1, 35)):
        members = wide.readout == sign
        w1, w2 = wide.problem.student.hidden[:, members], wide.problem.student.readout[:, :, members]
        gram = np.einsum("tni,tnj->tij", w1, w1)
        mean, fluctuation = gram.mean(axis=0), gram.var(axis=0)
        kurtosis = 9 / 5 if distribution == "uniform" else 3.0
        scale = variance / m
        # Bounds are six standard errors; the sampled law has these moments exactly.
        standard = 6 * scale * math.sqrt(3 * size / trials)
        np.testing.assert_allclose(mean, size * scale * np.eye(m), rtol=0, atol=standard)
        expected = size * scale**2 * (np.ones((m, m)) + (kurtosis - 2) * np.eye(m))
        np.testing.assert_allclose(fluctuation, expected, rtol=0.25)
        s = (w2**2).sum(axis=(1, 2))
        assert abs(s.mean() - size * variance / n) < 6 * variance * math.sqrt(3 * size / trials) / n
        q = np.einsum("tkn,tni->ti", w2, w1)
        np.testing.assert_allclose(q.var(axis=0), size * scale * variance / n, rtol=0.15)


def test_a_million_neurons_cost_what_forty_do_and_approach_the_limit():
    curves = []
    for width in (10_000, 1_000_000, math.inf):
        wide = wide_students(
            n_inputs=6, n_hidden=width, readout=0.25, distribution="normal", hidden_gain=2.0, n_train=40, seed=2
        )
        assert wide.problem.student.n_hidden == 14
        wide = (
            cd.Problem(inputs=wide.problem.inputs, student=wide.problem.student, targets=wide.problem.inputs[:, :1]),
            wide.rule(),
        )
        curves.append(
            cd.train(*wide, epochs=40, batch_size=8, learning_rate=0.03, record=[0, 5, 40]).train_error.values[0]
        )
    distances = [np.abs(curve - curves[2]).max() for curve in curves[:2]]
    # Fluctuations fall as 1/√N: a factor of ten from ten thousand to a million, give or take their own.
    assert distances[1] < 0.4 * distances[0]
    assert distances[1] < 0.01


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_hidden": math.inf}, "hidden_gain must be given where n_hidden is infinite"),
        ({"n_hidden": 2.5}, "n_hidden must be a whole number"),
        ({"n_hidden": 10, "readout": 1.5}, "readout must be a fraction between 0 and 1, got 1.5"),
        ({"n_hidden": 10, "distribution": "cauchy"}, "distribution must be one of"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(options, message):
    with pytest.raises(cd.InputError, match=message):
        wide_students(n_inputs=3, **options)
