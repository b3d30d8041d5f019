"""What a sweep costs besides its training: overhead per cell, opening large stores, idle cores.

python benchmarks/sweeps.py    (a few minutes; prints JSON)
"""

import json
import os
import platform
import resource
import statistics
import sys
import tempfile
import threading
import time
from itertools import pairwise
from pathlib import Path

import curldescent as cd
from curldescent.sweeps import Store
from curldescent.sweeps.execution.cell import compute
from curldescent.sweeps.execution.running import _tasks
from curldescent.sweeps.storage.cell_file import encode

REPEATS = 3


def sweep_of(cells: int, epochs: int = 1, **fixed: object) -> cd.sweeps.Sweep:
    """Cells that differ in their seed only."""
    return cd.sweeps.Sweep(
        axes={"seed": list(range(cells // 4)), "hidden": [0, 0.25, 0.5, 0.75]},
        student_teacher={"n_inputs": 10, "n_hidden": 10, "n_train": 20, "n_test": 10, **fixed},
        training={"epochs": epochs, "batch_size": 10},
    )


def overhead_parts() -> dict[str, float]:
    """Median milliseconds of each part of a cell's overhead, in this process; writing waits for the disk."""
    sweep = sweep_of(400)
    out: dict[str, list[float]] = {"encode": [], "write and sync": [], "read and check": []}
    with tempfile.TemporaryDirectory() as folder:
        store = Store.prepare(Path(folder), sweep)
        began = time.perf_counter()
        pairs = list(zip(sweep.grid.cell_keys(), sweep.grid.indices(), strict=True))
        tasks = list(_tasks(store, pairs))
        schedule = 1e3 * (time.perf_counter() - began) / len(tasks)
        arrays = compute(sweep.cell_at(pairs[0][1]))
        for task in tasks:
            times = [time.perf_counter()]
            data = encode(arrays, fingerprint=store.fingerprint, key=task["key"], cell=task["cell"])
            times.append(time.perf_counter())
            store.put(task["key"], data)
            times.append(time.perf_counter())
            store.read(task["key"])
            times.append(time.perf_counter())
            for part, (first, last) in zip(out.values(), pairwise(times), strict=True):
                part.append(last - first)
    return {"name and log": schedule} | {name: 1e3 * statistics.median(values) for name, values in out.items()}


def marginal(client: object = None) -> dict[str, float]:
    """Milliseconds per cell of whole runs beyond what the cells cost in a bare loop, workers' start taken out.

    By the processor time of all processes together, which other work on the machine changes little, and by the clock,
    which it does; (900 cells − 300 cells) / 600, the lowest of the repeats.
    """
    spent = {}
    for cells in (300, 900):
        runs = [_run_times(sweep_of(cells), client) for _ in range(REPEATS)]
        spent[cells] = [min(run[i] for run in runs) for i in (0, 1)]
    bare = []
    sweep = sweep_of(300)
    for _ in range(REPEATS):
        began = _clocks()
        for index in sweep.grid.indices():
            compute(sweep.cell_at(index))
        bare.append([(now - then) / 300 for now, then in zip(_clocks(), began, strict=True)])
    lowest = [min(times[i] for times in bare) for i in (0, 1)]
    cpu, wall = (1e3 * ((spent[900][i] - spent[300][i]) / 600 - lowest[i]) for i in (0, 1))
    return {"processor time": cpu, "clock": wall, "a bare cell, processor time": 1e3 * lowest[0]}


def _run_times(sweep: cd.sweeps.Sweep, client: object) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        began = _clocks()
        cd.sweeps.run(sweep, folder, workers=None if client else 1, client=client)  # type: ignore[arg-type]
        return [now - then for now, then in zip(_clocks(), began, strict=True)]


def _clocks() -> tuple[float, float]:
    """Processor seconds of this process and its ended children, and the time of day."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime, time.perf_counter()


def opening(cells: int = 100_000) -> dict[str, float]:
    """Seconds to open a store with that many finished cells, in cells and compacted."""
    sweep = sweep_of(cells)
    with tempfile.TemporaryDirectory() as folder:
        store = Store.prepare(folder, sweep)
        first = (0, 0)
        arrays = compute(sweep.cell_at(first))
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
    """How busy a sweep of 400 small cells keeps two cores, its start included.

    Two shares of (wall time × workers): the processor time that the workers got, and that plus the time they stood
    ready for a core that something else held (Linux's schedstat). On a machine with other work only the second one says
    whether the sweep kept its workers fed.
    """
    sweep = cd.sweeps.Sweep(
        axes={"seed": list(range(20)), "hidden": cd.sweeps.lin(0, 1, 20)},
        student_teacher={"n_inputs": 50, "n_hidden": 50, "n_train": 200, "trials": 5},
        training={"epochs": 400, "batch_size": 10},
    )
    ran, ready = [], []
    for _ in range(REPEATS):
        seen: dict[str, tuple[int, int]] = {}
        over = threading.Event()
        poll = threading.Thread(target=_follow_children, args=(seen, over))
        with tempfile.TemporaryDirectory() as folder:
            poll.start()
            began = time.perf_counter()
            cd.sweeps.run(sweep, folder, workers=workers)
            wall = time.perf_counter() - began
            over.set()
            poll.join()
        used, waited = (1e-9 * sum(times[i] for times in seen.values()) for i in (0, 1))
        ran.append(used / wall / workers)
        ready.append((used + waited) / wall / workers)
    return {
        "running, median": statistics.median(ran),
        "running or ready, median": statistics.median(ready),
        "running or ready, lowest": min(ready),
        "seconds": wall,
    }


def _follow_children(seen: dict[str, tuple[int, int]], over: threading.Event) -> None:
    """Remember the last (time on a core, time waiting for one) of every worker process, nanoseconds."""
    while not over.wait(0.02):
        for task in Path(f"/proc/{os.getpid()}/task").iterdir():
            try:
                for child in (task / "children").read_text().split():
                    on, waiting, _ = Path(f"/proc/{child}/schedstat").read_text().split()
                    seen[child] = int(on), int(waiting)
            except OSError:
                continue  # it ended in between


def main() -> None:
    def say(name: str, value: object) -> None:
        results[name] = value
        print(name, value, file=sys.stderr, flush=True)

    results: dict[str, object] = {}
    say(
        "environment",
        {
            "machine": f"{platform.system()} {platform.machine()}",
            "cores": os.cpu_count(),
            "load before": os.getloadavg()[0],
            "Python": platform.python_version(),
        },
    )
    say("share of 2 cores busy, 400 cells", busy())
    say("milliseconds per cell, parts", overhead_parts())
    say("milliseconds per cell, local run", marginal())
    try:
        from distributed import Client
    except ImportError:
        pass
    else:
        # A worker in this process, so that its processor time is seen; messages still pass through Dask.
        options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
        with Client(**options) as client:
            say("milliseconds per cell, local Dask", marginal(client))
    say("seconds, 100 000 cells", opening())
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
