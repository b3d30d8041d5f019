"""Gaussian averages against closed forms, SciPy's adaptive quadrature, and what has none."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

from curldescent.foundation.errors import InputError
from curldescent.model import activations
from curldescent.theory._gaussian_averages import gaussian_averages

NAMES = [name for name in activations.NAMES if not activations.of(name).joint]


@pytest.mark.parametrize("variance", [0.02, 0.7, 9.0])
@pytest.mark.parametrize("name", NAMES)
def test_averages_follow_their_definitions(name, variance):
    """SciPy's quadrature of each definition, cut at the only kink there is."""
    phi, root = activations.of(name), variance**0.5

    def mean(function):
        def integrand(x):
            value = phi.value(np.array(root * x), np)
            weight = np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
            return float(function(x, value, phi.slope(np.array(root * x), value, np)) * weight)

        return sum(integrate.quad(integrand, a, b, epsabs=1e-13, limit=200)[0] for a, b in ((-14, 0), (0, 14)))

    found = gaussian_averages(name, variance)
    mu0, mu1 = mean(lambda x, f, d: f), mean(lambda x, f, d: x * f)
    a1 = mean(lambda x, f, d: d)
    expected = {
        "mean": mu0,
        "linear": mu1,
        "rest": mean(lambda x, f, d: f * f) - mu0**2 - mu1**2,
        "slope": a1,
        "slope_rest": mean(lambda x, f, d: d * d) - a1**2,
        "slope_linear": mean(lambda x, f, d: x * d),
    }
    for key, value in expected.items():
        assert getattr(found, key) == pytest.approx(value, abs=1e-10), key


def test_relu_has_closed_forms():
    found = gaussian_averages("relu", 2.0)
    assert found.mean == pytest.approx((2 / (2 * np.pi)) ** 0.5, rel=1e-12)
    assert found.linear == pytest.approx(2**0.5 / 2, rel=1e-12)
    assert found.rest == pytest.approx(2 * (1 / 2 - 1 / (2 * np.pi) - 1 / 4), rel=1e-12)
    assert (found.slope, found.slope_rest) == pytest.approx((0.5, 0.25), rel=1e-12)


@pytest.mark.parametrize("variance", [1e-8, 1e-4])
def test_nearly_linear_activations_keep_their_digits(variance):
    """Of tanh u = u − u³/3 + …: μ*² = (2/3) v³ and a0 − a1² = 2v² to leading order."""
    found = gaussian_averages("tanh", variance)
    assert found.rest == pytest.approx(2 / 3 * variance**3, rel=20 * variance + 1e-6)
    assert found.slope_rest == pytest.approx(2 * variance**2, rel=20 * variance + 1e-6)


def test_a_kink_anywhere_is_found():
    """φ(u) = max(u − b, 0): with b = 0.337 and v = 1, μ0 is the normal density at b minus b times the tail."""
    from scipy.stats import norm

    b = 0.337
    found = gaussian_averages(activations.activation("late", lambda u: jnp.maximum(u - b, 0)), 1.0)
    assert found.mean == pytest.approx(norm.pdf(b) - b * norm.sf(b), rel=1e-11)
    assert found.slope == pytest.approx(norm.sf(b), rel=1e-11)


def test_linear_is_exactly_linear():
    found = gaussian_averages("linear", 1e4)
    assert (found.mean, found.rest, found.slope_rest, found.slope_linear) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda u: jnp.sign(u), "must be continuous with the slope it states"),
        (lambda u: jnp.exp(u * u), "must have finite averages"),
    ],
    ids=["jumps", "grows too fast"],
)
def test_what_has_no_kernel_is_refused(value, message):
    with pytest.raises(InputError, match=message):
        gaussian_averages(activations.activation("mine", value), 0.7)
