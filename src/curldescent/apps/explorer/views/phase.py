"""Where a point (c, α_h, α_r) lies, what its spectrum looks like, and what a sampled network makes of it."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import panel as pn
from bokeh.events import Pan, Tap
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, Span

from curldescent.apps.explorer import controls, look
from curldescent.apps.explorer.latest import Background, Latest
from curldescent.apps.explorer.page import Page
from curldescent.apps.explorer.state import RATIO, SEEDS, ViewState, number
from curldescent.apps.explorer.view import View
from curldescent.theory import Spectrum, critical_ratio

_FRACTIONS = np.concatenate([np.geomspace(1e-5, 0.01, 40), np.linspace(0.0125, 1, 160)])
_BINS = 60
LAYERS = ("hidden", "readout")
_TITLES = {"hidden": "Flipped inputs", "readout": "Flipped hidden neurons"}
_LABELS = {"hidden": "flipped inputs α_h", "readout": "flipped hidden neurons α_r"}


@dataclass(frozen=True)
class PhaseState(ViewState):
    """The phase diagram: a point (c, α_h, α_r) and the size of a sampled network."""

    PATH: ClassVar[str] = "/"
    POINT: ClassVar[tuple[str, ...]] = ("ratio", "hidden", "readout")

    ratio: float = number(0.3, *RATIO)
    hidden: float = number(0.5, 0, 1)
    readout: float = number(0.0, 0, 1)
    inputs: int = number(200, 10, 300)
    seed: int = number(0, *SEEDS)


def boundary(state: PhaseState, layer: str) -> dict[str, np.ndarray]:
    """The line between stable and unstable in one layer's plane, the other layer's fraction held.

    Args:
        state: holds the other fraction.
        layer: "hidden" or "readout".

    Returns:
        `fraction`; `line`, the critical ratio where it lies in the plane; `edge`, the same clipped to the plane.
    """
    other = "readout" if layer == "hidden" else "hidden"
    held = getattr(state, other)
    # A fraction of exactly 0 flips nothing: the other layer then stands alone.
    given: dict[str, Any] = (
        {layer: _FRACTIONS} if held == 0 else {layer: _FRACTIONS, other: np.full_like(_FRACTIONS, held)}
    )
    ratio = np.asarray(critical_ratio(**given))
    inside = (ratio >= RATIO[0]) & (ratio <= RATIO[1])
    return {
        "fraction": _FRACTIONS,
        "line": np.where(inside, ratio, np.nan),
        "edge": np.clip(ratio, *RATIO),
        "low": np.full_like(ratio, RATIO[0]),
    }


def density_curve(law: Spectrum) -> dict[str, list[float | None]]:
    """The limiting density as one line, its bands apart."""
    x: list[float | None] = []
    y: list[float | None] = []
    for low, high in law.edges:
        inside = (low + high) / 2 - (high - low) / 2 * np.cos(np.linspace(0, np.pi, 240)[1:-1])
        x += [float(low), *inside.tolist(), float(high), None]
        y += [0.0, *law.density(inside).tolist(), 0.0, None]
    return {"x": x, "y": y}


def sampled(state: PhaseState) -> dict[str, Any]:
    """Eigenvalues of one network of the chosen size, as a histogram."""
    law = Spectrum(state.ratio, state.hidden, state.readout)
    values = law.sample(state.inputs, state.seed)
    heights, edges = law.histogram(values, _BINS)
    return {
        "left": edges[:-1],
        "right": edges[1:],
        "top": heights,
        "lambda_min": float(values[0]),
        "negative": int((values < 0).sum()),
        "n_hidden": max(1, round(state.inputs / state.ratio)),
        "state": state,
    }


class PhaseView:
    """One session of the view.

    Args:
        page: its frame.
        state: what is shown first.
    """

    def __init__(self, page: Page, state: PhaseState) -> None:
        self._page, self.state = page, state
        self._sample: dict[str, Any] | None = None
        self._make_controls()
        self._make_figures()
        self._theory = Latest(page.document, self._refresh)
        self._sampling = Background(page.document, sampled, self._show_sample)
        self._refresh()

    def _make_controls(self) -> None:
        s = self.state
        self._widgets = {
            **controls.point(s, RATIO),
            "inputs": controls.whole_slider("inputs M of the sampled network", s.inputs, 10, 300, 5),
        }
        for name, widget in self._widgets.items():
            widget.param.watch(partial(self._moved, name), "value")
        again = controls.button("Draw another network")
        again.on_click(lambda _: self._change(seed=(self.state.seed + 1) % 10000))
        self.controls = pn.Column(
            controls.heading("The point"),
            *(self._widgets[name] for name in ("ratio", "hidden", "readout")),
            controls.note("Or click and drag in a plane. c below 1: more hidden neurons than inputs."),
            controls.heading("A network at that point"),
            self._widgets["inputs"],
            again,
            sizing_mode="stretch_width",
        )

    def _make_figures(self) -> None:
        self._sources = {layer: ColumnDataSource(boundary(self.state, layer)) for layer in LAYERS}
        self._point = ColumnDataSource({"ratio": [], "hidden": [], "readout": []})
        planes = [self._plane(layer) for layer in LAYERS]
        spectrum = look.figure(
            "Eigenvalues of the stability matrix K", "eigenvalue λ", "density", height=300, name="spectrum"
        )
        self._density, self._bars = ColumnDataSource({"x": [], "y": []}), ColumnDataSource()
        self._bars.data = {"left": [], "right": [], "top": []}
        self._atoms = ColumnDataSource({"x": [], "top": [], "text": []})
        spectrum.quad("left", "right", "top", 0, source=self._bars, **_BARS)
        spectrum.line(
            "x", "y", source=self._density, color="black", line_width=2, legend_label="theory, large networks"
        )
        spectrum.segment("x", 0, "x", "top", source=self._atoms, color=look.CURL_DESCENT, line_width=3)
        spectrum.scatter("x", "top", source=self._atoms, color=look.CURL_DESCENT, size=9, marker="triangle")
        spectrum.text("x", "top", "text", source=self._atoms, **_ATOM_TEXT)
        spectrum.add_layout(Span(location=0, dimension="height", line_color="#777777", line_dash="dotted"))
        spectrum.y_range.start = 0
        look.legend(spectrum, "top_right")
        self.figures = column(look.beside(*planes), spectrum, sizing_mode="stretch_width")

    def _plane(self, layer: str) -> Any:
        plot = look.figure(
            _TITLES[layer],
            "compression ratio c = M/N",
            _LABELS[layer],
            x_axis_type="log",
            x_range=RATIO,
            y_range=(0, 1),
            name=f"plane-{layer}",
        )
        plot.background_fill_color = look.UNSTABLE_FILL
        plot.grid.grid_line_color = None
        source = self._sources[layer]
        plot.harea("low", "edge", "fraction", source=source, color=look.STABLE_FILL)
        plot.line("line", "fraction", source=source, color="black", line_width=2)
        for x, y, text in ((0.013, 0.06, "stable"), (7.6, 0.9, "unstable")):
            plot.text([x], [y], [text], text_font=look.TEXT_FONT, text_font_size="14px", text_color="#444444",
                      text_align="left" if x < 1 else "right")  # fmt: skip
        plot.scatter("ratio", layer, source=self._point, size=16, color="white", line_color="black", line_width=3)
        for event in (Pan, Tap):
            plot.on_event(event, partial(self._dragged, layer))
        return plot

    def _dragged(self, layer: str, event: Any) -> None:
        if event.x is not None and event.y is not None and event.x > 0:
            self._change(ratio=float(event.x), **{layer: float(event.y)})

    def _moved(self, name: str, event: Any) -> None:
        value = 10**event.new if name == "ratio" else event.new
        # The slider also moves when the point is dragged; only a hand on the slider says something new.
        if abs(value - getattr(self.state, name)) > 1e-4 * abs(value):
            self._change(**{name: value})

    def _change(self, **values: Any) -> None:
        self.state = self.state.changed(**values)
        self._theory.ask()

    def _refresh(self) -> None:
        """Theory at once, sampling behind it."""
        s = self.state
        law = Spectrum(s.ratio, s.hidden, s.readout)
        self._point.data = {"ratio": [s.ratio], "hidden": [s.hidden], "readout": [s.readout]}
        for layer, source in self._sources.items():
            source.data = boundary(s, layer)
        self._density.data = density_curve(law)
        top = max([y for y in self._density.data["y"] if y], default=1.0)
        self._atoms.data = {
            "x": law.atoms[:, 0],
            "top": [0.9 * top] * len(law.atoms),
            "text": [f"{100 * weight:.0f} % of all" for weight in law.atoms[:, 1]],
        }
        for name, widget in self._widgets.items():
            value = getattr(s, name)
            widget.value = float(np.log10(value)) if name == "ratio" else value
        self._tell(law)
        self._page.publish(s, script(s))
        self._sampling.ask(s)

    def _show_sample(self, found: dict[str, Any]) -> None:
        self._sample = found
        self._bars.data = {name: found[name] for name in ("left", "right", "top")}
        self._tell(Spectrum(self.state.ratio, self.state.hidden, self.state.readout))

    def _tell(self, law: Spectrum) -> None:
        detail = f"λ_min = {law.lambda_min:.3f} in large networks"
        found = self._sample
        if found is not None and found["state"] == self.state:
            detail += (
                f"; {found['lambda_min']:.3f} in one with M = {self.state.inputs}, N = {found['n_hidden']}, where "
                f"{found['negative']} of {self.state.inputs} directions grow"
            )
        stable = law.stable
        self._page.say("Stable" if stable else "Unstable", kind="stable" if stable else "unstable", detail=detail)


_BARS: dict[str, Any] = {
    "fill_color": "#0072b2",
    "fill_alpha": 0.45,
    "line_color": None,
    "legend_label": "the sampled network",
}
_ATOM_TEXT: dict[str, Any] = {
    "text_font": look.TEXT_FONT,
    "text_font_size": "13px",
    "text_color": "#b34e00",
    "x_offset": 8,
    "y_offset": 4,
}


def script(state: PhaseState) -> str:
    """The spectrum at a point, its critical ratio, and both phase diagrams."""
    # A fraction of 0 in one layer leaves the other layer's own boundary.
    flips = [f"{name}={getattr(state, name)!r}" for name in ("hidden", "readout") if getattr(state, name)]
    critical = f"print('critical ratio:', cd.theory.critical_ratio({', '.join(flips)}))\n" if flips else ""
    return f"""import curldescent as cd
from curldescent.plots import phase_diagrams, spectrum

law = cd.theory.Spectrum(ratio={state.ratio!r}, hidden={state.hidden!r}, readout={state.readout!r})
print('stable:', law.stable, ' lambda_min:', law.lambda_min)
{critical}
eigenvalues = law.sample(n_inputs={state.inputs!r}, seed={state.seed!r})
print('smallest eigenvalue of a sampled network:', eigenvalues[0])

spectrum(law, eigenvalues).savefig('spectrum.png')
phase_diagrams([cd.theory.phase_diagram(layer) for layer in ('hidden', 'readout')]).savefig('phase.png')
"""


VIEW = View(
    "Phase diagram",
    intro="Flip the learning rule of some neurons. Does a random zero-loss solution of a linear network stay "
    "stable? It does while the smallest eigenvalue of K is positive.",
    state=PhaseState,
    show=PhaseView,
    place=10,
)
