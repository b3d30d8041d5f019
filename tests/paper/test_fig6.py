"""Figures 6a and 6b: does the boundary move?"""

import matplotlib as mpl
import pytest
import xarray as xr
from matplotlib import pyplot as plt

from curldescent.paper import Results, figure
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
    assert len(picture.axes) == 4
    assert {line.get_label() for line in picture.axes[0].lines} >= {"theory, linear", "sampled solutions, this run"}
    plt.close(picture)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("shift", [1.0, 1.6])
def test_the_same_or_a_larger_ratio_is_not(key: str, shift: float) -> None:
    found = verdicts(figure(key), constructed(key, tanh=shift, kernels=1.2 * shift))
    assert found["moves left"] is False
    assert found["random solutions"] is False


def test_where_gradient_descent_is_slow_learning_as_well_is_learning() -> None:
    error = xr.DataArray(
        [[[1e-4], [1e-3 - 1e-9], [2e-3]], [[1e-20], [1e-9], [1e-7]]],
        coords={"ratio": [0.1, 0.2], "hidden": [0.0, 0.5, 1.0]},
        dims=("ratio", "hidden", "trial"),
    )
    learned = fig6.as_well_as_gradient_descent(error)
    assert learned.values[..., 0].tolist() == [[True, True, False], [True, True, False]]


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
