"""`KernelSpectrum` against kernels drawn and built from their definition."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import curldescent as cd
from curldescent.foundation.errors import InputError
from curldescent.theory import (
    KernelSpectrum,
    MultiOutputSpectrum,
    Spectrum,
    finite_size_scaling,
    stability_probability,
)
from curldescent.theory._kernel_student import TRACY_WIDOM_MEDIAN, TRACY_WIDOM_SD
from curldescent.theory._strengths import parse_strengths
from curldescent.theory.kernel_samples import sample_kernel

# α_h, α_r, c, p, scale: far from and near stability, more and fewer samples than inputs.
SETTINGS = [(0.2, 0.05, 0.5, 2.5, 2.0), (0.0, 0.3, 2.0, 1.5, 1.0), (0.5, 0.3, 0.5, 1.0, 2.0), (0.2, 0.6, 1.0, 0.7, 1.0)]


def medians(law, size, samples, seed):
    eigenvalues = law.sample(size, seed, samples=samples)
    return np.median(eigenvalues[:, 0]), eigenvalues[:, 0].std(ddof=1), eigenvalues


def test_sampled_kernel_is_that_of_the_derivatives():
    """J S Jᵀ by automatic differentiation of a network drawn in the same order."""
    import jax
    import jax.numpy as jnp

    d1, d2 = parse_strengths("hidden", 0.4), parse_strengths("readout", {1: 0.5, -0.5: 0.5})
    kernel = sample_kernel(5, 4, 7, d1, d2, "tanh", np.random.default_rng(3), rho=0.6, sigma2=1.3, input_variance=0.5)
    rng = np.random.default_rng(3)
    x = np.sqrt(0.5) * rng.standard_normal((7, 5))
    w2 = rng.uniform(-1, 1, 4)
    w2 *= 0.6**0.5 / np.linalg.norm(w2)
    w1 = np.sqrt(3 * 1.3 / 5) * rng.uniform(-1, 1, (4, 5))
    with jax.enable_x64(True):
        j1, j2 = jax.jacobian(lambda a, b: jnp.tanh(x @ a.T) @ b, argnums=(0, 1))(jnp.array(w1), jnp.array(w2))
    signed = np.einsum("pij,qij,j->pq", j1, j1, d1.vector(5)) + np.einsum("pi,qi,i->pq", j2, j2, d2.vector(4))
    assert kernel == pytest.approx(signed / 5, abs=1e-12)


@pytest.mark.parametrize(
    "activation", ["relu", *(pytest.param(name, marks=pytest.mark.slow) for name in ("tanh", "sigmoid", "gelu"))]
)
@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_lowest_eigenvalue_of_sampled_kernels(setting, activation):
    """Medians of 7 at M = 100: within 4 standard errors of the scatter (1.25 σ/√7), and 1 % of the width for O(1/M)."""
    h, r, c, p, scale = setting
    law = KernelSpectrum(c, h, r, activation=activation, samples_per_input=p, scale=scale, n_inputs=100)
    found, deviation, _ = medians(law, 100, 7, seed=11)
    width = law._limits[1] - law._limits[0]
    error = 4 * 1.25 * max(law.scatter, deviation) / 7**0.5 + 0.01 * width
    assert abs(found - law.lambda_min) < error


def test_that_tolerance_would_notice_a_missing_outlier():
    law = KernelSpectrum(0.5, readout=0.4, activation="relu", samples_per_input=2.5, n_inputs=80)
    found, deviation, eigenvalues = medians(law, 80, 7, seed=11)
    bulk = law._ends[0].edge[0]
    assert found < bulk - 4 * 1.25 * deviation / 7**0.5 - 0.01 * (law._limits[1] - law._limits[0])
    # The second eigenvalue is the bulk's, and the upper outlier is where it should be.
    assert np.median(eigenvalues[:, 1]) > bulk
    assert np.median(eigenvalues[:, -1]) == pytest.approx(law.outliers[-1], rel=0.08)


@pytest.mark.slow
@pytest.mark.parametrize("fraction", [0.3, 0.5, 0.8])
def test_scatter_of_an_outlier(fraction):
    """The standard deviation of 60 is known to 9 %."""
    law = KernelSpectrum(1.0, readout=fraction, activation="sigmoid", samples_per_input=1.0, scale=2.0, n_inputs=100)
    lowest = law.sample(seed=5, samples=60)[:, 0]
    assert lowest.std(ddof=1) == pytest.approx(law.scatter, rel=0.35)
    assert np.median(lowest) == pytest.approx(law.lambda_min, abs=5 * law.scatter / 60**0.5)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_atom_of_many_samples_is_spread_at_finite_size(activation):
    """P > M + N and no flips: far below the limit's atom, and to a tenth where theory says."""
    law = KernelSpectrum(2.0, activation=activation, samples_per_input=5.0, scale=2.0, n_inputs=80)
    found, _, _ = medians(law, 80, 3, seed=2)
    limit = KernelSpectrum(2.0, activation=activation, samples_per_input=5.0, scale=2.0)
    assert limit.lambda_min == limit.atoms[0, 0]
    assert found < 0.6 * limit.lambda_min
    assert found == pytest.approx(law.lambda_min, abs=0.1 * limit.lambda_min)


