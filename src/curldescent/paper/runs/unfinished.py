"""What an unfinished experiment has computed so far, kept beside finished results: another machine goes on from it.

Cells of a sweep and parts of a computation are whole and checked, each by itself. No verdict rests on them.
"""

import shutil
from pathlib import Path

from curldescent import sweeps
from curldescent.foundation.errors import InputError
from curldescent.paper.machinery import computation as computations
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.runs.kept import same
from curldescent.sweeps import Sweep
from curldescent.sweeps.storage.store import Store


def folder_in(kept: Path) -> Path:
    """Where a scale's kept results have those of unfinished experiments: laid out as the scale's data are."""
    return kept / "unfinished"


def path_of(kept: Path, name: str, experiment: Sweep | Computation) -> Path:
    """The folder that a scale's kept results have of one unfinished experiment."""
    if isinstance(experiment, Computation):
        return computations.parts_of(folder_in(kept), name)
    return folder_in(kept) / name


def bring(source: Path, target: Path, name: str, experiment: Sweep | Computation) -> str | None:
    """Copy the cells or parts of an experiment from one folder of data to another, beside those that are there.

    Args:
        source: folder of data.
        target: another one; made if need be.
        name: of the experiment.
        experiment: what they should be of; what other settings or another grid made stays where it is.

    Returns:
        What was copied, in words; None where there is nothing to copy.

    Raises:
        InputError: a damaged store, cell or part; or the target has a store of other settings.
    """
    if isinstance(experiment, Computation):
        copied = computations.copy_parts(source, target, name, experiment)
        return None if copied is None else f"{copied} of {len(experiment.parts)} parts"
    if not (source / name / "plan.json").exists():
        return None
    store = Store(source / name)
    if not same(store.sweep, experiment) or not store.finished():
        return None
    merged = sweeps.merge([source / name], target / name)
    if merged.damaged:
        raise InputError(f"damaged: {merged.damaged[0]}; delete the file to compute the cell again")
    return f"{merged.copied} of {merged.cells} cells"


def put_away(kept: Path, name: str) -> None:
    """Delete what was kept of an experiment that is kept whole now."""
    shutil.rmtree(folder_in(kept) / name, ignore_errors=True)
    computations.put_away(folder_in(kept), name)
