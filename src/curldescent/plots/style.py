"""One look for every figure: colour-blind-safe colours, sizes that survive a column width, PNG and PDF."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.foundation import validation
from curldescent.foundation.files import named
from curldescent.foundation.writing import results_folder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito's palette: distinguishable with every common colour-vision deficiency and in grey.
GRADIENT_DESCENT = "#4d4d4d"
CURL_DESCENT = "#d55e00"
FEEDBACK_ALIGNMENT = "#0072b2"
STABLE = "#0072b2"
UNSTABLE = "#d55e00"
THEORY = "#000000"
ACCENT = "#009e73"
CYCLE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#4d4d4d")

# Perceptually uniform; the diverging one is centred on zero by whoever uses it.
SEQUENTIAL = "viridis"
DIVERGING = "RdBu_r"

# What journals print: one column, and the width of a page. Figures are saved at exactly the size they are made at.
COLUMN_INCHES = 3.25
PAGE_INCHES = 6.75
# The smallest letters, in points at that size; sub- and superscripts are smaller as everywhere.
SMALLEST = 6.0
# What marks a sentence about what cannot be seen.
_NOTE = "note"
# Of what is rasterised in a PDF; a picture on a page needs fewer.
_DOTS = {"png": 200, "pdf": 400}

_RC: Any = {
    "figure.dpi": 100,
    "savefig.dpi": _DOTS["png"],
    "savefig.bbox": "standard",
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",
    "mathtext.fontset": "dejavusans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.titleweight": "normal",
    "axes.titlelocation": "left",
    "axes.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.minor.width": 0.5,
    "ytick.minor.width": 0.5,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    # Letters stay letters: TrueType in PDF and PostScript, text in SVG. Publishers refuse Type 3.
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "svg.fonttype": "none",
    "image.cmap": SEQUENTIAL,
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Apply the project's look inside a ``with`` block, leaving the user's matplotlib settings alone.

    Letters of 7 and 8 points at the width of a journal's column (3.25 inches) or page (6.75), TrueType in PDF, colours
    that every common colour-vision deficiency tells apart.
    """
    import matplotlib as mpl
    from cycler import cycler

    ours = {**_RC, "axes.prop_cycle": cycler(color=CYCLE)}
    # Not rc_context: it puts everything back, also the interactive mode that a notebook's backend switches on when the
    # first figure is made, and no later figure would be shown.
    before = {name: mpl.rcParams[name] for name in ours}
    mpl.rcParams.update(ours)
    try:
        yield
    finally:
        mpl.rcParams.update(before)


def save(figure: "Figure", stem: str | Path) -> list[Path]:
    """Write a figure as PNG and PDF beside each other.

    Args:
        figure: what to save.
        stem: the path without a suffix; its folder is made if need be.

    Returns:
        The two paths written, each whole; earlier ones stay where the figure cannot be drawn.

    Raises:
        InputError: no figure of matplotlib, or no path.
        OSError: of the file system, a full disk for one.
    """
    from matplotlib.figure import Figure

    from curldescent.foundation import durable

    validation.instance("figure", figure, Figure, "a figure of matplotlib, as the functions of cd.plots return")
    stem = named("stem", stem, "a path without a suffix")
    pictures: dict[Path, bytes] = {}
    with figure_style():
        for kind in ("png", "pdf"):
            buffer = BytesIO()
            # No creation date: the same figure is the same file.
            undated = {"CreationDate": None} if kind == "pdf" else None
            figure.savefig(buffer, format=kind, dpi=_DOTS[kind], metadata=undated)
            pictures[stem.with_name(f"{stem.name}.{kind}")] = buffer.getvalue()
    results_folder(stem.parent)
    for path, data in pictures.items():
        durable.write(path, data)
    return list(pictures)


def failure_to_draw(name: str, fault: Exception) -> str:
    """Say, on stderr too, that a picture could not be drawn: what it shows is kept all the same.

    Args:
        name: of the picture.
        fault: what was raised.

    Returns:
        The sentence.
    """
    reason = " ".join(str(fault).split()) or type(fault).__name__
    sentence = f"The picture {name} could not be drawn ({reason})."
    print(f"curldescent: {sentence[:-1]}; the numbers are kept", file=sys.stderr)
    return sentence


def logarithmic(axis: "Axes", directions: str = "xy") -> None:
    """Make axes logarithmic where what is drawn has a place there; otherwise leave them linear and say why.

    Args:
        axis: with its lines already drawn; changed.
        directions: "x", "y" or both.
    """
    from matplotlib.ticker import NullLocator

    for direction in directions:
        values = [np.ravel(getattr(line, f"get_{direction}data")()) for line in axis.get_lines()]
        found = np.concatenate(values).astype(float) if values else np.empty(0)
        finite = found[np.isfinite(found)]
        place = getattr(axis, f"{direction}axis")
        if (finite > 0).any():
            axis.set(**{f"{direction}scale": "log"})
            # Beyond this matplotlib's margins overflow.
            if finite.max() > 1e300:
                axis.set(**{f"{direction}lim": (finite[finite > 0].min() / 2, 1e304)})
            if direction == "y" and (finite <= 0).any():
                note(axis, "zero or negative values have no place on a logarithmic axis")
        elif not finite.size:
            note(axis, "no finite value to draw")
            place.set_major_locator(NullLocator())
        elif direction == "y":
            note(axis, "no positive value: the axis is linear")


def note(axis: "Axes", sentence: str) -> None:
    """Write a sentence about what cannot be seen into a corner of the axes, once."""
    earlier = [text.get_text() for text in axis.texts if text.get_gid() == _NOTE]
    if sentence not in earlier:
        look: dict[str, Any] = {"fontsize": SMALLEST, "color": "0.35", "va": "bottom", "gid": _NOTE}
        axis.text(0.02, 0.02 + 0.06 * len(earlier), sentence, transform=axis.transAxes, **look)
