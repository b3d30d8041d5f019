"""What `curldescent doctor` says of machines that lack something."""

import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from curldescent.apps import doctor
from curldescent.apps.cli import main


def only(monkeypatch, *names):
    monkeypatch.setattr(doctor, "_CHECKS", {name: doctor._CHECKS[name] for name in names})


def by_name(found):
    return {check.name: check for check in found}


def test_this_machine_is_healthy(capsys):
    with pytest.raises(SystemExit) as left:
        main(["doctor"])
    assert left.value.code == 0
    printed = capsys.readouterr().out
    for said in ("ok    Python", "ok    JAX", "ok    Numba", "ok    engines", "Everything that is needed works."):
        assert said in printed


def test_packages_that_are_missing_or_too_old_are_faults_with_advice(monkeypatch, capsys):
    only(monkeypatch, "packages")
    lines = ["numpy>=99", "nowhere>=2", "scipy>=1", "torch>=99; extra == 'torch'", "optax>=0.2; extra == 'optimizers'"]
    monkeypatch.setattr(metadata, "requires", lambda name: lines)
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "nowhere" else "1.5")
    found = by_name(doctor.examine())
    assert (found["numpy"].status, found["numpy"].found) == ("fault", "1.5, but >=99 is needed")
    assert (found["nowhere"].status, found["nowhere"].advice) == ("fault", "pip install 'nowhere>=2'")
    assert "scipy" not in found
    assert "scipy 1.5" in found["packages"].found
    with pytest.raises(SystemExit) as left:
        main(["doctor"])
    assert left.value.code == 1
    assert "Something that is needed does not work." in capsys.readouterr().out


def test_optional_packages_are_notes(monkeypatch):
    only(monkeypatch, "packages", "explorer")
    monkeypatch.setattr(metadata, "requires", lambda name: ["torch>=99; extra == 'torch'", "numpy"])
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "optax" else "1.5")
    monkeypatch.setattr("curldescent.foundation.optional.lacking", lambda *modules: [])
    found = by_name(doctor.examine())
    assert (found["PyTorch"].status, "; >=99 is what was tested" in found["PyTorch"].found) == ("note", True)
    assert (found["optax"].status, found["optax"].advice) == ("note", "pip install 'curldescent[optimizers]'")
    assert found["Bokeh"].status == "ok"
    assert doctor.healthy(list(found.values()))


def test_kernels_that_cannot_be_kept_are_a_note(monkeypatch):
    only(monkeypatch, "Numba")
    monkeypatch.setattr("curldescent.learning.engines.kernels.cache.folders", lambda: iter([Path("/proc/nowhere")]))
    (check,) = doctor.examine()
    assert (check.status, "cannot be kept (/proc/nowhere" in check.found) == ("note", True)
    assert "NUMBA_CACHE_DIR" in check.advice


@pytest.mark.parametrize("place", ["kept", "temporary", "none"])
def test_where_matplotlib_keeps_its_fonts(monkeypatch, place, tmp_path):
    only(monkeypatch, "figures")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))

    def folder():
        if place == "none":
            raise OSError("Matplotlib requires access to a writable cache directory")
        return str(tmp_path / {"kept": "fonts", "temporary": "matplotlib-abcdef"}[place])

    monkeypatch.setattr("matplotlib.get_cachedir", folder)
    (check,) = doctor.examine()
    assert check.status == {"kept": "ok", "temporary": "note", "none": "fault"}[place]
    assert ("MPLCONFIGDIR" in check.advice) == (place != "kept")


# What a container is: a root that is mounted read only, a user without a home, and nothing to write but one folder.
READ_ONLY = """
set -e
mount --make-rprivate /
mount --bind / "$0"
mount -o remount,ro,bind "$0"
test -z "$SCRATCH" || mount -t tmpfs tmpfs "$0/tmp"
mount --rbind /dev "$0/dev"
mount --bind /proc "$0/proc"
exec chroot "$0" setpriv --reuid=65534 --regid=65534 --clear-groups env -C / "$@"
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scratch", "said", "code"),
    [
        ("", ["fault figures", "compiled kernels cannot be kept", "NUMBA_CACHE_DIR", "MPLCONFIGDIR"], 1),
        ("yes", ["kept in /tmp/curldescent-65534", "note  figures"], 0),
    ],
    ids=["nothing-can-be-written", "temporary-files-only"],
)
def test_a_file_system_that_is_read_only(tmp_path, scratch, said, code):
    """What docs/how_to/containers.md says of it."""
    python = next((p for p in (sys.executable, "/usr/bin/python3") if _usable(p)), None)
    if python is None or not _may_mount():
        pytest.skip("needs root, mount namespaces, and a Python that other users may run")
    root = tmp_path / "root"
    root.mkdir()
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", READ_ONLY, root, python, "-m", "curldescent", "doctor"],
        capture_output=True,
        text=True,
        timeout=600,
        env={
            "PATH": os.environ["PATH"],
            "HOME": "/nowhere",
            "SCRATCH": scratch,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        },
    )
    assert done.returncode == code, done.stdout + done.stderr
    for words in said:
        assert words in done.stdout
    assert "ok    engines" in done.stdout


def _usable(python):
    """Another user can run it, and it is the version that the packages were installed for."""
    ask = "import sys; print(*sys.version_info[:2])"
    # `setpriv` itself is still root when it looks for the file, `env` no longer.
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", python, "-c", ask]
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd="/")
    except OSError:
        return False
    return done.stdout.split() == [str(n) for n in sys.version_info[:2]]


def _may_mount():
    return shutil.which("unshare") is not None and subprocess.run(["unshare", "-m", "true"]).returncode == 0


def test_engines_that_disagree_are_a_fault(monkeypatch):
    import curldescent as cd

    only(monkeypatch, "engines")
    train = cd.train

    def wrong(*arguments, engine, **options):
        history = train(*arguments, engine="jax", **options)
        return history.assign(train_error=history.train_error * (1.01 if engine == "fused" else 1))

    monkeypatch.setattr(cd, "train", wrong)
    (check,) = doctor.examine()
    assert (check.status, "relative difference 0.01" in check.found) == ("fault", True)


def test_what_breaks_a_check_is_its_fault_and_no_traceback(monkeypatch):
    only(monkeypatch, "JAX", "processor")
    monkeypatch.setitem(sys.modules, "jax", None)
    monkeypatch.setattr("curldescent.foundation.memory.available", lambda: 10**8)
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10**8))
    found = by_name(doctor.examine())
    assert found["JAX"].status == "fault"
    assert "ModuleNotFoundError" in found["JAX"].found
    assert {found[name].status for name in ("memory", "disk")} == {"note"}
