"""Oja's rule: Hebbian growth with a decay that keeps every neuron's weights at length one."""

from dataclasses import dataclass
from typing import Any, ClassVar

import jax.numpy as jnp

from curldescent.foundation import citations, validation
from curldescent.learning.rules.contract import LearningRule, Sight, mean_product


@dataclass(frozen=True, eq=False, repr=False)
class Oja(LearningRule):
    """dW/dt = ⟨post preᵀ⟩ − decay·⟨post²⟩ ∘ W: each neuron finds the leading principal component of its inputs.

    Its Jacobian is not symmetric away from the components, so that it is no gradient in the Euclidean metric.

    Args:
        decay: of the weights, relative to the growth; a neuron's weights settle at length 1/√decay.
        readout: "delta": the last layer learns by its error instead, as gradient descent does, so that the student
            learns its targets on features that Oja's rule finds. "oja": it learns by Oja's rule as well.
        plasticity: strengths that multiply the changes; a negative one makes a synapse anti-Hebbian.

    Raises:
        InputError: a decay below zero, another readout.

    Source: E. Oja, J. Math. Biol. 15 (1982) 267.

    Example:
        >>> import curldescent as cd
        >>> problem = cd.student_teacher(n_inputs=5, n_hidden=3, n_train=40)
        >>> history = cd.train(problem, cd.rules.Oja(), epochs=200, learning_rate=0.1)
        >>> bool(history.train_error[0, -1] < history.train_error[0, 0])
        True
    """

    decay: float = 1.0
    readout: str = "delta"
    name: ClassVar[str] = "Oja"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "decay", validation.positive("decay", self.decay, zero=True))
        validation.choice("readout", self.readout, ("delta", "oja"))
        citations.use("oja1982")

    def change(self, sight: Sight) -> Any:
        """See the base class."""
        if sight.last and self.readout == "delta":
            return -mean_product(sight.error, sight.pre)
        strength = jnp.mean(sight.post**2, axis=0)
        return mean_product(sight.post, sight.pre) - self.decay * strength[:, None] * sight.weight
