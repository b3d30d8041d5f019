"""How a long computation says how far it is. The computation knows only `Progress`, never a terminal."""

import sys
import time
from datetime import timedelta
from typing import Any, Protocol

from curldescent.foundation.pace import Pace


class Progress(Protocol):
    """Something that can be told about progress."""

    def start(self, total: int, unit: str) -> None:
        """A task of `total` units begins."""

    def update(self, done: int) -> None:
        """That many units are done by now."""

    def finish(self) -> None:
        """The task is over, completed or ended early."""


class Silent:
    """Says nothing."""

    def start(self, total: int, unit: str) -> None:
        """Nothing."""

    def update(self, done: int) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""


class Lines:
    """Plain lines on stderr, one every few seconds, for logs and pipes.

    Args:
        label: what the lines begin with.
        every: seconds between two lines.
    """

    def __init__(self, label: str, *, every: float = 5.0) -> None:
        self._label, self._every = label, every

    def start(self, total: int, unit: str) -> None:
        """Remember the total and the time."""
        self._total, self._unit = total, unit
        self._began = self._said = time.monotonic()
        self._pace = Pace(total)

    def update(self, done: int) -> None:
        """Print a line if the last one is old enough; the time left once there is a pace to tell it from."""
        now = time.monotonic()
        self._pace.report(done, now)
        if now - self._said < self._every or done == 0:
            return
        self._said = now
        line = f"{self._label}: {done} of {self._total} {self._unit}"
        if self._pace.left is not None:
            line += f", about {self._pace.left:.0f} s left, {self._pace.rate:.3g} a second"
        print(line, file=sys.stderr, flush=True)

    def finish(self) -> None:
        """Print how long it took."""
        print(f"{self._label}: done in {time.monotonic() - self._began:.1f} s", file=sys.stderr, flush=True)


class Bar:
    """A bar on stderr with rate and remaining time.

    Args:
        label: what stands before the bar.
    """

    def __init__(self, label: str) -> None:
        self._label = label

    def start(self, total: int, unit: str) -> None:
        """Show the bar."""
        from rich import progress
        from rich.console import Console

        pace = self._pace = Pace(total)

        class _Rate(progress.ProgressColumn):
            def render(self, task: progress.Task) -> str:
                return "" if pace.rate is None else f"{pace.rate:.3g}/s"

        class _Left(progress.ProgressColumn):
            def render(self, task: progress.Task) -> str:
                return "" if pace.left is None else f"{timedelta(seconds=round(pace.left))} left"

        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn(unit),
            _Rate(),
            _Left(),
            console=Console(stderr=True),
        )
        self._task: Any = self._bar.add_task(self._label, total=total)
        self._bar.start()

    def update(self, done: int) -> None:
        """Move the bar."""
        self._pace.report(done)
        self._bar.update(self._task, completed=done)

    def finish(self) -> None:
        """Leave the bar where it ended."""
        self._bar.stop()


def on_stderr(label: str) -> Progress:
    """A bar on a terminal, plain lines elsewhere."""
    return Bar(label) if sys.stderr.isatty() else Lines(label)
