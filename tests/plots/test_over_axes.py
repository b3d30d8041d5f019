"""Quantities of a sweep over its axes: medians as NumPy has them, maps in their places, and what cannot be drawn."""

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt

from curldescent import plots, sweeps
from curldescent.foundation.errors import InputError
from tests.plots.pictures import faults

mpl.use("agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def quantity(name="final_test_error", **axes):
    rng = np.random.default_rng(0)
    shape = (*(len(values) for values in axes.values()), 3)
    return xr.DataArray(rng.uniform(1, 2, shape), dims=(*axes, "trial"), coords=axes, name=name)


def test_over_one_axis_every_trial_is_a_dot_and_the_medians_a_line():
    data = quantity(n_train=[40, 10, 20])
    figure = plots.sweep(data)
    (axis,) = figure.axes
    dots, line = axis.lines
    np.testing.assert_array_equal(line.get_xdata(), [10, 20, 40])
    np.testing.assert_allclose(line.get_ydata(), data.sortby("n_train").median("trial"))
    assert len(dots.get_xdata()) == data.size
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("training samples $P$", "final test error")
    assert faults(figure) == []


def test_over_two_numeric_axes_there_is_a_map_of_medians():
    data = quantity("lambda_min", student_scale=[1.0, 2.0], teacher_scale=[0.5, 1.0, 3.0]) - 1.5
    figure = plots.sweep(data.rename("lambda_min"))
    axis, bar = figure.axes
    (mesh,) = axis.collections
    np.testing.assert_allclose(mesh.get_array(), data.median("trial").transpose("teacher_scale", "student_scale"))
    assert mesh.get_clim()[0] == -mesh.get_clim()[1]  # zero in the middle of two colours
    assert axis.get_xlabel() == "initial scale of the student"
    assert bar.get_ylabel() == r"smallest eigenvalue $\lambda_\mathrm{min}$"
    assert mesh.get_cmap().name == "RdBu"
    assert faults(figure) == []


def test_names_on_an_axis_become_lines_or_places():
    data = quantity(activation=["relu", "tanh"], n_train=[10, 20, 40])
    figure = plots.sweep(data)
    (axis,) = figure.axes
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["relu", "tanh"]
    shown = {line.get_label(): line.get_ydata() for line in axis.lines}
    np.testing.assert_allclose(shown["tanh"], data.sel(activation="tanh").median("trial"))
    assert faults(figure) == []
    (axis,) = plots.sweep(data.isel(n_train=0, drop=True)).axes
    assert [label.get_text() for label in axis.get_xticklabels()] == ["relu", "tanh"]


def test_an_error_over_ratio_and_flips_has_theorys_boundary():
    figure = plots.sweep(quantity(ratio=[0.1, 0.3, 1.0], hidden=[0.0, 0.5, 1.0]))
    assert "theory" in [line.get_label() for line in figure.axes[0].lines]
    # Which is about errors, not about what else there is over these axes.
    figure = plots.sweep(quantity("epochs_to_train", ratio=[0.1, 0.3, 1.0], hidden=[0.0, 0.5, 1.0]))
    assert figure.axes[0].get_legend() is None


def test_trials_that_are_missing_leave_gaps_and_dots():
    data = quantity(n_train=[10, 20, 40])
    data[1, 0] = np.nan
    dots, line = plots.sweep(data).axes[0].lines
    np.testing.assert_array_equal(np.isnan(line.get_ydata()), [False, True, False])
    assert np.isfinite(dots.get_ydata()).sum() == data.size - 1


def test_a_store_is_drawn_as_it_is_opened(tmp_path):
    made = sweeps.Sweep(
        axes={"n_train": [5, 10, 20]}, student_teacher={"n_inputs": 4, "n_hidden": 6}, training={"epochs": 3}
    )
    sweeps.run(made, tmp_path / "store", workers=1)
    data = sweeps.open(tmp_path / "store")
    figure = plots.sweep(data)
    line = figure.axes[0].lines[-1]
    np.testing.assert_allclose(line.get_ydata(), data.final_test_error.median("trial"))
    assert plots.sweep(data, "final_train_error").axes[0].get_ylabel() != figure.axes[0].get_ylabel()
    with pytest.raises(InputError, match="quantity must be "):
        plots.sweep(data, "speed")


WRONG = {
    "no axis": (lambda: quantity(), "data have none"),
    "three axes": (
        lambda: quantity(n_train=[1, 2], n_inputs=[1, 2], n_hidden=[1, 2]),
        "data have 'n_train', 'n_inputs', 'n_hidden': select values",
    ),
    "words": (lambda: quantity(n_train=[1, 2]).astype(str), "needs a quantity of numbers"),
    "no dataset": (lambda: 3, "data must be what cd.sweeps.open returned"),
    "many lines": (lambda: quantity(name_of=list("abcdefgh"), n_train=[1, 2]), "8 values, more than 7 lines"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_drawn_is_one_sentence(case):
    make, message = WRONG[case]
    with pytest.raises(InputError, match=message):
        plots.sweep(make())
