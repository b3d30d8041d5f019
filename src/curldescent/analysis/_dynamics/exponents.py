"""Lyapunov exponents of learning runs, of swept parameters, and the check that a step is fine enough."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.analysis._dynamics.learning_dynamics import LearningDynamics, learning_dynamics
from curldescent.analysis._dynamics.linear_tangent import tangent_of
from curldescent.analysis._dynamics.tangent import Exponents, Step, lyapunov_exponents, measured
from curldescent.analysis._trials import Trials, one_by_one
from curldescent.foundation import quantities, validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.progress import Progress, checked
from curldescent.foundation.representation import Summarised
from curldescent.learning.fields.field import Field
from curldescent.learning.fields.subjects import has_trial_axis
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


def lyapunov(
    subject: Problem | Field | LearningDynamics,
    rule: Plasticity | None = None,
    *,
    time: float,
    trial: int | None = None,
    transient: float = 0.0,
    count: int = 1,
    learning_rate: float = 0.1,
    continuous: bool = False,
    preserve_norms: bool = False,
    output_error: str = "delta",
    every: int = 10,
    blocks: int = 20,
    seed: int = 0,
    progress: Progress | None = None,
) -> Any:
    """Leading Lyapunov exponents of learning: of a problem's trials with the full batch, or of any field.

    The unit of time is the total step: an update of step η advances time by η, an epoch of `train` by its learning
    rate, and the exponents of the map and of the flow are directly comparable.

    Zero exponents are common here and no sign of trouble: solutions of a wide network form a manifold, and hidden
    neurons with equal plasticity can be rotated into each other, so that a stable solution has exponents 0 (along the
    manifold) and the negative ones only come after them. Chaos is a positive exponent.

    Args:
        subject: a problem, a field, or `LearningDynamics`, whose own step then holds.
        rule: a problem's plasticity.
        time: how long to measure, in units of total step.
        trial: which of a problem's; None: all of them.
        transient: time before that. A start near an unstable solution escapes at a positive rate, which is no chaos:
            leave that out here, or look at the blocks.
        count: how many exponents.
        learning_rate: η, the total step of an update; the Runge–Kutta step where continuous.
        continuous: the flow instead of the map.
        preserve_norms: of a problem, whether layers keep their initial norms.
        output_error: of a problem, "delta" or "mse".
        every: steps between QR decompositions, at most.
        blocks: batches for the confidence interval, and finite-time exponents.
        seed: of tangent vectors and sampled feedback.
        progress: told how many trials are done; of a single run, how many steps. See
            `curldescent.foundation.progress`.

    Returns:
        `Exponents`; `Trials` of them for all trials of a problem with a trial axis.

    Raises:
        InputError: arguments out of range, a field that JAX cannot trace.

    Source: Benettin et al. (1980); docs/chaos.md.

    Example:
        >>> import curldescent as cd, jax.numpy as jnp, numpy as np
        >>> from curldescent.analysis import lyapunov
        >>> problem = cd.student_teacher(n_inputs=3, n_hidden=4, n_train=10)
        >>> found = lyapunov(problem, cd.Plasticity(), time=400.0, transient=100.0)
        >>> bool(abs(found.values[0, 0]) < 1e-3)      # solutions form a manifold: neutral, not chaotic
        True
        >>> def lorenz(x):
        ...     return jnp.array([10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]])
        >>> chaos = lyapunov(cd.field(lorenz, np.ones(3)), time=200.0, transient=20.0, learning_rate=0.01,
        ...                  continuous=True)
        >>> bool(chaos.low[0] > 0.5)
        True
    """
    shown = checked(progress)

    def one(dynamics: LearningDynamics, told: Progress | None = None) -> Exponents:
        run = tangent_of(dynamics, count=count, every=every, seed=seed)
        found = measured(run, time=time, transient=transient, blocks=blocks, progress=told)
        return replace(found, final_loss=dynamics.field.loss(found.state))

    options: dict[str, Any] = {
        "learning_rate": learning_rate,
        "continuous": continuous,
        "preserve_norms": preserve_norms,
        "output_error": output_error,
        "seed": seed,
    }
    if isinstance(subject, Problem) and trial is None and has_trial_axis(subject):
        each = (learning_dynamics(subject, rule, trial=number, **options) for number in range(subject.trials))
        return Trials(tuple(one_by_one(each, one, subject.trials, shown)))
    return one(learning_dynamics(subject, rule, trial=0 if trial is None else trial, **options), shown)


def follow_exponents(
    step: Step,
    start: ArrayLike,
    values: Sequence[float],
    *,
    args: Callable[[float], Any],
    time: float,
    transient: float = 0.0,
    dt: float = 1.0,
    count: int = 1,
    every: int = 10,
    blocks: int = 20,
    seed: int = 0,
    progress: Progress | None = None,
) -> "xr.Dataset":
    """Exponents along a swept parameter, every point started where the one before ended.

    Following one attractor shows where it loses stability, and a sweep back shows hysteresis. Where the trajectory
    leaves the finite numbers the next point starts anew from `start`.

    Args:
        step: the map, (state, args) → state.
        start: the first point's initial state, (D,).
        values: of the parameter, in the order of the sweep.
        args: from a value to the step's args.
        time: to measure at every point.
        transient: before it, at every point.
        dt: time per step.
        count: how many exponents.
        every: steps between QR decompositions, at most.
        blocks: batches.
        seed: of the tangent vectors.
        progress: told how many points are done.

    Returns:
        A dataset over `value`: `exponent`, `low`, `high` (value, index), `state` (value, dimension), `status`.

    Raises:
        InputError: no values, or arguments out of range.

    Example:
        >>> from curldescent.analysis import follow_exponents
        >>> logistic = lambda x, r: r * x * (1 - x)
        >>> sweep = follow_exponents(logistic, [0.3], [3.2, 4.0], args=float, time=4000, transient=500)
        >>> (sweep.exponent[:, 0] > 0).values.tolist()
        [False, True]
    """
    import xarray as xr

    validation.function("step", step, "a JAX function step(state, args) → state")
    validation.function("args", args, "a function from a value to the step's args", classes=True)
    points = validation.finite_array("values", values, ndim=1)
    if len(points) == 0:
        raise InputError("values must name at least one point of the sweep, got none")
    begin = validation.finite_array("start", start, ndim=1)
    state, found = begin, []
    shown = checked(progress)
    shown.start(len(points), "points")
    for value in points.tolist():
        options: dict[str, Any] = {"transient": transient, "dt": dt, "count": count, "every": every, "blocks": blocks}
        one = lyapunov_exponents(step, state, time=time, args=args(value), seed=seed, **options)
        state = one.state if np.isfinite(one.state).all() else begin
        found.append(one)
        shown.update(len(found))
    shown.finish()
    data = xr.Dataset(
        {
            "exponent": (("value", "index"), np.stack([f.values for f in found])),
            "low": (("value", "index"), np.stack([f.low for f in found])),
            "high": (("value", "index"), np.stack([f.high for f in found])),
            "state": (("value", "dimension"), np.stack([f.state for f in found])),
            "status": (("value",), [f.status for f in found]),
        },
        coords={"value": points},
    )
    return quantities.labelled(data, of="followed")


@dataclass(frozen=True, eq=False, repr=False)
class StepSizeCheck(Summarised):
    """A flow's exponents with a step and with half of it.

    Attributes:
        coarse: with the step asked for.
        fine: with half of it.
        change: (k,), |coarse − fine|.
        tolerance: (k,), what the two confidence intervals and the requested accuracy allow.
        stiffness: the fastest rate at the end of the fine run times the step; above 2.8 Runge–Kutta is unstable.
        agree: whether the change is within the tolerance everywhere and the stiffness below 1.
    """

    coarse: Exponents
    fine: Exponents
    change: Array
    tolerance: Array
    stiffness: float
    agree: bool

    def __str__(self) -> str:
        worst = int(np.argmax(self.change / self.tolerance)) if len(self.change) else 0
        verdict = "the step is small enough" if self.agree else "the step is too long"
        return (
            f"{verdict}: half of it changes exponent {worst} by {self.change[worst]:.2g} per unit of time (tolerance "
            f"{self.tolerance[worst]:.2g}), and the fastest rate times the step is {self.stiffness:.2g}"
        )


def step_size_check(
    subject: Problem | Field | LearningDynamics,
    rule: Plasticity | None = None,
    *,
    dt: float,
    time: float,
    trial: int = 0,
    transient: float = 0.0,
    count: int = 1,
    accuracy: float = 1e-3,
    preserve_norms: bool = False,
    output_error: str = "delta",
    seed: int = 0,
    **options: Any,
) -> StepSizeCheck:
    """Whether a flow's exponents depend on the integration step.

    Near a stable fixed point an integrator at the limit of its own stability reports exponents near zero whatever the
    true rate. Halving the step and looking at the fastest rate times the step both give that away.

    Args:
        subject: a problem, a field, or `LearningDynamics`.
        rule: a problem's plasticity.
        dt: the step to check.
        time: to measure.
        trial: which of a problem's.
        transient: before it.
        count: how many exponents.
        accuracy: a difference below this counts as none, per unit time.
        preserve_norms: of a problem, whether layers keep their initial norms.
        output_error: of a problem, "delta" or "mse".
        seed: of tangent vectors and sampled feedback.
        **options: for `lyapunov_exponents`.

    Returns:
        `StepSizeCheck`.

    Raises:
        InputError: arguments out of range.

    Example:
        >>> import curldescent as cd, numpy as np
        >>> from curldescent.analysis import step_size_check
        >>> decay = cd.field(lambda x: -2.0 * x, np.ones(1))
        >>> step_size_check(decay, dt=0.05, time=20.0).agree
        True
        >>> step_size_check(decay, dt=1.3, time=200.0).agree     # near the edge of stability
        False
    """
    accuracy, dt = validation.positive("accuracy", accuracy), validation.positive("dt", dt)
    settings: dict[str, Any] = {"preserve_norms": preserve_norms, "output_error": output_error, "seed": seed}
    dynamics = learning_dynamics(subject, rule, trial=trial, **settings)
    coarse, fine = (
        lyapunov(dynamics.at(h, continuous=True), time=time, transient=transient, count=count, seed=seed, **options)
        for h in (dt, dt / 2)
    )
    stiffness = float("inf")
    if fine.status != "diverged":
        stiffness = float(np.abs(np.linalg.eigvals(dynamics.field.jacobian(at=fine.state))).max() * dt)
    # Two rates of −inf agree, whatever is known of them; any other pair with one does not.
    gone = np.isneginf(coarse.values) & np.isneginf(fine.values)
    change = np.abs(np.where(gone, 0.0, coarse.values) - np.where(gone, 0.0, fine.values))
    widths = [
        np.where(np.isneginf(e.values), 0.0, e.high - np.where(np.isneginf(e.values), 0.0, e.low)) / 2
        for e in (coarse, fine)
    ]
    tolerance = np.hypot(*widths) + accuracy
    return StepSizeCheck(
        coarse, fine, change, tolerance, stiffness, bool((change <= tolerance).all() and stiffness < 1)
    )
