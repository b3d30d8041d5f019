"""Sliders, choices and buttons, all of one look."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import panel as pn
from bokeh.models import CustomJSTickFormatter

# Colours are those of page.css, which reach through; what a finger has to hit is larger where one is used.
_CSS = """
:host { --font: "DejaVu Sans", Verdana, sans-serif; font: 14px/1.4 var(--font); color: var(--ink); }
.bk-input, .bk-btn, label, .bk-slider-title { font-family: var(--font); font-size: 14px; color: var(--ink); }
.bk-slider-title, label { white-space: normal !important; }
.bk-slider-value { font-weight: 600; }
.bk-input { background-color: var(--panel) !important; border: 1px solid var(--edge) !important; border-radius: 6px; }
.bk-input::placeholder { color: var(--soft); opacity: 1; }
select.bk-input:not([multiple]) { background-image: none !important; appearance: auto !important; }
select option { background: var(--panel); color: var(--ink); }
.noUi-target { background: var(--track) !important; border: 0 !important; box-shadow: none !important; }
.noUi-connect { background: var(--blue) !important; }
.noUi-handle { background: var(--blue) !important; border: 0 !important; box-shadow: none !important;
  border-radius: 50% !important; }
.noUi-handle:focus-visible, .bk-btn:focus-visible, .bk-input:focus-visible {
  outline: 3px solid var(--ring) !important; outline-offset: 2px; }
.bk-btn { border-radius: 6px !important; background: var(--panel) !important; border: 1px solid var(--edge) !important;
  color: var(--ink) !important; box-shadow: none !important; padding: 6px 4px !important; min-width: 0;
  white-space: normal !important; overflow-wrap: anywhere; line-height: 1.2; }
.bk-btn:hover { border-color: var(--blue) !important; color: var(--blue) !important; }
.bk-btn-group > .bk-btn:not(:first-child) {
  border-top-left-radius: 0 !important; border-bottom-left-radius: 0 !important; }
.bk-btn-group > .bk-btn:not(:last-child) {
  border-top-right-radius: 0 !important; border-bottom-right-radius: 0 !important; border-right: 0 !important; }
.bk-btn.bk-active, .bk-btn-primary {
  background: var(--blue) !important; border-color: var(--blue) !important; color: var(--on-blue) !important; }
.bk-btn-primary:hover { background: var(--blue-dark) !important; color: var(--on-blue) !important; }
.bk-btn:disabled { opacity: 0.5; }
@media (pointer: coarse), (max-width: 640px) {
  .bk-btn, .bk-input:not([multiple]) { min-height: 44px; font-size: 16px; }
  .bk-slider-title, label { padding: 4px 0; }
  .noUi-target { margin: 12px 16px 6px 14px !important; width: calc(100% - 30px) !important; }
  .noUi-horizontal .noUi-handle { width: 28px !important; height: 28px !important; right: -14px !important;
    top: -10px !important; }
  .noUi-handle::after { content: "" !important; position: absolute; inset: -8px; display: block !important;
    background: none !important; width: auto !important; height: auto !important; left: -8px !important;
    top: -8px !important; }
}
"""
_LAYOUT: dict[str, Any] = {"stylesheets": [_CSS], "sizing_mode": "stretch_width", "margin": (4, 0, 8, 0)}


# Panel waits 50 ms for more before it hands a new value on; `Latest` already makes one picture of many values.
class _FloatSlider(pn.widgets.FloatSlider):
    _debounce = 4


class _IntSlider(pn.widgets.IntSlider):
    _debounce = 4


def slider(name: str, value: float, low: float, high: float, step: float, digits: int = 2) -> Any:
    """A slider over real numbers."""
    return _FloatSlider(
        label=name,
        value=value,
        start=low,
        end=high,
        step=step,
        format=f"0.{'0' * digits}" if digits else "0",
        **_LAYOUT,
    )


def whole_slider(name: str, value: int, low: int, high: int, step: int = 1) -> Any:
    """A slider over whole numbers."""
    return _IntSlider(label=name, value=value, start=low, end=high, step=step, **_LAYOUT)


def point(state: Any, ratios: tuple[float, float]) -> dict[str, Any]:
    """Sliders of a point (c, α_h, α_r) of the phase diagram, by the state's names."""
    return {
        "ratio": log_slider("compression ratio c = M/N", state.ratio, *ratios),
        "hidden": slider("flipped inputs α_h", state.hidden, 0, 1, 0.005, 3),
        "readout": slider("flipped hidden neurons α_r", state.readout, 0, 1, 0.005, 3),
    }


def log_slider(name: str, value: float, low: float, high: float) -> Any:
    """A slider over the logarithm of a positive number; its `value` is the logarithm to base 10."""
    return _FloatSlider(
        label=name,
        value=float(np.log10(value)),
        start=float(np.log10(low)),
        end=float(np.log10(high)),
        step=0.005,
        format=CustomJSTickFormatter(code="return Number((10 ** tick).toPrecision(3)).toString()"),
        **_LAYOUT,
    )


def choice(name: str, value: str, options: Mapping[str, str] | Sequence[str]) -> Any:
    """One of a few, as buttons with their name above."""
    given = dict(options) if isinstance(options, Mapping) else list(options)
    title = f":host::before {{ content: {json.dumps(name, ensure_ascii=False)}; display: block; padding-bottom: 3px; }}"
    layout = _LAYOUT | {"stylesheets": [_CSS, title], "tags": [f"name:{name}"]}
    return pn.widgets.RadioButtonGroup(label=name, value=value, options=given, **layout)


def select(name: str, value: str | None, options: Sequence[str]) -> Any:
    """One of many."""
    return pn.widgets.Select(label=name, value=value, options=list(options), **_LAYOUT)


def text(name: str, value: str, example: str) -> Any:
    """A line to type in, told when it is left or Enter is pressed; `example` stands in it while it is empty."""
    return pn.widgets.TextInput(label=name, value=value, placeholder=example, **_LAYOUT)


def button(name: str, *, primary: bool = False) -> Any:
    """A button."""
    layout = _LAYOUT | {"margin": (4, 3, 6, 3)}
    return pn.widgets.Button(label=name, color="primary" if primary else "default", **layout)


def heading(title: str) -> Any:
    """A small heading between controls."""
    return pn.pane.HTML(
        f"<h2>{title}</h2>",
        sizing_mode="stretch_width",
        margin=(8, 0, 0, 0),
        stylesheets=['h2 { font: 600 14px "DejaVu Sans", Verdana, sans-serif; margin: 0; color: var(--ink); }'],
    )


def note(sentence: str) -> Any:
    """A sentence of help; `sentence` is ours, never a user's."""
    return pn.pane.HTML(
        f"<p>{sentence}</p>",
        sizing_mode="stretch_width",
        margin=(2, 0, 4, 0),
        stylesheets=['p { font: 13px/1.4 "DejaVu Sans", Verdana, sans-serif; margin: 0; color: var(--soft); }'],
    )


def many(name: str) -> Any:
    """Any number of a list's entries."""
    return pn.widgets.MultiSelect(label=name, options=[], value=[], size=5, **_LAYOUT)
