"""Loops in fields without smoothness: gradients have no circulation, whatever kinks lie on the way."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curldescent as cd
from tests.samples import sampled

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(5, 2)), RNG.normal(size=(5, 1))
PARAMS = {"a": RNG.normal(size=(3, 2)), "b": RNG.normal(size=(1, 3))}
FLIPPED = {"a": 1.0, "b": np.array([-1.0, 1.0, 1.0])}
KINKED = {
    "relu": lambda z: jnp.maximum(z, 0),
    "leaky relu": lambda z: jnp.where(z > 0, z, 0.1 * z),
    "abs": jnp.abs,
    "hard tanh": lambda z: jnp.clip(z, -1, 1),
    "max pooling": lambda z: jnp.stack([z.max(-1), z[..., 0], -z.min(-1)], -1),
}


def network(activation, strengths=None, **options):
    def model(p, x):
        return activation(x @ p["a"].T) @ p["b"].T

    return cd.analysis.network(model, PARAMS, X, Y, strengths=strengths, **options)


def plane(network, seed):
    return [network.structured(row) for row in np.random.default_rng(seed).normal(size=(2, network.n_params))]


def test_no_relu_gradient_descent_has_curl_on_200_random_loops():
    descent = network(KINKED["relu"])
    for seed in range(200):
        found = cd.analysis.circulation(descent, plane=plane(descent, seed), radius=1.0)
        assert not found.certified, (seed, found)
        assert found.value == 0


@pytest.mark.parametrize("activation", sampled(KINKED, seldom=("leaky relu", "abs")))
def test_kinked_fields(activation):
    """Gradient descent never turns. Two students beside each other, one of them at another rate, do not turn either."""
    descent = network(KINKED[activation])
    assert {cd.analysis.circulation(descent, plane=plane(descent, s), radius=1.0).verdict for s in range(5)} == {"none"}
    act = KINKED[activation]

    def both(p, x):
        return jnp.concatenate([act(x @ q["a"].T) @ q["b"].T for q in p], axis=1)

    # F = (−∇C₁, +3∇C₂) is the gradient of −C₁ + 3C₂ though the strengths differ: nothing but the error tells.
    beside = cd.analysis.network(
        both, [PARAMS, PARAMS], X, np.c_[Y, Y], strengths=[{"a": 1.0, "b": 1.0}, {"a": -3.0, "b": -3.0}]
    )
    for seed in range(3):
        found = cd.analysis.circulation(beside, plane=plane(beside, seed), radius=1.0)
        assert found.verdict == "none", found
        assert abs(found.value) <= 10 * found.error


def test_kinked_curl_is_found_with_its_value():
    """Green's theorem in two weights, f = relu(a) b at x = 1, y = 0: C = relu(a)² b²/2.

    F = (−relu(a) b², +relu(a)² b) has curl 4 relu(a) b, which over the disc of radius R about (0, b) is 4b ∫ relu(a) =
    4b · 2R³/3, and the kink runs through its middle.
    """
    two = cd.analysis.network(
        lambda w, x: jnp.maximum(w["a"], 0) * w["b"] * x,
        {"a": 0.0, "b": 1.3},
        np.ones(1),
        np.zeros(1),
        strengths={"a": 1, "b": -1},
    )
    found = cd.analysis.circulation(two, radius=0.7, plane=[{"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0}])
    assert found.verdict == "curl"
    assert found.value == pytest.approx(4 * 1.3 * 2 * 0.7**3 / 3, rel=1e-4)
    assert abs(found.value - 4 * 1.3 * 2 * 0.7**3 / 3) <= found.error


def test_curl_times_area():
    """F = −S H w with C = ½ wᵀHw has the constant curl (S₁ − S₂) H₁₂; an ellipse and a square that runs in corners."""
    h = np.array([[2.0, 0.7], [0.7, 1.0]])
    root = np.linalg.cholesky(h).T
    linear = cd.analysis.network(
        lambda w, x: x @ w, np.zeros(2), root * 2**0.5, np.zeros(2), strengths=np.r_[1.0, -1.0]
    )
    curl = (1 - -1) * 0.7

    def ellipse(t):
        return np.array([3 * np.cos(2 * np.pi * t), 0.5 * np.sin(2 * np.pi * t)])

    def square(t):
        corner = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], float) * 2
        at = min(int(4 * t), 3)
        return corner[at] + (4 * t - at) * (corner[at + 1] - corner[at])

    def many_turns(t):
        return ellipse(30 * t)

    for loop, area in ((ellipse, 1.5 * np.pi), (square, 4.0), (many_turns, 45 * np.pi)):
        found = cd.analysis.circulation(linear, loop=loop)
        assert found.value == pytest.approx(curl * area, rel=1e-6)
        assert found.verdict == "curl"
        assert cd.analysis.circulation(linear.with_strengths(None), loop=loop).verdict == "none"


def test_a_step_between_the_points_is_not_overlooked():
    """A ramp of width 1e-3 on the way: the losses at the ends of a piece tell that something was missed between."""

    def model(w, x):
        return (w["a"] + 50 * jnp.clip(w["b"] - 0.1234, 0, 1e-3)) * x

    ramp = cd.analysis.network(model, {"a": 0.0, "b": 0.0}, np.ones(1), np.ones(1), strengths={"a": 1, "b": -1})
    found = cd.analysis.circulation(ramp, radius=1.0, plane=[{"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0}])
    # Green: the curl is 2 ∂²C/∂a∂b = 2 g'(b) with g the ramp; over the disc 2 ∫ g'(b) · 2√(1 − b²) db.
    b = np.linspace(0.1234, 0.1244, 1001)
    exact = 4 * 50 * float(np.trapezoid(np.sqrt(1 - b**2), b))
    assert found.verdict == "curl"
    assert found.value == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize("strengths", [None, FLIPPED])
def test_jumping_losses_are_undecided(strengths):
    jumping = network(lambda z: jnp.sign(z) * (1 + z * z), strengths)
    found = cd.analysis.circulation(jumping, plane=plane(jumping, 1), radius=1.0)
    assert found.verdict == "undecided"
    assert "jumps" in found.reason


def test_a_gradient_that_is_none_turns():
    """A replaced gradient: F = −(f − y) ∂z with f = z² forward and slope 1: two weights, z = a b, curl by Green."""

    def model(w, x):
        z = w["a"] * w["b"] * x
        return z + jax.lax.stop_gradient(w["a"] - z)

    # f = a, y = 0: F = −a (b, a), curl ∂F_b/∂a − ∂F_a/∂b = −2a + a = −a; over a disc about (1, 0): −π R².
    replaced = cd.analysis.network(model, {"a": 1.0, "b": 0.0}, np.ones(1), np.zeros(1))
    found = cd.analysis.circulation(replaced, radius=0.5, plane=[{"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0}])
    assert found.value == pytest.approx(-np.pi * 0.25, rel=1e-9)
    assert found.verdict == "curl"
    assert "not the derivative" in found.reason


def test_low_precision_is_no_curl():
    def coarse(z):
        return jnp.maximum(z.astype(jnp.bfloat16), 0).astype(z.dtype)

    descent, curled = network(coarse), network(coarse, FLIPPED)
    for seed in range(4):
        assert cd.analysis.circulation(descent, plane=plane(descent, seed), radius=1.0).verdict == "none"
        assert cd.analysis.circulation(curled, plane=plane(curled, seed), radius=0.01).verdict != "curl"


def test_too_few_points_are_undecided():
    found = cd.analysis.circulation(network(KINKED["relu"], FLIPPED), radius=1.0, points=8, max_points=18)
    assert found.verdict in ("undecided", "curl")
    assert found.points <= 18


def test_a_loss_that_is_not_finite_is_said():
    overflowing = cd.analysis.network(lambda w, x: jnp.exp(w["a"] * x), {"a": 0.0}, np.ones(1), np.zeros(1))
    with pytest.raises(cd.InputError, match="the loss along the loop must be finite"):
        cd.analysis.circulation(overflowing, loop=lambda t: {"a": 2000 * np.sin(2 * np.pi * t)})


@pytest.mark.parametrize("scale", sampled([1e-60, 1e-6, 1e60], seldom=(1e-6, 1e60)))
def test_units_of_the_outputs_change_no_verdict(scale):
    """C and its curl go with the square of the outputs' unit; the plane that turns most is the same."""
    strengths = {"a": 1.0, "b": -1.0}
    found, unit = (
        cd.analysis.circulation(
            cd.analysis.network(
                lambda p, x, s=s: s * jnp.tanh(x @ p["a"].T) @ p["b"].T, PARAMS, X, s * Y, strengths=strengths
            )
        )
        for s in (scale, 1.0)
    )
    assert found.verdict == unit.verdict == "curl"
    np.testing.assert_allclose(found.value / scale**2, unit.value, rtol=1e-6)
