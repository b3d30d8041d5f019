"""Few samples: claims can go either way, and the prediction is the formula it says."""

import numpy as np
import pytest
import xarray as xr

from curldescent.model.student_teacher import student_teacher
from curldescent.paper import Results, figure
from curldescent.paper.beyond import macroscopic_samples
from curldescent.paper.machinery import macroscopic_sample_runs

SIZE = macroscopic_samples.SIZES["standard"]
SHARES = np.array(SIZE.shares)


def dataset(
    rng: np.random.Generator, begins: tuple[float, float], *, factor: float, few: float, many: float, spread: float
) -> xr.Dataset:
    """Gains that begin at so many samples per weight, and so much left of an excess of 0.01 with few and with many."""
    shape = (len(SIZE.hidden), len(SHARES), SIZE.sets)
    logs = np.log(SHARES[None, :, None] / np.array(begins)[:, None, None]) + spread * rng.standard_normal(shape)
    epochs = 500 * factor * np.stack([np.exp(logs), np.ones(shape)])
    left = 0.01 * np.geomspace(few, many, len(SHARES))[:, None] * np.exp(spread * rng.standard_normal((2, *shape)))
    return xr.Dataset(
        {
            "epochs": (("rule", "size", "share", "set"), epochs),
            "nonlinear": (("rule", "size", "share", "set"), left),
            "test_error": (("rule", "size", "share", "set"), left),
            "nonlinear_at_start": (("size", "set"), np.full((len(SIZE.hidden), SIZE.sets), 0.01)),
        },
        coords={"rule": ["GD", "CD"], "size": list(SIZE.hidden), "share": SHARES},
    )


def world(
    *,
    begins: tuple[float, float] = (0.25, 0.25),
    factor: float = 1.0,
    few: float = 0.9,
    many: float = 0.2,
    spread: float = 0.02,
) -> Results:
    rng = np.random.default_rng(0)
    return Results(
        "standard",
        {
            macroscopic_samples.MEASURED: dataset(rng, begins, factor=factor, few=few, many=many, spread=spread),
            macroscopic_samples.TOLD: dataset(rng, (0.25, 0.25), factor=1.0, few=0.9, many=0.2, spread=spread),
        },
    )


def verdicts(results: Results) -> list[bool | None]:
    return [claim.measure(results).holds for claim in figure("macroscopic-samples").claims]


def test_runs_that_all_end_at_the_last_epoch_tell_nothing() -> None:
    late = {name: data.assign(epochs=data.epochs * 0 + 5000.0) for name, data in world().data.items()}
    found = verdicts(Results("standard", late))
    assert found[:4] == [None] * 4


def test_claims_are_confirmed_by_data_that_follow_them() -> None:
    assert verdicts(world()) == [True] * 7


def test_claims_are_refuted_by_data_that_do_not() -> None:
    # Beginning earlier in one size and later in the other; epochs that do not fit; little lost, from little.
    found = verdicts(world(begins=(0.115, 0.55), factor=3.0, few=0.3, many=0.29))
    assert found == [False, False, False, False, True, False, False]
    assert verdicts(world(few=0.2, many=0.1))[4] is False


def test_noise_decides_nothing() -> None:
    found = verdicts(world(spread=8.0))
    assert found == [None] * 7


def test_samples_are_batches() -> None:
    assert [macroscopic_sample_runs.samples_of(10, share) for share in (0.1, 0.15, 0.6)] == [100, 150, 610]
    assert macroscopic_sample_runs.samples_of(20, 0.1) == 200
    assert macroscopic_sample_runs.problem_of(20, 0.1, 0).inputs.shape == (200, 100)


@pytest.mark.parametrize("output", ["linear", "tanh"])
def test_eigenvalues_are_those_of_the_derivatives(output: str) -> None:
    """By finite differences of the answers."""
    problem = student_teacher(
        n_inputs=4,
        n_hidden=3,
        activation="tanh",
        output_activation=output,
        n_train=7,
        n_test=0,
        student_scale=2,
        seed=1,
    )
    w1, w2 = problem.student.hidden[0], problem.student.readout[0]
    last = np.tanh if output == "tanh" else np.asarray

    def drive(flat: np.ndarray) -> np.ndarray:
        return np.tanh(problem.inputs @ flat[:12].reshape(3, 4).T) @ flat[12:]

    flat, step = np.concatenate([w1.ravel(), w2.ravel()]), 1e-6
    slopes = np.stack([(drive(flat + step * e) - drive(flat - step * e)) / (2 * step) for e in np.eye(15)], axis=1)
    # ŷ − y moves with D J Jᵀ/P, which is not symmetric.
    out = drive(flat)
    gain = (last(out + step) - last(out - step)) / (2 * step)
    expected = np.sort(np.linalg.eigvals(gain[:, None] * (slopes @ slopes.T) / 7).real)
    np.testing.assert_allclose(macroscopic_sample_runs.tangent_eigenvalues(problem), expected, rtol=1e-6, atol=1e-9)


def test_without_a_kernel_nothing_is_fitted() -> None:
    time = np.arange(0.0, 2001, 10)
    error = 0.01 * np.exp(-time / 300)
    needed, clock = macroscopic_sample_runs.fitted(time, error, np.zeros(5))
    assert needed == clock == 10 * np.ceil(300 * np.log(10) / 10)


def test_samples_are_fitted_at_the_rate_of_the_kernel() -> None:
    """All eigenvalues κ: E exp(−2ηκt) with a clock that stops at 1/(ηκ)."""
    time = np.arange(0.0, 501, 1)
    flat, kappa = np.full(501, 0.01), 0.2
    needed, clock = macroscopic_sample_runs.fitted(time, flat, np.full(5, kappa))
    assert needed == np.ceil(np.log(10) / (2 * 0.1 * kappa))
    assert clock == pytest.approx((1 - np.exp(-0.1 * kappa * needed)) / (0.1 * kappa), rel=1e-3)
    assert macroscopic_sample_runs.fitted(time, flat, np.zeros(5))[0] == 500


@pytest.mark.slow
def test_few_samples_are_learned_when_they_should_be() -> None:
    given = {"neurons": [10], "shares": [0.1], "sets": 1, "epochs": 400}
    measured, told = macroscopic_sample_runs.measured(**given), macroscopic_sample_runs.told(**given)
    np.testing.assert_allclose(measured.epochs, told.epochs, rtol=0.5)
    assert (measured.test_error > 0.01).all()
    assert (told.nonlinear < float(told.nonlinear_at_start.max()) * 1.01).all()


def test_it_is_drawn() -> None:
    from matplotlib import pyplot as plt

    picture = figure("macroscopic-samples").draw(world())
    assert len(picture.axes) == 3
    plt.close(picture)
