"""`open`: a sweep's store as an xarray.Dataset whose values are read when they are asked for."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import quantities, validation
from curldescent.sweeps.description.dataset_shape import coordinates, dimensions, variables
from curldescent.sweeps.storage.store import Store

if TYPE_CHECKING:
    import xarray as xr
    from xarray.backends import BackendArray

    from curldescent.sweeps.storage.compacted_form import Compacted

MISSING, DONE, FAILED = 0, 1, 2


def open(store: str | Path, *, compacted: bool = True) -> "xr.Dataset":
    """Open a sweep's results, finished or not.

    Args:
        store: its folder.
        compacted: read the compacted form where it is there and up to date; False reads the cells.

    Returns:
        A dataset whose dimensions are the grid's axes, then `trial`, and what the variables need besides. Values are
        read, and checked, when they are used; cells that are missing are NaN. `status` says which cells those are: 0
        missing, 1 done, 2 failed. Sizes that follow from a ratio are coordinates `n_inputs` and `n_hidden`; how many
        neurons fractions come to, `hidden_flipped` and `readout_flipped`.

    Raises:
        InputError: not a store, or a format that this version cannot read; on reading, a damaged cell, or more than
            fits into memory.

    Warns:
        UserWarning: the compacted form is damaged; the cells are read instead.

    Performance notes: opening lists the cells' files and reads none. Reading a variable of the whole grid reads every
    cell's file; the compacted form of a finished sweep does not have to.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import curldescent as cd
        >>> sweep = cd.sweeps.Sweep(
        ...     axes={"n_train": [5, 10]}, student_teacher={"n_inputs": 4, "n_hidden": 6}, training={"epochs": 5}
        ... )
        >>> with TemporaryDirectory() as folder:
        ...     done = cd.sweeps.run(sweep, folder, workers=1)
        ...     print(cd.sweeps.open(folder).status.values)
        [1 1]
    """
    validation.boolean("compacted", compacted)
    opened = Store(store)
    if compacted:
        from curldescent.sweeps.storage.compacted_form import Compacted, Damaged, warn

        try:
            form = Compacted.find(opened)
        except Damaged as fault:
            warn(opened, fault)
        else:
            if form is not None:
                return _with_flips(_from_compacted(form), opened)
    return _with_flips(_from_cells(opened), opened)


def _with_flips(data: "xr.Dataset", store: Store) -> "xr.Dataset":
    """With what fractions come to beside them: it follows from the plan, so no store has to hold it."""
    from curldescent.sweeps.description.realised_flips import flip_coordinates

    return data.assign_coords(flip_coordinates(store.sweep))


def _from_cells(store: Store) -> "xr.Dataset":
    """The dataset over the cell files themselves."""
    from curldescent.sweeps.storage.cell_array import CellArray

    keys = _keys(store)
    status = _status(store, keys)
    return _dataset(store, status, lambda name, rest: CellArray(store, name, keys, status == DONE, rest))


def _from_compacted(form: "Compacted") -> "xr.Dataset":
    """The dataset over the compacted form; coordinates and status follow from the plan, which is checked already."""
    from curldescent.sweeps.storage.cell_array import CellArray
    from curldescent.sweeps.storage.compacted_form import CompactedArray

    store, shape = form.store, form.store.sweep.grid.shape

    @cache
    def keys() -> NDArray[np.object_]:
        return _keys(store)

    def array(name: str, rest: tuple[int, ...]) -> CompactedArray:
        # A form is made of complete sweeps only: a cell that is missing now is an error, not NaN.
        everywhere = np.ones(shape, dtype=bool)
        return CompactedArray(form, name, (*shape, *rest), lambda: CellArray(store, name, keys(), everywhere, rest))

    return _dataset(store, np.full(shape, DONE, dtype=np.int8), array)


def _dataset(
    store: Store, status: NDArray[np.int8], array: "Callable[[str, tuple[int, ...]], BackendArray]"
) -> "xr.Dataset":
    import xarray as xr
    from xarray.core import indexing

    sweep = store.sweep
    sizes = dimensions(sweep)
    dims = tuple(axis.name for axis in sweep.grid.axes)
    content = frame(store, status)
    content["data_vars"] |= {
        name: xr.Variable(
            (*dims, *rest),
            indexing.LazilyIndexedArray(array(name, tuple(sizes[d] for d in rest))),
            described,
        )
        for name, (rest, described) in variables(sweep).items()
    }
    return xr.Dataset(**content)


def frame(store: Store, status: NDArray[np.int8]) -> dict[str, Any]:
    """The arguments of `xarray.Dataset` but for the results: status, coordinates, attributes."""
    dims = tuple(axis.name for axis in store.sweep.grid.axes)
    return {
        "data_vars": {"status": (dims, status, STATUS_ATTRIBUTES)},
        "coords": coordinates(store.sweep),
        "attrs": attributes(store),
    }


def _keys(store: Store) -> NDArray[np.object_]:
    return np.array(store.sweep.grid.cell_keys(), dtype=object).reshape(store.sweep.grid.shape)


def _status(store: Store, keys: NDArray[np.object_]) -> NDArray[np.int8]:
    """0, 1 or 2 for every cell of the grid."""
    finished, failed = store.finished(), store.failures()
    flat = [DONE if key in finished else FAILED if key in failed else MISSING for key in keys.ravel()]
    return np.array(flat, dtype=np.int8).reshape(keys.shape)


STATUS_ATTRIBUTES = {
    **quantities.attributes("status"),
    "flag_values": [MISSING, DONE, FAILED],
    "flag_meanings": "missing done failed",
}


def attributes(store: Store) -> dict[str, Any]:
    """What the dataset says about where it comes from."""
    from curldescent.foundation.canonical import canonical

    return {
        "title": "curldescent sweep",
        "settings": canonical(store.sweep.settings.as_json()),
        "fingerprint": store.fingerprint,
    }
