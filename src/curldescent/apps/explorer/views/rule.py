"""One rule on a small network: what is typed about its plasticity, seen as a field, a loop in it, and its curl."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import numpy as np
import panel as pn
from bokeh.events import Pan, Tap
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, FixedTicker, Range1d, Span
from bokeh.plotting import contour  # makes figure.contour available

from curldescent.apps.explorer import controls, look
from curldescent.apps.explorer.flow_lines import arrows_of
from curldescent.apps.explorer.latest import Background, Latest
from curldescent.apps.explorer.page import Page
from curldescent.apps.explorer.rule_plane import (
    ANGLES,
    GRID,
    REACH,
    SAMPLES,
    Found,
    Network,
    Slice,
    measured,
    read_feedback,
    read_layer,
    read_rule,
)
from curldescent.apps.explorer.state import ACTIVATIONS, SEEDS, ViewState, choice, number
from curldescent.apps.explorer.view import View
from curldescent.foundation.errors import InputError
from curldescent.plots import style

FEEDBACK = {"Wᵀ": "transpose", "random": "random", "typed": "typed"}
# Every so many of the grid's points has an arrow.
_EVERY = 2
# Over white or over black.
_GREYS = [f"#808080{alpha:02x}" for alpha in range(0, 128, 16)]


@dataclass(frozen=True)
class RuleState(ViewState):
    """A small network, what was typed about its rule, the two weights shown, and the loop."""

    PATH: ClassVar[str] = "/rule"

    n_inputs: int = number(2, 1, 4)
    n_hidden: int = number(2, 1, 4)
    activation: str = choice("tanh", *ACTIVATIONS)
    hidden: str = field(default="0")
    readout: str = field(default="-1, 1")
    feedback: str = choice("transpose", *FEEDBACK.values())
    numbers: str = field(default="1, -1")
    across: str = field(default="input 1 → hidden 1")
    up: str = field(default="hidden 1 → output")
    x: float = number(0.8, -REACH, REACH)
    y: float = number(0.8, -REACH, REACH)
    radius: float = number(0.6, 0.05, 1.5)
    seed: int = number(0, *SEEDS)

    @property
    def network(self) -> Network:
        """What is learned."""
        return Network(self.n_inputs, self.n_hidden, self.activation, self.seed)

    @property
    def pair(self) -> tuple[int, int]:
        """Where the weights shown stand among the parameters; the first and the last where they are not there."""
        there = self.network.weights
        return there.get(self.across, 0), there.get(self.up, len(there) - 1)


class RuleView:
    """One session of the view.

    Args:
        page: its frame.
        state: what is shown first.
    """

    def __init__(self, page: Page, state: RuleState) -> None:
        self._page, self.state = page, state
        self._setting = False
        self._make_controls()
        self._make_figures()
        self._soon = Latest(page.document, self._refresh, delay=30)
        self._measuring = Background(page.document, _measured, self._show)
        self._refresh()

    def _make_controls(self) -> None:
        s = self.state
        self._widgets = {
            "hidden": controls.text("hidden rule", s.hidden, "0.5 or -1, 1"),
            "readout": controls.text("readout rule", s.readout, "0.5 or -1, 1"),
            "feedback": controls.choice("the error comes back through", s.feedback, FEEDBACK),
            "numbers": controls.text("feedback: one number per hidden neuron", s.numbers, "1, -1"),
            "n_inputs": controls.whole_slider("inputs M", s.n_inputs, 1, 4),
            "n_hidden": controls.whole_slider("hidden neurons N", s.n_hidden, 1, 4),
            "activation": controls.choice("activation", s.activation, ACTIVATIONS),
            "across": controls.select("weight to the right", None, []),
            "up": controls.select("weight upwards", None, []),
            "x": controls.slider("the loop's centre, to the right", s.x, -REACH, REACH, 0.05),
            "y": controls.slider("the loop's centre, upwards", s.y, -REACH, REACH, 0.05),
            "radius": controls.slider("the loop's radius", s.radius, 0.05, 1.5, 0.05),
        }
        self._set_widgets()
        for name, widget in self._widgets.items():
            widget.param.watch(partial(self._moved, name), "value")
        other = controls.button("Another network")
        other.on_click(lambda _: self._change(seed=(self.state.seed + 1) % 10000))
        w = self._widgets
        self.controls = pn.Column(
            controls.heading("The rule"),
            controls.note(
                "Of each layer, the fraction of its presynaptic neurons that are flipped, or one strength for each: 1 "
                "descends, -1 is flipped, 0 does not learn."
            ),
            *(w[name] for name in ("hidden", "readout", "feedback", "numbers")),
            controls.heading("The plane"),
            *(w[name] for name in ("across", "up", "x", "y", "radius")),
            controls.note("Or click and drag in the plane. All other weights stay as they were drawn."),
            controls.heading("The network"),
            *(w[name] for name in ("n_inputs", "n_hidden", "activation")),
            other,
            sizing_mode="stretch_width",
        )

    def _make_figures(self) -> None:
        plane = look.figure(
            "The field over the loss",
            "",
            "",
            x_range=(-REACH, REACH),
            y_range=(-REACH, REACH),
            height=440,
            name="field",
        )
        plane.grid.grid_line_color = None
        self._contours = plane.contour(
            GRID, GRID, np.add.outer(GRID**2, GRID**2), _levels(np.array([0.0, 1.0])),
            fill_color=_GREYS, line_color="#80808060",
        )  # fmt: skip
        empty: dict[str, list[float]] = {name: [] for name in ("x0", "y0", "x1", "y1", "angle")}
        self._arrows, self._loop = ColumnDataSource(empty), ColumnDataSource({"x": [], "y": []})
        self._centre = ColumnDataSource({"x": [], "y": []})
        plane.segment("x0", "y0", "x1", "y1", source=self._arrows, color="#7a7a7a", line_width=1)
        plane.scatter("x1", "y1", angle="angle", marker="triangle", size=5, source=self._arrows, color="#7a7a7a")
        plane.line("x", "y", source=self._loop, color=style.CURL_DESCENT, line_width=3)
        plane.scatter("x", "y", source=self._centre, size=10, color="white", line_color="black", line_width=2)
        for event in (Pan, Tap):
            plane.on_event(event, self._dragged)
        self._plane = plane
        matrix = look.figure(
            "Curl at the centre: A = (J − Jᵀ)/2", "", "", x_range=Range1d(0, 1), y_range=Range1d(1, 0), height=440,
            name="antisymmetric",
        )  # fmt: skip
        matrix.grid.visible = False
        matrix.xaxis[0].major_label_orientation = "vertical"
        self._cells = ColumnDataSource({"x": [], "y": [], "colour": []})
        matrix.rect("x", "y", 0.96, 0.96, source=self._cells, fill_color="colour", line_color=None)
        self._matrix = matrix
        around = look.figure("Along the loop", "angle, degrees", "F · tangent", height=220, name="along")
        around.x_range = Range1d(0, 360)
        around.xaxis[0].ticker = FixedTicker(ticks=list(range(0, 361, 90)))
        self._around = ColumnDataSource({"angle": [], "with": [], "against": [], "value": []})
        around.varea("angle", 0, "with", source=self._around, color=style.CURL_DESCENT, alpha=0.45)
        around.varea("angle", 0, "against", source=self._around, color=style.STABLE, alpha=0.45)
        around.line("angle", "value", source=self._around, color="black", line_width=2)
        around.add_layout(Span(location=0, dimension="width", line_color="#777777", line_dash="dotted"))
        self._around_figure = around
        self.figures = column(look.beside(plane, matrix), around, sizing_mode="stretch_width")

    def _set_widgets(self) -> None:
        s, w = self.state, self._widgets
        names = list(s.network.weights)
        self._setting = True
        with pn.io.hold():
            for name, at in zip(("across", "up"), s.pair, strict=True):
                w[name].options = names
                w[name].value = names[at]
            for name in ("x", "y"):
                w[name].value = getattr(s, name)
            w["numbers"].visible = s.feedback == "typed"
        self._setting = False

    def _moved(self, name: str, event: Any) -> None:
        if not self._setting:
            self._change(**{name: event.new})

    def _dragged(self, event: Any) -> None:
        if event.x is not None and event.y is not None:
            self._change(x=float(event.x), y=float(event.y))

    def _change(self, **values: Any) -> None:
        self.state = self.state.changed(**values)
        self._soon.ask()

    def _refresh(self) -> None:
        s = self.state
        self._set_widgets()
        try:
            rule, warned = read_rule(s.hidden, s.readout, s.feedback, s.numbers)
        except InputError as problem:
            self._refuse(str(problem))
            return
        self._centre.data = {"x": [s.x], "y": [s.y]}
        self._loop.data = {"x": s.x + s.radius * np.cos(ANGLES), "y": s.y + s.radius * np.sin(ANGLES)}
        self._page.say("Measuring …")
        self._measuring.ask((s, Slice(s.network, rule, s.pair, (s.x, s.y), s.radius), warned))

    def _refuse(self, sentence: str) -> None:
        self._page.say(
            sentence[:1].upper() + sentence[1:] + ".", kind="fault", detail="The picture is of the last one."
        )
        self._page.publish(self.state, script(self.state))

    def _show(self, result: "tuple[RuleState, Found | str, list[str]]") -> None:
        s, found, warned = result
        if s != self.state:
            return
        if isinstance(found, str):
            self._refuse(found)
            return
        names = list(s.network.weights)
        across, up = (names[at] for at in s.pair)
        self._plane.xaxis[0].axis_label, self._plane.yaxis[0].axis_label = across, up
        self._contours.set_data(contour.contour_data(GRID, GRID, found.loss, _levels(found.loss)))
        w1, w2 = (values[::_EVERY, ::_EVERY].ravel() for values in np.meshgrid(GRID, GRID))
        flow = found.flow[:, ::_EVERY, ::_EVERY].reshape(2, -1)
        unit = float(np.median(np.hypot(*flow))) or 1.0
        self._arrows.data = arrows_of(w1, w2, flow, longest=0.2, unit=unit)
        self._draw_matrix(found, names)
        degrees = np.rad2deg(ANGLES)
        self._around.data = {
            "angle": degrees,
            "with": np.maximum(found.along, 0),
            "against": np.minimum(found.along, 0),
            "value": found.along,
        }
        self._tell(found, warned)
        self._page.publish(s, script(s))

    def _draw_matrix(self, found: Found, names: list[str]) -> None:
        n = len(names)
        largest = float(np.abs(found.antisymmetric).max()) or 1.0
        rows, columns = np.indices((n, n))
        colours = [
            f"{style.CURL_DESCENT if value > 0 else style.STABLE}{round(255 * min(abs(value) / largest, 1)):02x}"
            for value in found.antisymmetric.ravel()
        ]
        self._cells.data = {"x": columns.ravel() + 0.5, "y": rows.ravel() + 0.5, "colour": colours}
        short = [name.replace("input ", "i").replace("hidden ", "h").replace("output", "o") for name in names]
        ticks = {at + 0.5: name for at, name in enumerate(short)}
        for axis, span in (
            (self._matrix.xaxis[0], self._matrix.x_range),
            (self._matrix.yaxis[0], self._matrix.y_range),
        ):
            axis.ticker, axis.major_label_overrides = FixedTicker(ticks=list(ticks)), ticks
            span.start, span.end = (0, n) if span is self._matrix.x_range else (n, 0)

    def _tell(self, found: Found, warned: list[str]) -> None:
        turning, share = found.turning, found.share
        words = {"curl": "Curl", "none": "No curl around this loop", "undecided": "Undecided"}
        kinds = {"curl": "unstable", "none": "stable", "undecided": "plain"}
        parts = [
            f"circulation {turning.value:.4g} ± {turning.error:.1g} of {turning.work:.4g} work",
            f"curl share of the Jacobian {share.antisymmetric:.4g} at the centre",
            found.realised,
            *warned,
        ]
        self._page.say(words[turning.verdict], kind=kinds[turning.verdict], detail="; ".join(parts))


def _measured(asked: "tuple[RuleState, Slice, list[str]]") -> "tuple[RuleState, Found | str, list[str]]":
    state, wanted, warned = asked
    try:
        return state, measured(wanted), warned
    except InputError as problem:
        return state, str(problem), warned


def _levels(loss: Any) -> list[float]:
    """Closer where the loss is low: there the valleys are."""
    low, high = float(np.min(loss)), float(np.max(loss))
    return (low + (high - low) * np.linspace(0, 1, len(_GREYS) + 1) ** 2).tolist()


def script(state: RuleState) -> str:
    """The field, the curl share at the loop's centre, and the circulation around it."""
    try:
        read_rule(state.hidden, state.readout, state.feedback, state.numbers)
    except InputError:
        return "# What is typed about the rule is none yet.\n"
    feedback = read_feedback(state.feedback, state.numbers)
    layers = [read_layer(name, getattr(state, name)) for name in ("hidden", "readout")]
    return f"""import numpy as np

import curldescent as cd

problem = cd.student_teacher(
    n_inputs={state.n_inputs!r}, n_hidden={state.n_hidden!r}, activation={state.activation!r},
    output_activation='linear', n_train={SAMPLES!r}, n_test=0, seed={state.seed!r},
)
rule = cd.Plasticity(hidden={layers[0]!r}, readout={layers[1]!r}, feedback={feedback!r})
field = cd.field(problem, rule)
theta = field.theta.copy()
shown = {list(state.pair)!r}  # of the weights {list(state.network.weights)!r}
theta[shown] = {[state.x, state.y]!r}
field = field.at(theta)
print(cd.analysis.curl(field))
print(cd.analysis.circulation(field, radius={state.radius!r}, plane=np.eye(field.n_params)[shown]))
"""


VIEW = View(
    "A rule of yours",
    intro="Type the plasticity of a small network and see where it takes two of its weights: a field that turns has a "
    "circulation around a loop, and is the gradient of nothing.",
    state=RuleState,
    show=RuleView,
    place=40,
)
