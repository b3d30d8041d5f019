"""Both rules over learning rate and initial scale: samples until the threshold, and choices made on other inputs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curldescent.learning.rules.signed_gradient import Convention, Learning, update
from curldescent.learning.schedule import SampleOrders
from curldescent.model.forward import error, outputs
from curldescent.paper.machinery import speedup_protocol
from curldescent.paper.machinery.speedup_protocol import BATCH, THRESHOLD
from curldescent.sweeps import Sweep

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
# Of `Plasticity`; curl descent flips the first readout neuron.
FLIPS = {"GD": 0, "CD": 1}
_TANH = Convention("tanh", "tanh", "delta", preserve_norms=True)


def plane(
    sets: int,
    trials: int,
    students: Sequence[float],
    rates: Sequence[float],
    *,
    n_train: int,
    epochs: int,
    record: Sequence[int],
    threshold: float,
) -> Sweep:
    """A sweep of both rules over initial scale and learning rate, in several input sets.

    Args:
        sets: input sets, each with inputs, teachers, students and sample orders of its own.
        trials: students a set.
        students: initial scales.
        rates: learning rates, total steps of an epoch.
        n_train: samples.
        epochs: the most that a run gets.
        record: the epochs that are looked at.
        threshold: a run ends below this training error.

    Returns:
        The sweep; everything of an input set is the same at every scale and rate, but for these factors.
    """
    return speedup_protocol.sweep(
        {"seed": seeds(sets), "student_scale": list(students), "learning_rate": list(rates)},
        trials=trials,
        epochs=epochs,
        record=record,
        stop_below=threshold,
        keep={"epochs_to": [threshold]},
        paired=("student_scale", "learning_rate"),
        n_train=n_train,
    )


def seeds(sets: int) -> list[int]:
    """The seeds of input sets; 0 is left out, with which the grid of `control-tuned` was chosen."""
    return list(range(1, sets + 1))


def samples_needed(
    sets: int, trials: int, students: Sequence[float], rates: Sequence[float], n_train: int, epochs: int, every: int
) -> "xr.Dataset":
    """Samples seen until the training error is below the threshold, for runs that need about one epoch.

    Args:
        sets: input sets.
        trials: students a set.
        students: initial scales.
        rates: learning rates.
        n_train: P.
        epochs: the most that a run gets.
        every: the error on all training samples is looked at after every so many updates.

    Returns:
        By rule, student_scale, learning_rate, seed and trial: `samples`, where not reached those of the whole run, and
        `reached`. Students, teachers and sample orders are those of `plane`.
    """
    import xarray as xr

    sweep = plane(
        sets, trials, students, rates, n_train=n_train, epochs=epochs, record=[0, epochs], threshold=THRESHOLD
    )
    shape = (len(FLIPS), len(students), len(rates), sets, trials)
    samples, reached = np.empty(shape), np.empty(shape, bool)
    for number, seed in enumerate(seeds(sets)):
        usual = sweep.cell(seed=seed, student_scale=students[0], learning_rate=rates[0], rule="GD")
        targets = usual.problem.train_outputs()
        orders = SampleOrders(seed=usual.seed, trials=trials, samples=n_train).take(epochs)
        for s, student in enumerate(students):
            here = sweep.cell(seed=seed, student_scale=student, learning_rate=rates[0], rule="GD").problem
            for place in np.ndindex(len(FLIPS), len(rates), trials):
                rule, rate, trial = place
                start = tuple(layer[trial] for layer in here.student.layers)
                errors = errors_within(
                    start,
                    list(FLIPS.values())[rule],
                    here.inputs,
                    targets[trial],
                    orders[:, trial],
                    rates[rate],
                    every=every,
                    stop_below=THRESHOLD,
                )
                below = errors[-1] < THRESHOLD
                samples[rule, s, rate, number, trial] = (len(errors) - 1) * every * BATCH if below else epochs * n_train
                reached[rule, s, rate, number, trial] = below
    dims = ("rule", "student_scale", "learning_rate", "seed", "trial")
    return xr.Dataset(
        # At least one look: a student that starts below the threshold needs none, and ratios need a number.
        {"samples": (dims, np.maximum(samples, every * BATCH)), "reached": (dims, reached)},
        coords={"rule": list(FLIPS), "student_scale": list(students), "learning_rate": list(rates)},
    )


def errors_within(
    start: Sequence[Array],
    flips: int,
    inputs: Array,
    targets: Array,
    orders: NDArray[np.int32],
    rate: float,
    *,
    every: int,
    stop_below: float,
) -> Array:
    """Errors on all samples of one student between updates.

    Args:
        start: W1 (N, M), W2 (1, N), tanh.
        flips: the first so many readout neurons are flipped.
        inputs: (P, M).
        targets: (P, 1).
        orders: (E, P), the order of the samples in every epoch.
        rate: learning rate, the total step of an epoch.
        every: updates between looks.
        stop_below: it ends below this error.

    Returns:
        The errors at the start and after every `every` updates.
    """
    weights: Any = tuple(np.array(layer) for layer in start)
    hidden, readout = weights
    signs = np.where(np.arange(readout.shape[1]) < flips, -1.0, 1.0)[None]
    learning = Learning((np.ones_like(hidden), signs), (readout.T,), np.array(False))  # noqa: FBT003
    norms = np.array([np.linalg.norm(layer) for layer in weights])
    step = rate * BATCH / len(inputs)
    batches = orders[:, : orders.shape[1] // BATCH * BATCH].reshape(-1, BATCH)
    found = [float(error(outputs(inputs, weights, "tanh", "tanh"), targets))]
    for count, batch in enumerate(batches, start=1):
        if found[-1] < stop_below:
            break
        weights = update(weights, learning, norms, inputs[batch], targets[batch], step, _TANH, np)
        if count % every == 0:
            found.append(float(error(outputs(inputs, weights, "tanh", "tanh"), targets)))
    return np.array(found)


def chosen_elsewhere(needed: Array) -> tuple[NDArray[np.int64], Array]:
    """Tune on the other input sets: what each set's students need with the setting that is best for all other sets.

    No student takes part in the choice of the setting that it is judged with, so that the best of many is not best by
    chance on the students it is judged by.

    Args:
        needed: (settings, sets, trials), positive; at least two sets.

    Returns:
        The chosen setting of every set, (sets,), the lowest geometric mean over the students of the other sets; and
        what its students need with it, (sets, trials).

    Source: Stone, J. R. Stat. Soc. B 36 (1974) 111, cross-validation.
    """
    logs = np.log(needed).mean(axis=2)
    sets = logs.shape[1]
    others = (logs.sum(axis=1, keepdims=True) - logs) / (sets - 1)
    best = np.argmin(others, axis=0)
    return best, needed[best, np.arange(sets)]
