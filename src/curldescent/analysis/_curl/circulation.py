"""Circulation of the learning field around a loop: zero for every gradient."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from curldescent.analysis._curl.field_integral import integrate_any
from curldescent.analysis._curl.loop_integral import LoopIntegral, integrate_signed
from curldescent.analysis._curl.quadrature import ORDER
from curldescent.analysis._trials import each_trial
from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.progress import Progress
from curldescent.foundation.representation import Summarised
from curldescent.learning.fields.field import Field
from curldescent.learning.fields.network import Network
from curldescent.learning.fields.precision import LEAST, SAFETY, finite, power_of_two, underflows, words
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

Array = NDArray[np.float64]

# A circulation counts from so many times its estimated error,
# and an error of this share of the work shows that there is none.
CLEAR = 10.0
NOTHING = 1e-6


@dataclass(frozen=True, repr=False)
class Circulation(Summarised):
    """∮ F·dθ around a closed loop.

    Attributes:
        value: the integral; of a signed gradient in units of loss (times strengths), and without the part of F that is
            a multiple of the loss' gradient: its integral is zero exactly.
        error: an estimate of its numerical error, not a bound: from every second point, from rounding, and of a signed
            gradient from how far the loss at the ends of every piece is from following its gradient in between, of
            other fields from how the integral over every piece changes with new points.
        verdict: "curl": the value is more than ten times the error, so that F is the gradient of no function. "none":
            there is no circulation beyond the error, and the error is below 1e-6 of the work. "undecided": neither.
        reason: what the verdict rests on, where that is not the size of the error.
        work: ∮ |F·dθ|, what the value is to be compared with.
        points: how many evaluations of the field.
    """

    value: float
    error: float
    verdict: str
    reason: str
    work: float
    points: int

    COLUMNS: ClassVar[Mapping[str, tuple[str, ...]]] = dict.fromkeys(
        ("verdict", "value", "error", "work", "reason"), ()
    )

    @property
    def certified(self) -> bool:
        """Whether the verdict is "curl"."""
        return self.verdict == "curl"

    def __str__(self) -> str:
        text = f"{self.verdict}: circulation {self.value:.4g} ± {self.error:.1g}, work {self.work:.4g}"
        return f"{text}; {self.reason}" if self.reason else text


def circulation(
    subject: Problem | Field,
    rule: Plasticity | None = None,
    *,
    trial: int | None = 0,
    loop: Callable[[float], Any] | None = None,
    radius: float | None = None,
    plane: Sequence[Any] | None = None,
    points: int = 64,
    max_points: int = 20_000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Any:
    """Integrate a field F around a loop in parameter space.

    A loop of one's own, or a circle about the present parameters; by default in the plane where the Jacobian turns
    most, found by a few power iterations on its antisymmetric part. By Stokes a small circle in orthonormal
    directions u, v has circulation 2πr² vᵀAu with A the antisymmetric part of the Jacobian at its centre.

    Neither the loop nor the field needs to be smooth: pieces of the loop are halved where they are not, down to the
    kinks of a rectifier network. Where F is a signed gradient and all synapses that move along the loop have one
    strength the value is zero by itself, and never taken for a curl.

    Args:
        subject: a problem, or any field: from `cd.field` or `cd.analysis.network`.
        rule: a problem's plasticity.
        trial: which of a problem's; None: all of them.
        loop: t ∈ [0, 1] → parameters, continuous and with loop(0) = loop(1).
        radius: of the circle; None: a tenth of the root mean square parameter times √n.
        plane: two directions in the form of the parameters, made orthonormal here; None to find one.
        points: along the loop, even and at least 8; more than twice as many evaluations to begin with.
        max_points: about how many at most; loops with many kinks or turns may need more.
        seed: of the search for a plane, and of feedback that a rule draws.
        progress: told how many trials are done; of a single field, how many of the `max_points` evaluations are, of
            which fewer may be enough. See `curldescent.foundation.progress`.

    Returns:
        A `Circulation`; `Trials` of them for all trials.

    Raises:
        InputError: a loop that does not close, directions that are parallel, an argument out of range, a loss or
            field that is not finite on the loop.

    Source: docs/analysis.md, section "Curl".

    Example:
        >>> import curldescent as cd
        >>> problem = cd.student_teacher(n_inputs=3, n_hidden=4, n_train=20)
        >>> for rule in (cd.Plasticity(), cd.Plasticity(readout=0.5), cd.Plasticity(feedback="random")):
        ...     print(cd.analysis.circulation(problem, rule, radius=0.3).verdict)
        none
        curl
        curl
    """
    points = validation.integer("points", points, minimum=8)
    if points % 2:
        raise InputError(f"points must be even, got {points}")
    most = validation.integer("max_points", max_points, minimum=1)
    seed = validation.integer("seed", seed, minimum=0)
    if loop is not None and (radius is not None or plane is not None):
        raise InputError("give either a loop of your own or the radius and plane of a circle, got both")

    def one(field: Field) -> Circulation:
        if isinstance(field, Network):
            field.require_targets("circulation")
        path = _circle(field, radius, plane, seed) if loop is None else _own_loop(field, loop)
        field.progress.start(most, "points at most")
        try:
            return integrated(field, path)
        finally:
            field.progress.finish()

    def integrated(field: Field, path: Callable[[Array], Array]) -> Circulation:
        if not isinstance(field, Network):
            found = integrate_any(field, path, points=points, max_points=most)
            return _circulation(found, *_judged(field, found))
        found = integrate_signed(field, path, points=points, max_points=most)
        verdict, reason = _judged(field, found)
        if not found.uniform and found.work < LEAST and underflows(found.work, _response(field, path)):
            verdict, reason = "undecided", "the work along the loop is smaller than float64 can tell"
        return _circulation(found, verdict, reason)

    return each_trial(one, subject, rule, trial, progress=progress, seed=seed)


def _circulation(found: LoopIntegral, verdict: str, reason: str) -> Circulation:
    return Circulation(found.value, found.error, verdict, reason, found.work, found.points)


def _judged(field: Field, found: LoopIntegral) -> tuple[str, str]:
    if found.uniform:
        return "none", "all synapses that move along the loop have one strength, so that F is a gradient there"
    if not found.follows and not found.smooth:
        return "undecided", (
            "the loss does not change along the loop as its gradient says: it jumps, or max_points are too few for its "
            "kinks and turns"
        )
    reason = ""
    if not found.follows:
        reason = "the gradient of this model is not the derivative of its loss (a stopped or replaced gradient)"
    if abs(found.value) > CLEAR * found.error:
        return "curl", reason
    if found.error <= NOTHING * found.work:
        return "none", reason
    if SAFETY * field.precision > NOTHING:
        return "undecided", f"the model computes in {words(field.precision)}, too coarse for so small a circulation"
    return "undecided", "the error is too large; more max_points may bring it down"


def _response(network: Network, path: Callable[[Array], Array]) -> float:
    """How far the outputs move along the loop, or with the parameters where that is too little to see."""
    there = [network.outputs(theta) for theta in path(np.arange(8) / 8)]
    return float(np.ptp(there, axis=0).max()) or float(np.abs(network.outputs_jvp(np.ones(network.n_params))).max())


def _circle(field: Field, radius: Any, plane: Sequence[Any] | None, seed: int) -> Callable[[Array], Array]:
    default = 0.1 * float(np.linalg.norm(field.theta)) or 0.1
    size = default if radius is None else validation.positive("radius", radius)
    u, v = (size * direction for direction in _directions(field, plane, seed))

    def path(times: Array) -> Array:
        angles = 2 * np.pi * (times % 1.0)
        return field.theta + np.outer(np.cos(angles), u) + np.outer(np.sin(angles), v)

    return path


def _own_loop(field: Field, loop: Any) -> Callable[[Array], Array]:
    validation.function("loop", loop, "a function of t in [0, 1] that returns parameters")
    try:
        loop(0.0)
    except TypeError as error:
        raise InputError(f"loop must be a function of t in [0, 1] that returns parameters: {error}") from None
    around = np.stack([field.at(loop(t)).theta for t in np.linspace(0, 1, ORDER + 1)])
    extent = np.abs(around - around[0]).max()
    if np.abs(around[-1] - around[0]).max() > 1e-9 * max(extent, 1e-300):
        raise InputError("the loop must close: loop(0) and loop(1) are different parameters")

    def path(times: Array) -> Array:
        # One point for both ends: a gap of rounding size is none.
        return np.stack([field.at(loop(float(t))).theta for t in np.where(times == 1, 0.0, times)])

    return path


def _directions(field: Field, plane: Sequence[Any] | None, seed: int) -> tuple[Array, Array]:
    if plane is not None:
        if not isinstance(plane, list | tuple | np.ndarray) or len(plane) != 2:
            raise InputError(
                f"plane must be two directions in the form of the parameters, got {validation.shown(plane)}"
            )
        u, v = (field.flat(direction) for direction in plane)
    else:
        if field.n_params < 2:
            raise InputError("a loop needs two parameters; a field of a single one is always a gradient")
        u = np.random.default_rng(seed).standard_normal(field.n_params)
        for _ in range(10):
            u = _unit(u)
            v, size = _turn(field, u)
            if np.linalg.norm(v) <= max(1e-12, SAFETY * field.precision) * size:
                # Nothing turns: any plane will do.
                v = np.random.default_rng(seed + 1).standard_normal(field.n_params)
                break
            u, v = -_turn(field, _unit(v))[0], v
        u, v = v, u
    u, v = _unit(u), _unit(v)
    v = v - (u @ v) * u
    if np.linalg.norm(v) <= 1e-10:
        raise InputError("plane must be two directions that are not parallel")
    return u, _unit(v)


def _unit(vector: Array) -> Array:
    """A direction at length one, however small or large its numbers; zero stays zero."""
    scaled = vector / power_of_two(float(np.abs(vector).max()))
    return scaled / (np.linalg.norm(scaled) or 1.0)


def _turn(field: Field, u: Array) -> tuple[Array, float]:
    """A u with A the antisymmetric part of the Jacobian J of the field, and ‖J u‖, both over one power of two."""
    products = np.stack([field.jvp(u), field.vjp(u)])
    unit = power_of_two(float(np.abs(finite("the Jacobian of the field", products)).max()))
    image, back = products / unit
    return (image - back) / 2, float(np.linalg.norm(image))
