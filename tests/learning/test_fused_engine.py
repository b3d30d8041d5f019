"""The fused engine as a stepper: divergence, stopping, threads, schedules, and an independent implementation."""

from dataclasses import replace

import numpy as np
import pytest

import curldescent as cd
from curldescent.learning.engines.fused import FusedEngine
from curldescent.learning.engines.kernels import linear, nonlinear
from curldescent.learning.engines.reduced import OrderParameterEngine
from curldescent.learning.engines.reference import JaxEngine
from curldescent.learning.experiment import experiment
from tests.conftest import random_problem
from tests.learning import textbook

RULES = [cd.Plasticity(), cd.Plasticity(hidden=0.4, readout=0.5)]
WIDE = (3, 40, 1)


def make(activation="linear", *, sizes=WIDE, scale=1.0, batch=7, rate=0.1, preserve=False, trials=4, rules=RULES):
    problem = random_problem(3, activation=activation, output_activation=activation, sizes=sizes, trials=trials)
    problem = cd.Problem(
        inputs=problem.inputs,
        test_inputs=problem.test_inputs,
        # Trials of very different scales diverge at different epochs, or not at all.
        student=cd.Weights(
            hidden=problem.student.hidden * scale ** np.arange(trials)[:, None, None], readout=problem.student.readout
        ),
        teacher=problem.teacher,
        activation=activation,
        output_activation=activation,
    )
    return experiment(
        problem, rules, learning_rate=rate, batch_size=batch, preserve_norms=preserve, output_error="delta", seed=5
    )


def engine_kinds(activation):
    return [FusedEngine, OrderParameterEngine] if activation == "linear" else [FusedEngine]


@pytest.mark.parametrize("batch", [7, None])
@pytest.mark.parametrize(("activation", "rate"), [("linear", 0.02), ("relu", 0.7)])
def test_divergence_is_reported_as_by_jax(activation, rate, batch):
    e = make(activation, scale=6.0, rate=rate, batch=batch)
    reference = JaxEngine(e)
    reference.advance(30)
    assert (reference.diverged_at > 0).any()
    assert (reference.diverged_at < 0).any()
    for kind in engine_kinds(activation):
        engine = kind(e, threads=2)
        engine.advance(30)
        np.testing.assert_array_equal(engine.diverged_at, reference.diverged_at)
        np.testing.assert_array_equal(engine.active, reference.active)
        for ours, theirs in zip(engine.weights(), reference.weights(), strict=True):
            np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
            np.testing.assert_allclose(ours, theirs, rtol=1e-7)
        np.testing.assert_array_equal(np.isnan(engine.errors()), np.isnan(reference.errors()))


@pytest.mark.parametrize("kind", [FusedEngine, OrderParameterEngine])
def test_weights_near_the_bound_are_judged_one_by_one(kind):
    # The norm of these layers is far beyond the bound and no weight is: nothing has diverged.
    e = make(rate=1e-300)
    e = replace(e, layers=(np.where(e.hidden > 0, 0.9e50, -0.9e50), np.zeros_like(e.readout)))
    assert np.linalg.norm(e.hidden[0]) > 1e50
    engine = kind(e)
    engine.advance(5)
    assert engine.active.all()
    assert engine.epoch == 5
    np.testing.assert_allclose(engine.weights()[0], np.broadcast_to(e.hidden, (2, *e.hidden.shape)), rtol=1e-12)


@pytest.mark.parametrize("activation", ["linear", "tanh"])
def test_stopped_trials_freeze_and_others_do_not_notice(activation):
    e = make(activation, rate=0.01)
    for kind in engine_kinds(activation):
        alone, engine = kind(e), kind(e)
        alone.advance(3)
        engine.advance(3)
        mask = np.zeros((2, 4), bool)
        mask[0, 1] = mask[:, 2] = True
        before = engine.weights()
        engine.stop(mask)
        alone.advance(4)
        engine.advance(4)
        for frozen, ours, theirs in zip(before, engine.weights(), alone.weights(), strict=True):
            np.testing.assert_array_equal(ours[mask], frozen[mask])
            np.testing.assert_array_equal(ours[~mask], theirs[~mask])
            assert (ours[mask] != theirs[mask]).any()
        np.testing.assert_array_equal(engine.active, ~mask)


