"""A finished sweep in few files: sharded Zarr, written by one process from the cells, which stay."""

import hashlib
import json
import os
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.errors import InputError
from curldescent.sweeps import durable
from curldescent.sweeps.canonical import canonical, digest
from curldescent.sweeps.schema import coordinates, dimensions, variables
from curldescent.sweeps.store import Store

if TYPE_CHECKING:
    import xarray as xr

_NAME = "compact"
_ZARR = "results.zarr"
_MANIFEST = "manifest.json"
_SHARD_BYTES = 64 * 2**20
_CHUNK_BYTES = 2**20


def compact(store: str | Path) -> Path:
    """Write a complete sweep as sharded Zarr inside its store; `open` reads it from then on.

    `run` does this at the end by itself. The cells stay: they are the record, and what a larger grid grows from.

    Args:
        store: a complete store.

    Returns:
        The path of the Zarr folder.

    Raises:
        InputError: cells are missing or damaged, or the store is in use.

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
    from curldescent.sweeps.lock import locked

    opened = Store(store)
    with locked(opened.path):
        opened.sweep_temporaries()
        return compact_store(opened)


def compact_store(store: Store) -> Path:
    """The same for whoever holds the lock."""
    missing = len(set(store.sweep.grid.cell_keys()) - store.finished())
    if missing:
        raise InputError(f"store {str(store.path)!r} lacks {missing} cells; run it to the end before compacting it")
    target = store.path / _NAME
    temporary = store.path / f"{durable.TEMPORARY}{_NAME}"
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir()
        write_zarr(store, temporary / _ZARR)
        manifest = {"grid": grid_digest(store), "files": _checksums(temporary)}
        durable.write(temporary / _MANIFEST, json.dumps(manifest).encode())
        shutil.rmtree(target, ignore_errors=True)
        os.replace(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    durable.sync_folder(store.path)
    return target / _ZARR


def grid_digest(store: Store) -> str:
    """What the compacted form was made of: settings and grid, in order."""
    axes = [axis.as_json() for axis in store.sweep.grid.axes]
    return digest(canonical({"fingerprint": store.fingerprint, "axes": axes}))


def up_to_date(store: Store) -> bool:
    """Whether there is a compacted form of exactly this grid."""
    try:
        manifest = json.loads((store.path / _NAME / _MANIFEST).read_bytes())
        return bool(manifest["grid"] == grid_digest(store))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def open_compacted(store: Store) -> "xr.Dataset":
    """The dataset over the compacted form, read lazily.

    Args:
        store: whose `up_to_date` is true.

    Returns:
        The dataset of `curldescent.sweeps.open`.

    Raises:
        InputError: a file of it is missing, of another length, or (for what describes the arrays) altered. Altered
            chunks fail their own checksum when they are read.
    """
    import xarray as xr

    folder = store.path / _NAME
    manifest = json.loads((folder / _MANIFEST).read_bytes())
    for name, (size, checksum) in manifest["files"].items():
        path = folder / name
        intact = path.is_file() and path.stat().st_size == size
        # Chunks are too large to be read for nothing; each carries its own checksum.
        if intact and path.name == "zarr.json":
            intact = _checksum(path) == checksum
        if not intact:
            raise InputError(f"{str(path)!r} is damaged; delete {str(folder)!r}, the cells hold everything")
    return xr.open_zarr(folder / _ZARR, chunks=None, consolidated=False)


def write_zarr(store: Store, folder: Path) -> None:
    """Write a complete sweep as Zarr, block by block along the first axis, every cell read once.

    Args:
        store: with all cells finished.
        folder: to write, not there yet.

    Raises:
        InputError: a cell is damaged.
    """
    import xarray as xr
    import zarr
    from zarr.codecs import Crc32cCodec, ZstdCodec

    from curldescent.sweeps.dataset import DONE, STATUS_ATTRIBUTES, attributes

    sweep, sizes = store.sweep, dimensions(store.sweep)
    dims = tuple(axis.name for axis in sweep.grid.axes)
    frame = xr.Dataset(
        {"status": (dims, np.full(sweep.grid.shape, DONE, dtype=np.int8), STATUS_ATTRIBUTES)},
        coords=coordinates(sweep),
        attrs=attributes(store),
    )
    with warnings.catch_warnings():
        # Labels are fixed-width text, which Zarr 3 calls not yet settled; this version reads what it writes.
        warnings.simplefilter("ignore")
        frame.to_zarr(folder, mode="w", consolidated=False, zarr_format=3)
    shapes = {name: tuple(sizes[d] for d in rest) for name, (rest, _) in variables(sweep).items()}
    first, others = (sweep.grid.shape[0], sweep.grid.shape[1:]) if dims else (1, ())
    row_bytes = 8 * int(np.prod(others)) * sum(int(np.prod(shape)) for shape in shapes.values())
    rows = _power_of_two(_SHARD_BYTES / max(row_bytes, 1), first)
    group = zarr.open_group(str(folder), mode="r+")
    arrays: dict[str, Any] = {}
    for name, (rest, description) in variables(sweep).items():
        tail = (*others, *shapes[name]) if dims else shapes[name]
        chunk_rows = _power_of_two(_CHUNK_BYTES / max(8 * int(np.prod(tail)), 1), rows)
        arrays[name] = group.create_array(
            name,
            shape=(*sweep.grid.shape, *shapes[name]),
            dtype="float64",
            chunks=_blocks(dims, chunk_rows, tail),
            # An array without dimensions has nothing to shard.
            shards=_blocks(dims, rows, tail) or None,
            fill_value=float("nan"),
            # Each chunk carries a checksum of its own, so that altered bytes are an error and not a number.
            compressors=[ZstdCodec(level=3), Crc32cCodec()],
            dimension_names=(*dims, *rest),
            attributes={"long_name": description, "_FillValue": "AAAAAAAA+H8="},
        )
    keys = np.array(sweep.grid.cell_keys(), dtype=object).reshape(sweep.grid.shape)
    for begin in range(0, first, rows):
        block = keys[begin : begin + rows] if dims else keys
        values = _gather(store, block, shapes)
        for name, array in arrays.items():
            if dims:
                array[begin : begin + rows] = values[name]
            elif array.ndim:
                array[:] = values[name]
            else:
                array[...] = values[name]


def _gather(store: Store, keys: np.ndarray, shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """All variables of some cells, padded with NaN; every file read once."""
    out = {name: np.full((*keys.shape, *shape), np.nan) for name, shape in shapes.items()}
    for position in np.ndindex(*keys.shape):
        for name, values in store.read(str(keys[position])).items():
            if name in out:
                out[name][(*position, *(slice(length) for length in values.shape))] = values
    return out


def _power_of_two(wanted: float, most: int) -> int:
    """The largest power of two that is at most both: such numbers divide each other, as chunks must divide shards."""
    return 2 ** int(np.log2(max(1.0, min(wanted, most))))


def _blocks(dims: tuple[str, ...], rows: int, tail: tuple[int, ...]) -> tuple[int, ...]:
    return (rows, *tail) if dims else tail


def _checksums(folder: Path) -> dict[str, tuple[int, str]]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_size, _checksum(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
