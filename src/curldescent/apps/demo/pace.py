"""How fast the tour goes: its progress display, and a shortened form for tests."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

from curldescent.foundation import progress


class Stopped(Exception):
    """A part was given up in the middle, because somebody asked for that."""


@dataclass(frozen=True)
class Pace:
    """What the parts of the tour are told.

    Args:
        shown: whether to report progress on stderr.
        share: of every part's epochs that is run; 1 is the tour, less is for trying things out.
        stopping: asked all the time; once it says yes the part that is running is given up (`Stopped`).
    """

    shown: bool = True
    share: float = 1.0
    stopping: Callable[[], bool] | None = None

    def say(self, sentence: str) -> None:
        """One line on stderr."""
        if self.shown:
            print(f"curldescent: {sentence}", file=sys.stderr, flush=True)

    def progress(self, label: str) -> progress.Progress:
        """A progress display for one training run."""
        shown = progress.on_stderr(label) if self.shown else progress.Silent()
        return shown if self.stopping is None else _Stoppable(shown, self.stopping)

    def epochs(self, full: int) -> int:
        """How many of a part's epochs to run."""
        return max(1, round(full * self.share))


@dataclass(frozen=True)
class _Stoppable:
    """A progress display that ends what it is told about."""

    shown: progress.Progress
    stopping: Callable[[], bool]

    def start(self, total: int, unit: str) -> None:
        self.shown.start(total, unit)

    def update(self, done: int) -> None:
        if self.stopping():
            self.shown.finish()
            raise Stopped
        self.shown.update(done)

    def finish(self) -> None:
        self.shown.finish()
