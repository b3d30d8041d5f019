"""Node perturbation in the mean: what reward-driven noise in the neurons teaches on average."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np

from curldescent.foundation import citations, validation
from curldescent.foundation.errors import InputError
from curldescent.learning.rules.contract import LearningRule, Sight, mean_product
from curldescent.learning.rules.signed_gradient import Convention, Learning
from curldescent.model.activations import of


@dataclass(frozen=True, eq=False, repr=False)
class NodePerturbation(LearningRule):
    """The mean of ΔW = −(ℓ(ξ) − ℓ(0)) ξ preᵀ / σ², with noise ξ ~ N(0, σ²) on the drive of every neuron.

    The mean over the noise is found exactly, not sampled. By Stein's lemma it is −E[∂ℓ/∂drive] preᵀ, the expectation
    over the noise and the activity before without it. As σ → 0 that is gradient descent; at finite σ the two factors
    belong to different networks and the rule is no gradient where φ is not linear.

    Args:
        noise: σ.
        plasticity: strengths that multiply the changes.

    Raises:
        InputError: a noise that is not positive. Networks other than two layers with linear outputs and the squared
            loss are refused when the rule meets them.

    Source: Williams, Machine Learning 8 (1992) 229, for the rule; Stein, Ann. Stat. 9 (1981) 1135, for its mean.

    Example:
        >>> import curldescent as cd
        >>> problem = cd.student_teacher(
        ...     n_inputs=5, n_hidden=3, activation="tanh", output_activation="linear", n_train=40
        ... )
        >>> history = cd.train(problem, cd.rules.NodePerturbation(noise=0.5), epochs=100)
        >>> bool(history.train_error[0, -1] < history.train_error[0, 0])
        True
    """

    noise: float = 0.1
    name: ClassVar[str] = "node perturbation"
    depths: ClassVar[tuple[int, ...] | None] = (2,)
    losses: ClassVar[tuple[str, ...] | None] = ("squared",)
    # Of the Gaussian average over a neuron's own noise; exact for polynomials up to twice as high an order.
    nodes: ClassVar[int] = 40

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "noise", validation.positive("noise", self.noise))
        citations.use("williams1992")

    def change(self, sight: Sight) -> Any:
        """Not layer by layer; see `velocity`."""
        raise InputError("the mean of node perturbation depends on the whole network")

    def velocity(
        self, layers: Sequence[Any], states: Sequence[Any], learning: Learning, inputs: Any, targets: Any, c: Convention
    ) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """See the base class.

        With m = E φ(z + ξ), a = E φ'(z + ξ) and b = E φ φ'(z + ξ) of every hidden neuron, and e = W2 m − y the mean
        output error, E[∂ℓ/∂z_i] = Σ_k w_ki [(e_k − w_ki m_i) a_i + w_ki b_i]: neuron i's own noise is in its output
        and in its slope at once.
        """
        if c.output_activation != "linear":
            raise InputError(
                f"the mean of node perturbation is known for linear outputs, got the activation {c.output_activation}"
            )
        hidden, readout = layers
        kind = of(c.activation)
        drive = inputs @ hidden.T
        points, weights = np.polynomial.hermite_e.hermegauss(self.nodes)
        weights = weights / weights.sum()
        noisy = drive[..., None] + self.noise * points
        values = kind.value(noisy, jnp)
        slopes = kind.slope(noisy, values, jnp)
        m, a, b = (jnp.sum(array * weights, axis=-1) for array in (values, slopes, values * slopes))
        error = m @ readout.T - targets
        squares = jnp.sum(readout**2, axis=0)
        at_hidden = (error @ readout - squares * m) * a + squares * b
        changes = (-mean_product(at_hidden, inputs), -mean_product(error, kind.value(drive, jnp)))
        return tuple(s * change for s, change in zip(learning.strengths, changes, strict=True)), tuple(states)
