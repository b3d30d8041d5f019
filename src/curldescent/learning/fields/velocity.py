"""dθ/dt as JAX traces it: what a field is compiled from and followed in time with."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from curldescent.learning.fields.parameters import ParameterTree


class Velocity(ABC):
    """A function (θ (n,), args) → dθ/dt (n,). Equal velocities are compiled once; what differs goes into args."""

    @property
    def has_loss(self) -> bool:
        """Whether there is a loss that learning is judged by."""
        return False

    @abstractmethod
    def __call__(self, theta: Any, args: Any) -> Any:
        """dθ/dt, (n,)."""

    def loss(self, theta: Any, args: Any) -> Any:
        """The loss, or NaN where there is none."""
        return jnp.full((), jnp.nan, theta.dtype)

    def updated(self, theta: Any, args: Any, dt: float) -> Any:
        """θ after one step of length dt of learning in steps."""
        return theta + dt * self(theta, args)

    def restored(self, theta: Any, args: Any) -> Any:
        """θ with what the exact flow conserves put right, so that no error of a numerical one builds up."""
        return theta

    def seen(self, theta: Any) -> Any:
        """What to look at along a run: θ, less symmetries where they are known."""
        return theta


@dataclass(frozen=True, eq=False)
class FunctionVelocity(Velocity):
    """A user's dθ/dt = function(θ), of parameters in the form that the user has them.

    No two are equal: what the function closes over may have changed since it was compiled.

    Attributes:
        function: parameters → their velocity, in the same form.
        form: of the parameters.
    """

    function: Callable[[Any], Any]
    form: ParameterTree

    def __call__(self, theta: Any, args: Any) -> Any:
        """See the base class."""
        leaves = jax.tree_util.tree_leaves(self.function(self.form.tree(theta)))
        return jnp.concatenate([jnp.ravel(leaf).astype(theta.dtype) for leaf in leaves])
