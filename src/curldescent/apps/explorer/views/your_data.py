"""A table of one's own, learned under both rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import panel as pn

from curldescent.apps.explorer import controls, scripts
from curldescent.apps.explorer.latest import Background, Latest
from curldescent.apps.explorer.live import LiveRun
from curldescent.apps.explorer.live_panel import LivePanel
from curldescent.apps.explorer.page import Page
from curldescent.apps.explorer.state import ACTIVATIONS, SEEDS, ViewState, choice, number
from curldescent.apps.explorer.table import MAX_BYTES, MAX_ROWS, read_upload
from curldescent.apps.explorer.view import View
from curldescent.foundation.errors import InputError
from curldescent.model.data import from_data
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem
from curldescent.model.tables import Table
from curldescent.model.tables.choice import Choice, choose
from curldescent.model.tables.sources import TEXT

MISSING = ("refuse", "drop", "impute")
_CHUNK = 1_000_000
_DROP_CSS = """
.filepond--root.bk-input, .filepond--root.bk-input .filepond--drop-label { background-color: var(--hover) !important; }
.filepond--root [class*="filepond--panel"] { background-color: var(--hover) !important; }
.filepond--drop-label, .filepond--drop-label label { color: var(--ink) !important; }
.filepond--drop-label label { font: 13px "DejaVu Sans", Verdana, sans-serif !important; padding: 4px !important; }
.filepond--credits { display: none; }
"""
_INVITATION = "Drop a table with a header (CSV, TSV or text)"


@dataclass(frozen=True)
class DataState(ViewState):
    """How an uploaded table is learned. The table itself is not part of a link."""

    PATH: ClassVar[str] = "/data"

    n_hidden: int = number(20, 1, 200)
    hidden: float = number(0.0, 0, 1)
    readout: float = number(0.1, 0, 1)
    activation: str = choice("tanh", *ACTIVATIONS)
    rate: float = number(0.1, 0.001, 2.0)
    seed: int = number(0, *SEEDS)
    missing: str = choice("refuse", *MISSING)


class Dropper(pn.widgets.FileDropper):
    """A place to drop one file, whose size is limited here and not only in the browser."""

    _file_buffer: dict[str, list[bytes]]

    def _process_event(self, event: Any) -> None:
        data = event.data
        if event.event_name == "upload_event":
            # One file at a time, and no more chunks of it than a file of the largest size has.
            self._file_buffer = {data["name"]: self._file_buffer.get(data["name"], [])}
            held = sum(len(chunk) for chunk in self._file_buffer[data["name"]])
            if held + len(data["data"]) > MAX_BYTES + _CHUNK:
                self._file_buffer = {}
                return
            self.value: dict[str, Any] = {}
        super()._process_event(event)


class DataView:
    """One session of the view.

    Args:
        page: its frame.
        state: what is shown first.
    """

    def __init__(self, page: Page, state: DataState) -> None:
        self._page, self.state = page, state
        self._table: Table | None = None
        self._first: Choice | None = None
        self._file = ""
        self._fault, self._verdict = "", ""
        self._problem: Problem | None = None
        self._published = -1
        self._again = Latest(page.document, self._restart, delay=200)
        self._judging = Background(page.document, _judged, self._show_verdict)
        self.live = LivePanel(page.document, self._begin, self._tell)
        self._make_controls()
        self.figures = self.live.figures
        self.figures.visible = False
        self._page.say(_INVITATION, detail=f"up to {MAX_BYTES >> 20} MB and {MAX_ROWS} rows; it stays on this machine")
        self._publish(0)

    def _make_controls(self) -> None:
        s = self.state
        self.drop = Dropper(
            accepted_filetypes=[*TEXT, "text/csv", "text/tab-separated-values", "text/plain"],
            max_file_size=f"{MAX_BYTES >> 20}MB",
            chunk_size=_CHUNK,
            multiple=False,
            previews=[],
            sizing_mode="stretch_width",
            margin=(4, 0, 8, 0),
            stylesheets=[_DROP_CSS],
        )
        self.drop.param.watch(self._dropped, "value")
        self._inputs, self._targets = controls.many("inputs"), controls.many("targets")
        for widget in (self._inputs, self._targets):
            widget.param.watch(lambda _: self._change(), "value")
        self._widgets = {
            "missing": controls.choice("rows with missing values", s.missing, MISSING),
            "n_hidden": controls.whole_slider("hidden neurons N", s.n_hidden, 1, 200),
            "hidden": controls.slider("flipped inputs α_h", s.hidden, 0, 1, 0.01),
            "readout": controls.slider("flipped hidden neurons α_r", s.readout, 0, 1, 0.01),
            "activation": controls.choice("activation", s.activation, ACTIVATIONS),
            "rate": controls.log_slider("step η of an epoch", s.rate, 0.001, 2.0),
        }
        for name, widget in self._widgets.items():
            widget.param.watch(partial(self._moved, name), "value")
        self.controls = pn.Column(
            controls.heading("The table"),
            self.drop,
            self._inputs,
            self._targets,
            self.live.controls,
            controls.heading("The student"),
            *self._widgets.values(),
            sizing_mode="stretch_width",
        )

    def _dropped(self, event: Any) -> None:
        if not event.new:
            return
        self.live.stop()
        # The newest is the last that came.
        self._file, content = list(event.new.items())[-1]
        try:
            table = read_upload(content, self._file)
        except InputError as problem:
            self._table = None
            self._refuse(str(problem))
            return
        # No change of the menus may be taken for a choice from the table before.
        self._table = self._first = None
        fault = ""
        try:
            self._first = choose(table)
        except InputError as problem:
            fault = str(problem)
        with pn.io.hold():
            self._inputs.options = self._targets.options = list(table.columns)
            self._inputs.value = [] if self._first is None else self._first.inputs
            self._targets.value = [list(table.columns)[-1]] if self._first is None else self._first.targets
        self._table = table
        if self._first is None:
            self._refuse(fault, advice="choose the inputs and targets")
        else:
            self._change()

    def _refuse(self, sentence: str, *, advice: str = "") -> None:
        self._fault = sentence
        self._problem = None
        self.figures.visible = False
        self._page.say(sentence[:1].upper() + sentence[1:] + ".", kind="fault", detail=advice)

    def _moved(self, name: str, event: Any) -> None:
        self._change(**{name: 10**event.new if name == "rate" else event.new})

    def _change(self, **values: Any) -> None:
        self.state = self.state.changed(**values)
        self.live.stop()
        self._publish(0)
        if self._table is not None:
            self._again.ask()

    def _restart(self) -> None:
        s = self.state
        if self._table is None:
            return
        self._fault, self._verdict, self._published = "", "", -1
        try:
            self._problem = from_data(
                self._table,
                **self._chosen(),
                missing=s.missing,
                n_hidden=s.n_hidden,
                activation=s.activation,
                seed=s.seed,
            )
        except InputError as problem:
            self._refuse(str(problem), advice="choose other inputs or targets")
            return
        self.figures.visible = True
        self.live.restart()
        self._judging.ask((self._problem, self._rule))

    def _chosen(self) -> dict[str, Any]:
        """The columns; those that nobody changed are left to the reader, which then says why it takes them."""
        chosen = {"inputs": list(self._inputs.value), "targets": list(self._targets.value)}
        first = self._first
        return {} if first is not None and (first.inputs, first.targets) == tuple(chosen.values()) else chosen

    @property
    def _rule(self) -> Plasticity:
        return Plasticity(hidden=self.state.hidden, readout=self.state.readout)

    def _begin(self, stride: int, period: float, paused: bool) -> LiveRun | None:  # noqa: FBT001
        if self._problem is None:
            return None
        return LiveRun(
            self._problem,
            {"GD": Plasticity(), "CD": self._rule},
            learning_rate=self.state.rate,
            seed=self.state.seed,
            stride=stride,
            period=period,
            paused=paused,
        )

    def _show_verdict(self, found: tuple[Problem, str]) -> None:
        problem, verdict = found
        if problem is self._problem:
            self._verdict = verdict

    def _publish(self, epoch: int) -> None:
        inputs, targets = (list(widget.value or []) for widget in (self._inputs, self._targets))
        text = script(self.state, self._file or "your_table.csv", inputs, targets, epoch)
        self._page.publish(self.state, text)

    def _tell(self, status: str, epoch: int, _errors: dict[str, float]) -> None:
        if self._fault or self._problem is None:
            return
        if epoch != self._published:
            self._published = epoch
            self._publish(epoch)
        if status.startswith("failed: "):
            self._page.say(status.removeprefix("failed: "), kind="fault")
            return
        used = "; ".join(self._problem.data.lines()) if self._problem.data else ""
        realised = self._rule.realised(self._problem.student.sizes)
        sizes = f"{self._problem.n_train} training rows; {used}; CD: {realised}; "
        words = {"learned": ", learned to rounding", "diverged": ", both diverged", "starting": ", getting ready"}
        self._page.say(
            f"Epoch {epoch}{words.get(status, '')}",
            detail=sizes + (f"curl descent at the start: {self._verdict}" if self._verdict else "judging stability …"),
        )


def _judged(asked: tuple[Problem, Plasticity]) -> tuple[Problem, str]:
    # JAX is loaded when a table is judged, not before the first page.
    from curldescent.analysis import stability

    problem, rule = asked
    found = stability(problem, rule)[0]
    more = "" if found.complete else " or more"
    return problem, (f"{found.verdict}, λ_min = {found.lambda_min:.3g}, {found.n_unstable}{more} growing directions")


def script(state: DataState, file: str, inputs: Sequence[str], targets: Sequence[str], epochs: int) -> str:
    """The live run on an uploaded table, and the verdict on the student it starts with."""
    return f"""import curldescent as cd
from curldescent.plots.learning_curves import learning_curves

problem = cd.from_data(
    {file!r},
    inputs={list(inputs)!r},
    targets={list(targets)!r},
    n_hidden={state.n_hidden!r},
    activation={state.activation!r},
    missing={state.missing!r},
    seed={state.seed!r},
)
rules = {{'GD': cd.Plasticity(), 'CD': cd.Plasticity(hidden={state.hidden!r}, readout={state.readout!r})}}
print(cd.analysis.stability(problem, rules['CD']))
{scripts.training(state.rate, state.seed, epochs, preserve_norms=False)}"""


VIEW = View(
    "Your data",
    intro="Your own table: choose columns, the size of the student and what is flipped; watch both rules learn.",
    state=DataState,
    show=DataView,
    place=50,
    begins_with_controls=True,
)
