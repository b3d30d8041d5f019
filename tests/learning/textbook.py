"""An independent, slow, sample-by-sample NumPy implementation of the learning rule, written from docs/theory.md.

It shares no code with the library: loops over samples and neurons, its own activations and slopes.
"""

import math

import numpy as np


def act(name: str, z: float) -> float:
    if name == "linear":
        return z
    if name == "tanh":
        return math.tanh(z)
    if name == "relu":
        return z if z > 0 else 0.0
    return 1 / (1 + math.exp(-z))


def act_slope(name: str, z: float) -> float:
    if name == "linear":
        return 1.0
    if name == "tanh":
        return 1 / math.cosh(z) ** 2
    if name == "relu":
        return 1.0 if z > 0 else 0.0
    return math.exp(-z) / (1 + math.exp(-z)) ** 2


def step(w1, w2, x, y, *, s1, s2, feedback, activation, output_activation, output_error, rate, norms):
    """One update on the batch (x, y): returns new W1, W2. `norms` is a pair or None."""
    n, m = w1.shape
    o = w2.shape[0]
    g1, g2 = np.zeros((n, m)), np.zeros((o, n))
    for sample, target in zip(x, y, strict=True):
        z = [sum(w1[i, j] * sample[j] for j in range(m)) for i in range(n)]
        h = [act(activation, v) for v in z]
        u = [sum(w2[k, i] * h[i] for i in range(n)) for k in range(o)]
        e = [act(output_activation, u[k]) - target[k] for k in range(o)]
        if output_error == "mse":
            e = [e[k] * act_slope(output_activation, u[k]) for k in range(o)]
        for i in range(n):
            back = sum((feedback[i, k] if feedback is not None else w2[k, i]) * e[k] for k in range(o))
            for j in range(m):
                g1[i, j] += back * act_slope(activation, z[i]) * sample[j] / len(x)
            for k in range(o):
                g2[k, i] += e[k] * h[i] / len(x)
    w1, w2 = w1 - rate * s1 * g1, w2 - rate * s2 * g2
    if norms is not None:
        w1, w2 = w1 * norms[0] / np.linalg.norm(w1), w2 * norms[1] / np.linalg.norm(w2)
    return w1, w2


def mean_error(w1, w2, x, y, activation, output_activation) -> float:
    """½⟨‖ŷ − y‖²⟩."""
    total = 0.0
    for sample, target in zip(x, y, strict=True):
        h = [act(activation, v) for v in w1 @ sample]
        total += 0.5 * sum((act(output_activation, u) - t) ** 2 for u, t in zip(w2 @ h, target, strict=True))
    return total / len(x)
