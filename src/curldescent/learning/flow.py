"""Continuous time: dW/dt = −S ∘ signal, the limit of small steps, with adaptive steps and dense output.

One unit of time is one unit of learning rate: `train` with full batches is Euler's method with step η, and its epoch n
is time n·η. SciPy's `solve_ivp` does the integration: it is already needed, has explicit methods of high order and
locates events; diffrax would compile faster right-hand sides, at one more dependency and 0.8 s of import.
"""

from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import citations, memory, quantities, validation
from curldescent.foundation.arithmetic import arithmetic
from curldescent.foundation.errors import InputError
from curldescent.foundation.progress import Progress, Silent
from curldescent.foundation.version import __version__
from curldescent.learning.experiment import Experiment, experiment, named_rules, realised_text
from curldescent.learning.history import layer_dims
from curldescent.learning.number_range import refuse_unrepresentable
from curldescent.learning.run_memory import refuse_set_up
from curldescent.learning.schedule import MOST_POINTS
from curldescent.model.activations import of
from curldescent.model.losses import mean_loss
from curldescent.model.problem import Problem
from curldescent.model.weights import layer_names
from curldescent.theory.invariants import conserved

if TYPE_CHECKING:
    import xarray as xr

    from curldescent.learning.experiment import Rule

Array = NDArray[np.float64]

METHODS = ("DOP853", "RK45", "LSODA", "Radau", "BDF")
# Flows with flipped hidden synapses can reach infinity in finite time; beyond this they are taken to be on the way.
BLOW_UP = 1e8
STATUS = ("reached the end", "stopped below the threshold", "diverged", "solver gave up", "too many evaluations")


@dataclass(frozen=True, eq=False)
class _Student:
    """One student of an experiment as a vector field."""

    e: Experiment
    rule: int
    trial: int

    def unpack(self, flat: Array) -> tuple[Array, ...]:
        """Every layer's weights (…, post, pre) from (…, weights)."""
        ends = np.cumsum([layer[0].size for layer in self.e.layers])[:-1]
        parts = np.split(flat, ends, axis=-1)
        shapes = [layer.shape[1:] for layer in self.e.layers]
        return tuple(part.reshape(*flat.shape[:-1], *shape) for part, shape in zip(parts, shapes, strict=True))

    def velocity(self, flat: Array) -> Array:
        from curldescent.learning.fields.norms import tangential
        from curldescent.learning.rules.signed_gradient import Convention, Learning, gradients

        e, r = self.e, self.rule
        weights: Any = self.unpack(flat)
        strengths = tuple(layer[r] for layer in e.strengths)
        learning: Any = Learning(strengths, tuple(b[r, self.trial] for b in e.feedback), e.aligned[r])
        convention = Convention(e.activation, e.output_activation, e.output_error, e.preserve_norms, e.loss)
        inputs: Any = e.inputs
        targets: Any = e.targets_of(self.trial)
        kind = e.kinds[r]
        if kind is None:
            signals = gradients(weights, learning, inputs, targets, convention, np)
            moves = [-strength * np.asarray(signal) for strength, signal in zip(strengths, signals, strict=True)]
        else:
            with arithmetic():
                changes, _ = kind.velocity(weights, [()] * len(weights), learning, inputs, targets, convention)
            moves = [np.asarray(change) for change in changes]
        if e.preserve_norms:
            moves = [tangential(move, layer, np) for layer, move in zip(weights, moves, strict=True)]
        return np.concatenate([move.ravel() for move in moves])

    def error(self, flat: Array, *, test: bool = False) -> Array:
        """The training or test error, (…)."""
        e = self.e
        inputs = e.test_inputs if test else e.inputs
        targets = e.targets_of(self.trial, test=test)
        return np.asarray(mean_loss(e.loss, inputs, self.unpack(flat), targets, e.activation, e.output_activation))


