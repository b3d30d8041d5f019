"""Verdicts as pictures: the numbers that they rest on, in the colours of what they mean."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

import curldescent as cd
from curldescent import paper
from curldescent.foundation.errors import InputError
from curldescent.plots import style
from tests.plots.pictures import faults

mpl.use("agg")
PROBLEM = cd.student_teacher(n_inputs=6, n_hidden=8, n_train=40, trials=2, seed=0)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def points(figure):
    """Colour → (x, y) of the points."""
    found = {}
    for container in figure.axes[0].containers:
        line = container.lines[0]
        found[line.get_color()] = np.stack([line.get_xdata(), line.get_ydata()], axis=1)
    return found


@pytest.mark.parametrize("readout", [0.0, 0.8])
def test_a_stability_shows_its_eigenvalues_by_sign(readout):
    rule = cd.Plasticity(readout=readout)
    found = cd.analysis.stability(PROBLEM.starting_at_teacher(), rule, trial=0)
    figure = cd.plots.verdict(found)
    shown = points(figure)
    assert (style.UNSTABLE in shown) == (found.verdict == "unstable") == (readout > 0)
    drawn = np.concatenate(list(shown.values()))
    np.testing.assert_allclose(np.sort(drawn[:, 1]), found.eigenvalues)
    assert len(shown.get(style.UNSTABLE, ())) == found.n_unstable
    assert figure.axes[0].get_title(loc="left").startswith(found.verdict)
    assert faults(figure) == []


def test_the_law_of_a_network_shows_zero_modes_apart():
    rng = np.random.default_rng(0)
    # Fewer hidden neurons than inputs: K has zero modes where W2 is zero.
    found = cd.theory.linear_stability(rng.normal(size=(2, 5)), np.zeros((1, 2)))
    shown = points(cd.plots.verdict(found))
    negative, zero, positive = found.inertia
    counts = [len(shown.get(colour, ())) for colour in (style.UNSTABLE, "0.55", style.STABLE)]
    assert counts == [negative, zero, positive]
    assert zero > 0


def test_a_jacobians_spectrum_is_drawn_in_its_plane():
    found = cd.analysis.jacobian_spectrum(PROBLEM, cd.Plasticity(readout=0.5), trial=0)
    figure = cd.plots.verdict(found)
    drawn = np.concatenate(list(points(figure).values()))
    np.testing.assert_allclose(
        sorted(map(tuple, drawn)), sorted((value.real, value.imag) for value in found.eigenvalues)
    )
    assert faults(figure) == []


def test_a_regime_shows_its_windows():
    found = cd.analysis.regime(PROBLEM, cd.Plasticity(), time=200.0, refine=None)
    figure = cd.plots.verdict(found)
    container = figure.axes[0].containers[0]
    np.testing.assert_allclose(container.lines[0].get_ydata(), found.exponents)
    assert figure.axes[0].get_title(loc="left") == found.label


def test_a_figures_verdict_is_a_square_a_claim(tmp_path):
    found = paper.reproduce("fig2", tmp_path, scale="quick")
    for given in (found, [found, found]):
        figure = cd.plots.verdict(given)
        count = len(found.verdicts) * (1 if given is found else 2)
        assert len(figure.axes[0].patches) == count
        assert faults(figure) == []


@pytest.mark.parametrize("wrong", [3, "stable", [], [3], None])
def test_what_is_no_verdict_is_refused(wrong):
    with pytest.raises(InputError, match="found must be a verdict"):
        cd.plots.verdict(wrong)


def test_a_flow_is_drawn_over_time():
    history = cd.flow(PROBLEM, cd.Plasticity(), time=2.0, record=5)
    figure = cd.plots.learning_curves(history)
    assert [axis.get_xlabel() for axis in figure.axes] == ["time (total step)"] * 2
    median = figure.axes[0].lines[-1]
    np.testing.assert_allclose(median.get_xdata(), history.time[1:])
    np.testing.assert_allclose(median.get_ydata(), history.train_error.median("trial")[1:])
