"""The closed forms of docs/analysis.md, section "The game view", against the optimizers themselves."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curldescent as cd
from curldescent.plots import game
from tests.analysis.networks import deep_network, deep_tanh


@pytest.mark.parametrize("correction", ["sga", "aligned-sga", "extragradient"])
def test_linearised_updates_near_a_solution(correction):
    """One update of the optimizer moves a small residual by −η(G + μ(K₊K₋ + K₋K₊)), or −η(G − ηG²) ahead."""
    network, _, x, y = deep_network((3, 5, 2), samples=4)
    plus, minus = cd.analysis.tangent_kernels(network)
    g, mu, eta, size = plus - minus, 0.3, 0.01, 1e-7
    expected = g - eta * g @ g if correction == "extragradient" else g + mu * (plus @ minus + minus @ plus)
    # A direction that moves all residuals: minimal-norm parameters for a random residual.
    residual = np.random.default_rng(0).standard_normal(8)
    shift = np.linalg.lstsq(network.outputs_jacobian(), residual, rcond=None)[0]
    signs = network.structured(network.strengths)
    optimizer = cd.optimizers.curl_descent(eta, signs, correction=correction, correction_strength=mu)
    with jax.enable_x64():

        def grad(p):
            return jax.grad(lambda p: 0.5 * jnp.mean(jnp.sum((deep_tanh(p, x) - y) ** 2, axis=1)))(p)

        moved = jax.tree.map(jnp.asarray, network.structured(network.theta + size * shift))
        update = jax.jit(lambda p: optimizer.update(grad(p), optimizer.init(p), p, grad_fn=grad)[0])
        updates = update(moved)
        response = network.outputs_jvp(network.flat(updates)) / size
    np.testing.assert_allclose(response, -eta * expected @ residual, atol=1e-5 * eta * np.abs(residual).max())


@pytest.mark.parametrize("correction", [None, "sga", "aligned-sga", "extragradient"])
def test_the_pictures_fields_are_the_optimizers(correction):
    weights, eta = np.array([1.7, -0.4]), 0.05
    field = {
        None: game.field,
        "sga": lambda w: game.adjusted(w, 1.0, aligned=False),
        "aligned-sga": lambda w: game.adjusted(w, 1.0, aligned=True),
        "extragradient": lambda w: game.ahead(w, eta),
    }[correction]
    optimizer = cd.optimizers.curl_descent(eta, jnp.array([1.0, -1.0]), correction=correction)
    with jax.enable_x64():
        grad = jax.grad(lambda w: 0.5 * (w[0] * w[1] - 1) ** 2)
        w = jnp.asarray(weights)
        updates, _ = optimizer.update(grad(w), optimizer.init(w), w, grad_fn=grad)
    np.testing.assert_allclose(updates, -eta * field(weights), atol=1e-14)
