"""Runs behind the figure of large teachers and small thresholds: the equations, and students by the same protocol."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curldescent.learning.train import train
from curldescent.model.student_teacher import student_teacher
from curldescent.paper.machinery import macroscopic_runs, speedup_protocol, to_threshold
from curldescent.theory import macroscopic

if TYPE_CHECKING:
    import xarray as xr

    from curldescent.model.problem import Problem

# Input sets that no other figure has.
FIRST_SEED = 920
SAMPLES = 2000
RULES = macroscopic_runs.RULES


def problem_of(student: float, teacher: float, seed: int) -> "Problem":
    """Student, teacher and samples; those of other scales of the same set differ by factors of the weights alone.

    Args:
        student: scale.
        teacher: scale.
        seed: which input set, from 0.
    """
    return student_teacher(
        n_inputs=speedup_protocol.INPUTS,
        n_hidden=speedup_protocol.HIDDEN,
        activation="tanh",
        n_train=SAMPLES,
        n_test=0,
        student_scale=student,
        teacher_scale=teacher,
        seed=FIRST_SEED + seed,
    )


def errors(students: Sequence[float], teachers: Sequence[float], sets: int, epochs: Sequence[int]) -> "xr.Dataset":
    """Errors on the way, simulated and by the equations, of the same students.

    Args:
        students: scales, one a place.
        teachers: scales, one a place.
        sets: input sets, one student each.
        epochs: at which errors are compared.

    Returns:
        Over (place, rule, set, epoch): `measured` and `predicted`, training error and error of the equations.
    """
    import xarray as xr

    found = {name: np.empty((len(students), len(RULES), sets, len(epochs))) for name in ("measured", "predicted")}
    for place, (student, teacher) in enumerate(zip(students, teachers, strict=True)):
        for seed in range(sets):
            problem = problem_of(student, teacher, seed)
            run = train(
                problem,
                dict(RULES),
                epochs=epochs[-1],
                learning_rate=speedup_protocol.LEARNING_RATE,
                batch_size=speedup_protocol.BATCH,
                preserve_norms=True,
                record=list(epochs),
            )
            found["measured"][place, :, seed] = run.train_error.values[:, 0]
            limit = macroscopic(
                problem,
                RULES,
                epochs=epochs[-1],
                learning_rate=speedup_protocol.LEARNING_RATE,
                preserve_norms=True,
                record=epochs,
                samples=macroscopic_runs.FIELDS,
            )
            found["predicted"][place, :, seed] = limit.error.values[:, 0]
    return xr.Dataset(
        {name: (("place", "rule", "set", "epoch"), values) for name, values in found.items()},
        coords={
            "student_scale": ("place", list(students)),
            "teacher_scale": ("place", list(teachers)),
            "rule": list(RULES),
            "epoch": list(epochs),
        },
    )


def reached(scales: Sequence[float], teacher: float, sets: int, epochs: int, threshold: float) -> "xr.Dataset":
    """Epochs to a threshold of training error.

    Args:
        scales: of the student.
        teacher: its scale.
        sets: input sets, one student each.
        epochs: the most; a student that is not there counts with it.
        threshold: the error that counts as learned.

    Returns:
        `epochs` over (student_scale, rule, set).
    """
    found = np.empty((len(scales), len(RULES), sets))
    for s, scale in enumerate(scales):
        for seed in range(sets):
            run = to_threshold.trained(problem_of(scale, teacher, seed), RULES, epochs, threshold)
            found[s, :, seed] = run.needed.values[:, 0]
    return _by_scale(scales, found)


def told(scales: Sequence[float], teacher: float, sets: int, epochs: int, threshold: float) -> "xr.Dataset":
    """The same by the equations, of the same students.

    Args:
        scales: as in `reached`.
        teacher: as there.
        sets: as there.
        epochs: as there.
        threshold: as there.

    Returns:
        As there.
    """
    found = np.empty((len(scales), len(RULES), sets))
    for s, scale in enumerate(scales):
        for seed in range(sets):
            run = macroscopic_runs.predicted(problem_of(scale, teacher, seed), epochs, threshold, record=1)
            found[s, :, seed] = run.stopped_at.fillna(epochs).values[:, 0]
    return _by_scale(scales, found)


def _by_scale(scales: Sequence[float], epochs: NDArray[np.float64]) -> "xr.Dataset":
    import xarray as xr

    return xr.Dataset(
        {"epochs": (("student_scale", "rule", "set"), epochs.clip(min=1))},
        coords={"student_scale": list(scales), "rule": list(RULES)},
    )
