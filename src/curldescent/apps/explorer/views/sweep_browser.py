"""The heat map of a sweep, with the theory on it and the curves of each cell behind it."""

import textwrap
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import panel as pn
from bokeh.events import Tap
from bokeh.models import ColorBar, ColumnDataSource, CustomJSTickFormatter, FixedTicker, LinearColorMapper, Range1d
from bokeh.palettes import Viridis256

from curldescent.apps.explorer import controls, look
from curldescent.apps.explorer.heat import COLOURS, Opened, Scale, coloured, tick_text
from curldescent.apps.explorer.latest import Background
from curldescent.apps.explorer.page import Page
from curldescent.apps.explorer.state import ViewState, choice
from curldescent.apps.explorer.stores import find_store, list_stores
from curldescent.apps.explorer.view import View
from curldescent.foundation.errors import InputError

_NONE = "(none)"
_LABELS = {
    "ratio": "compression ratio c = M/N",
    "hidden": "flipped inputs α_h",
    "readout": "flipped hidden neurons α_r",
}


@dataclass(frozen=True)
class SweepState(ViewState):
    """Which store, variable and axes are shown, and which cell is open."""

    PATH: ClassVar[str] = "/sweeps"

    store: str = ""
    variable: str = ""
    x: str = ""
    y: str = ""
    held: str = ""
    cell: str = ""
    colours: str = choice("automatic", *COLOURS)


