"""Students as the fused kernels want them: one start per rule and trial, strengths taken apart where they factor."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curldescent.learning.experiment import Experiment

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Students:
    """What differs between the students of an ensemble; R rules × T trials of them.

    Attributes:
        hidden: initial W1, (R, T, N, M).
        readout: initial W2, (R, T, O, N).
        feedback: B, (R, T, N, O); unused where the rule backpropagates.
        pre: (R, M), and
        post: (R, N): S of the hidden layer is post × pre, unless
        per_synapse: (R, N, M), is given.
        readout_strengths: (R, O, N).
        widths: how many of the N hidden neurons are a rule's own, per rule; behind them is padding with zeros.
    """

    hidden: Array
    readout: Array
    feedback: Array
    pre: Array
    post: Array
    per_synapse: Array | None
    readout_strengths: Array
    widths: tuple[int, ...]

    @property
    def n_hidden(self) -> int:
        """N."""
        return self.hidden.shape[-2]


def students(experiment: Experiment) -> Students:
    """The students of an experiment as they are."""
    e = experiment
    lead = (e.rules, e.trials)
    factors = [factored(s) for s in e.hidden_strengths]
    found = [f for f in factors if f is not None]
    whole = len(found) == len(factors)
    n_hidden, n_inputs = e.hidden_strengths.shape[1:]
    return Students(
        hidden=np.broadcast_to(e.hidden, (*lead, *e.hidden.shape[1:])),
        readout=np.broadcast_to(e.readout, (*lead, *e.readout.shape[1:])),
        feedback=e.feedback[0],
        pre=np.stack([f[1] for f in found]) if whole else np.ones((e.rules, n_inputs)),
        post=np.stack([f[0] for f in found]) if whole else np.ones((e.rules, n_hidden)),
        per_synapse=None if whole else e.hidden_strengths,
        readout_strengths=e.readout_strengths,
        widths=(n_hidden,) * e.rules,
    )


def factored(strengths: Array) -> tuple[Array, Array] | None:
    """Vectors post (N,) and pre (M,) whose outer product is S to the last bit, or None.

    Strengths per neuron always factor; a checkerboard of signs does too.
    """
    post, pre = np.ones(len(strengths)), np.ones(strengths.shape[1])
    if (strengths == strengths[0]).all():
        return post, strengths[0].copy()
    if (strengths == strengths[:, :1]).all():
        return strengths[:, 0].copy(), pre
    row, column = np.unravel_index(np.argmax(np.abs(strengths)), strengths.shape)
    post, pre = strengths[:, column] / strengths[row, column], strengths[row].copy()
    return (post, pre) if (np.outer(post, pre) == strengths).all() else None
