"""Ctrl-C, as a terminal sends it to the whole process group, in every command: one sentence, 130, whole files."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import xarray as xr

import curldescent as cd
from curldescent.apps.cli import app

SWEEP = """
[axes]
hidden = {values}
[student_teacher]
n_inputs = 40
n_hidden = 60
n_train = 200
trials = 4
[training]
epochs = {epochs}
"""
# Every command, long enough to be interrupted at work where it can be; "finished" is a sweep that is done.
COMMANDS = {
    "train": "train --data table.csv --targets y --epochs 3000000 --trials 4",
    "sweep run": "sweep run long.toml --store long --workers 2",
    "sweep plan": "sweep plan long.toml",
    "sweep status": "sweep status --store finished",
    "sweep compact": "sweep compact --store finished",
    "sweep export": "sweep export --store finished --out table.parquet",
    "sweep merge": "sweep merge finished other --store both",
    "sweep retry": "sweep retry --store finished",
    "reproduce": "reproduce fig5d --scale quick --workers 2 --out results",
    "reproduce computations": "reproduce control-depth --scale standard --workers 2 --out results",
    "reproduce plan": "reproduce plan all --scale paper",
    "reproduce report": "reproduce report --out earlier --summary summary",
    "reproduce keep": "reproduce keep --out earlier --kept kept",
    "reproduce --list": "reproduce --list",
    "demo": "demo --out tour",
    "theory critical-ratio": "theory critical-ratio --hidden 0.5",
    "theory phase-diagram": "theory phase-diagram joint --ratio 0.3 --out diagram",
    "theory spectrum": "theory spectrum --ratio 0.5 --hidden 0.3 --out law",
    "bench": "bench --out bench",
    "explore": "explore --no-browser",
    "explore --static": "explore --static page.html",
    "doctor": "doctor",
}
# A start, imports, and the middle of the work.
SECONDS = (0.5, 2.0, 5.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Tables, sweeps and results for all commands to work on."""
    place = tmp_path_factory.mktemp("work")
    (place / "table.csv").write_text("x,y\n" + "".join(f"{i},{i % 5}\n" for i in range(20)))
    (place / "long.toml").write_text(SWEEP.format(values=[number / 40 for number in range(40)], epochs=20_000))
    for name, values in (("finished", [0, 0.5]), ("other", [0.25, 1])):
        (place / f"{name}.toml").write_text(SWEEP.format(values=values, epochs=3))
    run = [sys.executable, "-m", "curldescent"]
    for name in ("finished", "other"):
        line = [*run, "sweep", "run", f"{name}.toml", "--store", name, "--workers", "1"]
        subprocess.run(line, cwd=place, check=True, capture_output=True)
    line = [*run, "reproduce", "fig2", "--scale", "quick", "--out", "earlier"]
    subprocess.run(line, cwd=place, check=True, capture_output=True)
    return place


def interrupted(command, folder, *, seconds=None, until=None):
    """Start a command as a shell does, press Ctrl-C after so many seconds or once a file is there; wait for its end."""
    started = subprocess.Popen(
        [sys.executable, "-m", "curldescent", *command.split()],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    began = time.monotonic()
    while started.poll() is None:
        passed = time.monotonic() - began
        if passed > 60 or (passed >= seconds if until is None else until.exists()):
            os.killpg(started.pid, signal.SIGINT)
            break
        time.sleep(0.02)
    try:
        output, error = started.communicate(timeout=240)
    finally:
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGKILL)
    return started.returncode, output, error


def whole(folder):
    """Read every file that a command may have left; fails on a torn one."""
    for path in filter(Path.is_file, folder.rglob("*")):
        data = path.read_bytes()
        if path.suffix == ".json":
            json.loads(data)
        elif path.suffix == ".nc":
            with xr.open_dataset(path, engine="scipy") as file:
                file.load()
        elif path.suffix == ".gz":
            gzip.decompress(data)
        elif path.suffix == ".png":
            assert data.endswith(b"IEND\xaeB`\x82"), path
        elif path.suffix == ".pdf":
            assert data.rstrip().endswith(b"%%EOF"), path
        elif path.suffix == ".html":
            assert data.rstrip().endswith(b"</html>"), path
        elif path.suffix == ".parquet":
            assert data[:4] == data[-4:] == b"PAR1", path


def check(name, folder, **when):
    code, output, error = interrupted(COMMANDS[name], folder, **when)
    if "Traceback" in error and "curldescent/apps" not in error:
        # Python itself answers until the first line of a command is reached; with 1 where it could not start at all.
        assert "KeyboardInterrupt" in error
        assert code in (1, 130, -signal.SIGINT)
        return 130
    assert "Traceback" not in error + output, error
    if code == 130:
        # One line says what became of it; of work under way it says what is kept.
        said = [line for line in error.splitlines() if "interrupt" in line or "stop" in line or "Ctrl-C" in line]
        assert said, error
    else:
        assert code == 0, (code, error)
    whole(folder)
    return code


def test_every_command_is_here():
    known = {name for name in app.app if not name.startswith("-")}
    assert known == {name.split()[0] for name in COMMANDS}
    parts = {name for group in ("sweep", "theory") for name in app.app[group] if not name.startswith("-")}
    used = {name.split()[1] for name in COMMANDS if name.split()[0] in ("sweep", "theory")}
    assert used | {"critical-fraction"} == parts


def test_a_command_at_work_keeps_what_is_there(tmp_path):
    sweep = SWEEP.format(values=[number / 400 for number in range(400)], epochs=500)
    (tmp_path / "long.toml").write_text(sweep)
    # One worker, which is started and ended too.
    command = COMMANDS["sweep run"].replace("--workers 2", "--workers 1")
    code, _, error = interrupted(command, tmp_path, until=tmp_path / "long" / "plan.json")
    assert code == 130, error
    assert "Traceback" not in error
    assert sum("interrupt" in line or "stop" in line for line in error.splitlines()) >= 1
    whole(tmp_path)
    kept = cd.sweeps.status(tmp_path / "long")
    assert (dict(kept.failed), kept.done + kept.missing) == ({}, 400)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", SECONDS)
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_leaves_when_it_is_told_to(name, seconds, folder):
    check(name, folder, seconds=seconds)
