"""Every engine follows `rule.update`, update by update, whatever the configuration."""

import numpy as np
import pytest

from curldescent.learning.engines.fused import FusedEngine
from curldescent.learning.engines.reduced import OrderParameterEngine, reducible
from curldescent.learning.engines.reference import JaxEngine
from curldescent.model import forward
from tests.learning.configurations import random_experiment
from tests.learning.reference import follow

# 240 configurations of all activations, and 60 more linear ones, which have more than one way to be computed.
CONFIGURATIONS = [(seed, None) for seed in range(240)] + [(seed, "linear") for seed in range(1000, 1060)]
OFTEN = CONFIGURATIONS[::5]


def engines(experiment):
    yield FusedEngine(experiment, threads=2)
    if reducible(experiment):
        yield OrderParameterEngine(experiment, threads=1)


def agree(got, want):
    for ours, theirs in zip(got, want, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("seed", "activation"),
    [pytest.param(*one, marks=() if one in OFTEN else pytest.mark.slow) for one in CONFIGURATIONS],
)
def test_weights_follow_the_rule_for_fifty_updates(seed, activation):
    experiment, epochs = random_experiment(seed, activation=activation)
    hidden, readout, diverged = follow(experiment, epochs)
    for engine in engines(experiment):
        engine.advance(epochs)
        agree(engine.weights(), (hidden, readout))
        np.testing.assert_array_equal(engine.diverged_at, diverged)
        for got, x, y in zip(
            engine.errors(),
            (experiment.inputs, experiment.test_inputs),
            (experiment.targets, experiment.test_targets),
            strict=True,
        ):
            output = forward.outputs(x, [hidden, readout], experiment.activation, experiment.output_activation)
            np.testing.assert_allclose(got, forward.error(output, y), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "seed", [*range(2000, 2004), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2004, 2012))]
)
def test_and_the_jax_engine_step_by_step(seed):
    experiment, epochs = random_experiment(seed)
    epochs = min(epochs, 12)
    reference, others = JaxEngine(experiment), list(engines(experiment))
    for _ in range(epochs):
        reference.advance(1)
        for engine in others:
            engine.advance(1)
            agree(engine.weights(), reference.weights())
            agree(engine.errors(), reference.errors())


@pytest.mark.parametrize(("sample", "least"), [(CONFIGURATIONS, 10), (OFTEN, 2)], ids=["all", "often"])
def test_the_sample_of_configurations_reaches_every_choice(sample, least):
    seen = [random_experiment(*c[:1], activation=c[1])[0] for c in sample]
    assert {e.activation for e in seen} == {e.output_activation for e in seen} == {"linear", "tanh", "relu", "sigmoid"}
    for choice in (
        lambda e: e.preserve_norms,
        lambda e: e.output_error == "mse",
        lambda e: e.full_batch,
        lambda e: e.samples % e.batch != 0,
        lambda e: bool(e.aligned.any()),
        lambda e: e.readout.shape[1] > 1,
        lambda e: reducible(e) and e.readout.shape[2] > e.inputs.shape[1] + 3,
        lambda e: e.activation == "linear" and e.full_batch and e.output_activation == "linear",
    ):
        count = sum(map(choice, seen))
        assert least <= count <= len(seen) - least
