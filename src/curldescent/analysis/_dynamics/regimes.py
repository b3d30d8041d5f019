"""A name for what a full-batch run does in the long run, with the numbers that earn it.

Labels: converged, slow, periodic, quasi-periodic, chaotic, transient chaos, step-size driven, diverged; and
"undecided" where the evidence contradicts itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from curldescent.analysis._dynamics.learning_dynamics import LearningDynamics, learning_dynamics
from curldescent.analysis._dynamics.signals import KINDS, SignalKind, signal_kind
from curldescent.analysis._dynamics.tangent import summarised
from curldescent.analysis._dynamics.watching import Record, watch
from curldescent.analysis._trials import Trials
from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.representation import Summarised, within
from curldescent.learning.fields.field import Field
from curldescent.learning.fields.subjects import has_trial_axis
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

Array = NDArray[np.float64]
LABELS = (
    "converged",
    "slow",
    "periodic",
    "quasi-periodic",
    "transient chaos",
    "chaotic",
    "step-size driven",
    "diverged",
    "undecided",
)

# Separation that grows like a power of time adds up to log(end/begin) over a window; twice that is the least growth
# that counts as exponential. It keeps shear on a torus from being called chaos.
SHEAR = 2.0
# The loss of a converged run, relative to the start's or to the mean square of the map.
SETTLED = 1e-9


@dataclass(frozen=True, eq=False, repr=False)
class Regime(Summarised):
    """A label and its evidence.

    Attributes:
        label: one of `LABELS`.
        reason: one sentence.
        exponents: (4,), maximal exponent in four windows after the onset, per unit of total step.
        low: (4,), lower ends of their 95 % intervals.
        high: (4,), upper ends.
        threshold: (4,), the rate below which growth is not told from shear.
        late: the exponent over the last two windows together, with its 95 % interval: (value, low, high).
        signal: the kind of the most irregular recorded signal in the last half.
        loss: (median, smallest, largest) over the last quarter.
        onset: time at which the run had left its start.
        time: length of the run.
        refined: the regime with a smaller step or in continuous time, where that was run.
        record: the run.
    """

    label: str
    reason: str
    exponents: Array
    low: Array
    high: Array
    threshold: Array
    late: tuple[float, float, float]
    signal: SignalKind | None
    loss: tuple[float, float, float]
    onset: float
    time: float
    refined: "Regime | None"
    record: Record

    def __str__(self) -> str:
        text = f"{self.label}: {self.reason}"
        if np.isfinite(self.late).all():
            text += f"; late maximal exponent {within(*self.late)}, per unit of time"
        text = f"{text}; in {_kind_of_time(self.record)}"
        if self.refined is None:
            return text
        return f"{text}; in {_kind_of_time(self.refined.record)}: {self.refined.label}"

    COLUMNS: ClassVar[Mapping[str, tuple[str, ...]]] = dict.fromkeys(("label", "onset", "time", "reason"), ())

    def evidence(self) -> dict[str, object]:
        """The numbers as plain values, for a table or JSON."""
        return {
            "label": self.label,
            "reason": self.reason,
            "exponents": self.exponents.tolist(),
            "low": self.low.tolist(),
            "high": self.high.tolist(),
            "threshold": self.threshold.tolist(),
            "late": list(self.late),
            "signal": None if self.signal is None else self.signal.kind,
            "line_share": None if self.signal is None else self.signal.line_share,
            "lines": None if self.signal is None else self.signal.lines,
            "frequencies": [] if self.signal is None else list(self.signal.frequencies[:3]),
            "loss": list(self.loss),
            "onset": self.onset,
            "time": self.time,
            "dt": self.record.dt,
            "continuous": self.record.continuous,
            "refined": None if self.refined is None else self.refined.label,
        }


def regime_of(record: Record, *, refined: Regime | None = None) -> Regime:
    """Label a recorded run.

    Rules, in order. Not finite: diverged. A loss that has fallen to 1e-9 of its start, or signals that stand still:
    converged. Chaotic: over the last half of the time after the onset the exponent's confidence interval lies above
    what shear can do, and so do the estimates of both its quarters. Signals that move one way or oscillate less and
    less: slow. Transient chaos: one of the earlier quarters has its whole interval above shear and the last has its
    estimate below. Otherwise the signals of the last half decide: periodic or quasi-periodic, or undecided where they
    are anything else without growth.
    Where `refined` is given and converged, slow or regular while this run is chaotic, or has another loss altogether:
    step-size driven.

    Args:
        record: from `watch`.
        refined: the label of the same trial with a smaller step or in continuous time.

    Returns:
        The `Regime`.
    """
    validation.instance("record", record, Record, "from cd.analysis.watch(dynamics, time=…)")
    if refined is not None:
        validation.instance("refined", refined, Regime, "of the same trial, from regime_of(record)")
    times, loss = record.times, record.signals[:, 0]
    last = loss[3 * len(loss) // 4 :]
    windows = [] if record.diverged else record.windows()
    edges = np.array([[w.times[0] - (w.times[1] - w.times[0]), w.times[-1]] for w in windows]).reshape(-1, 2)
    begins = np.maximum(edges[:, 0] - record.onset, times[0])
    length = edges[:, 1] - edges[:, 0]
    threshold = SHEAR * np.log((begins + length) / begins) / length if len(edges) else np.zeros(0)
    # The first window begins at the onset, where the logarithm has no scale of its own.
    if len(threshold) > 1:
        threshold[0] = max(threshold[1], SHEAR * np.log(2) / length[0])
    values, low, high = (np.array([getattr(w, name)[0] for w in windows]) for name in ("values", "low", "high"))
    late = (np.nan, np.nan, np.nan)
    if windows:
        pooled = summarised(
            np.concatenate([w.blocks for w in windows[2:]]),
            np.concatenate([w.bounds for w in windows[2:]]),
            np.concatenate([w.times for w in windows[2:]]),
            record.dt,
            record.state,
        )
        late = (float(pooled.values[0]), float(pooled.low[0]), float(pooled.high[0]))
    kind = None if record.diverged else _most_irregular(record)
    label, reason = _verdict(record, kind, late, values, low, threshold)
    if refined is not None:
        label, reason = _against(label, reason, refined, float(np.median(last)))
    return Regime(
        label=label,
        reason=reason,
        exponents=values,
        low=low,
        high=high,
        threshold=threshold,
        late=late,
        signal=kind,
        loss=(float(np.median(last)), float(np.min(last)), float(np.max(last))),
        onset=record.onset,
        time=float(times[-1]),
        refined=refined,
        record=record,
    )


def _kind_of_time(record: Record) -> str:
    steps = f"steps of {record.dt:.4g}"
    return f"the flow (Runge–Kutta {steps})" if record.continuous else steps


def _most_irregular(record: Record) -> SignalKind | None:
    half = record.signals[len(record.signals) // 2 :]
    if len(half) < 64:
        return None
    dt = float(record.times[1] - record.times[0])
    # Against the size of the map, not of the loss: a converged loss fluctuates relative to itself for ever.
    scale = np.abs(half[:, 1:]).max()
    kinds = [signal_kind(x, dt=dt, noise=SETTLED * scale / max(np.abs(x).max(), 1e-300)) for x in half[:, 1:].T]
    return max(kinds, key=lambda k: KINDS.index(k.kind))


def _verdict(
    record: Record,
    kind: SignalKind | None,
    late: tuple[float, float, float],
    values: Array,
    low: Array,
    threshold: Array,
) -> tuple[str, str]:
    if record.diverged:
        return "diverged", "the weights left the finite numbers"
    if kind is None or not len(low):
        return "undecided", "the run is too short to judge"
    loss = record.signals[:, 0]
    if loss[-1] <= SETTLED * loss[0] or kind.kind == "constant":
        return "converged", f"nothing moves any more; the loss is {loss[-1]:.2g}"
    above = values > threshold
    if above[2:].all() and late[1] > threshold[2:].max():
        return (
            "chaotic",
            f"nearby runs separate at {late[0]:.2g} per unit time in the last half, [{late[1]:.2g}, {late[2]:.2g}]",
        )
    if kind.kind == "drifting":
        return "slow", "what is watched still moves, one way and without oscillating"
    if kind.kind == "decaying":
        return "slow", f"what is watched still settles: {kind.reason}"
    sure = low > threshold
    if sure[:-1].any() and not above[-1]:
        return "transient chaos", f"separation was exponential in window {int(np.flatnonzero(sure)[-1]) + 1}, no longer"
    if above[-1]:
        return "undecided", "separation in the last window is positive, but not for sure or not before it"
    if kind.kind in ("periodic", "quasi-periodic"):
        return kind.kind, f"no exponential separation; {kind.reason}"
    return "undecided", f"no exponential separation, but the motion is {kind.kind}: {kind.reason}"


def _against(label: str, reason: str, refined: Regime, loss: float) -> tuple[str, str]:
    """Whether what was seen is a matter of the step."""
    moving = ("chaotic", "transient chaos", "diverged")
    calm = ("converged", "slow", "periodic", "quasi-periodic")
    if label in moving and refined.label in calm:
        return "step-size driven", f"{label} with this step, {refined.label} in {_kind_of_time(refined.record)}"
    # A collapse into a state that the finer run does not have: the loss is another one altogether.
    if label != "diverged" and refined.label != "diverged" and loss > 10 * max(refined.loss[0], 1e-12) and loss > 1e-9:
        return "step-size driven", (
            f"{label} at loss {loss:.2g} with this step; {refined.label} at loss {refined.loss[0]:.2g} in "
            f"{_kind_of_time(refined.record)}"
        )
    return label, reason


def regime(
    subject: Problem | Field | LearningDynamics,
    rule: Plasticity | None = None,
    *,
    time: float = 2000.0,
    trial: int | None = 0,
    learning_rate: float = 0.1,
    continuous: bool = False,
    refine: float | None = 5.0,
    refine_in: str = "same",
    preserve_norms: bool = False,
    output_error: str = "delta",
    sample: float = 0.5,
    seed: int = 0,
) -> Any:
    """What learning does in the long run: a trial of a full-batch experiment, or any field, in steps or as a flow.

    Args:
        subject: a problem, a field, or `LearningDynamics`, which have a step and a kind of time of their own.
        rule: a problem's plasticity.
        time: how long, in units of total step (epochs times learning rate).
        trial: which of a problem's; None: all of them.
        learning_rate: η, the total step of an update, or of a Runge–Kutta step of the flow.
        continuous: the flow instead of steps.
        refine: run the trial again with a step finer by this factor, to see what is due to the step; None not to.
        refine_in: kind of time of that finer run: "same" as of the run, or "flow".
        preserve_norms: of a problem, whether layers keep their norms.
        output_error: of a problem, "delta" or "mse".
        sample: time between records, rounded to whole steps.
        seed: of the tangent vector and sampled feedback.

    Returns:
        `Regime`: label, reason, and evidence as numbers; its `refined` is the finer run's. `Trials` of them for all
        trials.

    Raises:
        InputError: arguments out of range.

    Source: docs/chaos.md, "How runs are labelled".

    Example:
        >>> import curldescent as cd
        >>> from curldescent.analysis import regime
        >>> problem = cd.student_teacher(n_inputs=3, n_hidden=6, n_train=12)
        >>> regime(problem, cd.Plasticity(), time=1000.0, refine=None).label
        'converged'
    """
    validation.boolean("continuous", continuous)
    if refine is not None and validation.positive("refine", refine) <= 1:
        raise InputError(f"refine must be a factor above 1, or None, got {refine:g}")
    if validation.choice("refine_in", refine_in, ("same", "flow")) == "flow" and refine is None:
        raise InputError("refine_in='flow' needs a refine: the factor by which the steps of the flow are finer")

    def one(number: int) -> Regime:
        dynamics = learning_dynamics(
            subject,
            rule,
            trial=number,
            learning_rate=learning_rate,
            preserve_norms=preserve_norms,
            output_error=output_error,
            continuous=continuous,
            seed=seed,
        )
        finer = None
        if refine is not None:
            other = dynamics.at(dynamics.dt / refine, continuous=dynamics.continuous or refine_in == "flow")
            finer = regime_of(watch(other, time=time, sample=sample, seed=seed))
        return regime_of(watch(dynamics, time=time, sample=sample, seed=seed), refined=finer)

    if isinstance(subject, Problem) and trial is None and has_trial_axis(subject):
        return Trials(tuple(one(number) for number in range(subject.trials)))
    return one(0 if trial is None else trial)
