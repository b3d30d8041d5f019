"""What is too large is refused before it is spent: by the plan alone, in a moment and without the memory."""

import tracemalloc

import numpy as np
import pytest

import curldescent as cd
from curldescent.foundation import memory
from curldescent.sweeps.description import cost, grid
from curldescent.sweeps.description.cell_cost import memory_bytes, operations
from curldescent.sweeps.storage import exporting
from tests.sweeps.conftest import fill, small

BILLION = 10**9
PROBLEM = {"n_inputs": 4, "n_hidden": 6}
TRAINING = {"epochs": 5}
SWEEPS = {
    "a range of a billion": {"axes": {"hidden": {"lin": [0, 1, BILLION]}}},
    "a logarithmic range of a billion": {"axes": {"learning_rate": {"log": [0.1, 1, BILLION]}}},
    "a billion cells of ranges": {"axes": {"hidden": {"lin": [0, 1, 10**6]}, "readout": {"lin": [0, 1, 1000]}}},
    "a billion cells of lists": {"axes": {"seed": list(range(40_000)), "hidden": list(np.linspace(0, 1, 25_000))}},
    "a billion cells of a zip": {
        "axes": {
            "size": {"zip": {"n_train": {"lin": [1, 10**6, 10**6]}, "n_test": {"lin": [1, 10**6, 10**6]}}},
            "hidden": {"lin": [0, 1, 1000]},
        }
    },
    "a range in a range": {"axes": {"hidden": {"lin": [0, 1, {"lin": [1, 2, 3]}]}}},
    "a billion trials": {"student_teacher": {**PROBLEM, "trials": BILLION}},
    "a billion inputs": {"student_teacher": {"n_inputs": BILLION, "n_hidden": 6}},
    "a billion flips": {"student_teacher": {"n_inputs": BILLION, "n_hidden": 6}, "axes": {"hidden_flips": [1, 2]}},
    "a billion samples": {"student_teacher": {**PROBLEM, "n_train": BILLION, "trials": 100}},
    "a billion outputs": {"student_teacher": {**PROBLEM, "n_outputs": BILLION}},
    "a billion records": {"training": {"epochs": BILLION, "record": BILLION}},
    "a million records of a million trials": {
        "training": {"epochs": BILLION, "record": 10**6},
        "student_teacher": {**PROBLEM, "trials": 10**6},
    },
    "a billion epochs of the order parameter": {"training": {"epochs": BILLION}, "keep": {"order_parameter": BILLION}},
    "a batch of a billion": {"training": {**TRAINING, "batch_size": BILLION}},
    "a total of a billion": {"student_teacher": {"total": BILLION, "ratio": 1}},
}


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("case", SWEEPS)
def test_a_size_is_refused_before_it_is_spent(case, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 16 * 2**30)
    arguments = {"axes": {}, "student_teacher": PROBLEM, "training": TRAINING, **SWEEPS[case]}
    with pytest.raises(cd.InputError) as refused:
        cd.sweeps.plan(cd.sweeps.Sweep(**arguments), calibrate=False)
    assert len(str(refused.value)) < 1000


def test_axes_are_counted_before_they_are_made(monkeypatch):
    monkeypatch.setattr(grid, "_rounded", lambda values: pytest.fail("a value was made"))
    with pytest.raises(cd.InputError, match="a sweep has at most 10000000 cells, this grid has 1000000000"):
        cd.sweeps.Sweep(axes=SWEEPS["a billion cells of ranges"]["axes"], student_teacher=PROBLEM, training=TRAINING)


def test_a_grid_that_cannot_be_listed_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 2**20)
    with pytest.raises(cd.InputError, match=r"the list of 2000 cells would need 0.002 GB of memory, and 0.001 GB are"):
        cd.sweeps.Sweep(axes={"seed": {"lin": [1, 2000, 2000]}}, student_teacher=PROBLEM, training=TRAINING)


def test_listing_a_grid_takes_no_more_than_is_said():
    """What `run` holds of every cell, measured."""
    sweep = cd.sweeps.Sweep(axes={"seed": {"lin": [1, 5000, 5000]}}, student_teacher=PROBLEM, training=TRAINING)
    tracemalloc.start()
    keys = sweep.grid.cell_keys()
    plan = [(key, index) for key, index in zip(keys, sweep.grid.indices(), strict=True)]
    work, places = dict.fromkeys(keys, 1.0), dict(plan)
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(work) == len(places) == 5000
    assert size < 5000 * grid._CELL_BYTES


@pytest.fixture(scope="module")
def finished_here(tmp_path_factory):
    return fill(small(keep={"error_curves": True}), tmp_path_factory.mktemp("sizes") / "store")