class SweepView:
    """One session of the view.

    Args:
        page: its frame.
        state: what is shown first.
    """

    def __init__(self, page: Page, state: SweepState) -> None:
        self._page, self.state, self._folder = page, state, page.surroundings.store
        self._opened: Opened | None = None
        self._setting = False
        self._reading = Background(page.document, self._read, self._show)
        self._picking = Background(page.document, self._read_cell, self._show_cell)
        self._make_controls()
        self._make_figures()
        if not list_stores(self._folder):
            where = "holds no sweep" if self._folder is not None else "was not given"
            page.say("No sweep to show", detail=f"the folder {where}: curldescent explore --store results/my-sweep")
            page.publish(state, no_sweep())
            self.figures.visible = False
        else:
            self._open(state.store or next(iter(list_stores(self._folder))))

    def _make_controls(self) -> None:
        self._store = controls.select("store", None, list(list_stores(self._folder)))
        self._store.param.watch(lambda event: self._by_hand(lambda: self._open(event.new)), "value")
        self._variable = controls.select("variable", None, [])
        self._x, self._y = controls.select("horizontal axis", None, []), controls.select("vertical axis", None, [])
        for name, widget in (("variable", self._variable), ("x", self._x), ("y", self._y)):
            widget.param.watch(partial(self._chosen, name), "value")
        self._colours = controls.choice("colours", self.state.colours, COLOURS)
        self._colours.param.watch(lambda event: self._choose("colours", event.new), "value")
        self._held, self._open_cell = pn.Column(sizing_mode="stretch_width"), pn.Column(sizing_mode="stretch_width")
        self.controls = pn.Column(
            controls.heading("The sweep"),
            *(self._store, self._variable, self._colours, self._x, self._y),
            self._held,
            controls.heading("One cell"),
            controls.note("Click a cell for its curves, or choose it. Grey cells are missing, failed or diverged."),
            self._open_cell,
            sizing_mode="stretch_width",
        )

    def _make_figures(self) -> None:
        heat = look.figure("", "", "", x_range=Range1d(0, 1), y_range=Range1d(0, 1), height=470, name="heat")
        heat.grid.visible = False
        heat.background_fill_color = "#cccccc"
        self._mapper = LinearColorMapper(palette=list(Viridis256), nan_color="#cccccc")
        names = ("left", "right", "bottom", "top", "value")
        self._cells = ColumnDataSource({name: [] for name in names})
        self._line, self._mark = ColumnDataSource({"x": [], "y": []}), ColumnDataSource({n: [] for n in names[:4]})
        heat.quad(
            *("left", "right"), top="top", bottom="bottom", source=self._cells,
            line_color={"field": "value", "transform": self._mapper},
            fill_color={"field": "value", "transform": self._mapper},
        )  # fmt: skip
        # White under black: seen on the dark and on the light side.
        heat.line("x", "y", source=self._line, color="white", line_width=5)
        heat.line("x", "y", source=self._line, color="black", line_width=2)
        heat.quad(
            *("left", "right"), top="top", bottom="bottom", source=self._mark, fill_color=None,
            line_color=look.CURL_DESCENT, line_width=3,
        )  # fmt: skip
        self._bar = ColorBar(color_mapper=self._mapper, width=14, padding=6, label_standoff=8, border_line_color=None)
        self._bar.title_text_font = self._bar.major_label_text_font = look.FONT
        self._bar.major_label_text_font_size = "13px"
        heat.add_layout(self._bar, "right")
        heat.on_event(Tap, self._tapped)
        self._heat = heat
        self._curve = look.figure(
            "One cell", "", "", y_axis_type="log", x_axis_type="log", height=470, name="cell", visible=False
        )
        self._points = look.figure("One cell", "trial", "", height=470, name="trials", visible=False)
        self._traces = ColumnDataSource({"xs": [], "ys": []})
        self._median = ColumnDataSource({"x": [], "y": []})
        self._trials = ColumnDataSource({"x": [], "y": []})
        self._curve.multi_line("xs", "ys", source=self._traces, color=look.CURL_DESCENT, line_width=1, alpha=0.5)
        self._curve.line("x", "y", source=self._median, color=look.CURL_DESCENT, line_width=3)
        self._points.scatter("x", "y", source=self._trials, color=look.CURL_DESCENT, size=10)
        self.figures = look.beside(heat, self._curve, self._points)

    def _by_hand(self, then: Any) -> None:
        """Widgets that are set from here say nothing new."""
        if not self._setting:
            then()

    def _open(self, name: str) -> None:
        try:
            path = find_store(self._folder, name)
            self._opened = Opened.read(path)
        except InputError as problem:
            self._page.say(str(problem)[:1].upper() + str(problem)[1:] + ".", kind="fault")
            self._page.publish(SweepState(), no_sweep())
            return
        if name != self.state.store:
            self.state = (
                SweepState(store=name, colours=self.state.colours)
                if self.state.store
                else self.state.changed(store=name)
            )
        self._settle()

    def _settle(self) -> None:
        """Choices that this store has, the state's own where possible; then read."""
        opened = self._opened
        assert opened is not None
        s = self.state
        axes = opened.axes
        if not opened.variables or not axes:
            self._page.say("Nothing to draw", detail="this store keeps no number per cell")
            return
        x = s.x if s.x in axes else "ratio" if "ratio" in axes else axes[0]
        rest = [axis for axis in axes if axis != x]
        y = s.y if s.y in rest or s.y == _NONE else (rest[0] if rest else _NONE)
        variable = s.variable if s.variable in opened.variables else opened.variables[0]
        self.state = s.changed(variable=variable, x=x, y=y)
        self._setting = True
        with pn.io.hold():
            for widget, options, value in (
                (self._store, list(list_stores(self._folder)), s.store),
                (self._variable, list(opened.variables), variable),
                (self._x, list(axes), x),
                (self._y, [*rest, _NONE], y),
            ):
                widget.options, widget.value = options, value
            self._offer_held(opened, x, y)
            self._offer_cell(opened, [axis for axis in (x, y) if axis != _NONE])
        self._setting = False
        self._clear_cell()
        self._read_again()

    def _offer_held(self, opened: Opened, x: str, y: str) -> None:
        at = _indices(self.state.held)
        self._held_at = {}
        widgets = []
        for axis in opened.axes:
            if axis in (x, y):
                continue
            names = _names(opened, axis)
            chosen = min(at.get(axis, 0), len(names) - 1)
            self._held_at[axis] = chosen
            widget = controls.select(f"{axis} held at", names[chosen], names)
            widget.param.watch(partial(self._hold, axis, names), "value")
            widgets.append(widget)
        self._held.objects = widgets

    def _offer_cell(self, opened: Opened, axes: list[str]) -> None:
        """Menus that open a cell without a pointer."""
        at = _indices(self.state.cell)
        self._cell_menus = {}
        for axis in axes:
            names = [_NONE, *_names(opened, axis)]
            chosen = at.get(axis, -1) + 1
            menu = controls.select(f"cell at {axis}", names[chosen if chosen < len(names) else 0], names)
            menu.param.watch(lambda _: self._by_hand(self._choose_cell), "value")
            self._cell_menus[axis] = menu
        self._open_cell.objects = list(self._cell_menus.values())

    def _choose_cell(self) -> None:
        index = {axis: menu.options.index(menu.value) - 1 for axis, menu in self._cell_menus.items()}
        if min(index.values()) >= 0:
            self._open_at(index)

    def _open_at(self, index: dict[str, int]) -> None:
        self.state = self.state.changed(cell=";".join(f"{name}:{at}" for name, at in index.items()))
        self._setting = True
        for axis, menu in self._cell_menus.items():
            menu.value = menu.options[index[axis] + 1]
        self._setting = False
        self._pick(index)

    def _hold(self, axis: str, names: list[str], event: Any) -> None:
        self._held_at[axis] = names.index(event.new)
        text = ";".join(f"{name}:{index}" for name, index in self._held_at.items())
        self.state = self.state.changed(held=text)
        self._clear_cell()
        self._read_again()

    def _chosen(self, name: str, event: Any) -> None:
        self._by_hand(lambda: self._choose(name, event.new))

    def _choose(self, name: str, value: str) -> None:
        keeps_cell = name in ("variable", "colours")
        self.state = self.state.changed(**{name: value}, cell=self.state.cell if keeps_cell else "")
        self._settle()

    def _read_again(self) -> None:
        self._page.say("Reading …")
        self._reading.ask((self._opened, self.state, dict(self._held_at)))

    @staticmethod
    def _read(asked: tuple[Opened, SweepState, dict[str, int]]) -> Any:
        opened, s, held = asked
        y = "" if s.y == _NONE else s.y
        try:
            return asked, opened.matrix(s.variable, s.x, y, held), opened.theory(s.x, y, held)
        except (InputError, OSError) as problem:
            return asked, str(problem), None

    def _show(self, found: Any) -> None:
        (opened, s, held), values, line = found
        if s != self.state:
            return
        if isinstance(values, str):
            self._page.say(values, kind="fault")
            return
        x = self._x_scale = Scale.of(opened.data[s.x].values)
        y = self._y_scale = Scale.of(np.array([""]) if s.y == _NONE else opened.data[s.y].values)
        left, bottom = np.meshgrid(x.borders[:-1], y.borders[:-1])
        right, top = np.meshgrid(x.borders[1:], y.borders[1:])
        colours, logarithmic = coloured(values, s.colours)
        finite = colours[np.isfinite(colours)]
        if finite.size:
            self._mapper.low, self._mapper.high = float(finite.min()), float(max(finite.max(), finite.min() + 1e-12))
        corners = zip(("left", "right", "bottom", "top"), (left, right, bottom, top), strict=True)
        self._cells.data = {**{name: edge.ravel() for name, edge in corners}, "value": colours.ravel()}
        for span, scale in ((self._heat.x_range, x), (self._heat.y_range, y)):
            span.start, span.end = float(scale.borders[0]), float(scale.borders[-1])
        self._bar.formatter = CustomJSTickFormatter(code=tick_text(logarithmic=logarithmic))
        self._heat.title.text = s.variable.replace("_", " ") + (", logarithmic colours" if logarithmic else "")
        for axis, scale, name in ((self._heat.xaxis[0], x, s.x), (self._heat.yaxis[0], y, s.y)):
            axis.axis_label = "" if name == _NONE else _LABELS.get(name, name.replace("_", " "))
            axis.ticker = FixedTicker(ticks=list(scale.ticks()))
            axis.major_label_overrides = scale.ticks()
        self._draw_theory(line, x)
        done, failed, total = opened.counts()
        more = f", {failed} failed" if failed else ""
        line_note = "; line: critical ratio of large linear networks" if line is not None else ""
        lost = int((np.isfinite(values) & np.isnan(colours)).sum())
        no_colour = f"; {lost} cells are not positive and have no place on logarithmic colours" if lost else ""
        self._page.say(f"{done} of {total} cells finished", detail=f"median over trials{more}{line_note}{no_colour}")
        named = {axis: opened.data[axis].values[at].item() for axis, at in held.items()}
        self._page.publish(s, script(s, opened.path, named, y="" if s.y == _NONE else s.y))
        if s.cell:
            self._pick(_indices(s.cell))

    def _draw_theory(self, line: Any, x: Scale) -> None:
        shown = line is not None and x.kind != "listed"
        if not shown:
            self._line.data = {"x": [], "y": []}
            return
        ratios, fractions = line
        with np.errstate(divide="ignore", invalid="ignore"):
            at = np.log10(ratios) if x.kind == "log" else ratios
        inside = (at >= x.borders[0]) & (at <= x.borders[-1])
        self._line.data = {"x": np.where(inside, at, np.nan), "y": fractions}

    def _tapped(self, event: Any) -> None:
        if self._opened is None or event.x is None or event.y is None or not len(self._cells.data["left"]):
            return
        i = int(np.searchsorted(self._x_scale.borders, event.x)) - 1
        j = int(np.searchsorted(self._y_scale.borders, event.y)) - 1
        if 0 <= i < len(self._x_scale.values) and 0 <= j < len(self._y_scale.values):
            index = {self.state.x: i} | ({} if self.state.y == _NONE else {self.state.y: j})
            self._open_at(index)

    def _pick(self, index: dict[str, int]) -> None:
        opened, s = self._opened, self.state
        assert opened is not None
        wanted = {s.x} | ({s.y} if s.y != _NONE else set())
        if set(index) != wanted or any(at >= opened.data.sizes[name] for name, at in index.items()):
            return
        i, j = index[s.x], index.get(s.y, 0)
        self._mark.data = {
            "left": [self._x_scale.borders[i]],
            "right": [self._x_scale.borders[i + 1]],
            "bottom": [self._y_scale.borders[j]],
            "top": [self._y_scale.borders[j + 1]],
        }
        named = {axis: opened.data[axis].values[at].item() for axis, at in self._held_at.items()}
        self._page.publish(s, script(s, opened.path, named, y="" if s.y == _NONE else s.y))
        self._picking.ask((opened, s.variable, {**self._held_at, **index}))

    @staticmethod
    def _read_cell(asked: tuple[Opened, str, dict[str, int]]) -> Any:
        opened, variable, index = asked
        names = []
        for axis, at in index.items():
            value = opened.data[axis].values[at].item()
            names.append(f"{axis} = {value}" if isinstance(value, str) else f"{axis} = {value:.4g}")
        for name in ("hidden_flipped", "readout_flipped"):
            if name in opened.data.coords:
                count = opened.data[name]
                there = {axis: place for axis, place in index.items() if axis in count.dims}
                if len(there) == count.ndim:
                    names.append(f"{int(count.isel(there))} {count.attrs['long_name']}")
        try:
            return ", ".join(names), opened.curves(variable, index)
        except (InputError, OSError) as problem:
            return str(problem), None

    def _show_cell(self, found: Any) -> None:
        title, cell = found
        self._clear_cell(keep_mark=True)
        if cell is None:
            self._page.say(title, kind="fault")
            return
        figure = self._curve if cell["kind"] == "curves" else self._points
        self._curve.visible, self._points.visible = figure is self._curve, figure is self._points
        # The narrowest figure is as wide as so many letters.
        figure.title.text = "\n".join(textwrap.wrap(title, 38))
        figure.yaxis[0].axis_label = cell["name"]
        if cell["kind"] == "trials":
            self._trials.data = {"x": cell["x"], "y": look.listed(cell["lines"][0])}
            return
        figure.xaxis[0].axis_label = "epoch"
        # Epoch 0 has no place on a logarithmic axis.
        x, lines = cell["x"][cell["x"] > 0], cell["lines"][:, cell["x"] > 0]
        self._traces.data = {"xs": [x.tolist()] * len(lines), "ys": [look.listed(values) for values in lines]}
        self._median.data = {"x": x, "y": look.listed(np.median(lines, axis=0))}

    def _clear_cell(self, *, keep_mark: bool = False) -> None:
        self._traces.data, self._median.data = {"xs": [], "ys": []}, {"x": [], "y": []}
        self._trials.data = {"x": [], "y": []}
        if not keep_mark:
            self._curve.visible = self._points.visible = False
            self._mark.data = {name: [] for name in self._mark.data}


