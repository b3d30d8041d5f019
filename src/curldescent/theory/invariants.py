"""Quantities that the continuous flow conserves, one for each hidden neuron.

A neuron whose activation is homogeneous, φ'(z) z = φ(z), feeds as much into its incoming as into its outgoing
synapses: Σ_j W1_ij ∂C/∂W1_ij = Σ_k W2_ki ∂C/∂W2_ki. Under dW/dt = −S ∘ ∂C/∂W with strengths that are nowhere zero,

    Q_i = Σ_j W1_ij² / S1_ij − Σ_k W2_ki² / S2_ki

does not change. For flips, S = ±1, the first term is Σ_j d1_j W1_ij² and the second d2_i Σ_k W2_ki².
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.model.flips import strengths_array

Array = NDArray[np.float64]


def invariants(
    hidden: ArrayLike, readout: ArrayLike, d1: ArrayLike | None = None, d2: ArrayLike | None = None
) -> Array:
    """What each hidden neuron conserves under curl descent in continuous time.

    Q_i = Σ_j W1_ij² / d1_j − Σ_k W2_ki² / d2_i, for linear and ReLU hidden neurons, any loss and any output function.
    With strengths ±1 this is Σ_j d1_j W1_ij² − d2_i Σ_k W2_ki²: a neuron whose own readout is flipped moves on a
    sphere, one of gradient descent on a hyperboloid.

    Args:
        hidden: weights W1, shape (..., N, M); leading axes are trials or times.
        readout: weights W2, shape (..., O, N).
        d1: nonzero strengths of the hidden synapses, shape (M,) per input or (N, M) per synapse, or booleans, True
            where flipped; all 1 by default.
        d2: nonzero strengths of the readout synapses, shape (N,) per hidden neuron or (O, N); all 1 by default.

    Returns:
        Q, shape (..., N).

    Raises:
        InputError: shapes that do not fit each other, or a strength of zero (a frozen synapse breaks the balance).

    Finite steps of size η let Q drift in proportion to η; preserving layer norms breaks it.

    Source: docs/theory.md, section "Invariants".

    >>> invariants([[3.0, 4.0]], [[2.0]], d2=[-1])
    array([29.])
    """
    w1 = validation.finite_array("hidden", hidden, ndim=(2, 3, 4))
    w2 = validation.finite_array("readout", readout, ndim=(2, 3, 4))
    width, inputs = w1.shape[-2:]
    outputs = w2.shape[-2]
    validation.shape("readout", w2, (*w1.shape[:-2], outputs, width), "(..., outputs, hidden neurons)")
    s1 = _strengths("d1", d1, (inputs,), (width, inputs))
    s2 = _strengths("d2", d2, (width,), (outputs, width))
    return conserved(w1, w2, s1, s2)[0]


def conserved(hidden: Array, readout: Array, s1: Array, s2: Array) -> tuple[Array, Array]:
    """Q_i and the size of the terms that it is the difference of.

    Args:
        hidden: W1, (…, N, M).
        readout: W2, (…, O, N).
        s1: strengths of the hidden synapses without zeros, broadcast to W1.
        s2: strengths of the readout synapses, broadcast to W2.

    Returns:
        Q (…, N) and Σ|terms| (…, N): their ratio to the change of Q says how well Q is kept.
    """
    incoming, outgoing = hidden**2 / s1, readout**2 / s2
    q = incoming.sum(axis=-1) - outgoing.sum(axis=-2)
    return q, np.abs(incoming).sum(axis=-1) + np.abs(outgoing).sum(axis=-2)


def _strengths(name: str, given: ArrayLike | None, per_neuron: tuple[int], per_synapse: tuple[int, int]) -> Array:
    if given is None:
        return np.ones(per_neuron)
    strengths = strengths_array(name, given, ndim=(1, 2))
    if strengths.shape not in (per_neuron, per_synapse):
        raise InputError(f"{name} must have shape {per_neuron} or {per_synapse}, got {strengths.shape}")
    if (strengths == 0).any():
        raise InputError(f"{name} must be nonzero everywhere, got 0: nothing is conserved beside a frozen synapse")
    return strengths
