"""Averages over two drives, against integrals on a plain grid of both drives."""

import numpy as np
import pytest

from curldescent.foundation.errors import InputError
from curldescent.model import activations
from curldescent.theory._pair_averages import pair_averages, require_accuracy, series

COVARIANCES = {
    "independent": np.diag([0.7, 2.0]),
    "positive": np.array([[1.0, 0.6], [0.6, 0.8]]),
    "negative": np.array([[0.4, -0.7], [-0.7, 2.67]]),
}


def on_a_grid(function, covariance, points=640, reach=9.0):
    """E function(u1, u2) by the trapezoidal rule in both drives, with the density of their covariance."""
    sd = np.sqrt(covariance.diagonal())
    x, y = (np.linspace(-reach * s, reach * s, points) for s in sd)
    u, v = np.meshgrid(x, y, indexing="ij")
    inverse = np.linalg.inv(covariance)
    exponent = inverse[0, 0] * u * u + 2 * inverse[0, 1] * u * v + inverse[1, 1] * v * v
    density = np.exp(-0.5 * exponent) / (2 * np.pi * np.sqrt(np.linalg.det(covariance)))
    return float((function(u, v) * density).sum() * (x[1] - x[0]) * (y[1] - y[0]))


def parts(name):
    phi = activations.of(name)

    def value(u):
        return np.asarray(phi.value(u, np))

    def slope(u):
        return np.asarray(phi.slope(u, value(u), np))

    def bend(u, h=1e-4):
        return (slope(u + h) - slope(u - h)) / (2 * h)

    return value, slope, bend


@pytest.mark.parametrize("covariance", COVARIANCES.values(), ids=COVARIANCES)
@pytest.mark.parametrize("name", ["linear", "erf", "tanh", "sigmoid", "gelu", "softplus"])
def test_smooth_activations_against_a_grid(name, covariance):
    value, slope, bend = parts(name)
    found = pair_averages(name, covariance, rows=2)
    for got, function in (
        (found.value, lambda u, v: value(u) * value(v)),
        (found.slope, lambda u, v: slope(u) * slope(v)),
        (found.bend, lambda u, v: bend(u) * value(v)),
    ):
        assert got[0, 1] == pytest.approx(on_a_grid(function, covariance), rel=2e-6, abs=2e-7)


@pytest.mark.parametrize("covariance", COVARIANCES.values(), ids=COVARIANCES)
def test_relu_against_a_grid(covariance):
    found = pair_averages("relu", covariance, rows=1)
    relu, step = (lambda u: np.maximum(u, 0)), (lambda u: (u > 0) + 0.5 * (u == 0))
    assert found.value[0, 1] == pytest.approx(on_a_grid(lambda u, v: relu(u) * relu(v), covariance), rel=1e-3)
    assert found.slope[0, 1] == pytest.approx(on_a_grid(lambda u, v: step(u) * step(v), covariance), rel=1e-3)
    # φ'' is a delta function: the density of u1 at 0, times the mean of what u2 is there.
    (a, b), (_, c) = covariance
    assert found.bend[0, 1] == pytest.approx(np.sqrt((c - b * b / a) / (2 * np.pi)) / np.sqrt(2 * np.pi * a))


@pytest.mark.parametrize("name", ["erf", "tanh"])
@pytest.mark.parametrize("sd", [0.05, 0.5, 1.6, 2.2])
def test_one_drive_with_itself(name, sd):
    """Correlation 1, where the series converges slowest."""
    value, slope, bend = parts(name)
    x = np.linspace(-12, 12, 24001)
    density = np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi) * (x[1] - x[0])
    found = series(name, np.array([[sd**2]]), rows=1)
    for got, function in ((found.value, value(sd * x) ** 2), (found.slope, slope(sd * x) ** 2)):
        assert got[0, 0] == pytest.approx(float((function * density).sum()), rel=2e-4)
    assert found.bend[0, 0] == pytest.approx(float((bend(sd * x) * value(sd * x) * density).sum()), rel=2e-4)


def test_series_and_closed_form_of_erf_agree():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(6, 4)) * [[0.2], [0.5], [1], [1], [1.5], [2]]
    covariance = vectors @ vectors.T / 4
    closed, summed = pair_averages("erf", covariance, rows=3), series("erf", covariance, rows=3)
    for name in ("value", "slope", "bend"):
        np.testing.assert_allclose(getattr(summed, name), getattr(closed, name), rtol=1e-7, atol=1e-9)


def test_drives_that_do_not_vary_have_finite_averages():
    covariance = np.diag([0.0, 1.0])
    for name in ("linear", "relu", "erf", "tanh", "sigmoid"):
        found = pair_averages(name, covariance, rows=2)
        assert all(np.isfinite(getattr(found, part)).all() for part in ("value", "slope", "bend"))


def test_too_steep_drives_are_refused():
    require_accuracy("tanh", np.array([[4.0]]))
    with pytest.raises(InputError, match=r"tanh over drives of variance up to 900 change by more than .* more terms"):
        require_accuracy("tanh", np.array([[900.0]]))
