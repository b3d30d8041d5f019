"""Side-by-side timing: every contender in turn, round after round, so that what disturbs one disturbs all."""

import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol


class Stepper(Protocol):
    """Anything that learns epoch by epoch."""

    def advance(self, epochs: int) -> None:
        """Learn for that many more epochs."""


Clock = Callable[[], float]


def seconds(work: Callable[[], object], clock: Clock = time.perf_counter) -> float:
    """Time of one call."""
    began = clock()
    work()
    return clock() - began


def epochs_lasting(stepper: Stepper, target: float) -> int:
    """How many epochs take about `target` seconds; the first call, which may compile, is not counted."""
    stepper.advance(1)
    epochs = 1
    while (took := seconds(partial(stepper.advance, epochs))) < target / 2:
        epochs = max(2 * epochs, round(epochs * min(100.0, 0.75 * target / max(took, 1e-6))))
    return epochs


def side_by_side(
    steppers: Mapping[str, Stepper], *, rounds: int, sample: float, clock: Clock = time.process_time
) -> dict[str, float]:
    """Median seconds per epoch of every stepper, measured in turn.

    Args:
        steppers: by name.
        rounds: how many times each is measured.
        sample: how long one measurement lasts, in seconds.
        clock: the time of cores spent, by default, which waiting for other programs does not add to;
            `time.perf_counter` where threads are to be seen.

    Returns:
        Seconds per epoch, by name.
    """
    epochs = {name: epochs_lasting(stepper, sample) for name, stepper in steppers.items()}
    times: dict[str, list[float]] = {name: [] for name in steppers}
    for _ in range(rounds):
        for name, stepper in steppers.items():
            count = epochs[name]
            times[name].append(seconds(partial(stepper.advance, count), clock) / count)
    return {name: statistics.median(values) for name, values in times.items()}
