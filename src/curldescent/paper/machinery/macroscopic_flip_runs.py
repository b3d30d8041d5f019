"""Runs behind the figure of flips and strengths: students of several input sets, and the equations on them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curldescent.model.plasticity import Plasticity
from curldescent.model.student_teacher import student_teacher
from curldescent.paper.machinery import macroscopic_runs, speedup_protocol, to_threshold

if TYPE_CHECKING:
    import xarray as xr

    from curldescent.model.problem import Problem

Array = NDArray[np.float64]

# Input sets that no other figure has.
FIRST_SEED = 800
SAMPLES = 2000
HIDDEN = speedup_protocol.HIDDEN


def rules_of(flips: Sequence[int], strengths: Sequence[float]) -> dict[str, Plasticity]:
    """Rules by name: "k flipped", of ten readout neurons, and "strength s" of one of them.

    Args:
        flips: k; with none it is gradient descent.
        strengths: s.

    Returns:
        name → plasticity.
    """
    rules = {f"{k} flipped": Plasticity(readout=[-1.0] * k + [1.0] * (HIDDEN - k)) for k in flips}
    return rules | {f"strength {s:g}": Plasticity(readout=[float(s)] + [1.0] * (HIDDEN - 1)) for s in strengths}


def problem_of(seed: int) -> "Problem":
    """The student, teacher and samples of an input set.

    Args:
        seed: which set, from 0.
    """
    return student_teacher(
        n_inputs=speedup_protocol.INPUTS,
        n_hidden=HIDDEN,
        activation="tanh",
        n_train=SAMPLES,
        n_test=0,
        student_scale=speedup_protocol.SCALE,
        seed=FIRST_SEED + seed,
    )


def measured(sets: int, flips: Sequence[int], strengths: Sequence[float], epochs: int) -> "xr.Dataset":
    """Epochs to the threshold of training error, one student an input set.

    Args:
        sets: how many.
        flips: numbers of flipped readout neurons.
        strengths: of one readout neuron.
        epochs: the most; a student that is not there counts with it.

    Returns:
        `epochs` over (rule, unit).
    """
    rules = rules_of(flips, strengths)
    found = np.empty((len(rules), sets))
    for seed in range(sets):
        found[:, seed] = to_threshold.trained(problem_of(seed), rules, epochs).needed.values[:, 0]
    return dataset(rules, found)


def told(sets: int, flips: Sequence[int], strengths: Sequence[float], epochs: int) -> "xr.Dataset":
    """The same by the equations, of the same students.

    Args:
        sets: as in `measured`.
        flips: as there.
        strengths: as there.
        epochs: as there.

    Returns:
        As there.
    """
    rules = rules_of(flips, strengths)
    return dataset(rules, np.stack([told_epochs(problem_of(seed), rules, epochs) for seed in range(sets)], axis=1))


def told_epochs(problem: "Problem", rules: Mapping[str, Plasticity], epochs: int) -> Array:
    """Epochs to the threshold by the equations, of the first student.

    Args:
        problem: of the protocol.
        rules: by name.
        epochs: the most; a student that is not there counts with it.

    Returns:
        (rules,).
    """
    run = macroscopic_runs.predicted(problem, epochs, speedup_protocol.THRESHOLD, rules=rules, record=1)
    return run.stopped_at.fillna(epochs).values[:, 0].clip(min=1)


def dataset(rules: Iterable[str], epochs: Array) -> "xr.Dataset":
    """Epochs over (rule, unit).

    Args:
        rules: names.
        epochs: (rules, units).
    """
    import xarray as xr

    return xr.Dataset({"epochs": (("rule", "unit"), epochs)}, coords={"rule": list(rules)})
