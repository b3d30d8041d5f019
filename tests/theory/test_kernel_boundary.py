"""Boundaries and diagrams of nonlinear students."""

import numpy as np
import pytest
from scipy.optimize import brentq

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


STUDENTS_OF_40 = [
    {"readout": 0.1, "activation": "tanh", "scale": 3.0},
    {"hidden": 0.3, "activation": "relu"},
]


@pytest.mark.parametrize("given", STUDENTS_OF_40, ids=str)
def test_the_ratio_of_finite_size_is_where_the_median_of_its_law_is_lost(given):
    """One setting at a time through `KernelSpectrum`, by another root finder."""
    found = critical_ratio(**given, samples_per_input=2.5, n_inputs=40)

    def median(ratio):
        return KernelSpectrum(ratio, **given, samples_per_input=2.5, n_inputs=40).lambda_min

    assert found == pytest.approx(brentq(median, 0.8 * found, 1.25 * found), rel=1e-6)
    one = given.get("readout", given.get("hidden"))
    graded = {name: {-1: one, 1: 1 - one} if value == one else value for name, value in given.items()}
    assert critical_ratio(**graded, samples_per_input=2.5, n_inputs=40) == pytest.approx(found, rel=1e-9)


@pytest.mark.parametrize("given", STUDENTS_OF_40, ids=str)
def test_the_ratio_of_finite_size_is_nearer_to_sampled_kernels(given):
    """Where medians of 41 kernels of 40 inputs change sign, by a line through them: known to about 2 %."""
    found = critical_ratio(**given, samples_per_input=2.5, n_inputs=40)
    ratios = 40 / np.round(40 / (found * np.array([0.8, 0.9, 1.0, 1.1, 1.2, 1.3])))
    laws = [KernelSpectrum(ratio, **given, samples_per_input=2.5) for ratio in ratios]
    medians = [np.median(law.sample(40, seed, samples=41)[:, 0]) for seed, law in enumerate(laws)]
    slope, offset = np.polyfit(np.log(ratios), medians, 1)
    measured = np.exp(-offset / slope)
    assert slope < 0
    limit = critical_ratio(**given, samples_per_input=2.5)
    assert measured == pytest.approx(found, rel=0.1)
    assert abs(np.log(measured / found)) < abs(np.log(measured / limit))


def test_large_students_lose_stability_where_the_limit_does():
    """Edges approach theirs as M^(−2/3): a hundredfold size is 22 times nearer."""
    fractions = [0.05, 0.1, 0.2]
    limit = critical_ratio(readout=fractions, activation="tanh", samples_per_input=2.5)
    off = [
        np.abs(critical_ratio(readout=fractions, activation="tanh", samples_per_input=2.5, n_inputs=size) / limit - 1)
        for size in (10_000, 1_000_000)
    ]
    assert off[0].max() < 0.01
    assert (off[1] < 0.1 * off[0]).all()


def test_without_flips_no_finite_student_is_unstable():
    found = critical_ratio(hidden=[0.0, 0.3], activation="tanh", samples_per_input=2.5, n_inputs=40)
    assert found[0] == np.inf
    assert 0.1 < found[1] < 1


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"hidden": 0.3, "n_inputs": 40}, "n_inputs belongs to nonlinear students"),
        ({"hidden": 0.3, "n_inputs": 40, "samples_per_input": 0.5}, "n_inputs belongs to nonlinear students"),
        ({"hidden": 0.3, "n_inputs": 1, "activation": "tanh", "samples_per_input": 2.5}, "n_inputs must be a whole"),
        (
            {"readout": 0.6, "n_inputs": 40, "activation": "relu", "samples_per_input": 2.5},
            "stability is lost below a ratio of 0.01, where corrections of finite size",
        ),
    ],
)
def test_finite_size_refuses(given, sentence):
    with pytest.raises(InputError, match=sentence):
        critical_ratio(**given)