def flow(
    problem: Problem,
    rule: "Rule | Callable[..., Any] | Mapping[str, Any] | Sequence[Any]",
    *,
    time: float,
    record: int | ArrayLike = 101,
    preserve_norms: bool = False,
    output_error: str = "delta",
    stop_below: float | None = None,
    record_weights: bool = False,
    method: str = "DOP853",
    rtol: float = 1e-8,
    atol: float = 1e-11,
    seed: int = 0,
    progress: Progress | None = None,
    max_evaluations: int = 10_000_000,
) -> "xr.Dataset":
    """Follow the continuous-time flow dW/dt = −S ∘ signal of every trial and rule, and return a labelled history.

    The signal is that of `train` on the full batch, so a run of `train` with learning rate η and ``batch_size=None``
    is Euler's method for this flow: epoch n stands at time n·η.

    Args:
        problem: student, targets and inputs.
        rule: as in `train`, but for rules that remember something; or several by name or in a list.
        time: how long, in units of learning rate × epochs.
        record: how many evenly spaced times, both ends included, or the times themselves, increasing from 0 on.
        preserve_norms: keep both layers on their spheres: the flow along them.
        output_error: "delta" or "mse", as in `train`.
        stop_below: end a trial when its training error falls to this value, at the very time it does.
        record_weights: also keep all weights at the recorded times.
        method: of `scipy.integrate.solve_ivp`, one of "DOP853", "RK45", "LSODA", "Radau", "BDF".
        rtol: relative error per step.
        atol: absolute error per step.
        seed: of sampled feedback.
        progress: told how many students are done.
        max_evaluations: of the velocity, for one student; where the flow is too fast to be followed so far, the student
            is given up and NaN.

    Returns:
        An `xarray.Dataset` with dimensions ([rule,] trial, time): `train_error`, `test_error`; final `student_hidden`
        and `student_readout`; `stopped_at` and `diverged_at`, times, NaN for none; `status`, in words; `evaluations` of
        the velocity. For linear and relu students that backpropagate, without norm preservation and with strengths
        that are nowhere zero, `invariant_drift` (…, time): the largest change of a neuron's conserved quantity
        (`theory.invariants`) relative to its terms: an independent check of the integration; NaN for other rules
        beside them. A trial keeps its last weights after it stopped and is NaN after it diverged (a weight beyond 1e8,
        from the start on or later).

    Raises:
        InputError: an argument out of range, a plasticity that does not fit the problem, a layer of zeros that is to
            keep its norm.

    Source: docs/theory.md, setting and invariants.

    Example:
        >>> import curldescent as cd
        >>> problem = cd.student_teacher(n_inputs=5, n_hidden=8, n_train=50, trials=2)
        >>> history = cd.flow(problem, cd.Plasticity(readout=0.25), time=20.0)
        >>> dict(history.train_error.sizes)
        {'trial': 2, 'time': 101}
        >>> bool(history.invariant_drift.max() < 1e-6)
        True
    """
    if not isinstance(problem, Problem):
        raise InputError(f"problem must be a cd.Problem, got {type(problem).__name__}")
    time = validation.positive("time", time)
    times = _recording_times(record, time)
    rules, several = named_rules(rule, problem)
    validation.choice("method", method, METHODS)
    options = {"method": method, "rtol": validation.positive("rtol", rtol), "atol": validation.positive("atol", atol)}
    if stop_below is not None:
        stop_below = validation.positive("stop_below", stop_below)
    max_evaluations = validation.integer("max_evaluations", max_evaluations, minimum=1)
    refuse_set_up(problem, len(rules))
    _refuse_paths(problem, len(rules), len(times))
    e = experiment(
        problem,
        list(rules.values()),
        learning_rate=1.0,
        batch_size=None,
        preserve_norms=preserve_norms,
        output_error=output_error,
        seed=seed,
    )
    without = (e.norms == 0).any(axis=0)
    if preserve_norms and without.any():
        # The flow along a sphere of radius 0 is none.
        raise InputError(
            f"preserve_norms keeps a layer at its norm, but that of layer {np.argmax(without) + 1} of a student is zero"
        )
    for kind in e.kinds:
        if kind is not None and any(kind.remembers(layer[0]) for layer in e.layers):
            raise InputError(f"flow follows weights alone, but the rule {kind.name} remembers something; use cd.train")
    refuse_unrepresentable(e, "float64")
    citations.use("virtanen2020", *(["hairer1993"] if method == "DOP853" else []))
    progress = progress or Silent()
    progress.start(e.rules * e.trials, "students")
    found = []
    for index, (r, t) in enumerate(np.ndindex(e.rules, e.trials), start=1):
        found.append(_follow(_Student(e, r, t), times, time, stop_below, options, max_evaluations))
        progress.update(index)
    progress.finish()
    settings = {
        "curldescent_version": __version__,
        "problem": repr(problem),
        **({} if problem.data is None else {"data": str(problem.data)}),
        "rule": "; ".join(repr(item) for item in rules.values()),
        "realised": realised_text(rules, problem, several=several),
        "time": time,
        "preserve_norms": int(e.preserve_norms),
        "output_error": e.output_error,
        **options,
    }
    return _labelled(found, e, times, list(rules) if several else None, settings, record_weights=record_weights)


