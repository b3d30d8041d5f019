"""Figures 6a and 6b: does the boundary move?"""

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt

from curldescent.paper import Results, figure
from curldescent.paper.machinery import boundary_claims
from curldescent.paper.published import fig6
from curldescent.sweeps import Sweep

from .maps import follow_theory, verdicts

mpl.use("agg")
KEYS = ("fig6a", "fig6b")


def constructed(key: str, *, tanh=0.6, kernels=0.6) -> Results:
    experiments = figure(key).experiments("paper")
    arguments = experiments["fig6-teachers"].arguments
    grid = Sweep(
        axes={"ratio": arguments["ratio"], "hidden": arguments["fraction"]},
        student_teacher={"total": 220},
        training={"epochs": 1},
    )
    stable = follow_theory(grid, shift=kernels).final_test_error < 1e-10
    rate = xr.where(stable, 0.1, -0.1)
    data = {
        key: follow_theory(experiments[key], shift=tanh),
        f"{key}-linear": follow_theory(experiments[f"{key}-linear"]),
        "fig6-teachers": xr.Dataset({"rate": rate}),
    }
    return Results("paper", data)


@pytest.mark.parametrize("key", KEYS)
def test_a_boundary_at_smaller_ratios_is_confirmed_and_drawn(key: str) -> None:
    one, found = figure(key), constructed(key)
    assert set(verdicts(one, found).values()) == {True}
    picture = one.draw(found)
    assert len(picture.axes) == 3
    assert {line.get_label() for line in picture.axes[0].lines} >= {
        "theory, linear",
        "half of the sampled solutions\nunstable within the run",
    }
    plt.close(picture)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("shift", [1.0, 1.6])
def test_the_same_or_a_larger_ratio_is_not(key: str, shift: float) -> None:
    found = verdicts(figure(key), constructed(key, tanh=shift, kernels=1.2 * shift))
    assert found["moves left"] is False
    assert found["random solutions"] is False


@pytest.mark.parametrize("key", KEYS)
def test_fractions_that_disagree_decide_nothing(key: str) -> None:
    """Half of the fractions have their borders at smaller ratios, half at larger ones."""
    left, right = (constructed(key, tanh=1 / shift, kernels=1 / shift) for shift in (1.5, 1 / 1.5))
    data = dict(left.data)
    for name in (key, "fig6-teachers"):
        even = xr.DataArray(np.arange(left[name].sizes["hidden"]) % 2 == 0, dims="hidden")
        data[name] = xr.where(even, left[name], right[name], keep_attrs=True)
    found = verdicts(figure(key), Results("paper", data))
    assert found["moves left"] is found["random solutions"] is None


@pytest.mark.parametrize("key", KEYS)
def test_tanh_students_learn_down_to_the_level_of_the_papers_gradient_descent(key: str) -> None:
    """10^-3.5 by the mean of logarithms: of 1e-3 and 1e-4, just."""
    data = constructed(key)

    def with_second(error: float) -> dict[str, bool | None]:
        trials = xr.DataArray([1e-3, error], dims="trial")
        cells = data[key].assign(final_test_error=xr.where(data[key].final_test_error < 1e-10, trials, 1e-2))
        return verdicts(figure(key), Results("paper", {**data.data, key: cells.assign_attrs(data[key].attrs)}))

    below = with_second(0.999e-4)
    assert below["small ratios"] is below["moves left"] is True
    assert with_second(1.001e-4)["small ratios"] is False


