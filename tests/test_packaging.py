"""The wheel: built from the source archive, installed where nothing else of the project is, and used."""

import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import curldescent as cd
from curldescent.foundation import optional

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
        "curldescent/apps/cli/output.schema.json",
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


def test_the_conda_recipe_asks_for_what_the_wheel_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    recipe = (ROOT / "recipe" / "meta.yaml").read_text()
    assert f'set version = "{cd.__version__}"' in recipe
    run_part = recipe.partition("  run:\n")[2].partition("\n\n")[0]
    listed = {line.removeprefix("    - ") for line in run_part.splitlines()}
    # What conda calls otherwise.
    names = {"lazy_loader": "lazy-loader", "matplotlib": "matplotlib-base"}
    wanted = set()
    for requirement in map(Requirement, project["dependencies"]):
        wanted.add(f"{names.get(requirement.name, requirement.name)} {requirement.specifier}")
    assert listed == wanted | {f"python {project['requires-python']}"}
    assert f"- hatchling {Requirement('hatchling>=1.25').specifier}" in recipe
    assert f"curldescent = {project['scripts']['curldescent']}" in recipe


def test_every_optional_package_is_in_the_extra_that_messages_name():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    distributions = {"sklearn": "scikit-learn", "dask_jobqueue": "dask-jobqueue"}
    for module, (_, extra) in optional.PACKAGES.items():
        assert distributions.get(module, module) in {Requirement(line).name for line in extras[extra]}
    assert {extra for _, extra in optional.PACKAGES.values()} == set(optional.PURPOSES) == set(extras) - {"dev", "docs"}


def test_nothing_but_the_base_installation_is_imported_by_the_package_itself():
    """Whatever an extra brings is asked for where it is used; without all of them the commands still start."""
    code = (
        "import sys\n"
        f"for name in {sorted(optional.PACKAGES)!r}: sys.modules[name] = None\n"
        "import curldescent as cd, curldescent.apps.cli.app\n"
        "for name in cd.__all__: getattr(cd, name)\n"
        "import curldescent.sweeps.execution.running, curldescent.apps.demo, curldescent.plots.report\n"
        "print('well')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "well", done.stderr
