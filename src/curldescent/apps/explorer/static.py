"""The phase diagram as one file: every number is computed beforehand, the page only looks them up."""

import base64
from pathlib import Path
from typing import Any

import numpy as np

from curldescent.apps.explorer.state import RATIO
from curldescent.foundation import durable, validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.files import named
from curldescent.foundation.writing import results_folder

# The grid that the sliders snap to. Finer, and the page would be larger than what one waits for.
_RATIOS = np.geomspace(RATIO[0], RATIO[1], 37)
_FRACTIONS = np.round(np.linspace(0, 1, 31), 6)
_POINTS = 48
LAYERS = ("hidden", "readout")
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>curldescent: phase diagram</title>
{bokeh}
</head>
<body>
{place}
{script}
</body>
</html>
"""


def table(layer: str) -> dict[str, Any]:
    """λ_min and the density of K on the whole grid of one layer's plane.

    Args:
        layer: "hidden" or "readout": which fraction varies; nothing is flipped in the other layer.

    Returns:
        Lists over fractions, then ratios: `lambda_min`; `low` and `high`, the outermost edges of the bands; `top`, the
        largest density; `atoms`, a list of (place, weight). `densities`: for each of them the density between the
        edges in 1/255 of its largest value, one byte a point, in base64. `points`: how many of these.

    Example:
        >>> table("hidden")["lambda_min"][0] > 0
        True
    """
    from curldescent.theory import Spectrum

    lists: dict[str, list[Any]] = {name: [] for name in ("lambda_min", "low", "high", "top", "atoms")}
    curves = bytearray()
    for fraction in _FRACTIONS:
        for ratio in _RATIOS:
            law = Spectrum(float(ratio), **{layer: float(fraction)})
            low, high = float(law.edges.min()), float(law.edges.max())
            density = law.density(_spread(low, high))
            top = float(density.max())
            curves += np.round(255 * density / top).astype(np.uint8).tobytes()
            numbers = {"lambda_min": law.lambda_min, "low": low, "high": high, "top": top}
            for name, value in numbers.items():
                lists[name].append(float(f"{value:.4g}"))
            lists["atoms"].append([[float(f"{value:.4g}") for value in atom] for atom in law.atoms])
    return {**lists, "densities": base64.b64encode(curves).decode("ascii"), "points": _POINTS}


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
    from curldescent.apps.explorer.server import require_extra

    path = named("file", file, "a path ending in .html")
    if path.suffix != ".html":
        raise InputError(f"the static page must be a file ending in .html, got {validation.shown(str(file))}")
    require_extra()
    from bokeh.embed import components
    from bokeh.settings import settings

    from curldescent.apps.explorer.static_figure import layout

    tables = {layer: table(layer) for layer in LAYERS}
    # Put together here: Bokeh's own pages also ask for every extension that happens to be imported, Panel's too.
    scripts = Path(settings.bokehjs_path()) / "js"
    bokeh = "\n".join(
        f"<script>{(scripts / name).read_text(encoding='utf-8')}</script>"
        for name in ("bokeh.min.js", "bokeh-widgets.min.js")
    )
    script, place = components(layout(tables, _RATIOS, _FRACTIONS))
    page = _PAGE.format(bokeh=bokeh, script=script, place=place)
    results_folder(path.parent)
    durable.write(path, page.encode())
    return path
