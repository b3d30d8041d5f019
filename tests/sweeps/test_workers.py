"""Worker processes start wherever the process that starts them runs, and dying while they start ends no sweep."""

import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import curldescent as cd
from curldescent.sweeps.execution import pool
from tests.sweeps.conftest import small

SOURCE = Path(cd.__file__).parents[1]
# One cell is enough: the worker has then imported everything.
RUN = """
import sys
import curldescent as cd
sweep = cd.sweeps.Sweep(
    axes={"hidden": [0.5]}, student_teacher={"n_inputs": 3, "n_hidden": 4, "n_train": 5}, training={"epochs": 2}
)
print(cd.sweeps.run(sweep, STORE, workers=1).computed)
"""


@pytest.fixture
def folder(tmp_path):
    """A user's folder whose files have the names of modules of Python's, and raise when they are imported."""
    for name in ("pathlib", "queue", "selectors"):
        (tmp_path / f"{name}.py").write_text(f"raise ImportError('the wrong {name}')\n")
    return tmp_path


@pytest.mark.parametrize("how", ["script", *(pytest.param(how, marks=pytest.mark.slow) for how in ("-c", "stdin"))])
def test_a_users_module_is_not_taken_for_one_of_pythons(folder, how):
    (folder / "work").mkdir()
    # The parent has its modules already when the folder comes first, as a notebook has.
    first = """import curldescent as cd
cd.sweeps.run
cd.train(cd.student_teacher(n_inputs=3, n_hidden=4, n_train=5), cd.Plasticity(hidden=0.5), epochs=2)
sys.path.insert(0, FOLDER)"""
    text = RUN.replace("import curldescent as cd", first)
    text = text.replace("FOLDER", repr(str(folder))).replace("STORE", repr(str(folder / "work" / "store")))
    (folder / "work" / "script.py").write_text(text)
    command = {"-c": ["-c", text], "script": ["script.py"], "stdin": ["-"]}[how]
    done = subprocess.run(
        [sys.executable, *command],
        input=text if how == "stdin" else None,
        capture_output=True,
        text=True,
        cwd=folder / "work",
        check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1"]


@pytest.mark.slow
def test_the_package_may_come_from_a_zip_archive_and_a_path_that_is_gone_again(tmp_path):
    archive = tmp_path / "app.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in (SOURCE / "curldescent").rglob("*"):
            if path.suffix in (".py", ".html"):
                file.write(path, path.relative_to(SOURCE))
    text = RUN.replace("import sys\n", f"import sys\nsys.path.insert(0, {str(archive)!r})\n", 1)
    text = text.replace("import curldescent as cd", "import curldescent as cd\nassert '.zip' in cd.__file__")
    text = text.replace("STORE", repr(str(tmp_path / "store")))
    # Isolated: neither PYTHONPATH nor the folder it runs in.
    done = subprocess.run([sys.executable, "-I", "-c", text], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1"]


def test_the_standard_library_is_before_the_packages():
    start = pool.command()[-1]
    paths = eval(start.split("sys.path[:] = ")[1].split("\n")[0])
    library = os.path.dirname(os.__file__)
    packages = [place for place, path in enumerate(paths) if path.endswith("site-packages")]
    assert library in paths
    assert all(paths.index(library) < place for place in packages)
    assert {os.path.abspath(path) for path in sys.path} <= {os.path.abspath(path) for path in paths}


def dying(monkeypatch, tmp_path, *, deaths):
    """Let the next workers die while they start, by SIGKILL, as where memory is short; counts how many did."""
    count = tmp_path / "count"
    count.write_text("")
    start = (
        f"import os; count = {str(count)!r}\n"
        f"if os.path.getsize(count) < {deaths}:\n"
        f"    open(count, 'a').write('x'); os.kill(os.getpid(), {int(signal.SIGKILL)})\n"
    )
    real = pool.command
    monkeypatch.setattr(pool, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(pool, "command", lambda: [*(c := real())[:-1], start + c[-1]])
    return count


def test_workers_that_die_while_they_start_are_tried_again(tmp_path, monkeypatch):
    count = dying(monkeypatch, tmp_path, deaths=3)
    summary = cd.sweeps.run(small(), tmp_path / "store", workers=1)
    assert (summary.computed, summary.failed) == (6, 0)
    assert count.read_text() == "xxx"


def test_where_none_starts_the_run_ends_with_a_sentence(tmp_path, monkeypatch):
    dying(monkeypatch, tmp_path, deaths=10**6)
    with pytest.raises(OSError, match=r"no worker process could be started, 5 tries in a row \(SIGKILL\); finished"):
        cd.sweeps.run(small(), tmp_path / "store", workers=1)


def test_a_process_that_cannot_be_made_is_tried_again(tmp_path, monkeypatch):
    real, tries = pool._Worker, []

    def worker(*arguments):
        tries.append(1)
        if len(tries) < 3:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return real(*arguments)

    monkeypatch.setattr(pool, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(pool, "_Worker", worker)
    assert cd.sweeps.run(small(), tmp_path / "store", workers=1).complete


@pytest.mark.usefixtures("in_this_process")
def test_failed_cells_are_an_exit_code_and_one_line(tmp_path, capsys):
    from curldescent.apps.cli.app import main

    (tmp_path / "sweep.toml").write_text(
        '[axes]\nactivation = ["linear", "tanh"]\nengine = ["fused", "order-parameters"]\n'
        "[student_teacher]\nn_inputs = 3\nn_hidden = 9\nn_train = 20\n[training]\nepochs = 2\n"
    )
    with pytest.raises(SystemExit) as left:
        main(
            [
                "sweep",
                "run",
                str(tmp_path / "sweep.toml"),
                "--store",
                str(tmp_path / "store"),
                "--workers",
                "1",
                "--json",
            ]
        )
    said = capsys.readouterr()
    assert left.value.code == 1
    assert json.loads(said.out)["result"]["failed"] == 1
    assert "1 of 4 cells failed; why: curldescent sweep status --store" in said.err
