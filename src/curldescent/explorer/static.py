"""The phase diagram as one file: every number is computed beforehand, the page only looks them up."""

from pathlib import Path
from typing import Any

import numpy as np

from curldescent.errors import InputError
from curldescent.explorer.state import RATIO

# The grid of the two sliders; densities are stored as 16-bit fractions of their largest value.
_RATIOS = np.geomspace(RATIO[0], RATIO[1], 46)
_FRACTIONS = np.round(np.linspace(0, 1, 41), 6)
_POINTS = 80
LAYERS = ("hidden", "readout")


def table(layer: str) -> dict[str, list[Any]]:
    """λ_min and the density of K on the whole grid of one layer's plane.

    Args:
        layer: "hidden" or "readout": which fraction varies; nothing is flipped in the other layer.

    Returns:
        Rows over fractions, then ratios: `lambda_min`; `x` and `y`, the density's curve, a list each; `atoms`, a list
        of (place, weight).

    Example:
        >>> table("hidden")["lambda_min"][0] > 0
        True
    """
    from curldescent.theory import Spectrum

    out: dict[str, list[Any]] = {"lambda_min": [], "low": [], "high": [], "y": [], "atoms": []}
    for fraction in _FRACTIONS:
        for ratio in _RATIOS:
            law = Spectrum(float(ratio), **{layer: float(fraction)})
            low, high = float(law.edges.min()), float(law.edges.max())
            at = _spread(low, high)
            out["lambda_min"].append(round(law.lambda_min, 5))
            out["low"].append(round(low, 5))
            out["high"].append(round(high, 5))
            out["y"].append([round(float(value), 3) for value in law.density(at)])
            out["atoms"].append([[round(float(a), 4), round(float(w), 4)] for a, w in law.atoms])
    return out


def _spread(low: float, high: float) -> np.ndarray:
    """Points of a band, dense at its edges, where densities rise like a square root."""
    return (low + high) / 2 - (high - low) / 2 * np.cos(np.linspace(0, np.pi, _POINTS))


def static_page(file: Path | str) -> Path:
    """Write the phase diagram of both layers as one HTML file that needs no server and no network.

    Args:
        file: where to; its folder is made if need be.

    Returns:
        The path written; under 2 MB.

    Raises:
        InputError: the explorer's extra is not installed, or the file's name does not end in .html.
    """
    from curldescent.explorer.server import require_extra

    path = Path(file)
    if path.suffix != ".html":
        raise InputError(f"the static page must be a file ending in .html, got {str(file)!r}")
    require_extra()
    from bokeh.embed import file_html
    from bokeh.resources import INLINE

    from curldescent.explorer.static_figure import layout

    tables = {layer: table(layer) for layer in LAYERS}
    # BokehJS is written into the page, without the components that this page does not use.
    page = file_html(layout(tables, _RATIOS, _FRACTIONS), INLINE, title="curldescent: phase diagram")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path
