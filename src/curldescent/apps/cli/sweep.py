"""`curldescent sweep`: many experiments on a grid, stored so that nothing finished is lost."""

import sys
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from curldescent.apps.cli.arguments import Whole
from curldescent.apps.cli.cluster import ClusterOptions, connection
from curldescent.apps.cli.output import print_json, print_table, printable, say
from curldescent.foundation.interruption import exit_code

if TYPE_CHECKING:
    from curldescent.sweeps.execution.summary import Summary
    from curldescent.sweeps.storage.status import Status

app = App(help="Run many experiments on a grid; stop, resume, extend, merge and export them.")

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON object.")]
StorePath = Annotated[Path, Parameter(name="--store", help="Folder of the sweep.")]
Workers = Annotated[Whole | None, Parameter(help="Processes; default: all cores.")]


@app.command(
    help_epilogue="""Examples:

    curldescent sweep plan examples/fig3a_tenth.toml

    curldescent sweep plan sweep.toml --workers 200 --json
"""
)
def plan(file: Path, *, workers: Workers = None, calibrate: bool = True, json: Json = False) -> None:
    """Check a sweep and say what it costs: cells, updates, time, memory, disk. Nothing is run but a short calibration.

    Args:
        file: A TOML file, see docs/sweeps.md.
        workers: Processes the estimate is for; default: all cores.
        calibrate: Time a few cells, for the estimate of the time.
        json: Print one JSON object.
    """
    from curldescent import sweeps
    from curldescent.foundation.progress import duration

    sweep = sweeps.read(file)
    cost = sweeps.plan(sweep, workers=workers, calibrate=calibrate)
    if json:
        axes = dict(zip([a.name for a in sweep.grid.axes], sweep.grid.shape, strict=True))
        found = {name: value for name, value in cost.as_json().items() if name != "remarks"}
        print_json("sweep plan", {"axes": axes, **found}, notes=cost.remarks)
        return
    over = " × ".join(f"{len(axis)} {axis.name}" for axis in sweep.grid.axes)
    rows = [
        ("cells", f"{cost.cells} ({over})" if over else "1"),
        ("trials a cell", str(cost.trials)),
        ("weight updates", f"{cost.updates:.3g}"),
        ("memory", f"about {cost.memory / 2**30:.2g} GiB, {cost.workers} workers"),
        ("disk", f"about {cost.disk / 2**20:.3g} MiB"),
    ]
    if cost.seconds is not None:
        at_most = "at most " if cost.upper_bound else ""
        rows.insert(3, ("time", f"{at_most}about {duration(cost.seconds)} on {cost.workers} idle cores"))
    print_table(["", file.stem], rows)
    for sentence in cost.remarks:
        print(f"note: {sentence}")


@app.command(
    help_epilogue="""Examples:

    curldescent sweep run examples/fig3a_tenth.toml --store results/fig3a

    curldescent sweep run --store results/fig3a

    curldescent sweep run sweep.toml --store results/big --scheduler tcp://10.0.0.1:8786

    curldescent sweep run sweep.toml --store results/big --slurm --jobs 40
"""
)
def run(
    file: Path | None = None,
    /,
    *,
    store: StorePath,
    workers: Workers = None,
    cluster: ClusterOptions | None = None,
    json: Json = False,
) -> None:
    """Run a sweep, or go on with one: cells that are finished are not computed again.

    Ctrl-C, SIGTERM or SIGHUP stops after the cells in flight. Run the same command to go on; a file whose axes have
    more values extends the store. Leaves with 128 + the signal's number where it was stopped (130 for Ctrl-C), with 1
    where cells failed.

    Args:
        file: A TOML file; without one, the store's own plan is continued.
        store: Folder of the sweep.
        workers: Processes; default: all cores.
        cluster: Where to compute.
        json: Print one JSON object.
    """
    from curldescent import sweeps
    from curldescent.foundation.progress import on_stderr

    sweep = None if file is None else sweeps.read(file)
    with connection(cluster or ClusterOptions(), workers) as client:
        summary = sweeps.run(sweep, store, workers=workers, client=client, progress=on_stderr("sweep"))
    _end("sweep run", summary, store, json=json)


@app.command(
    help_epilogue="""Examples:

    curldescent sweep retry --store results/fig3a
"""
)
def retry(
    *, store: StorePath, workers: Workers = None, cluster: ClusterOptions | None = None, json: Json = False
) -> None:
    """Compute again the cells that failed, and what is missing.

    Args:
        store: Folder of the sweep.
        workers: Processes; default: all cores.
        cluster: Where to compute.
        json: Print one JSON object.
    """
    from curldescent import sweeps
    from curldescent.foundation.progress import on_stderr

    with connection(cluster or ClusterOptions(), workers) as client:
        summary = sweeps.retry(store, workers=workers, client=client, progress=on_stderr("sweep"))
    _end("sweep retry", summary, store, json=json)


