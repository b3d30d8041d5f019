"""One update of sign-diverse plasticity, in JAX. This file defines what every engine computes."""

from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from curldescent.model import forward

# Outside of compiled code the rule takes NumPy arrays as well.
Array = jax.Array | np.ndarray


class Synapses(NamedTuple):
    """Weights of one student."""

    hidden: Float[Array, "hidden inputs"]
    readout: Float[Array, "outputs hidden"]


class Learning(NamedTuple):
    """How one student's synapses learn: `curldescent.Plasticity` resolved for its sizes."""

    hidden: Float[Array, "hidden inputs"]
    """S of the hidden layer."""
    readout: Float[Array, "outputs hidden"]
    """S of the readout."""
    feedback: Float[Array, "hidden outputs"]
    """B; ignored where `aligned` is false."""
    aligned: Bool[Array, ""]
    """Whether B, and not W2ᵀ, carries the error back."""


class Convention(NamedTuple):
    """The static choices of an experiment."""

    activation: str
    output_activation: str
    output_error: str
    """"delta": e = ŷ − y. "mse": e = (ŷ − y)·φ'_out, which makes the update the gradient of the recorded error."""
    preserve_norms: bool


def gradients(
    weights: Synapses,
    learning: Learning,
    inputs: Float[Array, "batch inputs"],
    targets: Float[Array, "batch outputs"],
    convention: Convention,
    xp: ModuleType = jnp,
) -> Synapses:
    """The batch-mean error signals that plasticity multiplies: ∂C/∂W where nothing but S departs from gradient descent.

    With e the output error and h = φ(W1 x): ⟨e hᵀ⟩ for the readout and ⟨[(F e) ∘ φ'] xᵀ⟩ for the hidden layer, F = W2ᵀ
    or B.

    Args:
        weights: W1, W2 before the update.
        learning: for F.
        inputs: the batch, (b, M).
        targets: (b, O).
        convention: activations and the output error.
        xp: the array module, jax.numpy or NumPy.

    Returns:
        Signals of the weights' shapes.

    Source: docs/theory.md, setting; the paper's simulation protocol for "delta".
    """
    hidden, error = _output_error(weights, inputs, targets, convention, xp)
    sums = _sums(weights, learning, inputs, hidden, error, convention, xp)
    samples = inputs.shape[0]
    return Synapses(hidden=sums.hidden / samples, readout=sums.readout / samples)


def _output_error(
    weights: Synapses, inputs: Any, targets: Any, convention: Convention, xp: ModuleType
) -> tuple[Any, Any]:
    """Hidden activities (b, N) and e (b, O)."""
    hidden, output = forward.outputs(
        inputs, weights.hidden, weights.readout, convention.activation, convention.output_activation, xp
    )
    error = output - targets
    if convention.output_error == "mse":
        error = error * forward.slope(convention.output_activation, output, xp)
    return hidden, error


def _sums(
    weights: Synapses,
    learning: Learning,
    inputs: Any,
    hidden: Any,
    error: Any,
    convention: Convention,
    xp: ModuleType,
) -> Synapses:
    """The signals that an output error (b, O) causes, added up over the samples."""
    carried = xp.where(learning.aligned, learning.feedback.T, weights.readout)
    hidden_error = (error @ carried) * forward.slope(convention.activation, hidden, xp)
    return Synapses(hidden=hidden_error.T @ inputs, readout=error.T @ hidden)


def update(
    weights: Synapses,
    learning: Learning,
    norms: Float[Array, "2"],
    inputs: Float[Array, "batch inputs"],
    targets: Float[Array, "batch outputs"],
    step: Float[Array, ""] | float,
    convention: Convention,
    xp: ModuleType = jnp,
) -> Synapses:
    """One update: both layers move at once, ΔW = −step · S ∘ signal, then (optionally) each regains its norm.

    Args:
        weights: W1, W2.
        learning: S and the feedback.
        norms: Frobenius norms that W1 and W2 are rescaled to where the convention preserves norms.
        inputs: the batch, (b, M).
        targets: (b, O).
        step: learning_rate · b / P.
        convention: the static choices.
        xp: the array module, jax.numpy or NumPy.

    Returns:
        The new weights.

    Source: docs/theory.md, setting; norm preservation as in the paper's "normalised" runs.
    """
    hidden, error = _output_error(weights, inputs, targets, convention, xp)
    # The step is taken into the error before it meets the inputs: what overflows is then no update of any size.
    steps = _sums(weights, learning, inputs, hidden, error * (step / inputs.shape[0]), convention, xp)
    moved = Synapses(
        hidden=weights.hidden - learning.hidden * steps.hidden,
        readout=weights.readout - learning.readout * steps.readout,
    )
    if not convention.preserve_norms:
        return moved
    return Synapses(*(rescaled(layer, norm, xp) for layer, norm in zip(moved, norms, strict=True)))


def rescaled(
    layer: Float[Array, "post pre"], norm: Float[Array, ""] | float, xp: ModuleType = jnp
) -> Float[Array, "post pre"]:
    """`layer` with Frobenius norm `norm`; a layer of zeros has no direction and stays as it is.

    Divided by its largest magnitude first, so that no square leaves the range of numbers. NaN and infinity become NaN.
    """
    largest = xp.max(xp.abs(layer))
    if xp is jnp:
        # It cancels, so nothing is to be differentiated through it.
        largest = jax.lax.stop_gradient(largest)
    direction = layer / xp.where(largest > 0, largest, 1)
    return xp.where(largest > 0, direction / xp.sqrt(xp.sum(direction * direction)) * norm, layer)
