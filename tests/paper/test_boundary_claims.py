"""Claims about the sides of theory's boundary."""

import numpy as np
import pytest
import xarray as xr

from curldescent.paper import Results
from curldescent.paper.machinery import boundary_claims
from curldescent.theory import critical_ratio


def low(pattern: list[list[int]], ratio: list[float]) -> xr.DataArray:
    return xr.DataArray(np.array(pattern, dtype=bool).T, coords={"ratio": ratio, "hidden": range(len(pattern))})


def test_the_observed_border_leaves_the_low_cells_on_its_left() -> None:
    found = boundary_claims.observed(low([[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]], [0.1, 1, 10, 100]))
    np.testing.assert_allclose(found, [10**0.5, 10**-1.5, 10**2.5])


def cells(*trials: list[float]) -> xr.DataArray:
    """Cells of one fraction along the ratio, each with its trials."""
    return xr.DataArray([[row] for row in trials], dims=("ratio", "hidden", "trial"))


def test_a_cell_is_the_mean_of_logarithms_with_a_floor() -> None:
    error = cells([1e-2, 1e-4], [1e-30, 1e-5], [np.inf, 1e-20], [np.nan, 1e-20])
    found = boundary_claims.summary(error, "log mean").values.ravel()
    # By hand: 10^((−2 − 4)/2), and 10^((−15 − 5)/2): what is below 1e-15 counts as that.
    np.testing.assert_allclose(found, [1e-3, 1e-10, np.inf, np.inf])
    drawn = boundary_claims.drawn(error, "log mean").values.ravel()
    np.testing.assert_allclose(drawn, [1e-3, 1e-10, np.nan, np.nan])


def test_a_cell_is_its_median_or_its_largest_trial() -> None:
    error = cells([1.0, 3.0, 2.0], [np.nan, 1e-20, 1e-20], [np.nan, np.nan, 1e-20])
    assert boundary_claims.summary(error, "median").values.ravel().tolist() == [2.0, 1e-20, np.inf]
    assert boundary_claims.summary(error, "maximum").values.ravel().tolist() == [3.0, np.inf, np.inf]


def test_trials_that_diverged_are_infinite_and_those_that_did_not_run_are_not_known() -> None:
    data = xr.Dataset({"e": ("trial", [1.0, np.nan, np.nan]), "diverged_at": ("trial", [-1, 7, np.nan])})
    np.testing.assert_array_equal(boundary_claims.errors_of(data, "e"), [1.0, np.inf, np.nan])


def test_sides_keep_away_from_the_line_and_need_flips() -> None:
    # c* of all inputs flipped is 1/4.
    ratio = [0.1, 0.16, 0.17, 0.25, 0.37, 0.38]
    error = xr.DataArray(
        np.ones((6, 2, 1)), coords={"ratio": ratio, "hidden": [0.0, 1.0]}, dims=("ratio", "hidden", "trial")
    )
    stable, unstable = boundary_claims.sides(error, margin=1.5)
    assert stable.sel(hidden=1.0).values.tolist() == [True, True, False, False, False, False]
    assert unstable.sel(hidden=1.0).values.tolist() == [False, False, False, False, False, True]
    assert not (stable | unstable).sel(hidden=0.0).any()


def stairs(*factors: float, ratio=None) -> xr.DataArray:
    """One trial; the cells of every fraction are low up to this factor of its critical ratio."""
    ratio = np.geomspace(0.05, 2, 400) if ratio is None else ratio
    fractions = np.linspace(0.2, 1, len(factors))
    critical = np.asarray(critical_ratio(hidden=fractions))
    values = np.where(ratio[:, None] < np.array(factors) * critical, 1e-30, 1.0)
    return xr.DataArray(
        values[..., None], coords={"ratio": ratio, "hidden": fractions}, dims=("ratio", "hidden", "trial")
    )


