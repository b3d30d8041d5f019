"""Handwritten digits with optax: gradient descent, curl descent, and curl that is scheduled to zero.

Run with ``python examples/digits_optax.py [epochs]``; needs ``pip install 'curldescent[data,optimizers]'``.
"""

import sys
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import optax
from sklearn.datasets import load_digits

import curldescent as cd

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 40
BATCH, RATE, SIZES = 32, 0.1, (64, 64, 32, 10)

pixels, labels = load_digits(return_X_y=True)
rng = np.random.default_rng(0)
order = rng.permutation(len(pixels))
train, test = order[360:], order[:360]
x = jnp.asarray(pixels / 16.0 - 0.3, jnp.float32)
y = jnp.asarray(labels)


def network(params, x):
    """Logits."""
    for layer in params[:-1]:
        x = jnp.tanh(x @ layer["weight"].T + layer["bias"])
    return x @ params[-1]["weight"].T + params[-1]["bias"]


def loss(params, chosen):
    """Mean cross-entropy of a batch."""
    return optax.softmax_cross_entropy_with_integer_labels(network(params, x[chosen]), y[chosen]).mean()


def start(seed):
    """Initial weights."""
    draw = np.random.default_rng(seed).standard_normal
    return [
        {"weight": jnp.asarray(draw((post, pre)) / pre**0.5, jnp.float32), "bias": jnp.zeros(post)}
        for pre, post in pairwise(SIZES)
    ]


def accuracy_after_training(optimizer, seed):
    """Train from one start; the share of test digits that are right."""

    @jax.jit
    def update(params, state, chosen):
        updates, state = optimizer.update(jax.grad(loss)(params, chosen), state, params)
        return optax.apply_updates(params, updates), state

    params, batches = start(seed), np.random.default_rng(seed)
    state = optimizer.init(params)
    for _ in range(EPOCHS):
        shuffled = batches.permutation(train)
        for first in range(0, len(train) - BATCH + 1, BATCH):
            params, state = update(params, state, shuffled[first : first + BATCH])
    return float((network(params, x[test]).argmax(1) == y[test]).mean())


# A tenth of the neurons of either hidden layer, chosen at random, have outgoing synapses with the wrong sign.
flips = cd.Signature({"1.weight": 0.1, "2.weight": 0.1}, seed=1)
steps = EPOCHS * (len(train) // BATCH)
optimizers = {
    "gradient descent": optax.sgd(RATE),
    "curl descent": cd.optimizers.curl_descent(RATE, flips),
    "curl scheduled to zero": cd.optimizers.curl_descent(
        RATE, flips, amount=optax.linear_schedule(1.0, 0.0, steps // 2)
    ),
}
for name, optimizer in optimizers.items():
    found = [100 * accuracy_after_training(optimizer, seed) for seed in range(3)]
    print(f"{name:24s} test accuracy {np.mean(found):.1f} % (three starts: {', '.join(f'{a:.1f}' for a in found)})")
