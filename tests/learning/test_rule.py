"""The semantics: against autodiff, finite differences, and a loop-by-loop textbook implementation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

from curldescent.learning.rules.signed_gradient import Convention, Learning, gradients, rescaled, update
from curldescent.model import forward
from curldescent.model.activations import NAMES, of
from tests.learning import textbook

SIZES = (6, 5)
ACTIVATIONS = [name for name in NAMES if not of(name).joint]


def setting(seed, outputs, activation, output_activation, output_error="mse", preserve_norms=False):
    rng = np.random.default_rng(seed)
    m, n = SIZES

    def draw(shape):
        return jnp.asarray(rng.standard_normal(shape))

    weights = draw((n, m)), draw((outputs, n))
    learning = Learning(
        (
            jnp.asarray(rng.choice([-1.0, 1.0, 0.3, 0.0], (n, m))),
            jnp.asarray(rng.choice([-1.0, 1.0, 0.3], (outputs, n))),
        ),
        (draw((n, outputs)),),
        jnp.asarray(False),
    )
    data = draw((9, m)), draw((9, outputs))
    return weights, learning, data, Convention(activation, output_activation, output_error, preserve_norms)


def recorded_error(weights, data, convention, xp=jnp):
    output = forward.outputs(data[0], weights, convention.activation, convention.output_activation, xp)
    return forward.error(output, data[1], xp)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("output_activation", ACTIVATIONS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_update_is_strengths_times_the_autodiff_gradient(activation, output_activation, outputs):
    with jax.enable_x64():
        weights, learning, data, convention = setting(1, outputs, activation, output_activation)
        gradient = jax.grad(recorded_error)(weights, data, convention)
        for strengths in (tuple(map(jnp.ones_like, weights)), learning.strengths):
            rule = learning._replace(strengths=strengths)
            after = update(weights, rule, jnp.ones(2), *data, jnp.asarray(0.7), convention)
            for new, old, s, g in zip(after, weights, strengths, gradient, strict=True):
                np.testing.assert_allclose(new - old, -0.7 * s * g, rtol=0, atol=1e-12)


@pytest.mark.parametrize("output_activation", ACTIVATIONS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_matches_finite_differences_of_the_error(activation, output_activation):
    with jax.enable_x64():
        weights, learning, data, convention = setting(2, 3, activation, output_activation)
        analytic = [np.asarray(g) for g in gradients(weights, learning, *data, convention)]
        h = 1e-5
        for layer in (0, 1):
            for index in np.ndindex(weights[layer].shape):
                sides = []
                for sign in (1, -1):
                    moved = [np.array(w) for w in weights]
                    moved[layer][index] += sign * h
                    sides.append(float(recorded_error(moved, [np.asarray(d) for d in data], convention, np)))
                # Central differences of a smooth error of order 1: truncation h² ≈ 1e-10, rounding 1e-16/h = 1e-11.
                assert abs((sides[0] - sides[1]) / (2 * h) - analytic[layer][index]) < 1e-8


@pytest.mark.parametrize("preserve_norms", [False, True])
@pytest.mark.parametrize("output_error", ["delta", "mse"])
@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize(
    ("activation", "output_activation"),
    [("linear", "linear"), ("tanh", "tanh"), ("relu", "sigmoid"), ("sigmoid", "tanh"), ("tanh", "linear")],
)
def test_update_matches_the_textbook(activation, output_activation, aligned, output_error, preserve_norms):
    with jax.enable_x64():
        weights, learning, (x, y), convention = setting(
            3, 3, activation, output_activation, output_error, preserve_norms
        )
        learning = learning._replace(aligned=jnp.asarray(aligned))
        norms = jnp.array([1.7, 0.6])
        got = update(weights, learning, norms, x, y, jnp.asarray(0.2), convention)
    w1, w2, x, y, s1, s2, feedback = map(np.asarray, (*weights, x, y, *learning.strengths, *learning.feedback))
    want = textbook.step(
        w1,
        w2,
        x,
        y,
        s1=s1,
        s2=s2,
        feedback=feedback if aligned else None,
        activation=activation,
        output_activation=output_activation,
        output_error=output_error,
        rate=0.2,
        norms=(1.7, 0.6) if preserve_norms else None,
    )
    for ours, theirs in zip(got, want, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13)


def test_delta_and_exact_gradient_coincide_for_linear_outputs_only():
    with jax.enable_x64():
        for output_activation in ACTIVATIONS:
            both = []
            for output_error in ("delta", "mse"):
                weights, learning, data, convention = setting(4, 2, "tanh", output_activation, output_error)
                both.append(gradients(weights, learning, *data, convention)[-1])
            assert np.allclose(*both, rtol=0, atol=1e-15) == (output_activation == "linear")


def test_a_layer_of_zeros_keeps_its_norm_without_nan():
    with jax.enable_x64():
        assert not np.asarray(rescaled(jnp.zeros((2, 3)), jnp.asarray(0.0))).any()
        np.testing.assert_allclose(rescaled(jnp.full((2, 2), 2.0), jnp.asarray(8.0)), np.full((2, 2), 4.0))


def test_shapes_are_checked_while_the_tests_run():
    with jax.enable_x64():
        weights, learning, (x, y), convention = setting(5, 2, "tanh", "tanh")
        with pytest.raises(TypeCheckError, match="targets"):
            gradients(weights, learning, x, y[:3], convention)
