"""What a sweep costs besides its training: overhead per cell, opening large stores, idle cores.

python benchmarks/sweeps.py    (a few minutes; prints JSON)
"""

import json
import os
import platform
import resource
import statistics
import tempfile
import time

import curldescent as cd
from curldescent.sweeps import Store
from curldescent.sweeps.cell import compute
from curldescent.sweeps.cell_file import encode
from curldescent.sweeps.running import _tasks

REPEATS = 3


def sweep_of(cells: int, epochs: int = 1, **fixed: object) -> cd.sweeps.Sweep:
    """Cells that differ in their seed only."""
    return cd.sweeps.Sweep(
        axes={"seed": list(range(cells // 4)), "hidden": [0, 0.25, 0.5, 0.75]},
        student_teacher={"n_inputs": 10, "n_hidden": 10, "n_train": 20, "n_test": 10, **fixed},
        training={"epochs": epochs, "batch_size": 10},
    )


def overhead_parts() -> dict[str, float]:
    """Milliseconds per cell of each part, in this process: name and schedule, write durably, read back and check."""
    sweep = sweep_of(400)
    out: dict[str, list[float]] = {"plan and schedule": [], "encode and write": [], "read and check": []}
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            store = Store.prepare(folder, sweep)
            began = time.perf_counter()
            pairs = list(zip(sweep.grid.cell_keys(), sweep.grid.indices(), strict=True))
            tasks = [json.loads(json.dumps(task)) for task in _tasks(store, pairs)]
            out["plan and schedule"].append(time.perf_counter() - began)
            arrays = compute(sweep.recipe, tasks[0]["cell"], tasks[0]["seed_text"])
            began = time.perf_counter()
            for task in tasks:
                store.put(
                    task["key"], encode(arrays, fingerprint=store.fingerprint, key=task["key"], cell=task["cell"])
                )
            out["encode and write"].append(time.perf_counter() - began)
            began = time.perf_counter()
            for task in tasks:
                store.read(task["key"])
            out["read and check"].append(time.perf_counter() - began)
    return {name: 1e3 * min(values) / sweep.grid.size for name, values in out.items()}


def marginal(client: object = None) -> float:
    """Milliseconds per cell of whole runs, workers' start taken out: (1200 cells − 400 cells) / 800, one worker.

    From which the same cells computed in a bare loop are subtracted: what is left is the sweep's own.
    """
    seconds = {}
    for cells in (400, 1200):
        seconds[cells] = min(_run_seconds(sweep_of(cells), client) for _ in range(REPEATS))
    sweep = sweep_of(400)
    indices = list(sweep.grid.indices())
    compute(sweep.recipe, sweep.grid.cell(indices[0]), sweep.seed_text(indices[0]))
    began = time.perf_counter()
    for index in indices:
        compute(sweep.recipe, sweep.grid.cell(index), sweep.seed_text(index))
    bare = (time.perf_counter() - began) / 400
    return 1e3 * ((seconds[1200] - seconds[400]) / 800 - bare)


def _run_seconds(sweep: cd.sweeps.Sweep, client: object) -> float:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        cd.sweeps.run(sweep, folder, workers=None if client else 1, client=client)  # type: ignore[arg-type]
        return time.perf_counter() - began


def opening(cells: int = 100_000) -> dict[str, float]:
    """Seconds to open a store with that many finished cells, in cells and compacted."""
    sweep = sweep_of(cells)
    with tempfile.TemporaryDirectory() as folder:
        store = Store.prepare(folder, sweep)
        first = (0, 0)
        arrays = compute(sweep.recipe, sweep.grid.cell(first), sweep.seed_text(first))
        for key, index in zip(sweep.grid.cell_keys(), sweep.grid.indices(), strict=True):
            path = store.cell_path(key)
            path.parent.mkdir(parents=True, exist_ok=True)
            data = encode(arrays, fingerprint=store.fingerprint, key=key, cell=sweep.grid.cell(index))
            path.write_bytes(data)  # the time of writing is measured elsewhere
        out = {"open cells": min(_seconds(lambda: cd.sweeps.open(folder)) for _ in range(REPEATS))}
        out["compact"] = _seconds(lambda: cd.sweeps.compact(folder))
        out["open compacted"] = min(_seconds(lambda: cd.sweeps.open(folder)) for _ in range(REPEATS))
        out["load an error, compacted"] = _seconds(lambda: cd.sweeps.open(folder).final_test_error.load())
        return out


def _seconds(call: object) -> float:
    began = time.perf_counter()
    call()  # type: ignore[operator]
    return time.perf_counter() - began


def busy(workers: int = 2) -> dict[str, float]:
    """Share of the time in which the workers of 400 small cells computed: their processor time over wall time."""
    sweep = cd.sweeps.Sweep(
        axes={"seed": list(range(20)), "hidden": cd.sweeps.lin(0, 1, 20)},
        student_teacher={"n_inputs": 50, "n_hidden": 50, "n_train": 200, "trials": 5},
        training={"epochs": 400, "batch_size": 10},
    )
    shares = []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            began = time.perf_counter()
            cd.sweeps.run(sweep, folder, workers=workers)
            wall = time.perf_counter() - began
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            shares.append(used / wall / workers)
    return {"median": statistics.median(shares), "lowest": min(shares), "highest": max(shares), "seconds": wall}


def main() -> None:
    results: dict[str, object] = {
        "environment": {
            "machine": f"{platform.system()} {platform.machine()}",
            "cores": os.cpu_count(),
            "load before": os.getloadavg()[0],
            "Python": platform.python_version(),
        },
        "milliseconds per cell, parts": overhead_parts(),
        "milliseconds per cell, local run": marginal(),
    }
    try:
        from distributed import Client
    except ImportError:
        pass
    else:
        with Client(n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as client:
            results["milliseconds per cell, local Dask"] = marginal(client)
    results["seconds, 100 000 cells"] = opening()
    results["share of 2 cores busy, 400 cells"] = busy()
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
