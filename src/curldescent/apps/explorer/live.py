"""A training run in a thread, watched from outside: started, paused, stepped, stopped at any time.

The thread advances the library's own engine and puts down frames; whoever watches takes them when it likes. Nothing is
ever sent to a session from here, so that a session that is gone or slow holds nothing up.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation.errors import InputError
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

if TYPE_CHECKING:
    from curldescent.analysis import Field

Array = NDArray[np.float64]

# A run ends by itself: learned to rounding, all diverged, or longer than anyone watches.
LEARNED = 1e-29
MAX_EPOCHS = 1_000_000
# Frames nobody takes: a session whose browser sleeps. The run waits for it.
MAX_WAITING = 400
# An advance is cut into pieces of about this many seconds, between which the thread looks up.
_PIECE = 0.04
_SHOWN_WEIGHTS = 4
# λ_min is computed during at most this share of the time.
_MEASURING = 0.3
# The first one of a nonlinear student also compiles, which says nothing about the next.
_LONGEST_COUNTED = 1.0


@dataclass(frozen=True)
class Frame:
    """What is seen at one epoch; rules lead.

    Attributes:
        epoch: finished epochs.
        error: training error, (R,); NaN from divergence on.
        weights: a few weights of the hidden layer and of the readout, (R, k).
    """

    epoch: int
    error: Array
    weights: Array


@dataclass(frozen=True)
class Measurement:
    """The lowest eigenvalue of the stability operator at the weights of one epoch, (R,); rarer than frames."""

    epoch: int
    lambda_min: Array


class LiveRun:
    """One problem learned under several rules, from the same weights, in the same order of samples.

    Args:
        problem: with one trial.
        rules: by name.
        learning_rate: as in `curldescent.train`.
        preserve_norms: as in `curldescent.train`.
        seed: as in `curldescent.train`.
        stride: epochs from one frame to the next.
        period: seconds from one frame to the next, at least.
        paused: wait for `resume` or `step`.

    Example:
        >>> import curldescent as cd
        >>> problem = cd.student_teacher(n_inputs=4, n_hidden=6, n_train=20)
        >>> run = LiveRun(problem, {"GD": cd.Plasticity()}, paused=True)
        >>> run.step()
        >>> run.wait_for_frames(2)
        [0, 1]
        >>> run.stop()
    """

    def __init__(
        self,
        problem: Problem,
        rules: Mapping[str, Plasticity],
        *,
        learning_rate: float = 0.1,
        preserve_norms: bool = False,
        seed: int = 0,
        stride: int = 1,
        period: float = 0.0,
        paused: bool = False,
    ) -> None:
        self._problem, self._rules = problem, dict(rules)
        self._options = {
            "learning_rate": learning_rate,
            "batch_size": None,
            "preserve_norms": preserve_norms,
            "output_error": "delta",
            "seed": seed,
        }
        self.stride, self.period = stride, period
        self._condition = threading.Condition()
        self._frames: deque[Frame] = deque()
        self._measured: deque[Measurement] = deque()
        self._paused, self._steps, self._stopped = paused, 0, False
        self._status = "starting"
        self._last_measured, self._measuring_took = -np.inf, 0.0
        self._measuring: threading.Thread | None = None
        self._lambda_min = [LambdaMin(problem, rule, preserve_norms=preserve_norms) for rule in self._rules.values()]
        self._thread = threading.Thread(target=self._run, name="live run", daemon=True)
        self._thread.start()

    def pause(self) -> None:
        """Hold before the next frame."""
        with self._condition:
            self._paused = True

    def resume(self) -> None:
        """Go on."""
        with self._condition:
            self._paused = False
            self._condition.notify_all()

    def step(self) -> None:
        """Pause, and make one more frame."""
        with self._condition:
            self._paused = True
            self._steps += 1
            self._condition.notify_all()

    def stop(self) -> None:
        """End the thread soon; no frames come after those already there."""
        with self._condition:
            self._stopped = True
            self._frames.clear()
            self._measured.clear()
            self._condition.notify_all()

    def take(self) -> tuple[list[Frame], list[Measurement]]:
        """The frames and measurements since the last call."""
        with self._condition:
            taken = list(self._frames), list(self._measured)
            self._frames.clear()
            self._measured.clear()
            self._condition.notify_all()
        return taken

    @property
    def paused(self) -> bool:
        """Whether it was told to hold."""
        return self._paused

    @property
    def alive(self) -> bool:
        """Whether its thread still runs."""
        return self._thread.is_alive()

    @property
    def status(self) -> str:
        """Where it stands: "starting", "running", "learned", "diverged", "finished", or "failed: " and a sentence."""
        return self._status

    def wait_for_frames(self, count: int, timeout: float = 600.0) -> list[int]:
        """Wait until at least so many frames are there, without taking them, and return their epochs; for scripts."""
        deadline = time.monotonic() + timeout
        with self._condition:
            while len(self._frames) < count and time.monotonic() < deadline and self._thread.is_alive():
                self._condition.wait(0.05)
            return [frame.epoch for frame in self._frames]

    def _run(self) -> None:
        try:
            self._learn()
        except InputError as problem:
            self._status = f"failed: {problem}"
        except Exception as problem:
            # The thread has nobody above it: what it does not say is never seen.
            self._status = f"failed: {type(problem).__name__}: {problem}"
            raise

    def _learn(self) -> None:
        from curldescent.learning.engines.registry import build_engine
        from curldescent.learning.experiment import experiment

        setup = experiment(self._problem, list(self._rules.values()), **self._options)  # type: ignore[arg-type]
        engine = build_engine(setup, engine="auto", dtype="float64", threads=1, epochs=MAX_EPOCHS)
        self._put(engine)
        self._status = "running"
        pace = 0.0
        while self._wait():
            began = time.monotonic()
            goal = min(engine.epoch + self.stride, MAX_EPOCHS)
            while engine.epoch < goal and not self._stopped:
                count = goal - engine.epoch if pace == 0 else max(1, int(_PIECE / pace))
                count = min(count, goal - engine.epoch, 1 if pace == 0 else MAX_EPOCHS)
                before = time.monotonic()
                engine.advance(count)
                pace = max((time.monotonic() - before) / count, 1e-9)
            if self._stopped:
                return
            error = self._put(engine)
            if not np.isfinite(error).any():
                self._status = "diverged"
                return
            if np.nanmax(error) < LEARNED:
                self._status = "learned"
                return
            if engine.epoch >= MAX_EPOCHS:
                self._status = "finished"
                return
            rest = self.period - (time.monotonic() - began)
            with self._condition:
                if rest > 0 and not self._stopped:
                    self._condition.wait_for(lambda: self._stopped or self._steps > 0, rest)

    def _wait(self) -> bool:
        """Hold while paused or while nobody takes frames; whether to go on."""
        with self._condition:
            self._condition.wait_for(
                lambda: self._stopped or self._steps > 0 or (not self._paused and len(self._frames) < MAX_WAITING)
            )
            self._steps = max(0, self._steps - 1)
            return not self._stopped

    def _put(self, engine: object) -> Array:
        hidden, readout = engine.weights()  # type: ignore[attr-defined]
        error = engine.errors()[0][:, 0]  # type: ignore[attr-defined]
        shown = np.concatenate([_few(hidden[:, 0]), _few(readout[:, 0])], axis=1)
        self._add(self._frames, Frame(engine.epoch, error, shown))  # type: ignore[attr-defined]
        self._measure(engine.epoch, hidden[:, 0], readout[:, 0])  # type: ignore[attr-defined]
        return error

    def _add(self, to: "deque[Any]", what: object) -> None:
        with self._condition:
            if not self._stopped:
                to.append(what)
                self._condition.notify_all()

    def _measure(self, epoch: int, hidden: Array, readout: Array) -> None:
        """Begin a measurement, unless one is under way or the last one took long and was just now."""
        resting = (time.monotonic() - self._last_measured) * _MEASURING < self._measuring_took
        if resting or (self._measuring is not None and self._measuring.is_alive()):
            return

        def work() -> None:
            began = time.monotonic()
            found = [
                lambda_min(w1, w2) if np.isfinite(w1).all() else np.nan
                for lambda_min, w1, w2 in zip(self._lambda_min, hidden, readout, strict=True)
            ]
            self._last_measured = time.monotonic()
            self._measuring_took = min(self._last_measured - began, _LONGEST_COUNTED)
            self._add(self._measured, Measurement(epoch, np.array(found)))

        # Beside the run, which should not wait for the first compilation of a nonlinear student's kernel.
        self._measuring = threading.Thread(target=work, name="stability of a live run", daemon=True)
        self._measuring.start()


class LambdaMin:
    """The smallest eigenvalue that decides stability, at any weights of one problem's student.

    For linear students with one output the smallest real part of the stability matrix K; otherwise the smallest
    eigenvalue of the signed tangent kernel over the training samples, whose products are compiled once.

    Args:
        problem: with one trial.
        rule: presynaptic fractions.
        preserve_norms: whether updates keep the layers' norms.
    """

    def __init__(self, problem: Problem, rule: Plasticity, *, preserve_norms: bool) -> None:
        self._problem, self._rule, self._preserve_norms = problem, rule, preserve_norms
        student = problem.student
        self._strengths = rule.resolved(
            n_inputs=student.n_inputs, n_hidden=student.n_hidden, n_outputs=student.n_outputs
        )
        self._linear = problem.activation == problem.output_activation == "linear" and student.n_outputs == 1
        self._field: Field | None = None

    def __call__(self, w1: Array, w2: Array) -> float:
        """λ_min at W1 (N, M) and W2 (O, N)."""
        if self._linear:
            from curldescent.theory import linear_stability

            d1, d2 = self._strengths.hidden[0], self._strengths.readout[0]
            return linear_stability(w1, w2, d1, d2, preserve_norms=self._preserve_norms).lambda_min
        from curldescent.analysis import stability
        from curldescent.learning.fields.from_problem import problem_field

        if self._field is None:
            self._field = problem_field(self._problem, self._rule)
        here = self._field.at({"hidden": w1, "readout": w2})
        return float(stability(here, preserve_norms=self._preserve_norms).lambda_min)


def _few(layer: Array) -> Array:
    """A few entries of every rule's layer, spread over it, (R, k)."""
    flat = layer.reshape(len(layer), -1)
    return flat[:, np.unique(np.linspace(0, flat.shape[1] - 1, _SHOWN_WEIGHTS).astype(int))]


def compile_kernels(stopping: Callable[[], bool]) -> None:
    """Make the first live run as quick as the others: load, or compile once, the kernels it takes."""
    from curldescent.model.student_teacher import student_teacher

    for activation in ("linear", "tanh"):
        problem = student_teacher(n_inputs=6, n_hidden=40, n_train=10, n_test=0, activation=activation)
        for norms in (False, True):
            if stopping():
                return
            run = LiveRun(
                problem, {"GD": Plasticity(), "CD": Plasticity(hidden=0.5)}, preserve_norms=norms, paused=True
            )
            run.step()
            run.wait_for_frames(2)
            run.stop()
