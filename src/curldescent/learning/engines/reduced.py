"""Linear students through their order parameters: O(M²) per update whatever the width N, exactly.

Hidden neurons with the same plasticity form groups a. With one update, W1_a moves along its readout weights and the
readout weights along W1_a: nothing ever leaves the span of the columns of [W1_a, W2_aᵀ] (and of B_a, for feedback
alignment), at most M + O (+ O) directions of the N_a. In an orthonormal basis Q_a of it, W1_a = Q_a R_a, and the
update of R_a is the update of W1_a, because Q_aᵀ Q_a = 1 drops out of every product; so do the Frobenius norms. So R
is itself a student, of width Σ_a min(N_a, M + O (+ O)), and any engine can train it. Its Gram matrices are the order
parameters of docs/theory.md, A_a = R_aᵀ R_a, q_a, s_a, but errors far below √ε survive in R and not in A, and the
students' weights come back as Q_a R_a.
"""

import numpy as np
from numpy.typing import NDArray

from curldescent.learning.engines import fused
from curldescent.learning.engines.fused import FusedEngine
from curldescent.learning.engines.fused_students import Students, students
from curldescent.learning.experiment import Experiment
from curldescent.learning.reduction import Group, Members, coordinates, equally_plastic, narrowed, widened

Array = NDArray[np.float64]


# Order parameters are taken where they leave at most this share of the hidden neurons …
WORTH_REDUCING = 0.75
# … and where the updates pay for the change of coordinates, about as many operations as this many updates per input.
UPDATES_PER_INPUT = 2


def refusal(experiment: Experiment, dtype: str) -> str | None:
    """See `contract.Kind`."""
    why = fused.refusal(experiment, dtype)
    if why is None and not reducible(experiment):
        return "needs a linear hidden layer and hidden strengths that are given per neuron"
    return why


def worth(experiment: Experiment, epochs: int) -> bool:
    """See `contract.Kind`."""
    updates = epochs * -(-experiment.samples // experiment.batch)
    return (
        reduced_widths(experiment)[0] <= WORTH_REDUCING * experiment.hidden.shape[1]
        and updates >= UPDATES_PER_INPUT * experiment.inputs.shape[1]
    )


def way(experiment: Experiment) -> object:
    """See `contract.Kind`: padding leaves no trace in the sweep; in the general kernel it would."""
    return 0 if fused.takes_one_sweep(experiment) else reduced_widths(experiment)[0]


def build(experiment: Experiment, *, dtype: str, threads: int | None) -> "OrderParameterEngine":
    """See `contract.Kind`."""
    return OrderParameterEngine(experiment, threads=threads)


class OrderParameterEngine(FusedEngine):
    """A run of a linear experiment in the coordinates that can change; an `Engine`.

    Args:
        experiment: what to run; see `reducible`.
        threads: how many threads; None for all cores.
    """

    name = "order-parameters"

    def __init__(self, experiment: Experiment, *, threads: int | None = None) -> None:
        start, self._groups = _reduced(students(experiment), experiment.aligned, reduced_widths(experiment))
        super().__init__(experiment, threads=threads, start=start)

    def _weights_of(self, tasks: NDArray[np.int64]) -> tuple[Array, Array]:
        """W1 (tasks, N, M) and W2 (tasks, O, N), back in the neurons' own coordinates."""
        reduced = super()._weights_of(tasks)
        e = self._experiment
        hidden = np.empty((len(tasks), *e.hidden.shape[1:]))
        readout = np.empty((len(tasks), *e.readout.shape[1:]))
        for i, task in enumerate(tasks):
            rule, trial = divmod(int(task), e.trials)
            hidden[i], readout[i] = widened(reduced[0][i], reduced[1][i], self._groups[rule][trial])
        return hidden, readout


def reducible(experiment: Experiment) -> bool:
    """Whether order parameters exist: a linear hidden layer whose strengths factor into neurons."""
    return experiment.activation == "linear" and students(experiment).per_synapse is None


def reduced_widths(experiment: Experiment) -> list[int]:
    """Σ_a min(N_a, M + O (+ O)) for every rule: the hidden neurons that an update has to move."""
    e, whole = experiment, students(experiment)
    columns = [e.inputs.shape[1] + e.outputs * (2 if aligned else 1) for aligned in e.aligned]
    return [sum(min(len(members), columns[rule]) for members in _groups(whole, rule)) for rule in range(e.rules)]


def _groups(whole: Students, rule: int) -> list[Members]:
    return equally_plastic(whole.post[rule], whole.readout_strengths[rule])


def _reduced(
    whole: Students, aligned: NDArray[np.bool_], widths: list[int]
) -> tuple[Students, list[list[tuple[Group, ...]]]]:
    """The students in reduced coordinates, zero-padded to a common width, and every rule's and trial's groups."""
    rules, trials, _, inputs = whole.hidden.shape
    outputs, width = whole.readout.shape[2], max(widths)
    start = Students(
        hidden=np.zeros((rules, trials, width, inputs)),
        readout=np.zeros((rules, trials, outputs, width)),
        feedback=np.zeros((rules, trials, width, outputs)),
        pre=whole.pre,
        post=np.zeros((rules, width)),
        per_synapse=None,
        readout_strengths=np.zeros((rules, outputs, width)),
        widths=tuple(widths),
    )
    grouped: list[list[tuple[Group, ...]]] = []
    for rule, own in enumerate(widths):
        members = _groups(whole, rule)
        grouped.append([])
        for trial in range(trials):
            feedback = whole.feedback[rule, trial] if aligned[rule] else None
            hidden, readout, carried, groups = narrowed(
                whole.hidden[rule, trial], whole.readout[rule, trial], feedback, members
            )
            start.hidden[rule, trial, :own], start.readout[rule, trial, :, :own] = hidden, readout
            start.feedback[rule, trial, :own] = carried
            grouped[rule].append(groups)
        first = [group[0] for group in members]
        sizes = [coordinates(group) for group in grouped[rule][0]]
        start.post[rule, :own] = np.repeat(whole.post[rule, first], sizes)
        start.readout_strengths[rule, :, :own] = np.repeat(whole.readout_strengths[rule][:, first], sizes, axis=1)
    return start, grouped
