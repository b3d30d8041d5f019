"""The law of nonlinear students' kernels held against samples: what confirms and what refutes."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from curldescent.paper import Results, figure
from curldescent.paper.beyond import kernel_law
from curldescent.paper.machinery import kernel_law_runs as runs
from curldescent.paper.machinery.teachers import extreme_rates
from curldescent.paper.machinery.trained_cells import trained_cells
from curldescent.theory import KernelSpectrum, Spectrum


def world(*, error: float = 0.0, off: float = 1.0, drop: float = 0.0, errors: float = 1e-6) -> Results:
    """A law that is off by `error` of the bulk's width and a factor `off`; students that lose `drop` of c*."""
    rows, rng = 60, np.random.default_rng(0)
    limit = np.where(np.arange(rows) < 50, -0.3, -np.inf)
    lowest = -0.3 + 0.001 * rng.standard_normal((rows, 9))
    columns = {"activation": ("row", ["tanh", "relu", "sigmoid"] * 20)}
    first = {"limit": limit, "predicted": np.full(rows, -0.3 + error), "width": np.ones(rows)}
    sampled = np.geomspace(0.05, 0.5, rows)
    second = {"predicted": off * sampled * np.exp(0.001 * rng.standard_normal(rows)), "sampled": sampled}
    ratio, fractions, trials = np.array([0.25, 0.4, 0.55, 0.7, 0.85, 1.0]), np.array([0.25, 0.5, 0.75, 1.0]), 10
    rate = np.broadcast_to((0.9 - ratio)[None, :, None], (4, 6, trials)) + 0.01 * rng.random((4, 1, 1))
    dims = ("hidden", "ratio", "trial")
    students = xr.Dataset(
        {"start": (dims, rate), "end": (dims, rate - drop), "error": (dims, np.full(rate.shape, errors))},
        coords={"hidden": fractions, "ratio": ratio},
        attrs={"time": 1e6},
    )
    data = {
        kernel_law.LOWEST: xr.Dataset(
            {**{k: ("row", v) for k, v in first.items()}, "lowest": (("row", "sample"), lowest), **columns}
        ),
        kernel_law.BOUNDARIES: xr.Dataset({**{k: ("row", v) for k, v in second.items()}, **columns}),
        kernel_law.TRAINED: students,
    }
    return Results("quick", data)


def verdicts(results: Results) -> list[bool | None]:
    return [claim.measure(results).holds for claim in figure("kernel-law").claims]


def test_what_is_claimed_is_confirmed_and_the_contrary_refuted() -> None:
    assert verdicts(world(drop=0.3)) == [True, True, True, True, False]
    assert verdicts(world(error=0.03, off=1.2, drop=-0.3)) == [False, False, False, False, True]


def test_the_law_may_be_off_either_way() -> None:
    assert verdicts(world(error=-0.03, off=1 / 1.2))[:3] == [False, False, False]


def test_settings_without_a_limit_do_not_count() -> None:
    finding = kernel_law.lowest_within(world())
    assert (finding.numbers["passed"], finding.numbers["of"]) == (50, 50)


def test_a_boundary_that_is_not_found_is_off() -> None:
    results = world()
    data = results[kernel_law.BOUNDARIES]
    data["sampled"] = data.sampled.where(data.row >= 12)
    finding = kernel_law.every_boundary(results)
    assert (finding.numbers["passed"], finding.numbers["of"]) == (48, 60)
    assert finding.holds is not True


def test_diverged_students_do_not_stand_still() -> None:
    results = world()
    results[kernel_law.TRAINED]["end"][:] = np.nan
    assert not kernel_law.visible(results[kernel_law.TRAINED], "end").any()


def test_medians_cross_where_the_line_between_them_does() -> None:
    places = np.array([0.5, 1.0, 2.0])
    assert runs.crossing(places, np.array([3.0, 1.0, -1.0])) == 1.5
    assert np.isnan(runs.crossing(places, np.array([3.0, 2.0, 1.0])))
    assert np.isnan(runs.crossing(places, np.array([-1.0, -2.0, -3.0])))


def test_samples_of_linear_kernels_have_the_spectrum_of_linear_students() -> None:
    """An independent law: with many samples P·G/(Mpτ) is K. λ_min of K at c = ½, within its scatter at this size."""
    law = KernelSpectrum(0.5, hidden=0.2, activation="linear", samples_per_input=0.9, rho=1.0, sigma2=1.0)
    found = runs.lowest_of(law, size=60, samples=5, seed=0)
    # λ_min of 60 inputs scatters by M^(−2/3) = 0.07 of the width.
    assert abs(np.median(found) - law.lambda_min) < 0.1 * (law._limits[1] - law._limits[0])
    assert Spectrum(ratio=0.5, hidden=0.2).lambda_min < law.lambda_min  # a compression of K has a higher one


def test_rows_are_the_settings_and_flips_belong_to_their_layer() -> None:
    data = runs.lowest_eigenvalues(("tanh",), (0.3,), (2.0,), (0.5,), 20, 2, 1.5, seed=1)
    assert data.layer.values.tolist() == list(runs.LAYERS)
    assert [runs.flips_of(layer, 0.3) for layer in runs.LAYERS] == [(0.3, 0.0), (0.0, 0.3), (0.3, 0.3)]
    one = KernelSpectrum(0.5, readout=0.3, activation="tanh", samples_per_input=1.5, scale=2.0, n_inputs=20)
    np.testing.assert_allclose(data.predicted.values[1], one.lambda_min)


def test_settings_that_are_always_stable_have_no_boundary() -> None:
    data = runs.boundaries(("tanh",), (0.05,), (4.0,), 20, 2, 1.5, seed=1)
    readout = data.isel(row=1)
    assert np.isinf(readout.limit)
    assert np.isnan(readout.predicted)
    assert np.isnan(readout.sampled)


def test_trained_students_are_those_of_figure_6() -> None:
    data = runs.trained(fractions=(0.5,), ratios=(0.3,), trials=2, epochs=3)
    assert data.start.shape == (1, 1, 2)
    assert not np.allclose(data.end, data.start)
    assert np.abs(data.end - data.start).max() < 0.2 * np.abs(data.start).max() + 0.2
    assert data.attrs["time"] == pytest.approx(0.3)


def test_a_student_that_diverged_has_no_solution_and_the_others_have_theirs() -> None:
    (cell,) = trained_cells("tanh", (0.5,), (0.3,), trials=2, epochs=3)
    hidden, readout = (layer.copy() for layer in cell.after)
    hidden[0, 0, 0] = np.nan
    broken = replace(cell, after=(hidden, readout))
    assert broken.solution(0) is None
    other, whole = broken.solution(1), cell.solution(1)
    assert other is not None
    assert whole is not None
    np.testing.assert_array_equal(other.student.hidden[1], cell.after[0][1])
    rates = [extreme_rates(problem, 1, cell.hidden, cell.readout) for problem in (other, whole)]
    assert rates[0] == rates[1]


def test_it_is_drawn() -> None:
    from matplotlib import pyplot as plt

    picture = figure("kernel-law").draw(world())
    assert len(picture.axes) == 3
    plt.close(picture)
