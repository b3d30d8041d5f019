"""How long a run takes to leave a critical point, measured and from the linearised dynamics."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.analysis._dynamics.learning_dynamics import LearningDynamics, learning_dynamics
from curldescent.foundation import validation
from curldescent.foundation.arithmetic import arithmetic
from curldescent.foundation.errors import InputError
from curldescent.foundation.representation import Summarised
from curldescent.learning.fields.field import Field
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Escape(Summarised):
    """The departure of one run from a critical point.

    Attributes:
        rate: the largest growth rate λ there.
        projection: size of the kick along the fastest unstable eigenspace.
        predicted: log(reach/projection)/λ, the escape time of theory; infinite where nothing is unstable.
        measured: when the run first was `reach` away; NaN if not within the time given.
        measured_rate: slope of log distance between a hundredth and a half of that distance; NaN without escape.
        times: (n,).
        distances: (n,), from the critical point.
        loss: (n,); NaN where the field has none.
    """

    rate: float
    projection: float
    predicted: float
    measured: float
    measured_rate: float
    times: Array
    distances: Array
    loss: Array

    def __str__(self) -> str:
        if np.isnan(self.measured):
            text = f"stayed for the {self.times[-1]:.4g} units of time that it was followed"
        else:
            text = f"left after {self.measured:.4g} units of time at rate {self.measured_rate:.4g}"
        if not np.isfinite(self.predicted):
            return f"{text}; nothing is unstable there (largest rate {self.rate:.4g} per unit of time)"
        return f"{text}; {self.predicted:.4g} is predicted, from the rate {self.rate:.4g} per unit of time"


def escape(
    subject: Problem | Field | LearningDynamics,
    rule: Plasticity | None = None,
    *,
    point: ArrayLike | None = None,
    kick: float | ArrayLike = 1e-8,
    reach: float = 1e-3,
    time: float | None = None,
    sample: int = 10,
    seed: int = 0,
    **options: Any,
) -> Escape:
    """Start next to a critical point and see how long the run stays.

    Args:
        subject: a problem, a field, or `LearningDynamics`.
        rule: a problem's plasticity.
        point: (D,), the critical point; the field's own parameters by default.
        kick: size of a random displacement, or the displacement itself, (D,).
        reach: distance that counts as having left; small enough that the linearisation holds up to there.
        time: how long to wait; three times the prediction by default.
        sample: steps between looks.
        seed: of the random displacement and of sampled feedback.
        **options: as in `learning_dynamics`: trial, learning_rate, continuous and the others.

    Returns:
        `Escape`.

    Raises:
        InputError: a kick not below the reach, or no time given where nothing is unstable.

    Source: docs/saddles.md: a perturbation ε along a direction of rate λ takes log(reach/ε)/λ.

    Example:
        >>> import numpy as np, curldescent as cd
        >>> from curldescent.analysis import escape
        >>> problem = cd.student_teacher(n_inputs=3, n_hidden=2, n_train=10)
        >>> left = escape(problem, cd.Plasticity(), point=np.zeros(8), kick=1e-7, continuous=True, reduce=False)
        >>> bool(abs(left.measured / left.predicted - 1) < 0.05)
        True
    """
    dynamics = learning_dynamics(subject, rule, seed=seed, **options)
    sample = validation.integer("sample", sample, minimum=1)
    begin = dynamics.start if point is None else validation.finite_array("point", point, ndim=1)
    validation.shape("point", begin, dynamics.start.shape, "(the dynamics' weights)")
    reach = validation.positive("reach", reach)
    if np.ndim(kick) == 0:
        direction = np.random.default_rng(validation.integer("seed", seed, minimum=0)).standard_normal(len(begin))
        displacement = validation.positive("kick", kick) * direction / np.linalg.norm(direction)
    else:
        displacement = validation.finite_array("kick", kick, ndim=1)
        validation.shape("kick", displacement, begin.shape, "(the dynamics' weights)")
    if not 0 < np.linalg.norm(displacement) < reach:
        raise InputError(f"kick must be between 0 and the reach {reach:g}, got {np.linalg.norm(displacement):g}")
    rate, projection = _leading(dynamics.field.jacobian(at=begin), displacement)
    predicted = float(np.log(reach / projection) / rate) if rate > 0 and projection > 0 else float("inf")
    if time is None:
        if not np.isfinite(predicted):
            raise InputError("nothing is unstable at this point, so give the time to wait")
        time = 3 * predicted
    looks = int(np.ceil(validation.positive("time", time) / (dynamics.dt * sample)))
    with arithmetic():
        distances, loss = _departure(
            dynamics.step, jnp.asarray(begin + displacement), jnp.asarray(begin), dynamics.args, looks, sample
        )
        distances, loss = np.asarray(distances), np.asarray(loss)
    times = np.arange(float(looks)) * (dynamics.dt * sample)
    measured, measured_rate = float("nan"), float("nan")
    if (distances >= reach).any():
        out = int((distances >= reach).argmax())
        measured = _crossing(times, distances, out, reach)
        inner = slice(int((distances >= 0.01 * reach).argmax()), int((distances >= 0.5 * reach).argmax()) + 1)
        if inner.stop - inner.start >= 2:
            measured_rate = float(np.polyfit(times[inner], np.log(distances[inner]), 1)[0])
    return Escape(rate, projection, predicted, measured, measured_rate, times, distances, loss)


def _leading(jacobian: Array, displacement: Array) -> tuple[float, float]:
    """The largest real part, and the length of the displacement's part in the eigenspace of that rate.

    Spectral projection with left eigenvectors: for a Jacobian with curl the eigenvectors are not orthogonal. All
    eigenvalues within a relative 1e-8 of the leading real part belong to the space, complex pairs included.
    """
    rates, vectors = np.linalg.eig(jacobian)
    rate = float(rates.real.max())
    zero = 1e-10 * np.abs(rates).max()
    if rate <= zero:
        return max(rate, 0.0) if abs(rate) <= zero else rate, 0.0
    leading = rates.real > rate * (1 - 1e-8)
    # Least squares instead of an inverse: zero eigenvalues may be defective.
    coefficients = np.linalg.lstsq(vectors, displacement.astype(complex), rcond=None)[0]
    return rate, float(np.linalg.norm((vectors[:, leading] @ coefficients[leading]).real))


def _crossing(times: Array, distances: Array, out: int, reach: float) -> float:
    """When the distance crossed `reach`, between two looks, on a logarithmic scale."""
    if out == 0:
        return float(times[0])
    before, after = np.log(distances[out - 1 : out + 1])
    return float(times[out - 1] + (times[out] - times[out - 1]) * (np.log(reach) - before) / (after - before))


@partial(jax.jit, static_argnames=("step", "looks", "sample"))
def _departure(step: Any, state: Any, point: Any, args: Any, looks: int, sample: int) -> tuple[Any, Any]:
    def look(state: Any, _: None) -> Any:
        seen = jnp.linalg.norm(state - point), step.velocity.loss(state, args)
        return jax.lax.fori_loop(0, sample, lambda _, s: step(s, args), state), seen

    return jax.lax.scan(look, state, None, length=looks)[1]
