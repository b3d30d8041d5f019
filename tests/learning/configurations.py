"""Random experiments over everything a training run can be asked for."""

import numpy as np

import curldescent as cd
from curldescent.learning.experiment import Experiment, experiment

ACTIVATIONS = ("linear", "tanh", "relu", "sigmoid")  # those with kernels


def random_rule(rng, sizes, trials) -> cd.Plasticity:
    """Flips as fractions, vectors, graded values, postsynaptic or per synapse; backpropagated or aligned."""
    m, n, o = sizes
    flips = rng.choice(["presynaptic", "postsynaptic"])
    by_layer = []
    for before, after in ((m, n), (n, o)):
        size = before if flips == "presynaptic" else after
        by_layer.append(
            [
                0.0,
                float(rng.uniform(0, 1)),
                rng.choice([-1.0, 1.0], size),
                rng.uniform(-1, 1, size),
                rng.choice([-1.0, 1.0, 0.3, 0.0], (after, before)),
            ][rng.integers(5)]
        )
    feedback = [None, None, "random", rng.standard_normal((n, o)), rng.standard_normal((trials, n, o))][rng.integers(5)]
    return cd.Plasticity(*by_layer, flips=flips, feedback=feedback)


def random_experiment(seed: int, *, activation: str | None = None) -> tuple[Experiment, int]:
    """An experiment and a number of epochs that comes to about fifty updates."""
    rng = np.random.default_rng([seed, 2024])
    m, n, o = int(rng.integers(1, 27)), int(rng.integers(1, 43)), int(rng.choice([1, 1, 2, 3]))
    samples, trials = int(rng.integers(1, 61)), int(rng.integers(1, 4))
    draw = rng.standard_normal
    problem = cd.Problem(
        inputs=draw((samples, m)) * 0.7,
        student=cd.Weights(hidden=draw((trials, n, m)) / m**0.5, readout=draw((trials, o, n)) / n**0.5),
        targets=draw((trials, samples, o)) * 0.5 if rng.random() < 0.5 else draw((samples, o)) * 0.5,
        test_inputs=draw((9, m)),
        test_targets=draw((9, o)),
        activation=str(rng.choice(ACTIVATIONS)) if activation is None else activation,
        output_activation=str(rng.choice(ACTIVATIONS if activation is None else ("linear", "linear", "tanh"))),
    )
    batch = [None, 1, int(rng.integers(1, samples + 1)), min(10, samples)][rng.integers(4)]
    rules = [random_rule(rng, (m, n, o), trials) for _ in range(int(rng.integers(1, 3)))]
    made = experiment(
        problem,
        rules,
        # Small enough that no run is chaotic: there rounding alone, ε = 2e-16, would grow past any tolerance.
        learning_rate=0.02,
        batch_size=batch,
        preserve_norms=bool(rng.integers(2)),
        output_error=str(rng.choice(["delta", "mse"])),
        seed=int(rng.integers(1000)),
    )
    updates = -(-samples // made.batch)
    return made, max(1, round(50 / updates))
