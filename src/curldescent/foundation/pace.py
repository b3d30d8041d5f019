"""How long something will still take, judged by its recent pace."""

import time
from collections import deque

# The pace of the last reports, over about so many seconds: what went before may have been slower, or faster.
WINDOW = 30.0
# Reports that come together, as from two workers that began together, tell no pace.
SHORTEST = 1.0
# Compiling, loading and sampling take less than this. A first report that took longer is mostly progress itself.
LONGEST_START = 60.0


class Pace:
    """What is left of a task, in seconds, from what was done lately.

    The first report of progress only starts the clock: until then something was compiled, loaded or sampled, which
    says nothing about the rest.

    Args:
        total: how much there is to do, in any unit.
        now: seconds on a clock that only runs forward; by default the process's own.

    Example:
        >>> pace = Pace(100, now=0.0)
        >>> pace.report(1, now=10.0)
        >>> pace.left is None
        True
        >>> pace.report(41, now=14.0)
        >>> pace.rate, pace.left
        (10.0, 5.9)
    """

    def __init__(self, total: float, now: float | None = None) -> None:
        self._total = total
        self._began = time.monotonic() if now is None else now
        self._reports: deque[tuple[float, float]] = deque()

    def report(self, done: float, now: float | None = None) -> None:
        """So much is done by now.

        Args:
            done: in the unit of the total.
            now: as above.
        """
        now = time.monotonic() if now is None else now
        if done <= 0 or (self._reports and done <= self._reports[-1][1]):
            return
        if not self._reports and now - self._began > LONGEST_START:
            self._reports.append((self._began, 0.0))
        self._reports.append((now, done))
        # The newest report that is a window old stays, and what came after it.
        while len(self._reports) > 2 and now - self._reports[1][0] > WINDOW:
            self._reports.popleft()

    @property
    def rate(self) -> float | None:
        """Units a second, or None where there is nothing yet to tell it from."""
        if len(self._reports) < 2:
            return None
        (began, before), (now, done) = self._reports[0], self._reports[-1]
        return (done - before) / (now - began) if now - began >= SHORTEST else None

    @property
    def left(self) -> float | None:
        """Seconds until everything is done, or None."""
        rate = self.rate
        return None if rate is None else max(0.0, self._total - self._reports[-1][1]) / rate
