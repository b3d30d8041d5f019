"""What the continuous flow conserves, neuron by neuron.

A neuron whose activation is homogeneous, φ'(z) z = φ(z), feeds as much into its incoming as into its outgoing
synapses: Σ_j W1_ij ∂C/∂W1_ij = Σ_k W2_ki ∂C/∂W2_ki. Under dW/dt = −S ∘ ∂C/∂W with strengths that are nowhere zero,

    Q_i = Σ_j W1_ij² / S1_ij − Σ_k W2_ki² / S2_ki

does not change. For flips, S = ±1, it is the Q_i of docs/theory.md up to the sign of d2_i.
"""

import numpy as np
from numpy.typing import NDArray

from curldescent.model.plasticity import Strengths

Array = NDArray[np.float64]


def conserved(hidden: Array, readout: Array, strengths: Strengths) -> tuple[Array, Array]:
    """Q_i and the size of the terms that it is the difference of.

    Args:
        hidden: W1, (…, N, M).
        readout: W2, (…, O, N).
        strengths: S of both layers, without zeros.

    Returns:
        Q (…, N) and Σ|terms| (…, N): their ratio to the change of Q says how well Q is kept.
    """
    incoming, outgoing = hidden**2 / strengths.hidden, readout**2 / strengths.readout
    q = incoming.sum(axis=-1) - outgoing.sum(axis=-2)
    return q, np.abs(incoming).sum(axis=-1) + np.abs(outgoing).sum(axis=-2)
