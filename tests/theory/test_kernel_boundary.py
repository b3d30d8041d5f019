"""Boundaries and diagrams of nonlinear students."""

import numpy as np
import pytest

from curldescent.foundation.errors import InputError
from curldescent.theory import KernelSpectrum, critical_fraction, critical_ratio, phase_diagram


def kind(activation="tanh", samples=2.5, scale=1.0):
    return {"activation": activation, "samples_per_input": samples, "scale": scale}


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
@pytest.mark.parametrize("flips", [{"hidden": 0.3}, {"readout": 0.1}, {"hidden": 0.1, "readout": 0.1}], ids=str)
def test_lambda_min_changes_sign_at_the_critical_ratio(activation, flips):
    c = critical_ratio(**flips, **kind(activation))
    assert KernelSpectrum(c * 0.999, **flips, **kind(activation)).lambda_min > 0
    assert KernelSpectrum(c * 1.001, **flips, **kind(activation)).lambda_min < 0


def test_sampled_kernels_lose_stability_there():
    """Medians of 5 at M = 60, 30 % to either side of c*; P·G/M with its finite-size shift taken off."""
    for flips in ({"hidden": 0.5}, {"readout": 0.2}):
        c = critical_ratio(**flips, **kind("erf", 1.5, 3.0))
        for side, sign in ((0.7, 1), (1.3, -1)):
            law = KernelSpectrum(c * side, **flips, **kind("erf", 1.5, 3.0))
            finite = KernelSpectrum(c * side, **flips, **kind("erf", 1.5, 3.0), n_inputs=60)
            lowest = np.median(law.sample(60, seed=8, samples=5)[:, 0])
            assert np.sign(lowest - (finite.lambda_min - law.lambda_min)) == sign


def test_a_fraction_and_its_mapping_agree():
    assert critical_ratio(readout=0.1, **kind()) == pytest.approx(
        critical_ratio(readout={-1: 0.1, 1: 0.9}, **kind()), rel=1e-7
    )


def test_critical_fraction_inverts_critical_ratio():
    c = critical_ratio(readout=[0.05, 0.2], **kind("relu"))
    assert critical_fraction(c, "readout", **kind("relu")) == pytest.approx(np.array([0.05, 0.2]), rel=1e-4)


def test_weak_nonlinearity_has_a_boundary_of_its_own():
    """With P > M the directions that a linear student cannot see decide first, however small their eigenvalues."""
    weak = critical_ratio(readout=0.2, **kind("tanh", 2.5, 0.01))
    assert weak == pytest.approx(critical_ratio(readout=0.2, **kind("sigmoid", 2.5, 0.01)), rel=1e-3)
    assert weak < 0.5 * critical_ratio(readout=0.2)
    # With no more samples than inputs there are no such directions, and the linear boundary returns.
    few = critical_ratio(readout=0.2, **kind("tanh", 0.5, 0.01))
    assert few == pytest.approx(critical_ratio(readout=0.2, activation="linear", samples_per_input=0.5), rel=1e-3)


def test_linear_students_keep_their_boundary():
    assert critical_ratio(hidden=1.0, samples_per_input=2.0) == 0.25
    few = critical_ratio(hidden=1.0, activation="linear", samples_per_input=0.5)
    assert few > 0.25


def test_ends():
    assert critical_ratio(readout=[0.0, 0.5, 0.7], **kind("relu")) == pytest.approx([np.inf, 0, 0])
    # Half of the readout flipped and more: no outlier without a mean, but the bulk is negative all the same.
    assert critical_ratio(readout=0.5, **kind("erf")) == 0
    near, at = critical_ratio(hidden=[1e-9, 0.0], **kind())
    assert at == pytest.approx(near, rel=1e-3)


@pytest.mark.parametrize("plane", ["hidden", "readout"])
def test_diagrams_hold_their_boundary(plane):
    diagram = phase_diagram(plane, resolution=6, **kind("relu"))
    assert diagram.dims == ("fraction", "ratio")
    inside = diagram.ratio.values < diagram.critical_ratio.values[:, None]
    assert diagram.values[inside].all()
    assert diagram.attrs["activation"] == "relu"
    values = phase_diagram(plane, resolution=6, quantity="lambda_min", **kind("relu"))
    assert ((values > 0) == diagram).values[1:].all()


def test_joint_diagram():
    diagram = phase_diagram("joint", resolution=7, ratio=0.2, quantity="lambda_min", **kind())
    one = KernelSpectrum(0.2, diagram.hidden_fraction.values[2], diagram.readout_fraction.values[1], **kind())
    assert diagram.values[2, 1] == pytest.approx(one.lambda_min, rel=1e-9)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"activation": "tanh"}, "samples_per_input must be given"),
        ({"scale": 2.0}, "scale belongs to nonlinear students"),
        ({"activation": "tanh", "samples_per_input": 0.0}, "samples_per_input must be a positive number"),
    ],
    ids=["no samples", "scale of linear", "zero samples"],
)
def test_bad_input(given, message):
    for call in (lambda: critical_ratio(0.1, **given), lambda: phase_diagram("hidden", resolution=3, **given)):
        with pytest.raises(InputError, match=message):
            call()
