"""Joint, graded and scaled boundaries against brute force and against the sign of λ_min."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from curldescent.foundation.errors import InputError
from curldescent.theory import (
    Spectrum,
    critical_fraction,
    critical_ratio,
    lambda_min,
    phase_diagram,
    stable_ratios,
)

from .conftest import as_mapping, direct_x

fractions = st.floats(0.0, 1.0)


def lambda_min_by_scan(ratio, hidden, readout, rho=1.0, sigma2=1.0):
    """The largest x(y) over a fine scan of admissible y, from the definition."""
    hidden, readout = as_mapping(hidden), as_mapping(readout)
    lowest = rho * min(hidden)
    reach = 50 * (rho + sigma2 + sigma2 / ratio)
    delta = np.geomspace(1e-9 * reach, reach, 400_000)
    y = lowest - delta
    g = sum(w / (y - rho * d) for d, w in hidden.items())
    admissible = np.all([1 - sigma2 * d * g > 0 for d in readout], axis=0)
    return direct_x(y[admissible], ratio, hidden, readout, rho, sigma2).max()


CASES = [
    (0.3, 0.4, 0.0, 1.0, 1.0),
    (0.2, 0.0, 0.3, 1.0, 1.0),
    (1.0, 0.2, 0.3, 1.0, 1.0),
    (5.0, 0.6, 0.1, 0.5, 2.0),
    (0.05, 0.9, 0.45, 3.0, 1.0),
    (30.0, 0.5, 1.0, 1.0, 1.0),
    (4.0, 0.0, 0.0, 1.0, 1.0),
    (0.7, {1: 0.5, 0.3: 0.3, -0.5: 0.2}, {1: 0.6, 0: 0.1, -0.7: 0.3}, 1.0, 1.0),
    (3.0, {2: 0.5, 0.1: 0.5}, {1: 0.9, -0.2: 0.1}, 0.7, 1.4),
]


@pytest.mark.parametrize(("ratio", "hidden", "readout", "rho", "sigma2"), CASES)
def test_lambda_min_is_the_largest_x_of_y(ratio, hidden, readout, rho, sigma2):
    ours = Spectrum(ratio, hidden, readout, rho, sigma2).lambda_min
    # Neighbouring scan points are 6e-5 apart in log y, and x is stationary at its maximum.
    assert ours == pytest.approx(lambda_min_by_scan(ratio, hidden, readout, rho, sigma2), abs=1e-6)


@given(exponent=st.floats(-4, 4), hidden=fractions, readout=fractions, scale=st.floats(-2, 2))
def test_array_and_object_agree(exponent, hidden, readout, scale):
    ratio, rho = 10.0**exponent, 10.0**scale
    law = Spectrum(ratio, hidden, readout, rho)
    size = rho + 1 + 1 / ratio
    assert lambda_min(ratio, hidden, readout, rho=rho) == pytest.approx(law.lambda_min, abs=1e-11 * size)


def test_lambda_min_falls_with_either_fraction():
    alpha = np.linspace(0, 1, 101)
    for ratio in (0.03, 0.3, 3.0):
        surface = lambda_min(ratio, alpha[:, None], alpha)
        assert np.all(np.diff(surface, axis=0) <= 1e-12)
        assert np.all(np.diff(surface, axis=1) <= 1e-12)


@given(hidden=fractions, readout=st.floats(0.0, 0.499), scale=st.floats(-1, 1))
def test_lambda_min_changes_sign_at_the_critical_ratio(hidden, readout, scale):
    rho = 10.0**scale
    for low, high in stable_ratios(hidden, readout, rho=rho):
        for inside, outside in ((low * (1 + 1e-6), low * (1 - 1e-6)), (high * (1 - 1e-6), high * (1 + 1e-6))):
            if 0 < inside < np.inf:
                assert lambda_min(inside, hidden, readout, rho=rho) > 0
                assert lambda_min(outside, hidden, readout, rho=rho) < 0


def test_joint_surface_against_root_finding_on_the_definition():
    for hidden, readout in [(0.1, 0.1), (0.5, 0.2), (1.0, 0.05), (0.02, 0.4), (0.8, 0.45)]:

        def crossing(log_c, hidden=hidden, readout=readout):
            return lambda_min_by_scan(np.exp(log_c), hidden, readout)

        c = np.exp(brentq(crossing, np.log(1e-4), np.log(0.7), xtol=1e-8))
        assert critical_ratio(hidden=hidden, readout=readout) == pytest.approx(c, rel=1e-6)


def test_joint_surface_continues_each_layer_alone():
    alpha = np.linspace(0.05, 1, 20)
    np.testing.assert_allclose(critical_ratio(hidden=alpha, readout=1e-13), critical_ratio(hidden=alpha), rtol=1e-6)
    np.testing.assert_allclose(critical_ratio(hidden=alpha, readout=0.0), critical_ratio(hidden=alpha), rtol=1e-14)
    readout = np.linspace(0.05, 0.45, 9)
    np.testing.assert_allclose(critical_ratio(hidden=0.0, readout=readout), critical_ratio(readout=readout), rtol=1e-14)
    assert critical_ratio(hidden=0.0, readout=0.0) == np.inf


def test_only_the_ratio_of_scales_matters():
    ours = critical_ratio(hidden=[0.2, 0.9], rho=1 / 3, sigma2=1 / 3)
    np.testing.assert_allclose(ours, critical_ratio(hidden=[0.2, 0.9]), rtol=1e-14)
    a = critical_ratio(hidden=0.3, readout=0.2, rho=2.0, sigma2=4.0)
    assert a == pytest.approx(critical_ratio(hidden=0.3, readout=0.2, rho=0.5, sigma2=1.0), rel=1e-13)


def test_mapping_of_signs_is_a_fraction():
    assert critical_ratio(hidden={1: 0.8, -1: 0.2}, readout=0.2) == pytest.approx(
        critical_ratio(hidden=0.2, readout=0.2), rel=1e-12
    )


def test_instability_confined_to_a_window():
    """Readout strengths of −0.5 cannot outweigh ρ D1 = 1 where hidden neurons are few: K ≥ 1 − 0.5 there."""
    (zero, first), (second, infinity) = stable_ratios(readout={1: 0.6, -0.5: 0.4})
    assert (zero, infinity) == (0.0, np.inf)
    assert critical_ratio(readout={1: 0.6, -0.5: 0.4}) == first
    window = np.geomspace(first * 1.001, second * 0.999, 30)
    assert all(not Spectrum(c, 0.0, {1: 0.6, -0.5: 0.4}).stable for c in window)
    assert all(Spectrum(c, 0.0, {1: 0.6, -0.5: 0.4}).stable for c in (first / 2, second * 2, 1e4))


def test_frozen_layers():
    assert stable_ratios(hidden={1: 0.5, 0: 0.5}) == [(0.0, 2.0)]  # half the inputs frozen: W1ᵀW1 must cover them
    assert stable_ratios(readout={0: 1.0}) == [(0.0, np.inf)]  # K = ρ
    assert stable_ratios(hidden=0.1, readout={0: 1.0}) == []
    assert stable_ratios(readout=0.7) == []


@pytest.mark.parametrize("layer", ["hidden", "readout"])
def test_critical_fraction_with_the_other_layer_held(layer):
    other = {"hidden": "readout", "readout": "hidden"}[layer]
    ratio = np.array([0.15, 0.18, 0.22])
    alpha = critical_fraction(ratio, layer, other=0.15)
    inside = (alpha > 0) & (alpha < 1)
    assert inside.sum() >= 2
    back = critical_ratio(**{layer: alpha[inside], other: 0.15})
    np.testing.assert_allclose(back, ratio[inside], rtol=1e-10)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: critical_ratio(), "needs hidden=…, readout=… or both, got neither"),
        (lambda: critical_ratio(hidden=1.5), "hidden must be a fraction between 0 and 1, got 1.5"),
        (lambda: critical_ratio(readout=[0.1, -0.2]), "readout must be a fraction between 0 and 1, got -0.2"),
        (lambda: critical_ratio(hidden=[0.1, 0.2], readout=[0.1, 0.2, 0.3]), "shapes that broadcast"),
        (lambda: critical_ratio(hidden={1: 0.5}, readout=0.1), "probabilities of hidden must sum to 1, got 0.5"),
        (lambda: critical_ratio(hidden={1: 1.0}, readout=[0.1, 0.2]), "readout must be one fraction"),
        (lambda: critical_ratio(hidden="half"), "hidden must be a real numeric array"),
        (lambda: critical_ratio(hidden=0.5, rho=0), "rho must be a positive number, got 0"),
        (lambda: critical_fraction(0.0, "hidden"), "ratio must be positive, got 0"),
        (lambda: critical_fraction(np.nan, "hidden"), "ratio must be finite"),
        (lambda: critical_fraction(0.5, "readuot"), "did you mean 'readout'"),
        (lambda: critical_fraction(0.5, "hidden", other=2.0), "other must be a fraction between 0 and 1, got 2"),
        (lambda: stable_ratios(hidden=np.array([0.1, 0.2])), "hidden must be a fraction between 0 and 1 or a mapping"),
        (lambda: lambda_min(-1.0), "ratio must be positive, got -1"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()


def test_what_linear_students_do_not_depend_on_is_refused_and_not_ignored() -> None:
    for value, told in ((2.0, "belongs to nonlinear students"), (-1.0, "positive")):
        for call in (
            lambda value: critical_ratio(hidden=0.2, input_variance=value),
            lambda value: critical_fraction(0.5, "readout", input_variance=value),
            lambda value: phase_diagram("readout", resolution=3, quantity="lambda_min", input_variance=value),
        ):
            with pytest.raises(InputError, match=told):
                call(value)
    assert critical_ratio(hidden=0.2, input_variance=0.5) == critical_ratio(hidden=0.2)
