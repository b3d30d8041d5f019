"""Results on disk: a group of files is replaced whole, nothing that is not ours is touched, figures never cost data.

Files are written into a hidden folder inside the results folder, synced, and then take the place of those of the
earlier run. Where the folder holds nothing but an earlier run's files, the two folders are exchanged in one step of the
file system: whoever looks sees the old files or the new ones. Elsewhere (files of the user's beside ours, ``--out .``,
a mount point, a system without that step) the hidden folder is renamed to say that it is complete, and its files are
moved to their places one after the other; if the process dies in between, whoever writes there next finishes the move
first.
"""

import ctypes
import glob
import json
import os
import shutil
import sys
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from curldescent.foundation import interruption
from curldescent.foundation.durable import sync, sync_file, sync_folder
from curldescent.foundation.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

# Being written: of no use to anyone once its writer is dead.
_DRAFT = ".tmp-results-"
# Complete: its files only have to be moved to their places.
_READY = ".new-results-"
# Moved away to make place for the new one, where the two cannot be exchanged.
_OLD = ".old-results-"
_JOURNAL = ".journal.json"
_RENAME_EXCHANGE, _AT_FDCWD = 2, -100


def results_folder(path: Path) -> Path:
    """Make the folder that results go to; a file in its place is refused in one sentence."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"results need a folder, but {str(path)!r} has a file in the way") from None
    return path


@contextmanager
def replacing(folder: Path, *, earlier: Collection[str] = ()) -> Iterator[Path]:
    """Replace the files of an earlier run by those that the block writes, all of them at its end or none.

    Args:
        folder: of the results; made if need be.
        earlier: names of the earlier run's files in there: they go, whether or not the block writes them again. A file
            that is not among them and has a new one's name is the user's: it is kept under another name, which is said
            on stderr.

    Yields:
        A folder to write to, on the same disk. Files only; it has no subfolders.

    Raises:
        OSError: of the file system, a full disk for one; the earlier files are then as they were.
    """
    results_folder(folder)
    finish_moves(folder)
    draft, lock = _draft(folder)
    with lock, interruption.cleaning(lambda: shutil.rmtree(draft, ignore_errors=True)):
        try:
            yield draft
            new = sorted(entry.name for entry in os.scandir(draft))
            for name in new:
                sync_file(draft / name)
            if not _exchanged(folder, draft, set(earlier)):
                _move(folder, _commit(folder, draft, new, set(earlier)))
        finally:
            shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Write a file that is there whole or not at all, through a function that wants a path.

    Args:
        path: of the file; an earlier one is replaced.

    Yields:
        A temporary path in the same folder.

    Raises:
        OSError: of the file system, a full disk for one; an earlier file is then as it was.
    """
    _recover_beside(path)
    temporary = _beside(path)
    with interruption.cleaning(lambda: temporary.unlink(missing_ok=True)):
        try:
            yield temporary
            sync_file(temporary)
            os.replace(temporary, path)
            sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Write a folder that is there whole or not at all; all of an earlier one is replaced.

    Args:
        path: of the folder.

    Yields:
        A temporary path in the same folder, to be made.

    Raises:
        OSError: of the file system, a full disk for one; the earlier folder is then as it was.
    """
    _recover_beside(path)
    temporary = _beside(path)
    with interruption.cleaning(lambda: shutil.rmtree(temporary, ignore_errors=True)):
        try:
            yield temporary
            for folder, _, names in os.walk(temporary):
                for name in names:
                    sync_file(Path(folder) / name)
                sync_folder(Path(folder))
            if not path.exists():
                os.rename(temporary, path)
            elif not _rename_exchange(temporary, path):
                # In between there is none under this name; both are beside, and the next export puts the new one here.
                old = path.with_name(temporary.name.replace(_DRAFT, _OLD))
                os.rename(path, old)
                os.rename(temporary, path)
                shutil.rmtree(old, ignore_errors=True)
            sync_folder(path.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _beside(path: Path) -> Path:
    """The name says which process writes it, so that it can be swept once that is gone."""
    return path.with_name(f"{_DRAFT}{os.getpid()}-{uuid4().hex[:8]}-{path.name}")


def _recover_beside(path: Path) -> None:
    """Put back a folder that a process moved away before it died, and delete what such processes left half written."""
    with suppress(OSError):
        for old in path.parent.glob(f"{_OLD}*-{glob.escape(path.name)}"):
            if not path.exists():
                os.rename(old, path)
            elif not _lives(old.name.removeprefix(_OLD)):
                shutil.rmtree(old, ignore_errors=True)
        for temporary in path.parent.glob(f"{_DRAFT}*-{glob.escape(path.name)}"):
            if _lives(temporary.name.removeprefix(_DRAFT)):
                continue
            if temporary.is_dir():
                shutil.rmtree(temporary, ignore_errors=True)
            else:
                temporary.unlink(missing_ok=True)


def _lives(name: str) -> bool:
    """Whether the process that a temporary name begins with is there; one that may be another machine's counts."""
    process = name.split("-", 1)[0]
    if not process.isdigit() or os.name != "posix":
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return int(process) != os.getpid()


