"""Linear students in what rotations of equal hidden neurons leave as it is: the Gram matrices of their weights.

With Z_g = [W1, W2ᵀ] of the equally plastic hidden neurons g, (N_g, M + O), C_g = Z_gᵀ Z_g is all that learning needs:

    E = (Σ_g C_g[out, in] − W*) Σ̂,  Ż_g = Z_g K_g,  Ċ_g = C_g K_g + K_gᵀ C_g,  K_g = [[0, −Eᵀ b_g], [−a_g E D1, 0]]

a_g the strength of the neurons' synapses from the inputs, b_g (O,) that of those to the outputs, D1 that of the inputs.
Keeping a layer's norm adds a multiple of the identity to its block of K, which is the same in every group.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from curldescent.foundation.errors import InputError
from curldescent.learning.engines.fused_students import factored
from curldescent.learning.fields.function_field import FunctionField
from curldescent.learning.fields.parameters import ParameterTree
from curldescent.learning.fields.problem_velocity import Facts, ProblemVelocity, problem_velocity
from curldescent.learning.fields.velocity import Velocity
from curldescent.learning.reduction import equally_plastic
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

Array = NDArray[np.float64]


class GramFacts(NamedTuple):
    """What learning depends on besides the Gram matrices; the args of their velocity."""

    post: Any
    """a, (groups,)."""
    pre: Any
    """The inputs' strengths, (M,)."""
    readout: Any
    """b, (groups, O)."""
    root: Any
    """R with Σ̂ = RᵀR."""
    target: Any
    """The map of least error W*, (O, M)."""
    floor: Any
    """The error that no linear map can go below."""
    norms: Any
    """(2,), Frobenius norms of W1 and W2 that norm preservation keeps."""


@dataclass(frozen=True)
class GramVelocity(Velocity):
    """The velocity of the upper triangles of all C_g, row by row, one after the other.

    Attributes:
        inputs: M.
        outputs: O.
        groups: how many.
        preserve_norms: whether both layers keep their norms.
    """

    inputs: int
    outputs: int
    groups: int
    preserve_norms: bool

    @property
    def has_loss(self) -> bool:
        """See the base class."""
        return True

    def matrices(self, theta: Any) -> Any:
        """(groups, M + O, M + O) of a flat state."""
        side = self.inputs + self.outputs
        rows, columns = np.triu_indices(side)
        half = theta.reshape(self.groups, -1)
        full = jnp.zeros((self.groups, side, side), half.dtype)
        return full.at[:, rows, columns].set(half).at[:, columns, rows].set(half)

    def packed(self, matrices: Any) -> Any:
        """The flat state of symmetric matrices."""
        rows, columns = np.triu_indices(self.inputs + self.outputs)
        return matrices[:, rows, columns].ravel()

    def __call__(self, theta: Any, args: GramFacts) -> Any:
        """See the base class."""
        c = self.matrices(theta)
        k = self._generators(c, args)
        if self.preserve_norms:
            k = k + self._normalising(c, k)
        half = c @ k
        return self.packed(half + jnp.swapaxes(half, 1, 2))

    def loss(self, theta: Any, args: GramFacts) -> Any:
        """The mean loss C."""
        off = (self._map(self.matrices(theta)) - args.target) @ args.root.T
        return args.floor + 0.5 * jnp.sum(off * off)

    def updated(self, theta: Any, args: GramFacts, dt: float) -> Any:
        """One update of the weights, the whole training set as the batch: Z ← Z (I + dt K)."""
        c = self.matrices(theta)
        step = jnp.eye(self.inputs + self.outputs, dtype=c.dtype) + dt * self._generators(c, args)
        return self.restored(self.packed(jnp.swapaxes(step, 1, 2) @ c @ step), args)

    def restored(self, theta: Any, args: GramFacts) -> Any:
        """Norms, where they are kept."""
        if not self.preserve_norms:
            return theta
        c = self.matrices(theta)
        squares = jnp.einsum("gii->i", c)
        hidden, readout = squares[: self.inputs].sum(), squares[self.inputs :].sum()
        scale = jnp.concatenate(
            [
                jnp.broadcast_to(args.norms[0] / jnp.sqrt(_divisor(hidden)), (self.inputs,)),
                jnp.broadcast_to(args.norms[1] / jnp.sqrt(_divisor(readout)), (self.outputs,)),
            ]
        )
        return self.packed(scale[:, None] * c * scale)

    def seen(self, theta: Any) -> Any:
        """W2 W1."""
        return self._map(self.matrices(theta)).ravel()

    def _map(self, c: Any) -> Any:
        return c[:, self.inputs :, : self.inputs].sum(0)

    def _generators(self, c: Any, args: GramFacts) -> Any:
        """K of every group, without what keeps norms."""
        error = (self._map(c) - args.target) @ args.root.T @ args.root
        up = -error.T[None] * args.readout[:, None, :]
        down = -args.post[:, None, None] * (error * args.pre)[None]
        m, o = self.inputs, self.outputs
        zeros = [jnp.zeros((self.groups, side, side), c.dtype) for side in (m, o)]
        return jnp.concatenate(
            [jnp.concatenate([zeros[0], up], axis=2), jnp.concatenate([down, zeros[1]], axis=2)], axis=1
        )

    def _normalising(self, c: Any, k: Any) -> Any:
        """The diagonal that takes out of every layer's velocity what points along its weights."""
        m = self.inputs
        along = jnp.einsum("gij,gji->i", c, k)
        squares = jnp.einsum("gii->i", c)
        parts = [
            jnp.broadcast_to(-along[part].sum() / _divisor(squares[part].sum()), (size,))
            for part, size in ((slice(None, m), m), (slice(m, None), self.outputs))
        ]
        return jnp.diag(jnp.concatenate(parts))


