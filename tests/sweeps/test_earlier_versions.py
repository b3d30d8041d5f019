"""Stores that earlier versions made are read and go on, though their fingerprints spell out every default.

`store_before_open_house.zip` has a compacted form of all its sixteen cells and lacks one of their files.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import curldescent as cd
from tests.sweeps.conftest import contents

pytestmark = pytest.mark.usefixtures("in_this_process")

DATA = Path(__file__).parent / "data"


def recipe(**changes):
    """The sweep that the store was made from, written as it was then."""
    arguments = {
        "axes": {"n_train": [10, 20], "seed": [0, 1]},
        "rules": {
            "GD": {},
            "CD": {"readout": 0.5},
            "mask": {"hidden": [True, False, False, True]},
            "FA": {"feedback": "random"},
        },
        "student_teacher": {"n_inputs": 4, "n_hidden": 6, "n_test": 5, "trials": 2, "activation": "tanh"},
        "start": {},
        "training": {"epochs": 12, "batch_size": 5, "preserve_norms": True},
        "keep": cd.sweeps.Keep(error_curves=True),
        "seed": 7,
        "paired": ("n_train",),
    }
    return cd.sweeps.Sweep(**{**arguments, **changes})


@pytest.fixture
def store(tmp_path):
    shutil.unpack_archive(DATA / "store_before_open_house.zip", tmp_path / "old")
    (found,) = {path.parent for path in (tmp_path / "old").rglob("plan.json")}
    return found


@pytest.fixture
def truth(store):
    """What the version before computed: its compacted form, which needs no cell."""
    data = cd.sweeps.open(store).load()
    assert np.isfinite(data.train_error).all()
    return data


def same(found, truth):
    for name in truth:
        np.testing.assert_array_equal(found[name], truth[name])


def test_the_plan_is_recognised_by_its_old_fingerprint_and_no_other(store):
    plan = json.loads((store / "plan.json").read_text())
    opened = cd.sweeps.Store(store)
    assert opened.sweep.settings.fingerprints == (opened.fingerprint, plan["fingerprint"])
    assert opened.fingerprint == recipe().settings.fingerprint != plan["fingerprint"]
    assert opened.sweep.grid.cell_keys() == recipe().grid.cell_keys()


def test_it_is_read_verified_and_exported(store, truth, tmp_path):
    found = cd.sweeps.status(store, verify=True)
    assert (found.done, found.missing, found.damaged, found.compacted) == (15, 1, (), True)
    from_cells = cd.sweeps.open(store, compacted=False).load()
    there = from_cells.status == 1
    assert int(there.sum()) == 15
    np.testing.assert_array_equal(from_cells.train_error.where(there), truth.train_error.where(there))
    with xr.open_dataset(cd.sweeps.export(store, tmp_path / "all.nc"), engine="scipy") as data:
        same(data, truth)


def test_it_is_resumed_exactly_the_missing_cell_to_the_bit(store, truth):
    before = contents(store)
    summary = cd.sweeps.run(None, store, workers=1)
    assert (summary.found, summary.computed, summary.complete) == (15, 1, True)
    assert contents(store).items() >= before.items()
    same(cd.sweeps.open(store, compacted=False).load(), truth)
    assert cd.sweeps.status(store, verify=True).damaged == ()
    assert cd.sweeps.run(recipe(), store, workers=1).computed == 0


def test_it_is_extended_and_compacted_anew(store, truth):
    summary = cd.sweeps.run(recipe(axes={"n_train": [10, 20], "seed": [0, 1, 2]}), store, workers=2)
    assert (summary.found, summary.computed, summary.complete) == (15, 1 + 8, True)
    assert cd.sweeps.status(store, verify=True).damaged == ()
    data = cd.sweeps.open(store).load()
    assert data.sizes["seed"] == 3
    assert np.isfinite(data.train_error).all()
    same(data.sel(seed=[0, 1]), truth)


def test_a_failure_that_it_recorded_is_tried_again(store, truth):
    opened = cd.sweeps.Store(store)
    (missing,) = set(opened.sweep.grid.cell_keys()) - opened.finished()
    opened.record_failure(missing, cell={}, kind="MemoryError", message="too little")
    assert cd.sweeps.run(None, store, workers=1).computed == 0
    assert cd.sweeps.retry(store, workers=1).computed == 1
    cd.sweeps.compact(store)
    same(cd.sweeps.open(store).load(), truth)


@pytest.mark.parametrize("order", ["old first", pytest.param("new first", marks=pytest.mark.slow)])
def test_it_is_merged_with_a_store_of_this_version(store, truth, tmp_path, order):
    cd.sweeps.run(recipe(axes={"n_train": [10, 20], "seed": [2]}), tmp_path / "new", workers=2)
    sources = [store, tmp_path / "new"][:: 1 if order == "old first" else -1]
    merged = cd.sweeps.merge(sources, tmp_path / "both")
    assert (merged.cells, merged.copied, merged.damaged) == (24, 23, ())
    assert cd.sweeps.run(None, tmp_path / "both", workers=1).computed == 1
    same(cd.sweeps.open(tmp_path / "both").load().sel(seed=[0, 1]), truth)


def test_other_settings_are_still_refused(store):
    other = {"epochs": 12, "batch_size": 5, "preserve_norms": False}
    with pytest.raises(cd.InputError, match=r"training.preserve_norms is true in the store and false here"):
        cd.sweeps.run(recipe(training=other), store)


def test_a_cell_taken_out_gives_the_stored_numbers_to_the_bit(store, truth):
    sweep = cd.sweeps.Store(store).sweep
    for rule in truth["rule"].values:
        cell = sweep.cell(rule=rule, n_train=20, seed=truth.seed[1])
        history = cd.train(cell.problem, cell.rule, **cell.training)
        stored = truth.sel(rule=rule, n_train=20, seed=1)
        np.testing.assert_array_equal(history.epoch, stored.epoch)
        for name in ("train_error", "test_error", "diverged_at", "stopped_at"):
            np.testing.assert_array_equal(history[name], stored[name])
