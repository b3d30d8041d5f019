"""What the reduced equations of learning share: rules by name, recorded epochs, the integration up to a threshold."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import quantities, validation
from curldescent.foundation.errors import InputError
from curldescent.model import losses
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

# Flipped inputs can send weights to infinity in finite time.
BLOW_UP = 1e8
STATUS = ("reached the end", "stopped below the threshold", "diverged", "solver gave up", "too many evaluations")
# By default, of the velocity for one student. The paper's networks take 30 000 for 100 000 epochs at a student scale of
# 2 and five times as many at 10; a million are a minute with averages in closed form.
MOST_EVALUATIONS = 1_000_000


class _TooManyEvaluationsError(Exception):
    """The equations cannot be followed to their end in the evaluations that are allowed."""


def named_rules(rule: Any) -> tuple[dict[str, Plasticity], bool]:
    """Rules by name, and whether several were given."""
    several = isinstance(rule, Mapping)
    rules = dict(rule) if several else {"": rule}
    wrong = [type(item).__name__ for item in rules.values() if not isinstance(item, Plasticity)]
    if wrong or not rules:
        given = wrong[0] if wrong else "nothing"
        raise InputError(f"rule must be a cd.Plasticity, or a mapping from names to them, got {given}")
    for item in rules.values():
        if item.feedback is not None:
            raise InputError("rule must backpropagate: the macroscopic equations have no feedback alignment")
    return rules, several


def recorded_epochs(record: int | ArrayLike, end: float) -> Array:
    """The epochs that are recorded, see `macroscopic`."""
    times = validation.finite_array("record", record, ndim=(0, 1))
    if times.ndim == 0:
        count = validation.integer("record", record, minimum=1, maximum=1_000_000)
        if end <= 1 or count == 1:
            return np.linspace(0.0, end, count + 1)
        return np.concatenate([[0.0], np.geomspace(1.0, end, count)])
    if not times.size or times[0] < 0 or times[-1] > end or (np.diff(times) <= 0).any():
        raise InputError(
            f"record must list increasing epochs between 0 and {end:g}, got {validation.shown(times.tolist())}"
        )
    return times


def require_two_layers(problem: Problem, use: str) -> None:
    """Refuse problems without a teacher, of another depth or loss.

    Args:
        problem: to be followed.
        use: what its teacher is for.

    Raises:
        InputError: one of these.
    """
    if problem.teacher is None:
        raise InputError(f"problem must have a teacher: {use}")
    for name, weights in (("student", problem.student), ("teacher", problem.teacher)):
        if weights.depth != 2:
            raise InputError(f"the {name} must have two layers of weights, got {weights.depth}")
    if problem.loss is not losses.checked("loss", "squared"):
        raise InputError(f"the loss must be the squared error, got {problem.loss.name}")


def require_norms(*layers: Array) -> None:
    """Refuse layers that cannot stay on their spheres.

    Args:
        *layers: weights.

    Raises:
        InputError: one that is zero, whose sphere is a point.
    """
    if not all(layer.any() for layer in layers):
        raise InputError("preserve_norms needs layers that are not all zero: one of the student's is")


def followed(
    velocity: Callable[[Array], Array],
    error: Callable[[Array], float],
    start: Array,
    epochs: Array,
    end: float,
    rate: float,
    threshold: float | None,
    rtol: float,
    max_evaluations: int,
) -> tuple[Array, dict[str, Any]]:
    """Integrate one student to the end, or to the threshold, whatever is recorded on the way.

    Args:
        velocity: of a state, per unit of learning rate × epochs.
        error: of a state.
        start: the state at the beginning, (n,).
        epochs: that are recorded, increasing, (E,).
        end: the last epoch, recorded or not.
        rate: η.
        threshold: the error at which it ends; None for none.
        rtol: relative error per step.
        max_evaluations: of the velocity.

    Returns:
        States at those epochs, (E, n), the last one from where it stopped on and NaN after a divergence, all of them
        NaN where evaluations were too few; and `stopped_at`, `diverged_at`, `status`, `evaluations`.
    """
    from scipy.integrate import solve_ivp

    out: dict[str, Any] = {"stopped_at": np.nan, "diverged_at": np.nan, "status": STATUS[0], "evaluations": 0}

    evaluated = [0]

    def moved(_: float, flat: Array) -> Array:
        evaluated[0] += 1
        if evaluated[0] > max_evaluations:
            raise _TooManyEvaluationsError
        return rate * velocity(flat)

    accepted = [0.0]

    def blown(time: float, flat: Array) -> float:
        # Asked after every step that was accepted, and for earlier times where an event is looked for.
        accepted[0] = max(accepted[0], time)
        return float(np.abs(flat).max() - BLOW_UP)

    def below(_: float, flat: Array) -> float:
        # In the logarithm, which is straighter along the way down.
        return float(np.log(max(error(flat), 1e-300)) - np.log(threshold or 1.0))

    events: list[Any] = [blown, *([below] if threshold is not None else [])]
    for event in events:
        event.terminal = True
    if threshold is not None and below(0.0, start) <= 0:
        out.update(status=STATUS[1], stopped_at=0.0)
        return np.tile(start, (len(epochs), 1)), out
    path = np.full((len(epochs), start.size), np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        try:
            solved = solve_ivp(
                moved, (0.0, end), start, method="DOP853", t_eval=epochs, events=events, rtol=rtol, atol=1e-3 * rtol
            )
        except _TooManyEvaluationsError:
            return path, out | {"status": STATUS[4], "evaluations": max_evaluations}
    out["evaluations"] = solved.nfev
    path[: len(solved.t)] = solved.y.T if len(solved.t) else path[:0]
    if solved.status == -1:
        # Close to a blow-up the step shrinks below the spacing of numbers before the bound is met.
        out.update(status=STATUS[3], diverged_at=accepted[0])
    elif solved.status == 1 and solved.t_events[0].size:
        out.update(status=STATUS[2], diverged_at=float(solved.t_events[0][0]))
    elif solved.status == 1:
        out.update(status=STATUS[1], stopped_at=float(solved.t_events[1][0]))
        path[len(solved.t) :] = solved.y_events[1][0]
    return path, out


def labelled(
    found: list[dict[str, Any]],
    epochs: Array,
    names: list[str] | None,
    trials: int,
    dims: Mapping[str, Sequence[str]],
    settings: dict[str, Any],
    of: str,
) -> "xr.Dataset":
    """What was found of every student, as a dataset.

    Args:
        found: name → value of each, rule by rule and in them trial by trial.
        epochs: recorded ones, (E,).
        names: of the rules; None for a single one, which gets no dimension.
        trials: of each rule.
        dims: name → dimensions after those of rule and trial; without entry there are none.
        settings: attributes.
        of: the function that is asked, for labels and units.

    Returns:
        The dataset.
    """
    import xarray as xr

    values: dict[str, Any] = {}
    for name in found[0]:
        array = np.array([item[name] for item in found])
        array = array.reshape(-1, trials, *array.shape[1:])
        here = ("rule", "trial", *dims.get(name, ()))
        values[name] = (here, array) if names is not None else (here[1:], array[0])
    coordinates: dict[str, Any] = {"trial": np.arange(trials), "epoch": epochs}
    data = xr.Dataset(values, coords=coordinates if names is None else {**coordinates, "rule": names}, attrs=settings)
    return quantities.labelled(data, of=of)