def finish_moves(folder: Path) -> None:
    """Finish what a process that died left to be moved, and delete the drafts that nobody writes any more.

    Args:
        folder: of results. Where it does not exist nothing is done.
    """
    if not folder.is_dir():
        return
    for entry in sorted(os.scandir(folder), key=lambda found: found.name):
        path = Path(entry.path)
        if entry.name.startswith(_READY):
            _move(folder, path)
        elif entry.name.startswith(_DRAFT):
            _delete_abandoned(path)
    # An exchange that was cut short leaves the old folder beside the new one.
    with suppress(OSError):
        real = folder.resolve()
        for path in real.parent.glob(f"{_DRAFT}*-of-{glob.escape(real.name)}"):
            _delete_abandoned(path)


def unused_sibling(path: Path, word: str) -> Path:
    """A path beside this one that says why it is not this one: results/train, results/train-interrupted."""
    real = path.resolve()
    return real.with_name(f"{real.name}-{word}")


def for_netcdf(data: "xr.Dataset") -> "xr.Dataset":
    """A dataset as NetCDF 3 can hold it, which every program reads.

    Args:
        data: attributes and numbers of any kind.

    Returns:
        The same with attributes as of `storable`; whole numbers beyond 32 bits have become floating point.
    """
    import numpy as np

    data = data.copy()
    for name, variable in data.variables.items():
        if variable.dtype.kind in "iu" and variable.dtype.itemsize >= 4 and _beyond_32_bits(variable.values):
            data[name] = data[name].astype(np.float64)
        elif variable.dtype == np.float16:
            data[name] = data[name].astype(np.float32)
        data[name].attrs = storable(data[name].attrs)
    data.attrs = storable(data.attrs)
    return data


def storable(attributes: "dict[str, Any]") -> dict[str, Any]:
    """Attributes that every file format can hold.

    Args:
        attributes: of a dataset or a variable.

    Returns:
        The same, where text stands for what NetCDF has no word for: whole numbers beyond 32 bits, None, mappings.

    Example:
        >>> storable({"seed": 2**31, "batch": 10, "stop_below": None, "norms": True})
        {'seed': '2147483648', 'batch': 10, 'stop_below': 'None', 'norms': 1}
    """
    return {str(name): _storable(value) for name, value in attributes.items()}


def _storable(value: Any) -> Any:
    import numpy as np

    if isinstance(value, str | bytes):
        return value
    if isinstance(value, bool | int | float | list | tuple | np.generic | np.ndarray):
        try:
            array = np.asarray(value)
        except ValueError:  # a ragged list
            return str(value)
        if array.dtype.kind == "b":
            array = array.astype(np.int8)
        if array.dtype.kind in "iuf" and not _beyond_32_bits(array):
            return array if array.ndim else array.item()
    return str(value)


def _beyond_32_bits(values: Any) -> bool:
    return bool(values.dtype.kind in "iu" and values.size and (values.max() > 2**31 - 1 or values.min() < -(2**31)))


def _draft(folder: Path) -> tuple[Path, ExitStack]:
    """A new hidden folder in there, and the lock that says somebody writes it."""
    path = folder / f"{_DRAFT}{uuid4().hex[:12]}"
    path.mkdir()
    stack = ExitStack()
    handle = _locked(path)
    if handle is not None:
        stack.callback(os.close, handle)
    return path, stack


