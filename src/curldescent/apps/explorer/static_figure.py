"""The figures of the static page and the few lines of JavaScript that look numbers up."""

from typing import Any

import numpy as np
from bokeh.document import Document
from bokeh.events import Pan, Tap
from bokeh.layouts import column, row
from bokeh.models import ColumnDataSource, CustomJS, CustomJSTickFormatter, Div, RadioButtonGroup, Slider, Span

from curldescent.apps.explorer import look
from curldescent.apps.explorer.state import RATIO
from curldescent.theory import critical_ratio

_SHOW = """
const layer = layers[which.active];
const t = tables[layer];
const nearest = (values, v) =>
  values.reduce((best, u, k) => Math.abs(u - v) < Math.abs(values[best] - v) ? k : best, 0);
const i = nearest(ratios.map(Math.log10), ratio.value), j = nearest(fractions, fraction.value);
const k = j * ratios.length + i;
const lowest = t.lambda_min[k], top = t.top[k], n = t.points;
const [low, high] = [t.low[k], t.high[k]];
window.densities ??= {};
window.densities[layer] ??= Uint8Array.from(atob(t.densities), (c) => c.charCodeAt(0));
const y = Array.from(window.densities[layer].subarray(k * n, (k + 1) * n), (v) => v * top / 255);
const x = y.map((_, m) => (low + high) / 2 - (high - low) / 2 * Math.cos(Math.PI * m / (n - 1)));
density.data = { x, y };
atoms.data = { x: t.atoms[k].map((a) => a[0]), top: t.atoms[k].map(() => 0.9 * top),
               text: t.atoms[k].map((a) => `${(100 * a[1]).toFixed(0)} % of all`) };
for (const name of layers) {
  points[name].data = name === layer ? { ratio: [ratios[i]], fraction: [fractions[j]] } : { ratio: [], fraction: [] };
}
const symbol = layer === "hidden" ? "α_h" : "α_r";
const stable = lowest > 0;
verdict.text = `<b style="color:${stable ? "#0072b2" : "#b34e00"};font-size:17px">${stable ? "Stable" : "Unstable"}</b>
  &ensp;λ_min = ${lowest.toFixed(3)} at c = ${ratios[i].toPrecision(3)}, ${symbol} = ${fractions[j].toFixed(3)}`;
"""
_DRAG = """
which.active = index;
ratio.value = Math.min(Math.max(Math.log10(cb_obj.x), ratio.start), ratio.end);
fraction.value = Math.min(Math.max(cb_obj.y, 0), 1);
"""
_FONT = {"font-family": look.FONT, "font-size": "14px", "color": look.INK}


def layout(tables: dict[str, Any], ratios: np.ndarray, fractions: np.ndarray) -> Any:
    """Both planes, the spectrum, and the controls.

    Args:
        tables: layer → its numbers, from `static.table`.
        ratios: of the grid.
        fractions: of the grid.

    Returns:
        A Bokeh layout.
    """
    layers = list(tables)
    which = RadioButtonGroup(labels=["flip inputs (α_h)", "flip hidden neurons (α_r)"], active=0)
    ratio = Slider(
        title="compression ratio c = M/N",
        start=float(np.log10(RATIO[0])),
        end=float(np.log10(RATIO[1])),
        value=float(np.log10(0.3)),
        step=float(np.log10(ratios[1] / ratios[0])),
        format=CustomJSTickFormatter(code="return (10 ** tick).toPrecision(3)"),
        sizing_mode="stretch_width",
    )
    fraction = Slider(
        title="flipped fraction",
        start=0,
        end=1,
        value=0.5,
        step=float(fractions[1]),
        format="0.000",
        sizing_mode="stretch_width",
    )
    verdict = Div(text="", styles=_FONT, sizing_mode="stretch_width")
    density = ColumnDataSource({"x": [], "y": []})
    atoms = ColumnDataSource({"x": [], "top": [], "text": []})
    points = {layer: ColumnDataSource({"ratio": [], "fraction": []}) for layer in layers}
    show = CustomJS(
        args={
            "which": which,
            "ratio": ratio,
            "fraction": fraction,
            "verdict": verdict,
            "density": density,
            "atoms": atoms,
            "points": points,
            "tables": tables,
            "layers": layers,
            "ratios": ratios.tolist(),
            "fractions": fractions.tolist(),
        },
        code=_SHOW,
    )
    for widget, attribute in ((which, "active"), (ratio, "value"), (fraction, "value")):
        widget.js_on_change(attribute, show)
    planes = []
    for index, layer in enumerate(layers):
        plane = _plane(layer, points[layer])
        drag = CustomJS(args={"which": which, "ratio": ratio, "fraction": fraction, "index": index}, code=_DRAG)
        plane.js_on_event(Pan, drag)
        plane.js_on_event(Tap, drag)
        planes.append(plane)
    spectrum = look.figure(
        "Eigenvalues of the stability matrix K, large networks", "eigenvalue λ", "density", height=260
    )
    spectrum.line("x", "y", source=density, color="black", line_width=2)
    spectrum.segment("x", 0, "x", "top", source=atoms, color=look.CURL_DESCENT, line_width=3)
    spectrum.text("x", "top", "text", source=atoms, text_font=look.TEXT_FONT, text_font_size="13px", x_offset=8)
    spectrum.add_layout(Span(location=0, dimension="height", line_color="#777777", line_dash="dotted"))
    spectrum.y_range.start = 0
    page = column(
        row(which, ratio, fraction, sizing_mode="stretch_width"),
        verdict,
        row(*planes, sizing_mode="stretch_width"),
        spectrum,
        sizing_mode="stretch_width",
        styles={"max-width": "1100px", "margin": "0 auto", **_FONT},
    )
    document = Document()
    document.add_root(page)
    document.js_on_event("document_ready", show)
    return page


def _plane(layer: str, point: ColumnDataSource) -> Any:
    title, label = {
        "hidden": ("Flipped inputs", "flipped inputs α_h"),
        "readout": ("Flipped hidden neurons", "flipped hidden neurons α_r"),
    }[layer]
    plane = look.figure(
        title, "compression ratio c = M/N", label, x_axis_type="log", x_range=RATIO, y_range=(0, 1), height=300
    )
    plane.background_fill_color = look.UNSTABLE_FILL
    plane.grid.grid_line_color = None
    fraction = np.concatenate([np.geomspace(1e-5, 0.01, 40), np.linspace(0.0125, 1, 160)])
    critical = np.asarray(critical_ratio(hidden=fraction) if layer == "hidden" else critical_ratio(readout=fraction))
    edge = np.clip(critical, *RATIO)
    line = np.where((critical >= RATIO[0]) & (critical <= RATIO[1]), critical, np.nan)
    plane.harea(np.full_like(edge, RATIO[0]), edge, fraction, color=look.STABLE_FILL)
    plane.line(line, fraction, color="black", line_width=2)
    for x, y, text, align in ((0.013, 0.06, "stable", "left"), (7.6, 0.9, "unstable", "right")):
        plane.text([x], [y], [text], text_font=look.TEXT_FONT, text_font_size="14px", text_align=align)
    plane.scatter("ratio", "fraction", source=point, size=16, color="white", line_color="black", line_width=3)
    return plane