@pytest.mark.parametrize(
    "law",
    [
        KernelSpectrum(0.5, 0.2, 0.1, activation="tanh", samples_per_input=1.5),
        KernelSpectrum(2.0, 0.0, 0.3, activation="relu", samples_per_input=5.0, scale=2.0),
        KernelSpectrum(3.0, {0: 0.4, 1: 0.6}, 0.2, activation="gelu", samples_per_input=3.0),
        KernelSpectrum(3.0, 0.3, 0.2, activation="linear", samples_per_input=3.0),
    ],
    ids=["tanh", "relu, an atom", "gelu, frozen inputs", "linear"],
)
def test_density_is_that_of_sampled_kernels(law):
    """The share below each of six places within 2 %, and all of it with the atoms 1."""
    t, step = np.linspace(-3, 3, 601, retstep=True)
    place = np.tanh(np.pi / 2 * np.sinh(t))
    weight = step * np.pi / 2 * np.cosh(t) / np.cosh(np.pi / 2 * np.sinh(t)) ** 2

    def mass(low, high):
        half = (high - low) / 2
        return float((law.density((low + high) / 2 + half * place) * weight).sum() * half)

    # Bands are cut where the eigenvalues of directions out of a linear student's reach crowd.
    crowd = float(law._law(None).shift[0])
    bands = [
        pair
        for low, high in law.edges
        for pair in (((low, crowd), (crowd, high)) if low < crowd < high else ((low, high),))
    ]
    total = sum(mass(low, high) for low, high in bands) + law.atoms[:, 1].sum()
    assert total == pytest.approx(1, abs=2e-3)
    eigenvalues = law.sample(150, seed=4)
    for cut in np.linspace(*law._limits, 8)[1:-1]:
        below = sum(mass(low, min(high, cut)) for low, high in bands if low < cut)
        below += law.atoms[law.atoms[:, 0] <= cut, 1].sum()
        assert (eigenvalues <= cut).mean() == pytest.approx(below, abs=0.02)


def test_linear_directions_out_of_reach_are_an_atom_that_does_not_count():
    law = KernelSpectrum(0.5, activation="linear", samples_per_input=4.0)
    assert law.atoms == pytest.approx(np.array([[0.0, 0.75]]))
    assert law.lambda_min > 0
    assert law.stable


def test_strengths_that_do_not_differ_from_a_fraction():
    fraction = KernelSpectrum(0.5, 0.2, 0.1, activation="relu", samples_per_input=2.5)
    mapping = KernelSpectrum(0.5, {-1: 0.2, 1: 0.8}, {1: 0.9, -1: 0.1}, activation="relu", samples_per_input=2.5)
    assert fraction.lambda_min == mapping.lambda_min


def test_half_flips_of_a_mean_grow_with_size():
    """Theory: −(2α − 1) N μ0² P at leading order, in units of M."""
    settings = {"ratio": 1.0, "readout": 0.8, "activation": "sigmoid", "samples_per_input": 2.0}
    assert KernelSpectrum(**settings).lambda_min == -np.inf
    large = KernelSpectrum(**settings, n_inputs=4000)
    assert large.lambda_min == pytest.approx(-0.6 * 0.25 * 2 * 4000, rel=1e-2)


