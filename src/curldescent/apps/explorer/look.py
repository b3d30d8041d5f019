"""One look for every figure of the explorer: the colours of `plots.style`, sizes that survive a projector."""

from typing import Any

import numpy as np
from bokeh.core.properties import value as constant
from bokeh.layouts import row
from bokeh.plotting import figure as bokeh_figure
from numpy.typing import NDArray

from curldescent.plots import style

FONT = "DejaVu Sans, Verdana, sans-serif"
# Of a glyph, where a plain string would name a column.
TEXT_FONT = constant(FONT)
INK = "#222222"
FAINT = "#e4e4e4"
# Pale fillings, the same shades as the phase diagrams of `plots.theory`.
STABLE_FILL, UNSTABLE_FILL = "#d6e6f2", "#f8e0d1"

# As page.css: below this width there is one column of figures.
_FOLDING = "@media (max-width: 1000px) { :host { display: block !important; } }"


def figure(title: str, x: str, y: str, **options: Any) -> Any:
    """A figure without clutter.

    Args:
        title: set above, left.
        x: label of the horizontal axis.
        y: of the vertical one.
        options: for `bokeh.plotting.figure`.

    Returns:
        The figure.
    """
    given = {"height": 330, "sizing_mode": "stretch_width", "tools": "", "toolbar_location": None} | options
    plot = bokeh_figure(title=title, x_axis_label=x, y_axis_label=y, **given)
    plot.outline_line_color = None
    plot.background_fill_color = plot.border_fill_color = "white"
    plot.min_border_right = 18
    plot.title.text_font = FONT
    plot.title.text_font_size = "15px"
    plot.title.text_color = INK
    for axis in plot.axis:
        axis.axis_label_text_font = axis.major_label_text_font = FONT
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font_size = "14px"
        axis.major_label_text_font_size = "13px"
        axis.axis_label_text_color = axis.major_label_text_color = INK
        axis.axis_line_color = axis.major_tick_line_color = "#777777"
        axis.minor_tick_line_color = None
        axis.major_tick_in = 0
    plot.grid.grid_line_color = FAINT
    return plot


def beside(*figures: Any) -> Any:
    """Figures beside each other where there is room, otherwise one below the other, all as wide as there is.

    Args:
        figures: from `figure`.

    Returns:
        A Bokeh layout.
    """
    return row(*figures, sizing_mode="stretch_width", stylesheets=[_FOLDING])


def legend(plot: Any, location: str = "top_right", **options: Any) -> None:
    """Style the legend that a figure's renderers made."""
    box = plot.legend[0]
    box.location = location
    box.label_text_font = FONT
    box.label_text_font_size = "13px"
    box.label_text_color = INK
    box.background_fill_alpha = 0.85
    box.border_line_color = None
    box.padding, box.spacing, box.margin = 6, 2, 6
    for name, value in options.items():
        setattr(box, name, value)


def listed(values: NDArray[Any]) -> list[float | None]:
    """Numbers for a data source; what is not finite becomes a gap."""
    return [float(v) if np.isfinite(v) else None for v in np.asarray(values, dtype=float)]


GRADIENT_DESCENT, CURL_DESCENT = style.GRADIENT_DESCENT, style.CURL_DESCENT