@pytest.mark.parametrize("batch", [7, None])
@pytest.mark.parametrize("activation", ["linear", "tanh"])
def test_bits_do_not_depend_on_threads_trials_rules_or_on_how_often_one_looks(activation, batch):
    e = make(activation, preserve=True, batch=batch)
    for kind in engine_kinds(activation):
        one, many = kind(e, threads=1), kind(e, threads=3)
        one.advance(12)
        for part in (1, 1, 7, 3):
            many.advance(part)
            many.errors()
        for a, b in zip(one.weights(), many.weights(), strict=True):
            assert a.tobytes() == b.tobytes()
    few = FusedEngine(make(activation, preserve=True, batch=batch, rules=RULES[1:]))
    few.advance(12)
    whole = FusedEngine(e)
    whole.advance(12)
    assert few.weights()[0].tobytes() == whole.weights()[0][1:].tobytes()


def test_chunks_of_sample_orders_leave_no_trace(monkeypatch):
    e = make("tanh")
    whole = FusedEngine(e)
    whole.advance(9)
    monkeypatch.setattr("curldescent.learning.engines.fused.ORDER_BYTES", 1)
    pieces = FusedEngine(e)
    pieces.advance(9)
    assert whole.weights()[0].tobytes() == pieces.weights()[0].tobytes()


@pytest.mark.parametrize("preserve", [False, True])
@pytest.mark.parametrize("activation", ["linear", "tanh", "relu", "sigmoid"])
def test_against_the_sample_by_sample_textbook(activation, preserve):
    e = make(activation, sizes=(3, 9, 1), trials=1, preserve=preserve)
    w1, w2 = e.hidden[0], e.readout[0]
    norms = (np.linalg.norm(w1), np.linalg.norm(w2)) if preserve else None
    rng = np.random.default_rng([5, 0])
    for _ in range(3):
        order = rng.permuted(np.arange(e.samples, dtype=np.int32)[None], axis=1)[0]
        for first in range(0, e.samples, e.batch):
            k = order[first : first + e.batch]
            w1, w2 = textbook.step(
                w1, w2, e.inputs[k], e.targets[0, k], s1=e.hidden_strengths[1], s2=e.readout_strengths[1],
                feedback=None, activation=activation, output_activation=activation, output_error="delta",
                rate=e.learning_rate * len(k) / e.samples, norms=norms,
            )  # fmt: skip
    for kind in engine_kinds(activation):
        engine = kind(e)
        engine.advance(3)
        np.testing.assert_allclose(engine.weights()[0][1, 0], w1, rtol=0, atol=1e-13)
        np.testing.assert_allclose(engine.weights()[1][1, 0], w2, rtol=0, atol=1e-13)
        want = textbook.mean_error(w1, w2, e.test_inputs, e.test_targets[0], activation, activation)
        np.testing.assert_allclose(engine.errors()[1][1, 0], want, rtol=1e-12)


def test_norms_stay_to_the_last_digits_over_a_long_run():
    e = make(preserve=True, sizes=(6, 11, 1))
    engine = FusedEngine(e)
    engine.advance(20_000)
    for layer, start in zip(engine.weights(), (e.hidden, e.readout), strict=True):
        now = np.linalg.norm(layer, axis=(-2, -1))
        np.testing.assert_allclose(now, np.broadcast_to(np.linalg.norm(start, axis=(-2, -1)), now.shape), rtol=1e-14)


def test_a_layer_of_zeros_stays_zero_under_norm_preservation():
    e = make(preserve=True)
    e = replace(e, layers=(e.hidden, np.zeros_like(e.readout)))
    engine, reference = FusedEngine(e), JaxEngine(e)
    engine.advance(2)
    reference.advance(2)
    for ours, theirs in zip(engine.weights(), reference.weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-300)


def test_every_configuration_shares_one_compiled_kernel():
    for activation in ("linear", "tanh"):
        for batch in (7, None):
            for trials in (1, 3):
                FusedEngine(make(activation, batch=batch, trials=trials)).advance(1)
    assert len(linear.run_linear.signatures) == 1
    assert len(nonlinear.run_nonlinear.signatures) == 1
