"""Several engines as one: rules that are not computed in the same way, each as it would be alone."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from curldescent.learning.engines.contract import Engine

Array = NDArray[np.float64]


class SideBySide:
    """Engines for different rules of one experiment, advanced together: an `Engine` itself.

    Args:
        engines: with the same trials, not yet advanced.
        rules: the numbers of each engine's rules in the whole experiment.
    """

    def __init__(self, engines: "Sequence[Engine]", rules: Sequence[Sequence[int]]) -> None:
        self._engines = list(engines)
        # Where each rule's row is once the engines' rows stand one below the other.
        self._rows = np.argsort([rule for own in rules for rule in own])
        self._rules = [list(own) for own in rules]
        self.name = ", ".join(dict.fromkeys(engine.name for engine in self._engines))
        self.device = ", ".join(dict.fromkeys(engine.device for engine in self._engines))

    @property
    def epoch(self) -> int:
        """Finished epochs."""
        return self._engines[0].epoch

    def advance(self, epochs: int) -> None:
        """Learn for that many more epochs."""
        for engine in self._engines:
            engine.advance(epochs)

    def errors(self) -> tuple[Array, Array | None]:
        """Training and test error of the present weights, each (R, T); no test error without test inputs."""
        found = [engine.errors() for engine in self._engines]
        tests = [test for _, test in found if test is not None]
        return self._in_order([train for train, _ in found]), self._in_order(tests) if tests else None

    def weights(self) -> tuple[Array, ...]:
        """Every layer's weights, (R, T, post, pre); NaN for diverged trials."""
        return tuple(map(self._in_order, zip(*(engine.weights() for engine in self._engines), strict=True)))

    def states(self) -> dict[str, Array]:
        """What the rules remember, each (R, T, …), NaN for those that remember no such thing.

        Where rules remember things of the same name in different shapes, "_rule0", "_rule2", … say whose they are.
        """
        found = [engine.states() for engine in self._engines]
        shapes: dict[str, set[tuple[int, ...]]] = {}
        for states in found:
            for name, values in states.items():
                shapes.setdefault(name, set()).add(values.shape[2:])
        whole: dict[str, Array] = {}
        for own, states in zip(self._rules, found, strict=True):
            for name, values in states.items():
                key = name if len(shapes[name]) == 1 else f"{name}_rule{own[0]}"
                rows = whole.setdefault(key, np.full((len(self._rows), *values.shape[1:]), np.nan))
                rows[own] = values
        return whole

    @property
    def active(self) -> NDArray[np.bool_]:
        """Which trials still learn, (R, T)."""
        return np.concatenate([engine.active for engine in self._engines])[self._rows]

    @property
    def diverged_at(self) -> NDArray[np.int64]:
        """The epoch each trial diverged at, (R, T); −1 where it did not."""
        return np.concatenate([engine.diverged_at for engine in self._engines])[self._rows]

    def stop(self, which: NDArray[np.bool_], *, diverged: bool = False) -> None:
        """Freeze trials, (R, T) mask; as diverged at the present epoch where that is why."""
        for engine, own in zip(self._engines, self._rules, strict=True):
            engine.stop(which[own], diverged=diverged)

    def _in_order(self, rows: Sequence[Array]) -> Array:
        return np.concatenate(rows)[self._rows]
