"""Problems that many tests share."""

import sys

import numpy as np
import pytest

import curldescent as cd


def random_problem(
    seed: int = 0,
    *,
    activation: str = "tanh",
    output_activation: str = "tanh",
    sizes: tuple[int, int, int] = (7, 5, 3),
    samples: int = 23,
    trials: int | None = 2,
) -> cd.Problem:
    """A problem of odd sizes with explicit arrays, drawn independently of the library's own sampler."""
    rng = np.random.default_rng(seed)
    m, n, o = sizes
    lead = () if trials is None else (trials,)
    draw = rng.standard_normal
    return cd.Problem(
        inputs=draw((samples, m)),
        test_inputs=draw((11, m)),
        student=cd.Weights(hidden=draw((*lead, n, m)) / m**0.5, readout=draw((*lead, o, n)) / n**0.5),
        teacher=cd.Weights(hidden=draw((*lead, n, m)) / m**0.5, readout=draw((*lead, o, n)) / n**0.5),
        activation=activation,
        output_activation=output_activation,
    )


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture
def problem() -> cd.Problem:
    return random_problem()


def compute_cells_here(monkeypatch):
    """Let runs of sweeps compute in this process, which spares the seconds that a worker takes to start."""
    from curldescent.sweeps import Store
    from curldescent.sweeps.execution import running, worker
    from curldescent.sweeps.execution.pool import Outcome

    def local(folder, tasks, **options):
        opened = Store(folder)
        for task in tasks:
            answer = worker.work(opened, task, threads=1)
            yield Outcome(task["key"], failed=answer.get("failed"), blocked=answer.get("unwritable"))

    monkeypatch.setattr(running, "local", local)


@pytest.fixture
def in_this_process(monkeypatch):
    """For tests of what a run makes of a store, not of its workers."""
    compute_cells_here(monkeypatch)


@pytest.fixture
def in_an_empty_folder(tmp_path, monkeypatch):
    """What is written under a strange name is written there."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def finished_sweep(tmp_path_factory):
    """The sweep of `tests.wrong_objects`: whoever runs it has nothing to compute."""
    from tests import wrong_objects
    from tests.sweeps.conftest import fill

    path = tmp_path_factory.mktemp("objects")
    store = fill(wrong_objects.SWEEP, path / "store")
    (path / "sweep.toml").write_text("[axes]\nhidden = [0, 1]\n[student_teacher]\nn_inputs = 2\nn_hidden = 2\n")
    wrong_objects.STORE.update(folder=store, store=cd.sweeps.Store(store), data=cd.sweeps.open(store))
    yield
    wrong_objects.STORE.clear()
    wrong_objects.wrong.cache_clear()
