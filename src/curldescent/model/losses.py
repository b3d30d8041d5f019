"""Losses: each an object with its value and the error signal that it sends into the output neurons.

A loss is a function of what the network returns, ŷ = φ_out(z), and the target. The cross-entropy is that of the
matching activation: of softmax outputs (or of linear ones, taken as logits), and of sigmoid outputs, each a yes or no.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.model import forward
from curldescent.model.activations import Activation, of

CONVENTIONS = ("delta", "mse")
_MATCHING = {"linear": "softmax", "softmax": "softmax", "sigmoid": "sigmoid"}


@dataclass(frozen=True)
class Loss:
    """A loss ℓ of one sample.

    Args:
        name: what problems and histories call it.
        function: (output (O,), target (O,)) → scalar, written with jax.numpy; None for the built-in losses, whose
            values do not need JAX.

    Example:
        >>> import numpy as np
        >>> SQUARED.of_samples(np.array([[1.0, 2.0]]), np.array([[0.0, 0.0]]), "linear")
        array([2.5])
    """

    name: str
    function: Callable[[Any, Any], Any] | None = None

    def __repr__(self) -> str:
        return self.name

    def of_samples(self, drive: Any, target: Any, output_activation: "str | Activation", xp: ModuleType = np) -> Any:
        """ℓ of every sample, (…, P), from the drives of the outputs and the targets, each (…, P, O)."""
        if self == SQUARED:
            return 0.5 * xp.sum((of(output_activation).value(drive, xp) - target) ** 2, axis=-1)
        if self == CROSS_ENTROPY:
            matching = self._matching(output_activation)
            if not matching.joint:
                return matching.matching(drive, target, xp)
            assert matching.integral is not None
            # Targets need not sum to one: each counts with the logarithm of its own probability.
            share = xp.sum(target, axis=-1)
            return matching.integral(drive, xp) * share - xp.sum(target * drive, axis=-1)
        return self._vectorised(lambda f: f, of(output_activation).value(drive, xp), target, xp)

    def signal(
        self,
        drive: Any,
        output: Any,
        target: Any,
        output_activation: "str | Activation",
        convention: str,
        xp: ModuleType = np,
    ) -> Any:
        """The error e at the drives of the outputs, (b, O).

        Args:
            drive: of the outputs, (b, O).
            output: ŷ, (b, O).
            target: (b, O).
            output_activation: φ_out.
            convention: "delta": e = ∂ℓ/∂ŷ, which is ŷ − y for the squared loss, the paper's convention. "mse": e =
                φ'_out · ∂ℓ/∂ŷ, the exact gradient. The cross-entropy has one signal, ŷ − y, which is both.
            xp: the array module.

        Returns:
            The signal.
        """
        activation = of(output_activation)
        if self == CROSS_ENTROPY:
            matching = self._matching(output_activation)
            prediction = output if matching is activation else matching.value(drive, xp)
            return prediction * (xp.sum(target, axis=-1, keepdims=True) if matching.joint else 1) - target
        if self == SQUARED:
            error = output - target
        else:
            import jax

            error = self._vectorised(jax.grad, output, target, xp)
        return activation.carried(error, drive, output, xp) if convention == "mse" else error

    def check(self, output_activation: "str | Activation", outputs: int) -> None:
        """Refuse a loss that does not go with the output activation, or a function that is none."""
        if self == CROSS_ENTROPY:
            self._matching(output_activation)
        if self.function is None:
            return
        import jax

        from curldescent.foundation.arithmetic import arithmetic

        one = jax.ShapeDtypeStruct((outputs,), "float64")  # type: ignore[no-untyped-call]
        with arithmetic():
            try:
                made = jax.eval_shape(self.function, one, one)
            except Exception as fault:
                raise InputError(
                    f"the loss {self.name!r} must be a function of JAX, (output (O,), target (O,)) → number, but it "
                    f"raised {type(fault).__name__}"
                ) from fault
        if getattr(made, "shape", None) != ():
            raise InputError(f"the loss {self.name!r} must return one number a sample, got {validation.shown(made)}")

    def _matching(self, output_activation: "str | Activation") -> Activation:
        name = of(output_activation).name
        if name not in _MATCHING:
            raise InputError(
                "the cross-entropy needs output_activation 'softmax' or 'sigmoid', or 'linear' for logits, got "
                f"{validation.shown(name)}"
            )
        return of(_MATCHING[name])

    def _vectorised(self, transform: Callable[..., Any], output: Any, target: Any, xp: ModuleType) -> Any:
        import jax
        import jax.numpy as jnp

        from curldescent.foundation.arithmetic import arithmetic

        assert self.function is not None
        one = transform(self.function)
        for _ in range(output.ndim - 1):
            one = jax.vmap(one)
        if xp is not np:
            return one(output, xp.broadcast_to(target, output.shape))
        with arithmetic():
            return np.asarray(one(jnp.asarray(output), jnp.asarray(np.broadcast_to(target, output.shape))))


def mean_loss(
    loss: Loss,
    inputs: Any,
    layers: Sequence[Any],
    targets: Any,
    activation: "str | Activation",
    output_activation: "str | Activation",
    xp: ModuleType = np,
) -> Any:
    """C, the mean of a loss over samples, (…): what `train` records and analyses differentiate.

    Args:
        loss: ℓ.
        inputs: samples as rows, (P, M).
        layers: W1, W2, …, each (…, post, pre).
        targets: (…, P, O).
        activation: φ of every layer but the last.
        output_activation: φ of the last.
        xp: the array module, NumPy or jax.numpy.

    Returns:
        One number for every leading index.

    Example:
        >>> import numpy as np
        >>> mean_loss(SQUARED, np.eye(2), [np.eye(2)], np.zeros((2, 2)), "linear", "linear").item()
        0.5
    """
    drives, activities = forward.passed(inputs, layers, activation, output_activation, xp)
    if loss == SQUARED:
        return forward.error(activities[-1], targets, xp)
    return xp.mean(loss.of_samples(drives[-1], targets, output_activation, xp), axis=-1)


SQUARED = Loss("squared")
CROSS_ENTROPY = Loss("cross_entropy")
BUILT_IN = {loss.name: loss for loss in (SQUARED, CROSS_ENTROPY)}


def checked(name: str, given: object) -> Loss:
    """What a user says of a loss as a `Loss`: a built-in's name, a `Loss`, or a function of one sample.

    Raises:
        InputError: anything else.

    Example:
        >>> checked("loss", "squared")
        squared
    """
    if isinstance(given, Loss):
        return given
    if callable(given) and not isinstance(given, type):
        name = getattr(given, "__name__", "loss")
        return Loss(f"own {name}" if name in BUILT_IN else name, given)
    if not isinstance(given, str):
        raise InputError(
            f"{name} must be 'squared', 'cross_entropy' or a function of one sample, got {validation.shown(given)}"
        )
    return BUILT_IN[validation.choice(name, given, tuple(BUILT_IN))]