def _names(opened: Opened, axis: str) -> list[str]:
    return [value if isinstance(value, str) else f"{value:g}" for value in opened.data[axis].values.tolist()]


def _indices(text: str) -> dict[str, int]:
    """Axis → index from "axis:index;…"; what is not of that form is left out."""
    found = {}
    for part in text.split(";"):
        name, _, index = part.rpartition(":")
        if name and index.isdecimal() and len(index) < 7:
            found[name] = int(index)
    return found


def script(state: SweepState, store: Path, held: dict[str, object], y: str) -> str:
    """The heat map of a sweep; `held` are the values of the axes that are not drawn, `y` is empty for a line."""
    drawn = tuple(name for name in (state.x, y) if name)
    held_there = {name: value for name, value in held.items() if name not in drawn}
    select = f".sel({held_there!r})" if held_there else ""
    if state.x == "ratio" and y in ("hidden", "readout") and "error" in state.variable:
        draw = "from curldescent.plots.sweeps import error_map\n\nfigure = error_map(values)\n"
    else:
        line = f"values.plot(ax=axes, x={state.x!r}" + (f", y={y!r})" if y else ")")
        draw = f"import matplotlib.pyplot as plt\n\nfigure, axes = plt.subplots()\n{line}\n"
    # Trials that never get to a threshold are NaN and need more epochs than any that do.
    never = ".fillna(float('inf'))" if state.variable.startswith("epochs_to_") else ""
    return f"""import curldescent as cd

data = cd.sweeps.open({str(store)!r})
values = data[{state.variable!r}]{select}{never}
values = values.median([name for name in values.dims if name not in {drawn!r}])
print(values)
{draw}figure.savefig('sweep.png')
"""


def no_sweep() -> str:
    """Where there is no store to open."""
    return "# Start the explorer with a store: curldescent explore --store results/my-sweep\n"


VIEW = View(
    "Sweep browser",
    intro="A grid of experiments at one look: choose what is drawn over which axes, and open cells.",
    state=SweepState,
    show=SweepView,
    place=60,
)
