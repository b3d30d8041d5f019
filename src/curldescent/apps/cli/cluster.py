"""Where the cells of a sweep are computed: options of every command that runs sweeps."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Parameter

from curldescent.apps.cli.arguments import Whole
from curldescent.foundation.errors import InputError


@Parameter(name="*")
@dataclass(frozen=True)
class ClusterOptions:
    """Where cells are computed, if not here."""

    scheduler: Annotated[str | None, Parameter(help="Address of a Dask scheduler, tcp://host:port.")] = None
    slurm: Annotated[
        bool, Parameter(negative="", help="Start workers as SLURM jobs; the same as --jobqueue slurm.")
    ] = False
    jobqueue: Annotated[str | None, Parameter(help="Start workers as jobs of slurm, pbs, lsf or sge.")] = None
    jobs: Annotated[Whole, Parameter(help="How many jobs --slurm or --jobqueue starts.")] = 1


@contextmanager
def connection(options: ClusterOptions, workers: int | None) -> Iterator[Any]:
    """A Dask client where one is asked for, its dashboard's address printed; None for the local cores."""
    queue = "slurm" if options.slurm else options.jobqueue
    if options.scheduler is None and queue is None:
        yield None
        return
    if options.scheduler is not None and queue is not None:
        raise InputError("give either --scheduler or a batch system, not both")
    if workers is not None:
        raise InputError("--workers is for this machine's cores; a cluster has its own")
    from curldescent.sweeps.execution.distributed import connected

    with connected(scheduler=options.scheduler, jobqueue=queue, jobs=options.jobs) as client:
        print(f"Dashboard: {client.dashboard_link}", file=sys.stderr, flush=True)
        yield client
