"""`export`: a sweep's dataset as NetCDF, Zarr, CSV or Parquet, for other programs."""

import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from curldescent.foundation import memory
from curldescent.foundation.errors import InputError
from curldescent.foundation.files import named
from curldescent.foundation.writing import for_netcdf, whole_file, whole_folder
from curldescent.sweeps.storage import own_names, plain_files, table_form, zarr_writing
from curldescent.sweeps.storage.store import FOLDER_OF_A_SWEEP

if TYPE_CHECKING:
    import xarray as xr

FORMATS = {".nc": "netcdf", ".zarr": "zarr", ".csv": "csv", ".parquet": "parquet"}
# NetCDF 3 with 64-bit offsets keeps a variable below this.
_NETCDF_BYTES = 2**32 - 8
# The description of a Zarr folder, the sweep's settings included.
_DESCRIPTION_BYTES = 2**28


def export(store: str | Path, target: str | Path, *, format: str | None = None) -> Path:
    """Write a sweep, finished or not, to a file that other programs read.

    Args:
        store: its folder.
        target: a path ending in .nc (NetCDF 3, 64-bit offsets: read by everything), .zarr (for what is too large for
            that), .csv or .parquet (one row for every trial of every cell; variables with further dimensions are a
            column for each entry, such as `train_error[epoch=100]`). An earlier export of that name is replaced once
            the new one is whole; nothing else is.
        format: "netcdf", "zarr", "csv" or "parquet", where the ending does not say it.

    Returns:
        The path written.

    Raises:
        OSError: the disk is full, or refuses writing; an earlier export is then as it was.
        InputError: another ending, a variable too large for NetCDF, more columns than a table has, a sweep too large
            for the memory or the disk, something in the way that is no export, a damaged cell, a missing pyarrow.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import curldescent as cd, xarray as xr
        >>> sweep = cd.sweeps.Sweep(
        ...     axes={"n_train": [5, 10]}, student_teacher={"n_inputs": 4, "n_hidden": 6}, training={"epochs": 5}
        ... )
        >>> with TemporaryDirectory() as folder:
        ...     done = cd.sweeps.run(sweep, folder + "/store", workers=1)
        ...     with xr.open_dataset(export(folder + "/store", folder + "/all.nc"), engine="scipy") as data:
        ...         dict(data.final_train_error.sizes)
        {'n_train': 2, 'trial': 1}
    """
    from curldescent.sweeps.storage.opening import open as open_store

    target = named("target", target, "a path ending in .nc, .zarr, .csv or .parquet")
    folder = named("store", store, FOLDER_OF_A_SWEEP)
    kind = table_form.kind_of(target, format, FORMATS)
    if not target.parent.is_dir():
        raise InputError(f"the folder {str(target.parent)!r} does not exist")
    if folder.resolve() in target.resolve().parents:
        raise InputError(f"{str(target)!r} lies inside the store; name a target outside it")
    data = open_store(folder)
    try:
        _refuse_strangers(target, kind, table_form.row_dims(data))
        if kind in ("csv", "parquet"):
            table_form.check(data, kind)
            with whole_file(target) as temporary:
                table_form.write(data, temporary, kind)
                if target.exists():
                    shutil.copymode(target, temporary)
        elif kind == "netcdf":
            _refuse_too_large(data, target.parent)
            with whole_file(target) as temporary:
                for_netcdf(data.load()).to_netcdf(temporary, engine="scipy", format="NETCDF3_64BIT")
                if target.exists():
                    shutil.copymode(target, temporary)
        else:
            with whole_folder(target) as temporary:
                _write_zarr(data, temporary)
    finally:
        data.close()
    return target


def _refuse_strangers(target: Path, kind: str, axes: list[str]) -> None:
    """An export replaces what an earlier export left, and nothing else."""
    found = plain_files.kind(target)
    if found is None:
        return
    if kind != "zarr" and found == "a file":
        if target.stat().st_size and not _is_export(target, kind, axes):
            raise InputError(f"{str(target)!r} is no export of a sweep; name another target, or delete it")
        return
    if kind != "zarr" or found != "a folder":
        raise InputError(f"{str(target)!r} is {found} of something else; name another target")
    if not _is_export(target, kind, axes):
        raise InputError(f"{str(target)!r} is a folder of something else; name another target")
    strangers = plain_files.leftovers(target, own_names.is_array_file)
    if strangers:
        raise InputError(f"{str(target)!r} also holds {strangers[0]!r}, which no export wrote; name another target")


def _is_export(target: Path, kind: str, axes: list[str]) -> bool:
    """Whether it says of itself what every export says."""
    import xarray as xr

    # Whatever cannot be read is no export.
    with contextlib.suppress(Exception):
        if kind in ("csv", "parquet"):
            return table_form.is_ours(target, kind, axes)
        if kind == "zarr":
            attributes = plain_files.strict_json(plain_files.read(target / "zarr.json", most=_DESCRIPTION_BYTES))[
                "attributes"
            ]
        else:
            with xr.open_dataset(target, engine="scipy", decode_cf=False) as data:
                attributes = data.attrs
        return attributes["title"] == "curldescent sweep"
    return False


def _refuse_too_large(data: "xr.Dataset", folder: Path) -> None:
    for name, variable in data.variables.items():
        if variable.nbytes > _NETCDF_BYTES:
            raise InputError(f"{name} takes {variable.nbytes / 2**30:.1f} GiB, too much for NetCDF 3; export to .zarr")
    # The values, and the file that is made of them, are held at once.
    memory.require("this export", 2 * data.nbytes, instead="export to .zarr")
    free = shutil.disk_usage(folder).free
    if data.nbytes > free:
        raise InputError(
            f"this export needs {memory.in_gigabytes(data.nbytes)} of disk, and {memory.in_gigabytes(free)} are free; "
            "make space, or name a target on another disk"
        )


def _write_zarr(data: "xr.Dataset", temporary: Path) -> None:
    """Block by block: a sweep may be larger than the memory."""
    grid = {str(name): data.sizes[name] for name in data["status"].dims}
    results = {str(name): array.variable for name, array in data.data_vars.items() if name != "status"}

    def block(index: zarr_writing.Index) -> dict[str, np.ndarray]:
        return {name: variable[(*index, ...)].values for name, variable in results.items()}

    zarr_writing.write(
        temporary,
        data[["status"]].assign_coords(data.coords),
        grid=grid,
        variables={
            name: zarr_writing.Variable(
                tuple(map(str, variable.dims[len(grid) :])), variable.shape[len(grid) :], variable.attrs
            )
            for name, variable in results.items()
        },
        block=block,
    )
