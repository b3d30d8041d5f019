"""Lyapunov exponents of a differentiable map by tangent dynamics with repeated QR decompositions.

The frame Q of k tangent vectors is carried along by the derivative of the map, J Q = Q' R; the logarithms of R's
diagonal, divided by the time, average to the k leading exponents (Benettin, Galgani, Giorgilli, Strelcyn, Meccanica
15, 9, 1980; Shimada and Nagashima, Prog. Theor. Phys. 61, 1605, 1979).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Protocol

import jax
import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.analysis._dynamics.decomposition import decomposed_interval, precision_of
from curldescent.foundation import citations, validation
from curldescent.foundation.arithmetic import arithmetic
from curldescent.foundation.errors import InputError
from curldescent.foundation.progress import Progress, checked
from curldescent.foundation.representation import Summarised, within

Array = NDArray[np.float64]
Step = Callable[[Any, Any], Any]


@dataclass(frozen=True, eq=False, repr=False)
class Exponents(Summarised):
    """The k leading Lyapunov exponents of one trajectory, in descending order of the frame's columns.

    Attributes:
        values: (k,), per unit time; −inf where, at some step, a direction shrank to nothing or to less than the
            arithmetic can tell from it.
        low: (k,), lower end of the 95 % confidence interval from batch means.
        high: (k,), upper end; where the value is −inf, what the arithmetic guarantees: the exponent is not above it.
        blocks: (B, k), finite-time exponents of consecutive blocks of the run.
        bounds: (B, k), the same, and where they are −inf what they are known to lie below.
        block_correlation: (k,), correlation of neighbouring blocks; well above 0 the blocks are too short and the
            interval too narrow.
        times: (B,), end of each block, counted from the start of the run (transient included).
        status: "ok"; "diverged" where the state stopped being finite, "not differentiable" where the state is finite
            and a derivative along the way is not (values are NaN in both).
        dt: time per step.
        state: (D,), where the trajectory ended.
        final_loss: the loss there, where there is one.
    """

    values: Array
    low: Array
    high: Array
    blocks: Array
    bounds: Array
    block_correlation: Array
    times: Array
    status: str
    dt: float
    state: Array
    final_loss: float = float("nan")

    COLUMNS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "status": (),
        "final_loss": (),
        "values": ("index",),
        "low": ("index",),
        "high": ("index",),
        "blocks": ("block", "index"),
        "trace": ("block", "index"),
        "block_correlation": ("index",),
        "times": ("block",),
    }

    def __str__(self) -> str:
        if self.status != "ok":
            return f"{self.status}: no exponents"
        first, low, high = (float(each[0]) for each in (self.values, self.low, self.high))
        if np.isneginf(first):
            text = f"negative: the leading Lyapunov exponent is −∞, not above {high:.4g} per unit of time"
        else:
            sign = "positive" if low > 0 else "negative" if high < 0 else "not told from zero"
            text = f"{sign}: leading Lyapunov exponent {within(first, low, high)}, per unit of time"
        text += f", from {len(self.blocks)} blocks up to time {self.times[-1]:.4g}"
        if len(self.values) > 1:
            others = ", ".join(f"{value:.4g}" for value in self.values[1:5])
            text += f"; then {others}{', …' if len(self.values) > 5 else ''}"
        return text

    @property
    def trace(self) -> Array:
        """(B, k), the running estimate after every block: what convergence looks like."""
        return np.cumsum(self.blocks, axis=0) / np.arange(1, len(self.blocks) + 1)[:, None]

    @property
    def kaplan_yorke(self) -> float:
        """The Kaplan–Yorke dimension, if the exponents computed suffice for it; NaN otherwise.

        Exponents are put in descending order first: those of neighbouring columns of the frame need not be in order
        after a finite time.
        """
        values = -np.sort(-self.values)
        total = np.cumsum(values)
        if values[0] < 0:
            return 0.0
        below = np.flatnonzero(total < 0)
        if not len(below):
            return float("nan")
        j = int(below[0])
        return float(j + total[j - 1] / -values[j])

    def window(self, begin: float, end: float) -> "Exponents":
        """The estimate from the blocks that lie between two times alone."""
        length = self.times[1] - self.times[0] if len(self.times) > 1 else np.inf
        inside = (self.times - length >= begin - 1e-9 * length) & (self.times <= end + 1e-9 * length)
        if inside.sum() < 2:
            raise InputError(f"a window needs two blocks, got {int(inside.sum())} between {begin:g} and {end:g}")
        return summarised(self.blocks[inside], self.bounds[inside], self.times[inside], self.dt, self.state)


class TangentDynamics:
    """A trajectory with k tangent vectors that can be advanced step by step.

    Args:
        step: the map, (state, args) → state, on flat arrays (D,), differentiable by JAX.
        start: the initial state, (D,).
        args: passed on to `step`; any pytree.
        dt: time per step.
        count: k, how many tangent vectors.
        every: steps between the growths that are returned, and between QR decompositions: more of these where the
            vectors would collapse onto each other in between.
        seed: of the initial tangent vectors.
        observe: (state, args) → array, recorded after every `every` steps; None for nothing.

    Attributes:
        bounds: (n, k), from the last `advance`: its growth, and where that is −inf the bound that it lies below.
        stride: steps between QR decompositions at present.
        precision: the unit of rounding of the step.

    Raises:
        InputError: a start that is not a vector, more vectors than dimensions, or a step that does not return a state.

    Example:
        >>> import numpy as np
        >>> from curldescent.analysis import TangentDynamics
        >>> shear = TangentDynamics(lambda x, a: a * x, np.ones(2), args=np.array([2.0, 0.5]), count=2, every=1)
        >>> growth, _ = shear.advance(50)
        >>> np.round(growth[-1] / np.log(2), 6)
        array([ 1., -1.])
    """

    def __init__(
        self,
        step: Step,
        start: ArrayLike,
        *,
        args: Any = None,
        dt: float = 1.0,
        count: int = 1,
        every: int = 10,
        seed: int = 0,
        observe: Step | None = None,
    ) -> None:
        validation.function("step", step, "a JAX function step(state, args) → state")
        citations.use("benettin1980")
        self.state = validation.finite_array("start", start, ndim=1)
        size = len(self.state)
        self.dt = validation.positive("dt", dt)
        self.every = validation.integer("every", every, minimum=1)
        count = validation.integer("count", count, minimum=1, maximum=size)
        self._step, self._args, self._observe = step, args, observe
        rng = np.random.default_rng(validation.integer("seed", seed, minimum=0))
        self.frame = np.linalg.qr(rng.standard_normal((size, count)))[0]
        self.steps = 0
        self.bounds = np.zeros((0, count))
        self.stride = np.int64(self.every)
        with arithmetic():
            self.precision = np.float64(precision_of(step, args, self.state))

    @property
    def count(self) -> int:
        """k, how many tangent vectors."""
        return self.frame.shape[1]

    @property
    def observes(self) -> bool:
        """Whether something is recorded along the run."""
        return self._observe is not None

    @property
    def time(self) -> float:
        """How far the trajectory has come."""
        return self.steps * self.dt

    @property
    def finite(self) -> bool:
        """Whether the state still is."""
        return bool(np.isfinite(self.state).all())

    def advance(self, steps: int) -> tuple[Array, Array | None]:
        """Take steps, a multiple of `every`.

        Args:
            steps: how many.

        Returns:
            Logarithmic growth (n, k) of the frame in the n = steps/every intervals, and the observations (n, …) at
            their ends, or None. Growth is −inf where a vector shrinks to less than rounding leaves of it.

        Raises:
            InputError: steps that are not a multiple of `every`.
        """
        intervals, rest = divmod(validation.integer("steps", steps, minimum=1), self.every)
        if rest:
            raise InputError(f"steps must be a multiple of every = {self.every}, got {steps}")
        with arithmetic():
            state, frame, self.stride, growth, bounds, seen = advance_frame(
                self._step,
                self._observe,
                self._args,
                self.state,
                self.frame,
                self.stride,
                self.precision,
                intervals,
                self.every,
            )
            self.state, self.frame, self.bounds = np.asarray(state), np.asarray(frame), np.asarray(bounds)
            self.steps += steps
            return np.asarray(growth), None if self._observe is None else np.asarray(seen)


@partial(jax.jit, static_argnames=("step", "observe", "intervals"))
def advance_frame(
    step: Step,
    observe: Step | None,
    args: Any,
    state: Any,
    frame: Any,
    stride: Any,
    precision: Any,
    intervals: int,
    every: int,
) -> tuple[Any, Any, Any, Any, Any, Any]:
    """Carry a state and a frame (D, k) along; returns both, the stride, growth and bounds (n, k), observations."""

    def interval(carried: Any, _: None) -> Any:
        state, frame, stride = carried
        state, frame, stride, growth, bound, _ = decomposed_interval(step, args, state, frame, stride, precision, every)
        seen = () if observe is None else observe(state, args)
        return (state, frame, stride), (growth, bound, seen)

    last, (growth, bounds, seen) = jax.lax.scan(interval, (state, frame, stride), None, length=intervals)
    return *last, growth, bounds, seen


def lyapunov_exponents(
    step: Step,
    start: ArrayLike,
    *,
    time: float,
    transient: float = 0.0,
    args: Any = None,
    dt: float = 1.0,
    count: int = 1,
    every: int = 10,
    blocks: int = 20,
    seed: int = 0,
    progress: Progress | None = None,
) -> Exponents:
    """The leading Lyapunov exponents of any differentiable map; `lyapunov` takes problems and fields.

    Args:
        step: the map, (state, args) → state on flat arrays (D,), in JAX.
        start: (D,).
        time: how long to measure; rounded up to whole blocks.
        transient: time before the measurement, in which the frame already turns.
        args: passed on to `step`.
        dt: time per step; exponents are per unit of it. 1 gives exponents per iteration.
        count: how many exponents, k.
        every: steps between QR decompositions, at most; fewer where the frame's vectors would collapse in between.
        blocks: B, into how many batches the measurement is cut for the confidence intervals.
        seed: of the initial tangent vectors.
        progress: told how many steps are done, those of the transient included.

    Returns:
        `Exponents`. A trajectory that leaves the finite numbers has status "diverged" and NaN values; directions that
        shrink beyond what the arithmetic resolves have −inf.

    Raises:
        InputError: arguments out of range.

    Source: Benettin et al. (1980). Confidence intervals: Student's t on batch means, honest when a block is much
        longer than the correlation time; `block_correlation` tells.

    Performance notes: a step costs 1 + k evaluations, about; `step` is compiled once per function object, so pass the
        same function with new `args` rather than a new function.

    Example:
        >>> import jax.numpy as jnp
        >>> from curldescent.analysis import lyapunov_exponents
        >>> henon = lambda x, a: jnp.array([1 - a[0] * x[0] ** 2 + x[1], a[1] * x[0]])
        >>> found = lyapunov_exponents(henon, [0.1, 0.1], args=(1.4, 0.3), time=20_000, transient=100, count=2)
        >>> round(float(found.values.sum()), 6)      # log of the map's constant determinant, log 0.3
        -1.203973
    """
    validation.function("step", step, "a JAX function step(state, args) → state")
    run = TangentDynamics(step, start, args=args, dt=dt, count=count, every=every, seed=seed)
    return measured(run, time=time, transient=transient, blocks=blocks, progress=progress)


class Followed(Protocol):
    """A trajectory with k tangent vectors, as `TangentDynamics` is one."""

    bounds: Array

    @property
    def dt(self) -> float:
        """Time per step."""

    @property
    def every(self) -> int:
        """Steps between the growths that are returned."""

    @property
    def count(self) -> int:
        """How many tangent vectors."""

    @property
    def state(self) -> Array:
        """Where the trajectory is, (D,)."""

    @property
    def finite(self) -> bool:
        """Whether the state still is."""

    def advance(self, steps: int) -> tuple[Array, Array | None]:
        """See `TangentDynamics.advance`."""


def measured(run: Followed, *, time: float, transient: float, blocks: int, progress: Progress | None) -> Exponents:
    """The exponents of a run from where it is, by batch means; arguments and result as in `lyapunov_exponents`."""
    blocks, every, dt, count = validation.integer("blocks", blocks, minimum=2), run.every, run.dt, run.count
    per_block = max(1, int(np.ceil(validation.positive("time", time) / (dt * every * blocks) - 1e-9)))
    before = int(np.ceil(validation.positive("transient", transient, zero=True) / (dt * every) - 1e-9))
    # Blocks and transient advance by the same compiled call where they can: the transient is cut into blocks too.
    shown = checked(progress)
    shown.start((before + blocks * per_block) * every, "steps")
    for done in range(before // per_block):
        run.advance(per_block * every)
        shown.update((done + 1) * per_block * every)
    if before % per_block:
        run.advance(before % per_block * every)
    rates, bounds, times = np.full((blocks, count), np.nan), np.full((blocks, count), np.nan), np.full(blocks, np.nan)
    for i in range(blocks):
        if run.finite:
            growth, _ = run.advance(per_block * every)
            rates[i], bounds[i] = (each.sum(axis=0) / (per_block * every * dt) for each in (growth, run.bounds))
        times[i] = (before + (i + 1) * per_block) * every * dt
        shown.update((before + (i + 1) * per_block) * every)
    shown.finish()
    return summarised(rates, bounds, times, run.dt, run.state)


def summarised(rates: Array, bounds: Array, times: Array, dt: float, state: Array) -> Exponents:
    """Batch means with their 95 % interval; where they are −inf, the interval from there to the mean of the bounds."""
    from scipy.stats import t as student

    blocks, count = rates.shape
    mean, low, high, correlation = (np.full(count, np.nan) for _ in range(4))
    status = "diverged"
    if np.isfinite(state).all():
        status = "not differentiable" if np.isnan(rates).any() else "ok"
    if status == "ok":
        mean, low, high = rates.mean(axis=0), np.full(count, -np.inf), bounds.mean(axis=0)
        sure = np.isfinite(mean)
        centred = rates[:, sure] - mean[sure]
        half = student.ppf(0.975, blocks - 1) * rates[:, sure].std(axis=0, ddof=1) / np.sqrt(blocks)
        low[sure], high[sure] = mean[sure] - half, mean[sure] + half
        power = (centred**2).sum(axis=0)
        lagged = (centred[1:] * centred[:-1]).sum(axis=0)
        correlation[sure] = np.divide(lagged, power, out=np.zeros(len(power)), where=power > 0)
    return Exponents(
        values=mean,
        low=low,
        high=high,
        blocks=rates,
        bounds=bounds,
        block_correlation=correlation,
        times=times,
        status=status,
        dt=dt,
        state=state,
    )
