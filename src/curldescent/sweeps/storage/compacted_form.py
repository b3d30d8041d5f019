"""The compacted form as it is read: no number of it is returned before the file it stands in has been checked.

A manifest lists every file with its length and SHA-256, and carries a checksum itself. A file is checked when something
in it is first asked for, so that opening a large sweep reads none. Coordinates and status come from the plan. Where a
file is damaged the cells are read instead: they are the record.
"""

import functools
import hashlib
import itertools
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing

from curldescent.foundation.canonical import canonical, digest
from curldescent.sweeps.storage import own_names, plain_files
from curldescent.sweeps.storage.cell_array import CellArray, is_single, outer, positions, refuse_too_large
from curldescent.sweeps.storage.store import Store

FOLDER = "compact"
_MANIFEST_BYTES = 2**28


class Damaged(Exception):
    """The compacted form cannot be used; the message says why."""


def grid_digests(store: Store) -> list[str]:
    """What says of a compacted form that it was made of these settings and this grid, in order; of a new one the first.

    Forms that an earlier version made carry the fingerprint that it gave.
    """
    axes = [axis.as_json() for axis in store.sweep.grid.axes]
    return [digest(canonical({"fingerprint": known, "axes": axes})) for known in store.sweep.settings.fingerprints]


class Compacted:
    """A compacted form whose manifest is sound; its arrays are checked as they are read.

    Args:
        store: whose form.
        files: path relative to the form's folder → length and SHA-256.
    """

    def __init__(self, store: Store, files: Mapping[str, tuple[int, str]]) -> None:
        self.store, self._files = store, files
        self._folder = store.path / FOLDER
        self._checked: set[str] = set()
        self._arrays: dict[str, Any] = {}
        self._warned = False

    @classmethod
    def find(cls, store: Store) -> "Compacted | None":
        """The form of exactly this store's grid, or None.

        Raises:
            Damaged: there is a manifest, but it cannot be believed.
        """
        try:
            plain_files.is_folder(store.path / FOLDER)
            manifest = plain_files.strict_json(
                plain_files.read(store.path / FOLDER / own_names.MANIFEST, most=_MANIFEST_BYTES)
            )
            # The version before wrote no checksum of the manifest itself.
            rest = {name: value for name, value in manifest.items() if name != "checksum"}
            if manifest.get("checksum", digest(canonical(rest))) != digest(canonical(rest)):
                raise ValueError("its checksum does not fit")
            files = {name: (size, checksum) for name, (size, checksum) in manifest["files"].items()}
            for name, (size, checksum) in files.items():
                if not own_names.is_compact_file(name) or type(size) is not int or type(checksum) is not str:
                    raise ValueError("it lists what is no file of ours")
            if manifest["grid"] not in grid_digests(store):
                return None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
            reason = str(fault) if isinstance(fault, OSError | plain_files.NotPlain) else "it is no manifest"
            raise Damaged(f"{FOLDER}/{own_names.MANIFEST}: {reason}") from None
        return cls(store, files)

    def damage(self) -> str | None:
        """Read every file; the first thing that is wrong, or None."""
        self._checked.clear()
        try:
            extra = plain_files.leftovers(self._folder, lambda name: name in self._files or name == own_names.MANIFEST)
            # Whatever else lies there is not read, but a chunk that the manifest does not know would be.
            for name in [*self._files, *filter(own_names.is_compact_file, extra)]:
                self._check(name)
        except Damaged as fault:
            return str(fault)
        return None

    def read(self, name: str, shape: Sequence[int], key: Sequence[Any]) -> NDArray[np.float64]:
        """A part of an array.

        Args:
            name: of the variable.
            shape: of the whole array, as the plan has it.
            key: an integer, slice or list for each dimension, each on its own.

        Returns:
            The values.

        Raises:
            Damaged: a file that the part stands in is not the one that was written.
        """
        array = self._array(name, tuple(shape))
        wanted = [positions(length, index) for length, index in zip(shape, key, strict=True)]
        found = [np.unique(index, return_inverse=True) for index in wanted]
        if all(len(index) for index in wanted):
            shards = array.shards or array.chunks
            numbers = [np.unique(index // size) for (index, _), size in zip(found, shards, strict=True)]
            for position in itertools.product(*numbers):
                self._check("/".join([own_names.ZARR, name, "c", *map(str, position)]))
            try:
                values = np.asarray(array.oindex[tuple(_as_slice(index) for index, _ in found)], dtype=np.float64)
            except Exception as fault:  # a codec of Zarr's may raise anything
                raise Damaged(f"{FOLDER}/{own_names.ZARR}/{name}: {' '.join(str(fault).split())[:200]}") from None
        else:
            values = np.empty([len(index) for index, _ in found])
        return outer(values, [0 if is_single(i) else back for i, (_, back) in zip(key, found, strict=True)])

    def warn(self, fault: Damaged) -> None:
        """Say once that the cells are read instead."""
        if not self._warned:
            self._warned = True
            warn(self.store, fault)

    def _array(self, name: str, shape: tuple[int, ...]) -> Any:
        """The Zarr array, once its description is what the plan says."""
        if name not in self._arrays:
            import zarr

            for part in ("", f"{name}/"):
                self._check(f"{own_names.ZARR}/{part}zarr.json", required=True)
            try:
                array = zarr.open_array(str(self._folder / own_names.ZARR / name), mode="r")
                parts = zip((*array.chunks, *(array.shards or ())), (*shape, *shape), strict=False)
                sound = (
                    (array.shape, array.dtype) == (shape, np.dtype(np.float64))
                    and np.isnan(array.fill_value)
                    # No chunk takes more memory than the array.
                    and all(1 <= length <= max(whole, 1) for length, whole in parts)
                )
            except Exception as fault:
                raise Damaged(f"{FOLDER}/{own_names.ZARR}/{name}: {' '.join(str(fault).split())[:200]}") from None
            if not sound:
                raise Damaged(f"{FOLDER}/{own_names.ZARR}/{name}: it is not the array that the plan describes")
            self._arrays[name] = array
        return self._arrays[name]

    def _check(self, name: str, *, required: bool = False) -> None:
        """Refuse a file that is not the one that was written; a chunk of nothing but NaN has none."""
        if name in self._checked:
            return
        path = self._folder / name
        try:
            for folder in list(path.parents)[: name.count("/") + 1]:
                plain_files.is_folder(folder)
            if name not in self._files:
                if required or plain_files.is_file(path):
                    raise Damaged(f"{FOLDER}/{name}: the manifest does not list it")
            else:
                size, checksum = self._files[name]
                with os.fdopen(plain_files.open_file(path, os.O_RDONLY), "rb") as file:
                    intact = os.fstat(file.fileno()).st_size == size
                    if not intact or hashlib.file_digest(file, "sha256").hexdigest() != checksum:
                        raise Damaged(f"{FOLDER}/{name}: its bytes are not those that were written")
        except (OSError, plain_files.NotPlain) as fault:
            reason = fault.strerror if isinstance(fault, OSError) else fault
            raise Damaged(f"{FOLDER}/{name}: {reason}") from None
        self._checked.add(name)


class CompactedArray(BackendArray):
    """A variable over the whole grid, from the compacted form or, where that is damaged, from the cells.

    Args:
        form: the compacted form.
        name: of the variable.
        shape: of the grid and after it.
        cells: makes the same array over the cells.
    """

    def __init__(self, form: Compacted, name: str, shape: tuple[int, ...], cells: Callable[[], CellArray]) -> None:
        self._form, self._name, self.shape = form, name, shape
        self._cells = functools.cache(cells)
        self.dtype = np.dtype(np.float64)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        """Read what an indexer of xarray's asks for."""
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._read)

    def _read(self, key: tuple[Any, ...]) -> NDArray[np.float64]:
        refuse_too_large(self._name, self.shape, key)
        try:
            return self._form.read(self._name, self.shape, key)
        except Damaged as fault:
            self._form.warn(fault)
            return self._cells().read(key)


def warn(store: Store, fault: Damaged) -> None:
    """Say that the compacted form is not used, and what to do."""
    warnings.warn(
        f"the compacted form of store {str(store.path)!r} is damaged ({fault}); its cells are read instead. "
        f"'curldescent sweep compact --store {store.path}' makes it anew",
        stacklevel=2,
    )


def _as_slice(index: NDArray[np.int64]) -> Any:
    """Neighbours as a slice, which Zarr reads faster than a list."""
    if index[-1] - index[0] + 1 == len(index):
        return slice(int(index[0]), int(index[-1]) + 1)
    return index
