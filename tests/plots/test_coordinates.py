"""Pictures over coordinates: the same picture whatever order the values came in; missing cells look missing."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

import curldescent as cd
from curldescent.plots import theory as theory_pictures
from curldescent.plots.coordinates import MISSING, ascending, cell_borders
from curldescent.plots.epochs import draw_epochs
from curldescent.plots.fates import draw_fate_map
from curldescent.plots.finite_sizes import stability_probabilities
from curldescent.plots.sweeps import error_map
from curldescent.plots.weight_motion import order_parameter_lines

mpl.use("agg")
RATIOS, FRACTIONS = np.array([0.1, 0.3, 1.0, 3.0]), np.array([0.0, 0.5, 1.0])
# A grown store holds the new values behind the old ones.
SHUFFLED = {"ratio": [2, 0, 3, 1], "hidden": [1, 2, 0]}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def errors():
    values = np.geomspace(1e-20, 1, 12).reshape(4, 3)
    return xr.DataArray(values, coords={"ratio": RATIOS, "hidden": FRACTIONS})


def drawn_cells(mesh):
    """Centre of every cell → its value, read off the picture."""
    corners = mesh.get_coordinates()
    assert (np.diff(corners[0, :, 0]) > 0).all(), "cells overlap"
    assert (np.diff(corners[:, 0, 1]) > 0).all(), "cells overlap"
    return corners, np.asarray(mesh.get_array()).reshape(corners.shape[0] - 1, -1)


def fate_map(data):
    axis = plt.figure().add_subplot(xscale="log")
    return draw_fate_map(axis, data, x="ratio", y="hidden")


@pytest.mark.parametrize(
    "draw", [lambda data: error_map(data).axes[0].collections[0], fate_map], ids=["error_map", "fate map"]
)
def test_a_map_is_the_same_in_any_order_of_its_values(draw):
    in_order, shuffled = (drawn_cells(draw(data)) for data in (errors(), errors().isel(SHUFFLED)))
    for expected, got in zip(in_order, shuffled, strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("quantity", ["stable", "lambda_min"])
def test_a_theory_map_is_the_same_in_any_order_of_its_values(quantity):
    picture = (
        theory_pictures.lambda_min_map if quantity == "lambda_min" else lambda d: theory_pictures.phase_diagrams([d])
    )
    axes = []
    for ratios in ([0.05, 0.2, 0.7, 2.0], [0.7, 0.05, 2.0, 0.2]):
        diagram = cd.theory.phase_diagram("hidden", resolution=5, ratios=ratios, quantity=quantity)
        axes.append(picture(diagram).axes[0])
    for expected, got in zip(*(drawn_cells(axis.collections[0]) for axis in axes), strict=True):
        np.testing.assert_array_equal(got, expected)
    assert axes[0].get_xlim() == axes[1].get_xlim() == (0.05, 2.0)


def test_lines_run_from_left_to_right():
    axis = plt.figure().add_subplot()
    draw_epochs(axis, [2.0, 0.5, 1.0], {"GD": [[20.0, 22.0], [5.0, 6.0], [10.0, 11.0]]}, last=1000)
    line = axis.containers[0].lines[0]
    np.testing.assert_array_equal(line.get_xdata(), [0.5, 1, 2])
    np.testing.assert_array_equal(line.get_ydata(), [5.5, 10.5, 21])

    intervals = [[[0.9, 1.0], [0.4, 0.6], [0.0, 0.1]]]
    figure = stability_probabilities([0.2, 0.6, 0.4], [[1.0, 0.05, 0.5]], intervals, [20], boundary=0.4, title="")
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_xydata(), [[0.2, 1], [0.4, 0.5], [0.6, 0.05]])

    q = xr.DataArray([[1e-3], [1e-30]], dims=("hidden", "trial"), coords={"hidden": [0.8, 0.2]})
    traces = xr.Dataset(
        {"weight": (("case", "time", "synapse"), np.zeros((1, 3, 1)))},
        coords={"time": [0.0, 1.0, 2.0], "ratio": ("case", [0.5]), "hidden": ("case", [0.5]), "step": ("case", [0.1])},
    )
    panel = order_parameter_lines({"c": (q, 0.5, 0.5)}, {"c": (q, 0.5, 0.5)}, traces).axes[0]
    np.testing.assert_allclose(panel.lines[1].get_xydata(), [[0.2, 1e-30], [0.8, 1e-3]])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.1, 0.1, 1.0, 3.0], r"each value once; 0\.1 is there 2 times"),
        ([0.1, np.nan, 1.0, 3.0], "needs finite numbers along it"),
        (["a", "b", "c", "d"], "needs finite numbers along it"),
        ([0.0, 0.1, 1.0, 3.0], "needs positive values, got 0"),
    ],
)
def test_coordinates_that_are_no_places_are_refused(values, message):
    with pytest.raises(cd.InputError, match=message):
        error_map(errors().assign_coords(ratio=values))


def test_data_without_coordinates_are_refused():
    with pytest.raises(cd.InputError, match="needs its values as a coordinate"):
        ascending(xr.DataArray(np.ones(3), dims="ratio"), "ratio")


def test_borders_out_of_order_are_refused():
    with pytest.raises(cd.InputError, match="ascending coordinates"):
        cell_borders([0.1, 1.0, 0.3], logarithmic=False)


def colour_of_cell(mesh, row, column):
    mesh.update_scalarmappable()
    shape = np.array(mesh.get_coordinates().shape[:2]) - 1
    return mesh.get_facecolors().reshape(*shape, 4)[row, column]


def test_a_missing_cell_is_grey_and_no_end_of_the_scale():
    data = errors()
    data[1, 2] = np.nan
    grey = mpl.colors.to_rgba(MISSING)
    for mesh in (error_map(data).axes[0].collections[0], fate_map(xr.where(data.isnull(), np.nan, 1.0))):
        np.testing.assert_allclose(colour_of_cell(mesh, 2, 1), grey)
        for row, column in ((0, 0), (1, 2), (2, 3)):
            assert abs(colour_of_cell(mesh, row, column) - grey).max() > 0.1
    diagram = cd.theory.phase_diagram("hidden", resolution=5, ratios=[0.05, 0.2, 0.7], quantity="lambda_min")
    diagram[2, 1] = np.nan
    image = theory_pictures.lambda_min_map(diagram).axes[0].collections[0]
    np.testing.assert_allclose(colour_of_cell(image, 2, 1), grey)
