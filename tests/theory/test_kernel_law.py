"""The law of the nonlinear kernel: its equations by another route, its limits, its turning point."""

import numpy as np
import pytest

from curldescent.theory import KernelSpectrum, Spectrum
from curldescent.theory import _kernel_law as kernel_law

GRADED = {1: 0.5, 0.3: 0.3, -0.5: 0.2}
LAWS = [
    KernelSpectrum(0.5, 0.2, 0.1, activation="tanh", samples_per_input=2.5),
    KernelSpectrum(2.0, 0.0, 0.3, activation="relu", samples_per_input=5.0, scale=2.0),
    KernelSpectrum(0.2, GRADED, GRADED, activation="sigmoid", samples_per_input=0.5),
    KernelSpectrum(1.5, 1.0, {2.0: 0.4, 0.0: 0.3, -0.7: 0.3}, activation="gelu", samples_per_input=1.0),
    KernelSpectrum(3.0, activation="erf", samples_per_input=2.0),
    KernelSpectrum(0.5, 0.2, 0.1, activation="softplus", samples_per_input=2.5, n_inputs=100),
    KernelSpectrum(0.3, 0.3, 0.2, activation="linear", samples_per_input=0.4),
]


def iterated(law, z):
    """The law's equations, iterated from m = 0 at a real z below the spectrum: physical resolvents are found so."""
    m = g = 0.0
    d1, d2 = law.hidden, law.readout
    w1, w2 = law.hidden_shares[:, 0], law.readout_shares[:, 0]
    for _ in range(200_000):
        s = law.neurons[0] * (w2 * d2 / (1 + d2 * g)).sum()
        t = law.hidden_linear * d1 + law.linear * s
        blur = 0.0 if law.blur is None else law.blur[:, 0] @ [1, s, s * s] * m
        inner = law.identity(np.array([m]))[0][0] - blur + law.rest * s + (w1 * t / (1 + t * m)).sum() - z
        new = 0.7 * m + 0.3 * law.samples / inner
        g_new = 0.7 * g + 0.3 * (law.rest * new + law.linear * (w1 * new / (1 + t * new)).sum())
        if abs(new - m) + abs(g_new - g) < 1e-15 * abs(new):
            break
        m, g = new, g_new
    return m, g


@pytest.mark.parametrize("spectrum", LAWS, ids=lambda s: f"{s.activation}-{s.ratio:g}")
def test_below_the_edge_the_parametric_law_is_the_resolvent(spectrum):
    law = spectrum._law(spectrum.n_inputs)
    place, y = kernel_law.edge(law)
    if place.curvature[0] == 0:
        # An atom, where both are infinite.
        y = np.zeros(1)
    for back in (0.3, 2.0):
        at = kernel_law.at(law, y - back)
        assert at.z[0] < place.z[0]
        assert (at.m[0], at.g[0]) == pytest.approx(iterated(law, at.z[0]), rel=1e-7)


@pytest.mark.parametrize("spectrum", LAWS[:-1], ids=lambda s: f"{s.activation}-{s.ratio:g}")
def test_derivatives_are_those_of_z(spectrum):
    law = spectrum._law(spectrum.n_inputs)
    place, y = kernel_law.edge(law)
    if place.curvature[0] == 0:
        assert place.z[0] == law.shift[0]
        return
    step = 1e-4
    below, at, above = (kernel_law.at(law, y + k * step) for k in (-1, 0, 1))
    assert abs(above.z[0] - below.z[0]) < 1e-6 * abs(above.m[0] - below.m[0]) * abs(place.curvature[0]) * place.m[0]
    left = (at.z[0] - below.z[0]) / (at.m[0] - below.m[0])
    right = (above.z[0] - at.z[0]) / (above.m[0] - at.m[0])
    assert 2 * (right - left) / (above.m[0] - below.m[0]) == pytest.approx(place.curvature[0], rel=1e-3)
    off, near, far = (kernel_law.at(law, y - 1 + k * step) for k in (0, -1, 1))
    assert (far.z[0] - near.z[0]) / (far.g[0] - near.g[0]) == pytest.approx(off.slope[0], rel=1e-5)
    assert (far.m[0] - near.m[0]) / (far.g[0] - near.g[0]) == pytest.approx(off.m_slope[0], rel=1e-5)


def test_z_turns_once():
    """Rising with m and rising, z(g) has one end to its rise: what the search for the edge relies on."""
    rng = np.random.default_rng(7)
    y = np.linspace(-30, 30, 1501)
    for trial in range(120):
        k1, k2 = rng.integers(1, 4, 2)
        spectrum = KernelSpectrum(
            10 ** rng.uniform(-3, 3),
            dict(zip(rng.normal(size=k1) * 10 ** rng.uniform(-1, 1), rng.dirichlet(np.ones(k1)), strict=True)),
            dict(zip(rng.normal(size=k2) * 10 ** rng.uniform(-1, 1), rng.dirichlet(np.ones(k2)), strict=True)),
            activation=("relu", "tanh", "sigmoid", "gelu", "linear")[trial % 5],
            samples_per_input=10 ** rng.uniform(-2, 2),
            rho=10 ** rng.uniform(-2, 2),
            sigma2=10.0 ** rng.integers(-2, 3),
        )
        one = spectrum._law(None)
        law = kernel_law.KernelLaw(
            np.full(y.size, one.neurons[0]), one.samples, one.hidden, np.repeat(one.hidden_shares, y.size, 1),
            one.readout, np.repeat(one.readout_shares, y.size, 1), one.linear, one.rest, one.hidden_linear,
            one.hidden_rest,
        )  # fmt: skip
        place = kernel_law.at(law, y)
        rising = (place.slope > 0) & (place.m_slope > 0)
        assert rising[0]
        assert np.count_nonzero(rising[1:] != rising[:-1]) <= 1
        highest = np.nanmax(np.where(rising, place.z, -np.inf))
        assert kernel_law.edge(one)[0].z[0] >= highest - 1e-9 * abs(highest)


