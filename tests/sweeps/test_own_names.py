"""Nothing that a store did not make is followed, overwritten or deleted; a foreign folder is left as it was."""

import os
import shutil
import stat
from pathlib import Path

import pytest

import curldescent as cd
from curldescent.foundation import durable
from curldescent.sweeps import Store
from curldescent.sweeps.storage import plain_files
from curldescent.sweeps.storage.lock import locked
from tests.sweeps.conftest import contents, fill, small

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes and links"),
    pytest.mark.usefixtures("in_this_process"),
]


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    store = fill(small(), tmp_path_factory.mktemp("complete") / "store")
    cd.sweeps.compact(store)
    Store(store).record_failure("0" * 24, cell={}, kind="x", message="m")
    Store(store).log("run")
    return store


@pytest.fixture
def store(complete, tmp_path):
    return shutil.copytree(complete, tmp_path / "store")


def snapshot(folder):
    """Path → kind, bytes or where it points to, and permissions; nothing is opened that is no file."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        mine = path.read_bytes() if stat.S_ISREG(status.st_mode) else ""
        found[path] = (stat.filemode(status.st_mode), os.readlink(path) if path.is_symlink() else mine)
    return found


def everything(store, tmp_path):
    """What can be done to a store; each either works or raises one sentence."""
    other = small(axes={"ratio": [0.5, 1, 2], "hidden": [0, 0.25, 0.5]})
    calls = [
        lambda: cd.sweeps.status(store, verify=True),
        lambda: cd.sweeps.open(store).load(),
        lambda: cd.sweeps.open(store, compacted=False).load(),
        lambda: cd.sweeps.run(None, store, workers=1),
        lambda: cd.sweeps.run(small(), store, workers=1),
        lambda: cd.sweeps.compact(store),
        lambda: cd.sweeps.merge([store], tmp_path / "merged"),
        lambda: Store.prepare(store, other),
        lambda: Store(store).record_failure("1" * 24, cell={}, kind="x", message="m"),
        lambda: Store(store).forget_failures({"0" * 24, "1" * 24}),
        lambda: Store(store).sweep_temporaries(),
        lambda: Store(store).log("event"),
    ]
    sentences = []
    for call in calls:
        try:
            call()
        except (cd.InputError, OSError) as fault:
            sentences.append(str(fault))
    assert "\n" not in "".join(sentences)
    return sentences


# Each path of a store that is read or written, and what a stranger may have put there.
PLACES = [
    *("lock", "lock.soft", "log.jsonl", "plan.json", "cells", "failures", "damaged", "compact"),
    *("cells/AB", "cells/AB/KEY.npz", "cells/AB/.tmp-KEY.npz-7-0123abcd", "failures/" + "0" * 24 + ".json"),
    *("compact/manifest.json", "compact/results.zarr", "compact/results.zarr/zarr.json"),
    *("compact/results.zarr/final_test_error", "compact/results.zarr/final_test_error/c/0/0/0"),
]


STRANGERS = ["a link to a file", "a link to a folder", "a dangling link", "a pipe", "a hard link"]


def strangers():
    """Every place and every stranger often, every pair in the slow tests."""
    for number, place in enumerate(PLACES):
        for kind, what in enumerate(STRANGERS):
            often = kind == number % len(STRANGERS)
            yield pytest.param(place, what, marks=() if often else pytest.mark.slow, id=f"{place}-{what}")


@pytest.mark.filterwarnings("ignore:the compacted form")
@pytest.mark.parametrize(("place", "what"), list(strangers()))
def test_what_stands_in_a_files_place_is_left_alone(store, tmp_path, place, what):
    key = Store(store).sweep.grid.cell_keys()[0]
    path = store / place.replace("KEY", key).replace("AB", key[:2])
    theirs = tmp_path / "theirs"
    (theirs / "folder").mkdir(parents=True)
    for name in ("file", "folder/notes.txt", "folder/.tmp-plan.json-7-0123abcd", f"folder/.tmp-{key}.npz-7-0123abcd"):
        (theirs / name).write_bytes(b"my thesis")
    if what == "a hard link" and path.is_dir():
        pytest.skip("folders have no hard links")
    if path.is_dir():
        path.rename(tmp_path / "moved")
    else:
        path.unlink(missing_ok=True)
    if what == "a pipe":
        os.mkfifo(path)
    elif what == "a hard link":
        os.link(theirs / "file", path)
    else:
        path.symlink_to(theirs / {"a link to a file": "file", "a link to a folder": "folder"}.get(what, "nothing"))
    before = snapshot(theirs)
    everything(store, tmp_path)
    assert snapshot(theirs) == before


def test_a_cell_that_is_a_link_is_set_aside_and_computed_again(store, complete, tmp_path):
    key = Store(store).sweep.grid.cell_keys()[0]
    path = Store(store).cell_path(key)
    path.rename(tmp_path / "cell")
    path.symlink_to(tmp_path / "cell")
    assert "is a link where a store keeps a file" in cd.sweeps.status(store, verify=True).damaged[0]
    assert cd.sweeps.run(None, store, workers=1).computed == 1
    assert contents(store) == contents(complete)
    assert (tmp_path / "cell").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", ["cells", "failures", "damaged", "compact", "plan.json", "lock"])
def test_a_link_is_named(store, tmp_path, name):
    shutil.rmtree(store / name) if (store / name).is_dir() else (store / name).unlink(missing_ok=True)
    (store / name).symlink_to(tmp_path)
    with pytest.raises(cd.InputError, match=rf"{name}' is a link where a store keeps a f.*it is not touched"):
        cd.sweeps.run(small(), store)


MINE = [
    "cells/notes.txt",
    "cells/ab/notes.txt",
    "cells/.DS_Store",
    "cells/.nfs0000abcd",
    ".tmp-mine",
    ".tmp-plan.json",
    ".tmp-mine.npz-12-0123abcd",
    "compact/notes.txt",
    "compact/.tmp-mine/x",
    "compact/figures/a.png",
    "failures/notes.txt",
    "damaged/notes.txt",
    "notes/thesis.tex",
]


def test_files_of_the_user_among_a_stores_own_stay(store, complete, tmp_path):
    for name in MINE:
        (store / name).parent.mkdir(parents=True, exist_ok=True)
        (store / name).write_text(name)
    assert everything(store, tmp_path) == []
    assert [(store / name).read_text() for name in MINE] == MINE
    assert contents(store) == contents(complete)


def test_a_file_among_the_arrays_is_named_and_kept(store):
    (store / "compact/results.zarr/notes.txt").write_text("mine")
    with pytest.raises(cd.InputError, match=r"results.zarr' holds 'notes.txt', which is not ours; move it away"):
        cd.sweeps.compact(store)
    assert (store / "compact/results.zarr/notes.txt").read_text() == "mine"


FOREIGN = {
    **{name: [name] for name in ("thesis.tex", "compact/notes.txt", "cells/notes.txt", "failures/a.json", "a/b/c")},
    "a lock of something else": ["lock"],
    "a log of something else": ["log.jsonl"],
    "a plan of something else": ["plan.json"],
    "a Zarr of something else": ["compact/results.zarr/notes.txt"],
    "a cell beside something else": ["cells/ab/" + "ab" * 12 + ".npz", "thesis.tex"],
    "something like a temporary": [".tmp-thesis.tex"],
    "something in damaged": ["damaged/x.npz"],
}


@pytest.mark.parametrize("case", FOREIGN)
def test_a_foreign_folder_is_refused_and_left_as_it_was(complete, tmp_path, case):
    folder = tmp_path / "folder"
    for name in FOREIGN[case]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("my own")
    before = snapshot(tmp_path)
    for call in (
        lambda: cd.sweeps.run(small(), folder),
        lambda: cd.sweeps.run(None, folder),
        lambda: cd.sweeps.merge([complete], folder),
        lambda: cd.sweeps.compact(folder),
        lambda: cd.sweeps.retry(folder),
        lambda: cd.sweeps.open(folder),
    ):
        with pytest.raises(cd.InputError):
            call()
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["cells", "cells/ab", "failures", "compact", "new/deep"])
def test_a_store_inside_a_store_is_refused(store, name):
    before = contents(store)
    with pytest.raises(cd.InputError, match=r"lies inside another store|neither empty nor a store"):
        cd.sweeps.run(small(), store / name)
    assert contents(store) == before


def test_a_store_named_through_a_link_or_dots_is_the_store(store, tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(store)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    for name in (tmp_path / "link", Path("../store"), Path("../work/../store/.")):
        assert cd.sweeps.run(small(), name, workers=1).found == 6


def test_reading_leaves_no_trace(store, tmp_path):
    before = snapshot(store), {path: path.lstat().st_mtime_ns for path in store.rglob("*")}
    cd.sweeps.status(store, verify=True)
    cd.sweeps.open(store).load()
    cd.sweeps.export(store, tmp_path / "all.nc")
    cd.sweeps.merge([store], tmp_path / "merged")
    assert (snapshot(store), {path: path.lstat().st_mtime_ns for path in store.rglob("*")}) == before


def test_permissions_of_what_is_replaced_stay(store, tmp_path):
    (store / "plan.json").chmod(0o640)
    Store.prepare(store, small(axes={"ratio": [0.5, 1, 2], "hidden": [0, 0.25, 0.5]}))
    assert stat.S_IMODE((store / "plan.json").stat().st_mode) == 0o640
    cd.sweeps.export(store, tmp_path / "all.nc")
    (tmp_path / "all.nc").chmod(0o600)
    cd.sweeps.export(store, tmp_path / "all.nc")
    assert stat.S_IMODE((tmp_path / "all.nc").stat().st_mode) == 0o600


TARGETS = {
    "a file": lambda path: path.write_bytes(b"my own"),
    "a folder": lambda path: (path.mkdir(), (path / "notes.txt").write_text("mine")),
    "a link to a file": lambda path: (path.with_name("x").write_text("mine"), path.symlink_to(path.with_name("x"))),
    "a link to a folder": lambda path: (path.with_name("y").mkdir(), path.symlink_to(path.with_name("y"))),
    "a pipe": os.mkfifo,
    "somebody's Zarr": lambda path: (path.mkdir(), (path / "zarr.json").write_text('{"zarr_format": 3}')),
}


@pytest.mark.parametrize("ending", [".nc", ".zarr", ".csv", ".parquet"])
@pytest.mark.parametrize("case", TARGETS)
def test_an_export_replaces_nothing_but_an_export(store, tmp_path, case, ending):
    out = tmp_path / "out"
    out.mkdir()
    TARGETS[case](out / f"all{ending}")
    before = snapshot(out)
    with pytest.raises(cd.InputError, match=r"name another target"):
        cd.sweeps.export(store, out / f"all{ending}")
    assert snapshot(out) == before


def test_an_export_keeps_notes_in_an_earlier_one_and_stays_out_of_the_store(store, tmp_path):
    target = cd.sweeps.export(store, tmp_path / "all.zarr")
    (target / "notes.txt").write_text("mine")
    before = snapshot(target)
    with pytest.raises(cd.InputError, match=r"also holds 'notes.txt', which no export wrote"):
        cd.sweeps.export(store, target)
    assert snapshot(target) == before
    with pytest.raises(cd.InputError, match="lies inside the store"):
        cd.sweeps.export(store, store / "compact" / "results.zarr")


def test_a_device_is_never_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "open", lambda *a, **k: pytest.fail("opened"))
    with pytest.raises(plain_files.NotPlain, match="is a device"):
        plain_files.read(Path("/dev/zero"), most=10)


def test_a_lock_is_not_taken_in_a_folder_of_something_else(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(cd.InputError, match="neither empty nor a store"), locked(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("code", [22, 95, 38, 13])
def test_file_systems_that_cannot_sync_folders_are_written_to(tmp_path, monkeypatch, code):
    sync = os.fsync

    def picky(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(code, os.strerror(code))
        sync(handle)

    monkeypatch.setattr(os, "fsync", picky)
    durable.write(tmp_path / "a", b"x")
    assert (tmp_path / "a").read_bytes() == b"x"


@pytest.mark.parametrize("code", [5, 28])
def test_a_disk_that_fails_is_not_taken_for_one_that_cannot_sync(tmp_path, monkeypatch, code):
    monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(code, os.strerror(code))))
    with pytest.raises(OSError, match=os.strerror(code)):
        durable.write(tmp_path / "a", b"x")
    assert list(tmp_path.iterdir()) == []
