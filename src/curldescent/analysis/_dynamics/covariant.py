"""Covariant Lyapunov vectors by Ginelli's method: directions that the dynamics maps onto themselves."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.analysis._dynamics.decomposition import decomposed_interval
from curldescent.analysis._dynamics.learning_dynamics import LearningDynamics, learning_dynamics
from curldescent.analysis._dynamics.tangent import Step, TangentDynamics
from curldescent.foundation import citations, validation
from curldescent.foundation.arithmetic import arithmetic
from curldescent.foundation.errors import InputError
from curldescent.foundation.representation import Summarised
from curldescent.learning.fields.field import Field
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

Array = NDArray[np.float64]

# Stands for a growth factor of zero, relative to the largest, where a triangle must be inverted.
NOTHING = 1e-100


@dataclass(frozen=True, eq=False, repr=False)
class CovariantVectors(Summarised):
    """Covariant vectors of the k leading exponents along a piece of trajectory.

    Attributes:
        times: (n,), in the unit of dt.
        states: (n, D).
        vectors: (n, D, k), unit columns; column i grows with exponent i forwards and backwards in time. Signs are
            arbitrary.
        exponents: (k,), mean growth of the vectors themselves over these times; −inf for directions that are mapped to
            nothing (their vectors span what is).
    """

    times: Array
    states: Array
    vectors: Array
    exponents: Array

    def __str__(self) -> str:
        points, _, count = self.vectors.shape
        growths = ", ".join(f"{value:.4g}" for value in self.exponents)
        return (
            f"{count} covariant vectors at {points} points of a trajectory, from time {self.times[0]:.4g} to "
            f"{self.times[-1]:.4g}; they grow at {growths} per unit of time"
        )

    def angles(self, first: int, second: int) -> Array:
        """(n,), the angle in radians, 0 to π/2, between two vectors: near zero at tangencies.

        Args:
            first: index of one vector.
            second: index of the other.

        Returns:
            The angles along the trajectory.
        """
        cosine = np.abs(np.einsum("nd,nd->n", self.vectors[:, :, first], self.vectors[:, :, second]))
        return np.arccos(np.clip(cosine, 0.0, 1.0))

    def participation(self) -> Array:
        """(n, k), how many coordinates each vector lives on: 1/Σ v⁴, from 1 (one) to D (all equally)."""
        return 1.0 / (self.vectors**4).sum(axis=1)


def covariant_vectors(
    subject: Problem | Field | LearningDynamics | Step,
    rule: Plasticity | None = None,
    *,
    time: float,
    count: int,
    transient: float,
    settle: float,
    start: ArrayLike | None = None,
    args: Any = None,
    dt: float = 1.0,
    every: int = 1,
    seed: int = 0,
    **options: Any,
) -> CovariantVectors:
    """Covariant Lyapunov vectors of the `count` leading exponents of learning, or of any differentiable map.

    Forward, a frame is carried along and decomposed, J Q = Q' R; backward, an upper triangular matrix C of
    coefficients is carried through R⁻¹, which turns it towards the covariant vectors V = Q C.

    Args:
        subject: a problem, a field or `LearningDynamics`; or a map (state, args) → state on flat arrays (D,), in JAX.
        rule: a problem's plasticity.
        time: length of the piece of trajectory whose vectors are wanted.
        count: k.
        transient: time before it, for the trajectory to reach its attractor and the frame to converge.
        settle: time after it, for the backward iteration to converge.
        start: (D,), where to begin; of a field its parameters by default.
        args: of a map, passed on to it.
        dt: of a map, time per step; problems and fields have their learning_rate.
        every: steps between stored points.
        seed: of the initial frame and coefficients, and of sampled feedback.
        **options: of a problem or field, as in `learning_dynamics`: learning_rate, continuous, trial and the others.

    Returns:
        `CovariantVectors`. Memory: (time + settle)/(dt·every)·k·(D + k) numbers.

    Raises:
        InputError: arguments out of range, or a trajectory that leaves the finite numbers.

    Source: Ginelli, Poggi, Turchi, Chaté, Livi, Politi, Phys. Rev. Lett. 99, 130601 (2007).

    Example:
        >>> import numpy as np
        >>> from curldescent.analysis import covariant_vectors
        >>> matrix = np.array([[2.0, 1.0], [0.0, 0.5]])        # eigenvectors (1, 0) and (2, −3)/√13
        >>> found = covariant_vectors(lambda x, a: a @ x, start=[0.0, 0.0], args=matrix, time=5, count=2,
        ...                           transient=40, settle=40)
        >>> np.abs(np.round(found.vectors[0], 4)) + 0.0
        array([[1.    , 0.5547],
               [0.    , 0.8321]])
    """
    if not isinstance(subject, Problem | Field | LearningDynamics) and callable(subject):
        if rule is not None or options or start is None:
            raise InputError("a map takes start, args and dt, and no rule and no settings of learning")
        step: Step = subject
    else:
        if args is not None or dt != 1.0:
            raise InputError("args and dt are for maps: the step of a problem or field is its learning_rate")
        dynamics = learning_dynamics(subject, rule, seed=seed, **options)
        step, args, dt = dynamics.step, dynamics.args, dynamics.dt
        start = dynamics.start if start is None else start
    citations.use("ginelli2007")
    run = TangentDynamics(step, start, args=args, dt=dt, count=count, every=every, seed=seed)
    wanted, before, after = (
        int(np.ceil(validation.positive(name, value, zero=name != "time") / (dt * every) - 1e-9))
        for name, value in (("time", time), ("transient", transient), ("settle", settle))
    )
    if before:
        run.advance(before * every)
    with arithmetic():
        out = _forward(step, args, run.state, run.frame, run.stride, run.precision, wanted + after, every)
        states, frames, triangles, growth = (np.asarray(part) for part in out)
    if not np.isfinite(states).all():
        raise InputError("the trajectory leaves the finite numbers before the time is over; use a shorter one")
    if not np.isfinite(triangles).all():
        raise InputError("the step's derivative is not finite along the trajectory, so there are no tangent vectors")
    coefficients, growth = _backward(triangles, np.isneginf(growth), wanted, np.random.default_rng([seed, 1]))
    return CovariantVectors(
        times=np.arange(float(before), float(before + wanted)) * (every * dt),
        states=states[:wanted],
        vectors=frames[:wanted] @ coefficients,
        exponents=growth / (every * dt),
    )


def _backward(triangles: Array, gone: NDArray[np.bool_], wanted: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Coefficients (wanted, k, k) with unit columns and the vectors' mean logarithmic growth per interval, (k,).

    C at the start of interval i is R_i⁻¹ C at its end; what the column shrinks by backwards it grows by forwards.
    Columns that are gone in an interval are those that the dynamics maps to nothing: R is singular, and what R⁻¹
    tends to as their growth goes to zero turns them into its kernel.
    """
    from scipy.linalg import solve_triangular

    k = triangles.shape[1]
    c = np.triu(rng.uniform(0.5, 1.0, (k, k)))
    kept, growth = np.empty((wanted, k, k)), np.zeros(k)
    for i in reversed(range(len(triangles))):
        triangle = triangles[i]
        if gone[i].any():
            nothing = NOTHING * (np.abs(triangle).max() or 1.0)
            triangle = np.where(np.outer(gone[i], gone[i]), nothing * np.eye(k), triangle)
        c = solve_triangular(triangle, c)
        norms = np.linalg.norm(c, axis=0)
        c /= norms
        if i < wanted:
            kept[i] = c
            growth -= np.where(gone[i], np.inf, np.log(norms))
    # At the end of interval i the columns were already of unit norm, so the sum telescopes to the whole growth.
    return kept, growth / wanted


@partial(jax.jit, static_argnames=("step", "intervals"))
def _forward(
    step: Step, args: Any, state: Any, frame: Any, stride: Any, precision: Any, intervals: int, every: int
) -> tuple[Any, Any, Any, Any]:
    """States and frames at the start of every interval, and its R and logarithmic growth."""

    def interval(carried: Any, _: None) -> Any:
        state, frame, stride = carried
        *after, growth, _, triangle = decomposed_interval(step, args, state, frame, stride, precision, every)
        return tuple(after), (state, frame, triangle, growth)

    return jax.lax.scan(interval, (state, frame, stride), None, length=intervals)[1]
