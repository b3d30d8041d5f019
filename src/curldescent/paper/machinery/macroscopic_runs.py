"""Runs behind the figure of the macroscopic equations: predictions, and simulated students that they speak of."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.learning.train import train
from curldescent.model.plasticity import Plasticity
from curldescent.model.student_teacher import student_teacher
from curldescent.paper.machinery import speedup_protocol
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
