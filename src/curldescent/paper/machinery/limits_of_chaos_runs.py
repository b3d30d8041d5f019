"""Runs behind the limits of chaos: ever wider students, other learners, and how many dimensions a motion fills."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from curldescent.analysis import TangentDynamics, learning_dynamics, lyapunov, modulo_rotations, regime, signal_kind
from curldescent.analysis._dynamics.learning_dynamics import LearningDynamics
from curldescent.analysis._dynamics.signals import KINDS
from curldescent.learning.fields.velocity import Velocity
from curldescent.model.flips import flipped_count
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem
from curldescent.model.weights import Weights
from curldescent.paper.machinery.motion_dimension import motion_dimension
from curldescent.paper.machinery.size_of_chaos_runs import students

# Total step of an update. W1 can gather its norm √N in one direction, whose rate is N/2: this step resolves it up to
# N = 80 (docs/chaos.md).
STEP = 0.05
# Of what a student beside its solution is moved away from it.
NUDGE = 1e-10
# Where the numbers of the long runs' draws begin.
FADING_DRAWS = 100
Array = np.ndarray


def white(n_inputs: int) -> Array:
    """As many samples as inputs whose covariance is exactly that of infinitely many, ½ I.

    Args:
        n_inputs: M.

    Returns:
        (M, M).
    """
    return np.sqrt(n_inputs / 2) * np.eye(n_inputs)


def wide_student(n_inputs: int, ratio: float, width: float, number: int) -> Problem:
    """A student beside its teacher with ‖W1‖_F = √(M/c) and ‖W2‖ = 1 however many hidden neurons it has, white inputs.

    Infinitely many random neurons have the Gram matrix diag(I/c, 1): an input's weights are orthogonal to every
    other input's and to the readout's. M + 1 neurons can have the same, and then learn the same.

    Args:
        n_inputs: M.
        ratio: c, which sets the norms; a student of M/c neurons has those of figure 3b.
        width: N; infinity for the limit.
        number: of the draw.

    Returns:
        The problem.
    """
    rng = np.random.default_rng([number, n_inputs, round(1000 * ratio), 0 if np.isinf(width) else int(width)])
    if np.isinf(width):
        frame = np.linalg.qr(rng.standard_normal((n_inputs + 1, n_inputs + 1)))[0]
        hidden, readout = frame[:, :n_inputs], frame[:, n_inputs:].T
    else:
        hidden, readout = rng.standard_normal((int(width), n_inputs)), rng.standard_normal((1, int(width)))
    hidden = hidden * np.sqrt(n_inputs / ratio) / np.linalg.norm(hidden)
    readout = readout / np.linalg.norm(readout)
    moved = [w + NUDGE * rng.standard_normal(w.shape) / np.sqrt(w.size) for w in (hidden, readout)]
    teacher, student = Weights(hidden=hidden, readout=readout), Weights(hidden=moved[0], readout=moved[1])
    return Problem(inputs=white(n_inputs), teacher=teacher, student=student, activation="linear")


def widths_of(inputs: int, ratio: float, hidden: float, widths: Sequence[int], draws: int, time: float) -> xr.Dataset:
    """What students with the same inputs and norms and ever more hidden neurons do.

    Args:
        inputs: M.
        ratio: c of the norms.
        hidden: flipped fraction of the inputs.
        widths: N, each at least M + 1; the limit is added.
        draws: students of each.
        time: length of a run, in units of total step.

    Returns:
        Over (width, set): `exponent`, over the second half of the run; `loss`, the late median.
    """
    every = (*map(float, widths), np.inf)
    out = {name: np.full((len(every), draws), np.nan) for name in ("exponent", "loss")}
    for w, width in enumerate(every):
        for number in range(draws):
            found = regime(
                wide_student(inputs, ratio, width, number),
                Plasticity(hidden=hidden),
                time=time,
                learning_rate=STEP,
                refine=None,
                preserve_norms=True,
            )
            out["exponent"][w, number], out["loss"][w, number] = found.late[0], found.loss[0]
    data = {name: (("width", "set"), values) for name, values in out.items()}
    return xr.Dataset(data, coords={"width": list(every)}, attrs={"time": time})


def fading(
    inputs: int, ratio: float, hidden: float, widths: Sequence[int], draws: int, time: float, windows: int
) -> xr.Dataset:
    """Leading exponents of long runs, window by window, in the limit and of finite widths.

    Args:
        inputs: M.
        ratio: c of the norms.
        hidden: flipped fraction of the inputs.
        widths: N; the limit is added.
        draws: students of each, others than those of `widths_of`.
        time: length of a run, in units of total step.
        windows: into how many equal parts it is cut.

    Returns:
        Over (width, set, window): `exponent`.
    """
    every = (*map(float, widths), np.inf)
    exponent = np.full((len(every), draws, windows), np.nan)
    steps = round(time / windows / STEP / 10) * 10
    for w, width in enumerate(every):
        for number in range(draws):
            problem = wide_student(inputs, ratio, width, FADING_DRAWS + number)
            dynamics = learning_dynamics(problem, Plasticity(hidden=hidden), learning_rate=STEP, preserve_norms=True)
            run = TangentDynamics(dynamics.step, dynamics.start, args=dynamics.args, dt=STEP)
            for window in range(windows):
                growth, _ = run.advance(steps)
                exponent[w, number, window] = growth.sum() / (steps * STEP)
    return xr.Dataset(
        {"exponent": (("width", "set", "window"), exponent)}, coords={"width": list(every)}, attrs={"time": time}
    )


def spectra_of_limit(inputs: Sequence[int], ratio: float, hidden: float, draws: int, time: float) -> xr.Dataset:
    """All exponents modulo rotations in the limit of many hidden neurons, after a transient of the same length.

    Args:
        inputs: M.
        ratio: c of the norms.
        hidden: flipped fraction of the inputs.
        draws: students of each.
        time: over which exponents are measured.

    Returns:
        Over (inputs, set): `dimension` (Kaplan–Yorke; NaN where a run diverged) and `positive`, how many exponents
        have a 95 % interval above zero.
    """
    out = {name: np.full((len(inputs), draws), np.nan) for name in ("dimension", "positive")}
    for i, n_inputs in enumerate(inputs):
        for number in range(draws):
            problem = wide_student(n_inputs, ratio, np.inf, number)
            field = modulo_rotations(problem, Plasticity(hidden=hidden), preserve_norms=True)
            found = lyapunov(
                field, time=time, transient=time, count=field.n_params, learning_rate=STEP, every=20, blocks=20
            )
            if found.status == "ok":
                out["dimension"][i, number] = found.kaplan_yorke
                out["positive"][i, number] = int((found.low > 0).sum())
    data = {name: (("inputs", "set"), values) for name, values in out.items()}
    return xr.Dataset(data, coords={"inputs": list(inputs)})


def learners(
    total: int, ratio: float, flipped: float, sets: int, time: float, activation: str, layer: str, inputs: str
) -> xr.Dataset:
    """Figure 3b's students, one an input set, or others in their place, full batch.

    Args:
        total: M + N.
        ratio: c = M/N.
        flipped: fraction of the synapses' presynaptic neurons.
        sets: input sets.
        time: length of a run, in units of total step.
        activation: of the students, "linear" or "tanh".
        layer: whose synapses are flipped, "hidden" or "readout".
        inputs: "samples", the 250 of the protocol; or "white", covariance ½ I.

    Returns:
        Over set: `label` of `curldescent.analysis.regime`, `exponent` over the second half of the run, `loss`.
    """
    labels, exponent, loss = [], np.full(sets, np.nan), np.full(sets, np.nan)
    for number in range(sets):
        problem = students(total, ratio, number, 1, activation)
        if inputs == "white":
            problem = Problem(
                inputs=white(problem.inputs.shape[1]),
                teacher=problem.teacher,
                student=problem.student,
                activation=activation,
            )
        rule = Plasticity(hidden=flipped) if layer == "hidden" else Plasticity(readout=flipped)
        found = regime(problem, rule, time=time, learning_rate=STEP, refine=None, preserve_norms=True)
        labels.append(found.label)
        exponent[number], loss[number] = found.late[0], found.loss[0]
    data = {"exponent": ("set", exponent), "loss": ("set", loss), "label": ("set", np.array(labels))}
    return xr.Dataset(data, attrs={"time": time})


@dataclass(frozen=True)
class Seen:
    """Observer for tangent dynamics: W2 W1."""

    velocity: Velocity

    def __call__(self, state: Any, facts: Any) -> Any:
        """The map, flat."""
        return self.velocity.seen(state)


def witnesses(total: int, ratio: float, hidden: float, sets: int, time: float) -> xr.Dataset:
    """Late motions of W2 W1, judged twice: spectral lines of two projections, and the dimension of what it fills.

    Args:
        total: M + N.
        ratio: c = M/N.
        hidden: flipped fraction of the inputs.
        sets: input sets, one student each.
        time: length of a run; its second half is judged, a point per unit of time.

    Returns:
        Over set: `kind` of the more irregular projection, `dimension`, and `exponent` over that half.
    """
    kinds, dimension, exponent = [], np.full(sets, np.nan), np.full(sets, np.nan)
    for number in range(sets):
        dynamics = learning_dynamics(
            students(total, ratio, number, 1), Plasticity(hidden=hidden), learning_rate=STEP, preserve_norms=True
        )
        kind, dimension[number], exponent[number] = judged_twice(dynamics, time)
        kinds.append(kind)
    return xr.Dataset(
        {"kind": ("set", np.array(kinds)), "dimension": ("set", dimension), "exponent": ("set", exponent)},
        attrs={"time": time},
    )


def judged_twice(dynamics: LearningDynamics, time: float) -> tuple[str, float, float]:
    """The late motion of W2 W1, by spectral lines and by what it fills.

    Args:
        dynamics: of a problem.
        time: length of a run; its second half is judged, a point per unit of time.

    Returns:
        The kind of the more irregular of two projections, or "diverged"; the dimension of what it fills and the leading
        exponent over that half, or NaN.
    """
    every = round(1 / dynamics.dt)
    half = round(time / 2) * every
    observer = Seen(dynamics.velocity)
    run = TangentDynamics(
        dynamics.step, dynamics.start, args=dynamics.args, dt=dynamics.dt, every=every, observe=observer
    )
    run.advance(half)
    growth, seen = run.advance(half)
    assert seen is not None
    if not run.finite:
        return "diverged", np.nan, np.nan
    index = np.arange(seen.shape[1])
    found = [signal_kind(seen @ direction).kind for direction in (np.cos(1.7 * index), np.sin(2.3 * index))]
    return max(found, key=KINDS.index), motion_dimension(seen), float(growth.sum()) / (half * dynamics.dt)


def turning(total: int, ratio: float, hidden: float, sets: int, time: float) -> xr.Dataset:
    """How late weights move, and how they would if the map were zero and hidden neurons turned for ever.

    Args:
        total: M + N.
        ratio: c = M/N.
        hidden: flipped fraction of the inputs.
        sets: input sets, one student each.
        time: length of a run, in units of total step.

    Returns:
        Over set, at the end: `output`, ‖W2 W1‖ over the teacher's; `speed` of all weights; `predicted`, that of weights
        that turn at output zero, √(|r|² − r D1 rᵀ) with r = W* Σ̂; `loss`, and `zero`, that of the zero map; `exponent`
        over the second half.
    """
    out = {name: np.full(sets, np.nan) for name in ("output", "speed", "predicted", "loss", "zero", "exponent")}
    half = round(time / 2 / STEP / 10) * 10
    for number in range(sets):
        problem = students(total, ratio, number, 1)
        dynamics = learning_dynamics(problem, Plasticity(hidden=hidden), learning_rate=STEP, preserve_norms=True)
        run = TangentDynamics(dynamics.step, dynamics.start, args=dynamics.args, dt=STEP)
        run.advance(half)
        growth, _ = run.advance(half)
        if not run.finite:
            continue
        w1, w2 = dynamics.weights(run.state)
        assert problem.teacher is not None
        target = (problem.teacher.readout[0] @ problem.teacher.hidden[0])[0]
        residual = target @ problem.inputs.T @ problem.inputs / len(problem.inputs)
        d1 = np.where(np.arange(len(target)) < flipped_count(hidden, len(target)), -1.0, 1.0)
        found = {
            "output": np.linalg.norm(w2 @ w1) / np.linalg.norm(target),
            "speed": np.linalg.norm(dynamics.field.velocity(run.state)),
            "predicted": np.sqrt(residual**2 @ (1 - d1)),
            "loss": dynamics.field.loss(run.state),
            "zero": residual @ target / 2,
            "exponent": growth.sum() / (half * STEP),
        }
        for name, value in found.items():
            out[name][number] = value
    return xr.Dataset({name: ("set", values) for name, values in out.items()}, attrs={"time": time})
