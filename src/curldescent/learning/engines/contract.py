"""What an engine is. One file fulfils this and is named in the registry; nothing else knows its class."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from curldescent.learning.experiment import Experiment

Array = NDArray[np.float64]


class Engine(Protocol):
    """A run of an experiment that can be advanced epoch by epoch; R rules, T trials.

    Every engine computes what `rules.signed_gradient` (or the experiment's own rule) says, epoch after epoch in the
    sample orders of `schedule.SampleOrders`. A student's numbers do not depend on the other students.
    """

    name: str
    """What `train(engine=…)` calls it, and histories."""

    @property
    def device(self) -> str:
        """What it runs on."""

    @property
    def epoch(self) -> int:
        """Finished epochs."""

    def advance(self, epochs: int) -> None:
        """Learn for that many more epochs."""

    def errors(self) -> tuple[Array, Array | None]:
        """Training and test error of the present weights, each (R, T); no test error without test inputs."""

    def weights(self) -> tuple[Array, ...]:
        """Every layer's weights, (R, T, post, pre); NaN for diverged trials."""

    def states(self) -> Mapping[str, Array]:
        """What the rules remember beside the weights, by the names of `rules.contract.named_states`: each (R, T, …).

        NaN for diverged trials and for rules that remember no such thing; empty where none remembers anything.
        """

    @property
    def active(self) -> NDArray[np.bool_]:
        """Which trials still learn, (R, T)."""

    @property
    def diverged_at(self) -> NDArray[np.int64]:
        """The epoch each trial diverged at, (R, T); −1 where it did not."""

    def stop(self, which: NDArray[np.bool_], *, diverged: bool = False) -> None:
        """Freeze trials, (R, T) mask; as diverged at the present epoch where that is why."""


class Kind(Protocol):
    """An engine's file, as the registry sees it: these names at its top level."""

    @staticmethod
    def refusal(experiment: "Experiment", dtype: str) -> str | None:
        """Why this engine cannot run an experiment of one rule, as the end of a sentence; None if it can.

        Args:
            experiment: what is to be run.
            dtype: "float64" or "float32".
        """

    @staticmethod
    def worth(experiment: "Experiment", epochs: int) -> bool:
        """Whether it pays for a run of so many epochs, where it can run it.

        Args:
            experiment: of one rule.
            epochs: how long.
        """

    @staticmethod
    def way(experiment: "Experiment") -> object:
        """What else decides about the order of sums for a rule: rules that go the same way share one run.

        Args:
            experiment: of one rule.
        """

    @staticmethod
    def build(experiment: "Experiment", *, dtype: str, threads: int | None) -> Engine:
        """The engine, not yet advanced.

        Args:
            experiment: of rules that go the same way.
            dtype: "float64" or "float32".
            threads: CPU threads; None for all cores.
        """
