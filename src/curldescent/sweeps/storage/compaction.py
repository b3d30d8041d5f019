"""A finished sweep in few files: sharded Zarr, written by one process from the cells, which stay."""

import json
import os
from pathlib import Path

import numpy as np

from curldescent.foundation import durable
from curldescent.foundation.canonical import canonical, digest
from curldescent.foundation.errors import InputError
from curldescent.sweeps.description.dataset_shape import dimensions, variables
from curldescent.sweeps.storage import own_names, plain_files, zarr_writing
from curldescent.sweeps.storage.compacted_form import FOLDER, Compacted, Damaged, grid_digests
from curldescent.sweeps.storage.store import Store


def compact(store: str | Path) -> Path:
    """Write a complete sweep as sharded Zarr inside its store; `open` reads it from then on.

    `run` does this at the end by itself. The cells stay: they are the record, and what a larger grid grows from.

    Args:
        store: a complete store.

    Returns:
        The path of the Zarr folder.

    Raises:
        InputError: cells are missing or damaged, or the store is in use, or holds files of somebody else where the
            Zarr folder goes.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import curldescent as cd
        >>> sweep = cd.sweeps.Sweep(
        ...     axes={"n_train": [5, 10]}, student_teacher={"n_inputs": 4, "n_hidden": 6}, training={"epochs": 5}
        ... )
        >>> with TemporaryDirectory() as folder:
        ...     done = cd.sweeps.run(sweep, folder, workers=1)
        ...     compact(folder).name
        'results.zarr'
    """
    from curldescent.sweeps.storage.lock import locked

    opened = Store(store)
    with locked(opened.path):
        opened.sweep_temporaries()
        return compact_store(opened)


def compact_store(store: Store) -> Path:
    """Compact a store whose lock the caller holds."""
    missing = len(set(store.sweep.grid.cell_keys()) - store.finished())
    if missing:
        raise InputError(f"store {str(store.path)!r} lacks {missing} cells; run it to the end before compacting it")
    folder = store.path / FOLDER
    target, manifest = folder / own_names.ZARR, folder / own_names.MANIFEST
    plain_files.make_folder(folder)
    plain_files.is_file(manifest)
    strangers = plain_files.leftovers(target, own_names.is_array_file)
    if strangers:
        raise InputError(f"{str(target)!r} holds {strangers[0]!r}, which is not ours; move it away")
    _remove_leftovers(store.path)
    # On the disk that the result goes to, which may be another than the store's.
    temporary = folder / durable.temporary_name(own_names.ZARR)
    try:
        _write(store, temporary)
        files = {
            f"{own_names.ZARR}/{path.relative_to(temporary).as_posix()}": _length_and_checksum(path)
            for path in sorted(temporary.rglob("*"))
            if path.is_file()
        }
        content = {"grid": grid_digests(store)[0], "files": files}
        # Without a manifest there is no compacted form: from here to its writing the cells are read.
        manifest.unlink(missing_ok=True)
        plain_files.remove(target, own_names.is_array_file)
        os.replace(temporary, target)
        durable.write(manifest, json.dumps({**content, "checksum": digest(canonical(content))}).encode())
    finally:
        plain_files.remove(temporary, own_names.is_array_file)
    durable.sync_folder(store.path)
    return target


def up_to_date(store: Store) -> bool:
    """Whether there is a compacted form of exactly this grid; its files are not looked at."""
    try:
        return Compacted.find(store) is not None
    except Damaged:
        return False


def damage(store: Store) -> str | None:
    """What is wrong with the compacted form, every file read; None where nothing is, or where there is no form."""
    try:
        found = Compacted.find(store)
    except Damaged as fault:
        return str(fault)
    return None if found is None else found.damage()


def intact(store: Store) -> bool:
    """Whether there is a compacted form of this grid that need not be made again; every file is read."""
    return up_to_date(store) and damage(store) is None


def _write(store: Store, folder: Path) -> None:
    """Write the cells as Zarr, every cell read once."""
    import xarray as xr

    from curldescent.sweeps.storage.opening import DONE, frame

    sweep, sizes = store.sweep, dimensions(store.sweep)
    shapes = {name: tuple(sizes[d] for d in dims) for name, (dims, _) in variables(sweep).items()}
    keys = np.array(sweep.grid.cell_keys(), dtype=object).reshape(sweep.grid.shape)

    def block(index: zarr_writing.Index) -> dict[str, np.ndarray]:
        part = keys[index]
        out = {name: np.full((*np.shape(part), *shape), np.nan) for name, shape in shapes.items()}
        for position in np.ndindex(*np.shape(part)):
            for name, values in store.read(str(part[position] if keys.ndim else keys[()])).items():
                out[name][(*position, *(slice(length) for length in values.shape))] = values
        return out

    zarr_writing.write(
        folder,
        xr.Dataset(**frame(store, np.full(sweep.grid.shape, DONE, dtype=np.int8))),
        grid={axis.name: len(axis) for axis in sweep.grid.axes},
        variables={
            name: zarr_writing.Variable(dims, shapes[name], described)
            for name, (dims, described) in variables(sweep).items()
        },
        block=block,
    )


def _remove_leftovers(folder: Path) -> None:
    """What interrupted compactions left, of this version (in ``compact/``) or the one before (beside it)."""
    for entry in [*plain_files.entries(folder / FOLDER), *plain_files.entries(folder.resolve())]:
        if not entry.is_dir(follow_symlinks=False):
            continue
        if durable.leftover_of(entry.name) == own_names.ZARR:
            plain_files.remove(Path(entry.path), own_names.is_array_file)
        elif entry.name == f"{durable.TEMPORARY}{FOLDER}":
            plain_files.remove(Path(entry.path), own_names.is_compact_file)


def _length_and_checksum(path: Path) -> tuple[int, str]:
    import hashlib

    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()
