"""The footprint of a run is known, of the right size, and refused where it would not fit."""

import tracemalloc

import pytest

import curldescent as cd
from curldescent.training import memory
from curldescent.training.fused_engine import FusedEngine
from curldescent.training.setup import experiment


def big(trials=20):
    problem = cd.student_teacher(n_inputs=60, n_hidden=300, activation="tanh", n_train=50, trials=trials)
    return experiment(
        problem,
        [cd.Plasticity()],
        learning_rate=0.1,
        batch_size=None,
        preserve_norms=False,
        output_error="delta",
        seed=0,
    )


def test_the_estimate_is_within_a_factor_of_two():
    e = big()
    FusedEngine(big(trials=1)).advance(1)  # compiles
    tracemalloc.start()
    engine = FusedEngine(e)
    engine.advance(1)
    engine.errors()
    weights = engine.weights()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert weights[0].nbytes > 2e6
    assert 0.5 < peak / memory.footprint(e, engine="fused") < 2


def test_recorded_weights_count():
    e = big()
    one = memory.footprint(e, engine="fused", snapshots=1) - memory.footprint(e, engine="fused")
    assert one == 2 * 8 * 20 * 300 * 61


def test_a_run_that_does_not_fit_is_refused_with_the_numbers(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 1_000_000)
    problem = cd.student_teacher(n_inputs=60, n_hidden=300, activation="tanh", n_train=50, trials=20)
    with pytest.raises(
        cd.InputError, match=r"needs about 0\.0088 GB for 20 students, and 0\.001 GB are free; train fewer"
    ):
        cd.train(problem, cd.Plasticity(), epochs=1)
    monkeypatch.setattr(memory, "available", lambda: None)
    cd.train(problem, cd.Plasticity(), epochs=1)
