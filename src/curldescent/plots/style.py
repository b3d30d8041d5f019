"""One look for every figure: colour-blind-safe colours, sizes that survive a column width, PNG and PDF."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

COLUMN_INCHES = 3.5
PAGE_INCHES = 7.2

_RC: Any = {
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "savefig.bbox": "tight",
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "pdf.fonttype": 42,
    "image.cmap": SEQUENTIAL,
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Apply the project's look inside a ``with`` block, leaving the user's matplotlib settings alone."""
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


def save(figure: "Figure", stem: Path) -> list[Path]:
    """Write a figure as PNG and PDF beside each other.

    Args:
        figure: what to save.
        stem: the path without a suffix.

    Returns:
        The two paths written.
    """
    paths = [stem.with_name(stem.name + suffix) for suffix in (".png", ".pdf")]
    with figure_style():
        for path in paths:
            # No creation date: the same figure is the same file.
            metadata = {"CreationDate": None} if path.suffix == ".pdf" else None
            figure.savefig(path, metadata=metadata)
    return paths
