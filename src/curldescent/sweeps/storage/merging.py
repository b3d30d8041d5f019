"""`merge`: one store out of several that were computed apart."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.files import named
from curldescent.foundation.writing import results_folder
from curldescent.sweeps.description.grid import Axis, Grid
from curldescent.sweeps.description.settings import difference
from curldescent.sweeps.description.sweep import Sweep
from curldescent.sweeps.storage import own_names
from curldescent.sweeps.storage.lock import locked
from curldescent.sweeps.storage.store import Store


@dataclass(frozen=True)
class Merged:
    """What a merge did.

    Args:
        cells: of the grid that results.
        copied: cells that came from the sources.
        present: cells that were there, or came from an earlier source.
        damaged: source files that failed their check and were left out.
    """

    cells: int
    copied: int
    present: int
    damaged: tuple[str, ...]


def merge(sources: Sequence[str | Path], target: str | Path) -> Merged:
    """Bring the finished cells of stores with the same settings into one store, whose grid is the union of theirs.

    Every cell is checked before it is copied; the sources are not changed. Cells of the union that no source holds are
    missing, and `run` computes them.

    Args:
        sources: one or more stores.
        target: a store, or a folder to be made.

    Returns:
        What was copied.

    Raises:
        InputError: other settings (the difference is named), other axes, no source, or a store in use.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import curldescent as cd
        >>> with TemporaryDirectory() as folder:
        ...     for seed in (0, 1):
        ...         sweep = cd.sweeps.Sweep(
        ...             axes={"seed": [seed]}, student_teacher={"n_inputs": 4, "n_hidden": 6}, training={"epochs": 5}
        ...         )
        ...         done = cd.sweeps.run(sweep, f"{folder}/{seed}", workers=1)
        ...     merge([f"{folder}/0", f"{folder}/1"], f"{folder}/both")
        Merged(cells=2, copied=2, present=0, damaged=())
    """
    if isinstance(sources, str | bytes | os.PathLike | Mapping) or not isinstance(sources, Iterable):
        raise InputError(f"sources must be a list of folders of stores, got {validation.shown(sources)}")
    sources = list(sources)
    if not sources:
        raise InputError("merge needs at least one store to take cells from")
    opened = [Store(source) for source in sources]
    folder = named("target", target, "a store's folder, or one to be made")
    for source in opened:
        if folder.exists() and source.path.resolve() == folder.resolve():
            raise InputError(f"the target must be another folder than the sources, got {folder} as both")
    existing = [Store(folder)] if (folder / own_names.PLAN).exists() else []
    union = _union([*existing, *opened])
    results_folder(folder)
    with locked(folder):
        into = Store.prepare(folder, union)
        into.sweep_temporaries()
        there = into.finished()
        copied, present, damaged = 0, 0, []
        for source in opened:
            for key in sorted(source.finished() & set(source.sweep.grid.cell_keys())):
                if key in there and into.check(key) is None:
                    present += 1
                    continue
                reason = source.check(key)
                if reason is not None:
                    damaged.append(f"{source.cell_path(key)}: {reason}")
                    continue
                into.put(key, source.bytes_of(key))
                there.add(key)
                copied += 1
    return Merged(union.grid.size, copied, present, tuple(damaged))


def _union(stores: Sequence[Store]) -> Sweep:
    first = stores[0]
    axes = list(first.sweep.grid.axes)
    for other in stores[1:]:
        found = difference(other.sweep.settings.as_json(), first.sweep.settings.as_json())
        if found:
            found = found.replace("in the store and", f"in {str(first.path)!r} and").removesuffix(" here")
            raise InputError(f"these stores hold different sweeps: {found} in {str(other.path)!r}")
        theirs = {axis.name: axis for axis in other.sweep.grid.axes}
        axes = [_joined(axis, theirs[axis.name]) for axis in axes]
    return Sweep.from_parts(first.sweep.settings, Grid(tuple(axes)))


def _joined(ours: Axis, theirs: Axis) -> Axis:
    """Values of both; in ascending order where they are numbers."""
    new = [i for i, text in enumerate(theirs.spellings) if text not in ours.spellings]
    columns = {name: (*values, *(theirs.columns[name][i] for i in new)) for name, values in ours.columns.items()}
    labels = None
    if ours.labels is not None and theirs.labels is not None:
        labels = (*ours.labels, *(theirs.labels[i] for i in new))
        if len(set(labels)) < len(labels):
            raise InputError(f"axis {ours.name!r} has one label for different values in these stores")
    if new and ours.plain and all(isinstance(value, int | float) for value in columns[ours.name]):
        columns[ours.name] = tuple(sorted(columns[ours.name]))
    return Axis(ours.name, columns, labels)
