"""What a student cannot learn because it keeps the norms of its layers: a lower bound on its training error.

With |φ(u)| ≤ |u| in both layers (linear and tanh), every output is at most |w2·φ(W1 x)|, so that over the samples

    rms(ŷ) ≤ ‖W2‖ rms(‖W1 x‖) ≤ ‖W2‖ ‖W1‖_F √λ_max(Σ̂),   Σ̂ = ⟨x xᵀ⟩,

and by the triangle inequality C = ½⟨(ŷ − y)²⟩ ≥ ½ (rms(y) − ‖W2‖ ‖W1‖_F √λ_max(Σ̂))² where that difference is positive.
Norms that are preserved make it a constant of any learning rule whatever.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from curldescent.foundation.errors import InputError
from curldescent.model.losses import SQUARED
from curldescent.model.problem import Problem
from curldescent.paper.machinery import shares, speedup_claims, speedup_protocol
from curldescent.paper.machinery.claims import Finding
from curldescent.paper.machinery.speedup_protocol import THRESHOLD

# Activations with |φ(u)| ≤ |u|.
BOUNDED = ("linear", "tanh")


def least_errors(problem: Problem) -> NDArray[np.float64]:
    """The training error that no rule gets below while both layers keep their Frobenius norms.

    Args:
        problem: one hidden layer and one output, linear or tanh.

    Returns:
        (trials,), 0 where the bound says nothing.

    Raises:
        InputError: another network.

    Source: the docstring of this module.

    Example:
        >>> import curldescent as cd
        >>> small = cd.student_teacher(n_inputs=20, n_hidden=5, n_train=200, activation="tanh", student_scale=0.1)
        >>> least_errors(small).shape
        (1,)
        >>> bool((least_errors(small) > 1e-3).all())
        True
    """
    student = problem.student
    if len(student.layers) != 2 or student.layers[-1].shape[-2] != 1 or problem.loss != SQUARED:
        raise InputError("least_errors is for students with one hidden layer, one output and the squared loss")
    if problem.activation not in BOUNDED or problem.output_activation not in BOUNDED:
        raise InputError("least_errors is for linear and tanh students, whose outputs their norms bound")
    hidden, readout = (np.sqrt((layer**2).sum(axis=(-2, -1))) for layer in student.layers)
    largest = float(np.linalg.eigvalsh(problem.inputs.T @ problem.inputs / problem.n_train)[-1])
    wanted = np.sqrt((problem.train_outputs() ** 2).mean(axis=(-2, -1)))
    short = np.maximum(wanted - hidden * readout * np.sqrt(largest), 0.0)
    return np.asarray(0.5 * short**2)


def least_errors_along(axis: str, values: Sequence[float], trials: int, samples: int) -> xr.Dataset:
    """`least_errors` of the protocol's students, those that the sweep along this axis would train.

    Args:
        axis: of the sweep, "student_scale".
        values: of it.
        trials: per cell.
        samples: P.

    Returns:
        `least_error` over (axis, trial).
    """
    sweep = speedup_protocol.sweep({axis: list(values)}, trials=trials, epochs=1, n_train=samples)
    # The rules share their students.
    found = [least_errors(sweep.cell(**{axis: value, "rule": "GD"}).problem) for value in values]
    return xr.Dataset({"least_error": ((axis, "trial"), np.stack(found))}, coords={axis: list(values)})


def never_reached(data: xr.Dataset, bounds: xr.Dataset | None, axis: str, *, up_to: float, least: float) -> Finding:
    """Whether students up to a value of an axis never get their training error below the threshold, run or not.

    Args:
        data: of the sweep.
        bounds: of `least_errors_along`, or None. It speaks for values that the sweep did not run, for every rule.
        axis: of both.
        up_to: the largest value that counts.
        least: the share of trials that confirms.

    Returns:
        The finding. A student's bound needs no interval: it holds whatever is learned, and by whatever rule. Students
        that were run and of which it says nothing are judged by their share; one that was not run leaves it open.
    """
    missed, text = speedup_claims.never(data, "train", axis, up_to=up_to)
    ran = shares.found_of_trials(missed, np.ones_like(missed), text, least=least) if missed.size else None
    there = [] if bounds is None else [value for value in bounds[axis].values if value <= up_to]
    if bounds is None or not there:
        return ran or speedup_claims.without_value(up_to)
    errors = bounds.least_error.sel({axis: there})
    excluded = errors > THRESHOLD
    said = (
        f"{int(excluded.sum())} of {excluded.size} students cannot: with their norms the training error is at least "
        f"{float(errors.min()):.2g} whatever they learn and by whatever rule (scales "
        f"{', '.join(f'{value:g}' for value in there)})"
    )
    numbers = {"excluded": int(excluded.sum()), "students": excluded.size, "least error": float(errors.min())}
    run = np.isin(there, data[axis].values)
    holds: bool | None = None if not bool(excluded[~run].all()) else True
    if ran is not None:
        known = bool(missed.all()) and len(missed) == run.sum() and bool(excluded[run].all())
        holds = shares.all_of((True if known else ran.holds, holds))
    return Finding(holds, said if ran is None else f"{ran.said}; {said}", {**(ran.numbers if ran else {}), **numbers})
