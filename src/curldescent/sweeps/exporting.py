"""`export`: a sweep's dataset as one NetCDF file or one Zarr folder, for other programs."""

import os
import warnings
from pathlib import Path

from curldescent.errors import InputError
from curldescent.writing import for_netcdf, whole_file, whole_folder

_FORMATS = {".nc": "NetCDF", ".zarr": "Zarr"}
# NetCDF 3 with 64-bit offsets keeps a variable below this.
_NETCDF_BYTES = 2**32 - 8


def export(store: str | Path, target: str | Path) -> Path:
    """Write a sweep, finished or not, to a file that other programs read.

    Args:
        store: its folder.
        target: a path ending in .nc (NetCDF 3, 64-bit offsets: read by everything) or .zarr (for what is too large for
            that). An existing one is replaced once the new one is whole.

    Returns:
        The path written.

    Raises:
        OSError: the disk is full, or refuses writing; an earlier export is then as it was.
        InputError: another ending, a variable too large for NetCDF, a folder in the way, a damaged cell.

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
    from curldescent.sweeps.dataset import open as open_store

    target = Path(target)
    if target.suffix not in _FORMATS:
        raise InputError(f"an export ends in .nc (NetCDF) or .zarr (Zarr), got {target.name!r}")
    if not target.parent.is_dir():
        raise InputError(f"the folder {str(target.parent)!r} does not exist")
    # A folder is replaced only if it is what an earlier export left, and nothing else.
    if target.is_dir() and not (target.suffix == ".zarr" and _only_zarr(target)):
        raise InputError(f"{str(target)!r} is a folder of something else; name another target")
    if target.suffix == ".zarr" and target.is_file():
        raise InputError(f"{str(target)!r} is a file; name another target")
    data = open_store(store)
    try:
        if target.suffix == ".nc":
            for name, variable in data.variables.items():
                if variable.nbytes > _NETCDF_BYTES:
                    raise InputError(
                        f"{name} takes {variable.nbytes / 2**30:.1f} GiB, too much for NetCDF 3; export to .zarr"
                    )
            with whole_file(target) as temporary:
                for_netcdf(data.load()).to_netcdf(temporary, engine="scipy", format="NETCDF3_64BIT")
        else:
            with whole_folder(target) as temporary, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # see compaction.write_zarr
                # Encodings of the compacted form (its shards) are not those of the copy.
                data.drop_encoding().to_zarr(temporary, mode="w", consolidated=False, zarr_format=3)
    finally:
        data.close()
    return target


def _only_zarr(folder: Path) -> bool:
    """Whether a folder is a Zarr group of arrays, as an export leaves it: with no file of the user's among them."""
    return (folder / "zarr.json").is_file() and all(
        entry.name == "zarr.json" or (Path(entry.path) / "zarr.json").is_file() for entry in os.scandir(folder)
    )
