"""How a long computation says how far it is. The computation knows only `Progress`, never a terminal.

`train`, `flow`, the sweeps and the tour all tell the same object: `Silent`, `Lines` for logs and pipes, or `Bar`.
"""

import atexit
import sys
import time
from typing import Any, Protocol

from curldescent.foundation import validation
from curldescent.foundation.pace import Pace


class Progress(Protocol):
    """Something that can be told about progress."""

    def start(self, total: int, unit: str, *, done: int = 0, work: float | None = None) -> None:
        """A task of `total` units begins, of which some may be done already; `work` is what the others are worth."""

    def update(self, done: int, *, work: float | None = None, note: str = "") -> None:
        """That many units are done by now, and that much work; the note goes with the numbers."""

    def say(self, sentence: str) -> None:
        """Something the user should read."""

    def finish(self, sentence: str | None = None) -> None:
        """The task is over, completed or ended early; the sentence says how it went."""


class Silent:
    """Says nothing."""

    def start(self, total: int, unit: str, *, done: int = 0, work: float | None = None) -> None:
        """Nothing."""

    def update(self, done: int, *, work: float | None = None, note: str = "") -> None:
        """Nothing."""

    def say(self, sentence: str) -> None:
        """Nothing."""

    def finish(self, sentence: str | None = None) -> None:
        """Nothing."""


def checked(progress: Progress | None) -> Progress:
    """What a user passed as `progress`, or silence.

    Args:
        progress: an object with the methods of `Progress`, or None.

    Returns:
        The object to tell.

    Raises:
        InputError: something else.
    """
    if progress is None:
        return Silent()
    wanted = ("start", "update", "say", "finish")
    validation.methods("progress", progress, wanted, 'a display such as curldescent.foundation.progress.Lines("run")')
    return progress


class _Counted:
    """What lines and bars have in common: units that are counted, and a time left that follows the work in them."""

    def __init__(self, label: str) -> None:
        self._label = label

    def _begin(self, total: int, unit: str, done: int, work: float | None) -> None:
        self._total, self._unit, self._found = total, unit, done
        self._began = time.monotonic()
        self._rate = Pace(total - done)
        # Units may differ in length, the longest first: time follows their work, not their count.
        self._left = self._rate if work is None else Pace(max(work, 1e-300))

    def _report(self, done: int, work: float | None, now: float) -> None:
        self._rate.report(done - self._found, now)
        if self._left is not self._rate and work is not None:
            self._left.report(work, now)

    def _pace(self) -> str:
        """Rate and time left, or nothing where there is no pace yet to tell them from."""
        if self._rate.rate is None or self._left.left is None:
            return ""
        return f"{self._rate.rate:.3g} {self._unit}/s, about {duration(self._left.left)} left"


class Lines(_Counted):
    """Plain lines on stderr, one every few seconds, for logs and pipes.

    Args:
        label: what the lines begin with.
        every: seconds between two lines.
    """

    def __init__(self, label: str, *, every: float = 5.0) -> None:
        super().__init__(label)
        self._every = every

    def start(self, total: int, unit: str, *, done: int = 0, work: float | None = None) -> None:
        """Remember the total and the time."""
        self._begin(total, unit, done, work)
        self._said = self._began
        if done:
            self.say(f"{done} of {total} {unit} are there already")

    def update(self, done: int, *, work: float | None = None, note: str = "") -> None:
        """Print a line if the last one is old enough."""
        now = time.monotonic()
        self._report(done, work, now)
        if now - self._said < self._every or done == self._found:
            return
        self._said = now
        self.say(", ".join(part for part in (f"{done} of {self._total} {self._unit}", self._pace(), note) if part))

    def say(self, sentence: str) -> None:
        """Print the sentence after the label."""
        print(f"{self._label}: {sentence}", file=sys.stderr, flush=True)

    def finish(self, sentence: str | None = None) -> None:
        """Print how it went, or how long it took."""
        self.say(sentence or f"done in {duration(time.monotonic() - self._began)}")


class Bar(_Counted):
    """A bar on stderr with rate and remaining time.

    Args:
        label: what stands before the bar.
    """

    # Said before the task begins or after it has ended there is no bar yet.
    _bar: Any = None

    def start(self, total: int, unit: str, *, done: int = 0, work: float | None = None) -> None:
        """Show the bar."""
        from rich import progress
        from rich.console import Console

        self._begin(total, unit, done, work)
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn(f"{unit} {{task.fields[said]}}"),
            console=Console(stderr=True),
        )
        self._task = self._bar.add_task(self._label, total=total, completed=done, said="")
        self._bar.start()
        # Started bars hide the cursor; one that an error leaves behind gives it back.
        atexit.register(self._bar.stop)

    def update(self, done: int, *, work: float | None = None, note: str = "") -> None:
        """Move the bar."""
        self._report(done, work, time.monotonic())
        self._bar.update(self._task, completed=done, said=", ".join(part for part in (self._pace(), note) if part))

    def say(self, sentence: str) -> None:
        """Print the sentence above the bar."""
        line = f"{self._label}: {sentence}"
        if self._bar is None:
            print(line, file=sys.stderr, flush=True)
        else:
            self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def finish(self, sentence: str | None = None) -> None:
        """Leave the bar where it ended."""
        if self._bar is not None:
            self._bar.stop()
            atexit.unregister(self._bar.stop)
            self._bar = None
        if sentence is not None:
            self.say(sentence)


def on_stderr(label: str) -> Progress:
    """A bar on a terminal, plain lines elsewhere."""
    return Bar(label) if sys.stderr.isatty() else Lines(label)


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
