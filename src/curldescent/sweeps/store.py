"""The folder a sweep lives in: the plan, one file per finished cell, failures.

DIR/plan.json            settings with their fingerprint, the axes, the format's version
DIR/cells/ab/abcd….npz   finished cells, each written once; the file's existence is the mark of completion
DIR/failures/abcd….json  cells that raised, with their message
DIR/damaged/             cell files that failed their checksum, set aside by a run
DIR/log.jsonl            what runs did; nothing reads it back
DIR/lock                 held by the process that runs
DIR/compact.zarr         the finished sweep in few files, made by one process
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import curldescent
from curldescent.errors import InputError
from curldescent.sweeps import cell_file, durable
from curldescent.sweeps.canonical import canonical, digest
from curldescent.sweeps.grid import Axis, Grid
from curldescent.sweeps.recipe import Recipe, difference
from curldescent.sweeps.sweep import Sweep

FORMAT = 1
_WHAT = "curldescent sweep"
_OURS = {"cells", "failures", "damaged", "log.jsonl", "lock", "compact"}


class Store:
    """A sweep's folder. Reading needs no lock; whoever writes holds `curldescent.sweeps.lock.locked`.

    Args:
        path: of an existing store.

    Raises:
        InputError: not a store, a damaged plan, or one that this version cannot read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        plan = _read_plan(self.path)
        self.sweep = _sweep_of(plan, self.path)
        self.fingerprint = self.sweep.recipe.fingerprint

    @classmethod
    def prepare(cls, path: str | Path, sweep: Sweep) -> "Store":
        """Make a store for a sweep, or take the one that is there, its grid extended if the sweep's is larger.

        Args:
            path: of the store; the caller holds its lock.
            sweep: what will be run.

        Returns:
            The store.

        Raises:
            InputError: the store was made with other settings, or holds axis values that the sweep lacks.
        """
        folder = Path(path)
        if (folder / "plan.json").exists():
            store = cls(folder)
            store._extend(sweep)
            return store
        # Cells without a plan are taken over; those of other settings fail the check that every run begins with.
        strangers = [entry.name for entry in folder.iterdir() if entry.name not in _OURS]
        strangers = [name for name in strangers if not name.startswith(durable.TEMPORARY)]
        if strangers:
            raise InputError(
                f"{str(folder)!r} is neither empty nor a store: it holds {sorted(strangers)[0]!r}; name a new folder"
            )
        write_plan(folder, sweep)
        return cls(folder)

    def _extend(self, sweep: Sweep) -> None:
        found = difference(sweep.recipe.as_json(), self.sweep.recipe.as_json())
        if found:
            raise InputError(f"store {str(self.path)!r} was made with other settings: {found}; use another folder")
        mine = {axis.name: axis for axis in self.sweep.grid.axes}
        for axis in sweep.grid.axes:
            missing = [i for i, text in enumerate(mine[axis.name].spellings) if text not in axis.spellings]
            if missing:
                value = mine[axis.name].spellings[missing[0]]
                raise InputError(
                    f"store {str(self.path)!r} also holds {value} on axis {axis.name!r}, which the sweep lacks; "
                    "a grid can grow but not lose values: add it, or use another folder"
                )
        if [a.as_json() for a in sweep.grid.axes] != [a.as_json() for a in self.sweep.grid.axes]:
            write_plan(self.path, sweep)
        self.sweep = sweep

    def cell_path(self, key: str) -> Path:
        """Where a cell's file is, or will be."""
        return self.path / "cells" / key[:2] / f"{key}.npz"

    def finished(self) -> set[str]:
        """The keys of all cell files, of this grid or not; their contents are not looked at."""
        return {entry.name[: -len(".npz")] for entry in self._cell_entries() if entry.name.endswith(".npz")}

    def strangers(self) -> list[Path]:
        """Files among the cells that are none of this grid, temporaries of interrupted writes aside."""
        known = {f"{key}.npz" for key in self.sweep.grid.cell_keys()}
        return sorted(
            Path(entry.path)
            for entry in self._cell_entries()
            if entry.name not in known and not entry.name.startswith(durable.TEMPORARY)
        )

    def _cell_entries(self) -> Iterator[os.DirEntry[str]]:
        cells = self.path / "cells"
        if not cells.is_dir():
            return
        for folder in os.scandir(cells):
            if folder.is_dir():
                yield from os.scandir(folder.path)
            else:
                yield folder

    def read(self, key: str) -> dict[str, NDArray[np.float64]]:
        """A finished cell's results, every byte checked.

        Args:
            key: of the cell.

        Returns:
            Variable → values.

        Raises:
            InputError: the file is damaged; the sentence names it and says what to do.
        """
        path = self.cell_path(key)
        try:
            return cell_file.decode(path.read_bytes(), fingerprint=self.fingerprint, key=key)
        except cell_file.DamagedCell as fault:
            raise InputError(
                f"cell file {str(path)!r} is damaged: {fault}; run the sweep again to recompute it"
            ) from None

    def put(self, key: str, data: bytes) -> None:
        """Write a finished cell, atomically and durably.

        Args:
            key: of the cell.
            data: the file's bytes, from `cell_file.encode`.

        Raises:
            OSError: of the file system.
        """
        path = self.cell_path(key)
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            durable.sync_folder(path.parent.parent)
        durable.write(path, data)

    def check(self, key: str) -> str | None:
        """Why a cell's file cannot be used, or None where it can."""
        try:
            cell_file.check(self.cell_path(key).read_bytes(), fingerprint=self.fingerprint, key=key)
        except cell_file.DamagedCell as fault:
            return str(fault)
        return None

    def set_aside(self, key: str) -> Path:
        """Move a damaged cell file out of the way, into ``damaged/``."""
        path = self.cell_path(key)
        folder = self.path / "damaged"
        folder.mkdir(exist_ok=True)
        target = folder / f"{path.stem}-{time.time_ns()}.npz"
        os.replace(path, target)
        durable.sync_folder(path.parent)
        return target

    def sweep_temporaries(self) -> int:
        """Delete what interrupted writes left behind; the caller holds the lock."""
        count = 0
        for entry in [*self._cell_entries(), *os.scandir(self.path), *self._failure_entries()]:
            if entry.name.startswith(durable.TEMPORARY) and entry.is_file():
                Path(entry.path).unlink(missing_ok=True)
                count += 1
        return count

    def record_failure(self, key: str, *, cell: Mapping[str, Any], kind: str, message: str) -> None:
        """Note that a cell raised; a later `run` skips it until it is retried."""
        folder = self.path / "failures"
        folder.mkdir(exist_ok=True)
        content = {"cell": dict(cell), "kind": kind, "message": message, "time": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
        durable.write(folder / f"{key}.json", json.dumps(content).encode())

    def failures(self) -> dict[str, dict[str, Any]]:
        """Key → what was recorded, for every cell of the grid that raised and has not been finished since."""
        found: dict[str, dict[str, Any]] = {}
        for entry in self._failure_entries():
            if not entry.name.endswith(".json") or entry.name.startswith(durable.TEMPORARY):
                continue
            try:
                content = json.loads(Path(entry.path).read_bytes())
                found[entry.name[: -len(".json")]] = {**content, "message": str(content["message"])}
            except (ValueError, TypeError, KeyError):
                found[entry.name[: -len(".json")]] = {"kind": "unreadable", "message": "the record is damaged"}
        return found

    def forget_failures(self, keys: set[str]) -> None:
        """Delete the records of these cells, so that they are computed again."""
        for key in keys:
            (self.path / "failures" / f"{key}.json").unlink(missing_ok=True)

    def _failure_entries(self) -> Iterator[os.DirEntry[str]]:
        folder = self.path / "failures"
        yield from os.scandir(folder) if folder.is_dir() else ()

    def log(self, event: str, **details: object) -> None:
        """Append a line to the log; a log that cannot be written stops nothing."""
        line = json.dumps({"time": round(time.time(), 3), "event": event, **details}) + "\n"
        try:
            with (self.path / "log.jsonl").open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError:
            pass


def write_plan(folder: Path, sweep: Sweep) -> None:
    """Write a store's plan, atomically."""
    content: dict[str, Any] = {
        "what": _WHAT,
        "format": FORMAT,
        "written_by": f"curldescent {curldescent.__version__}",
        "fingerprint": sweep.recipe.fingerprint,
        "recipe": sweep.recipe.as_json(),
        "axes": [axis.as_json() for axis in sweep.grid.axes],
    }
    content["checksum"] = digest(canonical(content))
    durable.write(folder / "plan.json", (json.dumps(content, indent=1) + "\n").encode())


def _read_plan(folder: Path) -> dict[str, Any]:
    path = folder / "plan.json"
    if not folder.is_dir() or not path.is_file():
        raise InputError(f"{str(folder)!r} is not the store of a sweep: there is no plan.json in it")
    damaged = InputError(f"{str(path)!r} is damaged; delete it and run the sweep's file again: finished cells are kept")
    try:
        plan = json.loads(path.read_bytes())
    except ValueError:
        raise damaged from None
    if not isinstance(plan, dict) or plan.get("what") != _WHAT:
        raise InputError(f"{str(path)!r} is not the plan of a curldescent sweep")
    if plan.get("format") != FORMAT:
        raise InputError(
            f"store {str(folder)!r} has format {plan.get('format')!r} (written by {plan.get('written_by')}), "
            f"curldescent {curldescent.__version__} reads format {FORMAT}; read it with the version that wrote it"
        )
    rest = {name: value for name, value in plan.items() if name != "checksum"}
    if plan.get("checksum") != digest(canonical(rest)):
        raise damaged
    return plan


def _sweep_of(plan: Mapping[str, Any], folder: Path) -> Sweep:
    try:
        recipe = Recipe.from_json(plan["recipe"])
    except InputError as fault:
        raise InputError(f"store {str(folder)!r}: {fault}") from None
    axes = []
    for entry in plan["axes"]:
        labels = entry["labels"]
        columns = {name: tuple(values) for name, values in entry["columns"].items()}
        axes.append(Axis(entry["name"], columns, None if labels is None else tuple(labels)))
    if recipe.fingerprint != plan["fingerprint"]:
        raise InputError(
            f"store {str(folder)!r} was made with other defaults of the library's functions; "
            f"read it with the version that wrote it, {plan.get('written_by')}"
        )
    return Sweep.from_parts(recipe, Grid(tuple(axes)))