@pytest.mark.parametrize("form", ["cells", "compacted"])
def test_a_selection_larger_than_the_memory_is_refused(finished_here, monkeypatch, form):
    if form == "compacted":
        cd.sweeps.compact(finished_here)
    data = cd.sweeps.open(finished_here)
    whole = 8 * data.train_error.size
    monkeypatch.setattr(memory, "available", lambda: whole - 1)
    with pytest.raises(cd.InputError, match=r"this part of train_error would need .*; select less of it"):
        data.train_error.load()
    assert np.isfinite(data.train_error.isel(ratio=0).values).all()


def test_an_export_larger_than_memory_or_disk_is_refused_and_zarr_goes_block_by_block(
    finished_here, tmp_path, monkeypatch
):
    whole = 2 * cd.sweeps.open(finished_here).nbytes
    monkeypatch.setattr(memory, "available", lambda: whole - 1)
    with pytest.raises(cd.InputError, match=r"this export would need .* of memory, .*; export to .zarr"):
        cd.sweeps.export(finished_here, tmp_path / "all.nc")
    cd.sweeps.export(finished_here, tmp_path / "all.zarr")
    monkeypatch.undo()
    usage = exporting.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(exporting.shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(cd.InputError, match=r"this export needs .* of disk, .*; make space"):
        cd.sweeps.export(finished_here, tmp_path / "all.nc")
    assert [path.name for path in tmp_path.iterdir()] == ["all.zarr"]


def test_a_compaction_larger_than_the_memory_is_refused(finished_here, monkeypatch):
    monkeypatch.setattr(grid, "_CELL_BYTES", 0)
    monkeypatch.setattr(memory, "available", lambda: 1000)
    with pytest.raises(cd.InputError, match="writing a block of cells as Zarr would need"):
        cd.sweeps.compact(finished_here)


def test_curves_count_as_memory():
    """A million trials of a thousand records take 8 GB for one error alone."""
    sweep = cd.sweeps.Sweep(
        axes={}, student_teacher={**PROBLEM, "trials": 10**6}, training={"epochs": 10**6, "record": 1000}
    )
    assert memory_bytes(sweep.settings, sweep.settings.resolved({})) > 2 * 8e9


def test_a_long_epoch_is_timed_on_a_part_of_it():
    sweep = cd.sweeps.Sweep(
        axes={},
        student_teacher={"n_inputs": 1000, "n_hidden": 1000, "n_train": 10**6, "trials": 100},
        training={"epochs": 1000, "batch_size": 10},
    )
    whole = sweep.settings.resolved({})
    part = cost._shortened(whole)
    assert operations(part) / 1000 < 1e9 < 1e13 < operations(whole) / 1000
    short = cd.sweeps.Sweep(axes={}, student_teacher=PROBLEM, training=TRAINING).settings.resolved({})
    assert cost._shortened(short) == short


@pytest.mark.usefixtures("little_memory")
def test_one_number_of_a_grid_with_a_huge_network_takes_no_memory(tmp_path):
    """The largest network of the grid sets the shape of its weights; what is read of it is one cell's."""
    sizes = {"zip": {"n_inputs": [3, 2**31 - 1], "n_hidden": [4, 2]}, "labels": ["small", "huge"]}
    rules = {"GD": {}, "CD": {"hidden": 0.5}}
    sweep = small(axes={"size": sizes}, rules=rules, student_teacher={"trials": 2}, keep={"weights": True})
    huge = [index for index in sweep.grid.indices() if sweep.grid.cell(index)["n_inputs"] > 3]
    data = cd.sweeps.open(fill(sweep, tmp_path / "store", skip=huge))
    assert data.hidden_flipped.sel(rule="CD").values.tolist() == [1, 2**30 - 1]
    weights = data.student_hidden.sel(rule="CD", size="small")
    assert weights.dims == ("trial", "hidden_neuron", "input_neuron")
    part = weights.isel(trial=-1, hidden_neuron=slice(3, None, -2), input_neuron=[2, -1, 0]).values
    store = cd.sweeps.Store(tmp_path / "store")
    position = next(i for i in sweep.grid.indices() if i not in huge and sweep.grid.cell(i)["rule"])
    whole = store.read(sweep.grid.key(position))["student_hidden"]
    assert whole.shape == (2, 4, 3)
    assert part[:, [0, 2]].tolist() == whole[-1, [3, 1]][:, [2, 0]].tolist()
    assert np.isnan(part[:, 1]).all()
    with pytest.raises(cd.InputError, match="select less of it"):
        data.student_hidden.load()
