"""One cell of a sweep as the experiment that it is: a problem, a learning rule, and how it is trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from curldescent.model.problem import Problem
from curldescent.sweeps.description.settings import CellArguments, Settings


@dataclass(frozen=True, eq=False, repr=False)
class Cell:
    """An experiment of a sweep; ``curldescent.train(cell.problem, cell.rule, **cell.training)`` repeats it to the bit.

    Made by `Sweep.cell`.

    Args:
        settings: what all cells of the sweep share.
        values: parameter → value, of this cell.
        seed_text: what its random numbers derive from: its values on the axes that are not paired.
    """

    settings: Settings
    values: Mapping[str, Any]
    seed_text: str

    @cached_property
    def arguments(self) -> CellArguments:
        """The arguments of every function, before anything is sampled."""
        return self.settings.resolved(self.values)

    @cached_property
    def problem(self) -> Problem:
        """The cell's problem, sampled when it is first asked for; its students stand where they start."""
        return self.settings.problem(self.arguments, self.seed_text)

    @property
    def rule(self) -> Any:
        """The cell's learning rule, a `Plasticity` where the sweep names no other kind."""
        return self.arguments.learning_rule

    @property
    def seed(self) -> int:
        """The seed of its training: sample orders, and feedback where that is random."""
        return self.settings.seed_for("training", self.seed_text)

    @property
    def training(self) -> dict[str, Any]:
        """The other arguments of `curldescent.train`, as the sweep says them; what it omits has its default."""
        return {**self.arguments.training, "seed": self.seed}

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={value!r}" for name, value in self.values.items())
        return f"Cell({said})"