def _refuse_paths(problem: Problem, rules: int, points: int) -> None:
    student = problem.student
    weights = student.n_synapses
    # Every student's path is kept until the end; errors are found along one path at a time.
    along = points * problem.n_train * sum(student.sizes[1:])
    memory.require(
        f"{points} recorded times of {rules * problem.trials} students with {weights} weights",
        8 * (rules * problem.trials * weights * (points + 2) + along),
        instead="record fewer times, or fewer trials or rules at a time",
    )


def _recording_times(record: int | ArrayLike, time: float) -> Array:
    if not isinstance(record, range) and np.ndim(record) == 0:
        return np.linspace(0, time, validation.integer("record", record, minimum=2, maximum=MOST_POINTS))
    if isinstance(record, Sized) and len(record) > MOST_POINTS:
        raise InputError(f"record must list at most {MOST_POINTS} times, got {len(record)}")
    times = validation.finite_array("record", record, ndim=1)
    if times[0] < 0 or times[-1] > time or (np.diff(times) <= 0).any():
        given = validation.shown(times.tolist())
        raise InputError(f"record must list increasing times between 0 and {time:g}, got {given}")
    return times


class _TooManyEvaluationsError(Exception):
    """The flow cannot be followed to its end in the evaluations that are allowed."""


def _follow(
    student: _Student,
    times: Array,
    end: float,
    stop_below: float | None,
    options: dict[str, Any],
    max_evaluations: int,
) -> Any:
    """Integrate one student; weights at the recorded times and what became of it."""
    from scipy.integrate import solve_ivp

    e = student.e
    start = np.concatenate([layer[student.trial].ravel() for layer in e.layers])
    reached, evaluated = [0.0], [0]

    def velocity(_: float, flat: Array) -> Array:
        evaluated[0] += 1
        if evaluated[0] > max_evaluations:
            raise _TooManyEvaluationsError
        return student.velocity(flat)

    def blown(t: float, flat: Array) -> float:
        # Called at the end of every step: where steps shrink to nothing, this is how far they got.
        reached[0] = max(reached[0], t)
        return float(np.abs(flat).max() - BLOW_UP)

    def below(_: float, flat: Array) -> float:
        return float(student.error(flat)) - (stop_below or 0.0)

    events: list[Any] = [blown, *([below] if stop_below is not None else [])]
    for event in events:
        event.terminal = True
    result: dict[str, Any] = {"stopped_at": np.nan, "diverged_at": np.nan, "status": STATUS[0], "evaluations": 0}
    if stop_below is not None and below(0.0, start) < 0:
        path = np.broadcast_to(start, (len(times), start.size)).copy()
        return {**result, "stopped_at": 0.0, "status": STATUS[1], "path": path, "final": start}
    with np.errstate(over="ignore", invalid="ignore"):
        # What is beyond the bound from the start would never be seen to cross it, and without a velocity there is no
        # first step.
        lost = blown(0.0, start) > 0 or not (
            np.isfinite(student.velocity(start)).all() and np.isfinite(below(0, start))
        )
        if lost:
            return {**result, "diverged_at": 0.0, "status": STATUS[2], **_nothing(times, start)}
        try:
            solved = solve_ivp(velocity, (0.0, end), start, t_eval=times, events=events, **options)
        except _TooManyEvaluationsError:
            return {**result, "evaluations": max_evaluations, "status": STATUS[4], **_nothing(times, start)}
    path = np.full((len(times), start.size), np.nan)
    path[: len(solved.t)] = solved.y.T
    final = np.full(start.size, np.nan)
    result["evaluations"] = solved.nfev
    if solved.status == -1:
        # Close to a blow-up the step shrinks below the spacing of numbers before the bound is met.
        result.update(status=STATUS[3], diverged_at=reached[0])
    elif solved.status == 0:
        final = _at_end(student, solved, times, end, options)
    elif solved.t_events[0].size:
        result.update(status=STATUS[2], diverged_at=solved.t_events[0][0])
    else:
        final = solved.y_events[1][0]
        path[len(solved.t) :] = final
        result.update(status=STATUS[1], stopped_at=solved.t_events[1][0])
    return {**result, "path": path, "final": final}


