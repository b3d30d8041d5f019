"""One run at a time, on file systems without locks too."""

import errno
import fcntl
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import curldescent as cd
from curldescent.sweeps.storage.lock import locked

# Holds the lock of a folder until its input closes; the file system it sees has no locks.
HOLDER = """
import errno, fcntl, os, sys, warnings
from pathlib import Path
def flock(handle, operation):
    raise OSError(int(sys.argv[2]), os.strerror(int(sys.argv[2])))
fcntl.flock = flock
warnings.simplefilter("ignore")
from curldescent.sweeps.storage.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
NONE = [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP]


def without_locks(monkeypatch, code=errno.ENOSYS):
    def flock(handle, operation):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", flock)


def holder(folder, code=errno.ENOSYS):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), str(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.parametrize("code", NONE)
def test_without_locks_a_file_stands_for_one_and_this_is_said(tmp_path, monkeypatch, code):
    without_locks(monkeypatch, code)
    said = r"the file system of .* has no locks: 'lock.soft' stands for one"
    with pytest.warns(UserWarning, match=said), locked(tmp_path):
        assert (tmp_path / "lock.soft").is_file()
    assert not (tmp_path / "lock.soft").exists()


@pytest.mark.filterwarnings("ignore:the file system of")
def test_without_locks_a_living_holder_is_respected_and_a_dead_one_is_not(tmp_path, monkeypatch):
    without_locks(monkeypatch)
    process = holder(tmp_path)
    sentence = rf"is in use by process {process.pid} on .*; wait for it.*; if it runs no more, delete '.*lock.soft'"
    with pytest.raises(cd.InputError, match=sentence), locked(tmp_path):
        pass
    process.kill()
    process.communicate()
    assert (tmp_path / "lock.soft").is_file()
    with locked(tmp_path):
        pass
    assert not (tmp_path / "lock.soft").exists()


@pytest.mark.filterwarnings("ignore:the file system of")
def test_without_locks_a_holder_elsewhere_is_respected(tmp_path, monkeypatch):
    """Whether a process of another machine lives cannot be known here."""
    without_locks(monkeypatch)
    with holder(tmp_path) as process:
        process.kill()
    path = tmp_path / "lock.soft"
    path.write_text(path.read_text().replace(socket.gethostname(), "elsewhere"))
    if "elsewhere" not in path.read_text():
        pytest.skip("the marker names its machine in another way")
    with pytest.raises(cd.InputError, match="is in use by"), locked(tmp_path):
        pass
    path.unlink()
    with locked(tmp_path):
        pass


def test_a_run_without_locks_runs(store, monkeypatch):
    without_locks(monkeypatch)
    with pytest.warns(UserWarning, match="has no locks"):
        assert cd.sweeps.run(None, store, workers=1).found == 6


def test_other_faults_of_the_file_system_are_not_taken_for_a_holder(tmp_path, monkeypatch):
    without_locks(monkeypatch, errno.EIO)
    with pytest.raises(OSError, match="Input/output error"), locked(tmp_path):
        pass


def test_a_lock_that_a_dead_process_left_is_free(tmp_path):
    (tmp_path / "lock").write_text(json.dumps({"process": 1, "machine": "elsewhere"}))
    with locked(tmp_path):
        assert json.loads((tmp_path / "lock").read_text())["process"] == os.getpid()


def test_a_lock_without_a_name_is_still_a_lock(tmp_path):
    with locked(tmp_path):
        (tmp_path / "lock").write_bytes(b"")
        with pytest.raises(cd.InputError, match="is in use by another process"), locked(Path(str(tmp_path))):
            pass


def test_a_lock_that_is_forbidden_is_named(tmp_path, monkeypatch):
    def forbidden(handle, how):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(fcntl, "flock", forbidden)
    with pytest.raises(OSError, match="the store cannot be locked") as refused, locked(tmp_path):
        pass
    assert refused.value.filename == str(tmp_path / "lock")
