"""What a run did, in numbers."""

from dataclasses import asdict, dataclass
from typing import Any

from curldescent.foundation.progress import duration


@dataclass(frozen=True)
class Summary:
    """What a run did.

    Args:
        cells: of the grid.
        found: finished before this run and intact.
        computed: finished by this run.
        failed: recorded as failed, by this run or before.
        damaged: files that were set aside and recomputed.
        stopped: whether it was interrupted before the end.
        seconds: how long it took.
        signal: the number of the signal that stopped it, None where none came.
    """

    cells: int
    found: int
    computed: int
    failed: int
    damaged: tuple[str, ...]
    stopped: bool
    seconds: float
    signal: int | None = None

    @property
    def complete(self) -> bool:
        """Whether every cell is finished."""
        return self.found + self.computed == self.cells

    def __str__(self) -> str:
        state = "complete" if self.complete else f"{self.cells - self.found - self.computed} cells missing"
        if self.failed:
            state += f" ({self.failed} of them failed)"
        return f"{self.computed} cells computed in {duration(self.seconds)}; {state}"

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "complete": self.complete}
