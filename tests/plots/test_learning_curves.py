import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt

import curldescent as cd
from curldescent.plots import style
from curldescent.plots.labels import mathematical
from curldescent.plots.learning_curves import draw_curves, learning_curves

mpl.use("agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_curves_are_the_data_and_their_median():
    error = xr.DataArray(
        [[9.0, 1.0, 2.0], [9.0, 3.0, np.nan], [9.0, 5.0, np.nan]], dims=("trial", "epoch"), coords={"epoch": [0, 1, 10]}
    )
    axes = plt.figure().subplots()
    draw_curves(axes, error, colour="red", label="rule")
    *trials, median = axes.get_lines()
    assert [line.get_xdata().tolist() for line in trials] == [[1, 10]] * 3
    assert median.get_ydata()[0] == 3
    assert np.isnan(median.get_ydata()[1])  # two of three have diverged: nothing is typical
    assert median.get_label() == "rule"


@pytest.mark.parametrize("rule", [cd.Plasticity(), {"GD": cd.Plasticity(), "CD": cd.Plasticity(readout=0.5)}])
def test_figures_have_labels_and_leave_the_users_settings_alone(rule, problem):
    before = dict(mpl.rcParams)
    figure = learning_curves(cd.train(problem, rule, epochs=5))
    assert [axes.get_xlabel() for axes in figure.axes] == ["epoch", "epoch"]
    assert "error" in figure.axes[0].get_ylabel()
    legend = figure.axes[0].get_legend()
    assert (legend is None) == isinstance(rule, cd.Plasticity)
    assert dict(mpl.rcParams) == before


def test_saved_figures_are_png_and_pdf(tmp_path, problem):
    figure = learning_curves(cd.train(problem, cd.Plasticity(), epochs=5))
    png, pdf = style.save(figure, tmp_path / "curves.v2")
    assert png.name == "curves.v2.png"
    assert png.read_bytes()[:4] == b"\x89PNG"
    assert pdf.read_bytes()[:4] == b"%PDF"


def test_the_axis_says_which_error_it_shows():
    rng = np.random.default_rng(0)
    table = {"x": rng.normal(size=40), "kind": np.array(["a", "b"])[rng.integers(0, 2, 40)]}
    for problem, label in (
        (cd.student_teacher(n_inputs=3, n_hidden=4, n_train=9), "error ½⟨‖ŷ − y‖²⟩"),
        (cd.from_data(table, n_hidden=4), "mean loss (cross_entropy)"),
    ):
        figure = cd.plots.learning_curves(cd.train(problem, cd.Plasticity(), epochs=3))
        assert figure.axes[0].get_ylabel() == mathematical(label)
