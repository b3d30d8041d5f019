"""Where the students of a sweep begin, and how large their teachers are."""

from dataclasses import KW_ONLY, asdict, dataclass, replace
from typing import Any

import numpy as np

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.model.problem import NOISES, Problem
from curldescent.model.weights import Weights

PLACES = ("random", "teacher")


@dataclass(frozen=True)
class Start:
    """The starting point of every trial.

    Args:
        at: "random", the sampled student; or "teacher", a zero-error solution.
        hidden_noise: size of the noise on every hidden weight of a student at its teacher.
        readout_noise: the same for the readout weights.
        noise: "gaussian", of that standard deviation, or "constant", the same number added to every weight of the layer
            (the paper's figures 3b, 4 and 8).
        normalise_teacher: first scale every teacher to ‖W1‖_F = √N and ‖W2‖_F = 1 (the paper's figure 3b).

    Raises:
        InputError: an unknown place, negative noise, or noise without a teacher to put it on.

    Example:
        >>> Start(at="teacher", hidden_noise=1e-15)
        Start(at='teacher', hidden_noise=1e-15, readout_noise=0.0, noise='gaussian', normalise_teacher=False)
    """

    _: KW_ONLY
    at: str = "random"
    hidden_noise: float = 0.0
    readout_noise: float = 0.0
    noise: str = "gaussian"
    normalise_teacher: bool = False

    def __post_init__(self) -> None:
        validation.choice("start.at", self.at, PLACES)
        for name in ("hidden_noise", "readout_noise"):
            value = validation.positive(f"start.{name}", getattr(self, name), zero=True)
            object.__setattr__(self, name, value)
            if value and self.at == "random":
                raise InputError(f'start.{name} goes with at = "teacher", got {value:g} with at = "random"')
        validation.choice("start.noise", self.noise, NOISES)
        normalise = validation.boolean("start.normalise_teacher", self.normalise_teacher)
        object.__setattr__(self, "normalise_teacher", normalise)

    def applied(self, problem: Problem, *, seed: int) -> Problem:
        """The problem with its teacher scaled and its students placed.

        Args:
            problem: as sampled, with a teacher.
            seed: of the noise.

        Returns:
            A new `Problem`, or the same where nothing changes.
        """
        if self.normalise_teacher:
            assert problem.teacher is not None
            hidden, readout = problem.teacher.hidden, problem.teacher.readout
            axes = (-2, -1)
            problem = replace(
                problem,
                teacher=Weights(
                    hidden=hidden * np.sqrt(hidden.shape[-2] / (hidden**2).sum(axes, keepdims=True)),
                    readout=readout / np.sqrt((readout**2).sum(axes, keepdims=True)),
                ),
            )
        if self.at == "teacher":
            problem = problem.starting_at_teacher(
                hidden_noise=self.hidden_noise, readout_noise=self.readout_noise, noise=self.noise, seed=seed
            )
        return problem

    def as_json(self) -> dict[str, Any]:
        """Plain data for the plan."""
        return asdict(self)
