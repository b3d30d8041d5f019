"""A run watched as it goes: its loss, two projections, and how fast a tangent vector grows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curldescent.analysis._dynamics.learning_dynamics import LearningDynamics, learning_dynamics
from curldescent.analysis._dynamics.linear_tangent import tangent_of
from curldescent.analysis._dynamics.tangent import Exponents, summarised
from curldescent.foundation import validation
from curldescent.foundation.representation import Summarised
from curldescent.learning.fields.field import Field
from curldescent.learning.fields.velocity import Velocity
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

Array = NDArray[np.float64]

WINDOWS = 4
BLOCKS_PER_WINDOW = 10


@dataclass(frozen=True)
class Observer:
    """What is recorded along a run: the loss and two fixed projections; a hashable function of (state, args)."""

    velocity: Velocity

    def __call__(self, state: Any, args: Any) -> Any:
        """(3,): the loss, and projections of W2 W1 on two fixed directions that have no symmetry.

        Of a field without a loss ½‖F‖² stands for it, and of one that is no problem's θ for W2 W1.
        """
        import jax.numpy as jnp

        seen = self.velocity.seen(state)
        index = jnp.arange(seen.size)
        if self.velocity.has_loss:
            level = self.velocity.loss(state, args)
        else:
            level = 0.5 * jnp.sum(self.velocity(state, args) ** 2)
        return jnp.stack([level, seen @ jnp.cos(1.7 * index), seen @ jnp.sin(2.3 * index)])


@dataclass(frozen=True, eq=False, repr=False)
class Record(Summarised):
    """A run as it was watched.

    Attributes:
        times: (n,), in units of total step.
        signals: (n, 3): the loss and two projections; ½‖F‖² for the loss of a field that has none.
        growth: (n,), logarithmic growth of a tangent vector in the interval that ends there; −inf where nothing of it
            is left.
        dt: total step per update.
        continuous: whether it was the flow.
        onset: when the loss first came to half of its typical late value (0 if it started there): what grows before
            is the escape from the start, not chaos.
        state: where the run ended.
    """

    times: Array
    signals: Array
    growth: Array
    dt: float
    continuous: bool
    onset: float
    state: Array

    def __str__(self) -> str:
        how = "flow" if self.continuous else f"steps of {self.dt:g}"
        end = "; it left the finite numbers" if self.diverged else ""
        return (
            f"{len(self.times)} looks at a run until time {self.times[-1]:.4g} ({how}), which had left its start at "
            f"{self.onset:.4g}; loss {self.signals[0, 0]:.4g} → {self.signals[-1, 0]:.4g}{end}"
        )

    @property
    def diverged(self) -> bool:
        """Whether the run left the finite numbers."""
        return not (np.isfinite(self.signals).all() and np.isfinite(self.state).all())

    def windows(self) -> list[Exponents]:
        """Maximal exponent in four equal windows from the onset to the end."""
        begin = int(np.searchsorted(self.times, self.onset))
        interval = self.times[1] - self.times[0]
        size = (len(self.times) - begin) // (WINDOWS * BLOCKS_PER_WINDOW)
        used = size * WINDOWS * BLOCKS_PER_WINDOW
        if size < 1:
            return []
        rates = self.growth[len(self.growth) - used :].reshape(-1, size).sum(axis=1)[:, None] / (size * interval)
        ends = self.times[len(self.times) - used :].reshape(-1, size)[:, -1]
        each = [slice(w * BLOCKS_PER_WINDOW, (w + 1) * BLOCKS_PER_WINDOW) for w in range(WINDOWS)]
        return [summarised(rates[part], rates[part], ends[part], self.dt, self.state) for part in each]


def watch(
    subject: Problem | Field | LearningDynamics,
    rule: Plasticity | None = None,
    *,
    time: float,
    sample: float = 0.5,
    seed: int = 0,
    pieces: int = 20,
    **options: Any,
) -> Record:
    """Run learning and record what `regime_of` needs.

    Args:
        subject: a problem, a field, or `LearningDynamics`.
        rule: a problem's plasticity.
        time: how long, in units of total step.
        sample: time between records, rounded to whole steps, at least one; a few per oscillation.
        seed: of the tangent vector and of sampled feedback.
        pieces: the run is stopped at the next of that many checks once it is no longer finite.
        **options: as in `learning_dynamics`: trial, learning_rate, continuous and the others.

    Returns:
        The `Record`.

    Raises:
        InputError: arguments out of range.
    """
    dynamics = learning_dynamics(subject, rule, seed=seed, **options)
    pieces = validation.integer("pieces", pieces, minimum=1)
    every = max(1, round(validation.positive("sample", sample) / dynamics.dt))
    run = tangent_of(dynamics, every=every, seed=seed, observe=Observer(dynamics.velocity))
    intervals = max(1, int(np.ceil(validation.positive("time", time) / (run.dt * every * pieces)))) * every
    growth, seen = [], []
    for _ in range(pieces):
        if run.finite:
            more, signals = run.advance(intervals)
            assert signals is not None
            growth.append(more[:, 0])
            seen.append(signals)
    signals = np.concatenate(seen)
    times = np.arange(1.0, len(signals) + 1) * (run.dt * every)
    return Record(
        times=times,
        signals=signals,
        growth=np.concatenate(growth),
        dt=run.dt,
        continuous=dynamics.continuous,
        onset=_onset(times, signals[:, 0]),
        state=run.state,
    )


def _onset(times: Array, loss: Array) -> float:
    late = np.median(loss[3 * len(loss) // 4 :])
    if not np.isfinite(late) or loss[0] >= 0.5 * late:
        return 0.0
    return float(times[int(np.argmax(loss >= 0.5 * late))])