@pytest.mark.parametrize(("key", "least"), [("fig6a", 0.8), ("fig6b", 0.9)])
def test_the_share_of_cells_at_small_ratios(key: str, least: float) -> None:
    """It can be shown by the cells there are, and is undecided near it."""
    one, data = figure(key), constructed(key)
    claim = next(claim for claim in one.claims if claim.name == "small ratios")
    whole = claim.measure(data)
    assert whole.numbers["interval"][0] == pytest.approx(0.025 ** (1 / whole.numbers["of"]))
    assert f"{100 * least:g} %" in claim.criterion
    cells = data[key].copy(deep=True)
    inside, _ = boundary_claims.sides(cells.final_test_error, margin=fig6.INSIDE)
    chosen = np.argwhere(inside.transpose("ratio", "hidden").values)
    for ratio, hidden in chosen[: len(chosen) // 10]:
        cells.final_test_error[ratio, hidden] = 1.0
    found = claim.measure(Results("paper", {**data.data, key: cells}))
    assert found.holds is None
    share = found.numbers["passed"] / found.numbers["of"]
    values = {value.name: value.ours(Results("paper", {**data.data, key: cells})) for value in one.published}
    expected = pytest.approx((share, np.sqrt(share * (1 - share) / len(chosen)), len(chosen)))
    assert values["share of the cells at small ratios that learn"] == expected


@pytest.mark.parametrize("key", KEYS)
def test_cells_that_were_not_run_count_against_either_verdict(key: str) -> None:
    one, data = figure(key), constructed(key)
    claim = next(claim for claim in one.claims if claim.name == "small ratios")
    few = data[key].isel(hidden=slice(0, None, 5))
    ran = int(boundary_claims.sides(few.final_test_error, margin=fig6.INSIDE)[0].sum())
    of = claim.measure(data).numbers["of"]
    assert 0 < ran < of / 2
    for errors in (few.final_test_error, few.final_test_error * 0 + 1.0):
        cells = few.assign(final_test_error=errors)
        found = claim.measure(Results("subset", {**data.data, key: cells}))
        # All of them learn, or none does: the others could turn either.
        assert found.holds is None
        # So few could not have decided it, and that is said.
        assert found.said.endswith(f"; {of} such cells on the paper's grid: so few cannot decide, whatever they do")
    # So many that fail that the others do not matter.
    most = data[key].isel(hidden=slice(0, -1))
    none = most.assign(final_test_error=most.final_test_error * 0 + 1.0)
    found = claim.measure(Results("subset", {**data.data, key: none}))
    assert found.holds is False
    assert "whatever they do" not in found.said


@pytest.mark.parametrize("key", KEYS)
def test_a_border_off_the_grid_is_a_bound(key: str) -> None:
    one, data = figure(key), constructed(key, tanh=0.5)
    whole = next(claim for claim in one.claims if claim.name == "moves left").measure(data)
    assert "upper bound" not in whole.said
    cells = data[key].copy(deep=True)
    cells.final_test_error[{"hidden": slice(1, 3)}] = 1.0
    found = next(claim for claim in one.claims if claim.name == "moves left").measure(
        Results("paper", {**data.data, key: cells})
    )
    assert "2 of them are upper bounds" in found.said
    (value,) = [value for value in one.published if value.name.startswith("border")]
    kept = {name: data[name].isel(hidden=[0, *range(3, data[key].sizes["hidden"])]) for name in (key, f"{key}-linear")}
    # Beside the authors' value stand only fractions whose borders are on the grid.
    assert value.ours(Results("paper", {**data.data, key: cells})) == pytest.approx(
        value.ours(Results("paper", {**data.data, **kept}))
    )


@pytest.mark.parametrize("key", KEYS)
def test_the_border_of_tanh_over_that_of_linear_students_by_hand(key: str) -> None:
    one, data = figure(key), constructed(key, tanh=0.5)
    (value,) = [value for value in one.published if value.name.startswith("border")]
    ratio, error, fractions = value.ours(data)
    ends = []
    for name in (key, f"{key}-linear"):
        error_map = data[name].final_test_error.isel(trial=0, hidden=slice(1, None))
        grid = error_map.ratio.values
        low = (error_map < 1e-3).sum("ratio").values
        if key == "fig6a":  # spaced by a factor: a border is half a factor beyond the last low cell
            step = grid[1] / grid[0]
            ends.append(grid[0] * step ** (low - 0.5))
        else:
            middle = np.sqrt(grid[1:] * grid[:-1])
            ends.append(
                np.array([grid[0] * np.sqrt(grid[0] / grid[1]), *middle, grid[-1] * np.sqrt(grid[-1] / grid[-2])])[low]
            )
    logs = np.log(ends[0] / ends[1])
    assert ratio == pytest.approx(np.exp(logs.mean()))
    # Two borders, each anywhere within the step that it is in.
    widest = np.log(grid[1:] / grid[:-1]).max()
    rounding = np.sqrt(2 * widest**2 / 12 / len(logs))
    assert error == pytest.approx(ratio * np.hypot(logs.std(ddof=1) / np.sqrt(len(logs)), rounding))
    assert fractions == len(logs)


def test_the_sides_of_figure_6a_can_fail() -> None:
    assert verdicts(figure("fig6a"), constructed("fig6a", tanh=0.1))["small ratios"] is False
    assert verdicts(figure("fig6a"), constructed("fig6a", tanh=1000.0))["unstable side"] is False


@pytest.mark.parametrize("key", KEYS)
def test_linear_students_have_the_same_inputs_and_weights(key: str) -> None:
    experiments = figure(key).experiments("quick")
    tanh, linear = experiments[key], experiments[f"{key}-linear"]
    index = (1, 2)
    problems = [sweep.cell_at(index).problem for sweep in (tanh, linear)]
    assert (problems[0].inputs == problems[1].inputs).all()
    assert (problems[0].student.hidden == problems[1].student.hidden).all()
    assert problems[0].activation, problems[1].activation == ("tanh", "linear")
