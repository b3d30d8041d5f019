"""Signals that ask a process to end: SIGINT (Ctrl-C), SIGTERM (batch systems), SIGHUP (a terminal that is closed).

A command that is asked to end stops at its next quiet point and keeps what is finished (`wishes`); where it has none,
or when it is asked twice, it leaves at once (`install`). Exceptions raised by a signal handler surface wherever the
program happens to be, inside imports and callbacks of other libraries too, which swallow them or end in a traceback. So
nothing is raised here: leaving means leaving, which is safe because every file is written whole or not at all.
"""

import os
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

# As in the package itself: `typing` takes longer than all else that comes before a command answers Ctrl-C.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

_cleanups: list[Callable[[], object]] = []
_said = "interrupted; what was finished before is kept"


class Wish:
    """Whether somebody asked for an end; called like a function, it says so.

    Attributes:
        number: of the first signal that came, None as long as there was none.
    """

    number: int | None = None

    def __call__(self) -> bool:
        """Whether the end was asked for."""
        return self.number is not None


def exit_code(number: int) -> int:
    """What a shell calls the end by a signal: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP."""
    return 128 + int(number)


def install() -> None:
    """From now on each of the signals ends this process at once, with one line and its exit code.

    For the command line, as early as can be. A SIGHUP that is ignored (nohup) stays ignored.
    """
    for number in _heard():
        signal.signal(number, _leave)


def say_on_leaving(sentence: str) -> None:
    """What a command says when it leaves at once; the line begins with "interrupted; "."""
    global _said
    _said = f"interrupted; {sentence}"


@contextmanager
def cleaning(cleanup: Callable[[], object]) -> Iterator[None]:
    """Inside the block, leaving at once calls this first: to end child processes, for one."""
    _cleanups.append(cleanup)
    try:
        yield
    finally:
        _cleanups.remove(cleanup)


@contextmanager
def wishes(say: Callable[[str], object], sentence: str) -> Iterator[Wish]:
    """Inside the block the first signal is a wish to be asked for; a second one does what it did before the block.

    Args:
        say: told the sentence when the first signal comes.
        sentence: what happens now.

    Yields:
        The `Wish`. In another thread than the main one it never comes: handlers are the main thread's.
    """
    wish = Wish()
    before: dict[int, Any] = {}

    def handle(number: int, frame: object) -> None:
        if wish.number is None:
            wish.number = number
            _let_go_of_a_closed_terminal()
            with suppress(OSError, RuntimeError):  # in the middle of another line
                say(sentence)
            return
        earlier = before[number]
        if callable(earlier):
            earlier(number, frame)
        else:
            raise KeyboardInterrupt

    try:
        for number in _heard():
            before[number] = signal.getsignal(number)
            signal.signal(number, handle)
    except ValueError:  # not the main thread
        before.clear()
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def held_back() -> Iterator[None]:
    """Processes started inside the block never see the signals, from their first instruction on.

    A signal to a whole job or process group is for the one that supervises: it lets its workers finish, or ends them.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows has no such mask, nor process groups that are signalled
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _heard() -> Iterator[int]:
    for number in SIGNALS:
        if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
            yield number


def _let_go_of_a_closed_terminal() -> None:
    """Where the terminal is gone every word to it is an error, and must not end what goes on to write results."""
    for handle in (1, 2):
        with suppress(OSError):
            if stat.S_ISCHR(os.fstat(handle).st_mode) and not os.isatty(handle):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, handle)
                os.close(nowhere)


def _leave(number: int, _frame: object) -> None:
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    for cleanup in reversed(_cleanups):
        with suppress(Exception):
            cleanup()
    # Not by `print`: the interrupted code may hold the stream's lock. A progress bar had hidden the cursor.
    shown = b"\x1b[?25h\n" if sys.stderr is not None and os.isatty(2) else b""
    with suppress(OSError):
        os.write(2, shown + f"curldescent: {_said}\n".encode())
    with suppress(Exception):
        sys.stdout.flush()
    os._exit(exit_code(number))
