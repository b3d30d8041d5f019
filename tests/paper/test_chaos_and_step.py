"""What the step does to chaos: what confirms and what refutes, and that the runs are what they say."""

import numpy as np
import pytest
import xarray as xr

from curldescent.analysis import TangentDynamics, learning_dynamics, regime
from curldescent.model.plasticity import Plasticity
from curldescent.paper import Results, figure
from curldescent.paper.beyond import chaos_and_step
from curldescent.paper.machinery import chaos_and_step_runs as runs
from curldescent.paper.machinery.limits_of_chaos_runs import wide_student
from curldescent.paper.machinery.size_of_chaos_runs import students


def world(
    *, lasting: float = 1.0, short: float = 0.01, wide: float = 0.03, flow_map: float = 0.1, spread: float = 1e-4
) -> Results:
    """Exponents and maps as they would be: what the flow keeps in the end, steps of 0.0125 half-way, wide students."""
    rng = np.random.default_rng(0)
    kinds, widths = ["0.05", "0.0125", "flow"], [320.0, 5120.0, np.inf]
    exponent = np.full((3, 3, 8, 8), 0.03)
    exponent[0, 2] = 0.03 * 0.3 ** np.arange(8)
    exponent[1, 2, :, 3] = exponent[0, 2, 0, 3] + short
    exponent[2, 2, :, -1] = 0.03 * lasting
    exponent[2, 1, :, -1] = wide
    exponent += spread * rng.standard_normal(exponent.shape)
    fading = xr.Dataset(
        {"exponent": (("kind", "width", "set", "window"), exponent)},
        coords={"kind": kinds, "width": widths},
        attrs={"time": 40_000.0},
    )
    maps = np.full((3, 4, 8), 0.01)
    maps[:, -1] = flow_map
    maps *= np.exp(0.1 * rng.standard_normal(maps.shape))
    names = [f"{ratio:g}, {hidden:g}" for ratio, hidden in chaos_and_step.SETTINGS]
    data = xr.Dataset(
        {"map": (("setting", "kind", "set"), maps)},
        coords={"kind": [*chaos_and_step.MAP_STEPS, "flow"], "setting": names},
    )
    return Results("standard", {chaos_and_step.FADE: fading, chaos_and_step.MAPS: data})


def verdicts(results: Results) -> dict[str, bool | None]:
    return {claim.name: claim.measure(results).holds for claim in figure("chaos-and-step").claims}


def test_what_is_claimed_is_confirmed_and_the_contrary_refuted() -> None:
    assert set(verdicts(world()).values()) == {True}
    assert set(verdicts(world(lasting=0.2, short=-0.005, wide=0.02, flow_map=0.01)).values()) == {False}


def test_where_runs_scatter_nothing_is_said() -> None:
    found = verdicts(world(lasting=0.5, short=0.0, wide=0.03 / 1.5, flow_map=0.02))
    assert found["fades by step"] is None
    assert found["limit lasts"] is None


def test_runs_that_left_the_numbers_count_for_nothing() -> None:
    results = world()
    results[chaos_and_step.FADE]["exponent"][:, :, 1:] = np.nan
    results[chaos_and_step.MAPS]["map"][:, :, 1:] = np.nan
    assert set(verdicts(results).values()) == {None}


def test_it_is_drawn() -> None:
    from matplotlib import pyplot as plt

    picture = figure("chaos-and-step").draw(world())
    assert len(picture.axes) == 3
    plt.close(picture)


@pytest.mark.parametrize("kind", ["0.05", "flow"])
def test_exponents_are_those_of_the_jax_step(kind: str) -> None:
    data = runs.fading_by_step(4, 2.0, 0.75, [5], [kind], 0.05, (300, 1), 20.0, 2)
    assert data.exponent.dims == ("kind", "width", "set", "window")
    for width in (5.0, np.inf):
        problem = wide_student(4, 2.0, width, 300)
        d = learning_dynamics(
            problem, Plasticity(hidden=0.75), learning_rate=0.05, preserve_norms=True, continuous=kind == "flow"
        )
        run = TangentDynamics(d.step, d.start, args=d.args, dt=d.dt, every=10, seed=0)
        expected = [run.advance(200)[0].sum() / 10.0 for _ in range(2)]
        np.testing.assert_allclose(data.exponent.sel(width=width).values.ravel(), expected, rtol=0, atol=1e-10)


def test_maps_are_those_of_the_run_that_is_judged() -> None:
    data = runs.maps_by_step(15, [[0.5, 0.75]], ["0.02", "flow"], 0.025, (100, 2), 20.0)
    problem = students(15, 0.5, 101, 1)
    for kind, options in (("0.02", {"learning_rate": 0.02}), ("flow", {"learning_rate": 0.025, "continuous": True})):
        found = regime(problem, Plasticity(hidden=0.75), time=20.0, refine=None, preserve_norms=True, **options)
        d = learning_dynamics(problem, Plasticity(hidden=0.75), preserve_norms=True, **options)
        w1, w2 = d.whole_weights(found.record.state)
        target = problem.teacher.readout[0] @ problem.teacher.hidden[0]
        here = data.sel(kind=kind, setting="0.5, 0.75")
        assert float(here["map"][1]) == pytest.approx(np.linalg.norm(w2 @ w1) / np.linalg.norm(target))
        assert str(here.label.values[1]) == found.label
