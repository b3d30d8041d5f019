"""Runs behind the figure of the macroscopic equations: predictions, and simulated students that they speak of."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.learning.train import train
from curldescent.model.plasticity import Plasticity
from curldescent.model.student_teacher import student_teacher
from curldescent.paper.machinery import speedup_protocol
from curldescent.sweeps import Sweep
from curldescent.theory import macroscopic

if TYPE_CHECKING:
    import xarray as xr

    from curldescent.model.problem import Problem

RULES: Mapping[str, Plasticity] = {"GD": Plasticity(), "CD": Plasticity(readout=0.1)}
# The fields that stand for all inputs behind an output nonlinearity.
FIELDS = 4096


def predicted(
    problem: "Problem", epochs: float, threshold: float, *, rules: Mapping[str, Plasticity] = RULES, **more: Any
) -> "xr.Dataset":
    """The equations on a problem of the protocol, up to a threshold."""
    return macroscopic(
        problem,
        rules,
        epochs=epochs,
        learning_rate=speedup_protocol.LEARNING_RATE,
        preserve_norms=True,
        stop_below=threshold,
        samples=FIELDS,
        **more,
    )


def epochs_of_scales(
    students: Sequence[float], teachers: Mapping[str, Sequence[float]], seeds: int, epochs: int
) -> "xr.Dataset":
    """Predicted epochs to the threshold of the first student of every cell of the control of scales.

    Args:
        students: scales, at teacher scale 1.
        teachers: another teacher scale, as text → the students' scales there.
        seeds: how many input sets.
        epochs: the most.

    Returns:
        Over (rule, place, seed): `predicted`, the last epoch where the threshold is not reached; over (place,)
        `student_scale` and `teacher_scale`.
    """
    import xarray as xr

    from curldescent.paper.controls import scales

    places = [(float(s), 1.0) for s in students]
    places += [(float(s), float(t)) for t, there in teachers.items() for s in there]
    sweep = scales.experiments("standard")[scales.NAME]
    assert isinstance(sweep, Sweep)
    plane = scales.PLANES["standard"]
    found = np.full((len(RULES), len(places), seeds), float(epochs))
    for seed in range(seeds):
        for p, (student, teacher) in enumerate(places):
            cell = sweep.cell_at((0, seed, plane.students.index(student), plane.teachers.index(teacher)))
            run = predicted(cell.problem.trial(0), epochs, speedup_protocol.THRESHOLD, record=1)
            there = run.stopped_at.values[:, 0]
            found[:, p, seed] = np.where(np.isfinite(there), there, epochs)
    return xr.Dataset(
        {"predicted": (("rule", "place", "seed"), found)},
        coords={
            "rule": list(RULES),
            "student_scale": ("place", [s for s, _ in places]),
            "teacher_scale": ("place", [t for _, t in places]),
            "seed": np.arange(seeds),
        },
    )


def followed(sizes: Sequence[int], samples_per_input: int, sets: int, epochs: Sequence[int]) -> "xr.Dataset":
    """Students of many samples beside the equations, at epochs on the way.

    Args:
        sizes: M; ten hidden neurons.
        samples_per_input: P/M.
        sets: input sets, each with a teacher and a student of its own.
        epochs: at which errors are compared.

    Returns:
        Over (size, rule, set, epoch): `measured` and `predicted`, training error and error of the equations.
    """
    import xarray as xr

    shape = (len(sizes), len(RULES), sets, len(epochs))
    measured, expected = np.empty(shape), np.empty(shape)
    for m, size in enumerate(sizes):
        for seed in range(sets):
            problem = student_teacher(
                n_inputs=size,
                n_hidden=speedup_protocol.HIDDEN,
                activation="tanh",
                n_train=samples_per_input * size,
                n_test=0,
                student_scale=speedup_protocol.SCALE,
                seed=1000 + seed,
            )
            run = train(
                problem,
                dict(RULES),
                epochs=epochs[-1],
                learning_rate=speedup_protocol.LEARNING_RATE,
                batch_size=size,
                preserve_norms=True,
                record=list(epochs),
            )
            measured[m, :, seed] = run.train_error.values[:, 0]
            limit = macroscopic(problem, RULES, epochs=epochs[-1], preserve_norms=True, record=epochs, samples=FIELDS)
            expected[m, :, seed] = limit.error.values[:, 0]
    dims = ("size", "rule", "set", "epoch")
    return xr.Dataset(
        {"measured": (dims, measured), "predicted": (dims, expected)},
        coords={"size": list(sizes), "rule": list(RULES), "epoch": list(epochs)},
    )
