"""How objects show themselves: one line at a prompt, a small table in a notebook."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import fields
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

GOOD, BAD, OPEN = "#0072b2", "#d55e00", "#767676"


class Summarised(ABC):
    """A result that says what it found where it is printed, and shows its fields on one line at a prompt.

    For dataclasses made with ``repr=False``, which say `__str__` themselves: the verdict, the number with its interval
    and unit, the reason; a few sentences at most.
    """

    def __repr__(self) -> str:
        """Name(field=value, …): numbers short, arrays by type and shape, long containers by length."""
        shown = (f"{field.name}={_short(getattr(self, field.name))}" for field in fields(self) if field.repr)  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(shown)})"

    @abstractmethod
    def __str__(self) -> str: ...


def within(value: float, low: float, high: float, *, confidence: float = 0.95) -> str:
    """A number with its confidence interval.

    Example:
        >>> within(0.69, 0.68, 0.7)
        '0.69, 95 % within [0.68, 0.7]'
    """
    return f"{value:.4g}, {100 * confidence:g} % within [{low:.4g}, {high:.4g}]"


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray) or hasattr(value, "__array__"):
        array = np.asarray(value)
        if array.ndim == 0:
            return _short(array.item())
        if array.ndim == 1 and array.size <= 4 and array.dtype.kind in "fiu":
            return f"[{', '.join(f'{item:.4g}' for item in array.tolist())}]"
        return f"<{array.dtype} {'×'.join(map(str, array.shape))}>"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, tuple | list | dict) and len(value) > 6:
        return f"<{type(value).__name__} of {len(value)}>"
    return repr(value)


def html_table(title: str, rows: Iterable[tuple[str, str]], *, note: str = "", colour: str = "") -> str:
    """A heading over rows of names and values; all text is escaped.

    Args:
        title: what it is.
        rows: (name, value).
        note: one line beside the title, a verdict for example.
        colour: of the note.

    Returns:
        HTML without scripts, styles of its own only.
    """
    cell = 'style="text-align: left; padding: 1px 12px 1px 0"'
    verdict = f' <span style="color: {escape(colour, quote=True)}">{escape(note)}</span>' if note else ""
    body = "".join(f"<tr><th {cell}>{escape(name)}</th><td {cell}>{escape(value)}</td></tr>" for name, value in rows)
    return f"<div><strong>{escape(title)}</strong>{verdict}<table>{body}</table></div>"


def html_columns(title: str, names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A heading over a table with a head; all text is escaped.

    Args:
        title: what it is.
        names: of the columns.
        rows: one text per column each.

    Returns:
        HTML without scripts.
    """
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join("<tr>" + "".join(f"<td>{escape(value)}</td>" for value in row) + "</tr>" for row in rows)
    return f"<div><strong>{escape(title)}</strong><table><tr>{head}</tr>{body}</table></div>"


def svg_curve(x: ArrayLike, y: ArrayLike, *, mark: float, atoms: Iterable[float] = (), label: str) -> str:
    """A filled curve over x with a vertical line: what a spectrum looks like, in the size of a line of text.

    Args:
        x: increasing, (n,).
        y: not negative, (n,).
        mark: where the vertical line stands, inside or outside of x.
        atoms: where to draw spikes.
        label: for readers who cannot see it.

    Returns:
        An inline SVG.
    """
    width, height = 320.0, 64.0
    xs, ys = np.asarray(x, float), np.asarray(y, float)
    spikes = list(atoms)
    low, high = min(xs[0], mark, *spikes), max(xs[-1], mark, *spikes)

    def across(at: Any) -> Any:
        return (at - low) / (high - low or 1.0) * width

    def line(at: float, colour: str, more: str = "") -> str:
        place = f'x1="{across(at):.1f}" x2="{across(at):.1f}" y1="4" y2="{height - 2}"'
        return f'<line {place} stroke="{colour}" stroke-width="1.5"{more}/>'

    rise = ys / (ys.max() or 1.0) * (height - 8)
    points = " ".join(f"{a:.1f},{height - 2 - b:.1f}" for a, b in zip(across(xs), rise, strict=True))
    area = f"{across(xs[0]):.1f},{height - 2} {points} {across(xs[-1]):.1f},{height - 2}"
    drawn = line(mark, "#000", ' stroke-dasharray="3 2"')
    drawn += "".join(line(at, GOOD if at > mark else BAD) for at in spikes)
    return (
        f'<svg role="img" aria-label="{escape(label, quote=True)}" viewBox="-2 0 {width + 4} {height}" '
        f'width="{width}" height="{height}" style="background: #fff">'
        f'<polygon points="{area}" fill="#9ecae1"/>'
        f"{drawn}</svg>"
    )
