"""docs/how_to/slurm.md, without a SLURM: its script is stopped as the batch system would, its array is merged."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import curldescent as cd

PAGE = (Path(__file__).parents[1] / "docs" / "how_to" / "slurm.md").read_text(encoding="utf-8")
SOURCE = Path(cd.__file__).parents[1]
# Sixty cells of a tenth of a second and more.
SWEEP = """
[axes]
hidden = { lin = [0, 1, 10] }
seed = { lin = [0, 5, 6] }
[student_teacher]
n_inputs = 20
n_hidden = 20
n_train = 100
[training]
epochs = 500
batch_size = 1
"""


@pytest.fixture
def environment(tmp_path):
    """`curldescent` on the path, as an installation would put it there."""
    command = tmp_path / "bin" / "curldescent"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m curldescent "$@"\n')
    command.chmod(0o755)
    path = os.pathsep.join([str(command.parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTHONPATH": str(SOURCE)}


@pytest.mark.slow
def test_the_script_ends_with_the_signal_and_goes_on_when_it_is_submitted_again(tmp_path, environment):
    script = re.search(r"```bash\n(.*?)```", PAGE, re.DOTALL)[1]
    (tmp_path / "sweep.sh").write_text(script)
    (tmp_path / "sweep.toml").write_text(SWEEP)
    store = tmp_path / "results" / "big"

    def submit(cpus):
        return subprocess.Popen(
            ["bash", "sweep.sh"],
            cwd=tmp_path,
            env={**environment, "SLURM_CPUS_PER_TASK": str(cpus)},
            stderr=subprocess.PIPE,
            text=True,
        )

    job = submit(1)
    deadline = time.monotonic() + 300
    while not list(store.glob("cells/*/*.npz")):
        assert job.poll() is None, job.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    job.send_signal(signal.SIGTERM)  # --signal=B:TERM: to the process of the script
    job.communicate(timeout=300)
    assert job.returncode == 143
    done = len(list(store.glob("cells/*/*.npz")))
    assert 0 < done < 60
    again = submit(2)
    said = again.communicate(timeout=600)[1]
    assert again.returncode == 0, said
    assert cd.sweeps.status(store).done == 60


@pytest.mark.slow
def test_the_parts_of_an_array_are_those_of_one_run(tmp_path, environment, monkeypatch):
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]
    monkeypatch.chdir(tmp_path)
    scope = {}
    for task in ("0", "1"):
        monkeypatch.setenv("SLURM_ARRAY_TASK_ID", task)
        monkeypatch.setenv("SLURM_ARRAY_TASK_COUNT", "2")
        scope = {"__name__": "page"}
        exec(compile(code, "<page>", "exec"), scope)
    merge = "curldescent sweep merge results/part-* --store results/all"
    assert f"    {merge}\n" in PAGE
    done = subprocess.run(merge, shell=True, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    cd.sweeps.run(scope["sweep"](scope["fractions"]), "results/one", workers=1)
    merged, one = cd.sweeps.open("results/all").sortby("hidden"), cd.sweeps.open("results/one")
    assert np.isfinite(one.final_test_error.values).all()
    np.testing.assert_array_equal(merged.final_test_error.transpose(*one.final_test_error.dims), one.final_test_error)
