"""The law of K against sampled spectra, Marchenko–Pastur, and an independent solver in the complex plane."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curldescent.foundation.errors import InputError
from curldescent.theory import Spectrum

from .conftest import as_mapping, band_integral, direct_x

GRADED = {1: 0.5, 0.3: 0.3, -0.5: 0.2}
LAWS = [
    Spectrum(0.5),
    Spectrum(1.0),
    Spectrum(4.0),
    Spectrum(0.5, hidden=0.3, readout=0.1),
    Spectrum(4.0, hidden=0.3, readout=0.1),
    Spectrum(10.0, readout=0.5),
    Spectrum(0.1, hidden=0.7),
    Spectrum(1.5, hidden=1.0, readout=1.0),
    Spectrum(0.3, hidden=0.5, readout=0.5, rho=2.0, sigma2=0.5),
    Spectrum(2.0, GRADED, {1: 0.6, 0: 0.2, -0.7: 0.2}),
    Spectrum(8.0, {0: 0.4, 1: 0.6}, {2: 0.5, -1: 0.5}),
    Spectrum(0.2, 0.4, 0.2, rho=0.0),
]
ratios = st.floats(-4, 4).map(lambda e: 10.0**e)
fractions = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1), st.floats(-8, 0).map(lambda e: 10.0**e))


def kolmogorov(law, eigenvalues):
    """sup |F − F_n|, with eigenvalues within rounding of an atom put on it."""
    lam = np.array(eigenvalues)
    for location, _ in law.atoms:
        lam[np.abs(lam - location) < 1e-9] = location
    n = lam.size
    right = np.searchsorted(lam, lam, side="right") / n
    left = np.searchsorted(lam, lam, side="left") / n
    before = law.cdf(np.nextafter(lam, -np.inf))
    return max(np.abs(law.cdf(lam) - right).max(), np.abs(before - left).max())


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_sampled_spectrum_follows_the_law(law):
    """Eigenvalues of such matrices are rigid: the Kolmogorov distance is of order log M / M, not 1/√M."""
    size = 400
    assert kolmogorov(law.realised(size), law.sample(size, seed=1)) < np.log(size) / size


def test_kolmogorov_bound_would_notice_a_wrong_law():
    eigenvalues = Spectrum(0.5, 0.3, 0.1).sample(400, seed=1)
    for wrong in (Spectrum(0.5, 0.33, 0.1), Spectrum(0.5, 0.3, 0.13), Spectrum(0.53, 0.3, 0.1)):
        assert kolmogorov(wrong, eigenvalues) > np.log(400) / 400


@pytest.mark.parametrize("ratio", [0.01, 0.3, 1.0, 2.5, 100.0])
def test_gradient_descent_is_marchenko_pastur(ratio):
    law = Spectrum(ratio)
    # W1ᵀW1 = (1/c) · (Wishart with N degrees of freedom)/N, so its support ends at (1 ± √c)²/c.
    low, high = (1 - np.sqrt(ratio)) ** 2 / ratio, (1 + np.sqrt(ratio)) ** 2 / ratio
    np.testing.assert_allclose(law.edges, [[1 + low, 1 + high]], rtol=1e-13)
    x = np.linspace(low, high, 203)[1:-1]
    expected = np.sqrt((x - low) * (high - x)) / (2 * np.pi * x)
    np.testing.assert_allclose(law.density(1 + x), expected, rtol=1e-7)
    atoms = [[1.0, 1 - 1 / ratio]] if ratio > 1 else np.empty((0, 2))
    np.testing.assert_allclose(law.atoms, atoms, rtol=1e-13)


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_density_against_a_fixed_point_iteration(law):
    """y ← x + iη − R(G1(y)) contracts above the real axis: no polynomial, no poles, no choice of root."""
    hidden, readout = as_mapping(law.hidden), as_mapping(law.readout)
    low, high = law.edges[0]
    x = np.linspace(low, high, 9)[2:-2]
    eta = 1e-4 * (high - low)
    y = x + 1j * np.full(x.size, 5 * (high - low))
    for _ in range(20000):
        new = x + 1j * eta - (direct_x(y, law.ratio, hidden, readout, law.rho, law.sigma2) - y)
        change = np.abs(new - y).max()
        y = 0.5 * (y + new)
        if change < 1e-13 * (high - low):
            break
    g = sum(w / (y - law.rho * d) for d, w in hidden.items())
    # Smoothing over η changes the density by η times its slope.
    np.testing.assert_allclose(law.density(x), -g.imag / np.pi, rtol=2e-3)


@example(ratio=1.0, hidden=0.5, readout=0.5, scale=0.0)  # a cusp at zero
@given(ratio=ratios, hidden=fractions, readout=fractions, scale=st.floats(-1, 1))
def test_density_integrates_to_one_minus_atoms(ratio, hidden, readout, scale):
    law = Spectrum(ratio, hidden, readout, rho=10.0**scale)
    total = law.band_masses.sum() + law.atoms[:, 1].sum()
    assert total == pytest.approx(1.0, abs=1e-9)
    assert np.all(np.diff(law.edges.ravel()) >= 0)
    # A band narrower than 1e-6 of its distance from zero has too few floats inside for a quadrature.
    wide = np.diff(law.edges, axis=1)[:, 0] > 1e-6 * np.abs(law.edges).max(axis=1)
    masses = band_integral(law, np.ones_like)
    # The dips where bands nearly touch are resolved to a few times 1e-6.
    np.testing.assert_allclose(masses[wide], law.band_masses[wide], atol=2e-5)


@given(ratio=st.floats(-1.5, 1.5).map(lambda e: 10.0**e), hidden=fractions, readout=fractions, seed=st.integers(0, 99))
def test_edges_bracket_sampled_eigenvalues(ratio, hidden, readout, seed):
    size = 60
    law = Spectrum(ratio, hidden, readout).realised(size)
    sample = Spectrum(ratio, hidden, readout).sample(size, seed)
    # Soft edges scatter on the scale n^(−2/3) of the spectrum's half-width, n the smaller side of W1.
    n = min(size, max(1, round(size / ratio)))
    slack = 2 * n ** (-2 / 3) * (law.lambda_max - law.lambda_min) / 2 + 1e-9
    assert sample[0] > law.lambda_min - slack
    assert sample[-1] < law.lambda_max + slack
    assert sample[0] < law.lambda_min + 2 * slack
    assert sample[-1] > law.lambda_max - 2 * slack


@given(ratio=ratios, hidden=fractions, readout=fractions)
def test_cdf_rises_from_zero_to_one(ratio, hidden, readout):
    law = Spectrum(ratio, hidden, readout)
    width = law.lambda_max - law.lambda_min
    x = np.linspace(law.lambda_min - 0.01 * width - 1e-9, law.lambda_max + 0.01 * width + 1e-9, 400)
    values = law.cdf(x)
    assert values[0] == pytest.approx(0, abs=1e-12)
    assert values[-1] == pytest.approx(1, abs=1e-9)
    assert np.all(np.diff(values) >= -1e-9)


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_cdf_is_the_integral_of_the_density(law):
    low, high = law.edges[-1]
    middle = 0.4 * low + 0.6 * high
    theta = (np.arange(4000) + 0.5) / 4000 * np.arccos(-0.2)
    x = (low + high) / 2 - (high - low) / 2 * np.cos(theta)
    part = (law.density(x) * np.sin(theta)).sum() * (high - low) / 2 * np.arccos(-0.2) / 4000
    jump = sum(w for place, w in law.atoms if low < place <= middle)
    assert law.cdf(middle) - law.cdf(np.nextafter(low, -np.inf)) - jump == pytest.approx(part, abs=1e-6)


def test_atoms_count_the_inputs_that_the_readout_term_misses(rng):
    """K has ρd with multiplicity of at least (number of such inputs) − rank(W1ᵀ D2 W1); the law keeps all of it."""
    law = Spectrum(5.0, {1: 0.5, -0.5: 0.5}, {1: 0.5, 0: 0.3, -1: 0.2})
    sample = law.sample(200, seed=3)
    for location, weight in law.atoms:
        assert weight == pytest.approx(0.5 - 0.7 / 5)
        assert (np.abs(sample - location) < 1e-9).sum() == round(weight * 200)
    assert len(law.atoms) == 2


def test_bands_that_touch():
    """Between one band and two there is a ratio at which they touch; masses stay exact on both sides of it."""
    low, high = 0.5, 60.0
    assert len(Spectrum(low, 0.5).edges) == 1
    assert len(Spectrum(high, 0.5).edges) == 2
    for _ in range(60):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if len(Spectrum(middle, 0.5).edges) == 1 else (low, middle)
    for ratio in (low, high, low * (1 - 1e-9), high * (1 + 1e-9), high * (1 + 1e-4)):
        law = Spectrum(ratio, 0.5)
        assert law.band_masses.sum() + law.atoms[:, 1].sum() == pytest.approx(1.0, abs=1e-12)
        assert band_integral(law, np.ones_like, nodes=12001).sum() == pytest.approx(law.band_masses.sum(), abs=1e-5)
    inner = [np.diff(Spectrum(high * (1 + e), 0.5).edges.ravel())[1] for e in (1e-6, 1e-4)]
    # The gap opens as the 3/2 power.
    assert np.log(inner[1] / inner[0]) / np.log(100) == pytest.approx(1.5, abs=0.05)


def test_edge_on_a_vanishing_atom():
    """At μ1(d) = 1/c the atom has just gone, and a band ends exactly where it was."""
    law = Spectrum(2.0, hidden=0.5)
    assert len(law.atoms) == 0
    assert np.abs(law.edges + 1).min() < 1e-12
    assert law.band_masses.sum() == pytest.approx(1.0, abs=1e-12)
    assert kolmogorov(law, law.sample(400, seed=5)) < np.log(400) / 400


def test_strengths_and_weights_of_wildly_different_size(rng):
    """Strengths from 1e-6 to 1e3, probabilities down to 1e-30: no warning, masses sum to 1, the cdf rises."""

    def distribution():
        count = rng.integers(1, 5)
        values = rng.choice([1.0, -1.0, 0.0, 0.5, 1e-6, 1e3, -1e-3, rng.normal()], count, replace=False)
        weights = rng.dirichlet(np.full(count, rng.choice([0.05, 1.0])))
        return dict(zip(values.tolist(), weights.tolist(), strict=True))

    for _ in range(300):
        law = Spectrum(
            10 ** rng.uniform(-4, 4), distribution(), distribution(), rng.choice([0, 1, 10 ** rng.uniform(-3, 3)])
        )
        assert law.band_masses.sum() + law.atoms[:, 1].sum() == pytest.approx(1.0, abs=1e-9)
        assert np.all(np.diff(law.edges.ravel()) >= 0)
        x = np.linspace(law.lambda_min, law.lambda_max, 50)
        assert np.all(np.diff(law.cdf(x)) > -1e-7)
        assert np.all(np.isfinite(law.density(x)))


def test_zero_means_nothing_flipped():
    assert Spectrum(100.0, hidden=0.0).stable
    assert Spectrum(100.0, hidden=0.0).lambda_min == 1.0
    assert not Spectrum(100.0, hidden=1e-12).stable
    assert not Spectrum(1.0, {0: 1.0}, {0: 1.0}).stable


def test_results_that_are_kept_cannot_be_written_to():
    law = Spectrum(4.0, hidden=0.3)
    for kept in (law.edges, law.atoms, law.band_masses):
        with pytest.raises(ValueError, match="read-only"):
            kept[0] = 0.0


def test_all_flipped_is_the_mirror_image():
    law, mirror = Spectrum(0.7, hidden=0.3, readout=0.2), Spectrum(0.7, hidden=0.7, readout=0.8)
    np.testing.assert_allclose(law.edges, -mirror.edges[::-1, ::-1], rtol=1e-12)
    x = np.linspace(-5, 5, 41)
    np.testing.assert_allclose(law.density(x), mirror.density(-x), atol=1e-10)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: Spectrum(0.0), "ratio must be a positive number, got 0"),
        (lambda: Spectrum(1.0, hidden=-0.1), "hidden must be a fraction between 0 and 1, got -0.1"),
        (lambda: Spectrum(1.0, readout={1: 0.6, -1: 0.6}), "probabilities of readout must sum to 1, got 1.2"),
        (lambda: Spectrum(1.0, readout={1: 1.5, -1: -0.5}), "probability of strength -1 in readout"),
        (lambda: Spectrum(1.0, readout=[0.1, 0.2]), "readout must be a fraction between 0 and 1 or a mapping"),
        (lambda: Spectrum(1.0, rho=-1), "rho must be zero or a positive number, got -1"),
        (lambda: Spectrum(1.0, sigma2=0), "sigma2 must be a positive number, got 0"),
        (lambda: Spectrum(1.0).density([0.0, np.inf]), "x must be finite, got inf at index"),
        (lambda: Spectrum(1.0).moments(0), "order must be a whole number between 1 and 100, got 0"),
        (lambda: Spectrum(1.0).sample(0, 1), "n_inputs must be a whole number at least 1, got 0"),
        (lambda: Spectrum(1.0).sample(5, 1, distribution="normla"), "did you mean 'normal'"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()


def test_a_histogram_leaves_out_what_sits_on_an_atom_and_keeps_the_densitys_scale():
    law = Spectrum(2.0, hidden=0.4)  # more inputs than hidden neurons: atoms at ±ρ
    sample = law.sample(60, seed=1)
    on_atom = np.isclose(np.abs(sample), 1.0, atol=1e-6)
    assert 0 < on_atom.sum() < 60
    heights, edges = law.histogram(sample, bins=12)
    assert (heights * np.diff(edges)).sum() == pytest.approx(1 - on_atom.mean())
