"""`open`: a sweep's store as an xarray.Dataset whose values are read when they are asked for."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curldescent.sweeps.schema import coordinates, dimensions, variables
from curldescent.sweeps.store import Store

if TYPE_CHECKING:
    import xarray as xr

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
        InputError: not a store, or a format that this version cannot read; on reading, a damaged cell.

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
    opened = Store(store)
    if compacted:
        from curldescent.sweeps.compaction import open_compacted, up_to_date

        if up_to_date(opened):
            return _with_flips(open_compacted(opened), opened)
    return _with_flips(from_cells(opened), opened)


def _with_flips(data: "xr.Dataset", store: Store) -> "xr.Dataset":
    """With what fractions come to beside them: it follows from the plan, so no store has to hold it."""
    from curldescent.sweeps.realised import flip_coordinates

    return data.assign_coords(flip_coordinates(store.sweep))


def from_cells(store: Store) -> "xr.Dataset":
    """The dataset over the cell files themselves."""
    import xarray as xr
    from xarray.core import indexing

    from curldescent.sweeps.lazy import CellArray

    sweep = store.sweep
    keys = np.array(sweep.grid.cell_keys(), dtype=object).reshape(sweep.grid.shape)
    status = status_array(store, keys)
    sizes = dimensions(sweep)
    dims = tuple(axis.name for axis in sweep.grid.axes)
    data: dict[str, Any] = {
        name: xr.Variable(
            (*dims, *rest),
            indexing.LazilyIndexedArray(CellArray(store, name, keys, status == DONE, tuple(sizes[d] for d in rest))),
            {"long_name": description},
        )
        for name, (rest, description) in variables(sweep).items()
    }
    data["status"] = (dims, status, STATUS_ATTRIBUTES)
    return xr.Dataset(data, coords=coordinates(sweep), attrs=attributes(store))


def status_array(store: Store, keys: NDArray[np.object_]) -> NDArray[np.int8]:
    """0, 1 or 2 for every cell of the grid."""
    finished, failed = store.finished(), store.failures()
    flat = [DONE if key in finished else FAILED if key in failed else MISSING for key in keys.ravel()]
    return np.array(flat, dtype=np.int8).reshape(keys.shape)


STATUS_ATTRIBUTES = {
    "long_name": "whether the cell is finished",
    "flag_values": [MISSING, DONE, FAILED],
    "flag_meanings": "missing done failed",
}


def attributes(store: Store) -> dict[str, Any]:
    """What the dataset says about where it comes from."""
    from curldescent.sweeps.canonical import canonical

    return {
        "title": "curldescent sweep",
        "settings": canonical(store.sweep.recipe.as_json()),
        "fingerprint": store.fingerprint,
    }
