"""`run` and `retry`: compute what a store lacks, and nothing else."""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curldescent.foundation import interruption, validation
from curldescent.foundation.cores import available_cores
from curldescent.foundation.errors import InputError
from curldescent.foundation.files import named
from curldescent.foundation.progress import Progress, checked
from curldescent.foundation.writing import results_folder
from curldescent.sweeps.description.cell_cost import work_estimate
from curldescent.sweeps.description.preflight import check
from curldescent.sweeps.description.sweep import A_SWEEP, Sweep
from curldescent.sweeps.execution.pool import Outcome, local
from curldescent.sweeps.execution.summary import Summary
from curldescent.sweeps.storage.lock import locked
from curldescent.sweeps.storage.store import FOLDER_OF_A_SWEEP, Store

if TYPE_CHECKING:
    from distributed import Client


class StoreUnwritable(OSError):
    """The disk is full, or refuses writing for another reason; what is finished is safe."""

    def __str__(self) -> str:
        return str(self.args[0])


def run(
    sweep: Sweep | None,
    store: str | Path,
    *,
    workers: int | None = None,
    client: "Client | None" = None,
    progress: Progress | None = None,
) -> Summary:
    """Compute the cells that a store lacks: on this machine's cores, or on a Dask cluster.

    The sweep is checked before anything runs, and every finished cell with it: damaged files are set aside and computed
    again. Cells that failed are skipped until `retry`. The first Ctrl-C (or SIGTERM, or SIGHUP) lets the cells in
    flight end, a second one abandons them; either way nothing finished is lost. Workers do not hear these signals, so
    that one to the whole job has the same effect. A complete sweep is compacted.

    Args:
        sweep: what to run; None continues what the store holds.
        store: folder; made if need be. A larger grid than the store's extends it.
        workers: processes; all cores by default. Results do not depend on it.
        client: a `distributed.Client`; then its workers compute and this process writes.
        progress: told what happens; see `curldescent.foundation.progress`.

    Returns:
        A `Summary`.

    Raises:
        InputError: a sweep that cannot run; a store in use, of other settings, or of another format.
        OSError: the disk is full, make space and run again; or no worker process can be started.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import curldescent as cd
        >>> sweep = cd.sweeps.Sweep(
        ...     axes={"hidden": [0, 0.5]}, student_teacher={"n_inputs": 4, "n_hidden": 6}, training={"epochs": 5}
        ... )
        >>> with TemporaryDirectory() as folder:
        ...     done = cd.sweeps.run(sweep, folder, workers=1)
        ...     data = cd.sweeps.open(folder).load()
        >>> done.computed, dict(data.final_test_error.sizes)
        (2, {'hidden': 2, 'trial': 1})
    """
    if workers is not None:
        workers = validation.integer("workers", workers, minimum=1, maximum=10_000)
    folder, resumed = named("store", store, FOLDER_OF_A_SWEEP), sweep is None
    check_client(client)
    progress = checked(progress)
    if sweep is None:
        sweep = Store(folder).sweep  # refuses what is no store before making a folder
    else:
        check(validation.instance("sweep", sweep, Sweep, f"{A_SWEEP}, or None to continue what the store holds"))
    began = time.monotonic()
    results_folder(folder)
    sentence = "stopping after the cells in flight; once more to abandon them"
    with locked(folder), interruption.wishes(progress.say, sentence) as stopping:
        opened = Store.prepare(folder, sweep)
        opened.sweep_temporaries()
        damaged, intact = _checked(opened, progress)
        keys = opened.sweep.grid.cell_keys()
        skipped = set(opened.failures()) & set(keys) - intact
        opened.log("run", cells=len(keys), found=len(intact), skipped=len(skipped), damaged=damaged)
        plan = [
            (key, index)
            for key, index in zip(keys, opened.sweep.grid.indices(), strict=True)
            if key not in intact and key not in skipped
        ]
        if plan and resumed:
            check(sweep)  # what another machine began may be too large for this one
        work = {key: work_estimate(opened.sweep.settings, opened.sweep.grid.cell(index)) for key, index in plan}
        # The longest first: the last cells to end are then short, and no core waits long for another.
        plan.sort(key=lambda item: -work[item[0]])
        tasks = _tasks(opened, plan)
        if not plan:
            outcomes: Generator[Outcome, None, None] = _nothing()
        elif client is not None:
            from curldescent.sweeps.execution.distributed import on_cluster

            outcomes = on_cluster(client, opened, tasks, stopping=stopping)
        else:
            cores = available_cores()
            count = min(workers or cores, len(plan))
            outcomes = local(
                folder, tasks, workers=count, threads=max(1, cores // count), stopping=stopping, say=progress.say
            )
        computed, failed = _collect(
            opened, outcomes, dict(plan), work, found=len(intact), failed=len(skipped), progress=progress
        )
        summary = Summary(
            cells=len(keys),
            found=len(intact),
            computed=computed,
            failed=failed,
            damaged=tuple(damaged),
            stopped=stopping() and computed < len(plan),
            seconds=time.monotonic() - began,
            signal=stopping.number,
        )
        opened.log("end", **summary.as_json())
        if summary.complete and not stopping():
            _compact(opened, progress)
    progress.finish(str(summary))
    return summary


def retry(
    store: str | Path, *, workers: int | None = None, client: "Client | None" = None, progress: Progress | None = None
) -> Summary:
    """Forget the failures of a store and run it again.

    Args:
        store: an existing store.
        workers: as for `run`.
        client: as for `run`.
        progress: as for `run`.

    Returns:
        The `Summary` of the run.

    Raises:
        InputError: no store, or one in use.
    """
    # Before anything is forgotten.
    if workers is not None:
        validation.integer("workers", workers, minimum=1, maximum=10_000)
    check_client(client)
    progress = checked(progress)
    opened = Store(store)
    with locked(opened.path):
        opened.forget_failures(set(opened.failures()))
    return run(None, store, workers=workers, client=client, progress=progress)


def check_client(client: object) -> None:
    """Refuse what cannot be a cluster's client, before anything is made or computed."""
    if client is not None:
        wanted = ("submit", "nthreads", "cancel", "close")
        validation.methods("client", client, wanted, "a distributed.Client, connected to a Dask cluster")


def _tasks(store: Store, plan: Sequence[tuple[str, tuple[int, ...]]]) -> Iterator[dict[str, Any]]:
    for key, index in plan:
        # Before the cell begins: the log then shows what was in flight when a run was killed.
        store.log("begin", key=key)
        yield {"key": key, "cell": store.sweep.grid.cell(index), "seed_text": store.sweep.seed_text(index)}


def _checked(store: Store, progress: Progress) -> tuple[list[str], set[str]]:
    """Check every finished cell of the grid; what fails is set aside. Returns (sentences, keys that are intact)."""
    damaged, intact = [], set()
    present = store.finished() & set(store.sweep.grid.cell_keys())
    for key in sorted(present):
        reason = store.check(key)
        if reason is None:
            intact.add(key)
            continue
        moved = store.set_aside(key)
        sentence = f"{store.cell_path(key).name}: {reason}; moved to {moved.parent.name}/, computed again"
        progress.say(sentence)
        damaged.append(sentence)
    return damaged, intact


def _collect(
    store: Store,
    outcomes: Generator[Outcome, None, None],
    plan: dict[str, tuple[int, ...]],
    work: dict[str, float],
    *,
    found: int,
    failed: int,
    progress: Progress,
) -> tuple[int, int]:
    """Follow a run to its end; returns (computed, failed)."""
    computed, total, worked = 0, found + len(work) + failed, 0.0
    progress.start(total, "cells", done=found, work=sum(work.values()))
    with closing(outcomes):
        for outcome in outcomes:
            if outcome.blocked is not None:
                raise StoreUnwritable(
                    f"store {str(store.path)!r} cannot be written, {outcome.blocked} ({found + computed} of {total} "
                    "cells are safe); make space and run the same command again"
                )
            if outcome.failed is not None:
                failed += 1
                _record(store, outcome, store.sweep.grid.cell(plan[outcome.key]))
            else:
                computed += 1
            worked += work[outcome.key]
            progress.update(found + computed, work=worked, note=f"{failed} failed" if failed else "")
    return computed, failed


def _record(store: Store, outcome: Outcome, cell: dict[str, Any]) -> None:
    store.log("failed", key=outcome.key, kind=outcome.kind, message=outcome.failed, trace=outcome.trace)
    try:
        store.record_failure(outcome.key, cell=cell, kind=outcome.kind, message=outcome.failed or "")
    except OSError as fault:
        raise StoreUnwritable(
            f"store {str(store.path)!r} cannot be written, {fault.strerror}; make space and run the same command again"
        ) from None


def _compact(store: Store, progress: Progress) -> None:
    from curldescent.sweeps.storage.compaction import compact_store, intact

    if intact(store):
        return
    try:
        compact_store(store)
    except (OSError, InputError) as fault:
        # The cells are all there; only the faster form of them is missing.
        progress.say(f"the finished sweep could not be compacted: {fault}")


def _nothing() -> Generator[Outcome, None, None]:
    yield from ()
