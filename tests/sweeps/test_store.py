"""Stores that were mistreated, extended, or made by somebody else."""

import json
import shutil

import numpy as np
import pytest

import curldescent as cd
from curldescent.foundation.canonical import canonical, digest
from curldescent.sweeps import Store
from tests.sweeps.conftest import contents, fill, small

# What a run makes of a store; `finished` was computed by workers.
pytestmark = pytest.mark.usefixtures("in_this_process")


def test_damaged_files_are_named_set_aside_and_recomputed(store, finished):
    want = contents(finished)
    truncated, flipped, foreign, swapped = sorted((store / "cells").glob("*/*.npz"))[:4]
    truncated.write_bytes(truncated.read_bytes()[:-1])
    data = bytearray(flipped.read_bytes())
    data[len(data) // 2] ^= 4
    flipped.write_bytes(data)
    foreign.write_bytes(b"a file of something else")
    swapped.write_bytes(sorted((store / "cells").glob("*/*.npz"))[4].read_bytes())
    with pytest.raises(cd.InputError, match=r"cell file .*npz' is damaged.*run the sweep again to recompute"):
        cd.sweeps.open(store).load()
    found = cd.sweeps.status(store, verify=True)
    assert [name in " ".join(found.damaged) for name in (truncated.name, flipped.name, foreign.name, swapped.name)]
    assert len(found.damaged) == 4
    summary = cd.sweeps.run(None, store)
    assert (summary.found, summary.computed, len(summary.damaged)) == (2, 4, 4)
    assert "another cell under this one's name" in " ".join(summary.damaged)
    assert contents(store) == want
    assert len(list((store / "damaged").iterdir())) == 4


def test_workers_compute_the_bytes_that_this_process_does(finished, tmp_path):
    assert contents(fill(small(), tmp_path / "here")) == contents(finished)


def test_strangers_among_the_cells_are_named_and_never_read(store):
    (store / "cells" / "ab").mkdir(exist_ok=True)
    (store / "cells" / "ab" / "abba.npz").write_bytes(b"?")
    (store / "cells" / "readme.txt").write_text("?")
    found = cd.sweeps.status(store)
    assert [path.rsplit("/", 1)[1] for path in found.strangers] == ["abba.npz", "readme.txt"]
    assert found.done == 6
    assert cd.sweeps.run(None, store).computed == 0


def test_temporaries_of_dead_writers_are_swept(store):
    cell = next((store / "cells").glob("*/*.npz"))
    strays = [cell.with_name(f".tmp-{cell.name}-99-0123abcd"), store / ".tmp-plan.json-99-0123abcd"]
    notes = [cell.with_name(".tmp-notes.npz"), store / ".tmp-plan.json", store / ".tmp-mine-99-0123abcd"]
    for path in (*strays, *notes):
        path.write_bytes(b"half a ce")
    cd.sweeps.run(None, store)
    assert not any(path.exists() for path in strays)
    # What only looks like one is somebody's file.
    assert all(path.exists() for path in notes)


def test_other_settings_are_refused_with_the_difference_named(store):
    other = small(training={"epochs": 30, "batch_size": 10})
    with pytest.raises(cd.InputError, match=r"training\.epochs is 20 in the store and 30 here"):
        cd.sweeps.run(other, store)
    with pytest.raises(cd.InputError, match=r"varied\.readout is absent in the store"):
        cd.sweeps.run(small(axes={"ratio": [1], "hidden": [0], "readout": [0]}), store)


def test_a_grid_grows_and_keeps_its_cells(store, finished):
    before = {path: path.stat().st_mtime_ns for path in (store / "cells").glob("*/*.npz")}
    larger = small(axes={"ratio": [0.5, 1, 2], "hidden": [0, 0.25, 0.5]})
    summary = cd.sweeps.run(larger, store)
    assert (summary.found, summary.computed, summary.complete) == (6, 3, True)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    data = cd.sweeps.open(store).load()
    assert dict(data.sizes)["hidden"] == 3
    np.testing.assert_array_equal(
        data.final_test_error.sel(hidden=[0, 0.5]), cd.sweeps.open(finished).final_test_error.load()
    )
    with pytest.raises(cd.InputError, match=r'also holds \{"hidden":0.25\} on axis .hidden., which the sweep lacks'):
        cd.sweeps.run(small(), store)


def rewritten(store, **changes):
    path = store / "plan.json"
    plan = {**json.loads(path.read_text()), **changes}
    plan.pop("checksum")
    path.write_text(json.dumps({**plan, "checksum": digest(canonical(plan))}))


def test_another_format_is_refused_by_name(store):
    rewritten(store, format=0, written_by="curldescent 0.0.9")
    for call in (Store, cd.sweeps.open, cd.sweeps.status, lambda path: cd.sweeps.run(None, path)):
        with pytest.raises(cd.InputError, match=r"has format 0 \(written by curldescent 0.0.9\).*reads format 1"):
            call(store)


def test_other_semantics_are_refused_by_name(store):
    recipe = json.loads((store / "plan.json").read_text())["recipe"]
    rewritten(store, recipe={**recipe, "semantics": 0})
    with pytest.raises(cd.InputError, match="computed with semantics 0, this version of curldescent computes with sem"):
        cd.sweeps.open(store)


def test_a_plan_whose_fingerprint_is_not_that_of_its_settings_is_noticed(store):
    rewritten(store, fingerprint="0" * 64)
    with pytest.raises(cd.InputError, match="made where its settings meant something else"):
        Store(store)


def test_every_flipped_bit_of_a_plan_is_noticed(store):
    path = store / "plan.json"
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    noticed = 0
    for position in rng.integers(0, len(whole), 150):
        data = bytearray(whole)
        data[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        try:
            # Blanks between entries mean nothing, and what survives must be the same plan.
            assert Store(store).fingerprint == Store(_fresh(store, whole)).fingerprint
        except cd.InputError:
            noticed += 1
    assert noticed > 100


def _fresh(store, whole):
    other = store.parent / "fresh"
    other.mkdir(exist_ok=True)
    (other / "plan.json").write_bytes(whole)
    return other


def test_a_lost_plan_costs_no_cell(store):
    (store / "plan.json").unlink()
    summary = cd.sweeps.run(small(), store)
    assert (summary.found, summary.computed) == (6, 0)


def test_folders_of_something_else_are_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(cd.InputError, match=r"neither empty nor a store: it holds 'thesis.tex'"):
        cd.sweeps.run(small(), tmp_path)
    for call in (cd.sweeps.open, cd.sweeps.status, lambda path: cd.sweeps.run(None, path)):
        with pytest.raises(cd.InputError, match="is not the store of a sweep"):
            call(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_copied_store_is_a_store(store, tmp_path):
    shutil.copytree(store, tmp_path / "copy")
    assert cd.sweeps.run(small(), tmp_path / "copy").computed == 0
