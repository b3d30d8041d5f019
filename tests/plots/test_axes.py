"""All of cd.plots: into axes of one's own or a new figure, letters where there are several, and a figure returned."""

import inspect

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

import curldescent as cd
from curldescent import plots
from curldescent.foundation.errors import InputError
from curldescent.plots import panels, style
from curldescent.plots.chaos import TITLES
from curldescent.theory import FiniteSizeScaling, Spectrum, phase_diagram
from tests.plots.pictures import faults, fonts

mpl.use("agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def history(*names):
    rng = np.random.default_rng(0)
    error = ("rule", "trial", "epoch"), rng.uniform(0.01, 1, (2, 3, 6)) * 10.0 ** -np.arange(6)
    return xr.Dataset(dict.fromkeys(names, error), coords={"epoch": 10 ** np.arange(6), "rule": ["GD", "CD"]})


def ratio_map():
    coords = {"ratio": [0.1, 1, 10], "hidden": [0, 0.5, 1], "trial": [0, 1]}
    return xr.DataArray(np.geomspace(1e-15, 1, 18).reshape(3, 3, 2), coords=coords, name="final_test_error")


def cells():
    found = {"label": "chaotic", "late": [0.01, 0.005, 0.015], "q": 0.1}
    return [{"ratio": 0.5, "fraction": 0.5, "trial": t, **dict.fromkeys(TITLES, found)} for t in range(2)]


def scaling():
    rng = np.random.default_rng(0)
    sizes = np.array([10, 30, 100])
    return FiniteSizeScaling(
        sizes=sizes,
        lambda_min=-1 + rng.normal(size=(3, 20)) / sizes[:, None],
        limits=np.full(3, -1.0),
        spread=1 / sizes,
        exponent=-1.0,
        exponent_error=0.1,
    )


def exponents():
    times = np.arange(1.0, 6)
    trace = np.stack([0.02 + 0 * times, 0.01 - 0.001 * times], axis=1)
    return {"chaotic": {"times": times, "trace": trace, "low": [0.01, 0.0], "high": [0.03, 0.01]}}


# name → how to call it, how many panels it has. A new public function without an entry fails the next test.
CALLS = {
    "learning_curves": (lambda **o: plots.learning_curves(history("train_error", "test_error"), **o), 2),
    "error_map": (lambda **o: plots.error_map(ratio_map(), **o), 1),
    "sweep": (lambda **o: plots.sweep(ratio_map().isel(hidden=0, drop=True), **o), 1),
    "phase_diagrams": (lambda **o: plots.phase_diagrams([phase_diagram("hidden", resolution=20)] * 2, **o), 2),
    "lambda_min_map": (
        lambda **o: plots.lambda_min_map(phase_diagram("joint", resolution=10, ratio=0.3, quantity="lambda_min"), **o),
        1,
    ),
    "joint_boundaries": (lambda **o: plots.joint_boundaries([0.05, 0.2], resolution=30, **o), 1),
    "spectrum": (lambda **o: plots.spectrum(Spectrum(0.5, hidden=0.3), np.linspace(0, 1, 9), **o), 1),
    "finite_size": (lambda **o: plots.finite_size(scaling(), **o), 2),
    "stability_probabilities": (
        lambda **o: plots.stability_probabilities(
            [0.2, 0.4], [[1, 0.1]], [[[0.9, 1], [0, 0.3]]], [20], boundary=0.3, title="half", **o
        ),
        1,
    ),
    "flow_fields": (lambda **o: plots.flow_fields(time=3.0, **o), 2),
    "regime_map": (lambda **o: plots.regime_map(cells(), **o), 9),
    "spectrum_trace": (lambda **o: plots.spectrum_trace(exponents(), **o), 1),
    "hebbian_curl": (lambda **o: plots.hebbian_curl(excitatory=3, inhibitory=1, **o), 1),
    "verdict": (
        lambda **o: plots.verdict(
            cd.theory.linear_stability(np.random.default_rng(0).normal(size=(6, 4)), np.ones((1, 6))), **o
        ),
        1,
    ),
}
NO_PICTURES = {"figure_style", "letter", "save"}


def test_every_picture_is_called_here():
    assert set(CALLS) == set(plots.__all__) - NO_PICTURES


@pytest.mark.parametrize("name", CALLS)
def test_a_new_figure_can_be_printed(name):
    draw, count = CALLS[name]
    figure = draw()
    assert isinstance(figure, Figure)
    assert len(panels.of(figure)) == count
    assert faults(figure) == []
    if name == "spectrum":
        assert fonts(figure) == {"Type0", "CIDFontType2"}  # TrueType


@pytest.mark.parametrize("name", CALLS)
def test_axes_of_ones_own_are_drawn_into(name):
    draw, count = CALLS[name]
    mine = plt.figure(figsize=(14, 8), layout="constrained")
    part, _ = mine.subfigures(1, 2)
    axes = part.subplots(-(-count // 3), 3).ravel()
    before, others = plt.get_fignums(), axes[count:]
    keyword = "ax" if count == 1 and "ax" in inspect.signature(getattr(plots, name)).parameters else "axes"
    figure = draw(**{keyword: axes[0] if keyword == "ax" else axes[:count]})
    assert figure is mine
    assert plt.get_fignums() == before
    assert all(axis.has_data() or axis.lines for axis in axes[:count])
    assert not any(axis.has_data() or axis.lines or axis.texts for axis in others)
    # Letters are for whoever puts the figure together.
    assert panels.letters_of(figure) == []
    figure.draw_without_rendering()


@pytest.mark.parametrize("name", CALLS)
def test_what_are_no_axes_is_refused(name):
    draw, count = CALLS[name]
    one = "ax" in inspect.signature(getattr(plots, name)).parameters
    figure, axes = plt.subplots(1, count + 1)
    for wrong in ([figure], [figure, list(axes), [axes[0]] * (count + 1)])[not one]:
        with pytest.raises(InputError, match=r"^ax(es)? must "):
            draw(**{"ax" if one else "axes": wrong})


def test_letters_are_written_once_and_where_they_are_asked_for():
    figure, axes = plt.subplots(1, 2)
    panels.letter(axes, first="c")
    panels.letter(axes)
    assert panels.letters_of(figure) == ["c", "d"]
    assert panels.letter(axes[0]) == []
    with pytest.raises(InputError, match="letters from 'z' on are enough for 1 panels, got 2"):
        panels.letter(axes, first="z")


def test_notes_make_room_for_themselves_below_legends():
    with style.figure_style():
        figure, axis = plt.subplots(figsize=(style.COLUMN_INCHES, 2))
        axis.plot([0, 1], [0, 1], label="rising")
        axis.set_xlabel("x")
        figure.legend(loc="outside lower center")
        before = figure.get_size_inches()[1]
        panels.note(figure, "What is seen here, in a sentence that is longer than a line of this column can ever be.")
        between = figure.get_size_inches()[1]
        panels.note(figure, r"And $\alpha_h$ below it.")
    assert figure.get_size_inches()[1] > between > before
    assert faults(figure) == []
    first, second = (text.get_window_extent() for text in figure.texts)
    legend = figure.legends[0].get_window_extent()
    assert legend.y0 > first.y1 > first.y0 > second.y1


def wrong_pictures():
    def small(axis):
        axis.set_xlabel("small", fontsize=5)

    def cut(axis):
        axis.text(1.5, 0.5, "gone", transform=axis.transAxes)

    def plain(axis):
        axis.set_xlabel("α_h")

    def over(axis):
        axis.text(0.5, 0.5, "one")
        axis.text(0.5, 0.5, "two")

    def legend(axis):
        axis.plot([0, 1], [0, 1], label="rising")
        axis.legend(loc="center")

    return {
        "'small' has 5.0 points": small,
        "'gone' is cut off": cut,
        "'α_h' has a subscript that is no mathematics": plain,
        "'one' lies on 'two'": over,
        "the legend of '' lies on": legend,
    }


@pytest.mark.parametrize("fault", wrong_pictures())
def test_faults_are_found(fault):
    with style.figure_style():
        figure, axis = plt.subplots(figsize=(style.COLUMN_INCHES, 2))
        assert faults(figure) == []
        wrong_pictures()[fault](axis)
    assert any(said.startswith(fault) for said in faults(figure))


def test_panels_without_letters_and_odd_widths_are_found():
    with style.figure_style():
        figure, _ = plt.subplots(1, 2, figsize=(5, 2))
    assert faults(figure) == ["5.0 inches are neither a column nor a page", "2 panels have the letters []"]
