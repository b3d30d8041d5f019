"""A cache may cost time, never a result: whatever is done to its files, kernels run and are compiled anew."""

import os
import stat
import subprocess
import sys

import numpy as np
import pytest

from curldescent.learning.engines.kernels import cache
from curldescent.learning.engines.kernels.simd import kernel

ROOT = os.pathsep.join(p for p in sys.path if p)


def total(values):
    """A kernel that compiles in no time."""
    result = 0.0
    for value in values:
        result += value
    return result


def compiled(expected_hits):
    """A new process's first call, as far as the cache can tell."""
    function = kernel(total)
    assert function(np.arange(4.0)) == 6.0
    assert sum(function._cache_hits.values()) == expected_hits
    return function


@pytest.fixture
def nowhere(monkeypatch):
    """Neither a home nor a folder for temporary files."""
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setattr(cache, "_temporary", lambda: None)
    monkeypatch.setattr(cache.KernelCache, "_said", False)


@pytest.fixture
def folder(nowhere, tmp_path, monkeypatch):
    """Where kernels are kept, with one in it."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    compiled(0)
    compiled(1)
    return next(cache.folders())


def the_file(folder):
    (file,) = folder.glob("*.kernel")
    return file


def test_only_the_owner_can_write_where_kernels_are_kept(folder):
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(the_file(folder).stat().st_mode) == 0o600


def flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        flipped,
        lambda content: np.random.default_rng(0).bytes(len(content)),
        lambda content: content.replace(b"kernel 1", b"kernel 0", 1),
        lambda content: content + b"more",
    ],
    ids=["empty", "half", "one byte short", "one bit", "random", "another version", "longer"],
)
def test_a_damaged_file_is_compiled_anew_and_replaced(folder, damage):
    file = the_file(folder)
    file.write_bytes(damage(file.read_bytes()))
    compiled(0)
    compiled(1)


def test_a_file_for_something_else_is_not_taken(folder):
    def product(values):
        result = 1.0
        for value in values:
            result *= value
        return result

    # As by a collision: intact, and the machine code of another function.
    file = the_file(folder)
    other = kernel(product)
    other._cache._name = "total_of_another_kind"
    assert other(np.arange(1.0, 4.0)) == 6.0
    (foreign,) = set(folder.glob("*.kernel")) - {file}
    os.replace(foreign, file)
    compiled(0)


@pytest.mark.parametrize("what", ["directory", "pipe", "dangling link", "link"])
def test_what_is_not_a_file_is_left_alone(folder, what, tmp_path):
    file = the_file(folder)
    content = file.read_bytes()
    file.unlink()
    if what == "directory":
        file.mkdir()
    elif what == "pipe":
        os.mkfifo(file)
    else:
        elsewhere = tmp_path / "elsewhere"
        if what == "link":
            elsewhere.write_bytes(content)
        file.symlink_to(elsewhere)
    compiled(0)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners and modes on this system")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_others_can_write_is_not_read(folder, what):
    (the_file(folder) if what == "file" else folder).chmod(0o777)
    compiled(0)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners and modes on this system")
def test_what_others_own_is_not_read(folder, monkeypatch):
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert cache._trusted(os.stat(folder), stat.S_ISDIR) == (owner == 0)


def test_a_change_of_any_source_file_or_version_is_another_kernel(folder, monkeypatch):
    monkeypatch.setattr(cache, "_sources", lambda: "edited")
    compiled(0)
    compiled(1)
    monkeypatch.setattr(cache, "_ENVIRONMENT", ("another version of Numba",))
    compiled(0)
    assert len(list(folder.glob("*.kernel"))) == 3


def test_what_is_not_used_any_more_is_deleted(folder, monkeypatch):
    monkeypatch.setattr(cache, "KEPT", 2)
    old = folder / "run_linear-of-an-earlier-version.kernel"
    old.write_bytes(b"")
    os.utime(old, (1, 1))
    monkeypatch.setattr(cache, "_sources", lambda: "edited")
    compiled(0)
    assert not old.exists()
    assert len(list(folder.glob("*.kernel"))) == 2


def test_without_any_place_kernels_run_and_it_is_said_once(nowhere, caplog):
    assert list(cache.folders()) == []
    compiled(0)
    compiled(0)
    (record,) = caplog.records
    assert record.getMessage().startswith("compiled kernels cannot be kept, every process compiles them anew (")


def test_without_a_home_the_folder_for_temporary_files_serves(nowhere, monkeypatch, tmp_path):
    monkeypatch.undo()
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path))
    compiled(0)
    compiled(1)
    assert [path.parent for path in cache.folders()] == [tmp_path]


def test_a_full_disk_costs_nothing_but_time(folder, monkeypatch, caplog):
    monkeypatch.setattr(cache.KernelCache, "_said", False)
    monkeypatch.setattr(cache, "_sources", lambda: "edited")

    def full(*_):
        raise OSError(28, "No space left on device", "x.kernel")

    monkeypatch.setattr(cache.os, "replace", full)
    compiled(0)
    (record,) = caplog.records
    assert "No space left on device" in record.getMessage()
    # Nothing half written stays behind.
    assert len(list(folder.glob("*"))) == 1


def test_a_cache_deleted_during_the_run_is_made_again(folder):
    the_file(folder).unlink()
    folder.rmdir()
    compiled(0)
    compiled(1)


SCRIPT = """
import curldescent as cd
problem = cd.student_teacher(n_inputs=4, n_hidden=6, n_train=20)
print(float(cd.train(problem, cd.Plasticity(), epochs=3, engine="fused").train_error[0, -1]))
"""


@pytest.mark.slow
def test_training_without_any_place_to_keep_kernels_in(tmp_path):
    nowhere = dict.fromkeys(("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME", "LOCALAPPDATA", "TMPDIR"), os.devnull)
    results = []
    for place in ({"NUMBA_CACHE_DIR": str(tmp_path)}, nowhere):
        environment = {**os.environ, "PYTHONPATH": ROOT, **place}
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
        )
        results.append(ran.stdout)
    assert results[0] == results[1]
