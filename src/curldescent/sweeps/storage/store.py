"""The folder a sweep lives in: the plan, one file per finished cell, failures.

DIR/plan.json            settings with their fingerprint, the axes, the format's version
DIR/cells/ab/abcd….npz   finished cells, each written once; the file's existence is the mark of completion
DIR/failures/abcd….json  cells that raised, with their message
DIR/damaged/             cell files that failed their checksum, set aside by a run
DIR/log.jsonl            what runs did; nothing reads it back
DIR/lock                 held by the process that runs
DIR/lock.soft            the same where the file system has no locks
DIR/compact/             the finished sweep in few files, made by one process
"""

import contextlib
import errno
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import durable
from curldescent.foundation.errors import InputError
from curldescent.foundation.files import named
from curldescent.sweeps.description.settings import difference
from curldescent.sweeps.description.sweep import Sweep
from curldescent.sweeps.storage import cell_file, own_names, plain_files, plan_file
from curldescent.sweeps.storage.expected_cells import Expected

# What every function that takes a store accepts.
FOLDER_OF_A_SWEEP = "the folder that a sweep is run in"
# A record of a failure holds one message.
_RECORD_BYTES = 2**20
_MESSAGE = 2000


class Store:
    """A sweep's folder. Reading needs no lock; whoever writes holds `curldescent.sweeps.storage.lock.locked`.

    Args:
        path: of an existing store.

    Raises:
        InputError: not a store, a damaged plan, or one that this version cannot read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = named("store", path, FOLDER_OF_A_SWEEP)
        self.sweep = plan_file.sweep_of(plan_file.read(self.path), self.path)
        self.fingerprint = self.sweep.settings.fingerprint
        self._expected = Expected(self.sweep)

    @classmethod
    def prepare(cls, path: str | Path, sweep: Sweep) -> "Store":
        """Make a store for a sweep, or take the one that is there, its grid extended if the sweep's is larger.

        Args:
            path: of the store; the caller holds its lock.
            sweep: what will be run.

        Returns:
            The store.

        Raises:
            InputError: the store was made with other settings, or holds axis values that the sweep lacks; or the folder
                is that of something else.
        """
        folder = named("store", path, FOLDER_OF_A_SWEEP)
        own_names.refuse_foreign(folder)
        if plain_files.is_file(folder / own_names.PLAN):
            store = cls(folder)
            store._extend(sweep)
            return store
        plan_file.write(folder, sweep)
        return cls(folder)

    def _extend(self, sweep: Sweep) -> None:
        found = difference(sweep.settings.as_json(), self.sweep.settings.as_json())
        if found:
            raise InputError(f"store {str(self.path)!r} was made with other settings: {found}; use another folder")
        sweep = sweep.spelled_as(self.sweep)
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
            plan_file.write(self.path, sweep)
        self.sweep = sweep
        self._expected = Expected(sweep)

    def cell_path(self, key: str) -> Path:
        """Where a cell's file is, or will be."""
        return self.path / "cells" / key[:2] / f"{key}.npz"

    def finished(self) -> set[str]:
        """The keys of all cell files, of this grid or not; their contents are not looked at."""
        return {entry.name[: -len(".npz")] for entry in self._cell_entries() if own_names.is_cell(entry.name)}

    def strangers(self) -> list[Path]:
        """Files among the cells that are none of this grid, temporaries of interrupted writes aside."""
        known = {f"{key}.npz" for key in self.sweep.grid.cell_keys()}
        return sorted(
            Path(entry.path)
            for entry in self._cell_entries()
            if entry.name not in known and not own_names.is_leftover(entry.name)
        )

    def _cell_entries(self) -> Iterator[os.DirEntry[str]]:
        for folder in plain_files.entries(self.path / "cells"):
            if folder.is_dir(follow_symlinks=False):
                yield from plain_files.entries(Path(folder.path))
            else:
                yield folder

    def read(self, key: str) -> dict[str, NDArray[np.float64]]:
        """A finished cell's results, every byte checked.

        Args:
            key: of the cell.

        Returns:
            Variable → values.

        Raises:
            InputError: the file is missing or damaged; the sentence names it and says what to do.
        """
        try:
            return self._read(key)[1]
        except cell_file.DamagedCell as fault:
            path = self.cell_path(key)
            raise InputError(
                f"cell file {str(path)!r} is damaged: {fault}; run the sweep again to recompute it"
            ) from None

    def bytes_of(self, key: str) -> bytes:
        """A finished cell's file, as it is, once it has passed the check."""
        return self._read(key)[0]

    def check(self, key: str) -> str | None:
        """Why a cell's file cannot be used, or None where it can."""
        try:
            self._read(key)
        except cell_file.DamagedCell as fault:
            return str(fault)
        return None

    def _read(self, key: str) -> tuple[bytes, dict[str, NDArray[np.float64]]]:
        path = self.cell_path(key)
        try:
            plain_files.is_folder(path.parent.parent)
            plain_files.is_folder(path.parent)
            data = plain_files.read(path, most=self._expected.most_bytes)
        except FileNotFoundError:
            raise cell_file.DamagedCell("it is not there any more") from None
        except plain_files.NotPlain as fault:
            raise cell_file.DamagedCell(str(fault)) from None
        cell, arrays = cell_file.unpack(data, fingerprints=self.sweep.settings.fingerprints, key=key)
        self._expected.check(key, cell, arrays)
        return data, arrays

    def put(self, key: str, data: bytes) -> None:
        """Write a finished cell, atomically and durably.

        Args:
            key: of the cell.
            data: the file's bytes, from `cell_file.encode`.

        Raises:
            OSError: of the file system, or something that is no folder in the place of one.
        """
        path = self.cell_path(key)
        try:
            for folder in (path.parent.parent, path.parent):
                if plain_files.make_folder(folder):
                    durable.sync_folder(folder.parent)
        except plain_files.NotPlain as fault:
            raise NotADirectoryError(errno.ENOTDIR, str(fault), str(path)) from None
        durable.write(path, data)

    def set_aside(self, key: str) -> Path:
        """Move a damaged cell file out of the way, into ``damaged/``."""
        path = self.cell_path(key)
        folder = self.path / "damaged"
        plain_files.make_folder(folder)
        target = folder / f"{path.stem}-{time.time_ns()}.npz"
        try:
            os.replace(path, target)
        except OSError as fault:
            if fault.errno != errno.EXDEV:  # damaged/ may lie on another disk
                raise
            shutil.move(path, target)
        durable.sync_folder(path.parent)
        return target

    def sweep_temporaries(self) -> int:
        """Delete what interrupted writes left behind; the caller holds the lock."""
        count = 0
        for entry in [
            *self._cell_entries(),
            *plain_files.entries(self.path.resolve()),
            *plain_files.entries(self.path / "failures"),
        ]:
            if own_names.is_leftover(entry.name) and entry.is_file(follow_symlinks=False):
                Path(entry.path).unlink(missing_ok=True)
                count += 1
        return count

    def record_failure(self, key: str, *, cell: Mapping[str, Any], kind: str, message: str) -> None:
        """Note that a cell raised; a later `run` skips it until it is retried."""
        folder = self.path / "failures"
        plain_files.make_folder(folder)
        content = {
            "cell": dict(cell),
            "kind": kind,
            "message": message[:_MESSAGE],
            "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        }
        durable.write(folder / f"{key}.json", json.dumps(content).encode())

    def failures(self) -> dict[str, dict[str, Any]]:
        """Key → what was recorded, for every cell of the grid that raised and has not been finished since."""
        return {
            entry.name[: -len(".json")]: _failure(Path(entry.path))
            for entry in plain_files.entries(self.path / "failures")
            if own_names.is_failure(entry.name)
        }

    def forget_failures(self, keys: set[str]) -> None:
        """Delete the records of these cells, so that they are computed again."""
        plain_files.is_folder(self.path / "failures")
        for key in keys:
            path = self.path / "failures" / f"{key}.json"
            if plain_files.is_file(path):
                path.unlink()

    def log(self, event: str, **details: object) -> None:
        """Append a line to the log; a log that cannot be written, or is not ours, stops nothing."""
        line = json.dumps({"time": round(time.time(), 3), "event": event, **details}) + "\n"
        path = self.path / own_names.LOG
        with contextlib.suppress(OSError, plain_files.NotPlain):
            if plain_files.is_file(path) and not own_names.is_own_text(path):
                return
            handle = plain_files.open_file(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            with os.fdopen(handle, "a", encoding="utf-8") as file:
                # A file with a second name is also somebody else's.
                if os.fstat(handle).st_nlink == 1:
                    file.write(line)


def _failure(path: Path) -> dict[str, Any]:
    """A record of a failure, its types checked; what is not ours to trust becomes a record that says so."""
    try:
        content = plain_files.strict_json(plain_files.read(path, most=_RECORD_BYTES))
        cell, kind, message = content["cell"], content["kind"], content["message"]
        if not (isinstance(cell, dict) and isinstance(kind, str) and isinstance(message, str)):
            raise TypeError
    except (OSError, ValueError, TypeError, KeyError):
        return {"kind": "unreadable", "message": "the record is damaged"}
    return {"cell": cell, "kind": kind, "message": " ".join(message.split())[:_MESSAGE], "time": content.get("time")}
