"""Tangent dynamics of linear students with one output in compiled kernels, which do what the JAX step defines."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from curldescent.analysis._dynamics.learning_dynamics import LearningDynamics
from curldescent.analysis._dynamics.tangent import TangentDynamics
from curldescent.foundation.errors import InputError
from curldescent.learning.engines.fused_students import factored
from curldescent.learning.engines.kernels.linear_tangent import follow_steps
from curldescent.learning.engines.kernels.linear_tangent_flow import follow_flow
from curldescent.learning.engines.kernels.linear_tangent_pending import PENDING
from curldescent.learning.engines.kernels.simd import aligned, padded
from curldescent.learning.fields.problem_velocity import ProblemVelocity

Array = NDArray[np.float64]


def is_linear_student(dynamics: LearningDynamics) -> bool:
    """Whether `LinearTangent` can follow these dynamics."""
    velocity = dynamics.velocity
    if not isinstance(velocity, ProblemVelocity) or not velocity.linear:
        return False
    learning = dynamics.args.learning
    one_output = dynamics.args.targets.shape[0] == 1
    return one_output and not bool(learning.aligned) and factored(np.asarray(learning.strengths[0])) is not None


class LinearTangent:
    """One tangent vector of a linear student with one output, and its state, carried along by kernels.

    In the place of a `TangentDynamics` with one vector that observes nothing, or the loss and the two projections of an
    `Observer`: the same numbers to rounding. An interval over which the vector shrinks or grows beyond what a double
    can hold exactly is taken by that reference.

    Attributes:
        reference: what it stands for; where the run is.
        bounds: (n, 1), as of `TangentDynamics`.
    """

    count = 1

    def __init__(self, dynamics: LearningDynamics, reference: TangentDynamics) -> None:
        if not is_linear_student(dynamics):
            raise InputError("LinearTangent is for linear students with one output and no feedback weights")
        self.reference = reference
        self.bounds = reference.bounds
        self._dynamics = dynamics
        self._shape = n_hidden, n_inputs = dynamics.weights(dynamics.start)[0].shape
        self._rows, self._width = padded(n_hidden), padded(n_inputs)
        facts = dynamics.args
        factors = factored(np.asarray(facts.learning.strengths[0]))
        assert factors is not None
        post, pre = factors
        index = np.arange(n_inputs)
        vectors = (np.asarray(facts.targets)[0], pre, np.cos(1.7 * index), np.sin(2.3 * index))
        inputs = np.asarray(facts.inputs)
        self._root = self._padded(np.pad(inputs, ((0, -len(inputs) % 4), (0, 0))), self._width).ravel()
        self._vectors = self._padded(np.stack(vectors), self._width)
        strengths = np.stack([post, np.asarray(facts.learning.strengths[1])[0]])
        self._strengths = self._padded(strengths, self._rows)
        # Where all neurons share it, products with post ∘ W2 are those with W2.
        self._factor = float(post[0]) if (post == post[0]).all() else np.nan
        self._norms = np.ascontiguousarray(facts.norms, dtype=np.float64)
        self._keeps: bool = dynamics.velocity.convention.preserve_norms  # type: ignore[attr-defined]
        # The error that no linear map goes below belongs to the loss, and moves nothing.
        self._floor = float(facts.floor)

    @property
    def dt(self) -> float:
        """Total step of a step."""
        return self.reference.dt

    @property
    def every(self) -> int:
        """Steps from one look to the next."""
        return self.reference.every

    @property
    def state(self) -> Array:
        """Where the run is, (D,)."""
        return self.reference.state

    @property
    def finite(self) -> bool:
        """Whether the state still is."""
        return self.reference.finite

    def advance(self, steps: int) -> tuple[Array, Array | None]:
        """See `TangentDynamics.advance`."""
        intervals, rest = divmod(steps, self.reference.every)
        assert rest == 0
        growth, bounds, seen = np.empty(intervals), np.empty(intervals), np.empty((intervals, 3))
        done = 0
        while done < intervals:
            first = done
            done += self._followed(growth[first:], seen[first:])
            bounds[first:done] = growth[first:done]
            if done < intervals:
                more, looks = self.reference.advance(self.reference.every)
                growth[done], bounds[done] = more[0, 0], self.reference.bounds[0, 0]
                if looks is not None:
                    seen[done] = looks[0]
                done += 1
        self.bounds = bounds[:, None]
        return growth[:, None], seen if self.reference.observes else None

    def _followed(self, growth: Array, seen: Array) -> int:
        """Fill in as many intervals as kernels can take, and be where the last of them ended."""
        at = self.reference
        size = self._rows * self._width
        layers, readouts = aligned(2, size), aligned(2, self._rows)
        for number, flat in enumerate((at.state, at.frame[:, 0])):
            layers[number], readouts[number] = self._laid_out(flat)
        kept = aligned(2, size + self._rows)
        common = (self._norms, self._keeps, at.dt, at.every, kept, aligned(7, self._width), growth, seen)
        constants = (self._root, self._vectors, self._strengths)
        if self._dynamics.continuous:
            long = self._rows + self._width * (2 if np.isnan(self._factor) else 1)
            pending = aligned(2, PENDING, self._rows), aligned(2, PENDING, self._width)
            work = aligned(4, 2, long), *pending, aligned(4, self._rows)
            done = follow_flow(layers, readouts, *constants, *common, self._factor, *work)
        else:
            products = aligned(2, self._width)
            w, v = layers.reshape(2, self._rows, self._width)
            products[0], products[1] = readouts[0] @ w, readouts[1] @ w + readouts[0] @ v
            done = follow_steps(layers, readouts, *constants, *common, products)
        if done == len(growth):
            kept[:, :size], kept[:, size:] = layers, readouts
        seen[:done, 0] += self._floor
        at.state, at.frame = self._flat(kept[0]), self._flat(kept[1])[:, None]
        at.steps += int(done) * at.every
        return int(done)

    def _laid_out(self, flat: Array) -> tuple[Array, Array]:
        hidden, readout = self._dynamics.weights(flat)
        w = np.zeros((self._rows, self._width))
        w[: self._shape[0], : self._shape[1]] = hidden
        w2 = np.zeros(self._rows)
        w2[: self._shape[0]] = readout[0]
        return w.ravel(), w2

    def _flat(self, kept: Array) -> Array:
        size = self._rows * self._width
        w = kept[:size].reshape(self._rows, self._width)[: self._shape[0], : self._shape[1]]
        return np.concatenate([w.ravel(), kept[size : size + self._shape[0]]])

    @staticmethod
    def _padded(rows: Array, width: int) -> Array:
        out = aligned(len(rows), width)
        out[:, : rows.shape[1]] = rows
        return out


def tangent_of(dynamics: LearningDynamics, *, count: int = 1, **options: Any) -> TangentDynamics | LinearTangent:
    """The fastest that follows these dynamics with tangent vectors.

    Args:
        dynamics: whose.
        count: how many tangent vectors.
        **options: as in `TangentDynamics`: every, seed, observe; the last None or an `Observer`.

    Returns:
        `LinearTangent` where it is one with one vector, `TangentDynamics` otherwise.
    """
    run = TangentDynamics(dynamics.step, dynamics.start, args=dynamics.args, dt=dynamics.dt, count=count, **options)
    return LinearTangent(dynamics, run) if run.count == 1 and is_linear_student(dynamics) else run
