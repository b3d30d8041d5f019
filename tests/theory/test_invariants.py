"""Conserved quantities along flows integrated with a general-purpose solver."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from curldescent.foundation.errors import InputError
from curldescent.theory import invariants

INPUTS, WIDTH, OUTPUTS = 4, 5, 2


def flow(rng, s1, s2, *, relu, output, time=1.0):
    """Weights along curl descent on a small regression, per-synapse strengths s1 (N, M) and s2 (O, N)."""
    x = rng.standard_normal((30, INPUTS))
    target = rng.standard_normal((30, OUTPUTS))
    w1, w2 = rng.standard_normal((WIDTH, INPUTS)), 0.5 * rng.standard_normal((OUTPUTS, WIDTH))

    def velocity(_, theta):
        a, b = theta[: w1.size].reshape(w1.shape), theta[w1.size :].reshape(w2.shape)
        z = x @ a.T
        h, slope = (np.maximum(z, 0), z > 0) if relu else (z, 1.0)
        pre = h @ b.T
        delta = (np.tanh(pre) - target) * (1 - np.tanh(pre) ** 2) if output == "tanh" else pre - target
        g2, g1 = delta.T @ h / 30, ((delta @ b) * slope).T @ x / 30
        return -np.concatenate([(s1 * g1).ravel(), (s2 * g2).ravel()])

    start = np.concatenate([w1.ravel(), w2.ravel()])
    out = solve_ivp(velocity, (0, time), start, rtol=1e-10, atol=1e-12, t_eval=np.linspace(0, time, 7))
    assert out.success
    first = out.y.T[:, : w1.size].reshape(-1, *w1.shape)
    second = out.y.T[:, w1.size :].reshape(-1, *w2.shape)
    return first, second


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("output", ["linear", "tanh"])
@pytest.mark.parametrize("kind", ["signs", "graded", "per synapse", "postsynaptic"])
def test_conserved_along_the_flow(rng, relu, output, kind):
    if kind == "signs":
        d1, d2 = np.array([-1.0, 1, 1, 1]), np.array([-1.0, -1, 1, 1, 1])
    elif kind == "graded":
        d1, d2 = np.array([-0.5, 1, 2, 0.3]), np.array([-0.3, 1, 1, 0.7, 1.4])
    elif kind == "per synapse":
        d1, d2 = rng.choice([-0.6, 0.5, 1.0], (WIDTH, INPUTS)), rng.choice([-0.4, 1.0], (OUTPUTS, WIDTH))
    else:
        rows = np.array([1.0, -1, 1, 1, -1])
        d1, d2 = np.repeat(rows[:, None], INPUTS, axis=1), np.repeat([[1.0], [-0.5]], WIDTH, axis=1)
    s1, s2 = np.broadcast_to(d1, (WIDTH, INPUTS)), np.broadcast_to(d2, (OUTPUTS, WIDTH))
    first, second = flow(rng, s1, s2, relu=relu, output=output, time=0.4)
    q = invariants(first, second, d1, d2)
    assert q.shape == (7, WIDTH)
    # A ReLU's kinks limit what the integrator can do.
    np.testing.assert_allclose(q, np.broadcast_to(q[0], q.shape), atol=1e-6 if relu else 1e-8)
    assert np.abs(first[-1] - first[0]).max() > 0.02
    plain = invariants(first, second)
    assert np.abs(plain - plain[0]).max() > 1e-2


def test_signs_give_the_quadratic_form(rng):
    w1, w2 = rng.standard_normal((5, 4)), rng.standard_normal((2, 5))
    d1, d2 = np.array([1, -1, 1, -1]), np.array([1, -1, 1, 1, -1])
    np.testing.assert_allclose(invariants(w1, w2, d1, d2), (d1 * w1**2).sum(1) - d2 * (w2**2).sum(0))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: invariants(np.ones((2, 3)), np.ones((1, 2)), d1=[1, 0, 1]), "d1 must be nonzero everywhere, got 0"),
        (lambda: invariants(np.ones((2, 3)), np.ones((1, 2)), d2=[1, 1, 1]), r"d2 must have shape \(2,\) or \(1, 2\)"),
        (lambda: invariants(np.ones((4, 2, 3)), np.ones((1, 2))), r"readout must have shape \(4, 1, 2\)"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()
