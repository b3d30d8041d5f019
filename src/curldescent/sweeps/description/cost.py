"""`plan`: what a sweep costs, before it runs."""

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from curldescent.foundation import validation
from curldescent.foundation.cores import available_cores
from curldescent.foundation.progress import duration
from curldescent.foundation.representation import Summarised
from curldescent.sweeps.description.cell_cost import memory_bytes, operations, recorded_epochs
from curldescent.sweeps.description.dataset_shape import dimensions, variables
from curldescent.sweeps.description.preflight import check, engine_for
from curldescent.sweeps.description.realised_flips import remarks
from curldescent.sweeps.description.settings import CellArguments
from curldescent.sweeps.description.sweep import A_SWEEP, Sweep

# How many shapes are timed, and for how many seconds of a core each.
_SHAPES = 16
_SECONDS = 0.12
# On a machine that others keep busy, a shape is not waited for any longer than this.
_LONGEST_WAIT = 2.0
# An epoch of more multiplications than this is timed on fewer trials and samples.
_EPOCH_OPERATIONS = 5e8
# Cells whose arguments are looked at; a larger grid is judged by a sample of so many.
_LOOKED_AT = 20_000
# A worker process with the library loaded, before its first cell.
_WORKER_BYTES = 250e6
# Plan, dispatch, sampling, file: what a cell costs besides its updates (benchmarks/sweeps.py).
_OVERHEAD = 0.01


@dataclass(frozen=True, repr=False)
class Plan(Summarised):
    """What a sweep will cost.

    Args:
        cells: of the grid.
        trials: per cell.
        updates: weight updates of all trials of all cells, if none stops early.
        seconds: on this machine, with that many workers; None where it was not calibrated.
        workers: processes the estimate is for.
        memory: bytes, all workers together.
        disk: bytes of the finished cells and their compacted form.
        upper_bound: whether trials may stop early (`stop_below`), so that it may take less.
        remarks: on fractions that come to the same number of flips.
    """

    cells: int
    trials: int
    updates: float
    seconds: float | None
    workers: int
    memory: float
    disk: float
    upper_bound: bool
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.cells} cells of {self.trials} trials, {self.updates:.3g} updates"
        if self.seconds is not None:
            at_most = "at most " if self.upper_bound else ""
            text += f": {at_most}about {duration(self.seconds)} on {self.workers} idle cores"
        room = f"about {self.memory / 2**30:.2g} GiB of memory and {self.disk / 2**20:.3g} MiB on disk"
        return "; ".join([text, room, *self.remarks])

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def plan(sweep: Sweep, *, workers: int | None = None, calibrate: bool = True) -> Plan:
    """Check a sweep and say what it costs: a few of its shapes are timed for a fraction of a second each.

    Args:
        sweep: what is to be run.
        workers: processes; all cores by default.
        calibrate: whether to time anything.

    Returns:
        The `Plan`. Time is that of a machine with nothing else to do, whatever this one does now: it is judged by
        processor time.

    Raises:
        InputError: the sweep cannot run.

    Example:
        >>> import curldescent as cd
        >>> sweep = cd.sweeps.Sweep(
        ...     axes={"ratio": cd.sweeps.log(0.1, 10, 5)}, student_teacher={"total": 44}, training={"epochs": 100}
        ... )
        >>> cost = cd.sweeps.plan(sweep, calibrate=False)
        >>> cost.cells, cost.updates
        (5, 500.0)
    """
    cores = available_cores()
    workers = cores if workers is None else validation.integer("workers", workers, minimum=1, maximum=10_000)
    validation.boolean("calibrate", calibrate)
    check(validation.instance("sweep", sweep, Sweep, A_SWEEP))
    looked_at = _sample(sweep)
    scale = sweep.grid.size / len(looked_at)
    workers = min(workers, sweep.grid.size)
    seconds = None
    if calibrate:
        shapes = _representatives([resolved for _, resolved in looked_at])
        timed = [(_shape(looked_at[i][1]), _cell_seconds(sweep, *looked_at[i])) for i in shapes]
        # Cells of the same shape cost the same; others go by the nearest shape and their arithmetic.
        per_operation = [(f, s / operations(looked_at[i][1])) for (f, s), i in zip(timed, shapes, strict=True)]
        each = np.array([_nearest(_shape(r), per_operation) * operations(r) + _OVERHEAD for _, r in looked_at])
        # Workers end together to within the longest cell.
        seconds = max(float(each.sum()) * scale / workers, float(each.max()))
    largest = max(memory_bytes(sweep.settings, resolved) for _, resolved in looked_at)
    sizes = dimensions(sweep)
    values = sum(math.prod([sizes[d] for d in dims]) for dims, _ in variables(sweep).values())
    file_bytes = 4096 * math.ceil((8 * values + 300 * (len(variables(sweep)) + 1) + 500) / 4096)
    return Plan(
        cells=sweep.grid.size,
        trials=sizes["trial"],
        updates=float(sum(float(r.updates) * r.student_teacher["trials"] for _, r in looked_at)) * scale,
        seconds=seconds,
        workers=workers,
        memory=workers * (_WORKER_BYTES + largest),
        disk=float(sweep.grid.size) * (file_bytes + 8 * values),
        upper_bound=sweep.settings.training.get("stop_below") is not None,
        remarks=remarks(sweep),
    )


