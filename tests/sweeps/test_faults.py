"""Sweeps whose processes are killed, interrupted, doubled, or run out of disk. Real processes, real signals."""

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

import curldescent as cd
from curldescent.sweeps.storage.lock import locked
from tests.sweeps.conftest import command, contents, small, start

SWEEP = """
[axes]
seed = {{ lin = [1, {seeds}, {seeds}] }}
hidden = [0, 0.25, 0.5, 0.75]
[student_teacher]
total = 60
ratio = 1
n_train = 60
trials = 2
[training]
epochs = {epochs}
batch_size = 6
"""


def sweep_file(folder, *, seeds, epochs):
    path = folder / "sweep.toml"
    path.write_text(SWEEP.format(seeds=seeds, epochs=epochs))
    return path


def log(store):
    """The store's log, but for a last line that a kill cut short."""
    lines = []
    for line in (store / "log.jsonl").read_text().splitlines() if (store / "log.jsonl").exists() else ():
        with contextlib.suppress(ValueError):
            lines.append(json.loads(line))
    return lines


def begun(store):
    return [line["key"] for line in log(store) if line["event"] == "begin"]


def wait_for(condition, *, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.002)


def children(pid):
    with contextlib.suppress(OSError):
        return [int(p) for t in Path(f"/proc/{pid}/task").iterdir() for p in (t / "children").read_text().split()]
    return []


def kill(pid, number=signal.SIGKILL):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def killed_again_and_again(tmp_path, *, kills, seeds, epochs):
    """Run a sweep, kill it at random moments, resume; check after every kill and at the end."""
    rng = random.Random(kills)
    file, store = sweep_file(tmp_path, seeds=seeds, epochs=epochs), tmp_path / "store"
    whole = tmp_path / "whole"
    assert command("run", file, "--store", whole)[0] == 0
    first_of, temporaries, in_flight = {}, 0, 0
    for number in range(kills):
        known, count = set(contents(store)), len(begun(store))
        process = start("run", file, "--store", store, start_new_session=True)
        if number % 5 != 4:  # every fifth kill falls into the start, wherever that is
            wait_for(lambda count=count, process=process: len(begun(store)) > count or process.poll() is not None)
            time.sleep(rng.uniform(0, 0.15))
        else:
            time.sleep(rng.uniform(0.1, 1.5))
        assert process.poll() is None, f"it ended before kill {number}: make the sweep longer"
        workers = children(process.pid)
        kill(process.pid)
        if number % 2:
            for worker in workers:
                kill(worker)
        process.communicate()
        for worker in workers:
            wait_for(lambda worker=worker: not Path(f"/proc/{worker}").exists() or _dead(worker), seconds=20)
        # What was there when it started was left alone: the same file, not an equal one.
        now = {path.name: path.stat() for path in store.glob("cells/*/*.npz")}
        for name, stat in now.items():
            first = first_of.setdefault(name, (stat.st_ino, stat.st_mtime_ns))
            assert first == (stat.st_ino, stat.st_mtime_ns)
        new = begun(store)[count:]
        assert not known & {f"{key}.npz" for key in new}
        assert len(set(new)) == len(new)
        unfinished = [key for key in new if f"{key}.npz" not in now]
        assert len(unfinished) <= 2
        in_flight += len(unfinished)
        temporaries += len(list(store.glob("cells/*/.tmp-*")))
        if (store / "plan.json").exists():
            assert cd.sweeps.status(store, verify=True).damaged == ()
    code, out, error = command("run", file, "--store", store, "--json")
    assert code == 0, error
    summary = json.loads(out)["result"]
    assert summary["complete"]
    assert summary["damaged"] == []
    cells = 4 * seeds
    assert contents(store) == contents(whole)
    assert len(begun(store)) == cells + in_flight
    for path in store.glob("cells/*/*.npz"):
        if path.name in first_of:
            assert first_of[path.name] == (path.stat().st_ino, path.stat().st_mtime_ns)
    assert not list(store.glob("cells/*/.tmp-*"))
    print(f"{kills} kills, {cells} cells, {in_flight} lost in flight, {temporaries} stray temporaries")


