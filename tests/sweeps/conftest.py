"""A sweep small enough to run in every test, and the processes that run it."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

import curldescent as cd
from curldescent.sweeps.execution.cell import compute
from curldescent.sweeps.storage.cell_file import encode


def small(**changes):
    """Six cells of a few milliseconds, in which every axis matters."""
    arguments = {
        "axes": {"ratio": [0.5, 1, 2], "hidden": [0, 0.5]},
        "student_teacher": {"total": 12, "n_train": 20, "n_test": 5, "trials": 2},
        "training": {"epochs": 20, "batch_size": 10},
        "seed": 3,
    }
    return cd.sweeps.Sweep(**{**arguments, **changes})


def fill(sweep, path, *, skip=()):
    """Compute a store in this process, which is faster than starting workers for a few milliseconds."""
    path.mkdir()
    store = cd.sweeps.Store.prepare(path, sweep)
    for key, index in zip(sweep.grid.cell_keys(), sweep.grid.indices(), strict=True):
        if index not in skip:
            cell = sweep.cell_at(index)
            store.put(key, encode(compute(cell), fingerprint=store.fingerprint, key=key, cell=cell.values))
    return path


def start(*arguments, **options):
    """The command line in a process of its own, not waited for."""
    return subprocess.Popen(
        [sys.executable, "-m", "curldescent", "sweep", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def command(*arguments, **options):
    """The command line, waited for: (exit code, stdout, stderr)."""
    process = start(*arguments, **options)
    out, error = process.communicate(timeout=600)
    return process.returncode, out, error


def contents(store):
    """Cell file → bytes."""
    return {path.name: path.read_bytes() for path in Path(store).glob("cells/*/*.npz")}


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A store of `small()` that ran undisturbed; tests copy it."""
    store = tmp_path_factory.mktemp("finished") / "store"
    summary = cd.sweeps.run(small(), store, workers=1)
    assert summary.complete
    return store


@pytest.fixture
def store(finished, tmp_path):
    """A copy of that store, to be mistreated; without its compacted form."""
    import shutil

    shutil.copytree(finished, tmp_path / "store", ignore=shutil.ignore_patterns("compact"))
    return tmp_path / "store"


@pytest.fixture
def little_memory():
    """Whoever takes more than two gigabytes more fails, and takes no time doing so."""
    if not Path("/proc/self/statm").exists():
        pytest.skip("how much is taken already is not known here")
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2 * 2**30, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)
