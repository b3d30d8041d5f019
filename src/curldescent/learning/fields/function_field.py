"""A field whose velocity is any function that JAX can trace; its Jacobian comes from automatic differentiation."""

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from curldescent.foundation.arithmetic import arithmetic
from curldescent.foundation.errors import InputError
from curldescent.learning.fields import precision
from curldescent.learning.fields.field import Field
from curldescent.learning.fields.parameters import ParameterTree
from curldescent.learning.fields.velocity import FunctionVelocity, Velocity

Array = NDArray[np.float64]

# Directions that are differentiated at once: time falls up to about here, memory grows with it.
BATCH = 64


class FunctionField(Field):
    """See `curldescent.learning.fields.field`; all arithmetic is in double precision within a scoped setting.

    Args:
        velocity: dθ/dt.
        form: of the parameters.
        theta: θ, (n,).
        args: what the velocity depends on besides.
    """

    def __init__(self, velocity: Velocity, form: ParameterTree, theta: Array, args: Any = None) -> None:
        self._velocity, self._form, self._args = velocity, form, args
        self.theta, self.shapes = theta, form.shapes
        self._compiled = _compiled(velocity)

    @cached_property
    def precision(self) -> float:
        """See the base class."""
        with arithmetic():
            return max(precision.DOUBLE, precision.of_jax(self._velocity, self.theta, self._args))

    def _flat(self, params: Any) -> Array:
        return self._form.flat(params)

    def structured(self, vector: Array) -> Any:
        """See the base class; a tree of NumPy arrays."""
        return self._form.tree(np.asarray(vector))

    def velocity(self, theta: Any = None) -> Array:
        """See the base class."""
        return self._call("velocity", self._position(theta))

    def velocities(self, thetas: Array) -> Array:
        """See the base class."""
        return self._call("velocities", thetas)

    def loss(self, theta: Any = None) -> float:
        """See the base class."""
        return float(self._call("loss", self._position(theta)))

    def traced(self) -> tuple[Velocity, Any]:
        """See the base class."""
        return self._velocity, self._args

    def _jvp(self, direction: Array) -> Array:
        return self._call("jvp", self.theta, direction)

    def _vjp(self, direction: Array) -> Array:
        return self._call("vjp", self.theta, direction)

    def _jacobian(self) -> Array:
        return self._call("jacobian", self.theta)

    def _call(self, name: str, *vectors: Array) -> Any:
        faults: list[Exception] = []
        with arithmetic():
            for way in self._compiled[name]:
                try:
                    return np.asarray(way(*vectors, self._args), dtype=np.float64)
                except (TypeError, ValueError) as fault:
                    faults.append(fault)
        raise InputError(f"JAX cannot differentiate this field: {said(faults[0])}") from faults[0]


def function_field(function: Callable[[Any], Any], theta0: Any) -> FunctionField:
    """A user's function as a field.

    Args:
        function: parameters → their velocity, in the same form.
        theta0: where to look first: an array or a tree of arrays.

    Returns:
        The `FunctionField`.

    Raises:
        InputError: no arrays, or a function that does not give a velocity of their form.
    """
    form = ParameterTree.of(theta0)
    theta = form.flat(theta0)
    wanted = "function must be a JAX function of the parameters that returns their velocity in the same form"
    with arithmetic():
        try:
            made = jax.eval_shape(lambda t: function(form.tree(t)), theta)
        except Exception as fault:
            raise InputError(f"{wanted}, but it raised {said(fault)}") from fault
    leaves, structure = jax.tree_util.tree_flatten(made)
    if structure != form.structure:
        raise InputError(f"{wanted}: {form.structure}, got {structure}")
    for (name, shape), leaf in zip(form.leaves, leaves, strict=True):
        if leaf.shape != shape or not jnp.issubdtype(leaf.dtype, jnp.floating):
            raise InputError(f"{wanted}: {name!r} must be real with shape {shape}, got {leaf.dtype} {leaf.shape}")
    return FunctionField(FunctionVelocity(function, form), form, theta)


@lru_cache(maxsize=16)
def _compiled(velocity: Velocity) -> dict[str, tuple[Callable[..., Any], ...]]:
    """Products with a velocity's Jacobian, each in one or two ways; nothing is compiled before it is called."""

    def pushed(theta: Any, direction: Any, args: Any) -> Any:
        return jax.jvp(lambda t: velocity(t, args), (theta,), (direction,))[1]

    def pulled(theta: Any, direction: Any, args: Any) -> Any:
        return jax.vjp(lambda t: velocity(t, args), theta)[1](direction)[0]

    def pulled_twice(theta: Any, direction: Any, args: Any) -> Any:
        # For functions that only have a derivative backwards: Jᵀu is linear in u, and J v its transpose along v.
        return jax.vjp(lambda u: pulled(theta, u, args), jnp.zeros_like(theta))[1](direction)[0]

    def rows(product: Callable[..., Any], theta: Any, args: Any) -> Any:
        identity = jnp.eye(theta.size, dtype=theta.dtype)
        return lax.map(lambda v: product(theta, v, args), identity, batch_size=min(BATCH, theta.size))

    def columns_pushed(theta: Any, args: Any) -> Any:
        return rows(pushed, theta, args).T

    def rows_pulled(theta: Any, args: Any) -> Any:
        return rows(pulled, theta, args)

    def velocities(thetas: Any, args: Any) -> Any:
        return lax.map(lambda theta: velocity(theta, args), thetas)

    ways: dict[str, tuple[Callable[..., Any], ...]] = {
        "velocity": (velocity.__call__,),
        "velocities": (velocities,),
        "loss": (velocity.loss,),
        "jvp": (pushed, pulled_twice),
        "vjp": (pulled,),
        "jacobian": (columns_pushed, rows_pulled),
    }
    return {name: tuple(jax.jit(way) for way in each) for name, each in ways.items()}


def said(fault: Exception) -> str:
    """A fault of a user's function in one line."""
    return f"{type(fault).__name__}: {' '.join(str(fault).split())[:200]}"