def _divisor(square: Any) -> Any:
    """A layer's squared norm; one of a layer of zeros, which has no direction and stays as it is."""
    return jnp.where(square > 0, square, 1.0)


def gram_field(problem: Problem, rule: Plasticity, trial: int, *, preserve_norms: bool) -> FunctionField:
    """One trial of a problem as a field of Gram matrices, see `curldescent.analysis.modulo_rotations`."""
    whole, _ = problem_velocity(problem, rule, trial, preserve_norms=preserve_norms)
    velocity, facts = whole.traced()
    if not isinstance(velocity, ProblemVelocity) or not velocity.linear:
        raise InputError(
            "modulo_rotations is for linear students with one hidden layer, the squared loss and a cd.Plasticity: "
            "where the activation is not linear, rotated hidden neurons are another function"
        )
    if np.asarray(facts.learning.aligned).any():
        raise InputError("modulo_rotations is for rules without feedback weights of their own")
    hidden, readout = (np.asarray(layer) for layer in whole.named(whole.theta).values())
    return _field(hidden, readout, facts, preserve_norms=preserve_norms)


def _field(hidden: Array, readout: Array, facts: Facts, *, preserve_norms: bool) -> FunctionField:
    first, second = (np.asarray(s) for s in facts.learning.strengths)
    factors = factored(first)
    if factors is None:
        raise InputError(
            "modulo_rotations needs strengths of the first layer that are one number per input times one per hidden "
            "neuron: others leave no two hidden neurons equal"
        )
    post, pre = factors
    members = equally_plastic(post, second)
    z = np.concatenate([hidden, readout.T], axis=1)
    side, fewest = z.shape[1], min(len(group) for group in members)
    if fewest < side:
        raise InputError(
            f"modulo_rotations needs at least M + O = {side} equally plastic hidden neurons in every group, the "
            f"smallest here has {fewest}: the Gram matrices of fewer are not free to move in every direction"
        )
    m, o = hidden.shape[1], len(readout)
    velocity = GramVelocity(m, o, len(members), preserve_norms)
    upper = np.triu_indices(side)
    blocks = {f"group {number}": (z[group].T @ z[group])[upper] for number, group in enumerate(members)}
    form = ParameterTree.of(blocks)
    chosen = [group[0] for group in members]
    args = GramFacts(post[chosen], pre, second[:, chosen].T, facts.inputs, facts.targets, facts.floor, facts.norms)
    return FunctionField(velocity, form, form.flat(blocks), args)
