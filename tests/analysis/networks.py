"""Networks that several tests share, in plain JAX, and derivatives of them that share no code with the library."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

import curldescent as cd


def deep_tanh(params, x):
    for layer in params[:-1]:
        x = jnp.tanh(x @ layer["w"].T + layer["b"])
    return x @ params[-1]["w"].T + params[-1]["b"]


def random_params(sizes, seed):
    rng = np.random.default_rng(seed)
    return [
        {"w": rng.standard_normal((post, pre)) / pre**0.5, "b": 0.3 * rng.standard_normal(post)}
        for pre, post in pairwise(sizes)
    ]


def random_signs(params, seed):
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: rng.choice([-1.0, 1.0], size=leaf.shape), params)


def deep_network(sizes=(4, 6, 5, 2), samples=8, seed=0, at_solution=True, **options):
    """A deep tanh network whose targets are its own outputs, or random."""
    params = random_params(sizes, seed)
    rng = np.random.default_rng(seed + 100)
    x = rng.standard_normal((samples, sizes[0]))
    with jax.enable_x64():
        y = np.asarray(deep_tanh(jax.tree.map(jnp.asarray, params), x))
    if not at_solution:
        y = rng.standard_normal(y.shape)
    options = {"strengths": random_signs(params, seed + 200)} | options
    return cd.analysis.network(deep_tanh, params, x, y, **options), params, x, y


def autodiff_jacobian(params, x, y, signs):
    """−diag(S) H with the dense Hessian of the plain loss from autodiff, nothing of the library's in it."""
    from jax.flatten_util import ravel_pytree

    with jax.enable_x64():
        theta, unravel = ravel_pytree(jax.tree.map(jnp.asarray, params))
        flat_signs, _ = ravel_pytree(jax.tree.map(jnp.asarray, signs))

        def loss(t):
            return 0.5 * jnp.mean(jnp.sum((deep_tanh(unravel(t), x) - y) ** 2, axis=1))

        # Compiled as one: operation by operation it takes seconds.
        return np.asarray(-flat_signs[:, None] * jax.jit(jax.hessian(loss))(theta))
