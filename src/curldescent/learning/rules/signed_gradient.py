"""One update of sign-diverse plasticity, in JAX. This file defines what every engine computes."""

from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from curldescent.model import forward
from curldescent.model.activations import Activation, of
from curldescent.model.losses import SQUARED, Loss

# Outside of compiled code the rule takes NumPy arrays as well.
Array = jax.Array | np.ndarray


# One array (post, pre) a layer, from the inputs on.
Layers = tuple[Float[Array, "_ _"], ...]


class Learning(NamedTuple):
    """How one student's synapses learn: `curldescent.Plasticity` resolved for its sizes."""

    strengths: tuple[Float[Array, "_ _"], ...]
    """S, layer by layer."""
    feedback: tuple[Float[Array, "_ _"], ...]
    """B of every layer but the first; ignored where `aligned` is false."""
    aligned: Bool[Array, ""]
    """Whether B, and not Wᵀ, carries the error back."""


class Convention(NamedTuple):
    """The static choices of an experiment."""

    activation: str | Activation
    output_activation: str | Activation
    output_error: str
    """"delta": e = ŷ − y. "mse": e = (ŷ − y)·φ'_out, which makes the update the gradient of the recorded error."""
    preserve_norms: bool
    loss: Loss = SQUARED


def gradients(
    weights: Layers,
    learning: Learning,
    inputs: Float[Array, "batch inputs"],
    targets: Float[Array, "batch outputs"],
    convention: Convention,
    xp: ModuleType = jnp,
) -> Layers:
    """The batch-mean error signals that plasticity multiplies: ∂C/∂W where nothing but S departs from gradient descent.

    With e the output error and h = φ(W1 x): ⟨e hᵀ⟩ for the readout and ⟨[(F e) ∘ φ'] xᵀ⟩ for the hidden layer, F = W2ᵀ
    or B; layer by layer in deeper networks.

    Args:
        weights: W1, W2, … before the update.
        learning: for F.
        inputs: the batch, (b, M).
        targets: (b, O).
        convention: activations, the loss and the output error.
        xp: the array module, jax.numpy or NumPy.

    Returns:
        Signals of the weights' shapes.

    Source: docs/theory.md, setting; the paper's simulation protocol for "delta".
    """
    drives, activities, error = _output_error(weights, inputs, targets, convention, xp)
    samples = inputs.shape[0]
    return tuple(signal / samples for signal in _sums(weights, learning, drives, activities, error, convention, xp))


def _output_error(
    weights: Layers, inputs: Any, targets: Any, convention: Convention, xp: ModuleType
) -> tuple[list[Any], list[Any], Any]:
    """Drives and activities of every layer, and e (b, O)."""
    drives, activities = forward.passed(inputs, weights, convention.activation, convention.output_activation, xp)
    error = convention.loss.signal(
        drives[-1], activities[-1], targets, convention.output_activation, convention.output_error, xp
    )
    return drives, activities, error


def backpropagated(
    weights: Layers,
    learning: Learning,
    drives: list[Any],
    activities: list[Any],
    error: Any,
    activation: str | Activation,
    xp: ModuleType = jnp,
) -> list[Any]:
    """The error at every layer's neurons, (b, post), from that of the outputs, carried back by Wᵀ or B."""
    errors = [error]
    for number in range(len(weights) - 1, 0, -1):
        carried = xp.where(learning.aligned, learning.feedback[number - 1].T, weights[number])
        back = errors[0] @ carried
        errors.insert(0, of(activation).carried(back, drives[number - 1], activities[number], xp))
    return errors


def _sums(
    weights: Layers,
    learning: Learning,
    drives: list[Any],
    activities: list[Any],
    error: Any,
    convention: Convention,
    xp: ModuleType,
) -> Layers:
    """The signals that an output error (b, O) causes, added up over the samples."""
    errors = backpropagated(weights, learning, drives, activities, error, convention.activation, xp)
    return tuple(e.T @ before for e, before in zip(errors, activities[:-1], strict=True))


def update(
    weights: Layers,
    learning: Learning,
    norms: Float[Array, " layers"],
    inputs: Float[Array, "batch inputs"],
    targets: Float[Array, "batch outputs"],
    step: Float[Array, ""] | float,
    convention: Convention,
    xp: ModuleType = jnp,
) -> Layers:
    """One update: all layers move at once, ΔW = −step · S ∘ signal, then (optionally) each regains its norm.

    Args:
        weights: W1, W2, …
        learning: S and the feedback.
        norms: Frobenius norms that the layers are rescaled to where the convention preserves norms.
        inputs: the batch, (b, M).
        targets: (b, O).
        step: learning_rate · b / P.
        convention: the static choices.
        xp: the array module, jax.numpy or NumPy.

    Returns:
        The new weights.

    Source: docs/theory.md, setting; norm preservation as in the paper's "normalised" runs.
    """
    drives, activities, error = _output_error(weights, inputs, targets, convention, xp)
    # The step is taken into the error before it meets the inputs: what overflows is then no update of any size.
    steps = _sums(weights, learning, drives, activities, error * (step / inputs.shape[0]), convention, xp)
    moved = tuple(w - s * move for w, s, move in zip(weights, learning.strengths, steps, strict=True))
    return normed(moved, norms, xp) if convention.preserve_norms else moved


def normed(layers: Layers, norms: Float[Array, " layers"], xp: ModuleType = jnp) -> Layers:
    """The layers rescaled to their Frobenius norms."""
    return tuple(rescaled(layer, norm, xp) for layer, norm in zip(layers, norms, strict=True))


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
