"""The two-weight network, whose whole world fits into a picture."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import numpy as np
import panel as pn
from bokeh.events import Pan, PanStart, Tap
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, LinearColorMapper
from bokeh.plotting import contour  # makes figure.contour available
from numpy.typing import NDArray

from curldescent.apps.explorer import controls, look
from curldescent.apps.explorer.flow_lines import POINTS, REACH, arrows, conserved, follow, solutions
from curldescent.apps.explorer.latest import Latest
from curldescent.apps.explorer.page import Page
from curldescent.apps.explorer.state import ViewState, number
from curldescent.apps.explorer.surface import Camera, faces
from curldescent.apps.explorer.view import View
from curldescent.model.two_weights import TwoWeights
from curldescent.plots import style

Array = NDArray[np.float64]
_GRID = np.linspace(-REACH, REACH, 121)
_FACES = np.linspace(-REACH, REACH, 33)
# Where the loss is cut off in the picture in three dimensions.
_CEILING = 4.0
# Over white or over black.
_GREYS = [f"#808080{alpha:02x}" for alpha in range(0, 128, 16)]
_LEVELS = [0, 0.02, 0.1, 0.3, 0.8, 1.8, 4, 9, 40]


@dataclass(frozen=True)
class TwoWeightsState(ViewState):
    """The two-weight network: target, both strengths, the starting points."""

    PATH: ClassVar[str] = "/two-weights"
    REACH: ClassVar[float] = REACH
    MOST: ClassVar[int] = 12

    target: float = number(1.0, -2, 2)
    hidden: float = number(1.0, -1, 1)
    readout: float = number(-1.0, -1, 1)
    starts: str = field(default="1.9,1.2;0.35,1.2;-0.6,0.4", metadata={"points": True})
    turn: int = number(-25, -180, 180)

    @property
    def points(self) -> tuple[tuple[float, float], ...]:
        """The starting points (w1, w2)."""
        return _points(self.starts, self.REACH, self.MOST)

    def with_points(self, points: "list[tuple[float, float]] | tuple[tuple[float, float], ...]") -> "TwoWeightsState":
        """The same world with other starting points; the oldest go where there are too many."""
        # An empty value would not survive in a link.
        text = "none" if not points else ";".join(f"{w1:.4g},{w2:.4g}" for w1, w2 in points[-self.MOST :])
        return dataclasses.replace(self, starts=text)

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> tuple["TwoWeightsState", str]:
        """As in `ViewState`; the list of starting points is checked as well."""
        state, complaint = super().from_query(query)
        try:
            _ = state.points
        except ValueError as problem:
            default = cls().starts
            return dataclasses.replace(state, starts=default), (
                complaint or f"The link's starts must be {problem}; the default is shown."
            )
        return state, complaint


def _points(text: str, reach: float, most: int) -> tuple[tuple[float, float], ...]:
    wrong = ValueError(f"at most {most} pairs 'w1,w2' within ±{reach:g}, separated by ';'")
    out = []
    for pair in text.split(";") if text != "none" else []:
        try:
            w1, w2 = (float(value) for value in pair.split(","))
        except ValueError:
            raise wrong from None
        # Written so that NaN fails.
        if not (abs(w1) <= reach and abs(w2) <= reach):
            raise wrong
        out.append((w1, w2))
    if len(out) > most:
        raise wrong
    return tuple(out)


class TwoWeightsView:
    """One session of the view.

    Args:
        page: its frame.
        state: what is shown first.
    """

    def __init__(self, page: Page, state: TwoWeightsState) -> None:
        self._page, self.state = page, state
        self._make_controls()
        self._make_figures()
        self._latest = Latest(page.document, self._refresh)
        self._turning = Latest(page.document, self._draw_surface)
        self._refresh()

    def _make_controls(self) -> None:
        s = self.state
        self._widgets = {
            "target": controls.slider("target s: learn w1·w2 = s", s.target, -2, 2, 0.05),
            "hidden": controls.slider("strength d1 of w1's rule", s.hidden, -1, 1, 0.05),
            "readout": controls.slider("strength d2 of w2's rule", s.readout, -1, 1, 0.05),
        }
        for name, widget in self._widgets.items():
            widget.param.watch(partial(self._moved, name), "value")
        self._rules = {}
        for label, (d1, d2) in {
            "Gradient descent": (1, 1),
            "Flip w2": (1, -1),
            "Flip w1": (-1, 1),
            "Flip both": (-1, -1),
        }.items():
            self._rules[label] = controls.button(label)
            self._rules[label].on_click(lambda _, d1=d1, d2=d2: self._change(hidden=float(d1), readout=float(d2)))
        one, two, three, four = self._rules.values()
        drop, clear = controls.button("Drop one"), controls.button("Clear")
        drop.on_click(lambda _: self._drop(*np.random.default_rng().uniform(-REACH, REACH, 2)))
        clear.on_click(lambda _: self._set_points(()))
        self.controls = pn.Column(
            controls.heading("The rule"),
            pn.Row(one, two, sizing_mode="stretch_width"),
            pn.Row(three, four, sizing_mode="stretch_width"),
            *self._widgets.values(),
            controls.heading("Trajectories"),
            controls.note("Click in the plane to drop one. Dots are starts, squares are ends."),
            pn.Row(drop, clear, sizing_mode="stretch_width"),
            controls.note("Drag the surface sideways to turn it."),
            sizing_mode="stretch_width",
        )

    def _make_figures(self) -> None:
        network = self._network
        plane = look.figure(
            "Where the weights go",
            "hidden weight w1",
            "readout weight w2",
            x_range=(-REACH, REACH),
            y_range=(-REACH, REACH),
            height=440,
            name="plane",
        )
        plane.grid.grid_line_color = None
        self._contours = plane.contour(
            _GRID, _GRID, self._loss(_GRID), _LEVELS, fill_color=_GREYS, line_color="#00000000"
        )
        names = ("arrows", "conserved", "stable", "unstable", "paths", "starts", "ends")
        self._sources = {name: ColumnDataSource() for name in names}
        self._sources["arrows"].data = arrows(network)
        for name in ("conserved", "stable", "unstable", "paths"):
            self._sources[name].data = {"xs": [], "ys": []}
        for name in ("starts", "ends"):
            self._sources[name].data = {"x": [], "y": [], "px": [], "py": []}
        src = self._sources
        plane.segment("x0", "y0", "x1", "y1", source=src["arrows"], color="#7a7a7a", line_width=1)
        plane.scatter("x1", "y1", angle="angle", marker="triangle", size=5, source=src["arrows"], color="#7a7a7a")
        plane.multi_line("xs", "ys", source=src["stable"], color=style.STABLE, line_width=4)
        plane.multi_line("xs", "ys", source=src["unstable"], color=style.UNSTABLE, line_width=4, line_dash="dotted")
        plane.multi_line("xs", "ys", source=src["conserved"], color=style.ACCENT, line_width=1.6, line_dash="dashed")
        plane.multi_line("xs", "ys", source=src["paths"], color="black", line_width=2.2)
        plane.scatter("x", "y", source=src["starts"], size=9, color="black")
        plane.scatter("x", "y", source=src["ends"], size=9, color="white", line_color="black", marker="square")
        plane.on_event(Tap, lambda event: self._drop(event.x, event.y))
        self.figures = column(
            look.beside(plane, self._make_surface()),
            look.beside(self._make_losses(), self._make_key()),
            sizing_mode="stretch_width",
        )

    def _make_surface(self) -> Any:
        surface = look.figure(
            "The loss above them",
            "",
            "",
            x_range=(-3.7, 3.7),
            y_range=(-2.2, 3.9),
            height=440,
            name="surface",
        )
        surface.axis.visible = False
        surface.grid.visible = False
        for name in ("faces", "raised", "corners"):
            self._sources[name] = ColumnDataSource()
        self._sources["faces"].data = {"xs": [], "ys": [], "height": []}
        self._sources["raised"].data = {"xs": [], "ys": []}
        self._sources["corners"].data = {"x": [], "y": [], "text": []}
        shade = {"field": "height", "transform": LinearColorMapper(palette=_PALETTE, low=0, high=_CEILING)}
        surface.patches("xs", "ys", source=self._sources["faces"], fill_color=shade, line_color="white", line_width=0.4)
        surface.multi_line("xs", "ys", source=self._sources["raised"], color=style.UNSTABLE, line_width=3)
        surface.text("x", "y", "text", source=self._sources["corners"], text_font=look.TEXT_FONT,
                     text_font_size="14px", text_align="center", text_baseline="middle")  # fmt: skip
        surface.on_event(PanStart, self._grab)
        surface.on_event(Pan, self._turn)
        return surface

    def _make_losses(self) -> Any:
        losses = look.figure("Loss along the trajectories", "time", "loss C", y_axis_type="log", height=200)
        self._sources["losses"] = ColumnDataSource({"xs": [], "ys": []})
        losses.multi_line("xs", "ys", source=self._sources["losses"], color="black", line_width=2)
        return losses

    def _make_key(self) -> Any:
        """What the lines mean, as a figure, so that a downloaded picture explains itself."""
        key = look.figure("", "", "", x_range=(0, 10), y_range=(0, 5), height=200)
        key.axis.visible = False
        key.grid.visible = False
        for y, colour, dash, width, text in (
            (4.2, style.STABLE, "solid", 4, "stable solutions"),
            (3.4, style.UNSTABLE, "dotted", 4, "unstable solutions"),
            (2.6, style.ACCENT, "dashed", 1.6, "conserved curve"),
            (1.8, "black", "solid", 2.2, "trajectory in the plane"),
            (1.0, style.UNSTABLE, "solid", 3, "the same on the surface"),
        ):
            key.line([0.3, 1.8], [y, y], color=colour, line_dash=dash, line_width=width)
            key.text([2.3], [y], [text], text_font=look.TEXT_FONT, text_font_size="14px", text_baseline="middle")
        return key

    @property
    def _network(self) -> TwoWeights:
        return TwoWeights(self.state.target, self.state.hidden, self.state.readout)

    def _loss(self, grid: Array) -> Array:
        return self._network.loss(np.stack(np.meshgrid(grid, grid)))

    def _moved(self, name: str, event: Any) -> None:
        self._change(**{name: event.new})

    def _change(self, **values: Any) -> None:
        self.state = self.state.changed(**values)
        self._latest.ask()

    def _drop(self, w1: float | None, w2: float | None) -> None:
        if w1 is not None and w2 is not None and abs(w1) <= REACH and abs(w2) <= REACH:
            self._set_points((*self.state.points, (float(w1), float(w2))))

    def _set_points(self, points: tuple[tuple[float, float], ...]) -> None:
        self.state = self.state.with_points(points)
        self._latest.ask()

    def _grab(self, _event: Any) -> None:
        self._turned_from = self.state.turn

    def _turn(self, event: Any) -> None:
        turn = (self._turned_from - round(event.delta_x / 3) + 180) % 360 - 180
        self.state = self.state.changed(turn=turn)
        self._turning.ask()

    def _refresh(self) -> None:
        network, s = self._network, self.state
        src = self._sources
        for name, widget in self._widgets.items():
            widget.value = getattr(s, name)
        self._contours.set_data(contour.contour_data(_GRID, _GRID, self._loss(_GRID), _LEVELS))
        src["arrows"].data = arrows(network)
        for name, lines in solutions(network).items():
            src[name].data = lines
        src["conserved"].data = conserved(network, s.points)
        followed = [follow(network, point) for point in s.points]
        self._shown = s.points
        self._paths = [path for path, _ in followed]
        src["paths"].data = _lines([(path[0], path[1]) for path in self._paths])
        src["starts"].data = {"x": [p[0] for p in s.points], "y": [p[1] for p in s.points]}
        src["ends"].data = {"x": [p[0, -1] for p in self._paths], "y": [p[1, -1] for p in self._paths]}
        src["losses"].data = _lines(
            [(np.linspace(0, time, POINTS), np.maximum(network.loss(path), 1e-20)) for path, time in followed]
        )
        self._times = [time for _, time in followed]
        self._draw_surface()
        self._tell()

    def _draw_surface(self) -> None:
        camera = Camera(self.state.turn)
        self._sources["faces"].data = faces(camera, _FACES, np.minimum(self._loss(_FACES), _CEILING))
        raised = []
        for path in self._paths:
            height = self._network.loss(path)
            inside = (np.abs(path) <= REACH).all(axis=0) & (height <= _CEILING)
            right, up, _ = camera.project(path[0], path[1], height + 0.03)
            raised.append((np.where(inside, right, np.nan), np.where(inside, up, np.nan)))
        self._sources["raised"].data = _lines(raised)
        beyond = REACH * 1.18
        right, up, _ = camera.project(np.array([beyond, 0.0]), np.array([0.0, beyond]), np.zeros(2))
        self._sources["corners"].data = {"x": right, "y": up, "text": ["w1", "w2"]}
        # A point may have been dropped since; its picture, and its link, are on their way.
        shown = self.state.with_points(self._shown)
        self._page.publish(shown, script(shown, self._times))

    def _tell(self) -> None:
        d1, d2 = self.state.hidden, self.state.readout
        if d1 * d2 == 0:
            self._page.say("A frozen weight", detail="one strength is zero: that weight does not learn")
            return
        if d1 * d2 < 0:
            origin, shape = "a centre", "Circles" if abs(d1) == abs(d2) else "Ellipses"
            rest = "a part of the solutions has lost its stability"
        else:
            origin, shape = "a saddle", "Hyperbolas"
            rest = "every solution attracts" if d1 > 0 else "both rules climb the loss, no solution attracts"
        # With s = 0 the origin is a crossing of two lines of solutions, neither saddle nor centre.
        at_origin = f"; the origin is {origin}" if self.state.target else ""
        kind = {(True, True): "stable", (False, False): "unstable"}.get((d1 > 0, d2 > 0), "plain")
        self._page.say(shape, kind=kind, detail=rest + at_origin)


def _lines(pairs: list[tuple[Array, Array]]) -> dict[str, list]:
    return {"xs": [x.tolist() for x, _ in pairs], "ys": [y.tolist() for _, y in pairs]}


_PALETTE = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in zip(
    np.linspace(0x12, 0xE8, 24).astype(int),
    np.linspace(0x5A, 0xF1, 24).astype(int),
    np.linspace(0x8C, 0xF7, 24).astype(int), strict=True)]  # fmt: skip


def script(state: TwoWeightsState, times: Sequence[float]) -> str:
    """The flow field with its trajectories; `times` says how long each is followed."""
    points = [(*point, time) for point, time in zip(state.points, times, strict=True)]
    return f"""import matplotlib.pyplot as plt

import curldescent as cd
from curldescent.plots.two_weights import draw_flow

network = cd.TwoWeights(target={state.target!r}, hidden={state.hidden!r}, readout={state.readout!r})
figure, axes = plt.subplots(figsize=(5, 5))
draw_flow(axes, network, starts=(), time=1.0)
for w1, w2, time in {points!r}:
    path = network.trajectory([w1, w2], time=time)
    axes.plot(*path, color='black')
    axes.plot(w1, w2, marker='o', color='black')
    print('from', (w1, w2), 'to', path[:, -1], 'loss', network.loss(path[:, -1]))
figure.savefig('two_weights.png')
"""


VIEW = View(
    "Two-weight world",
    intro="The smallest network, ŷ = w2 w1 x, learns w1·w2 = s. A flipped rule turns slides into circles.",
    state=TwoWeightsState,
    show=TwoWeightsView,
    place=30,
)
