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
        whole = students(experiment)
        self._groups = [groups(whole, rule) for rule in range(experiment.rules)]
        start, self._bases = _reduced(whole, experiment.aligned, self._groups, reduced_widths(experiment))
        super().__init__(experiment, threads=threads, start=start)

    def _weights_of(self, tasks: NDArray[np.int64]) -> tuple[Array, Array]:
        """W1 (tasks, N, M) and W2 (tasks, O, N), back in the neurons' own coordinates."""
        reduced = super()._weights_of(tasks)
        e = self._experiment
        hidden = np.empty((len(tasks), *e.hidden.shape[1:]))
        readout = np.empty((len(tasks), *e.readout.shape[1:]))
        for i, task in enumerate(tasks):
            rule, trial = divmod(int(task), e.trials)
            at = 0
            for members, basis in zip(self._groups[rule], self._bases[rule][trial], strict=True):
                size = len(members) if basis is None else basis.shape[1]
                r1, r2 = reduced[0][i, at : at + size], reduced[1][i, :, at : at + size]
                hidden[i, members] = r1 if basis is None else basis @ r1
                readout[i][:, members] = r2 if basis is None else r2 @ basis.T
                at += size
        return hidden, readout


def groups(whole: Students, rule: int) -> list[NDArray[np.int64]]:
    """Hidden neurons with equal strengths on both sides, group by group."""
    kinds = np.concatenate([whole.post[rule][:, None], whole.readout_strengths[rule].T], axis=1)
    _, kind = np.unique(kinds, axis=0, return_inverse=True)
    return [np.flatnonzero(kind == k) for k in range(kind.max() + 1)]


def reducible(experiment: Experiment) -> bool:
    """Whether order parameters exist: a linear hidden layer whose strengths factor into neurons."""
    return experiment.activation == "linear" and students(experiment).per_synapse is None


def reduced_widths(experiment: Experiment) -> list[int]:
    """Σ_a min(N_a, M + O (+ O)) for every rule: the hidden neurons that an update has to move."""
    e, whole = experiment, students(experiment)
    outputs, inputs = e.readout.shape[1], e.inputs.shape[1]
    return [
        sum(min(len(members), inputs + outputs * (2 if e.aligned[rule] else 1)) for members in groups(whole, rule))
        for rule in range(e.rules)
    ]


def _reduced(
    whole: Students, aligned: NDArray[np.bool_], grouped: list[list[NDArray[np.int64]]], widths: list[int]
) -> tuple[Students, list[list[list[Array | None]]]]:
    """The students in reduced coordinates, zero-padded to a common width, and the bases Q (None for the identity)."""
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
    bases: list[list[list[Array | None]]] = []
    for rule in range(rules):
        bases.append([])
        for trial in range(trials):
            bases[rule].append([])
            at = 0
            for members in grouped[rule]:
                parts = [whole.hidden[rule, trial, members], whole.readout[rule, trial][:, members].T]
                if aligned[rule]:
                    parts.append(whole.feedback[rule, trial, members])
                columns = np.concatenate(parts, axis=1)
                small = len(members) <= columns.shape[1]
                basis, factor = (None, columns) if small else np.linalg.qr(columns)
                place = slice(at, at + len(factor))
                start.hidden[rule, trial, place] = factor[:, :inputs]
                start.readout[rule, trial, :, place] = factor[:, inputs : inputs + outputs].T
                if aligned[rule]:
                    start.feedback[rule, trial, place] = factor[:, inputs + outputs :]
                start.post[rule, place] = whole.post[rule, members[0]]
                start.readout_strengths[rule, :, place] = whole.readout_strengths[rule][:, members[:1]]
                bases[rule][trial].append(basis)
                at += len(factor)
    return start, bases
