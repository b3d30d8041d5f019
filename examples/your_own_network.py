"""Your own weights and data: train them under gradient descent and curl descent, and read the history.

Run with ``python examples/your_own_network.py``.
"""

import numpy as np

import curldescent as cd

rng = np.random.default_rng(0)

# Inputs as rows, any targets you like: here a wave along one direction, which a linear network cannot learn.
x = rng.normal(size=(500, 8))
y = np.sin(1.5 * x[:, 0] + 0.5 * x[:, 1])[:, None]

problem = cd.Problem(
    inputs=x[:400],
    targets=y[:400],
    test_inputs=x[400:],
    test_targets=y[400:],
    student=cd.Weights(hidden=rng.normal(size=(5, 40, 8)) / 2, readout=rng.normal(size=(5, 1, 40)) / 6),
    activation="tanh",
    output_activation="linear",
)

# Four values of one object: gradient descent, flips, graded strengths, feedback alignment.
graded = np.ones(40)
graded[:10] = -0.5
rules = {
    "GD": cd.Plasticity(),
    "CD": cd.Plasticity(readout=0.1),
    "graded": cd.Plasticity(readout=graded),
    "FA": cd.Plasticity(feedback="random"),
}
history = cd.train(problem, rules, epochs=2000, learning_rate=0.5, batch_size=20, seed=1)

print(problem)
for name in rules:
    one = history.sel(rule=name)
    needed = cd.epochs_to_threshold(one.test_error, 0.02).values  # NaN: not within the run
    there = needed[np.isfinite(needed)]
    print(
        f"{name:8s} final test error {float(one.test_error[:, -1].median()):.3f}, epochs to 0.02: "
        f"{there.astype(int).tolist()}, {len(needed) - len(there)} of {len(needed)} not within 2000"
    )
