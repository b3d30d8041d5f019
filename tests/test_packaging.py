"""The wheel: built from the source archive, installed where nothing else of the project is, and used."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command, cwd):
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, cwd=cwd, env=env, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_wheel_works_in_a_clean_environment(tmp_path):
    pytest.importorskip("build")
    pytest.importorskip("hatchling")
    # The build backend is taken from here, so that no package index is needed.
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path / "dist", ROOT, cwd=tmp_path)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    assert len(list((tmp_path / "dist").glob("*.tar.gz"))) == 1
    inside = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "curldescent/py.typed",
        "curldescent/foundation/references.bib",
        "curldescent/plots/__init__.pyi",
        "curldescent/templates/report.html",
    } <= inside
    assert not any(name.startswith(("tests/", "docs/")) or "__pycache__" in name for name in inside)

    home = tmp_path / "clean"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    run(python, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", wheel, cwd=tmp_path)
    (site,) = (home / "lib").glob("python*/site-packages")
    # Dependencies come from the environment of the tests, behind what was installed.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")

    code = "import curldescent as cd; print(cd.__file__); print(cd.theory.critical_ratio(hidden=1.0))"
    where, ratio = run(python, "-c", code, cwd=tmp_path).split()
    assert Path(where).is_relative_to(home)
    assert float(ratio) == 0.25
    assert "curldescent" in run(home / "bin" / "curldescent", "--help", cwd=tmp_path)
    assert "0.25" in run(home / "bin" / "curldescent", "theory", "critical-ratio", "--hidden", "1", cwd=tmp_path)
