"""How a sweep says how far it is: cells done, rate, time left, failures."""

import sys
import time
from typing import Protocol

from curldescent.foundation.pace import Pace
from curldescent.sweeps.execution.summary import Summary

MEMBERS = ("start", "update", "say", "finish")


class Display(Protocol):
    """Something that can be told about a run."""

    def start(self, *, cells: int, done: int, failed: int, work: float) -> None:
        """A run begins; `work` is what its missing cells are worth."""

    def update(self, *, done: int, failed: int, work: float) -> None:
        """A cell ended that was worth `work`."""

    def say(self, sentence: str) -> None:
        """Something the user should read."""

    def finish(self, summary: Summary) -> None:
        """The run is over."""


class Quiet:
    """Says nothing."""

    def start(self, *, cells: int, done: int, failed: int, work: float) -> None:
        """Say nothing."""

    def update(self, *, done: int, failed: int, work: float) -> None:
        """Say nothing."""

    def say(self, sentence: str) -> None:
        """Say nothing."""

    def finish(self, summary: Summary) -> None:
        """Say nothing."""


class OnStderr:
    """One line that is rewritten on a terminal, plain lines every few seconds elsewhere.

    Args:
        every: seconds between two lines where there is no terminal.
    """

    def __init__(self, *, every: float = 5.0) -> None:
        self._terminal = sys.stderr.isatty()
        self._every = 0.2 if self._terminal else every
        self._open = False

    def start(self, *, cells: int, done: int, failed: int, work: float) -> None:
        """Remember the total and the time."""
        self._cells, self._first, self._total, self._worked = cells, done, max(work, 1e-300), 0.0
        self._said = time.monotonic()
        self._cell_pace, self._work_pace = Pace(cells - done), Pace(self._total)
        if done:
            self.say(f"{done} of {cells} cells are there already")

    def update(self, *, done: int, failed: int, work: float) -> None:
        """Write the line if the last one is old enough."""
        self._worked += work
        now = time.monotonic()
        self._cell_pace.report(done - self._first, now)
        self._work_pace.report(self._worked, now)
        if now - self._said < self._every:
            return
        self._said = now
        line = f"sweep: {done} of {self._cells} cells"
        # Cells differ in length and the longest come first: time follows the work, not the count.
        rate, left = self._cell_pace.rate, self._work_pace.left
        if rate is not None and left is not None:
            line += f", {rate:.3g} cells/s, about {duration(left)} left"
        line += f", {failed} failed" if failed else ""
        if self._terminal:
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
            self._open = True
        else:
            print(line, file=sys.stderr, flush=True)

    def say(self, sentence: str) -> None:
        """Write a line of its own."""
        if self._open:
            print(file=sys.stderr)
            self._open = False
        print(f"sweep: {sentence}", file=sys.stderr, flush=True)

    def finish(self, summary: Summary) -> None:
        """Say what was done."""
        state = "complete" if summary.complete else f"{summary.cells - summary.found - summary.computed} cells missing"
        if summary.failed:
            state += f" ({summary.failed} of them failed)"
        self.say(f"{summary.computed} cells computed in {duration(summary.seconds)}; {state}")


def duration(seconds: float) -> str:
    """Seconds as people say them.

    Args:
        seconds: how long.

    Returns:
        With one unit, or two.

    Example:
        >>> duration(42.3), duration(754), duration(100_000)
        ('42 s', '12 min 34 s', '27 h 46 min')
    """
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