@pytest.mark.parametrize(
    ("ratio", "hidden", "readout"),
    [(0.3, 0.2, 0.1), (0.2, 0.0, 0.3), (0.2, 1.0, 0.0), (4.0, 0.3, 0.3), (0.5, 0.0, 0.0)],
)
def test_many_samples_of_a_linear_student_give_the_law_of_k(ratio, hidden, readout):
    """P·G/P = Σ̂K up to zeros, Σ̂ → τ: edges to 1/√p."""
    law = Spectrum(ratio, hidden, readout, rho=1 / 3, sigma2=1 / 3)
    kernel = KernelSpectrum(ratio, hidden, readout, activation="linear", samples_per_input=1e8)
    assert kernel.lambda_min / (1e8 * 0.5) == pytest.approx(law.lambda_min, rel=1e-3)
    assert kernel._limits[1] / (1e8 * 0.5) == pytest.approx(law.lambda_max, rel=1e-3)


@pytest.mark.parametrize("samples", [1e4, 1e6, 1e8])
@pytest.mark.parametrize(("ratio", "hidden", "readout"), [(0.2, 1.0, 0.0), (0.8, 0.3, 0.3), (0.5, 0.2, 0.0)])
def test_bands_of_many_samples_are_those_of_k(ratio, hidden, readout, samples):
    """The few eigenvalues that samples do not leave at zero, to 1/√p of the spectrum."""
    law = Spectrum(ratio, hidden, readout, rho=1 / 3, sigma2=1 / 3)
    kernel = KernelSpectrum(ratio, hidden, readout, activation="linear", samples_per_input=samples)
    width = law.lambda_max - law.lambda_min
    assert kernel.edges.shape == law.edges.shape
    np.testing.assert_allclose(kernel.edges / (samples * 0.5), law.edges, rtol=0, atol=3 / np.sqrt(samples) * width)


@pytest.mark.parametrize("samples", [1e6, 1e12])
def test_the_density_beside_the_atom_of_many_samples_is_that_of_the_others(samples):
    """It had been that of the atom, which rounding spreads: 10⁷ of 10⁻¹² at its place."""
    kernel = KernelSpectrum(0.5, 1.0, activation="linear", samples_per_input=samples)
    assert kernel.edges.shape == (1, 2)
    low, high = kernel.edges[0]
    x = low + (high - low) * 0.5 * (1 - np.cos(np.linspace(0, np.pi, 2001)))
    x = np.unique(np.concatenate([x, [0.0], (high - low) * np.geomspace(1e-20, 1e-9, 12)]))
    assert np.trapezoid(kernel.density(x), x) * samples == pytest.approx(1, rel=0.01)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_bands_grow_with_the_samples(activation):
    few, many = (KernelSpectrum(0.5, 0.5, activation=activation, samples_per_input=p).edges / p for p in (1e4, 1e8))
    # An edge moves by 1/√p of itself with the samples.
    np.testing.assert_allclose(few, many, rtol=2e-2)


@pytest.mark.parametrize("samples", [1.0, 1.7, 20.0])
def test_signs_of_a_linear_student_do_not_depend_on_samples(samples):
    """Sylvester's law of inertia: P ≥ M samples leave the sign of λ_min to K."""
    for ratio in (0.05, 0.2, 0.5, 2.0):
        for hidden, readout in ((0.0, 0.0), (0.4, 0.0), (0.0, 0.2), (0.1, 0.1), (1.0, 0.05)):
            kernel = KernelSpectrum(ratio, hidden, readout, activation="linear", samples_per_input=samples)
            law = Spectrum(ratio, hidden, readout)
            assert (kernel.lambda_min >= -1e-12) == (law.lambda_min > 0)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_all_flips_mirror_no_flips(activation):
    plain = KernelSpectrum(0.7, 0.0, 0.0, activation=activation, samples_per_input=2.0)
    turned = KernelSpectrum(0.7, 1.0, 1.0, activation=activation, samples_per_input=2.0)
    assert plain.lambda_min > 0
    assert turned._limits == pytest.approx([-v for v in reversed(plain._limits)], rel=1e-12)


def test_very_narrow_students_are_their_input_layer():
    """c → ∞: only C is left, a shifted Marchenko–Pastur law, from (1 − √p)² on where samples are fewer than inputs."""
    spectrum = KernelSpectrum(1e9, activation="tanh", samples_per_input=0.25, scale=1.5)
    averages = spectrum._student.averages
    rho, tau = 1.5**2 / 3, 0.5
    low = rho * tau * (averages.slope_rest + averages.slope**2 * (1 - 0.25**0.5) ** 2)
    assert spectrum.lambda_min == pytest.approx(low, rel=1e-4)


def test_very_wide_students_follow_their_mean_strength():
    """c → 0: P·G/M = n E[d2] Γ to leading order, from μ*² + μ1²(1 − √p)² on."""
    spectrum = KernelSpectrum(1e-9, readout=0.2, activation="erf", samples_per_input=0.25)
    averages = spectrum._student.averages
    low = averages.rest + averages.linear**2 * (1 - 0.25**0.5) ** 2
    assert spectrum.lambda_min * 1e-9 == pytest.approx(0.6 * low, rel=1e-3)
