"""No bit of the compacted form can change and reach a result: the cells are read instead, and the form made anew."""

import hashlib
import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import curldescent as cd
from curldescent.foundation.canonical import canonical, digest
from curldescent.sweeps.storage import compacted_form, zarr_writing
from tests.sweeps.conftest import fill, small

OLD = Path(__file__).parent / "data" / "store_format_1.zip"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A compacted store with numbers and text among its coordinates."""
    store = tmp_path_factory.mktemp("whole") / "store"
    axes = {"size": {"zip": {"n_inputs": [3, 5], "n_hidden": [4, 2]}, "labels": ["wide", "narrow"]}, "hidden": [0, 0.5]}
    problem = {"n_train": 20, "n_test": 5, "trials": 2}
    fill(small(axes=axes, student_teacher=problem, keep={"epochs_to": [0.1]}), store)
    cd.sweeps.compact(store)
    return store


@pytest.fixture(scope="module")
def truth(whole):
    return cd.sweeps.open(whole, compacted=False).load()


@pytest.fixture
def old(tmp_path):
    """A store that the version before this mechanism made, whose manifest and coordinates carry no checksum."""
    shutil.unpack_archive(OLD, tmp_path / "old")
    return tmp_path / "old"


def files(store):
    return sorted(path for path in (store / "compact").rglob("*") if path.is_file())


def opened(store):
    """What a user gets, and what they are told."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        data = cd.sweeps.open(store).load()
    return data, [str(warning.message) for warning in told]


def is_right(data, truth):
    xr.testing.assert_identical(data[sorted(data)], truth[sorted(truth)])


def test_the_undamaged_form_is_read_without_a_word_and_without_the_cells(whole, truth, tmp_path):
    shutil.copytree(whole, tmp_path / "store")
    shutil.rmtree(tmp_path / "store" / "cells")
    data, told = opened(tmp_path / "store")
    assert not told
    is_right(data, truth)


def flip(path, rng):
    data = bytearray(path.read_bytes())
    data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
    path.write_bytes(data)


DAMAGES = {
    "flip": flip,
    "cut": lambda path, rng: path.write_bytes(path.read_bytes()[:-3]),
    "grow": lambda path, rng: path.write_bytes(path.read_bytes() + b"\0"),
    "empty": lambda path, rng: path.write_bytes(b""),
    "remove": lambda path, rng: path.unlink(),
    "folder": lambda path, rng: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("version", ["this", pytest.param("before", marks=pytest.mark.slow)])
def test_every_damaged_file_leaves_the_right_numbers(whole, old, tmp_path, version):
    store = old if version == "before" else shutil.copytree(whole, tmp_path / "store")
    truth = cd.sweeps.open(store, compacted=False).load()
    rng = np.random.default_rng(0)
    names = set(truth.data_vars) - {"status"}
    for number, path in enumerate(files(store)):
        # A flipped bit everywhere, and the other damages in turn.
        for kind in ("flip", list(DAMAGES)[1 + number % (len(DAMAGES) - 1)]):
            kept = path.read_bytes()
            DAMAGES[kind](path, rng)
            data, told = opened(store)
            is_right(data, truth)
            # What is read of a damaged file is said once; coordinates are those of the plan.
            if names & set(path.parts):
                assert len(told) == 1, (path, kind)
                assert "its cells are read instead" in told[0]
            damaged = cd.sweeps.status(store, verify=True).damaged
            assert len(damaged) == 1 or path.name == "manifest.json", (path, kind)
            if path.is_dir():
                path.rmdir()
            path.write_bytes(kept)
    assert cd.sweeps.status(store, verify=True).damaged == ()


def test_swapped_chunks_are_noticed(whole, truth, tmp_path):
    """Each is intact and carries its own valid checksum, but is another one's."""
    store = shutil.copytree(whole, tmp_path / "store")
    first, second = (
        store / "compact" / "results.zarr" / name / "c/0/0/0" for name in ("final_train_error", "stopped_at")
    )
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)
    data, told = opened(store)
    assert len(told) == 1
    is_right(data, truth)