def _dead(pid):
    """Whether a process is gone but for its entry: nobody reaps the children of a killed parent in a container."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.slow
def test_killed_5_times_nothing_is_lost(tmp_path):
    killed_again_and_again(tmp_path, kills=5, seeds=15, epochs=800)


@pytest.mark.slow
def test_killed_50_times_nothing_is_lost(tmp_path):
    killed_again_and_again(tmp_path, kills=50, seeds=300, epochs=800)


def test_an_interrupt_ends_the_cells_in_flight_and_no_more(tmp_path):
    file, store = sweep_file(tmp_path, seeds=10, epochs=4000), tmp_path / "store"
    process = start("run", file, "--store", store, "--json", start_new_session=True)
    wait_for(lambda: len(begun(store)) >= 3)
    os.killpg(process.pid, signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopping after the cells in flight" in error
    summary = json.loads(out)["result"]
    assert summary["stopped"]
    assert not summary["complete"]
    # Everything that was begun was ended.
    assert {f"{key}.npz" for key in begun(store)} == set(contents(store))
    assert summary["computed"] == len(contents(store)) < 40


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)])
def test_a_signal_to_the_whole_job_ends_the_cells_in_flight_and_no_more(tmp_path, number):
    file, store = sweep_file(tmp_path, seeds=10, epochs=4000), tmp_path / "store"
    process = start("run", file, "--store", store, "--json", start_new_session=True)
    wait_for(lambda: len(begun(store)) >= 3)
    for worker in children(process.pid):
        kill(worker, number)
    os.killpg(process.pid, number)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 128 + number, error
    assert "Traceback" not in error
    assert json.loads(out)["result"]["signal"] == number
    assert {f"{key}.npz" for key in begun(store)} == set(contents(store))
    assert not cd.sweeps.status(store).failed


def test_a_signal_while_workers_start_is_no_failure_of_theirs(tmp_path):
    file, store = sweep_file(tmp_path, seeds=10, epochs=4000), tmp_path / "store"
    process = start("run", file, "--store", store, "--json", start_new_session=True)
    wait_for(lambda: children(process.pid))
    for worker in [*children(process.pid), process.pid]:
        kill(worker, signal.SIGTERM)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 143, error
    assert "Traceback" not in error
    assert json.loads(out)["result"]["stopped"]


def test_a_worker_that_is_killed_is_replaced_and_its_cell_computed(tmp_path):
    file, store = sweep_file(tmp_path, seeds=2, epochs=4000), tmp_path / "store"
    process = start("run", file, "--store", store, "--workers", 2, "--json")
    wait_for(lambda: len(begun(store)) >= 3)
    kill(children(process.pid)[0])
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    assert json.loads(out)["result"]["complete"]
    assert not json.loads(out)["result"]["failed"]


@pytest.mark.slow
def test_a_cell_that_kills_its_workers_is_recorded(tmp_path):
    # One cell that never ends: whichever worker computes, it is this one's.
    text = SWEEP.format(seeds=1, epochs=10**11).replace("[0, 0.25, 0.5, 0.75]", "[0]")
    (tmp_path / "sweep.toml").write_text(text)
    store = tmp_path / "store"
    process = start("run", tmp_path / "sweep.toml", "--store", store, "--workers", 1, "--json")
    for _ in range(2):
        wait_for(lambda: begun(store) and _computing(process.pid))
        kill(children(process.pid)[0])
        time.sleep(0.3)
    out, error = process.communicate(timeout=120)
    assert process.returncode == 1, error
    assert "1 of 1 cells failed; why: curldescent sweep status" in error
    assert json.loads(out)["result"]["failed"] == 1
    (record,) = cd.sweeps.status(store).failed.values()
    assert record["message"] == "its worker process died 2 times (SIGKILL)"
    assert cd.sweeps.open(store).status.values.tolist() == [[2]]


def _computing(pid):
    """Whether the worker has had three seconds of a processor: it is past its imports and inside the cell."""
    for child in children(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12]) > 3 * os.sysconf("SC_CLK_TCK")
    return False


@pytest.mark.usefixtures("in_this_process")
def test_failures_are_skipped_until_they_are_retried(store):
    opened = cd.sweeps.Store(store)
    key = opened.sweep.grid.key((1, 1))
    want = contents(store)
    opened.cell_path(key).unlink()
    opened.record_failure(key, cell={"ratio": 1, "hidden": 0.5}, kind="MemoryError", message="too little memory")
    summary = cd.sweeps.run(None, store)
    assert (summary.computed, summary.failed, summary.complete) == (0, 1, False)
    summary = cd.sweeps.retry(store)
    assert (summary.computed, summary.failed, summary.complete) == (1, 0, True)
    assert contents(store) == want
    assert not cd.sweeps.status(store).failed


def test_cells_that_raise_are_recorded_and_the_rest_computed(tmp_path):
    # Each value is fine with the first of the other axis; only one combination is not.
    sweep = small(axes={"activation": ["linear", "tanh"], "engine": ["fused", "order-parameters"]}, **_SIZED)
    summary = cd.sweeps.run(sweep, tmp_path / "store", workers=1)
    assert (summary.computed, summary.failed, summary.complete) == (3, 1, False)
    (record,) = cd.sweeps.status(tmp_path / "store").failed.values()
    assert record["cell"] == {"activation": "tanh", "engine": "order-parameters"}
    assert record["kind"] == "InputError"
    assert "needs a linear hidden layer" in record["message"]


_SIZED = {"student_teacher": {"n_inputs": 3, "n_hidden": 9, "n_train": 20}}


def test_a_second_run_on_a_store_is_refused(store):
    with locked(store), pytest.raises(cd.InputError, match=rf"is in use by process {os.getpid()} on .*; wait for it"):
        cd.sweeps.run(small(), store)
    assert cd.sweeps.run(small(), store).computed == 0


@pytest.mark.slow
def test_two_runs_at_once_compute_every_cell_once(tmp_path):
    file, store = sweep_file(tmp_path, seeds=5, epochs=2000), tmp_path / "store"
    both = [start("run", file, "--store", store, "--json") for _ in range(2)]
    ends = [(*process.communicate(timeout=120), process.returncode) for process in both]
    assert sorted(code for *_, code in ends) == [0, 2]
    (refused,) = (error for _, error, code in ends if code == 2)
    assert "is in use by process" in refused
    assert len(begun(store)) == len(set(begun(store))) == len(contents(store)) == 20


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a full disk needs a small one, and mounting it failed: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.slow
def test_a_full_disk_stops_with_one_sentence_and_a_freed_one_resumes(tmp_path, small_disk):
    file, store = sweep_file(tmp_path, seeds=15, epochs=10), small_disk / "store"
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"0" * (1024 * 1024 - 40 * 4096))
    code, _, error = command("run", file, "--store", store)
    assert code == 2
    last = error.strip().splitlines()[-1]
    assert "cannot be written, No space left on device" in last
    assert "make space and run the same command again" in last
    assert "Traceback" not in error
    kept = contents(store)
    assert 0 < len(kept) < 60
    assert cd.sweeps.status(store, verify=True).damaged == ()
    ballast.unlink()
    code, out, error = command("run", file, "--store", store, "--json")
    assert code == 0, error
    assert json.loads(out)["result"]["found"] == len(kept)
    assert json.loads(out)["result"]["complete"]
    whole = tmp_path / "whole"
    command("run", file, "--store", whole)
    assert contents(store) == contents(whole)
