"""Pictures of the theory show the numbers they claim to show."""

import doctest

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from curldescent.foundation.errors import InputError
from curldescent.plots import finite_sizes as draw_finite
from curldescent.plots import theory as draw
from curldescent.theory import Spectrum, critical_ratio, finite_size_scaling, phase_diagram

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_phase_diagrams_draw_the_boundary():
    figure = draw.phase_diagrams([phase_diagram("hidden", resolution=30), phase_diagram("readout", resolution=30)])
    for axis, layer in zip(figure.axes, ("hidden", "readout"), strict=True):
        line = axis.lines[0]
        np.testing.assert_allclose(line.get_xdata(), critical_ratio(**{layer: line.get_ydata()}))
        assert {text.get_text() for text in axis.texts} - {"a", "b"} == {"stable", "unstable"}
        assert axis.get_xscale() == "log"


def test_second_stable_region_has_its_boundary_drawn():
    axis = draw.phase_diagrams(
        [phase_diagram("readout", resolution=40, rho=1.3, ratios=np.geomspace(0.01, 1e3, 60))]
    ).axes[0]
    outline = np.concatenate([path.vertices for path in axis.collections[-1].get_paths()])
    assert outline[:, 0].max() > 10  # the upper boundary, far beyond the first loss of stability


def test_nonlinear_students_have_a_boundary_of_their_own():
    student = {"activation": "tanh", "samples_per_input": 2.5, "scale": 2.0}
    diagram = phase_diagram("readout", resolution=60, ratios=np.geomspace(0.01, 10, 120), **student)
    axis = draw.phase_diagrams([diagram]).axes[0]
    outline = np.concatenate([path.vertices for path in axis.collections[-1].get_paths()])
    middle = outline[(outline[:, 1] > 0.05) & (outline[:, 1] < 0.2)]
    assert len(middle) > 3
    expected = critical_ratio(readout=middle[:, 1], **student)
    np.testing.assert_allclose(middle[:, 0], expected, rtol=0.15)
    # The linear students' boundary would not do.
    assert (critical_ratio(readout=middle[:, 1]) > 1.5 * expected).all()


def test_a_diagram_without_a_boundary_has_none():
    student = {"activation": "tanh", "samples_per_input": 2.5}
    diagram = phase_diagram("readout", ratios=[0.01, 0.02], fractions=[0.0, 1e-3], **student)
    assert diagram.values.all()
    assert len(draw.phase_diagrams([diagram]).axes[0].collections) == 1


def test_region_names_stand_in_their_region():
    for diagram in (phase_diagram("hidden", resolution=40), phase_diagram("readout", resolution=40)):
        axis = draw.phase_diagrams([diagram]).axes[0]
        for text in axis.texts:
            x, y = text.get_position()
            rows, columns = diagram.shape
            assert bool(diagram.values[int(y * rows), int(x * columns)]) == (text.get_text() == "stable")


def test_lambda_min_map_is_white_at_zero():
    figure = draw.lambda_min_map(phase_diagram("joint", resolution=25, ratio=0.2, quantity="lambda_min"))
    image = figure.axes[0].collections[0]
    assert image.norm.vcenter == 0
    np.testing.assert_allclose(image.cmap(image.norm(0.0))[:3], (0.97, 0.97, 0.97), atol=0.01)
    # The vertical axis is the readout's fraction: more flips there, lower values.
    values = image.get_array().reshape(25, 25)
    assert np.all(np.diff(values[:, 3]) < 0)
    fixed = draw.lambda_min_map(phase_diagram("hidden", resolution=10, quantity="lambda_min"), limit=2.0)
    assert fixed.axes[0].collections[0].norm.vmax == 2.0


def test_joint_boundaries_end_on_the_hidden_boundary():
    axis = draw.joint_boundaries([0.3, 0.1], resolution=200).axes[0]
    for line, ratio in zip(axis.lines, (0.1, 0.3), strict=True):
        assert line.get_label() == f"$c$ = {ratio:g}"
    last = axis.lines[1].get_xdata()[-1]
    assert critical_ratio(hidden=last) == pytest.approx(0.3, abs=2e-3)


def test_finite_size_pictures():
    scaling = finite_size_scaling(Spectrum(0.5, readout=0.3), (10, 30), samples=20)
    left, right = draw_finite.finite_size(scaling).axes
    np.testing.assert_allclose(left.lines[0].get_ydata(), scaling.limits)
    np.testing.assert_allclose(right.lines[0].get_ydata(), scaling.spread)
    axis = draw_finite.stability_probabilities(
        [0.2, 0.4], [[1.0, 0.1]], [[[0.9, 1.0], [0.0, 0.3]]], [20], boundary=0.3, title="t"
    ).axes[0]
    assert axis.lines[0].get_ydata().tolist() == [1.0, 0.1]


@pytest.mark.parametrize("module", [draw, draw_finite])
def test_examples_in_docstrings_run(module):
    failed, attempted = doctest.testmod(module)
    assert failed == 0
    assert attempted > 0


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: draw.phase_diagrams([]), "needs one or more diagrams with quantity 'stable'"),
        (
            lambda: draw.lambda_min_map(phase_diagram("hidden", resolution=5)),
            "needs a diagram with quantity 'lambda_min'",
        ),
        (lambda: draw.joint_boundaries(np.linspace(0.1, 1, 8)), "ratios must hold at most seven values"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()
