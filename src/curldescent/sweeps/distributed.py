"""The same sweep on a Dask cluster: its workers compute, this process writes. Needs the extra `cluster`."""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from curldescent.errors import InputError
from curldescent.sweeps import cell_file
from curldescent.sweeps.pool import Outcome
from curldescent.sweeps.recipe import Recipe
from curldescent.sweeps.store import Store
from curldescent.sweeps.worker import FULL, failure

if TYPE_CHECKING:
    from distributed import Client

JOBQUEUES = {"slurm": "SLURMCluster", "pbs": "PBSCluster", "lsf": "LSFCluster", "sge": "SGECluster"}

# Cells per worker thread that are on their way: one that runs, and one that waits so that no thread does.
_AHEAD = 2


def compute_remotely(recipe: Mapping[str, Any], task: Mapping[str, Any]) -> Any:
    """Compute one cell on a worker.

    Args:
        recipe: `Recipe.as_json`.
        task: key, cell and seed_text.

    Returns:
        The bytes of the cell's file; or, where it raised, a mapping with kind and message.
    """
    from curldescent.sweeps.cell import compute

    try:
        settings = Recipe.from_json(recipe)
        arrays = compute(settings, task["cell"], task["seed_text"])
        return cell_file.encode(arrays, fingerprint=settings.fingerprint, key=task["key"], cell=task["cell"])
    except Exception as fault:
        # An exception would travel as a pickle of a class that the other side may not know.
        return failure(fault)


def on_cluster(
    client: "Client", store: Store, tasks: Iterator[dict[str, Any]], *, stopping: Callable[[], bool]
) -> Generator[Outcome, None, None]:
    """Compute cells on a cluster, each written here as soon as it arrives and then released there.

    Few cells are on their way at any time, twice the workers' threads; workers may come, go and die.

    Args:
        client: connected.
        store: where cells go.
        tasks: the cells, in the order to begin them.
        stopping: asked before every cell.

    Yields:
        An `Outcome` per cell, in the order they arrive.
    """
    from distributed import as_completed

    recipe = store.sweep.recipe.as_json()
    flying: dict[Any, dict[str, Any]] = {}
    arriving = as_completed([], with_results=False)

    def fill() -> None:
        while not stopping() and len(flying) < max(1, _AHEAD * sum(client.nthreads().values())):
            task = next(tasks, None)
            if task is None:
                return
            # Named after its cell, but anew in every run: a result that a scheduler remembers is not this run's.
            future = client.submit(compute_remotely, recipe, task, pure=False)
            flying[future] = task
            arriving.add(future)

    try:
        fill()
        while flying:
            future = next(arriving)
            task = flying.pop(future)
            outcome = _received(store, future, task)
            future.release()
            if outcome.blocked is None:
                fill()
            yield outcome
    finally:
        client.cancel(list(flying), force=True)


def _received(store: Store, future: Any, task: Mapping[str, Any]) -> Outcome:
    key = task["key"]
    if future.status != "finished":
        # A cell whose worker died several times in a row (distributed.scheduler.allowed-failures), or a cancelled one.
        fault = future.exception() if future.status == "error" else None
        return Outcome(key, failed=" ".join(str(fault or future.status).split()), kind=type(fault).__name__)
    result = future.result()
    if isinstance(result, Mapping):
        return Outcome(key, failed=result["failed"], kind=result["kind"], trace=result["trace"])
    try:
        cell_file.check(result, fingerprint=store.fingerprint, key=key)
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
    try:
        from distributed import Client
    except ImportError:
        raise InputError("running on a cluster needs Dask: pip install 'curldescent[cluster]'") from None
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
        yield client
    finally:
        client.close()
        if cluster is not None:
            cluster.close()


def _jobqueue_cluster(jobqueue: str, jobs: int) -> Any:
    from importlib import import_module

    from curldescent import validation

    validation.choice("the batch system", jobqueue, tuple(JOBQUEUES))
    try:
        module = import_module("dask_jobqueue")
    except ImportError:
        raise InputError("batch systems need dask-jobqueue: pip install 'curldescent[cluster]'") from None
    try:
        cluster = getattr(module, JOBQUEUES[jobqueue])()
    except (ValueError, TypeError) as fault:
        raise InputError(
            f"dask-jobqueue cannot start a {jobqueue} cluster: {' '.join(str(fault).split())}; "
            "describe a job in ~/.config/dask/jobqueue.yaml as docs/sweeps.md shows"
        ) from None
    cluster.scale(jobs=jobs)
    return cluster
