import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

import curldescent as cd
from curldescent.plots.sweeps import error_map

mpl.use("agg")


def grid(values, layer="hidden"):
    coords = {"ratio": np.geomspace(0.1, 10, values.shape[0]), layer: np.linspace(0, 1, values.shape[1])}
    return xr.DataArray(values, coords=coords, dims=("ratio", layer, "trial")[: values.ndim])


@pytest.mark.parametrize(("layer", "boundary"), [("hidden", 0.25), ("readout", 0.0)])
def test_the_line_is_the_critical_ratio(layer, boundary):
    figure = error_map(grid(np.geomspace(1e-20, 1, 60).reshape(3, 4, 5), layer))
    line = figure.axes[0].lines[-1]
    x, y = line.get_data()
    assert y[-1] == 1
    assert x[-1] == pytest.approx(boundary, abs=1e-12)


def test_cells_are_medians_centred_on_their_values():
    values = np.geomspace(1e-20, 1, 12).reshape(3, 4)[..., None] * np.array([1.0, 2.0, 9.0])
    mesh = error_map(grid(values)).axes[0].collections[0]
    np.testing.assert_allclose(mesh.get_array().reshape(4, 3), 2 * np.geomspace(1e-20, 1, 12).reshape(3, 4).T)
    edges = mesh.get_coordinates()[0, :, 0]
    np.testing.assert_allclose(np.sqrt(edges[1:] * edges[:-1]), [0.1, 1, 10])


def test_missing_and_diverged_cells_are_not_drawn_as_numbers():
    values = np.ones((2, 2))
    values[0, 1] = np.nan
    mesh = error_map(grid(values)).axes[0].collections[0]
    assert np.ma.getmaskarray(mesh.get_array()).sum() == 1


def test_other_dimensions_are_refused():
    with pytest.raises(cd.InputError, match="needs dimensions 'ratio' and one of"):
        error_map(xr.DataArray(np.ones(3), dims="ratio"))
