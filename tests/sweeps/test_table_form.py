"""Exports as flat tables, against the dataset that xarray opens."""

import csv

import numpy as np
import pandas as pd
import pytest

import curldescent as cd
from curldescent.sweeps.storage import table_form
from tests.sweeps.conftest import fill, small

KEEP = {"error_curves": True, "epochs_to": [0.1], "weights": True, "lambda_min": True}


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    """A store with labelled and numeric axes, curves and weights, one cell missing."""
    sweep = small(
        axes={
            "size": {"zip": {"n_inputs": [3, 5], "n_hidden": [4, 2]}, "labels": ["wide, very", "narrow"]},
            "hidden": [0, 0.5],
        },
        student_teacher={"n_train": 20, "n_test": 5, "trials": 2},
        rules={"GD": {}, "FA": {"feedback": "random"}},
        keep=KEEP,
    )
    return fill(sweep, tmp_path_factory.mktemp("rich") / "store", skip=[(1, 1, 1)])


def read(path):
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    with path.open(newline="") as stream:
        table = pd.DataFrame(csv.DictReader(stream)).replace("", "nan")
    return table.apply(lambda column: column if column.name in ("rule", "size") else column.map(float))


@pytest.mark.parametrize("name", ["all.csv", "all.parquet"])
def test_a_table_holds_every_number_of_the_dataset(rich, tmp_path, name):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    for _ in range(2):  # an export replaces an earlier one
        written = cd.sweeps.export(rich, tmp_path / name)
    table, data = read(written), cd.sweeps.open(rich).load()
    assert len(table) == 2 * 2 * 2 * 2
    assert table.columns[:4].tolist() == ["rule", "size", "hidden", "n_inputs"] or "trial" in table.columns[:4]
    assert (table.status == 0).sum() == 2  # the trials of the missing cell
    for _, row in table.iterrows():
        one = data.sel(rule=row["rule"], size=row["size"], hidden=row["hidden"], trial=row["trial"])
        assert row["n_inputs"] == one.n_inputs
        np.testing.assert_array_equal(row["final_test_error"], one.final_test_error)
        for epoch in data.epoch.values:
            np.testing.assert_array_equal(row[f"train_error[epoch={epoch}]"], one.train_error.sel(epoch=epoch))
        np.testing.assert_array_equal(row["student_hidden[hidden_neuron=3, input_neuron=1]"], one.student_hidden[3, 1])
        np.testing.assert_array_equal(row["epochs_to_train[threshold=0.1]"], one.epochs_to_train[0])
    made = {name.partition("[")[0] for name in table.columns}
    assert set(map(str, data.data_vars)) <= made
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_format_may_be_said(rich, tmp_path):
    written = cd.sweeps.export(rich, tmp_path / "all", format="csv")
    assert written == tmp_path / "all"
    assert pd.read_csv(written).shape[0] == 16
    with pytest.raises(cd.InputError, match=r"the format 'csv' does not go with the ending of 'all.nc'"):
        cd.sweeps.export(rich, tmp_path / "all.nc", format="csv")
    with pytest.raises(cd.InputError, match="format must be one of 'netcdf', 'zarr', 'csv', 'parquet', got 'excel'"):
        cd.sweeps.export(rich, tmp_path / "all", format="excel")


def test_tables_of_somebody_else_stay(rich, tmp_path):
    for text in ("a,b\n1,2\n", "rule,size,hidden,trial\n", "trial,status\n"):
        (tmp_path / "all.csv").write_text(text)
        with pytest.raises(cd.InputError, match="is no export of a sweep"):
            cd.sweeps.export(rich, tmp_path / "all.csv")
        assert (tmp_path / "all.csv").read_text() == text
    pytest.importorskip("pyarrow")
    pd.DataFrame({"status": [1]}).to_parquet(tmp_path / "all.parquet")
    with pytest.raises(cd.InputError, match="is no export of a sweep"):
        cd.sweeps.export(rich, tmp_path / "all.parquet")


def test_what_does_not_fit_a_table_is_refused_before_it_is_read(rich, tmp_path, monkeypatch):
    monkeypatch.setattr(table_form, "_MOST_COLUMNS", 30)
    with pytest.raises(cd.InputError, match=r"would have \d+ columns, \d+ of them for .*; export to .nc or .zarr"):
        cd.sweeps.export(rich, tmp_path / "all.csv")
    monkeypatch.undo()
    monkeypatch.setattr("curldescent.foundation.memory.available", lambda: 15_000)
    with pytest.raises(cd.InputError, match=r"this export would need .* of memory"):
        cd.sweeps.export(rich, tmp_path / "all.csv")
    monkeypatch.undo()
    monkeypatch.setattr("curldescent.foundation.optional.find_spec", lambda module: None)
    with pytest.raises(cd.InputError, match=r"exporting to Parquet needs pyarrow: pip install 'curldescent\[data\]'"):
        cd.sweeps.export(rich, tmp_path / "all.parquet")
    assert list(tmp_path.iterdir()) == []