def _locked(folder: Path) -> int | None:
    """A handle that holds a folder's lock; None where another process holds it or the system has no such locks."""
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _delete_abandoned(draft: Path) -> None:
    """Delete a draft whose writer is gone: its lock is free."""
    handle = _locked(draft)
    if handle is None:
        return
    shutil.rmtree(draft, ignore_errors=True)
    os.close(handle)


def _exchanged(folder: Path, draft: Path, earlier: set[str]) -> bool:
    """Exchange the whole folder, where that can be done in one step and touches nothing but our own files."""
    real = folder.resolve()
    beside = real.parent / f"{draft.name}-of-{real.name}"
    if {entry.name for entry in os.scandir(real)} - earlier - {draft.name} or _is_a_place_to_be(real):
        return False
    try:
        shutil.copystat(real, draft)
        os.rename(draft, beside)
    except OSError:  # the folder above is not ours to write, or on another disk
        return False
    exchanged = False
    try:
        exchanged = _rename_exchange(beside, real)
        sync_folder(real.parent)
    finally:
        # What somebody put there in the meantime is his.
        if exchanged:
            for entry in os.scandir(beside):
                if entry.name not in earlier and not (real / entry.name).exists():
                    os.rename(entry.path, real / entry.name)
            shutil.rmtree(beside, ignore_errors=True)
        else:
            os.rename(beside, draft)
    return exchanged


def _is_a_place_to_be(folder: Path) -> bool:
    """Whether a shell or this process sits in there, or a disk is mounted there: exchanging it would pull it away."""
    if os.path.ismount(folder) or not hasattr(os, "getuid") or folder.stat().st_uid != os.getuid():
        return True
    places = [str(Path.cwd())]
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):  # another user's, or gone
            places.append(os.readlink(link))
    return any(Path(place).is_relative_to(folder) for place in places)


def _rename_exchange(one: Path, other: Path) -> bool:
    """Linux's renameat2 with RENAME_EXCHANGE; False where the system or the file system has none."""
    if sys.platform != "linux":
        return False
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    return bool(call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0)


def _commit(folder: Path, draft: Path, new: list[str], earlier: set[str]) -> Path:
    """Say that the draft is complete and what is to be done with it."""
    aside = {name: _free_name(folder, name) for name in new if name not in earlier and (folder / name).exists()}
    for name, kept in aside.items():
        print(f"curldescent: {str(folder / name)!r} is not of an earlier run; it is kept as {kept!r}", file=sys.stderr)
    journal = {"aside": aside, "remove": sorted(earlier - set(new))}
    with (draft / _JOURNAL).open("x", encoding="utf-8") as file:
        json.dump(journal, file)
        file.flush()
        sync(file.fileno())
    sync_folder(draft)
    ready = folder / draft.name.replace(_DRAFT, _READY)
    os.rename(draft, ready)
    sync_folder(folder)
    return ready


def _move(folder: Path, ready: Path) -> None:
    """Move the files of a complete draft to their places; may have been begun before."""
    try:
        journal = json.loads((ready / _JOURNAL).read_bytes())
        aside, remove = dict(journal["aside"]), list(journal["remove"])
        plain = all(Path(name).name == name for name in [*aside, *aside.values(), *remove])
    except (OSError, ValueError, KeyError, TypeError):
        return  # not one of ours, or another process is just finishing it
    if not plain:
        return  # somebody else's: ours name files of this folder
    for name in remove:
        (folder / name).unlink(missing_ok=True)
    for name in sorted(entry.name for entry in os.scandir(ready) if entry.name != _JOURNAL):
        kept = aside.get(name)
        if kept is not None and not (folder / kept).exists() and (folder / name).exists():
            os.rename(folder / name, folder / kept)
        os.replace(ready / name, folder / name)
    sync_folder(folder)
    shutil.rmtree(ready, ignore_errors=True)


def _free_name(folder: Path, name: str) -> str:
    number = 1
    while (folder / f"{name}.kept-{number}").exists():
        number += 1
    return f"{name}.kept-{number}"
