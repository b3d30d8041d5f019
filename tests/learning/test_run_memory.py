"""The footprint of a run is known, of the right size, and refused where it would not fit."""

import tracemalloc

import pytest

import curldescent as cd
from curldescent.learning import run_memory
from curldescent.learning.engines.fused import FusedEngine
from curldescent.learning.experiment import experiment


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
    assert 0.5 < peak / run_memory.footprint(e, engine="fused") < 2


def test_recorded_weights_count():
    e = big()
    one = run_memory.footprint(e, engine="fused", snapshots=1) - run_memory.footprint(e, engine="fused")
    assert one == 2 * 8 * 20 * 300 * 61


def test_a_run_that_does_not_fit_is_refused_with_the_numbers(monkeypatch):
    monkeypatch.setattr(run_memory, "available", lambda: 1_000_000)
    problem = cd.student_teacher(n_inputs=60, n_hidden=300, activation="tanh", n_train=50, trials=20)
    with pytest.raises(
        cd.InputError, match=r"needs about 0\.0088 GB for 20 students, and 0\.001 GB are free, too little even for one"
    ):
        cd.train(problem, cd.Plasticity(), epochs=1)
    monkeypatch.setattr(run_memory, "available", lambda: None)
    cd.train(problem, cd.Plasticity(), epochs=1)


@pytest.mark.parametrize("engine", ["fused", "jax"])
def test_a_run_in_pieces_is_the_same_run(engine, monkeypatch):
    problem = cd.student_teacher(n_inputs=20, n_hidden=60, activation="tanh", n_train=30, trials=7)
    rules = {"GD": cd.Plasticity(), "FA": cd.Plasticity(readout=0.2, feedback="random")}
    settings = {"epochs": 6, "batch_size": 7, "record": [0, 3, 6], "record_weights": True, "engine": engine}
    whole = cd.train(problem, rules, **settings, stop_below=0.02)
    built = []
    from curldescent.learning import train as module

    build = module.built
    monkeypatch.setattr(module, "built", lambda e, *a, **k: built.append(e.trials) or build(e, *a, **k))
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
    three = run_memory.footprint(setup.part(0, 3), engine=engine, snapshots=3)
    monkeypatch.setattr(run_memory, "available", lambda: kept + three)
    pieces = cd.train(problem, rules, **settings, stop_below=0.02)
    assert built == [3, 3, 1]
    assert whole.identical(pieces)


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
    monkeypatch.setattr(run_memory, "available", lambda: (2 + 3) * weights)
    cd.train(problem, cd.Plasticity(), epochs=2, progress=Watch())
    assert seen == [4, 1, 2, 3, 4]


@pytest.fixture
def small():
    return cd.student_teacher(n_inputs=6, n_hidden=10, n_train=20)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda p: cd.train(p, cd.Plasticity(), epochs=10**9, record=10**9),
            "record must be a whole number between 2 and 1000000, got 1000000000",
        ),
        (
            lambda p: cd.train(p, cd.Plasticity(), epochs=10**9, record=range(10**9)),
            "recording at all these epochs would need 100 GB of memory, and 1 GB are free",
        ),
        (lambda p: cd.train(p, cd.Plasticity(), epochs=10**30), "epochs must be a whole number between 1 and"),
        (lambda p: cd.log_epochs(10**12, 10**10), "points must be a whole number between 2 and 1000000"),
        (
            lambda p: cd.flow(p, cd.Plasticity(), time=1.0, record=10**10),
            "record must be a whole number between 2 and 1000000",
        ),
        (lambda p: cd.flow(p, cd.Plasticity(), time=1.0, record=10**6), "recorded times of 1 students with 70 weights"),
        (
            lambda p: cd.wide_students(n_inputs=10**6, n_hidden=10**6),
            "a problem with 1000000 inputs, 350 samples and 1 trials would need",
        ),
        (lambda p: cd.wide_students(n_inputs=10, n_hidden=100, trials=10**9), "1000000000 trials would need"),
        (lambda p: cd.wide_students(n_inputs=10, n_hidden=10**15), "distribution='normal', cost the same"),
    ],
)
def test_sizes_are_refused_before_anything_is_spent(call, message, small, monkeypatch):
    monkeypatch.setattr("curldescent.foundation.memory.available", lambda: 10**9)
    with pytest.raises(cd.InputError, match=message):
        call(small)


def test_many_recording_epochs_count():
    e = big()
    many = run_memory.footprint(e, engine="fused", points=10**6) - run_memory.footprint(e, engine="fused")
    assert many == 2 * 2 * 8 * 20 * 10**6


def test_strengths_are_refused_before_they_are_built(monkeypatch):
    wide = cd.student_teacher(n_inputs=60, n_hidden=300, n_train=20)
    monkeypatch.setattr("curldescent.foundation.memory.available", lambda: 10**6)
    with pytest.raises(
        cd.InputError, match="setting up 50 rules and 1 trials of 18300 synapses and 20 samples would need"
    ):
        cd.train(wide, [cd.Plasticity()] * 50, epochs=1, record=[0, 1])