def test_norms_that_are_preserved_change_nothing():
    """G less what preserved norms take from it, of the same network: λ_min within a fifth of the scatter."""
    law = KernelSpectrum(0.5, 0.2, 0.1, activation="tanh", samples_per_input=2.5, scale=2.0, n_inputs=64)
    rng, found = np.random.default_rng(0), []
    for _ in range(2):
        x = np.sqrt(0.5) * rng.standard_normal((160, 64))
        w1, w2 = rng.uniform(-2, 2, (128, 64)) / 8, rng.uniform(-2, 2, 128) / 128**0.5
        d1, d2 = law.hidden_strengths.vector(64), law.readout_strengths.vector(128)
        h = np.tanh(x @ w1.T)
        slope = (1 - h**2) * w2
        g = ((h * d2) @ h.T + (slope @ slope.T) * ((x * d1) @ x.T)) / 64
        out, drive = h @ w2, (slope * (x @ w1.T)).sum(1)
        reached1 = np.einsum("pi,pj,ij,j->p", slope, x, w1, d1)
        g_norm = g - np.outer(drive, reached1) / (w1**2).sum() / 64
        g_norm -= np.outer(out, (h * (d2 * w2)).sum(1)) / (w2**2).sum() / 64
        found.append((np.linalg.eigvalsh(g)[0], np.linalg.eigvals(g_norm).real.min()))
    plain, preserved = np.array(found).T
    assert np.abs(plain - preserved).max() < 0.2 * law.scatter


def test_several_outputs_have_a_law_for_each_singular_value():
    """The lowest of the laws with ρ the squares of W2's singular values, against a kernel of 2P rows."""
    rng = np.random.default_rng(1)
    m, n, p = 80, 160, 120
    x = np.sqrt(0.5) * rng.standard_normal((p, m))
    w1 = rng.uniform(-1, 1, (n, m)) * (3 * 0.5 / m) ** 0.5
    u, _, vt = np.linalg.svd(rng.standard_normal((2, n)), full_matrices=False)
    w2 = u @ np.diag([0.4**0.5, 1.2**0.5]) @ vt
    d1, d2 = np.where(np.arange(m) < 40, -1, 1), np.where(np.arange(n) < 16, -1, 1)
    h = np.tanh(x @ w1.T)
    inputs = (x * d1) @ x.T
    blocks = [[((1 - h**2) * w2[k]) @ ((1 - h**2) * w2[j]).T * inputs for j in range(2)] for k in range(2)]
    g = (np.block(blocks) + np.kron(np.eye(2), (h * d2) @ h.T)) / m
    laws = [
        KernelSpectrum(0.5, 0.5, 0.1, activation="tanh", samples_per_input=1.5, rho=rho, sigma2=0.5, n_inputs=m)
        for rho in (0.4, 1.2)
    ]
    lowest = min(law.lambda_min for law in laws)
    assert laws[1].lambda_min < 2 * laws[0].lambda_min
    assert np.linalg.eigvalsh(g)[0] == pytest.approx(lowest, abs=4 * max(law.scatter for law in laws))


