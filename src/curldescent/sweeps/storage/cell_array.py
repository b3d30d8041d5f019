"""One variable of a sweep as an array that reads cell files when it is indexed."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing

from curldescent.foundation import memory
from curldescent.sweeps.storage.store import Store


class CellArray(BackendArray):
    """A variable over the whole grid.

    Args:
        store: whose cells.
        name: of the variable.
        keys: of the cells, in the grid's shape.
        present: which of them are finished.
        rest: lengths of the dimensions after the grid's.
    """

    def __init__(
        self, store: Store, name: str, keys: NDArray[np.object_], present: NDArray[np.bool_], rest: tuple[int, ...]
    ) -> None:
        self._store, self._name, self._keys, self._present, self._rest = store, name, keys, present, rest
        self.shape = (*keys.shape, *rest)
        self.dtype = np.dtype(np.float64)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        """Read what an indexer of xarray's asks for."""
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self.read)

    def read(self, key: tuple[Any, ...]) -> NDArray[np.float64]:
        """Read what stands at an integer, a slice or a list for each dimension, each on its own."""
        refuse_too_large(self._name, self.shape, key)
        axes = self._keys.ndim
        grid, within = key[:axes], key[axes:]
        keys, present = outer(self._keys, grid), outer(self._present, grid)
        inner = [positions(length, index) for length, index in zip(self._rest, within, strict=True)]
        out = np.full((*keys.shape, *map(len, inner)), np.nan)
        for position in np.ndindex(*keys.shape):
            if present[position]:
                self._fill(out[(*position, ...)], str(keys[position]), inner)
        return outer(out, [*[slice(None)] * keys.ndim, *(0 if is_single(index) else slice(None) for index in within)])

    def _fill(self, out: NDArray[np.float64], key: str, wanted: Sequence[NDArray[np.intp]]) -> None:
        """Put a cell's values where they belong; its network may be smaller than the largest of the grid."""
        values = self._store.read(key).get(self._name)
        if values is not None:
            there = [np.flatnonzero(index < length) for index, length in zip(wanted, values.shape, strict=True)]
            out[np.ix_(*there)] = values[np.ix_(*(index[at] for index, at in zip(wanted, there, strict=True)))]


def refuse_too_large(name: str, shape: Sequence[int], key: Sequence[Any]) -> None:
    """Refuse a part of an array that does not fit into memory, before anything is read of it."""
    lengths = [
        len(range(length)[index]) if isinstance(index, slice) else np.size(index)
        for length, index in zip(shape, key, strict=True)
    ]
    memory.require(f"this part of {name}", 8 * math.prod(lengths), instead="select less of it before it is loaded")


def positions(length: int, index: Any) -> NDArray[np.intp]:
    """The places that an integer, a slice or a list names on a dimension, which may be longer than any array."""
    if isinstance(index, slice):
        return np.arange(*index.indices(length), dtype=np.intp)
    given = np.atleast_1d(np.asarray(index, dtype=np.intp))
    return np.where(given < 0, given + length, given)


def is_single(index: Any) -> bool:
    """Whether it names one place and so drops its dimension."""
    return isinstance(index, int | np.integer)


def outer(array: NDArray[Any], key: Sequence[Any]) -> NDArray[Any]:
    """Index every dimension on its own: with integers (which drop it), slices or lists."""
    for axis in reversed(range(len(key))):
        array = array[(*(slice(None),) * axis, key[axis])]
    return np.asarray(array)
