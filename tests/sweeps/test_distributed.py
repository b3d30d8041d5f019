"""The same sweep on Dask, with workers in processes of their own, on the loopback interface."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import curldescent as cd
from tests.sweeps.conftest import contents, small, start
from tests.sweeps.test_faults import begun, sweep_file, wait_for

distributed = pytest.importorskip("distributed")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Cluster:
    """A scheduler and its workers, each a process that can be killed."""

    def __init__(self, folder):
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self._folder, self.workers = folder, []
        options = ("--host", "127.0.0.1", "--port", self.address.rsplit(":", 1)[1], "--no-dashboard")
        self.scheduler = self._process("scheduler", *options)

    def add_worker(self):
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        self.workers.append(self._process("worker", self.address, *options, "--local-directory", str(self._folder)))
        return self.workers[-1]

    def _process(self, kind, *options):
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "distributed.cli.dask_" + kind, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def close(self):
        for process in (*self.workers, self.scheduler):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path):
    cluster = Cluster(tmp_path)
    cluster.add_worker()
    cluster.add_worker()
    yield cluster
    cluster.close()


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_loses_nothing_and_new_ones_help(cluster, tmp_path):
    file, store = sweep_file(tmp_path, seeds=10, epochs=4000), tmp_path / "store"
    process = start("run", file, "--store", store, "--scheduler", cluster.address, "--json")
    wait_for(lambda: len(contents(store)) >= 5 or process.poll() is not None)
    cluster.workers[0].send_signal(signal.SIGKILL)
    cluster.add_worker()
    out, error = process.communicate(timeout=200)
    assert process.returncode == 0, error
    summary = json.loads(out)["result"]
    assert summary["complete"]
    assert summary["computed"] == 40
    assert "Dashboard:" in error
    # The log counts submissions: what the dead worker held was moved by the scheduler, nothing was begun twice here.
    assert len(begun(store)) == len(set(begun(store))) == 40
    # Elsewhere, the same bytes.
    local = tmp_path / "local"
    cd.sweeps.run(cd.sweeps.read(file), local)
    assert contents(store) == contents(local)


def test_futures_are_released_and_failures_come_back_as_data(tmp_path):
    sweep = small(
        axes={"activation": ["linear", "tanh"], "engine": ["fused", "order-parameters"]},
        student_teacher={"n_inputs": 3, "n_hidden": 9, "n_train": 20},
    )
    # Threads of this process: the loop is what is tested here, and it must not keep results alive.
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with distributed.Client(**options) as client:
        summary = cd.sweeps.run(sweep, tmp_path / "store", client=client)
        assert (summary.computed, summary.failed) == (3, 1)
        assert not client.futures
        (record,) = cd.sweeps.status(tmp_path / "store").failed.values()
        assert "needs a linear hidden layer" in record["message"]


def test_quick_cells_travel_together_and_one_that_kills_takes_no_other_with_it(tmp_path, monkeypatch):
    from curldescent.sweeps.execution import distributed as ours

    # A file: the function travels to the worker as a copy.
    compute, sizes = ours.compute_remotely, tmp_path / "sizes"
    setting = {"n_inputs": 3, "n_hidden": 9, "n_train": 20}
    sweep = small(axes={"seed": list(range(40))}, student_teacher=setting)
    fatal = sweep.grid.cell_keys()[-1]

    def lossy(recipe, bundle):
        with sizes.open("a") as log:
            log.write(f"{len(bundle)}\n")
        if any(task["key"] == fatal for task in bundle):
            raise RuntimeError("the worker died")
        _, results = compute(recipe, bundle)
        return 0.01, results

    monkeypatch.setattr(ours, "compute_remotely", lossy)
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with distributed.Client(**options) as client:
        summary = cd.sweeps.run(sweep, tmp_path / "store", client=client)
    assert (summary.computed, summary.failed) == (39, 1)
    assert list(cd.sweeps.status(tmp_path / "store").failed) == [fatal]
    assert max(map(int, sizes.read_text().split())) == 10


def test_a_scheduler_that_does_not_answer_is_one_sentence(tmp_path):
    from curldescent.sweeps.execution.distributed import connected

    address = f"tcp://127.0.0.1:{free_port()}"
    with (
        pytest.raises(cd.InputError, match=rf"no Dask scheduler answers at '{address}'") as caught,
        connected(scheduler=address, timeout="1s"),
    ):
        pass
    assert "\n" not in str(caught.value)


def test_an_unknown_batch_system_is_one_sentence():
    from curldescent.sweeps.execution.distributed import connected

    with pytest.raises(cd.InputError, match=r"did you mean 'slurm'"), connected(jobqueue="slum"):
        pass


def test_results_of_another_version_are_refused(tmp_path, monkeypatch):
    """A worker that computes something else, an older version for one, leaves no cell."""
    from curldescent.sweeps.execution import distributed as ours

    def other(recipe, bundle):
        return 1.0, [ours.cell_file.encode({}, fingerprint="0" * 64, key=task["key"], cell={}) for task in bundle]

    monkeypatch.setattr(ours, "compute_remotely", other)
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with distributed.Client(**options) as client:
        summary = cd.sweeps.run(small(), tmp_path / "store", client=client)
    assert (summary.computed, summary.failed) == (0, 6)
    record = next(iter(cd.sweeps.status(tmp_path / "store").failed.values()))
    assert "does it run the same version of curldescent?" in record["message"]


@pytest.mark.slow
def test_the_example_runs_on_two_workers(tmp_path):
    example = Path(__file__).parents[2] / "examples" / "cluster.py"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(example), "store"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert "computed 9 cells, then 0" in done.stdout
    assert "dashboard: http://127.0.0.1" in done.stdout
