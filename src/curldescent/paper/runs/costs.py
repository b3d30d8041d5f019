"""What figures cost at a scale, before anything is run."""

from collections.abc import Sequence
from dataclasses import dataclass

from curldescent import sweeps
from curldescent.foundation import validation
from curldescent.foundation.progress import Progress, checked
from curldescent.paper.machinery.claims import SCALES, Figure, Scale
from curldescent.paper.machinery.computation import Computation


@dataclass(frozen=True)
class Cost:
    """One experiment.

    Args:
        figure: that it belongs to, the first of several.
        experiment: its name.
        cells: of its sweep; 0 for a computation that is no sweep.
        trials: per cell.
        updates: weight updates, if no trial stops early.
        hours: of one core of this machine, at most where trials may stop early; None where it is not known beforehand.
        upper_bound: whether they may.
    """

    figure: str
    experiment: str
    cells: int
    trials: int
    updates: float
    hours: float | None
    upper_bound: bool


def costs(
    figures: Sequence[Figure], scale: Scale, *, progress: Progress | None = None, calibrate: bool = True
) -> list[Cost]:
    """The cost of every experiment of some figures, each once.

    Args:
        figures: whose.
        scale: at which.
        progress: told which one is timed.
        calibrate: whether to time anything; without it there are no hours.

    Returns:
        In order. What computations take that are no sweeps is not estimated.

    Raises:
        InputError: an unknown scale.
    """
    validation.choice("scale", scale, SCALES)
    progress = checked(progress)
    out: dict[str, Cost] = {}
    for figure in figures:
        for name, experiment in figure.at(scale).items():
            if name in out:
                continue
            if isinstance(experiment, Computation):
                out[name] = Cost(figure.key, name, 0, 0, 0.0, None, upper_bound=False)
                continue
            if calibrate:
                progress.say(f"{figure.key}: timing a few cells of {name}")
            plan = sweeps.plan(experiment, workers=1, calibrate=calibrate)
            hours = None if plan.seconds is None else plan.seconds / 3600
            out[name] = Cost(
                figure.key, name, plan.cells, plan.trials, plan.updates, hours, upper_bound=plan.upper_bound
            )
    return list(out.values())
