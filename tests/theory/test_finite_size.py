"""Scatter of sampled networks about the limit."""

import numpy as np
import pytest

from curldescent.foundation.errors import InputError
from curldescent.theory import Spectrum, finite_size_scaling, sample_lambda_min, stability_probability


@pytest.mark.slow
def test_edge_scatters_as_the_two_thirds_power():
    scaling = finite_size_scaling(Spectrum(0.5, readout=0.3), (20, 60, 180), samples=200, seed=0)
    assert scaling.lambda_min.shape == (3, 200)
    # Three standard errors of the fit, plus 0.05 for corrections to scaling between M = 20 and 180.
    assert scaling.exponent == pytest.approx(-2 / 3, abs=3 * scaling.exponent_error + 0.05)
    deviation = np.abs(scaling.lambda_min.mean(axis=1) - scaling.limits)
    assert deviation[2] < 0.5 * deviation[0]
    assert deviation[2] < 3 * scaling.spread[2]


@pytest.mark.slow
def test_exponent_with_large_networks():
    scaling = finite_size_scaling(Spectrum(0.5, readout=0.3), (30, 100, 300, 1000), samples=100, seed=1)
    assert scaling.exponent == pytest.approx(-2 / 3, abs=3 * scaling.exponent_error + 0.02)


def test_probability_goes_from_one_to_zero_across_the_boundary():
    inside, edge, outside = (stability_probability(Spectrum(c, hidden=0.5), 40, samples=60) for c in (0.2, 0.31, 0.6))
    assert inside.probability == 1.0
    assert inside.limit
    assert outside.probability == 0.0
    assert not outside.limit
    assert 0 < edge.probability < 1
    assert edge.low < edge.probability < edge.high
    assert edge.probability == (edge.lambda_min > 0).mean()


def test_boundary_sharpens_with_size():
    law = Spectrum(0.36, hidden=0.5)  # unstable in the limit, whose boundary is at 0.31
    small, large = (stability_probability(law, m, samples=120, fixed_readout_norm=True) for m in (6, 60))
    assert large.high < small.low


def test_readout_norm_scatters_only_where_asked():
    law = Spectrum(1e3, rho=2.0)  # one hidden neuron for a thousand inputs: λ_min is the readout norm itself
    fixed = sample_lambda_min(law, 4, samples=5, seed=0)
    np.testing.assert_allclose(fixed, 2.0)
    for distribution in ("normal", "uniform"):
        free = sample_lambda_min(law, 4, samples=2000, seed=0, fixed_readout_norm=False, distribution=distribution)
        spread = {"normal": np.sqrt(2), "uniform": np.sqrt(0.8)}[distribution] * 2.0
        assert free.mean() == pytest.approx(2.0, abs=4 * spread / np.sqrt(2000))
        assert free.std() == pytest.approx(spread, rel=0.15)


def test_the_interval_is_wilson_s():
    """Both ends solve (p − share)² = z² p (1 − p)/n, and one is exact where all samples agree."""
    for ratio, n in [(0.31, 50), (0.31, 7), (0.1, 20)]:
        found = stability_probability(Spectrum(ratio, hidden=0.5), 30, samples=n)
        for p in (found.low, found.high):
            assert (p - found.probability) ** 2 == pytest.approx(1.959963984540054**2 * p * (1 - p) / n, abs=1e-12)
    assert found.high == 1.0


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: finite_size_scaling(Spectrum(0.5), (10, 10)), "sizes must hold at least two different numbers"),
        (lambda: finite_size_scaling(Spectrum(0.5), (10, 20), samples=1), "samples must be a whole number at least 2"),
        (lambda: stability_probability(Spectrum(0.5), 0), "n_inputs must be a whole number at least 1, got 0"),
        (lambda: sample_lambda_min(Spectrum(0.5), 5, samples=2, distribution="gauss"), "distribution must be one of"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()
