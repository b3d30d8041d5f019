"""`curldescent sweep` as users meet it, looked at from outside."""

import json

import pytest
import xarray as xr

from tests.apps.cli.inside import inside
from tests.sweeps.conftest import command as outside
from tests.sweeps.conftest import fill, small

TOML = """
[sweep]
seed = 3
[axes]
ratio = [0.5, 1, 2]
hidden = [0, 0.5]
[student_teacher]
total = 12
n_train = 20
n_test = 5
trials = 2
[training]
epochs = 20
batch_size = 10
"""


def command(*arguments, cwd="."):
    """(exit code, stdout, stderr)."""
    done = inside("sweep", *map(str, arguments), cwd=cwd)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sweep.toml").write_text(TOML)
    (tmp_path / "bad.toml").write_text(TOML.replace("hidden", "hiden"))
    fill(small(), tmp_path / "store", skip=[(1, 1)])
    return tmp_path


@pytest.mark.parametrize("name", ["plan", "run", "status", "retry", "export", "merge", "compact"])
def test_help_shows_examples_and_options(name):
    code, out, _ = command(name, "--help")
    assert code == 0
    assert f"curldescent sweep {name}" in out
    assert "Examples" in out
    assert "--json" in out


def test_plan_says_what_it_costs(folder):
    code, out, error = command("plan", "sweep.toml", "--json", "--workers", 2, cwd=folder)
    assert code == 0, error
    cost = json.loads(out)["result"]
    assert (cost["cells"], cost["axes"]) == (6, {"ratio": 3, "hidden": 2})
    assert cost["updates"] == 6 * 2 * 20 * 2
    assert 0.001 < cost["seconds"] < 100
    assert cost["memory"] > 1e8
    assert cost["disk"] > 6 * 4096


@pytest.mark.slow
def test_from_missing_cells_to_an_export(folder):
    code, out, error = command("status", "--store", "store", "--json", cwd=folder)
    assert code == 0, error
    assert (json.loads(out)["result"]["done"], json.loads(out)["result"]["missing"]) == (5, 1)
    code, out, error = command("run", "sweep.toml", "--store", "store", cwd=folder)
    assert code == 0, error
    assert "5 of 6 cells are there already" in error
    assert "1 cells computed" in error
    assert "complete" in error
    code, out, error = command("status", "--store", "store", "--verify", cwd=folder)
    assert "6 (100.0 %)" in out
    code, out, error = command("export", "--store", "store", "--out", "all.nc", cwd=folder)
    assert code == 0, error
    with xr.open_dataset(folder / "all.nc", engine="scipy") as data:
        assert dict(data.final_test_error.sizes) == {"ratio": 3, "hidden": 2, "trial": 2}
    code, out, error = command("merge", "store", "--store", "merged", "--json", cwd=folder)
    assert code == 0, error
    assert json.loads(out)["result"]["copied"] == 6


BAD = {
    "a missing file": (["plan", "none.toml"], "sweep file 'none.toml' does not exist"),
    "a misspelt axis": (
        ["run", "bad.toml", "--store", "new"],
        "axis 'hiden' has an unknown entry 'hiden'; did you mean",
    ),
    "no store": (["status", "--store", "nowhere"], "'nowhere' is not the store of a sweep"),
    "a file for a store": (["run", "sweep.toml", "--store", "sweep.toml"], "has a file in the way"),
    "no workers": (
        ["run", "sweep.toml", "--store", "new", "--workers", "0"],
        "workers must be a whole number between 1",
    ),
    "workers of a cluster": (
        ["run", "sweep.toml", "--store", "new", "--workers", "2", "--scheduler", "tcp://127.0.0.1:1"],
        "--workers is for this machine's cores",
    ),
    "two clusters": (
        ["run", "sweep.toml", "--store", "new", "--slurm", "--scheduler", "tcp://127.0.0.1:1"],
        "either --scheduler or a batch system",
    ),
    "an export without an ending": (
        ["export", "--store", "store", "--out", "all"],
        "an export ends in .nc (netcdf), .zarr (zarr), .csv (csv), .parquet (parquet), or says",
    ),
    "missing cells": (["compact", "--store", "store"], "lacks 1 cells"),
}


def test_from_outside_it_is_the_same(folder):
    for arguments in (("plan", "--help"), BAD["no store"][0]):
        assert outside(*arguments, cwd=folder) == command(*arguments, cwd=folder)


@pytest.mark.parametrize("case", BAD)
def test_unusable_input_gets_one_sentence_and_exit_code_2(case, folder):
    arguments, sentence = BAD[case]
    code, out, error = command(*arguments, cwd=folder)
    assert code == 2
    assert sentence in error
    assert error.count("\n") == 1
    assert not out
    assert not (folder / "new" / "cells").exists()
