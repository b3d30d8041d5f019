"""Pictures and buttons of a live run, for every view that has one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import panel as pn
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, Span

from curldescent.apps.explorer import controls, look
from curldescent.apps.explorer.live import LiveRun

# Milliseconds between looks at the run.
_LOOK_EVERY = 100
# Frames per second, at most.
_FRAMES = 20
# When a curve has this many points every second one goes: what is drawn stays small however long a run is.
_MOST_POINTS = 2400
SPEEDS = {"1": 1, "10": 10, "100": 100, "1000": 1000}
_RULES = ("GD", "CD")
_NAMES = {"GD": "gradient descent", "CD": "curl descent"}
_COLOURS = {"GD": look.GRADIENT_DESCENT, "CD": look.CURL_DESCENT}
_WEIGHTS = 8
_MEASURED = "Stability at the present weights"
_MEASURING = _MEASURED + " (being computed)"


class LivePanel:
    """Draws what a `LiveRun` of the rules GD and CD puts down.

    Args:
        document: of the session.
        begin: makes a new run; called with (stride, period, paused). None means that there is nothing to run yet.
        told: called after every look with the run's status and its epoch.
    """

    def __init__(
        self,
        document: Any,
        begin: Callable[[int, float, bool], LiveRun | None],
        told: Callable[[str, int, dict[str, float]], None],
    ) -> None:
        self._begin, self._told = begin, told
        self.run: LiveRun | None = None
        self.epoch = 0
        self._make_controls()
        self._make_figures()
        self._ticker = document.add_periodic_callback(self._look, _LOOK_EVERY)
        document.on_session_destroyed(lambda _context: self.stop())

    def _make_controls(self) -> None:
        self.play = controls.button("Pause", primary=True)
        self.play.on_click(lambda _: self._toggle())
        step, reset = controls.button("Step"), controls.button("Reset")
        step.on_click(lambda _: self._step())
        reset.on_click(lambda _: self.restart(paused=True))
        self.speed = controls.choice("epochs a frame", "1", list(SPEEDS))
        self.speed.param.watch(lambda _: self._set_speed(), "value")
        self.controls = pn.Column(
            pn.Row(self.play, step, reset, sizing_mode="stretch_width"),
            self.speed,
            sizing_mode="stretch_width",
        )

    def _make_figures(self) -> None:
        loss = look.figure("Loss", "epoch", "training error C", y_axis_type="log", height=300, name="loss")
        lowest = look.figure(_MEASURING, "epoch", "λ_min", height=260, name="stability")
        weights = look.figure("Some weights", "epoch", "weight", height=260)
        self._errors = {rule: ColumnDataSource({"epoch": [], "error": []}) for rule in _RULES}
        self._uphill = ColumnDataSource({"epoch": [], "error": []})
        self._lowest = {rule: ColumnDataSource({"epoch": [], "value": []}) for rule in _RULES}
        names = [f"w{k}" for k in range(_WEIGHTS)]
        self._weights = {rule: ColumnDataSource({name: [] for name in ("epoch", *names)}) for rule in _RULES}
        for rule in _RULES:
            colour, name = _COLOURS[rule], _NAMES[rule]
            loss.line("epoch", "error", source=self._errors[rule], color=colour, line_width=2.5, legend_label=name)
            lowest.line("epoch", "value", source=self._lowest[rule], color=colour, line_width=2.5)
            lowest.scatter("epoch", "value", source=self._lowest[rule], color=colour, size=4)
            for weight in names:
                weights.line("epoch", weight, source=self._weights[rule], color=colour, line_width=1.2, alpha=0.8)
        loss.scatter(
            "epoch", "error", source=self._uphill, size=6, marker="triangle", color="black", line_color=None,
            legend_label="uphill move of curl descent",
        )  # fmt: skip
        lowest.add_layout(Span(location=0, dimension="width", line_color="#555555", line_dash="dotted"))
        self._lowest_figure = lowest
        look.legend(loss, "center", orientation="horizontal", spacing=18)
        # Curves go everywhere, so the legend goes outside; names.js stacks it where it would be too wide.
        loss.legend[0].tags = ["folds"]
        loss.add_layout(loss.legend[0], "above")
        self.figures = column(loss, look.beside(weights, lowest), sizing_mode="stretch_width")

    def restart(self, *, paused: bool | None = None) -> None:
        """Cancel the run and begin again; paused as before unless said."""
        if paused is None:
            paused = self.run.paused if self.run is not None else False
        self.stop()
        self.clear()
        self.run = self._begin(SPEEDS[self.speed.value], 1 / _FRAMES, paused)
        self._show_play()

    def stop(self) -> None:
        """Cancel the run."""
        if self.run is not None:
            self.run.stop()

    def clear(self) -> None:
        """Empty the pictures."""
        self.epoch, self._last_error = 0, np.inf
        self._lowest_figure.title.text = _MEASURING
        for source in (*self._errors.values(), self._uphill, *self._lowest.values(), *self._weights.values()):
            source.data = {name: [] for name in source.data}

    def _toggle(self) -> None:
        if self.run is None:
            return
        if self.run.paused:
            self.run.resume()
        else:
            self.run.pause()
        self._show_play()

    def _step(self) -> None:
        if self.run is not None:
            self.run.step()
            self._show_play()

    def _set_speed(self) -> None:
        if self.run is not None:
            self.run.stride = SPEEDS[self.speed.value]

    def _show_play(self) -> None:
        self.play.label = "Run" if self.run is not None and self.run.paused else "Pause"

    def _look(self) -> None:
        run = self.run
        if run is None:
            return
        frames, measurements = run.take()
        if frames:
            self._draw(frames)
        for index, rule in enumerate(_RULES):
            found = {
                "epoch": [m.epoch for m in measurements],
                "value": look.listed(np.array([m.lambda_min[index] for m in measurements])),
            }
            if measurements:
                self._stream(self._lowest[rule], found)
                self._lowest_figure.title.text = _MEASURED
        last = {rule: float(e) for rule, e in zip(_RULES, frames[-1].error, strict=True)} if frames else {}
        self._told(run.status, self.epoch, last)

    def _draw(self, frames: list[Any]) -> None:
        epochs = [frame.epoch for frame in frames]
        self.epoch = epochs[-1]
        for index, rule in enumerate(_RULES):
            error = np.array([frame.error[index] for frame in frames])
            # Zero has no place on a logarithmic axis.
            shown = look.listed(np.where(error > 0, error, np.nan))
            self._stream(self._errors[rule], {"epoch": epochs, "error": shown})
            values = np.array([frame.weights[index] for frame in frames])
            columns = {f"w{k}": look.listed(values[:, k]) for k in range(values.shape[1])}
            absent = {f"w{k}": [None] * len(frames) for k in range(values.shape[1], _WEIGHTS)}
            self._stream(self._weights[rule], {"epoch": epochs, **columns, **absent})
        curl = np.array([frame.error[_RULES.index("CD")] for frame in frames])
        before = np.concatenate([[self._last_error], curl[:-1]])
        up = curl > before
        self._last_error = float(curl[-1])
        if up.any():
            marked = {"epoch": np.array(epochs)[up].tolist(), "error": curl[up].tolist()}
            self._stream(self._uphill, marked)

    @staticmethod
    def _stream(source: ColumnDataSource, new: dict[str, Any]) -> None:
        source.stream(new)
        length = len(source.data["epoch"])
        if length > _MOST_POINTS:
            # The last point stays, so that the curve goes on where it was.
            source.data = {name: list(values)[(length - 1) % 2 :: 2] for name, values in source.data.items()}
