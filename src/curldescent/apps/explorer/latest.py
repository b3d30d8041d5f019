"""Keep up with a dragged slider: many requests, few computations, the last one always done."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

from bokeh.document import Document

# One pool for all pages: what is computed there takes milliseconds.
_POOL = ThreadPoolExecutor(2, thread_name_prefix="explorer")


class Latest:
    """Runs a function on the event loop a little after it was asked for, once for any number of requests.

    A dragged slider sends a message every few milliseconds. Handling a message only takes note of the new value; the
    pictures follow when the loop is free again, so that no queue builds up.

    Args:
        document: of the session.
        work: what to do.
        delay: milliseconds between request and work.
    """

    def __init__(self, document: Document, work: Callable[[], None], delay: int = 8) -> None:
        self._document, self._work, self._delay = document, work, delay
        self._asked = False

    def ask(self) -> None:
        """Have the work done soon."""
        if not self._asked:
            self._asked = True
            self._document.add_timeout_callback(self._run, self._delay)

    def _run(self) -> None:
        self._asked = False
        self._work()


class Background:
    """Computes in a thread and shows the result on the event loop; only the newest request is shown.

    Args:
        document: of the session.
        compute: called in the thread with the request's argument.
        show: called on the loop with what came out.
    """

    def __init__(self, document: Document, compute: Callable[[Any], Any], show: Callable[[Any], None]) -> None:
        self._document, self._compute, self._show = document, compute, show
        self._wanted: Any = None
        self._running = False
        # A tab may be closed while its numbers are computed; its document then takes no more.
        self._gone, self._leaving = False, Lock()
        document.on_session_destroyed(self._leave)

    def _leave(self, _context: Any) -> None:
        with self._leaving:
            self._gone = True

    def ask(self, argument: Any) -> None:
        """Compute for this argument; a request that waits is replaced."""
        self._wanted = (argument,)
        if not self._running:
            self._next()

    def _next(self) -> None:
        (argument,), self._wanted = self._wanted, None
        self._running = True
        future = _POOL.submit(self._compute, argument)
        future.add_done_callback(self._hand_over)

    def _hand_over(self, done: Any) -> None:
        with self._leaving:
            if not self._gone:
                self._document.add_next_tick_callback(lambda: self._finish(done))

    def _finish(self, done: Any) -> None:
        self._running = False
        if self._wanted is not None:
            self._next()
        self._show(done.result())
