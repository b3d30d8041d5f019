"""Students of the phase maps before and after learning, at shares of the critical ratio of linear networks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from curldescent.learning.train import train
from curldescent.model.problem import Problem
from curldescent.model.weights import Weights
from curldescent.paper.machinery.phase_sweeps import STEP, from_random_start
from curldescent.theory import critical_ratio

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TrainedCell:
    """One cell: which, its students before and after, and how they learned.

    Args:
        place: index of the fraction and of the ratio.
        before: the problem with its initial students.
        after: W1 (trials, N, M) and W2 (trials, O, N) of what they learned; not finite where one diverged.
        hidden: strengths of the inputs, (M,).
        readout: strengths of the hidden neurons, (N,).
        error: final test error, (trials,).
    """

    place: tuple[int, int]
    before: Problem
    after: tuple[Array, Array]
    hidden: Array
    readout: Array
    error: Array

    def solution(self, trial: int) -> Problem | None:
        """The problem with what one student learned in place of every student; None where it diverged."""
        if not all(np.isfinite(layer[trial]).all() for layer in self.after):
            return None
        # Weights of others that diverged are not accepted.
        hidden, readout = (np.broadcast_to(layer[trial], layer.shape) for layer in self.after)
        return replace(self.before, student=Weights(hidden=hidden, readout=readout))


def trained_cells(
    activation: str, fractions: Sequence[float], ratios: Sequence[float], *, trials: int, epochs: int
) -> Iterator[TrainedCell]:
    """Train the students of figure 3a, or of figure 6, cell by cell.

    Args:
        activation: "linear" for those of figure 3a, "tanh" for figure 6.
        fractions: α_h.
        ratios: c over c* of linear networks of each fraction.
        trials: per cell.
        epochs: of learning.

    Yields:
        The cells.
    """
    for f, fraction in enumerate(fractions):
        critical = float(critical_ratio(hidden=fraction))
        grid = [round(ratio * critical, 12) for ratio in ratios]
        sweep = from_random_start(activation, grid, [fraction], epochs=epochs, trials=trials)
        for r in range(len(ratios)):
            cell = sweep.cell_at((r, 0))
            student = cell.problem.student
            history = train(
                cell.problem,
                cell.rule,
                epochs=epochs,
                learning_rate=STEP,
                batch_size=10,
                preserve_norms=True,
                record=[epochs],
                seed=cell.seed,
            )
            strengths = cell.rule.strengths(n_inputs=student.n_inputs, n_hidden=student.n_hidden, n_outputs=1)
            yield TrainedCell(
                (f, r),
                cell.problem,
                (history.student_hidden.values, history.student_readout.values),
                strengths.hidden[0],
                strengths.readout[0],
                history.test_error.values[..., -1],
            )
