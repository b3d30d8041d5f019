import numpy as np
import pytest
import xarray as xr

import curldescent as cd
from curldescent.sweeps import Store
from tests.sweeps.conftest import fill, small

KEEP = {"error_curves": True, "epochs_to": [0.1], "weights": True, "lambda_min": True}


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    """A finished store with every kind of variable and axis."""
    store = tmp_path_factory.mktemp("rich") / "store"
    sweep = small(
        axes={
            "size": {"zip": {"n_inputs": [3, 5], "n_hidden": [4, 2]}, "labels": ["wide", "narrow"]},
            "hidden": [0, 0.5],
        },
        student_teacher={"n_train": 20, "n_test": 5, "trials": 2},
        rules={"GD": {}, "FA": {"feedback": "random"}},
        keep=KEEP,
    )
    fill(sweep, store)
    cd.sweeps.compact(store)
    return store


def test_dimensions_are_the_axes(rich):
    data = cd.sweeps.open(rich, compacted=False)
    assert data.train_error.dims == ("rule", "size", "hidden", "trial", "epoch")
    assert data.rule.values.tolist() == ["GD", "FA"]
    assert data.sel(size="narrow").n_inputs == 5
    assert data.student_hidden.shape == (2, 2, 2, 2, 4, 5)
    # Networks smaller than the grid's largest end in NaN.
    wide = data.student_hidden.sel(rule="GD", size="wide", hidden=0, trial=0).values
    assert np.isfinite(wide[:4, :3]).all()
    assert np.isnan(wide[:, 3:]).all()


def test_both_forms_hold_the_same(rich):
    cells, compacted = cd.sweeps.open(rich, compacted=False), cd.sweeps.open(rich)
    assert cd.sweeps.status(rich).compacted
    xr.testing.assert_identical(cells.load()[sorted(cells)], compacted.load()[sorted(cells)])


INDEXERS = {
    "one cell": {"rule": 1, "size": 0, "hidden": 1},
    "a slice": {"hidden": slice(1, None), "epoch": slice(2, 5)},
    "a list": {"size": [1, 0], "trial": [1]},
    "nothing": {"hidden": slice(0, 0)},
    "backwards": {"hidden": slice(None, None, -1)},
}


@pytest.mark.parametrize("case", INDEXERS)
def test_lazy_indexing_is_eager_indexing(rich, case):
    lazy = cd.sweeps.open(rich, compacted=False)
    xr.testing.assert_equal(lazy.isel(INDEXERS[case]).load(), lazy.load().isel(INDEXERS[case]))


def test_opening_reads_no_cell_and_indexing_reads_only_its_own(store, monkeypatch):
    reads = []
    monkeypatch.setattr(Store, "read", lambda self, key: (reads.append(key), {"final_test_error": np.ones(2)})[1])
    data = cd.sweeps.open(store)
    assert not reads
    data.final_test_error.isel(ratio=1, hidden=0).load()
    assert reads == [Store(store).sweep.grid.key((1, 0))]


def test_missing_cells_are_nan_and_say_so(store):
    missing = Store(store).sweep.grid.key((1, 1))
    Store(store).cell_path(missing).unlink()
    data = cd.sweeps.open(store).load()
    assert data.status.values.tolist() == [[1, 1], [1, 0], [1, 1]]
    assert np.isnan(data.final_train_error.isel(ratio=1, hidden=1)).all()
    assert np.isfinite(data.final_train_error.isel(ratio=1, hidden=0)).all()
    with pytest.raises(cd.InputError, match="lacks 1 cells"):
        cd.sweeps.compact(store)


@pytest.mark.parametrize("name", ["all.nc", "all.zarr"])
def test_exports_are_read_by_xarray_alone(rich, tmp_path, name):
    for _ in range(2):  # an export replaces an earlier one
        written = cd.sweeps.export(rich, tmp_path / name)
    engine = {"engine": "scipy"} if name.endswith("nc") else {"engine": "zarr", "consolidated": False}
    data = xr.open_dataset(written, **engine)
    with data:
        want = cd.sweeps.open(rich)
        assert data.rule.values.astype(str).tolist() == ["GD", "FA"]
        for variable in ("train_error", "student_hidden", "predicted_lambda_min"):
            np.testing.assert_array_equal(data[variable].values, want[variable].values)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_exports_do_not_overwrite_something_else(rich, tmp_path):
    (tmp_path / "mine.zarr").mkdir()
    (tmp_path / "mine.zarr" / "thesis.tex").write_text("x")
    with pytest.raises(cd.InputError, match="is a folder of something else"):
        cd.sweeps.export(rich, tmp_path / "mine.zarr")
    with pytest.raises(cd.InputError, match=r"an export ends in \.nc \(netcdf\), \.zarr .*, got 'all.xls'"):
        cd.sweeps.export(rich, tmp_path / "all.xls")


def test_a_sweep_without_axes_is_one_cell(tmp_path):
    sweep = small(axes={}, student_teacher={"n_inputs": 3, "n_hidden": 3}, keep={"lambda_min": True})
    fill(sweep, tmp_path / "store")
    cd.sweeps.compact(tmp_path / "store")
    one, two = cd.sweeps.open(tmp_path / "store").load(), cd.sweeps.open(tmp_path / "store", compacted=False).load()
    assert one.predicted_lambda_min.dims == ()
    xr.testing.assert_equal(one[sorted(one)], two[sorted(one)])


def test_stores_merge(tmp_path):
    for name, values in (("a", [0, 0.5]), ("b", [0.5, 1]), ("all", [0, 0.5, 1])):
        fill(small(axes={"ratio": [1, 2], "hidden": values}), tmp_path / name)
    done = cd.sweeps.merge([tmp_path / "a", tmp_path / "b"], tmp_path / "both")
    assert (done.cells, done.copied, done.present, done.damaged) == (6, 6, 2, ())
    xr.testing.assert_identical(
        cd.sweeps.open(tmp_path / "both").load(), cd.sweeps.open(tmp_path / "all", compacted=False).load()
    )
    damaged = next((tmp_path / "b" / "cells").glob("*/*.npz"))
    damaged.write_bytes(b"")
    with pytest.raises(cd.InputError, match="another folder than the sources"):
        cd.sweeps.merge([tmp_path / "a", tmp_path / "both"], tmp_path / "both")
    assert len(cd.sweeps.merge([tmp_path / "b"], tmp_path / "again").damaged) == 1
    fill(small(seed=9), tmp_path / "other")
    with pytest.raises(cd.InputError, match=r"seed is 3 in .*/a' and 9 in .*/other'"):
        cd.sweeps.merge([tmp_path / "a", tmp_path / "other"], tmp_path / "more")
