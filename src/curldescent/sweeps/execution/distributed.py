"""A sweep on a Dask cluster: its workers compute, this process writes. Needs the extra `cluster`."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from curldescent.foundation import interruption, optional
from curldescent.foundation.errors import InputError
from curldescent.sweeps.description.cell import Cell
from curldescent.sweeps.description.settings import Settings
from curldescent.sweeps.execution.pool import Outcome
from curldescent.sweeps.execution.worker import FULL, failure
from curldescent.sweeps.storage import cell_file
from curldescent.sweeps.storage.store import Store

if TYPE_CHECKING:
    from distributed import Client

JOBQUEUES = {"slurm": "SLURMCluster", "pbs": "PBSCluster", "lsf": "LSFCluster", "sge": "SGECluster"}

# Bundles per worker thread that are on their way: one that runs, and one that waits so that no thread does.
_AHEAD = 2
# Cells travel in bundles that take about this long: a round trip then costs little beside what it carries, and
# stopping still takes effect soon. Cells that take longer travel alone.
_BUNDLE_SECONDS = 0.1
_MOST_IN_A_BUNDLE = 32

Task = dict[str, Any]


def compute_remotely(settings: Mapping[str, Any], bundle: Sequence[Mapping[str, Any]]) -> tuple[float, list[Any]]:
    """Compute cells on a worker, one after the other.

    Args:
        settings: `Settings.as_json`.
        bundle: tasks, each with key, cell and seed_text.

    Returns:
        How long the slowest took, seconds; and a cell each the bytes of its file or, where it raised, a mapping with
        kind and message.
    """
    slowest, results = 0.0, []
    for task in bundle:
        began = time.perf_counter()
        results.append(_computed(settings, task))
        slowest = max(slowest, time.perf_counter() - began)
    return slowest, results


def _computed(settings: Mapping[str, Any], task: Mapping[str, Any]) -> Any:
    from curldescent.sweeps.execution.cell import compute

    try:
        cell = Cell(Settings.from_json(settings), task["cell"], task["seed_text"])
        return cell_file.encode(
            compute(cell), fingerprint=cell.settings.fingerprint, key=task["key"], cell=task["cell"]
        )
    except Exception as fault:
        # An exception would travel as a pickle of a class that the other side may not know.
        return failure(fault)


def on_cluster(
    client: "Client", store: Store, tasks: Iterator[Task], *, stopping: Callable[[], bool]
) -> Generator[Outcome, None, None]:
    """Compute cells on a cluster, each written here as soon as it arrives and then released there.

    Few cells are on their way at any time, two bundles a worker's thread; workers may come, go and die. Where a bundle
    is lost for good its cells are tried once more, each alone: one cell that kills its worker takes no other with it.

    Args:
        client: connected.
        store: where cells go.
        tasks: the cells, in the order to begin them.
        stopping: asked before every bundle.

    Yields:
        An `Outcome` per cell, in the order they arrive.
    """
    from distributed import as_completed

    settings = store.sweep.settings.as_json()
    flying: dict[Any, list[Task]] = {}
    alone: deque[Task] = deque()
    arriving = as_completed([], with_results=False)
    size = 1

    def bundle() -> list[Task]:
        return [alone.popleft()] if alone else list(islice(tasks, size))

    def fill() -> None:
        while not stopping() and len(flying) < max(1, _AHEAD * sum(client.nthreads().values())):
            cells = bundle()
            if not cells:
                return
            # Anew in every run: a result that a scheduler remembers is not this run's.
            future = client.submit(compute_remotely, settings, cells, pure=False)
            flying[future] = cells
            arriving.add(future)

    blocked = False
    try:
        fill()
        while flying:
            future = next(arriving)
            cells = flying.pop(future)
            if future.status != "finished" and len(cells) > 1:
                alone.extend(cells)
                outcomes = []
            elif future.status != "finished":
                outcomes = [_lost(future, cells[0])]
            else:
                seconds, results = future.result()
                size = max(1, min(_MOST_IN_A_BUNDLE, int(_BUNDLE_SECONDS / seconds)))
                outcomes = [_received(store, *pair) for pair in zip(results, cells, strict=True)]
            future.release()
            blocked |= any(outcome.blocked is not None for outcome in outcomes)
            if not blocked:
                fill()
            yield from outcomes
    finally:
        client.cancel(list(flying), force=True)


def _lost(future: Any, task: Task) -> Outcome:
    # A cell whose worker died several times in a row (distributed.scheduler.allowed-failures), or a cancelled one.
    fault = future.exception() if future.status == "error" else None
    return Outcome(task["key"], failed=" ".join(str(fault or future.status).split()), kind=type(fault).__name__)


def _received(store: Store, result: Any, task: Task) -> Outcome:
    key = task["key"]
    if isinstance(result, Mapping):
        return Outcome(key, failed=result["failed"], kind=result["kind"], trace=result["trace"])
    try:
        cell_file.unpack(result, fingerprints=(store.fingerprint,), key=key)
    except cell_file.DamagedCell as fault:
        message = f"the worker's result is not this sweep's ({fault}); does it run the same version of curldescent?"
        return Outcome(key, failed=message, kind="DamagedCell")
    try:
        store.put(key, result)
    except OSError as fault:
        reason = fault.strerror if fault.errno in FULL else f"{fault.strerror}: {fault.filename}"
        return Outcome(key, blocked=reason)
    return Outcome(key)


@contextmanager
def connected(
    *, scheduler: str | None = None, jobqueue: str | None = None, jobs: int = 1, timeout: str = "20s"
) -> "Iterator[Client]":
    """A client of a running scheduler, or of a cluster that is started from jobs on a batch system.

    Args:
        scheduler: its address, ``tcp://host:port``.
        jobqueue: "slurm", "pbs", "lsf" or "sge"; what a job asks for stands in dask-jobqueue's own configuration,
            ``~/.config/dask/jobqueue.yaml`` (docs/sweeps.md has a profile).
        jobs: how many jobs to start with.
        timeout: how long to wait for the scheduler's answer.

    Yields:
        The client; what was started is stopped in the end.

    Raises:
        InputError: Dask is not installed, no scheduler answers, or the batch system refuses.
    """
    optional.require("distributed", purpose="running on a cluster")
    from distributed import Client

    cluster = None
    if jobqueue is not None:
        cluster = _jobqueue_cluster(jobqueue, jobs)
        scheduler = cluster.scheduler_address
    try:
        client = Client(scheduler, timeout=timeout)
    except (OSError, ValueError, TypeError, KeyError) as fault:
        reason = " ".join(str(fault).split())
        raise InputError(f"no Dask scheduler answers at {scheduler!r}: {reason}") from None
    try:
        # Jobs that were started must not go on without us, however we leave.
        with nullcontext() if cluster is None else interruption.cleaning(partial(cluster.close, timeout=10)):
            yield client
    finally:
        client.close()
        if cluster is not None:
            cluster.close()


def _jobqueue_cluster(jobqueue: str, jobs: int) -> Any:
    from importlib import import_module

    from curldescent.foundation import validation

    validation.choice("the batch system", jobqueue, tuple(JOBQUEUES))
    optional.require("dask_jobqueue", purpose="a batch system")
    module = import_module("dask_jobqueue")
    try:
        cluster = getattr(module, JOBQUEUES[jobqueue])()
    except (ValueError, TypeError) as fault:
        raise InputError(
            f"dask-jobqueue cannot start a {jobqueue} cluster: {' '.join(str(fault).split())}; "
            "describe a job in ~/.config/dask/jobqueue.yaml as docs/sweeps.md shows"
        ) from None
    cluster.scale(jobs=jobs)
    return cluster
