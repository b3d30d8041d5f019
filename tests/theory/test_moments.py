"""Moments by free cumulants against traces of samples, integrals of the density, and known sequences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curldescent.theory import Spectrum
from curldescent.theory._moments import free_cumulants, moments_from_cumulants

from .conftest import band_integral

LAWS = [
    Spectrum(0.5, hidden=0.3, readout=0.1),
    Spectrum(4.0, hidden=0.3, readout=0.4),
    Spectrum(2.0, {1: 0.5, 0.3: 0.3, -0.5: 0.2}, {1: 0.6, 0: 0.2, -0.7: 0.2}, rho=1.5, sigma2=0.7),
]


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_moments_are_sampled_traces(law):
    """Traces of such matrices scatter by O(1/M) about limits that are themselves off by O(1/M)."""
    size, samples = 400, 4
    powers = np.arange(1, 7)
    traces = (law.sample(size, seed=7, samples=samples)[..., None] ** powers).mean(axis=(0, 1))
    scale = np.maximum(np.abs(law.lambda_min), law.lambda_max) ** powers
    assert np.all(np.abs(law.realised(size).moments(6) - traces) < 2 / size * scale)


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_moments_are_integrals_of_the_density(law):
    for n, moment in enumerate(law.moments(6), start=1):
        integral = band_integral(law, lambda x, n=n: x**n).sum() + (law.atoms[:, 1] * law.atoms[:, 0] ** n).sum()
        assert integral == pytest.approx(moment, rel=1e-6)


def test_known_sequences():
    catalan = [1, 2, 5, 14, 42, 132]
    semicircle = moments_from_cumulants(np.array([0, 1] + [0] * 10, dtype=float))
    np.testing.assert_allclose(semicircle[1::2], catalan)
    np.testing.assert_allclose(moments_from_cumulants(np.ones(6)), catalan)  # Marchenko–Pastur at c = 1
    # (λ − 1) at c = 1 without flips is that Marchenko–Pastur law
    np.testing.assert_allclose(Spectrum(1.0, rho=0.0).moments(6), catalan)


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=8))
def test_cumulants_invert_moments(cumulants):
    cumulants = np.array(cumulants)
    np.testing.assert_allclose(free_cumulants(moments_from_cumulants(cumulants)), cumulants, atol=1e-6)


def test_first_two_moments_by_hand():
    """E λ = ρ E d1 + (σ²/c) E d2, and the variances of the two terms add."""
    law = Spectrum(0.4, hidden=0.2, readout=0.3, rho=1.5, sigma2=2.0)
    mean = 1.5 * 0.6 + 2.0 / 0.4 * 0.4
    variance = 1.5**2 * (1 - 0.6**2) + 4.0 / 0.4
    np.testing.assert_allclose(law.moments(2), [mean, variance + mean**2], rtol=1e-13)
