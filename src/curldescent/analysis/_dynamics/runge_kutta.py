"""A flow as a map: the classical Runge–Kutta step, differentiable by JAX."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax

Field = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class RungeKutta4:
    """One fixed step of the classical fourth-order method, as a map (state, args) → state.

    A fixed step is deliberate. An adaptive explicit integrator near a fixed point settles at the edge of its own
    stability, where every numerical exponent is zero: a stable point then looks neutral. A step is stable and accurate
    only while the fastest rate times dt is well below 2.8.

    Equal fields and steps make equal maps, so that nothing is compiled twice.

    Attributes:
        field: (state, args) → velocity; any pytree.
        dt: the step.
    """

    field: Field
    dt: float

    def __call__(self, state: Any, args: Any) -> Any:
        """The state one step later."""
        k1 = self.field(state, args)
        k2 = self.field(_moved(state, k1, self.dt / 2), args)
        k3 = self.field(_moved(state, k2, self.dt / 2), args)
        k4 = self.field(_moved(state, k3, self.dt), args)
        return jax.tree.map(lambda x, a, b, c, d: x + self.dt / 6 * (a + 2 * b + 2 * c + d), state, k1, k2, k3, k4)


def _moved(state: Any, velocity: Any, step: float) -> Any:
    return jax.tree.map(lambda x, v: x + step * v, state, velocity)
