"""Gradient descent and curl descent learn the same problem, live."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import panel as pn

from curldescent.apps.explorer import controls, scripts
from curldescent.apps.explorer.latest import Latest
from curldescent.apps.explorer.live import LiveRun
from curldescent.apps.explorer.live_panel import LivePanel
from curldescent.apps.explorer.page import Page
from curldescent.apps.explorer.state import ACTIVATIONS, RATIO, SEEDS, ViewState, choice, number
from curldescent.apps.explorer.view import View
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem
from curldescent.model.student_teacher import student_teacher
from curldescent.theory import Spectrum
from curldescent.theory.sizes import sizes_of_total

NUDGE = 1e-6


@dataclass(frozen=True)
class LearnState(ViewState):
    """Live runs of gradient descent and curl descent on one student–teacher problem."""

    PATH: ClassVar[str] = "/learn"
    POINT: ClassVar[tuple[str, ...]] = ("ratio", "hidden", "readout")

    ratio: float = number(0.6, *RATIO)
    hidden: float = number(0.5, 0, 1)
    readout: float = number(0.0, 0, 1)
    neurons: int = number(120, 12, 400)
    activation: str = choice("linear", *ACTIVATIONS)
    start: str = choice("random", "random", "teacher")
    norms: str = choice("kept", "kept", "free")
    rate: float = number(0.1, 0.001, 2.0)
    seed: int = number(0, *SEEDS)

    @property
    def sizes(self) -> tuple[int, int]:
        """(M, N) from the total number of neurons, the paper's convention, at least one each."""
        n_inputs, n_hidden = sizes_of_total(self.neurons, self.ratio)
        return max(1, n_inputs), max(1, n_hidden)


def problem_of(state: LearnState) -> Problem:
    """The student–teacher problem that a state describes."""
    n_inputs, n_hidden = state.sizes
    problem = student_teacher(
        n_inputs=n_inputs, n_hidden=n_hidden, activation=state.activation, trials=1, seed=state.seed
    )
    return problem if state.start == "random" else problem.starting_at_teacher(hidden_noise=NUDGE)


class LearnView:
    """One session of the view.

    Args:
        page: its frame.
        state: what is shown first.
    """

    def __init__(self, page: Page, state: LearnState) -> None:
        self._page, self.state = page, state
        self._published = -1
        # Waits for the hand to rest: every change cancels the run and begins another.
        self._again = Latest(page.document, self._restart, delay=150)
        self.live = LivePanel(page.document, self._begin, self._tell)
        self._make_controls()
        self.figures = self.live.figures
        self.live.restart(paused=False)

    def _make_controls(self) -> None:
        s = self.state
        self._widgets = {
            **controls.point(s, RATIO),
            "neurons": controls.whole_slider("neurons in all, M + N", s.neurons, 12, 400, 4),
            "activation": controls.choice("activation", s.activation, ACTIVATIONS),
            "start": controls.choice("start", s.start, {"random": "random", "at the teacher": "teacher"}),
            "norms": controls.choice("norms", s.norms, {"norms kept": "kept", "free": "free"}),
            "rate": controls.log_slider("step η of an epoch", s.rate, 0.001, 2.0),
        }
        for name, widget in self._widgets.items():
            widget.param.watch(partial(self._moved, name), "value")
        other = controls.button("Another problem")
        other.on_click(lambda _: self._change(seed=(self.state.seed + 1) % 10000))
        self.controls = pn.Column(
            self.live.controls,
            controls.heading("The point"),
            *(self._widgets[name] for name in ("ratio", "hidden", "readout")),
            controls.heading("The student"),
            *(self._widgets[name] for name in ("neurons", "activation", "start", "norms", "rate")),
            other,
            sizing_mode="stretch_width",
        )

    def _moved(self, name: str, event: Any) -> None:
        self._change(**{name: 10**event.new if name in ("ratio", "rate") else event.new})

    def _change(self, **values: Any) -> None:
        self.state = self.state.changed(**values)
        self.live.stop()
        self._again.ask()

    def _restart(self) -> None:
        self._published = -1
        self.live.restart()

    def _begin(self, stride: int, period: float, paused: bool) -> LiveRun:  # noqa: FBT001
        s = self.state
        return LiveRun(
            problem_of(s),
            {"GD": Plasticity(), "CD": Plasticity(hidden=s.hidden, readout=s.readout)},
            learning_rate=s.rate,
            preserve_norms=s.norms == "kept",
            seed=s.seed,
            stride=stride,
            period=period,
            paused=paused,
        )

    def _tell(self, status: str, epoch: int, errors: dict[str, float]) -> None:
        s = self.state
        if not errors and status in ("running", "starting") and self._published == epoch:
            return
        if epoch != self._published:
            self._published = epoch
            self._page.publish(s, script(s, epoch))
        n_inputs, n_hidden = s.sizes
        rule = Plasticity(hidden=s.hidden, readout=s.readout)
        realised = rule.realised(n_inputs=n_inputs, n_hidden=n_hidden, n_outputs=1)
        where = f"M = {n_inputs} inputs, N = {n_hidden} hidden neurons; CD: {realised}"
        if status.startswith("failed: "):
            self._page.say(status.removeprefix("failed: "), kind="fault")
        elif status == "starting":
            self._page.say("Getting ready", detail="training kernels are compiled once, on their first use")
        else:
            stable = Spectrum(s.ratio, s.hidden, s.readout).stable
            verdict = "stable" if stable else "unstable"
            words = {"learned": "learned to rounding", "diverged": "both diverged", "finished": "finished"}
            text = f"Epoch {epoch}" + (f", {words[status]}" if status in words else "")
            gone = [rule for rule, error in errors.items() if not np.isfinite(error)]
            lost = f"; {' and '.join(gone)} diverged" if gone and status == "running" else ""
            self._page.say(text, kind=verdict, detail=f"{where}; theory for large linear networks: {verdict}{lost}")


def script(state: LearnState, epochs: int) -> str:
    """The live run up to an epoch: the same problem, rules and order of samples, so the same numbers."""
    n_inputs, n_hidden = state.sizes
    away = "" if state.start == "random" else ".starting_at_teacher(hidden_noise=1e-6)"
    return f"""import curldescent as cd
from curldescent.plots.learning_curves import learning_curves

problem = cd.student_teacher(
    n_inputs={n_inputs}, n_hidden={n_hidden}, activation={state.activation!r}, trials=1, seed={state.seed!r}
){away}
rules = {{'GD': cd.Plasticity(), 'CD': cd.Plasticity(hidden={state.hidden!r}, readout={state.readout!r})}}
{scripts.training(state.rate, state.seed, epochs, preserve_norms=state.norms == "kept")}"""


VIEW = View(
    "Watch it learn",
    intro="One problem, two rules, the same start. Gradient descent only goes down; curl descent may go up.",
    state=LearnState,
    show=LearnView,
    place=20,
)
