"""The flow of a student's excess nonlinearity, in two numbers per hidden neuron: its readout and its input norm."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation.errors import InputError
from curldescent.model import activations
from curldescent.theory._gaussian_averages import gaussian_averages

if TYPE_CHECKING:
    from scipy.interpolate import PPoly

Array = NDArray[np.float64]

# ln μ*² against ln q is smooth, linear far out: so many knots per decade keep the spline to about 1e-6.
KNOTS_PER_DECADE = 12
DECADES = (-5, 4)


@lru_cache(maxsize=32)
def nonlinear_variance(activation: "str | activations.Activation") -> "PPoly":
    """The variance of what is neither constant nor linear in φ, by its drive: ln μ*² as a function of ln q.

    Args:
        activation: φ, checked; not linear.

    Returns:
        A spline over the drives of `DECADES`; beyond it goes on as the power law of its ends.

    Raises:
        InputError: φ is linear over drives of some of these variances, or has no averages.

    Example:
        >>> spline = nonlinear_variance("relu")  # relu looks the same at every scale: μ*² is a multiple of q
        >>> bool(np.isclose(spline(np.log(3.0)) - spline(np.log(1.0)), np.log(3.0)))
        True
    """
    from scipy.interpolate import CubicSpline, PPoly

    low, high = DECADES
    knots = np.log(10) * np.linspace(low, high, KNOTS_PER_DECADE * (high - low) + 1)
    rest = np.array([gaussian_averages(activation, float(np.exp(knot))).rest for knot in knots])
    if not rest.all():
        raise InputError(f"the activation {activations.of(activation)} must not be linear: it has no nonlinear part")
    values = np.log(rest)
    inner = CubicSpline(knots, values)
    slopes = inner(knots[[0, -1]], 1)
    # One linear piece on either side, cubic ones in between.
    ends = np.zeros((4, 2))
    ends[2], ends[3] = slopes, [values[0] - slopes[0], values[-1]]
    pieces = np.concatenate([ends[:, :1], inner.c, ends[:, 1:]], axis=1)
    return PPoly(pieces, np.concatenate([[knots[0] - 1], knots, [knots[-1] + 1]]), extrapolate=True)


@dataclass(frozen=True)
class ExcessStudent:
    """What is left of a student's error once its linear part is gone: ½ Σ_i ‖w_i‖² μ*²(q_i), and how it moves.

    Attributes:
        norms: a, ‖W1_i‖ of the hidden neurons, (N,).
        readout: w, (O, N).
        hidden_strengths: per hidden neuron, (N,).
        readout_strengths: (O, N).
        activation: φ.
        variance: τ of the inputs; q_i = τ a_i².
        teacher_error: of the teacher's own nonlinear part.
        preserve_norms: whether both layers stay on their spheres.
    """

    norms: Array
    readout: Array
    hidden_strengths: Array
    readout_strengths: Array
    activation: "str | activations.Activation"
    variance: float
    teacher_error: float
    preserve_norms: bool

    @property
    def start(self) -> Array:
        """The initial state: input norms, then the readout."""
        return np.concatenate([self.norms, self.readout.ravel()])

    def layers(self, flat: Array) -> tuple[Array, Array]:
        """Input norms (N,) and readout (O, N) of a state."""
        n = self.norms.size
        return flat[:n], flat[n:].reshape(self.readout.shape)

    def _variances(self, norms: Array) -> tuple[Array, Array]:
        """μ*² of every neuron, and its exponent d ln μ*²/d ln q."""
        spline = nonlinear_variance(self.activation)
        drive = np.log(self.variance * np.maximum(norms**2, 1e-300))
        return np.exp(spline(drive)), spline(drive, 1)

    def error(self, flat: Array) -> float:
        """The excess nonlinearity, and the teacher's own."""
        norms, readout = self.layers(flat)
        rest, _ = self._variances(norms)
        return float(0.5 * ((readout**2).sum(0) * rest).sum() + self.teacher_error)

    def velocity(self, flat: Array) -> Array:
        """Rate of change of a state, per unit of learning rate × epochs."""
        norms, readout = self.layers(flat)
        rest, exponent = self._variances(norms)
        # d/da of ½ w² μ*²(τ a²) is w² μ*² · (d ln μ*²/d ln q) / a.
        inputs = -self.hidden_strengths * (readout**2).sum(0) * rest * exponent / norms
        outputs = -self.readout_strengths * readout * rest
        if self.preserve_norms:
            inputs, outputs = _tangential(inputs, norms), _tangential(outputs, readout)
        return np.concatenate([inputs, outputs.ravel()])


def _tangential(move: Array, weights: Array) -> Array:
    """Without its part along the weights."""
    return np.asarray(move - weights * ((move * weights).sum() / (weights**2).sum()))