def _nothing(times: Array, start: Array) -> dict[str, Array]:
    return {"path": np.full((len(times), start.size), np.nan), "final": np.full(start.size, np.nan)}


def _at_end(student: _Student, solved: Any, times: Array, end: float, options: dict[str, Any]) -> Array:
    """The weights at the end, which need not be a recorded time."""
    if times[-1] == end:
        return solved.y[:, -1]
    from scipy.integrate import solve_ivp

    rest = solve_ivp(lambda _, flat: student.velocity(flat), (times[-1], end), solved.y[:, -1], **options)
    return rest.y[:, -1]


def _labelled(
    found: list[Any],
    e: Experiment,
    times: Array,
    names: list[str] | None,
    settings: dict[str, Any],
    *,
    record_weights: bool,
) -> "xr.Dataset":
    import xarray as xr

    lead = (e.rules, e.trials)
    students = [_Student(e, r, t) for r, t in np.ndindex(*lead)]
    depth = len(e.layers)
    layers = dict(zip(layer_names(depth), layer_dims(depth), strict=True))
    values: dict[str, tuple[tuple[str, ...], list[Any]]] = {
        "train_error": (("time",), [s.error(f["path"]) for s, f in zip(students, found, strict=True)]),
        **{name: ((), [f[name] for f in found]) for name in ("stopped_at", "diverged_at", "status", "evaluations")},
    }
    if e.test_inputs is not None:
        values["test_error"] = (
            ("time",),
            [s.error(f["path"], test=True) for s, f in zip(students, found, strict=True)],
        )
    for index, (layer, dims) in enumerate(layers.items()):
        values[f"student_{layer}"] = (dims, [s.unpack(f["final"])[index] for s, f in zip(students, found, strict=True)])
        if record_weights:
            paths = [s.unpack(f["path"])[index] for s, f in zip(students, found, strict=True)]
            values[f"{layer}_history"] = (("time", *dims), paths)
    if any(_has_invariants(student) for student in students):
        values["invariant_drift"] = (("time",), [_drift(s, f["path"]) for s, f in zip(students, found, strict=True)])
    arrays = {
        name: (("rule", "trial", *dims), np.stack([np.asarray(v) for v in each]).reshape(*lead, *np.shape(each[0])))
        for name, (dims, each) in values.items()
    }
    data = xr.Dataset(arrays, coords={"trial": np.arange(e.trials), "time": times}, attrs=settings)
    for number, layer in enumerate(layers, start=1):
        data[f"student_{layer}"].attrs = quantities.weights(layer, number, when="final")
        if record_weights:
            data[f"{layer}_history"].attrs = quantities.weights(layer, number)
    data = data.isel(rule=0) if names is None else data.assign_coords(rule=names)
    return quantities.labelled(data, of="flow", loss=e.loss.name)


def _has_invariants(student: _Student) -> bool:
    e, r = student.e, student.rule
    return (
        of(e.activation).homogeneous
        and len(e.layers) == 2
        and e.kinds[r] is None
        and not e.preserve_norms
        and not e.aligned[r]
        and all(np.all(layer[r]) for layer in e.strengths)
    )


def _drift(student: _Student, path: Array) -> Array:
    """Largest relative change of a neuron's conserved quantity at each recorded time; NaN where none is conserved."""
    if not _has_invariants(student):
        return np.full(len(path), np.nan)
    r = student.rule
    s1, s2 = (layer[r] for layer in student.e.strengths)
    hidden, readout = student.unpack(path)
    q, size = conserved(hidden, readout, s1, s2)
    return np.max(np.abs(q - q[0]) / np.maximum(size, size[0]), axis=-1)
