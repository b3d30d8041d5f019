"""Maps of the paper's length end trials that have learned for good, which changes nothing that a map shows."""

import numpy as np
import pytest
import xarray as xr

from curldescent.paper import figure
from curldescent.paper.machinery.boundary_claims import FLOOR, summary
from curldescent.paper.machinery.phase_sweeps import LEARNED_FOR_GOOD, ON_THE_WAY, from_random_start, on_the_way
from curldescent.sweeps import Sweep
from curldescent.sweeps.execution.cell import compute


def computed(sweep: Sweep, indices) -> xr.Dataset:
    """Some cells of a sweep over ratio and fraction, each at its place in a row."""
    cells = [compute(sweep.cell_at(index)) for index in indices]
    values = [sweep.grid.cell(index) for index in indices]
    names = ("final_train_error", "final_test_error", "stopped_at")
    data = {name: (("hidden", "ratio", "trial"), np.stack([cell[name] for cell in cells])[None]) for name in names}
    for part in ("train", "test"):
        curves = np.stack([cell[f"{part}_error"] for cell in cells])[None]
        data[f"{part}_error"] = (("hidden", "ratio", "trial", "epoch"), curves)
    coords = {"ratio": [value["ratio"] for value in values], "hidden": [0.5]}
    return xr.Dataset(data, coords={**coords, "epoch": sweep.settings.training["record"]})


def with_and_without(sweep: Sweep, indices) -> tuple[xr.Dataset, xr.Dataset]:
    settings = {name: value for name, value in sweep.settings.training.items() if name != "stop_below"}
    on = Sweep(
        axes={axis.name: next(iter(axis.columns.values())) for axis in sweep.grid.axes},
        student_teacher=dict(sweep.settings.student_teacher),
        training=settings,
        keep={"error_curves": True},
    )
    assert sweep.settings.training["stop_below"] == [LEARNED_FOR_GOOD, LEARNED_FOR_GOOD]
    return computed(sweep, indices), computed(on, indices)


def assert_the_same_map(stopped: xr.Dataset, ran_on: xr.Dataset) -> None:
    """Equal at the end and at every epoch on the way, although trials did end and went on falling otherwise."""
    assert (stopped.stopped_at > 0).any()
    assert (stopped.stopped_at == -1).any()
    assert (ran_on.stopped_at == -1).all()
    assert (ran_on.final_test_error != stopped.final_test_error).any()
    assert (stopped.final_test_error > FLOOR).any()
    for part in ("train", "test"):
        pairs = [(data[f"final_{part}_error"], data[f"{part}_error"]) for data in (stopped, ran_on)]
        np.testing.assert_array_equal(*(summary(final, "log mean") for final, _ in pairs))
        for epoch in stopped.epoch.values:
            np.testing.assert_array_equal(*(summary(curve.sel(epoch=epoch), "log mean") for _, curve in pairs))


def test_ending_trials_that_have_learned_changes_no_cell_of_a_map() -> None:
    small = Sweep(
        axes={"ratio": [0.2, 0.5, 3.0], "hidden": [0.5]},
        student_teacher={"total": 18, "activation": "linear", "n_train": 40, "n_test": 10, "trials": 3},
        training={
            "epochs": 3000,
            "learning_rate": 0.2,
            "batch_size": 10,
            "preserve_norms": True,
            "record": [100, 300, 600, 1000, 3000],
            "stop_below": [LEARNED_FOR_GOOD, LEARNED_FOR_GOOD],
        },
        keep={"error_curves": True},
    )
    assert_the_same_map(*with_and_without(small, [(0, 0), (1, 0), (2, 0)]))


@pytest.mark.slow
def test_nor_does_it_in_cells_of_figure_3a() -> None:
    epochs = 3000
    sweep = from_random_start("linear", [0.1, 0.5, 2.0], [0.5], epochs=epochs, trials=2, looked_at=(300, 1000))
    assert_the_same_map(*with_and_without(sweep, [(0, 0), (1, 0), (2, 0)]))


@pytest.mark.parametrize("key", ["fig3a", "fig3a-inset", "fig6a", "fig6b"])
def test_the_papers_length_is_looked_at_on_the_way_and_shorter_runs_are_not(key: str) -> None:
    for scale in ("quick", "standard", "subset", "paper"):
        for sweep in figure(key).at(scale).values():
            if not isinstance(sweep, Sweep):
                continue
            training = sweep.settings.training
            early = on_the_way(scale, training["epochs"])
            if scale in ("subset", "paper"):
                assert list(training["record"]) == [*early, training["epochs"]]
                assert sweep.settings.keep.error_curves
                assert early == tuple(epoch for epoch in ON_THE_WAY if epoch < training["epochs"])
            else:
                assert early == ()
                assert training["stop_below"] is None
