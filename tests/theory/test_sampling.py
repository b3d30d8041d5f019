"""Sampled matrices: the shortcut for wide layers has the law of the plain product."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from curldescent.theory import Spectrum
from curldescent.theory.sample_matrices import _gram


def test_wishart_shortcut_has_the_law_of_the_product(rng):
    """Extreme eigenvalues, traces and one off-diagonal entry, 600 samples each, Kolmogorov–Smirnov at 1e-3."""
    size, rows, count = 4, 11, 600
    ours = np.stack([_gram(size, rows, rng, "normal") for _ in range(count)])
    x = rng.standard_normal((count, rows, size))
    plain = np.swapaxes(x, 1, 2) @ x
    for statistic in (
        lambda k: np.linalg.eigvalsh(k)[:, 0],
        lambda k: np.linalg.eigvalsh(k)[:, -1],
        lambda k: np.trace(k, axis1=1, axis2=2),
        lambda k: k[:, 1, 3],
    ):
        assert ks_2samp(statistic(ours), statistic(plain)).pvalue > 1e-3


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_entries_have_unit_variance(rng, distribution):
    gram = _gram(3, 40_000, rng, distribution)
    # Variance of a mean of 40000 squares is below 2/40000.
    np.testing.assert_allclose(gram / 40_000, np.eye(3), atol=5 * np.sqrt(2 / 40_000))


def test_seed_decides_and_shapes():
    law = Spectrum(0.5, hidden=0.3)
    np.testing.assert_array_equal(law.sample(20, seed=1), law.sample(20, seed=1))
    assert np.any(law.sample(20, seed=1) != law.sample(20, seed=2))
    several = law.sample(20, seed=1, samples=3)
    assert several.shape == (3, 20)
    assert np.all(np.diff(several, axis=1) >= 0)
    assert Spectrum(100.0).sample(20, seed=1).shape == (20,)


def test_uniform_and_normal_weights_share_the_limit():
    law = Spectrum(0.5, hidden=0.4, readout=0.1)
    size = 300
    for distribution in ("normal", "uniform"):
        lam = law.sample(size, seed=3, distribution=distribution)
        empirical = (np.arange(size) + 0.5) / size
        assert np.abs(law.realised(size).cdf(lam) - empirical).max() < np.log(size) / size
