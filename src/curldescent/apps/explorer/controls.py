"""Sliders, choices and buttons, all of one look."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import panel as pn
from bokeh.models import CustomJSTickFormatter

_CSS = """
:host { --font: "DejaVu Sans", Verdana, sans-serif; font: 14px/1.4 var(--font); color: #222; }
.bk-input, .bk-btn, label, .bk-slider-title { font-family: var(--font); font-size: 14px; }
.bk-slider-value { font-weight: 600; }
.noUi-handle:focus-visible, .bk-btn:focus-visible, .bk-input:focus-visible {
  outline: 3px solid #56b4e9; outline-offset: 1px; }
.noUi-handle { background: #0072b2 !important; border: 0 !important; box-shadow: none !important;
  border-radius: 50% !important; }
.bk-btn { border-radius: 6px !important; background: #fff !important; border: 1px solid #bbb !important;
  color: #222 !important; box-shadow: none !important; padding: 6px 4px !important; }
.bk-btn:hover { border-color: #0072b2 !important; color: #0072b2 !important; }
.bk-btn-group > .bk-btn:not(:first-child) {
  border-top-left-radius: 0 !important; border-bottom-left-radius: 0 !important; }
.bk-btn-group > .bk-btn:not(:last-child) {
  border-top-right-radius: 0 !important; border-bottom-right-radius: 0 !important; border-right: 0 !important; }
.bk-btn.bk-active, .bk-btn-primary {
  background: #0072b2 !important; border-color: #0072b2 !important; color: #fff !important; }
.bk-btn-primary:hover { background: #005f94 !important; color: #fff !important; }
.bk-btn:disabled { opacity: 0.5; }
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
    """One of a few, as buttons with a heading."""
    buttons = pn.widgets.RadioButtonGroup(
        label=name, value=value, options=dict(options) if isinstance(options, Mapping) else list(options), **_LAYOUT
    )
    return buttons


def select(name: str, value: str | None, options: Sequence[str]) -> Any:
    """One of many."""
    return pn.widgets.Select(label=name, value=value, options=list(options), **_LAYOUT)


def button(name: str, *, primary: bool = False) -> Any:
    """A button."""
    layout = _LAYOUT | {"margin": (4, 3, 6, 3)}
    return pn.widgets.Button(label=name, color="primary" if primary else "default", **layout)


def heading(text: str) -> Any:
    """A small heading between controls."""
    return pn.pane.HTML(
        f"<h2>{text}</h2>",
        sizing_mode="stretch_width",
        margin=(8, 0, 0, 0),
        stylesheets=['h2 { font: 600 14px "DejaVu Sans", Verdana, sans-serif; margin: 0; color: #222; }'],
    )


def note(text: str) -> Any:
    """A sentence of help; `text` is ours, never a user's."""
    return pn.pane.HTML(
        f"<p>{text}</p>",
        sizing_mode="stretch_width",
        margin=(2, 0, 4, 0),
        stylesheets=['p { font: 13px/1.4 "DejaVu Sans", Verdana, sans-serif; margin: 0; color: #555; }'],
    )


def many(name: str) -> Any:
    """Any number of a list's entries."""
    return pn.widgets.MultiSelect(label=name, options=[], value=[], size=5, **_LAYOUT)
