"""Students with all inputs flipped that have given up: how fast they turn, and what a step takes from their map.

A linear student with one output keeps its norms, ‖W1‖² = n and ‖W2‖² = s. With all inputs flipped and a map
q = W2 W1 of zero it turns for ever: v = W2ᵀ and u = W1 rᵀ/|r|, r = −W*Σ̂, are at right angles, as long as each other,
and turn at ω = |r|. Beside that solution only x = v·u and y = |u|² move the output along r, and in the flow they move
alone:

    ẋ = ω (s − y) + ω x² (1/s − 1/n),   ẏ = 2 ω x (1 − y/n),

which is the same with x → −x and time reversed: x = 0, y = s is a centre with Ω² = 2 ω² (1 − s/n), around which the map
oscillates for ever. A step of η is u ← u + ηω v, v ← v − ηω u, and the norms; its derivative at its own fixed point,
x = −½ηωs, y = s(1 + O(η²)), has the determinant 1 − ½ η²ω² (1 + 3s/n) + O(η³), the square of how much of an
oscillation a step leaves. Inputs of unequal variances let other directions of the map take part, to the same order in
η: docs/limits_of_chaos.md, "Giving up".
"""

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.representation import Summarised


@dataclass(frozen=True, repr=False)
class Turning(Summarised):
    """Motion of a student that has given up, per unit of total step.

    Attributes:
        rotation: ω, the angular frequency at which hidden neurons turn; invisible from the output.
        oscillation: Ω, the angular frequency of the map's small oscillations about zero.
        decay: the rate at which steps make these die out; 0 in continuous time. Where Σ̂ turns the residual it is a part
            of that rate alone; see `turning`.

    >>> told = turning([0.3, 0.4], hidden_norm=5.0)
    >>> told.rotation, round(told.oscillation, 3), told.decay
    (0.5, 0.693, 0.0)
    """

    rotation: float
    oscillation: float
    decay: float

    def __str__(self) -> str:
        ends = f"dies out at {self.decay:.4g}" if self.decay else "lasts"
        return (
            f"hidden neurons turn at {self.rotation:.4g}, the map oscillates at {self.oscillation:.4g} and {ends}, per "
            "unit of time"
        )


def turning(
    residual: ArrayLike, *, hidden_norm: float, readout_norm: float = 1.0, learning_rate: float = 0.0
) -> Turning:
    """How a linear student moves that has given up: one output, all inputs flipped, norms kept.

    The rate at which maps die out is the whole one where the residual is an eigenvector of Σ̂, as for white inputs.
    Elsewhere it lacks a term of the same order that depends on the hidden weights: little for the paper's inputs, but
    as much again where variances of the inputs differ by two orders of magnitude.

    Args:
        residual: W*Σ̂, the teacher's map times the inputs' covariance, shape (M,), in either sign.
        hidden_norm: ‖W1‖_F.
        readout_norm: ‖W2‖, at most `hidden_norm`.
        learning_rate: η, the step; 0 for continuous time. To first order in η.

    Returns:
        The `Turning`.

    Raises:
        InputError: a residual of zero, a negative step, norms out of range, or ‖W2‖ above ‖W1‖.

    Source: docs/limits_of_chaos.md, section "Giving up".

    >>> print(turning([0.3, 0.4], hidden_norm=5.0, learning_rate=0.02))
    hidden neurons turn at 0.5, the map oscillates at 0.6928 and dies out at 0.0014, per unit of time
    """
    r = validation.finite_array("residual", residual, ndim=1)
    hidden = validation.positive("hidden_norm", hidden_norm)
    readout = validation.positive("readout_norm", readout_norm)
    step = validation.positive("learning_rate", learning_rate, zero=True)
    if readout > hidden:
        raise InputError(f"readout_norm must be at most hidden_norm = {hidden:g}, got {readout:g}")
    # Squares of very small or large numbers are none.
    rotation = math.hypot(*r)
    if rotation == 0:
        raise InputError("residual must not be zero: a student that has learned does not turn")
    share = (readout / hidden) ** 2
    decay = step * rotation * rotation * (1 + 3 * share) / 4
    if not math.isfinite(decay) or not math.isfinite(2 * rotation):
        raise InputError(f"residual must be of a size whose rates are finite numbers, got one of norm {rotation:g}")
    return Turning(rotation, rotation * math.sqrt(2 * (1 - share)), decay)
