"""What `curldescent doctor` says of machines that lack something."""

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
