"""How fast the tour goes: its progress display, and a shortened form for tests."""

from dataclasses import dataclass

from curldescent import progress


@dataclass(frozen=True)
class Pace:
    """What the parts of the tour are told.

    Args:
        shown: whether to report progress on stderr.
        share: of every part's epochs that is run; 1 is the tour, less is for trying things out.
    """

    shown: bool = True
    share: float = 1.0

    def progress(self, label: str) -> progress.Progress:
        """A progress display for one training run."""
        return progress.on_stderr(label) if self.shown else progress.Silent()

    def epochs(self, full: int) -> int:
        """How many of a part's epochs to run."""
        return max(1, round(full * self.share))
