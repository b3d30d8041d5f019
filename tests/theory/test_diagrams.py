"""Labelled phase diagrams agree with the law point by point."""

import numpy as np
import pytest

from curldescent.foundation.errors import InputError
from curldescent.theory import Spectrum, critical_fraction, critical_ratio, phase_diagram


@pytest.mark.parametrize("plane", ["hidden", "readout"])
def test_single_layer_diagram(plane):
    diagram = phase_diagram(plane, resolution=23)
    assert diagram.dims == ("fraction", "ratio")
    assert diagram.shape == (23, 23)
    assert diagram.dtype == bool
    np.testing.assert_array_equal(diagram.critical_ratio, critical_ratio(**{plane: diagram.fraction.values}))
    for alpha in diagram.fraction.values[1:]:
        for ratio in diagram.ratio.values[::4]:
            assert bool(diagram.sel(fraction=alpha, ratio=ratio)) == Spectrum(ratio, **{plane: alpha}).stable
    assert 0 < diagram.mean() < 1


def test_joint_diagram():
    diagram = phase_diagram("joint", resolution=17, ratio=0.2)
    lowest = phase_diagram("joint", resolution=17, ratio=0.2, quantity="lambda_min")
    assert diagram.dims == ("hidden_fraction", "readout_fraction")
    for hidden in diagram.hidden_fraction.values:
        for readout in diagram.readout_fraction.values[::3]:
            law = Spectrum(0.2, hidden, readout)
            where = {"hidden_fraction": hidden, "readout_fraction": readout}
            assert bool(diagram.sel(where)) == law.stable
            assert float(lowest.sel(where)) == pytest.approx(law.lambda_min, abs=1e-10)
    expected = critical_fraction(0.2, "readout", other=diagram.hidden_fraction.values)
    np.testing.assert_array_equal(diagram.critical_fraction, expected)
    inside = diagram.readout_fraction.values < expected[:, None]
    np.testing.assert_array_equal(diagram.values[1:, 1:], inside[1:, 1:])


def test_lambda_min_changes_sign_on_the_boundary():
    diagram = phase_diagram("readout", resolution=21, quantity="lambda_min", ratios=[0.01, 0.1, 1.0])
    stable = phase_diagram("readout", resolution=21, ratios=[0.01, 0.1, 1.0])
    np.testing.assert_array_equal(diagram.values > 0, stable.values)


def test_other_scales_know_of_the_second_stable_region():
    diagram = phase_diagram("readout", resolution=9, rho=2.0, ratios=np.geomspace(0.01, 1e3, 30))
    for alpha in diagram.fraction.values:
        for ratio in diagram.ratio.values[::5]:
            assert bool(diagram.sel(fraction=alpha, ratio=ratio)) == Spectrum(ratio, readout=alpha, rho=2.0).stable
    along = diagram.sel(fraction=0.375).values
    assert along[0]
    assert along[-1]
    assert not along.all()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: phase_diagram("hiden"), "did you mean 'hidden'"),
        (lambda: phase_diagram("joint"), "a joint diagram needs ratio"),
        (lambda: phase_diagram("hidden", ratio=0.5), "ratio belongs to a joint diagram"),
        (lambda: phase_diagram("hidden", resolution=1), "resolution must be a whole number at least 2, got 1"),
        (lambda: phase_diagram("hidden", ratios=[0.0, 1.0]), "ratios must be positive, got 0"),
        (lambda: phase_diagram("hidden", fractions=[-0.5, 1.0]), "hidden must be a fraction between 0 and 1, got -0.5"),
        (lambda: phase_diagram("hidden", quantity="lambda"), "did you mean 'lambda_min'"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()


@pytest.mark.parametrize("rho", [0.25, 1.0, 2.0, 7.0])
@pytest.mark.parametrize("sigma2", [1.0, 3.0])
def test_fraction_zero_of_a_hidden_diagram_is_the_limit(rho, sigma2):
    """2σ²/(2ρ + σ²), of docs/theory.md, and what the law says at a fraction of 1e-9; for ρ above σ² and all ratios."""
    limit = 2 * sigma2 / (2 * rho + sigma2)
    ratios = [0.5 * limit, 0.99 * limit, 1.01 * limit, 10.0, 100.0]
    fractions = [0.0, 1e-9, 0.3, 1.0]
    diagram = phase_diagram("hidden", ratios=ratios, fractions=fractions, rho=rho, sigma2=sigma2)
    assert diagram.values[0].tolist() == [True, True, False, False, False]
    for alpha in fractions[1:]:
        for ratio in ratios:
            law = Spectrum(ratio, alpha, rho=rho, sigma2=sigma2)
            assert bool(diagram.sel(fraction=alpha, ratio=ratio)) == law.stable
    # Readout diagrams begin with all stable at 0, and know of networks that are stable again at large ratios.
    readout = phase_diagram("readout", ratios=ratios, fractions=[0.0, 0.1, 0.5], rho=rho, sigma2=sigma2)
    assert readout.values[0].all()
    for alpha in (0.1, 0.5):
        for ratio in ratios:
            law = Spectrum(ratio, readout=alpha, rho=rho, sigma2=sigma2)
            assert bool(readout.sel(fraction=alpha, ratio=ratio)) == law.stable
