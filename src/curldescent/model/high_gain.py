"""A start with one high-gain neuron: small input weights, a large readout."""

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.model.weights import Weights

Array = NDArray[np.float64]

# Where flipped readout neurons of the paper's protocol are found after 400 epochs (docs/why_faster.md).
HIDDEN_SHARE, READOUT_SHARE = 0.025, 0.72


def high_gain_start(
    weights: Weights,
    *,
    neuron: int = 0,
    hidden_share: float = HIDDEN_SHARE,
    readout_share: float = READOUT_SHARE,
) -> Weights:
    """Rescale a network so that one neuron of the last hidden layer is a high-gain, nearly linear unit.

    Its input weights get a small share of their layer's squared norm and its readout a large one of the readout's; the
    other neurons are rescaled so that both layers keep their norms. Directions and signs stay. It is where curl descent
    takes the flipped neuron of large saturating students, and gradient descent that starts there is several times
    quicker than from random weights where `theory.speedup_onset` has been passed. Measured: also for relu students, for
    linear ones with free norms, and 1.5 to 1.8 times with Adam; none on digits, undecided in the last of two
    hidden layers. The reverse, `hidden_share=0.72, readout_share=0.025`, was quicker still at a student scale of 2 and
    slower at 4. docs/why_faster.md and docs/excess_nonlinearity.md have the numbers.

    Args:
        weights: of a network with at least two layers, with or without a trial axis.
        neuron: which of the last hidden layer.
        hidden_share: its share of the squared norm of the weights onto that layer, between 0 and 1.
        readout_share: its share of the squared norm of the weights out of it, between 0 and 1.

    Returns:
        New `Weights`.

    Raises:
        InputError: a single layer, a neuron that is not there, a share outside of (0, 1), or weights onto or out of the
            neuron, or of all others, that are zero.

    Source: docs/why_faster.md.

    Example:
        >>> import curldescent as cd
        >>> problem = cd.student_teacher(n_inputs=100, n_hidden=10, activation="tanh", n_train=500, student_scale=2)
        >>> start = cd.high_gain_start(problem.student)
        >>> share = start.readout[0, 0, 0] ** 2 / (start.readout[0] ** 2).sum()
        >>> round(float(share), 2)
        0.72
        >>> history = cd.train(problem.with_student(start), cd.Plasticity(), epochs=3)
    """
    validation.instance("weights", weights, Weights, "cd.Weights")
    if weights.depth < 2:
        raise InputError("weights must have at least two layers, got a single one")
    neuron = validation.integer("neuron", neuron, minimum=0, maximum=weights.n_hidden - 1)
    if weights.n_hidden < 2:
        raise InputError("weights must have at least two neurons in the last hidden layer, got 1")
    shares = []
    for name, given in (("hidden_share", hidden_share), ("readout_share", readout_share)):
        share = validation.fraction(name, given)
        if not 0 < share < 1:
            raise InputError(f"{name} must lie between 0 and 1, got {share:g}")
        shares.append(share)
    *before, hidden, readout = weights.layers
    rescaled = _with_share(np.swapaxes(hidden, -1, -2), neuron, shares[0], "onto")
    return Weights([*before, np.swapaxes(rescaled, -1, -2), _with_share(readout, neuron, shares[1], "out of")])


def _with_share(layer: Array, neuron: int, share: float, where: str) -> Array:
    """A layer (…, rows, neurons) whose column has that share of its squared norm."""
    # In units of the largest weight: no square leaves the range of numbers then.
    square = (layer / (np.abs(layer).max() or 1.0)) ** 2
    own = square[..., neuron].sum(-1)
    others = square.sum((-1, -2)) - own
    if (own == 0).any() or (others <= 0).any():
        raise InputError(f"weights {where} neuron {neuron}, and those of the other neurons, must not be zero")
    whole = own + others
    out = layer * np.sqrt((1 - share) * whole / others)[..., None, None]
    out[..., neuron] = layer[..., neuron] * np.sqrt(share * whole / own)[..., None]
    return out
