"""Node perturbation in the mean: what reward-driven noise in the neurons teaches on average."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr

from curldescent.foundation import citations, validation
from curldescent.foundation.errors import InputError
from curldescent.learning.rules.contract import LearningRule, Sight, mean_product
from curldescent.learning.rules.signed_gradient import Convention, Learning
from curldescent.model.activations import Activation, of

# Averages over wider noise need more points than they are worth.
LARGEST_NOISE = 50.0
# Points reach so many standard deviations out, and lie so close that the trapezoidal rule is exact to rounding for
# functions without singularities nearer to the real axis than those of tanh, π/2.
_REACH, _CLOSE, _PER_DEVIATION = 8.5, 0.25, 3.0


@dataclass(frozen=True, eq=False, repr=False)
class NodePerturbation(LearningRule):
    """The mean of ΔW = −(ℓ(ξ) − ℓ(0)) ξ preᵀ / σ², with noise ξ ~ N(0, σ²) on the drive of every neuron.

    The mean over the noise is found to rounding for the built-in activations, not sampled. By Stein's lemma it is
    −E[∂ℓ/∂drive] preᵀ, the expectation over the noise and the activity before without it. As σ → 0 that is gradient
    descent; at finite σ the two factors belong to different networks and the rule is no gradient where φ is not linear.

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

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "noise", validation.positive("noise", self.noise))
        if self.noise > LARGEST_NOISE:
            raise InputError(f"noise must be at most {LARGEST_NOISE:g}, got {self.noise:g}")
        if self.plasticity.feedback is not None:
            raise InputError("node perturbation carries no error back: its plasticity must have no feedback")
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
        m, a, b = _means(kind, drive, self.noise)
        error = m @ readout.T - targets
        squares = jnp.sum(readout**2, axis=0)
        at_hidden = (error @ readout - squares * m) * a + squares * b
        changes = (-mean_product(at_hidden, inputs), -mean_product(error, kind.value(drive, jnp)))
        return tuple(s * change for s, change in zip(learning.strengths, changes, strict=True)), tuple(states)


def _means(kind: Activation, drive: Any, sigma: float) -> tuple[Any, Any, Any]:
    """E φ(z + ξ), E φ'(z + ξ) and E φ φ'(z + ξ) over a neuron's own noise, elementwise."""
    if kind.name == "linear":
        return drive, jnp.ones_like(drive), drive
    if kind.name == "relu":
        # z Φ(z/σ) + σ φ(z/σ); its slope is Φ(z/σ), and φ φ' = φ.
        share = ndtr(drive / sigma)
        mean = drive * share + sigma * jnp.exp(-0.5 * (drive / sigma) ** 2) / (2 * np.pi) ** 0.5
        return mean, share, mean
    step = min(_CLOSE, sigma / _PER_DEVIATION)
    points = np.arange(-np.ceil(_REACH * sigma / step), np.ceil(_REACH * sigma / step) + 1) * step
    weights = np.exp(-0.5 * (points / sigma) ** 2)
    points, weights = (np.asarray(a, drive.dtype) for a in (points, weights / weights.sum()))
    noisy = drive[..., None] + points
    values = kind.value(noisy, jnp)
    slopes = kind.slope(noisy, values, jnp)
    return tuple(jnp.sum(array * weights, axis=-1) for array in (values, slopes, values * slopes))  # type: ignore[return-value]
