"""Results as they were earlier in the run: against runs that really ended there, and by hand."""

import json

import numpy as np
import pytest
import xarray as xr

from curldescent import sweeps
from curldescent.paper import Results
from curldescent.paper.machinery.shorter import MOMENTS, moments, until
from curldescent.paper.machinery.speedup_protocol import last_epoch
from curldescent.sweeps import Keep, Sweep
from tests.sweeps.conftest import fill

EARLY, LATE = 20, 60
RECORDED = (0, 1, 2, 5, 10, 15, 20, 30, 40, 50, 60)


def tiny(epochs: int, never: str) -> Sweep:
    """Trials that learn slowly and fast, and trials that diverge; some stop before `EARLY`, some after it."""
    return Sweep(
        axes={"learning_rate": [0.1, 0.7, 2.0, 60.0]},
        student_teacher={"n_inputs": 3, "n_hidden": 4, "n_train": 8, "n_test": 5, "trials": 4, "activation": "linear"},
        training={
            "epochs": epochs,
            "batch_size": 4,
            "record": [epoch for epoch in RECORDED if epoch <= epochs],
            "stop_below": [1e-3, 1e-3],
        },
        keep={"epochs_to": [0.1, 0.01, 1e-3], "never": never, "maximum_error": True, "error_curves": True},
        seed=1,
    )


def opened(sweep: Sweep, path) -> xr.Dataset:
    return sweeps.open(fill(sweep, path)).load()


@pytest.fixture(scope="module", params=["last", "nan"])
def both(request, tmp_path_factory) -> tuple[xr.Dataset, xr.Dataset]:
    folder = tmp_path_factory.mktemp("stores")
    return tuple(opened(tiny(epochs, request.param), folder / str(epochs)) for epochs in (LATE, EARLY))


def test_the_runs_are_what_is_to_be_told_apart(both) -> None:
    late, _ = both
    assert ((late.stopped_at > 0) & (late.stopped_at < EARLY)).any()
    assert (late.stopped_at > EARLY).any()
    assert ((late.diverged_at >= 0) & (late.diverged_at <= EARLY)).any()
    assert (late.epochs_to_train > EARLY).any()
    assert (late.final_test_error != late.test_error.sel(epoch=EARLY)).any()


def test_results_until_an_epoch_are_those_of_a_run_that_ended_there(both) -> None:
    late, early = both
    found = until(Results("quick", {"tiny": late}), EARLY)["tiny"]
    xr.testing.assert_equal(found, early)
    assert last_epoch(found) == EARLY


def test_the_whole_run_stays_as_it_was(both) -> None:
    late, _ = both
    before = late.copy(deep=True)
    until(Results("quick", {"tiny": late}), EARLY)
    xr.testing.assert_identical(late, before)


def kept(epochs: int, recorded=None, **variables) -> xr.Dataset:
    """A dataset as a sweep leaves it, of one trial."""
    settings = {"training": {"epochs": epochs}, "keep": Keep(epochs_to=[1e-3], never="last").as_json()}
    coords = {} if recorded is None else {"epoch": list(recorded)}
    return xr.Dataset(variables, coords=coords, attrs={"settings": json.dumps(settings)})


def test_epochs_to_a_threshold_are_censored_by_hand() -> None:
    long = kept(100_000, epochs_to_train=("trial", [40.0, 1000.0, 1001.0, 100_000.0, np.nan]))
    found = until(Results("paper", {"a": long}), 1000)["a"]
    np.testing.assert_array_equal(found.epochs_to_train, [40, 1000, 1000, 1000, np.nan])


def test_errors_are_those_of_the_nearest_recorded_epoch_and_maxima_those_up_to_it() -> None:
    curve = (("trial", "epoch"), [[1.0, 3.0, 2.0, 9.0], [1.0, np.nan, np.nan, np.nan]])
    long = kept(
        20_000,
        [0, 500, 1030, 20_000],
        test_error=curve,
        final_test_error=("trial", [9.0, np.nan]),
        maximum_test_error=("trial", [9.0, np.nan]),
        diverged_at=("trial", [15_000, 200]),
        stopped_at=("trial", [-1, -1]),
    )
    results = Results("paper", {"a": long})
    assert moments(results) == [1000]
    found = until(results, 1000)["a"]
    np.testing.assert_array_equal(found.final_test_error, [2, np.nan])
    np.testing.assert_array_equal(found.maximum_test_error, [3, np.nan])
    assert found.diverged_at.values.tolist() == [-1, 200]
    assert found.epoch.values.tolist() == [0, 500, 1030]


def test_final_errors_without_curves_are_not_carried_along() -> None:
    long = kept(5000, epochs_to_train=("trial", [40.0]), final_train_error=("trial", [0.1]))
    assert "final_train_error" not in until(Results("paper", {"a": long}), 1000)["a"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (kept(100_000, epochs_to_train=("trial", [3.0])), list(MOMENTS)),
        (kept(10_000, epochs_to_train=("trial", [3.0])), [1000]),
        (kept(1000, epochs_to_train=("trial", [3.0])), []),
        # Errors at the end alone.
        (kept(100_000, final_test_error=("trial", [3.0])), []),
        (kept(100_000, [0, 1000, 100_000], final_test_error=("trial", [3.0])), [1000]),
        # 5 % away in logarithms is close, more is not.
        (kept(100_000, [0, 1050, 9000, 100_000], final_test_error=("trial", [3.0])), [1000]),
        # q is taken over the last epochs.
        (kept(100_000, [0, 1000, 100_000], q=("trial", [3.0])), []),
        # No sweep.
        (xr.Dataset({"value": 1}), []),
    ],
)
def test_when_a_run_can_be_looked_at(data: xr.Dataset, expected: list[int]) -> None:
    assert moments(Results("paper", {"a": data})) == expected


def test_every_sweep_of_a_figure_must_be_there() -> None:
    long, short = (kept(epochs, epochs_to_train=("trial", [3.0])) for epochs in (100_000, 4000))
    results = Results("paper", {"a": long, "b": short, "c": xr.Dataset({"value": 1})})
    assert moments(results) == [1000]
    assert until(results, 1000)["c"] is results["c"]
