"""Chaos at several sizes: what confirms and what refutes, and what the runs are."""

import numpy as np
import pytest
import xarray as xr

from curldescent.paper import Results, figure
from curldescent.paper.beyond import size_of_chaos
from curldescent.paper.machinery import size_of_chaos_runs as runs

SIZES = (70, 220, 700)


def world(
    *,
    exponents: tuple[float, float, float] = (0.01, 0.01, 0.01),
    steps: float = 1.0,
    flow: float = 1.0,
    regular: float = 0.0,
    growth: float = 1.0,
) -> Results:
    """Runs with mean exponents by size, and shares of chaotic runs by kind."""
    rng = np.random.default_rng(0)
    dims, shape = ("set", "trial"), (10, 5)
    data = {}
    for kind, share in (("steps", steps), ("flow", flow)):
        for total, exponent in zip(SIZES, exponents, strict=True):
            for setting in size_of_chaos.CHAOTIC + size_of_chaos.REGULAR:
                part = regular if setting in size_of_chaos.REGULAR else share
                label = np.where(np.arange(50).reshape(shape) < 50 * part, "chaotic", "quasi-periodic")
                values = exponent + 1e-4 * rng.standard_normal(shape)
                data[size_of_chaos.name(kind, total, setting)] = xr.Dataset(
                    {"exponent": (dims, values), "label": (dims, label)},
                    coords={"set": np.arange(10), "trial": np.arange(5)}, attrs={"time": 4000.0},
                )  # fmt: skip
    for total in (15, 24, 36):
        data[f"size-of-chaos-spectrum-{total}"] = xr.Dataset(
            {
                "dimension": ("set", 1000 * total**growth + rng.random(6)),
                "positive": ("set", np.full(6, 3.0)),
                "values": (("set", "index"), np.sort(rng.standard_normal((6, 10)))[:, ::-1]),
            }
        )
    return Results("quick", data)


def verdicts(results: Results) -> dict[str, bool | None]:
    return {claim.name: claim.measure(results).holds for claim in figure("size-of-chaos").claims}


def test_what_is_claimed_is_confirmed_and_the_contrary_refuted() -> None:
    assert set(verdicts(world()).values()) == {True}
    contrary = world(exponents=(0.01, 0.002, 0.0), steps=1.0, flow=0.0, regular=1.0, growth=-1.0)
    assert set(verdicts(contrary).values()) == {False}


def test_growth_that_shear_can_make_is_no_chaos() -> None:
    # 2 log 2 over 2000 units is 7e-4.
    assert verdicts(world(exponents=(0.0003, 0.0003, 0.0003)))["survives"] is False


def test_nothing_chaotic_says_nothing_about_time() -> None:
    assert verdicts(world(steps=0.0, flow=0.0))["flow"] is None


def test_runs_without_a_positive_exponent_have_no_dimension_that_counts() -> None:
    results = world()
    for data in size_of_chaos.spectra_by_size(results).values():
        data["positive"][:] = 0
    assert verdicts(results)["dimension"] is None


def test_a_size_that_was_run_in_one_setting_counts_there() -> None:
    whole = world()
    first = size_of_chaos.name("steps", 700, size_of_chaos.CHAOTIC[0])
    part = Results("standard", {k: v for k, v in whole.data.items() if "-700-" not in k or k == first})
    assert {name: holds for name, holds in verdicts(part).items() if holds is not True} == {}
    said = next(claim for claim in figure("size-of-chaos").claims if claim.name == "survives").measure(part).said
    assert (said.count("700 neurons"), said.count("220 neurons")) == (1, 2)
    from matplotlib import pyplot as plt

    plt.close(size_of_chaos.draw(part))


def test_diverged_runs_have_no_exponent() -> None:
    results = world()
    data = results[size_of_chaos.name("steps", 700, size_of_chaos.CHAOTIC[0])]
    data["exponent"][0] = np.nan
    assert size_of_chaos.exponent(data).n == 9


def test_sizes_and_input_sets_have_inputs_of_their_own() -> None:
    inputs = [runs.students(total, 0.5, number, 1).inputs for total in (20, 21) for number in (0, 1)]
    assert len({array.tobytes() for array in inputs}) == 4
    one = runs.students(20, 0.5, 0, 2)
    assert one.inputs.shape == (250, 6)
    np.testing.assert_allclose(np.linalg.norm(one.teacher.readout, axis=(1, 2)), 1)
    np.testing.assert_allclose(one.student.readout - one.teacher.readout, 1e-10)


@pytest.mark.parametrize("continuous", [False, True])
def test_a_stable_solution_is_stayed_at(continuous: bool) -> None:
    data = runs.regimes(0, 15, 0.2, 0.5, 1, 100.0, continuous=continuous)
    assert data.label.values.tolist() == ["converged"]
    assert data.loss.values.item() < 1e-18


def test_a_spectrum_has_as_many_exponents_as_there_are_coordinates_without_rotations() -> None:
    data = runs.spectra(0, 12, 0.5, 0.5, 10.0, 10.0, 30)
    # 4 inputs and 8 hidden neurons: 5 · 6 / 2.
    assert data.coordinates.values.item() == 15
    # Two of them are −∞: both norms are put right after every step.
    assert data["values"].notnull().sum() == 15


def test_it_is_drawn() -> None:
    from matplotlib import pyplot as plt

    picture = figure("size-of-chaos").draw(world())
    assert len(picture.axes) == 3
    plt.close(picture)