def _sample(sweep: Sweep) -> list[tuple[tuple[int, ...], CellArguments]]:
    if sweep.grid.size <= _LOOKED_AT:
        indices = list(sweep.grid.indices())
    else:
        flat = np.random.default_rng(0).integers(0, sweep.grid.size, _LOOKED_AT)
        indices = [
            tuple(int(i) for i in index) for index in zip(*np.unravel_index(flat, sweep.grid.shape), strict=True)
        ]
    return [(index, sweep.settings.resolved(sweep.grid.cell(index))) for index in indices]


_Shape = tuple[str, float, float, float, float]


def _shape(resolved: CellArguments) -> _Shape:
    """What a cell's time per operation depends on: the kind of network first, then logarithms of sizes."""
    p, t = resolved.student_teacher, resolved.training
    return (
        f"{p['activation']} {p['output_activation']} {t['engine']} {t['dtype']}",
        math.log(p["n_inputs"]),
        math.log(p["n_hidden"]),
        math.log(t["batch_size"] or p["n_train"]),
        math.log(p["n_train"]) / 4,
    )


def _representatives(all_of_them: Sequence[CellArguments]) -> list[int]:
    """Positions of cells of different shapes, spread over the whole range of sizes."""
    first_of: dict[_Shape, int] = {}
    for position, resolved in enumerate(all_of_them):
        first_of.setdefault(_shape(resolved), position)
    ordered = [first_of[shape] for shape in sorted(first_of)]
    picks = np.unique(np.linspace(0, len(ordered) - 1, min(_SHAPES, len(ordered))).round().astype(int))
    return [ordered[pick] for pick in picks]


def _nearest(shape: _Shape, timed: Sequence[tuple[_Shape, float]]) -> float:
    def distance(item: tuple[_Shape, float]) -> float:
        other = item[0]
        return 1e3 * (other[0] != shape[0]) + sum((a - b) ** 2 for a, b in zip(other[1:], shape[1:], strict=True))

    return min(timed, key=distance)[1]


def _cell_seconds(sweep: Sweep, index: tuple[int, ...], resolved: CellArguments) -> float:
    timed = _shortened(resolved)
    factor = operations(resolved) / operations(timed)
    # Processor time: whatever else the machine does meanwhile is not what a cell costs.
    began = time.process_time()
    engine = engine_for(sweep, timed, index)
    built = time.process_time() - began
    epochs = resolved.training["epochs"]
    engine.advance(1)  # compiles, or loads what was compiled
    engine.errors()
    done, spent, chunk = 0, 0.0, 1
    started = time.monotonic()
    while spent < _SECONDS and time.monotonic() - started < _LONGEST_WAIT and done < epochs:
        began = time.process_time()
        engine.advance(chunk)
        spent += time.process_time() - began
        done += chunk
        chunk = min(2 * chunk, 1000)
    began = time.process_time()
    engine.errors()
    looks = recorded_epochs(resolved) + sweep.settings.keep.order_parameter
    return factor * (built + spent / done * epochs + looks * (time.process_time() - began))


def _shortened(resolved: CellArguments) -> CellArguments:
    """The same cell, or one of fewer trials and samples whose epoch takes no more than a second or so."""
    problem, batch = dict(resolved.student_teacher), resolved.training["batch_size"]
    epoch = operations(resolved) / resolved.training["epochs"]
    for name, least in (("trials", 1), ("n_train", batch or 1)):
        if epoch > _EPOCH_OPERATIONS:
            before = problem[name]
            problem[name] = max(least, int(before * _EPOCH_OPERATIONS / epoch))
            epoch *= problem[name] / before
    if problem["n_train"] < resolved.student_teacher["n_train"]:
        problem["n_test"] = min(problem["n_test"], problem["n_train"])
    return replace(resolved, student_teacher=problem)