def manifest_of(store, change):
    path = store / "compact" / "manifest.json"
    content = json.loads(path.read_bytes())
    content.pop("checksum", None)
    change(content)
    path.write_text(json.dumps(content))


MANIFESTS = {
    "a chunk left out": lambda m: m["files"].pop("results.zarr/final_test_error/c/0/0/0"),
    "a path out of the store": lambda m: m["files"].update({"../plan.json": [1, "0"]}),
    "an absolute path": lambda m: m["files"].update({"/etc/passwd": [1, "0"]}),
    "no files": lambda m: m.update(files=None),
    "a list": lambda m: m.update(files=[1, 2]),
    "numbers": lambda m: m["files"].update({"results.zarr/zarr.json": 7}),
    "text for a length": lambda m: m["files"].update({"results.zarr/zarr.json": ["7", "0"]}),
    "no grid": lambda m: m.pop("grid"),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_a_manifest_is_not_believed(whole, truth, tmp_path, case):
    store = shutil.copytree(whole, tmp_path / "store")
    manifest_of(store, MANIFESTS[case])
    data, told = opened(store)
    assert len(told) == 1
    is_right(data, truth)
    assert len(cd.sweeps.status(store, verify=True).damaged) == 1


def test_an_array_of_another_shape_is_not_believed(whole, truth, tmp_path):
    """Even where the manifest vouches for it."""
    store = shutil.copytree(whole, tmp_path / "store")
    path = store / "compact" / "results.zarr" / "final_test_error" / "zarr.json"
    content = json.loads(path.read_text())
    content["shape"] = [2, 2, 10**9]
    path.write_text(json.dumps(content))
    vouched = [path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()]
    manifest_of(store, lambda m: m["files"].update({"results.zarr/final_test_error/zarr.json": vouched}))
    data, told = opened(store)
    assert "not the array that the plan describes" in told[0]
    is_right(data, truth)


@pytest.mark.usefixtures("in_this_process")
def test_a_run_and_compact_make_a_damaged_form_anew(store):
    for mend in (lambda: cd.sweeps.run(None, store), lambda: cd.sweeps.compact(store)):
        cd.sweeps.compact(store)
        chunk = next(path for path in files(store) if "final_test_error/c" in path.as_posix())
        chunk.write_bytes(b"x" + chunk.read_bytes()[1:])
        assert cd.sweeps.status(store, verify=True).damaged
        mend()
        assert cd.sweeps.status(store, verify=True).damaged == ()
        assert not opened(store)[1]


def test_where_the_cell_is_gone_too_there_is_a_sentence_and_no_number(store):
    cd.sweeps.compact(store)
    chunk = next(path for path in files(store) if "final_test_error/c" in path.as_posix())
    chunk.unlink()
    next((store / "cells").glob("*/*.npz")).unlink()
    with pytest.warns(UserWarning, match="is damaged"), pytest.raises(cd.InputError, match="it is not there any more"):
        cd.sweeps.open(store).final_test_error.load()


def test_opening_reads_nothing_and_a_part_only_its_own_files(whole, monkeypatch):
    checked = []
    check = compacted_form.Compacted._check
    monkeypatch.setattr(
        compacted_form.Compacted, "_check", lambda self, name, **o: (checked.append(name), check(self, name, **o))[1]
    )
    data = cd.sweeps.open(whole)
    assert not checked
    data.final_test_error.isel(size=0).load()
    assert {name.split("/")[1] for name in checked} == {"zarr.json", "final_test_error"}


@pytest.mark.usefixtures("in_this_process")
def test_a_store_of_the_version_before_is_read_resumed_and_extended(old, tmp_path):
    data, told = opened(old)
    assert not told
    cells = cd.sweeps.open(old, compacted=False).load()
    is_right(data, cells)
    assert cd.sweeps.status(old, verify=True).damaged == ()
    gone = next((old / "cells").glob("*/*.npz"))
    with np.load(gone) as file:
        want = {name: file[name] for name in file}
    gone.unlink()
    axes = {"ratio": cd.sweeps.log(0.1, 10, 3), "hidden": [0, 0.5]}
    problem = {"total": 12, "n_train": 20, "n_test": 5, "trials": 2}
    keep = {"epochs_to": [0.1], "never": "last"}
    summary = cd.sweeps.run(small(axes=axes, student_teacher=problem, keep=keep), old, workers=1)
    assert (summary.found, summary.computed, summary.damaged) == (5, 1, ())
    # What it computes is what the version before computed, whose sums ran in another order.
    with np.load(gone) as file:
        assert set(file) == set(want)
        for name, values in want.items():
            if isinstance(values, np.ndarray) and values.dtype.kind == "f":
                np.testing.assert_allclose(file[name], values, rtol=1e-9, atol=1e-15)


def test_rules_are_read_as_any_version_spelled_them(tmp_path):
    """Masks are mappings now; the version before wrote lists of booleans, and cells are named by what is written."""
    masks = small(axes={"ratio": [1]}, rules={"GD": {}, "CD": {"readout": [True, *[False] * 5]}})
    fill(masks, tmp_path / "now")
    assert cd.sweeps.status(tmp_path / "now", verify=True).damaged == ()
    plan = json.loads((tmp_path / "now" / "plan.json").read_text())
    plan["axes"][0]["columns"]["rule"][1] = {"readout": [True, *[False] * 5]}
    del plan["checksum"]
    (tmp_path / "before").mkdir()
    content = {**plan, "checksum": digest(canonical(plan))}
    (tmp_path / "before" / "plan.json").write_text(json.dumps(content))
    assert cd.sweeps.status(tmp_path / "before").missing == 2


@pytest.mark.parametrize("shape", [(), (7,), (5, 3), (1, 9, 4), (3, 1, 2, 5)])
@pytest.mark.parametrize("cell_bytes", [8, 100, 5000, 10**6])
def test_a_shard_is_bounded_and_blocks_cover_the_grid_once(shape, cell_bytes):
    most = 10_000
    part = zarr_writing.block_shape(shape, cell_bytes, most=most)
    assert int(np.prod(part)) * cell_bytes <= most or int(np.prod(part)) == 1
    seen = np.zeros(shape, dtype=int)
    for index in zarr_writing.blocks(shape, part):
        seen[index] += 1
    assert (seen == 1).all()


@pytest.mark.parametrize("shard", [64, 200, 5000])
def test_small_shards_hold_the_same(whole, truth, tmp_path, monkeypatch, shard):
    """A grid that is many shards, cut along any axis."""
    store = shutil.copytree(whole, tmp_path / "store")
    monkeypatch.setattr(zarr_writing, "_SHARD_BYTES", shard)
    monkeypatch.setattr(zarr_writing, "_CHUNK_BYTES", 16)
    cd.sweeps.compact(store)
    data, told = opened(store)
    assert not told
    is_right(data, truth)
    cd.sweeps.export(store, tmp_path / "all.zarr")
    with xr.open_dataset(tmp_path / "all.zarr", engine="zarr", consolidated=False) as export:
        np.testing.assert_array_equal(export.final_test_error.values, truth.final_test_error.values)


def test_zarr_alone_notices_damage_to_every_chunk_of_an_export(whole, tmp_path):
    """Coordinates included: an export has no manifest, its chunks check themselves."""
    target = cd.sweeps.export(whole, tmp_path / "all.zarr")
    rng = np.random.default_rng(1)
    chunks = [path for path in target.rglob("*") if path.is_file() and path.name != "zarr.json"]
    assert {"hidden", "size", "trial", "n_inputs", "threshold", "status"} <= {
        p.relative_to(target).parts[0] for p in chunks
    }
    for path in chunks:
        kept = path.read_bytes()
        for _ in range(2):
            flip(path, rng)
            with pytest.raises((ValueError, RuntimeError)):
                xr.open_dataset(target, engine="zarr", consolidated=False).load()
            path.write_bytes(kept)
