"""Handwritten digits with PyTorch: gradient descent, curl descent, and curl that is scheduled to zero.

Run with ``python examples/digits_torch.py [epochs]``; needs ``pip install 'curldescent[data,torch]'``. The same
network, starts, batches and flips as in digits_optax.py.
"""

import sys
from itertools import pairwise

import numpy as np
import torch
from sklearn.datasets import load_digits

import curldescent as cd

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 40
BATCH, RATE, SIZES = 32, 0.1, (64, 64, 32, 10)

pixels, labels = load_digits(return_X_y=True)
rng = np.random.default_rng(0)
order = rng.permutation(len(pixels))
train, test = order[360:], order[:360]
x = torch.tensor(pixels / 16.0 - 0.3, dtype=torch.float32)
y = torch.tensor(labels)


class Layers(torch.nn.Sequential):
    """Three layers, tanh between them, named "0", "1", "2" as in the JAX example."""

    def __init__(self, seed):
        super().__init__(*(torch.nn.Linear(pre, post) for pre, post in pairwise(SIZES)))
        draw = np.random.default_rng(seed).standard_normal
        for layer in self:
            layer.weight.data = torch.tensor(draw(layer.weight.shape) / layer.in_features**0.5, dtype=torch.float32)
            layer.bias.data.zero_()

    def forward(self, x):
        """Logits."""
        return self[2](torch.tanh(self[1](torch.tanh(self[0](x)))))


def accuracy_after_training(make_optimizer, seed):
    """Train from one start; the share of test digits that are right."""
    model, batches = Layers(seed), np.random.default_rng(seed)
    optimizer = make_optimizer(model)
    for _ in range(EPOCHS):
        shuffled = batches.permutation(train)
        for first in range(0, len(train) - BATCH + 1, BATCH):
            chosen = shuffled[first : first + BATCH]
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
            optimizer.step()
    with torch.no_grad():
        return float((model(x[test]).argmax(1) == y[test]).float().mean())


# A tenth of the neurons of either hidden layer, chosen at random, have outgoing synapses with the wrong sign.
flips = cd.Signature({"1.weight": 0.1, "2.weight": 0.1}, seed=1)
steps = EPOCHS * (len(train) // BATCH)
optimizers = {
    "gradient descent": lambda model: torch.optim.SGD(model.parameters(), RATE),
    "curl descent": lambda model: cd.optimizers.torch.curl_descent(model, RATE, flips),
    "curl scheduled to zero": lambda model: cd.optimizers.torch.curl_descent(
        model, RATE, flips, amount=lambda step: max(0.0, 1 - step / (steps // 2))
    ),
}
for name, make_optimizer in optimizers.items():
    found = [100 * accuracy_after_training(make_optimizer, seed) for seed in range(3)]
    print(f"{name:24s} test accuracy {np.mean(found):.1f} % (three starts: {', '.join(f'{a:.1f}' for a in found)})")
