"""`status`: what is done, what is missing, what failed, what is damaged."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from curldescent.foundation import validation
from curldescent.sweeps.storage.compaction import damage, up_to_date
from curldescent.sweeps.storage.store import Store


@dataclass(frozen=True)
class Status:
    """The state of a store.

    Args:
        cells: of the grid.
        done: finished.
        missing: neither finished nor failed.
        failed: key → cell, kind, message of what raised.
        damaged: sentences about files that failed their check; None where they were not checked.
        strangers: files among the cells that are none of this sweep's; they are never read.
        compacted: whether the compacted form is there and up to date.
    """

    cells: int
    done: int
    missing: int
    failed: dict[str, dict[str, Any]]
    damaged: tuple[str, ...] | None
    strangers: tuple[str, ...]
    compacted: bool

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def status(store: str | Path, *, verify: bool = False) -> Status:
    """Look at a store without changing it; a run may be writing to it.

    Args:
        store: its folder.
        verify: read every finished cell and the compacted form, and check them.

    Returns:
        The `Status`.

    Raises:
        InputError: not a store, or one that this version cannot read.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import curldescent as cd
        >>> sweep = cd.sweeps.Sweep(
        ...     axes={"n_train": [5, 10]}, student_teacher={"n_inputs": 4, "n_hidden": 6}, training={"epochs": 5}
        ... )
        >>> with TemporaryDirectory() as folder:
        ...     done = cd.sweeps.run(sweep, folder, workers=1)
        ...     found = status(folder, verify=True)
        >>> found.done, found.missing, found.damaged
        (2, 0, ())
    """
    validation.boolean("verify", verify)
    opened = Store(store)
    keys = set(opened.sweep.grid.cell_keys())
    finished = opened.finished() & keys
    failed = {key: record for key, record in opened.failures().items() if key in keys - finished}
    damaged = None
    if verify:
        reasons = {key: opened.check(key) for key in sorted(finished)}
        damaged = tuple(f"{opened.cell_path(key)}: {reason}" for key, reason in reasons.items() if reason)
        form = damage(opened)
        if form is not None:
            damaged += (f"{opened.path}/{form}; the cells hold everything, compact it anew",)
    return Status(
        cells=len(keys),
        done=len(finished),
        missing=len(keys) - len(finished) - len(failed),
        failed=failed,
        damaged=damaged,
        strangers=tuple(str(path) for path in opened.strangers()),
        compacted=up_to_date(opened),
    )
