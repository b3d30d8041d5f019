"""Claims about the sides of theory's boundary."""

import numpy as np
import xarray as xr

from curldescent.paper.machinery import boundary_claims


def low(pattern: list[list[int]], ratio: list[float]) -> xr.DataArray:
    return xr.DataArray(np.array(pattern, dtype=bool).T, coords={"ratio": ratio, "hidden": range(len(pattern))})


def test_the_observed_border_leaves_the_low_cells_on_its_left() -> None:
    found = boundary_claims.observed(low([[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]], [0.1, 1, 10, 100]))
    np.testing.assert_allclose(found, [10**0.5, 10**-1.5, 10**2.5])


def test_a_diverged_cell_is_not_low() -> None:
    error = xr.DataArray([[[np.nan, 1e-20]], [[1e-20, 1e-20]]], dims=("ratio", "hidden", "trial"))
    assert boundary_claims.low_cells(error).values.ravel().tolist() == [False, True]


def test_grids_without_a_boundary_are_not_tested() -> None:
    error = xr.DataArray(
        np.ones((2, 1, 1)), coords={"ratio": [1.0, 2.0], "hidden": [0.5]}, dims=("ratio", "hidden", "t")
    )
    assert boundary_claims.boundary_found(error).holds is None
    assert boundary_claims.cells_agree(error).holds is True
    assert boundary_claims.cells_agree(error * 1e-20).holds is False
    assert boundary_claims.cells_agree(error.isel(hidden=[0]).assign_coords(hidden=[0.0])).holds is None
