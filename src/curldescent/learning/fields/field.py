"""A learning rule as a vector field on weight space, dθ/dt = F(θ), and products with its Jacobian."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.progress import Progress, Silent, checked
from curldescent.learning.fields.velocity import Velocity

Array = NDArray[np.float64]


class Field(ABC):
    """F at one point θ of parameter space, with its Jacobian J = ∂F/∂θ from either side. Built by `curldescent.field`.

    Parameters are one flat vector of n numbers, in the order of `shapes`. Wherever a method takes parameters, they may
    be flat, (n,), or in the form that the field was given them in.

    Attributes:
        theta: θ, (n,).
        shapes: parameter paths to shapes.
        progress: told how far long computations with the field are; silent unless `told` made it.
    """

    theta: Array
    shapes: dict[str, tuple[int, ...]]
    progress: Progress = Silent()

    @property
    def n_params(self) -> int:
        """The number n of parameters."""
        return self.theta.size

    @property
    @abstractmethod
    def precision(self) -> float:
        """Machine epsilon of the coarsest type that the field is computed in, whatever type its parameters have."""

    @property
    def is_descent(self) -> bool:
        """Whether the field is known to be gradient descent with one strength for every synapse, not a negative one."""
        return False

    def flat(self, params: Any) -> Array:
        """Parameters in the form the user has them, or flat already, as a flat vector, (n,)."""
        return validation.finite_array("parameters", self._position(params), ndim=1)

    @abstractmethod
    def _flat(self, params: Any) -> Array: ...

    @abstractmethod
    def structured(self, vector: Array) -> Any:
        """A flat vector in the form the parameters came in."""

    @abstractmethod
    def velocity(self, theta: Any = None) -> Array:
        """F at θ, (n,); at the present parameters by default."""

    def velocities(self, thetas: Array) -> Array:
        """F at every one of k points (k, n), (k, n)."""
        return np.stack([self.velocity(theta) for theta in thetas])

    def jvp(self, direction: Any, *, at: Any = None) -> Array:
        """J v: how F changes along a direction v, (n,).

        Args:
            direction: v, (n,).
            at: where, if not at the present parameters.
        """
        return self._there(at)._jvp(self._direction(direction))

    def vjp(self, direction: Any, *, at: Any = None) -> Array:
        """Jᵀ u, (n,).

        Args:
            direction: u, (n,).
            at: where, if not at the present parameters.
        """
        return self._there(at)._vjp(self._direction(direction))

    def jacobian(self, *, at: Any = None) -> Array:
        """J, dense, (n, n): row i holds the derivatives of F_i.

        Args:
            at: where, if not at the present parameters.
        """
        return self._there(at)._jacobian()

    @abstractmethod
    def _jvp(self, direction: Array) -> Array: ...

    @abstractmethod
    def _vjp(self, direction: Array) -> Array: ...

    def _jacobian(self) -> Array:
        return self._row_by_row(self._vjp, "rows of the Jacobian")

    def _row_by_row(self, product: Callable[[Array], Array], unit: str) -> Array:
        """The matrix whose products with unit vectors are its rows, (n, n)."""
        self.progress.start(self.n_params, unit)
        rows = []
        for row in np.eye(self.n_params):
            rows.append(product(row))
            self.progress.update(len(rows))
        self.progress.finish()
        return np.stack(rows)

    def loss(self, theta: Any = None) -> float:
        """The loss that learning is judged by; NaN where the field knows none."""
        return float("nan")

    def traced(self) -> tuple[Velocity, Any]:
        """The velocity as a function that JAX can trace and its arguments, to follow the field in time."""
        raise InputError(
            "only a field that JAX can trace can be followed in time: a cd.Problem with a rule, a JAX function; "
            f"got {self!r}"
        )

    def at(self, theta: Any) -> Self:
        """The same field at other parameters."""
        other = copy(self)
        other.theta = self._position(theta)
        return other

    def told(self, progress: Progress | None) -> Self:
        """The same field, whose long computations say how far they are.

        Args:
            progress: told, as `curldescent.foundation.progress` has it; None for silence.
        """
        other = copy(self)
        other.progress = checked(progress)
        return other

    def named(self, vector: NDArray) -> dict[str, NDArray]:
        """A flat vector by parameter path, each part in its parameter's shape."""
        parts: dict[str, NDArray] = {}
        start = 0
        for path, shape in self.shapes.items():
            size = math.prod(shape)
            parts[path] = vector[start : start + size].reshape(shape)
            start += size
        return parts

    def _there(self, at: Any) -> Self:
        return self if at is None else self.at(at)

    def _position(self, theta: Any) -> Array:
        if theta is None:
            return self.theta
        if isinstance(theta, np.ndarray) and theta.shape == self.theta.shape and theta.dtype.kind in "fiu":
            return theta.astype(np.float64, copy=False)
        return self._flat(theta)

    def _direction(self, direction: Any) -> Array:
        vector = validation.real_array("a direction", direction).astype(np.float64)
        if vector.shape != self.theta.shape:
            raise InputError(
                f"a direction must be a flat vector, {self.theta.shape}, got shape {vector.shape}; field.flat makes one"
            )
        return vector

    def __repr__(self) -> str:
        layers = ", ".join(f"{path}: {'×'.join(map(str, shape)) or '1'}" for path, shape in self.shapes.items())
        return f"{type(self).__name__}(parameters={self.n_params}; {layers})"
