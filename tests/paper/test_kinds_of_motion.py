"""Cycle, torus or chaos: what confirms and what refutes, and that runs are of the flow and told rightly."""

import numpy as np
import pytest
import xarray as xr

from curldescent.analysis import learning_dynamics
from curldescent.model.plasticity import Plasticity
from curldescent.paper import Results, figure
from curldescent.paper.beyond import kinds_of_motion as beyond
from curldescent.paper.machinery import kinds_of_motion_runs as runs
from curldescent.paper.machinery.limits_of_chaos_runs import judged_twice
from curldescent.paper.machinery.size_of_chaos_runs import students


def world(*, cycle: float = 1.0, wide: float = 5.0, growth: float = 1e-5, sets: int = 20) -> Results:
    """Motions as they would be: dimensions of periodic and of broadband ones, exponents with all inputs flipped."""
    data = {}
    for total in (20, 40):
        for setting in beyond.ALL + beyond.MOST:
            whole = setting in beyond.ALL
            kinds = np.array(["periodic" if whole else "broadband"] * (sets - 1) + ["undecided"])
            data[beyond.named(total, setting)] = xr.Dataset(
                {
                    "kind": ("set", kinds),
                    "dimension": ("set", np.full(sets, cycle if whole else wide)),
                    "exponent": ("set", np.full(sets, growth if whole else 0.003)),
                },
                attrs={"time": 10_000.0},
            )
    return Results("standard", data)


def verdicts(results: Results) -> dict[str, bool | None]:
    return {claim.name: claim.measure(results).holds for claim in figure("kinds-of-motion").claims}


def test_what_is_claimed_is_confirmed_and_the_contrary_refuted() -> None:
    assert set(verdicts(world()).values()) == {True}
    assert set(verdicts(world(cycle=2.0, wide=1.2, growth=0.01)).values()) == {False}


def test_few_runs_say_nothing_and_runs_that_diverged_do_not_count() -> None:
    assert set(verdicts(world(sets=3)).values()) == {None}
    results = world()
    for data in results.data.values():
        data["dimension"][:] = np.nan
    assert set(verdicts(results).values()) == {None}


def test_a_torus_that_is_called_a_cycle_counts_against_the_lines() -> None:
    results = world()
    for name in results.data:
        if name.endswith("a1"):
            results[name]["kind"] = ("set", ["quasi-periodic"] * 20)
    assert verdicts(results)["second witness"] is False


def test_a_run_is_of_the_flow_and_of_its_own_input_set() -> None:
    found = runs.motion(2, 12, 0.5, 1.0, 5, 0.05, 1_600.0)
    problem = students(12, 0.5, 7, 1)
    flow = learning_dynamics(problem, Plasticity(hidden=1.0), learning_rate=0.05, preserve_norms=True, continuous=True)
    kind, dimension, exponent = judged_twice(flow, 1_600.0)
    assert found.kind.item() == kind
    assert found.dimension.item() == pytest.approx(dimension, nan_ok=True)
    assert found.exponent.item() == pytest.approx(exponent)
    steps = judged_twice(flow.at(0.05, continuous=False), 1_600.0)
    assert abs(steps[2] - exponent) > 1e-7


def test_it_is_drawn() -> None:
    from matplotlib import pyplot as plt

    picture = figure("kinds-of-motion").draw(world())
    assert len(picture.axes) == 2
    assert len(picture.axes[0].lines) == 4
    plt.close(picture)
