"""What the parts of the tour are told: whether to show progress, how long to run, when to stop."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import curldescent as cd
from curldescent.foundation import progress

if TYPE_CHECKING:
    import xarray as xr


class Stopped(Exception):
    """A part was given up in the middle, because somebody asked for that."""


@dataclass(frozen=True)
class TourOptions:
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

    def epochs(self, full: int) -> int:
        """How many of a part's epochs to run."""
        return max(1, round(full * self.share))

    def train(
        self,
        problem: "cd.Problem",
        rules: "cd.Plasticity | Mapping[str, cd.Plasticity]",
        *,
        label: str,
        **training: Any,
    ) -> "xr.Dataset":
        """Train for a part of the tour.

        Args:
            problem: as `curldescent.train` takes it.
            rules: as `curldescent.train` takes them.
            label: of the progress display.
            **training: other arguments of `curldescent.train`.

        Returns:
            The whole history.

        Raises:
            Stopped: an end was asked for.
        """
        shown = progress.on_stderr(label) if self.shown else progress.Silent()
        history = cd.train(problem, rules, **training, progress=shown, stopping=self.stopping)
        if "interrupted_at" in history.attrs:
            raise Stopped
        return history
