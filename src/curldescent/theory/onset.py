"""From which scale of the student on a flipped readout neuron makes learning faster: an estimate without a simulation.

What descent removes late is the student's excess nonlinearity: the part of its output that no linear map makes. In
random students it is an error of ½ρ μ*² at the start, with ρ = ‖w2‖² and μ*² the variance of φ's nonlinear part, and
teachers have such a part, too. Curl descent can help only where that is more than the error that counts as learned.
"""

import numpy as np
from numpy.typing import ArrayLike

from curldescent.foundation import validation
from curldescent.foundation.errors import EstimateWarning, InputError, warn
from curldescent.model import activations
from curldescent.model.activations import Activation
from curldescent.theory._gaussian_averages import gaussian_averages
from curldescent.theory._pair_averages import beyond_linear, pair_averages, require_accuracy

# Scales are looked for up to this one.
LARGEST = 1e3
# Variances of drives below which the nonlinear part is too small for a difference of averages; its series is short.
SMALL_DRIVE = 0.1
# Smaller numbers, and the inverse of larger ones, leave the range of numbers when they are squared and multiplied.
SQUARED = 1e-100


def nonlinear_error(scale: float, *, activation: "str | Activation" = "tanh", input_variance: float = 0.5) -> float:
    """½ρ μ*²: the error that the nonlinear part of a random network's output makes by itself.

    Args:
        scale: s of uniform weights as in ``cd.student_teacher``: ρ = s²/3, and drives of variance τs²/3.
        activation: φ, a built-in's name or one of ``cd.activation``; the output is linear.
        input_variance: τ.

    Returns:
        The mean over networks of ½⟨(what of the output is not linear in the inputs, nor constant)²⟩.

    Raises:
        InputError: an argument out of range, or an activation without averages.

    Source: docs/why_faster.md.

    >>> round(nonlinear_error(2.0), 4), nonlinear_error(2.0, activation="linear")
    (0.0104, 0.0)
    """
    s = _scale("scale", scale)
    tau = validation.positive("input_variance", input_variance)
    activation = activations.checked("activation", activation)
    return 0.5 * s**2 / 3 * gaussian_averages(activation, tau * s**2 / 3).rest


def _scale(name: str, given: object) -> float:
    """A scale that can be squared."""
    scale = validation.positive(name, given)
    if not SQUARED < scale < 1 / SQUARED:
        raise InputError(f"{name} must lie between {SQUARED:g} and {1 / SQUARED:g}, got {scale:g}")
    return scale


def nonlinear_part(
    hidden: ArrayLike, readout: ArrayLike, *, activation: "str | Activation" = "tanh", input_variance: float = 0.5
) -> float:
    """The same of one network's weights: the error that the nonlinear part of its output makes by itself.

    Args:
        hidden: W1, (N, M).
        readout: W2, (O, N).
        activation: φ; the output is linear, or what drives it is meant.
        input_variance: τ of independent normal inputs.

    Returns:
        ½ Σ_o W2_o (⟨φφᵀ⟩ − ⟨φ⟩⟨φ⟩ᵀ − D C D) W2_oᵀ with C = τ W1 W1ᵀ and D = diag⟨φ'⟩: by Stein's identity D C D is
        the covariance of the best linear fits of the neurons.

    Raises:
        InputError: shapes that do not fit, an argument out of range, or an activation without averages.

    Source: docs/why_faster.md.

    >>> round(nonlinear_part([[2.0, 0.0]], [[1.0]]), 4), nonlinear_part([[2.0, 0.0]], [[1.0]], activation="linear")
    (0.0296, 0.0)
    """
    w1 = validation.finite_array("hidden", hidden, ndim=2)
    w2 = validation.finite_array("readout", readout, ndim=2)
    validation.shape("readout", w2, (len(w2), len(w1)), "a column per hidden neuron")
    tau = validation.positive("input_variance", input_variance)
    activation = activations.checked("activation", activation)
    with np.errstate(over="ignore", invalid="ignore"):
        covariance = tau * w1 @ w1.T
    if not np.isfinite(covariance).all():
        raise InputError(f"hidden weights must be so small that their squares are finite, got {np.abs(w1).max():g}")
    if activation == "linear":
        return 0.0
    require_accuracy(activation, covariance)
    if activation != "relu" and covariance.diagonal().max() < SMALL_DRIVE:
        return float(0.5 * np.einsum("oi,ij,oj->", w2, beyond_linear(activation, covariance), w2))
    each = [gaussian_averages(activation, v) if v > 0 else None for v in covariance.diagonal().tolist()]
    at_rest = float(np.asarray(activations.of(activation).value(np.zeros(1), np))[0])
    mean = np.array([at_rest if a is None else a.mean for a in each])
    slope = np.array([0.0 if a is None else a.slope for a in each])
    value = pair_averages(activation, covariance, len(w1)).value
    rest = value - np.outer(mean, mean) - np.outer(slope, slope) * covariance
    return float(0.5 * np.einsum("oi,ij,oj->", w2, rest, w2))


