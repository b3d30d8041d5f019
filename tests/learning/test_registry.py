"""The engine is a matter of time only, and says who it is."""

import numpy as np
import pytest

import curldescent as cd
from tests.conftest import random_problem

KEYS = ("train_error", "test_error", "student_hidden", "student_readout", "diverged_at", "stopped_at")


def run(problem, rule, **options):
    return cd.train(problem, rule, epochs=30, batch_size=6, seed=2, **options)


@pytest.mark.parametrize(
    ("activation", "sizes", "expected"),
    [
        ("tanh", (5, 6, 2), "fused"),
        ("linear", (5, 6, 1), "fused"),
        ("linear", (4, 60, 1), "order-parameters"),
        ("linear", (4, 60, 3), "order-parameters"),
    ],
)
def test_auto_takes_what_is_fast_and_changes_nothing(activation, sizes, expected):
    problem = random_problem(1, activation=activation, output_activation=activation, sizes=sizes)
    rules = [cd.Plasticity(readout=0.3), cd.Plasticity(feedback="random", hidden=0.5)]
    auto = run(problem, rules, stop_below=0.2)
    reference = run(problem, rules, stop_below=0.2, engine="jax")
    assert auto.attrs["engine"] == expected
    assert auto.attrs["device"].startswith("cpu, ")
    assert reference.attrs["engine"] == "jax"
    for key in KEYS:
        np.testing.assert_allclose(auto[key], reference[key], rtol=1e-9, atol=1e-12)


def test_per_synapse_strengths_and_short_runs_are_not_reduced():
    problem = random_problem(1, activation="linear", output_activation="linear", sizes=(4, 60, 1))
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (60, 4))
    assert run(problem, cd.Plasticity(hidden=signs)).attrs["engine"] == "fused"
    assert cd.train(problem, cd.Plasticity(), epochs=2).attrs["engine"] == "fused"


def test_single_precision_is_jax():
    assert run(random_problem(), cd.Plasticity(), dtype="float32").attrs["engine"] == "jax"


def test_recorded_weights_are_those_of_the_reference():
    problem = random_problem(1, activation="linear", output_activation="linear", sizes=(4, 60, 1))
    histories = [
        run(problem, cd.Plasticity(readout=0.2), record_weights=True, record=[0, 3, 30], engine=engine)
        for engine in ("order-parameters", "jax")
    ]
    for key in ("hidden_history", "readout_history"):
        np.testing.assert_allclose(histories[0][key], histories[1][key], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "fast"}, "engine must be one of 'auto', 'order-parameters', 'fused', 'jax', got 'fast'"),
        ({"engine": "fused", "dtype": "float32"}, 'engine="fused" computes in float64, got dtype .float32.'),
        ({"engine": "order-parameters"}, "needs a linear hidden layer"),
        ({"threads": 0}, "threads must be a whole number at least 1, got 0"),
    ],
)
def test_engines_that_cannot_say_so(options, message):
    with pytest.raises(cd.InputError, match=message):
        run(random_problem(), cd.Plasticity(), **options)
