"""The vectorised activations against NumPy in extended precision."""

import numpy as np
import pytest

from curldescent.learning.engines.kernels.activation import activate_array
from curldescent.learning.engines.kernels.simd import aligned
from curldescent.model.activations import BUILT_IN, of

ACTIVATIONS = [name for name, activation in BUILT_IN.items() if activation.kernel is not None]
RNG = np.random.default_rng(0)
SIGNS = RNG.choice([-1.0, 1.0], 40_000)
POINTS = {
    "across the range": np.linspace(-25, 25, 40_000),
    "near one": RNG.normal(size=40_000),
    "small": SIGNS * 10 ** RNG.uniform(-300, -3, 40_000),
    "where k changes": SIGNS * (np.arange(40_000) % 40 + 0.5) * np.log(2) / 2 * (1 + RNG.normal(size=40_000) * 1e-15),
}


def evaluate(name, x):
    out = aligned(x.size)
    out[:] = x
    activate_array(of(name).kernel, out)
    return out


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="needs a long double that is longer than a double")
@pytest.mark.parametrize("points", POINTS.values(), ids=POINTS.keys())
def test_tanh_is_right_to_a_few_units_in_the_last_place(points):
    exact = np.tanh(points.astype(np.longdouble))
    error = np.abs((evaluate("tanh", points) - exact) / exact)
    assert error.max() < 4.5e-16  # two units in the last place


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_are_those_of_the_numpy_network(name):
    for points in POINTS.values():
        np.testing.assert_allclose(evaluate(name, points), of(name).value(points, np), rtol=5e-16, atol=3e-16)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_special_values_are_those_of_numpy(name):
    special = np.array([np.nan, np.inf, -np.inf, 0.0, 1e308, -1e308, 5e-324, -5e-324])
    np.testing.assert_array_equal(evaluate(name, special), of(name).value(special, np))


def test_tanh_is_odd_and_bounded():
    points = POINTS["across the range"]
    np.testing.assert_array_equal(evaluate("tanh", -points), -evaluate("tanh", points))
    assert np.abs(evaluate("tanh", points)).max() <= 1
