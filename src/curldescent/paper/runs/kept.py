"""Results that stay with the project: compact files of finished experiments, so that nothing is computed twice.

A file holds one experiment's dataset and what made it. Error curves, with the largest error so far, are kept at a few
epochs, where no figure needs more, and in single precision; all else is kept as it is.
"""

import gzip
import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from curldescent.foundation import durable
from curldescent.foundation.canonical import canonical, digest
from curldescent.foundation.errors import InputError
from curldescent.foundation.files import named
from curldescent.foundation.writing import for_netcdf, results_folder
from curldescent.paper.machinery import shorter
from curldescent.paper.machinery.claims import SCALES
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.shorter import MOMENTS
from curldescent.sweeps import Sweep

if TYPE_CHECKING:
    import xarray as xr

_SUFFIX = ".nc.gz"
_CURVES = ("train_error", "test_error")
# Curves with no more points than this are kept whole.
_FEW = 8
_WHOLE = "whole_curves"


def path_of(folder: Path, name: str) -> Path:
    """The file of an experiment."""
    return folder / f"{name}{_SUFFIX}"


def keep(folder: Path, name: str, data: "xr.Dataset", *, curves: bool = False) -> Path:
    """Write an experiment's dataset, whole or not at all.

    Args:
        folder: of a scale; made if need be.
        name: of the experiment.
        data: complete, with the attributes `fingerprint` and, of a sweep, `axes`.
        curves: whether all epochs of the error curves are kept.

    Returns:
        The file.
    """
    results_folder(folder)
    content = bytes(for_netcdf(compact(data.load(), curves=curves)).to_netcdf(engine="scipy"))
    # Without a time in it: the same results give the same bytes.
    durable.write(path_of(folder, name), gzip.compress(content, mtime=0))
    return path_of(folder, name)


def compact(data: "xr.Dataset", *, curves: bool = False) -> "xr.Dataset":
    """The dataset with its error curves at the epochs that verdicts are looked at, or at all, in single precision."""
    if "epoch" not in data.coords:
        return data
    epochs = data.epoch.values
    if curves:
        data = data.assign_attrs({_WHOLE: 1})
    elif len(epochs) > _FEW:
        # Once most epochs are gone, the largest error up to one of the others cannot be found again.
        for curve in _CURVES:
            if curve in data and f"maximum_{curve}" in data:
                data = data.assign({f"{shorter.SO_FAR}{curve}": so_far(data[curve])})
        wanted = [moment for moment in (*MOMENTS, epochs[-1] / 2, epochs[-1]) if moment <= epochs[-1]]
        chosen = sorted({int(np.abs(np.log(np.maximum(epochs, 1) / moment)).argmin()) for moment in wanted})
        data = data.isel(epoch=chosen)
    single = [*_CURVES, *(f"{shorter.SO_FAR}{curve}" for curve in _CURVES)]
    return data.assign({name: data[name].astype(np.float32) for name in single if name in data})


def so_far(curve: "xr.DataArray") -> "xr.DataArray":
    """The largest error up to every recorded epoch; NaN once a trial has diverged."""
    return curve.copy(data=np.maximum.accumulate(curve.values, axis=curve.get_axis_num("epoch")))


def folder_of(kept: str | Path, scale: str) -> Path:
    """Where a scale's kept results are, in a folder that a user names.

    Args:
        kept: as `keep_results` wrote it.
        scale: one of `SCALES`.

    Returns:
        The folder, there or not.

    Raises:
        InputError: no folder, or one without a folder of any scale in it.
    """
    folder = named("kept", kept, "a folder of kept results, or None")
    if not any((folder / one).is_dir() for one in SCALES):
        raise InputError(
            f"kept must be a folder that keep_results wrote, with one or more of {', '.join(SCALES)} in it, got "
            f"{str(folder)!r}"
        )
    return folder / scale


def find(folder: Path, name: str, experiment: Sweep | Computation, *, curves: bool = False) -> "xr.Dataset | None":
    """Read what was kept of an experiment.

    Args:
        folder: of a scale.
        name: of the experiment.
        experiment: what should have made it.
        curves: whether error curves are of no use without all of their epochs.

    Returns:
        The dataset, in memory; None where nothing was kept, or something that other settings or another grid made, or
        not enough.

    Raises:
        InputError: the file cannot be read.
    """
    import xarray as xr

    path = path_of(folder, name)
    if not path.exists():
        return None
    try:
        with xr.open_dataset(io.BytesIO(gzip.decompress(path.read_bytes())), engine="scipy") as file:
            data = file.load()
    except (OSError, EOFError, ValueError, TypeError, LookupError, zlib.error) as fault:
        raise InputError(
            f"{str(path)!r} cannot be read ({str(fault).splitlines()[0]}); delete it to compute it again"
        ) from None
    enough = not curves or "epoch" not in data.coords or _WHOLE in data.attrs
    return data if enough and _made_by(data, experiment) else None


def axes_of(sweep: Sweep) -> str:
    """A digest of a sweep's axes: what is varied, over which values."""
    return digest(canonical([[axis.name, list(axis.spellings)] for axis in sweep.grid.axes]))


def same(made: Sweep, asked: Sweep) -> bool:
    """Whether the cells of a sweep are those of another: its settings, by any of their spellings, and its axes."""
    return made.settings.fingerprint in asked.settings.fingerprints and axes_of(made) == axes_of(asked)


def _made_by(data: "xr.Dataset", experiment: Sweep | Computation) -> bool:
    made = data.attrs.get("fingerprint")
    if isinstance(experiment, Computation):
        return made == experiment.fingerprint
    return made in experiment.settings.fingerprints and data.attrs.get("axes") == axes_of(experiment)
