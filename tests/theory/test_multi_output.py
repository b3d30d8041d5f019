"""Several outputs: the union of one-output laws, against the full operator of a sampled network."""

import numpy as np
import pytest

from curldescent.foundation.errors import InputError
from curldescent.theory import MultiOutputSpectrum, Spectrum, stability_matrix


def test_law_of_the_full_operator(rng):
    inputs, width = 150, 300
    d1 = np.where(np.arange(inputs) < 45, -1, 1)
    d2 = np.where(np.arange(width) < 60, -1, 1)
    w1 = rng.standard_normal((width, inputs)) / np.sqrt(inputs)
    w2 = rng.standard_normal((3, width)) * np.array([[0.3], [1.0], [2.0]]) / np.sqrt(width)
    law = MultiOutputSpectrum(inputs / width, 0.3, 0.2, singular_values=np.linalg.svd(w2, compute_uv=False))
    lam = np.linalg.eigvalsh(stability_matrix(w1, w2, d1, d2))
    empirical = (np.arange(lam.size) + 0.5) / lam.size
    # Three rigid spectra of 150 eigenvalues that share their hidden weights.
    assert np.abs(law.cdf(lam) - empirical).max() < np.log(inputs) / inputs


def test_union_of_laws():
    law = MultiOutputSpectrum(5.0, 0.3, 0.2, singular_values=[1.0, 3.0])
    parts = [Spectrum(5.0, 0.3, 0.2, rho=1.0), Spectrum(5.0, 0.3, 0.2, rho=9.0)]
    assert law.lambda_min == min(p.lambda_min for p in parts)
    assert law.lambda_max == max(p.lambda_max for p in parts)
    assert law.stable is False
    np.testing.assert_allclose(
        law.density([0.5, 9.5]), (parts[0].density([0.5, 9.5]) + parts[1].density([0.5, 9.5])) / 2
    )
    np.testing.assert_allclose(law.moments(3), (parts[0].moments(3) + parts[1].moments(3)) / 2)
    assert law.atoms[:, 0].tolist() == [-9.0, -1.0, 1.0, 9.0]
    assert law.cdf(100.0) == pytest.approx(1.0)
    assert np.all(np.diff(law.edges.ravel()) > 0)
    assert law.sample(20, seed=0).shape == (40,)


def test_one_output_is_the_plain_law():
    law, plain = MultiOutputSpectrum(0.5, 0.2, singular_values=[1.5]), Spectrum(0.5, 0.2, rho=2.25)
    assert law.edges.tolist() == plain.edges.tolist()
    np.testing.assert_array_equal(law.atoms, plain.atoms)


def test_bad_input():
    with pytest.raises(InputError, match="each of singular_values must be zero or a positive number, got -1"):
        MultiOutputSpectrum(0.5, singular_values=[1.0, -1.0])