def speedup_onset(
    threshold: float,
    *,
    activation: "str | Activation" = "tanh",
    teacher_scale: float = 1.0,
    input_variance: float = 0.5,
) -> float:
    """The student's scale at which its nonlinear error and its teacher's come to the threshold.

    An estimate, without a number that was fitted, of the scale below which a flipped readout neuron costs epochs, as
    learning to the threshold is over before excess nonlinearity matters, and above which it saves some. Measured onsets
    of tanh students are 0.95 to 1.19 times it, at a threshold of 3e-4 1.09 for 0.92 (interval 0.90 to 1.33); more is
    on the pages `docs/why_faster.md` and `docs/why_faster_limits.md`. It does not hold where the teacher's nonlinear
    error alone is above the threshold and has to be learned itself: curl descent is then ahead at first only.

    Args:
        threshold: the error that counts as learned.
        activation: φ, one that becomes linear at small drives; the output is linear.
        teacher_scale: of uniform weights.
        input_variance: τ.

    Returns:
        The scale; 0 where the teacher alone is above the threshold, with a warning, and inf for linear students.

    Raises:
        InputError: an argument out of range, or an activation such as relu, of which small drives see the same as
            large ones: no neuron becomes linear there.

    Warns:
        EstimateWarning: the teacher's nonlinear error alone is above the threshold, so that there is no estimate.

    Source: docs/why_faster.md.

    >>> [round(speedup_onset(threshold), 2) for threshold in (3e-4, 1e-3, 3e-3, 1e-2)]
    [0.92, 1.26, 1.56, 1.98]
    """
    error = validation.positive("threshold", threshold)
    tau = validation.positive("input_variance", input_variance)
    activation = activations.checked("activation", activation)
    teacher = _scale("teacher_scale", teacher_scale)
    if activation == "linear":
        return float("inf")
    if activations.of(activation).homogeneous:
        raise InputError(
            f"activation must become linear at small drives, got {activation}, which looks the same at every scale"
        )

    def excess(scale: float) -> float:
        return nonlinear_error(scale, activation=activation, input_variance=tau) - left

    teachers = nonlinear_error(teacher, activation=activation, input_variance=tau)
    left = error - teachers
    if left <= 0:
        warn(
            f"the teacher's nonlinear error alone, {teachers:.3g}, is above the threshold of {error:g}, where this is "
            "no estimate: curl descent may be ahead at first only",
            EstimateWarning,
        )
        return 0.0
    from scipy.optimize import brentq

    high = 0.1
    while excess(high) < 0:
        high *= 2
        if high > LARGEST:
            raise InputError(f"threshold {error:g} is above the nonlinear error of every scale up to {LARGEST:g}")
    return float(brentq(excess, 1e-6, high, xtol=1e-10))
