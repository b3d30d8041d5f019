"""Which names in a folder are a store's own: only these are ever overwritten or deleted."""

import os
import re
from pathlib import Path

from curldescent.foundation import durable
from curldescent.foundation.errors import InputError
from curldescent.sweeps.storage import plain_files

PLAN = "plan.json"
LOCK = "lock"
SOFT_LOCK = "lock.soft"
LOG = "log.jsonl"
MANIFEST = "manifest.json"
ZARR = "results.zarr"

_KEY = "[0-9a-f]{24}"
_CELL = re.compile(rf"{_KEY}\.npz")
_FAILURE = re.compile(rf"{_KEY}\.json")
_ASIDE = re.compile(rf"{_KEY}-\d+\.npz")
_ARRAY = re.compile(r"(\w+/)?zarr\.json|\w+/c(/\d+)*")
# What systems leave in any folder that is looked at, or on which a file is deleted while it is open.
_DROPPINGS = re.compile(r"\.DS_Store|\._.*|Thumbs\.db|desktop\.ini|\.directory|\.nfs[0-9a-fA-F]+")
_SMALL = 4096


def is_cell(name: str) -> bool:
    """Whether a file among the cells has a cell's name."""
    return _CELL.fullmatch(name) is not None


def is_failure(name: str) -> bool:
    """Whether a file among the failures has a record's name."""
    return _FAILURE.fullmatch(name) is not None


def is_array_file(name: str) -> bool:
    """Whether a path relative to a Zarr folder is one that writing a dataset makes."""
    return _ARRAY.fullmatch(name) is not None


def is_compact_file(name: str) -> bool:
    """Whether a path relative to ``compact/`` is ours: arrays, the manifest, what interrupted writing left of them."""
    if name == MANIFEST or durable.leftover_of(name) == MANIFEST:
        return True
    folder, _, rest = name.partition("/")
    return ZARR in (folder, durable.leftover_of(folder)) and is_array_file(rest)


def is_leftover(name: str) -> bool:
    """Whether a name is that of a file of ours that was being written when its process died."""
    original = durable.leftover_of(name)
    return original is not None and (original == PLAN or is_cell(original) or is_failure(original))


def refuse_foreign(folder: Path) -> None:
    """Refuse a folder in which a store would not be alone. Nothing is written.

    Args:
        folder: of a store, or one that is to become a store.

    Raises:
        InputError: it has no plan and holds something that no store made, or lies inside another store; or something
            that is no plain file or folder has a store's name.
    """
    for name in ("cells", "failures", "damaged", "compact"):
        plain_files.is_folder(folder / name)
    if plain_files.is_file(folder / PLAN):
        return
    # Cells without a plan are taken over; those of other settings fail the check that every run begins with.
    # The store itself may be named through a link: who calls chose it.
    strangers = plain_files.leftovers(folder.resolve(), lambda name: _is_ours(folder, name))
    if strangers:
        raise InputError(f"{str(folder)!r} is neither empty nor a store: it holds {strangers[0]!r}; name a new folder")
    for parent in folder.resolve().parents:
        if _is_store(parent):
            raise InputError(f"{str(folder)!r} lies inside another store, {str(parent)!r}; name a folder outside it")


def _is_store(folder: Path) -> bool:
    try:
        return b'"curldescent sweep"' in (folder / PLAN).read_bytes()[:_SMALL] if (folder / PLAN).is_file() else False
    except OSError:
        return False


def _is_ours(folder: Path, name: str) -> bool:
    """A path relative to a folder without a plan, by its name and, where the name says little, by how it begins."""
    parts = name.split("/")
    last = parts[-1]
    if _DROPPINGS.fullmatch(last) or is_leftover(last):
        return True
    match parts:
        case ["lock" | "log.jsonl"]:
            return is_own_text(folder / last)
        case [single]:
            return single == SOFT_LOCK or single.startswith(f"{SOFT_LOCK}.")
        case ["cells", two, _]:
            return is_cell(last) and last.startswith(two)
        case ["failures", _]:
            return is_failure(last)
        case ["damaged", _]:
            return _ASIDE.fullmatch(last) is not None
        case ["compact", *_]:
            return is_compact_file(name.removeprefix("compact/"))
    return False


def is_own_text(path: Path) -> bool:
    """Whether a lock or a log begins as ours do; an empty one is what a full disk leaves."""
    begins = {LOCK: b'{"process": ', LOG: b'{"time": '}[path.name]
    with os.fdopen(plain_files.open_file(path, os.O_RDONLY), "rb") as file:
        found = file.read(len(begins))
    return begins.startswith(found)
