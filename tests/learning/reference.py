"""`rule.update` followed through a run by NumPy: the code that defines the semantics, without JAX's compilation.

The loop over epochs, the permutations, the norms and the divergence are written here a second time.
"""

import numpy as np

from curldescent.learning.experiment import Experiment
from curldescent.learning.rules import signed_gradient


def follow(e: Experiment, epochs: int):
    """W1 (R, T, N, M), W2 (R, T, O, N) and the epoch of divergence (R, T) after `epochs` epochs."""
    convention = signed_gradient.Convention(e.activation, e.output_activation, e.output_error, e.preserve_norms)
    lead = (e.rules, e.trials)
    hidden = np.broadcast_to(e.hidden, (*lead, *e.hidden.shape[1:])).copy()
    readout = np.broadcast_to(e.readout, (*lead, *e.readout.shape[1:])).copy()
    diverged = np.full(lead, -1)
    targets = np.broadcast_to(e.targets, (e.trials, *e.targets.shape[1:]))
    with np.errstate(all="ignore"):
        for r, t in np.ndindex(lead):
            strengths, feedback = tuple(s[r] for s in e.strengths), tuple(b[r, t] for b in e.feedback)
            learning = signed_gradient.Learning(strengths, feedback, np.asarray(e.aligned[r]))
            weights = hidden[r, t], readout[r, t]
            norms = np.array([np.linalg.norm(layer) for layer in weights])
            rng = np.random.default_rng([e.seed, t])
            for epoch in range(epochs):
                order = np.arange(e.samples)
                if not e.full_batch:
                    order = rng.permuted(np.arange(e.samples, dtype=np.int32)[None], axis=1)[0]
                for first in range(0, e.samples, e.batch):
                    chosen = order[first : first + e.batch]
                    step = e.learning_rate / e.samples * len(chosen)
                    weights = signed_gradient.update(
                        weights, learning, norms, e.inputs[chosen], targets[t, chosen], step, convention, np
                    )
                if not all(np.abs(layer).max() <= 1e50 for layer in weights):
                    diverged[r, t] = epoch + 1
                    weights = tuple(np.full_like(layer, np.nan) for layer in weights)
                    break
            hidden[r, t], readout[r, t] = weights
    return hidden, readout, diverged
