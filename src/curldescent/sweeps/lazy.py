"""One variable of a sweep as an array that reads cell files when it is indexed."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing

from curldescent.errors import InputError
from curldescent.memory import memory_of_machine
from curldescent.sweeps.store import Store


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
        # A slice of nothing still has to know its shape.
        shape = outer(np.broadcast_to(np.float64(0), self._rest), within).shape
        out = np.full((*keys.shape, *shape), np.nan)
        for position in np.ndindex(*keys.shape):
            if present[position]:
                out[position] = outer(self._cell(str(keys[position])), within)
        return out

    def _cell(self, key: str) -> NDArray[np.float64]:
        """A cell's values, padded to the grid's largest network; NaN where the cell does not have the variable."""
        values = self._store.read(key).get(self._name)
        padded = np.full(self._rest, np.nan)
        if values is not None:
            padded[tuple(slice(length) for length in values.shape)] = values
        return padded


def refuse_too_large(name: str, shape: Sequence[int], key: Sequence[Any]) -> None:
    """Refuse a part of an array that does not fit into memory, before anything is read of it."""
    lengths = [np.size(np.arange(length)[index]) for length, index in zip(shape, key, strict=True)]
    need, there = 8.0 * math.prod(lengths), memory_of_machine()
    if need > there:
        raise InputError(
            f"this part of {name} takes {need / 2**30:.0f} GiB, this machine has {there / 2**30:.0f}; "
            "select less of it before it is loaded"
        )


def outer(array: NDArray[Any], key: Sequence[Any]) -> NDArray[Any]:
    """Index every dimension on its own: with integers (which drop it), slices or lists."""
    for axis in reversed(range(len(key))):
        array = array[(*(slice(None),) * axis, key[axis])]
    return np.asarray(array)