@app.command(
    help_epilogue="""Examples:

    curldescent sweep status --store results/fig3a

    curldescent sweep status --store results/fig3a --verify --json
"""
)
def status(*, store: StorePath, verify: bool = False, json: Json = False) -> None:
    """Say what is done, missing, failed and damaged; a run may be going on.

    With --verify the exit code is 1 where something is damaged.

    Args:
        store: Folder of the sweep.
        verify: Read every finished cell and the compacted form, and check them.
        json: Print one JSON object.
    """
    from curldescent import sweeps

    found = sweeps.status(store, verify=verify)
    if json:
        print_json("sweep status", found.as_json())
    else:
        _print_status(found, store)
    if found.damaged:
        sys.exit(1)


def _print_status(found: "Status", store: Path) -> None:
    rows = [
        ("cells", str(found.cells)),
        ("done", f"{found.done} ({100 * found.done / found.cells:.1f} %)"),
        ("missing", str(found.missing)),
        ("failed", str(len(found.failed))),
        ("compacted", "yes" if found.compacted else "no"),
    ]
    if found.damaged is not None:
        rows.append(("damaged", str(len(found.damaged))))
    print_table(["", str(store)], rows)
    for key, record in sorted(found.failed.items()):
        values = ", ".join(f"{name} = {value}" for name, value in (record.get("cell") or {}).items())
        print(printable(f"failed: {values or key}: {record['message']}"))
    for sentence in found.damaged or ():
        print(printable(f"damaged: {sentence}"))
    for path in found.strangers:
        print(printable(f"not of this sweep, never read: {path}"))


@app.command(
    help_epilogue="""Examples:

    curldescent sweep export --store results/fig3a --out fig3a.nc

    curldescent sweep export --store results/fig3a --out fig3a.zarr

    curldescent sweep export --store results/fig3a --out fig3a.csv
"""
)
def export(*, store: StorePath, out: Path, format: str | None = None, json: Json = False) -> None:
    """Write a sweep, finished or not, as NetCDF (.nc), Zarr (.zarr), CSV (.csv) or Parquet (.parquet).

    CSV and Parquet have one row for every trial of every cell.

    Args:
        store: Folder of the sweep.
        out: What to write; the ending decides.
        format: netcdf, zarr, csv or parquet, where the ending does not say it.
        json: Print one JSON object.
    """
    from curldescent import sweeps

    written = sweeps.export(store, out, format=format)
    if json:
        print_json("sweep export", {"written": str(written)})
    else:
        print(f"Written: {written}")


@app.command(
    help_epilogue="""Examples:

    curldescent sweep merge --store results/all results/laptop results/cluster
"""
)
def merge(sources: list[Path], /, *, store: StorePath, json: Json = False) -> None:
    """Bring the cells of stores with the same settings into one, whose grid is the union of theirs.

    Args:
        sources: Stores to take cells from; they are not changed.
        store: Store to bring them into; made if need be.
        json: Print one JSON object.
    """
    from curldescent import sweeps

    done = sweeps.merge(sources, store)
    if json:
        print_json("sweep merge", done.__dict__)
        return
    print(f"{done.copied} cells copied, {done.present} there already, {done.cells} on the grid")
    for sentence in done.damaged:
        print(printable(f"damaged, left out: {sentence}"))


@app.command(
    help_epilogue="""Examples:

    curldescent sweep compact --store results/fig3a
"""
)
def compact(*, store: StorePath, json: Json = False) -> None:
    """Write a complete sweep as sharded Zarr inside its store; a run does this at its end by itself.

    Args:
        store: Folder of the sweep.
        json: Print one JSON object.
    """
    from curldescent import sweeps

    written = sweeps.compact(store)
    if json:
        print_json("sweep compact", {"written": str(written)})
    else:
        print(f"Written: {written}")


def _end(command: str, summary: "Summary", store: Path, *, json: bool) -> None:
    if json:
        print_json(command, summary.as_json())
    elif not summary.stopped and not summary.failed:
        print(f"Store: {store}")
    if summary.failed:
        say(
            f"{summary.failed} of {summary.cells} cells failed; why: curldescent sweep status --store {store}; "
            f"again: curldescent sweep retry --store {store}"
        )
    if summary.stopped:
        say(f"interrupted; finished cells are kept and the same command goes on. Store: {store}")
        sys.exit(exit_code(summary.signal or SIGINT))
    if summary.failed:
        sys.exit(1)