def test_tracy_widom_constants():
    """From F1(s) = det(1 − K), K(x, y) = Ai((x + y)/2)/2 on (s, ∞) (Ferrari & Spohn 2005; Bornemann 2010)."""
    from scipy.special import airy

    nodes, weights = np.polynomial.legendre.leggauss(50)

    def distribution(s):
        x, w = s + 8 * (nodes + 1), 8 * weights
        return np.linalg.det(np.eye(50) - np.sqrt(np.outer(w, w)) * 0.5 * airy((x[:, None] + x) / 2)[0])

    assert distribution(TRACY_WIDOM_MEDIAN) == pytest.approx(0.5, abs=1e-9)
    s = np.linspace(-9, 7, 321)
    f = np.array([distribution(v) for v in s])
    mean = s[-1] - np.trapezoid(f, s)
    second = s[-1] ** 2 - 2 * np.trapezoid(s * f, s)
    assert (second - mean**2) ** 0.5 == pytest.approx(TRACY_WIDOM_SD, abs=2e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"samples_per_input": None}, "samples_per_input must be given"),
        ({"activation": "step"}, "activation must be one of"),
        ({"activation": "softmax"}, "activation must be one of"),
        ({"ratio": 0.0}, "ratio must be a positive number"),
        ({"scale": -1.0}, "scale must be a positive number"),
        ({"scale": 1.0, "rho": 1.0, "sigma2": 1.0}, "scale sets rho and sigma2"),
        ({"n_inputs": 1.5}, "n_inputs must be a whole number"),
        ({"n_inputs": 50, "ratio": 0.001}, "n_inputs needs a ratio of 0.01 or more"),
        ({"distribution": "cauchy"}, "distribution must be one of"),
        ({"readout": 1.2}, "readout must be a fraction"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_bad_input_is_one_sentence(change, message):
    given = {"ratio": 0.5, "activation": "tanh", "samples_per_input": 2.0}
    with pytest.raises(InputError, match=message):
        KernelSpectrum(**{**given, **change})


def test_an_activation_of_ones_own():
    import jax.numpy as jnp

    own = cd.activation("my tanh", jnp.tanh)
    mine = KernelSpectrum(0.5, 0.2, 0.1, activation=own, samples_per_input=2.5)
    theirs = KernelSpectrum(0.5, 0.2, 0.1, activation="tanh", samples_per_input=2.5)
    assert mine.lambda_min == pytest.approx(theirs.lambda_min, rel=1e-9)


def test_notebooks_show_it():
    law = KernelSpectrum(2.0, readout=0.3, activation="relu", samples_per_input=5.0, scale=2.0)
    page = law._repr_html_()
    assert "unstable" in page
    assert "svg" in page


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"sigma2": 1e-30}, "within a factor"),
        ({"rho": 1e40}, "within a factor"),
        ({"scale": 1e200}, "scale must lie between"),
        ({"scale": 1e-100}, "scale must lie between"),
        ({"input_variance": 1e-100}, "input_variance must lie between"),
        ({"rho": 1e-200, "sigma2": 1e-200}, "rho must lie between"),
        ({"activation": cd.activation("nothing", lambda z: 0 * z)}, "must not be constant"),
        ({"activation": cd.activation("far away", lambda z: jnp.maximum(z - 60, 0))}, "must not be constant"),
    ],
    ids=range(8),
)
def test_what_doubles_do_not_resolve_is_refused(more: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        KernelSpectrum(0.5, 0.3, 0.1, **{"activation": "tanh", "samples_per_input": 2.5, **more})


def test_small_students_of_any_scale_are_linear_ones() -> None:
    # In units of the scales a tanh student of vanishing drives is a linear one, down to the smallest that is taken.
    def lowest(activation: str, scale: float) -> float:
        law = KernelSpectrum(0.5, 0.3, 0.1, activation=activation, samples_per_input=2.5, scale=scale)
        return law.lambda_min / scale**2

    expected = lowest("linear", 1.0)
    for scale in (1e-5, 1e-20, 1e-40):
        assert lowest("tanh", scale) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("seed", [-1, 1.5, "a", None, True, np.nan])
def test_seeds_are_whole_numbers_or_generators(seed: Any) -> None:
    law = Spectrum(0.5, 0.3)
    for call in (
        lambda: KernelSpectrum(0.5, 0.3, activation="tanh", samples_per_input=2.0).sample(5, seed=seed),
        lambda: law.sample(5, seed=seed),
        lambda: stability_probability(law, 5, samples=2, seed=seed),
        lambda: finite_size_scaling(law, (4, 5), samples=2, seed=seed),
        lambda: MultiOutputSpectrum(0.5, singular_values=[1.0, 2.0]).sample(5, seed=seed),
    ):
        with pytest.raises(InputError, match="seed must be"):
            call()
    rng = np.random.default_rng(3)
    np.testing.assert_array_equal(law.sample(5, seed=rng), law.sample(5, seed=3))
