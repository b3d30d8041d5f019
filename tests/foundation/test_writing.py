"""Folders of results are replaced whole, wherever the process dies, and what is not ours stays."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from curldescent.foundation.writing import finish_moves, for_netcdf, replacing, storable, whole_folder

# Replaces results again and again in processes of its own that die before their first, second, … step on the disk, and
# says after each death which files are there: at once, and once the next run has looked.
KILLED = """
import json, os, shutil, sys
from pathlib import Path
from curldescent.foundation import writing
folder, beside, exchange = Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3] == "exchange"
OLD, NEW = {"a": "old a", "gone": "old gone", "z": "old z"}, {"a": "new a", "m": "new m", "z": "new z"}

def dying(function, left):
    def call(*arguments, **options):
        left[0] -= 1
        if left[0] < 0:
            os._exit(7)
        return function(*arguments, **options)
    return call

def seen():
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}

if not exchange:
    writing._rename_exchange = lambda one, other: False
for step in range(100):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, text in {**OLD, **beside}.items():
        (folder / name).write_text(text)
    child = os.fork()
    if child == 0:
        left = [step]
        for module, name in ((os, "rename"), (os, "replace"), (os, "fsync"), (os, "unlink"), (Path, "unlink")):
            setattr(module, name, dying(getattr(module, name), left))
        writing._rename_exchange = dying(writing._rename_exchange, left)
        with writing.replacing(folder, earlier=OLD) as draft:
            for name, text in NEW.items():
                (draft / name).write_text(text)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    at_once = seen()
    writing.finish_moves(folder)
    strays = [path.name for path in folder.iterdir() if path.is_dir()] + [
        path.name for path in folder.parent.iterdir() if path != folder
    ]
    print(json.dumps({"code": code, "at_once": at_once, "later": seen(), "strays": strays}), flush=True)
    if code == 0:
        break
"""
OLD = {"a": "old a", "gone": "old gone", "z": "old z"}
NEW = {"a": "new a", "m": "new m", "z": "new z"}


def killed_at_every_step(folder, *, beside=None, how="exchange"):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder / "parent" / "results"), json.dumps(beside or {}), how],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["code"] for one in found] == [7] * (len(found) - 1) + [0]
    assert len(found) > 6
    assert found[-1]["at_once"] == {**(beside or {}), **NEW}
    return found


def test_a_folder_of_ours_is_all_old_or_all_new_at_any_moment(tmp_path):
    (tmp_path / "parent").mkdir()
    for one in killed_at_every_step(tmp_path):
        if sys.platform == "linux":
            assert one["at_once"] in (OLD, NEW)
        assert one["later"] in (OLD, NEW)
        assert not one["strays"]


@pytest.mark.parametrize("how", ["exchange", "no exchange"])
def test_beside_a_users_file_the_next_run_finishes_the_move(tmp_path, how):
    (tmp_path / "parent").mkdir()
    user = {"notes.txt": "mine"}
    for one in killed_at_every_step(tmp_path, beside=user, how=how):
        assert one["later"] in ({**OLD, **user}, {**NEW, **user})
        assert one["at_once"]["notes.txt"] == "mine"
        assert not one["strays"]


def test_a_users_file_of_the_same_name_is_kept(tmp_path, capsys):
    (tmp_path / "report.html").write_text("mine")
    for text in ("first", "second"):
        with replacing(tmp_path, earlier={"report.html"} if text == "second" else ()) as draft:
            (draft / "report.html").write_text(text)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "report.html": "second",
        "report.html.kept-1": "mine",
    }
    assert "is kept as 'report.html.kept-1'" in capsys.readouterr().err


@pytest.mark.parametrize("who", ["this process", "another"])
def test_a_folder_that_somebody_sits_in_stays_the_same_folder(tmp_path, monkeypatch, who):
    (tmp_path / "a").write_text("old")
    inside = os.stat(tmp_path).st_ino
    if who == "this process":
        monkeypatch.chdir(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", "print('there', flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=tmp_path if who == "another" else None,
    ) as other:
        other.stdout.readline()
        with replacing(tmp_path, earlier={"a"}) as draft:
            (draft / "a").write_text("new")
        other.communicate(b"\n")
    if who == "this process" or sys.platform == "linux":
        assert os.stat(tmp_path).st_ino == inside
    assert (tmp_path / "a").read_text() == "new"


def test_a_failure_leaves_everything_as_it_was(tmp_path):
    (tmp_path / "a").write_text("old")

    def fail():
        with replacing(tmp_path, earlier={"a"}) as draft:
            (draft / "a").write_text("")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "old"}


def test_a_draft_that_is_being_written_is_left_alone(tmp_path):
    with replacing(tmp_path) as draft:
        finish_moves(tmp_path)
        assert draft.is_dir()
        (draft / "a").write_text("new")
    assert (tmp_path / "a").read_text() == "new"


def test_a_whole_folder_replaces_all_of_the_other(tmp_path):
    target = tmp_path / "all.zarr"
    for name in ("old", "new"):
        with whole_folder(target) as folder:
            (folder / "deep").mkdir(parents=True)
            (folder / "deep" / name).write_text(name)
    assert [path.name for path in target.rglob("*")] == ["deep", "new"]
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_was_moved_away_by_a_process_that_died_is_put_back(tmp_path, monkeypatch):
    from curldescent.foundation import writing

    target, dead = tmp_path / "all.zarr", subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    monkeypatch.setattr(writing, "_rename_exchange", lambda one, other: False)
    for name in ("old", "new"):
        with whole_folder(target) as folder:
            folder.mkdir()
            (folder / name).write_text(name)
    assert [path.name for path in target.iterdir()] == ["new"]
    # As a kill between the two renames leaves them.
    target.rename(tmp_path / f".old-results-{dead.pid}-0123abcd-all.zarr")
    (tmp_path / f".tmp-results-{dead.pid}-0123abcd-all.zarr").mkdir()

    def fail():
        with whole_folder(target):
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert [path.name for path in target.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [target]


ATTRIBUTES = {
    "beyond 32 bits": (2**31, "2147483648"),
    "far beyond": (-(2**80), str(-(2**80))),
    "unsigned": (np.uint64(2**63), str(2**63)),
    "the last that fits": (2**31 - 1, 2**31 - 1),
    "true": (True, 1),
    "NumPy's true": (np.bool_(True), 1),
    "nothing": (None, "None"),
    "a mapping": ({"a": 1}, "{'a': 1}"),
    "words": (["a", "b"], "['a', 'b']"),
    "a long text": ("x" * 100_000, "x" * 100_000),
    "complex": (1 + 2j, "(1+2j)"),
    "a number": (0.1, 0.1),
}


@pytest.mark.parametrize("case", ATTRIBUTES)
def test_every_attribute_is_written_and_read_back(case):
    value, expected = ATTRIBUTES[case]
    data = for_netcdf(xr.Dataset({"x": ("t", [1.0], {"of": value})}, attrs={"of": value}))
    with xr.open_dataset(bytes(data.to_netcdf(engine="scipy")), engine="scipy") as read:
        assert read.attrs["of"] == read.x.attrs["of"] == expected
    assert storable({"of": value})["of"] == expected


def test_numbers_beyond_32_bits_keep_their_value_in_a_file():
    data = for_netcdf(xr.Dataset({"n": ("epoch", [3, 2**40])}, coords={"epoch": [0, 2**33]}))
    with xr.open_dataset(bytes(data.to_netcdf(engine="scipy")), engine="scipy") as read:
        assert read.n.values.tolist() == [3, 2**40]
        assert read.epoch.values.tolist() == [0, 2**33]