@pytest.mark.parametrize(
    ("factors", "within", "holds"),
    [
        ((0.97, 1.03, 1.0), 1.1, True),
        ((0.8, 0.82, 0.81), 1.1, False),
        ((1.3, 1.28, 1.29), 1.1, False),
        ((0.8, 1.2, 1.0), 1.1, None),
        # A mean at the bound itself.
        ((1.08, 1.12, 1.1), 1.1, None),
        # There for certain, and not at 1: within is within.
        ((0.93, 0.94, 0.935), 1.1, True),
    ],
)
def test_the_mean_border_is_within_a_factor_outside_or_neither(factors, within, holds) -> None:
    found = boundary_claims.boundary_found(stairs(*factors), within=within)
    assert found.holds is holds
    logs = np.log(factors)
    # Student's interval by hand, 4.303 with two degrees of freedom; borders lie between grid points 0.9 % apart.
    half = 4.3027 * logs.std(ddof=1) / np.sqrt(3)
    assert found.numbers["mean_log"] == pytest.approx(logs.mean(), abs=0.006)
    assert np.log(found.numbers["interval"]) == pytest.approx([logs.mean() - half, logs.mean() + half], abs=0.03)


def test_the_margin_of_the_border_is_the_grids_step_unless_another_is_named() -> None:
    ratio = np.geomspace(0.05, 2, 11)
    coarse = boundary_claims.boundary_found(stairs(*np.full(20, 1.2), ratio=ratio))
    assert coarse.holds is True
    assert coarse.numbers["step"] == pytest.approx(40 ** (1 / 10))
    assert boundary_claims.boundary_found(stairs(*np.full(20, 1.2))).holds is False


def test_shares_of_cells_near_the_border_decide_nothing() -> None:
    error = stairs(*np.full(5, 1.0), ratio=np.geomspace(0.05, 0.1, 8))
    assert boundary_claims.stable_cells_learn(error, below=1e-14).holds is True
    some = error.copy()
    some[:3, 0] = 1.0
    found = boundary_claims.stable_cells_learn(some, below=1e-14)
    assert (found.holds, found.numbers["passed"], found.numbers["of"]) == (None, 37, 40)
    some[:, 1] = 1.0
    assert boundary_claims.stable_cells_learn(some, below=1e-14).holds is False
    assert boundary_claims.unstable_cells_stay(error, above=1e-4).holds is None


def test_criteria_are_written_with_the_numbers_that_are_tested() -> None:
    errors = lambda results: results["map"]  # noqa: E731
    confirmed, refuted, measure = boundary_claims.stable_side(errors, below=1e-14, margin=1.2)
    assert "at most 1e-14" in confirmed
    assert "c < c*/1.2" in confirmed
    assert (confirmed[-4:], refuted[-4:]) == ("90 %", "90 %")
    confirmed, refuted, _ = boundary_claims.border(errors, within=1.1, below=1e-15, kind="maximum")
    assert "within a factor 1.1 of 1" in confirmed
    assert "largest error of any trial at most 1e-15" in confirmed
    assert measure(Results("quick", {"map": stairs(1.0, 1.0)})).holds is True
    assert measure(Results("quick", {"map": 0 * stairs(1.0, 1.0) + 1.1e-14})).holds is False


def test_grids_without_a_boundary_are_not_tested() -> None:
    error = xr.DataArray(
        np.ones((2, 1, 1)), coords={"ratio": [1.0, 2.0], "hidden": [0.5]}, dims=("ratio", "hidden", "t")
    )
    assert boundary_claims.boundary_found(error).holds is None
    # Both cells are above the line and do not learn: right, but two of them show nothing.
    assert boundary_claims.cells_agree(error).holds is None
    assert boundary_claims.cells_agree(error).numbers["passed"] == 2
    assert boundary_claims.cells_agree(error * 1e-20).holds is False
    many = stairs(*np.full(5, 1.0), ratio=np.geomspace(0.05, 2, 10))
    assert boundary_claims.cells_agree(many).holds is True
    assert boundary_claims.cells_agree(1e-30 / many).holds is False
    assert boundary_claims.cells_agree(error.isel(hidden=[0]).assign_coords(hidden=[0.0])).holds is None
