"""The footprint of a run is known, of the right size, and refused where it would not fit."""

import tracemalloc

import numpy as np
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
        cd.InputError, match=r"needs about 0\.0088 GB for 20 students, and 0\.001 GB are free, too little even for one"
    ):
        cd.train(problem, cd.Plasticity(), epochs=1)
    monkeypatch.setattr(memory, "available", lambda: None)
    cd.train(problem, cd.Plasticity(), epochs=1)


@pytest.mark.parametrize("engine", ["fused", "jax"])
def test_a_run_in_pieces_is_the_same_run(engine, monkeypatch):
    problem = cd.student_teacher(n_inputs=20, n_hidden=60, activation="tanh", n_train=30, trials=7)
    rules = {"GD": cd.Plasticity(), "FA": cd.Plasticity(readout=0.2, feedback="random")}
    settings = {"epochs": 6, "batch_size": 7, "record": [0, 3, 6], "record_weights": True, "engine": engine}
    whole = cd.train(problem, rules, **settings, stop_below=0.02)
    built = []
    from curldescent.training import engine as module

    build = module.build_engine
    monkeypatch.setattr(module, "build_engine", lambda e, **k: built.append(e.trials) or build(e, **k))
    setup = experiment(
        problem,
        list(rules.values()),
        learning_rate=0.1,
        batch_size=7,
        preserve_norms=False,
        output_error="delta",
        seed=0,
    )
    kept = 8 * 2 * 7 * 60 * 21 * 4
    three = memory.footprint(setup.part(0, 3), engine=engine, snapshots=3)
    monkeypatch.setattr(memory, "available", lambda: kept + three)
    pieces = cd.train(problem, rules, **settings, stop_below=0.02)
    assert built == [3, 3, 1]
    if engine == "fused":
        assert whole.identical(pieces)
    else:
        # Batched differently, XLA may round differently.
        for name in ("train_error", "hidden_history", "student_readout"):
            np.testing.assert_allclose(whole[name], pieces[name], rtol=1e-10, atol=1e-14)


def test_progress_goes_through_all_pieces(monkeypatch):
    problem = cd.student_teacher(n_inputs=20, n_hidden=60, activation="tanh", n_train=30, trials=2)
    seen = []

    class Watch:
        def start(self, total, unit):
            seen.append(total)

        def update(self, done):
            seen.append(done)

        def finish(self):
            pass

    weights = 8 * 60 * 21
    monkeypatch.setattr(memory, "available", lambda: (2 + 3) * weights)
    cd.train(problem, cd.Plasticity(), epochs=2, progress=Watch())
    assert seen == [4, 1, 2, 3, 4]
