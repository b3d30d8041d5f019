"""The signed gradient of a model's loss as a field, with the model's outputs and products with their derivatives."""

from abc import abstractmethod
from collections.abc import Mapping
from copy import copy
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation.errors import InputError
from curldescent.learning.fields.field import Field
from curldescent.model.flips import strengths_array
from curldescent.model.signatures import Signature, flatten_strengths

Array = NDArray[np.float64]


class Network(Field):
    """A differentiable model with data and plasticity: a field that has a loss.

    Built by `network`, or by `curldescent.field` of a problem. With f the outputs, ℓ the loss of a sample and S the
    strengths, C = ⟨ℓ⟩ and the field is F = −S ∘ ∂C/∂θ, whose Jacobian is J = −diag(S) H with H the Hessian of C.
    Φ = ∂f/∂θ has P·O rows, which run over outputs fastest.

    Attributes:
        theta: θ, (n,).
        strengths: S, (n,).
        shapes: parameter paths to shapes.
        n_samples: P.
        n_outputs: O.
        has_targets: whether there is a loss.
        axes: parameters whose layout the model tells, whatever their names say, to the axis of presynaptic neurons.
    """

    strengths: Array
    n_samples: int
    n_outputs: int
    has_targets: bool
    axes: Mapping[str, int] = MappingProxyType({})

    @property
    def n_rows(self) -> int:
        """P·O, the rows of the Jacobian of the outputs."""
        return self.n_samples * self.n_outputs

    @property
    @abstractmethod
    def arithmetic(self) -> float:
        """Machine epsilon of the type in which the model's results are summed over samples."""

    @abstractmethod
    def outputs(self, theta: Any = None) -> Array:
        """The outputs f, (P, O)."""

    @abstractmethod
    def outputs_jvp(self, direction: Array) -> Array:
        """Φ v: how the outputs move with the parameters, (P·O,)."""

    @abstractmethod
    def outputs_vjp(self, rows: Array) -> Array:
        """Φᵀ u, (n,)."""

    @abstractmethod
    def outputs_jacobian(self) -> Array:
        """Φ = ∂f/∂θ, (P·O, n), dense."""

    @abstractmethod
    def gram(self) -> Array:
        """Φᵀ Λ Φ / P, (n, n), without ever holding Φ; Λ the curvature of the loss."""

    @abstractmethod
    def loss(self, theta: Any = None) -> float:
        """The loss C."""

    @abstractmethod
    def residual(self) -> Array:
        """The derivative ∂ℓ/∂f of every sample's loss, (P, O); ŷ − y for the squared loss."""

    @abstractmethod
    def curvature(self) -> Array | None:
        """The Hessian Λ of every sample's loss in the outputs, (P, O, O); None where it is the identity."""

    @abstractmethod
    def gradient(self, theta: Any = None) -> Array:
        """The gradient ∂C/∂θ, (n,)."""

    def along(self, thetas: Array) -> tuple[Array, Array]:
        """Losses (k,) and gradients (k, n) at parameters (k, n)."""
        return np.array([self.loss(theta) for theta in thetas]), np.stack([self.gradient(theta) for theta in thetas])

    @abstractmethod
    def hessian_product(self, direction: Array) -> Array:
        """H v with H the Hessian of C, (n,)."""

    def hessian(self) -> Array:
        """H, dense, (n, n), as it was computed: what it lacks in symmetry is rounding."""
        return np.stack([self.hessian_product(row) for row in np.eye(self.n_params)])

    @abstractmethod
    def _named(self, strengths: Any) -> dict[str, Any]:
        """Explicit strengths by parameter path."""

    def velocity(self, theta: Any = None) -> Array:
        """F = −S ∘ ∂C/∂θ, (n,)."""
        return -self.strengths * self.gradient(theta)

    def velocities(self, thetas: Array) -> Array:
        """See the base class."""
        return -self.strengths * self.along(thetas)[1]

    def _jvp(self, direction: Array) -> Array:
        return -self.strengths * self.hessian_product(direction)

    def _vjp(self, direction: Array) -> Array:
        return -self.hessian_product(self.strengths * direction)

    def with_strengths(self, strengths: Any) -> Self:
        """The same network under another plasticity; `strengths` as in `network`, or a flat vector (n,)."""
        other = copy(self)
        other.strengths = self._resolved(strengths)
        return other

    @abstractmethod
    def with_targets(self, targets: Any) -> Self:
        """The same network with other targets of the same kind."""

    @property
    def is_descent(self) -> bool:
        """Whether every synapse learns with the same strength, not a negative one: gradient descent at some rate."""
        return bool(self.strengths.min() == self.strengths.max() and self.strengths.min() >= 0)

    def require_targets(self, what: str) -> None:
        """Refuse an analysis that needs the loss when there is none."""
        if not self.has_targets:
            raise InputError(f"{what} needs the loss: give targets to cd.analysis.network")

    def _resolved(self, strengths: Any) -> Array:
        if strengths is None:
            return np.ones(self.n_params)
        if isinstance(strengths, Signature):
            return flatten_strengths(strengths.strengths(self.shapes), self.shapes)
        if isinstance(strengths, np.ndarray) and strengths.shape == (self.n_params,):
            return np.array(strengths_array("strengths", strengths, ndim=1))
        return flatten_strengths(self._named(strengths), self.shapes)

    def __repr__(self) -> str:
        flipped = int((self.strengths < 0).sum())
        return (
            f"Network(synapses={self.n_params}, flipped={flipped}, samples={self.n_samples}, outputs={self.n_outputs})"
        )


def chunk_layout(samples: int, batch_size: int | None) -> tuple[int, int]:
    """Number of chunks and their size, as equal as can be."""
    chunks = -(-samples // min(samples, batch_size or 1024))
    return chunks, -(-samples // chunks)
