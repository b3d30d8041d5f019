"""What a reviewer would send back: the faults of a picture, found by its layout."""

import io
import itertools
import re

import matplotlib.text
from matplotlib.figure import Figure

from curldescent.plots import panels, style
from curldescent.plots.legends import covered

# A Greek letter whose subscript is no mathematics, or half of it.
_PLAIN_SUBSCRIPT = re.compile(r"[αλ]\$?_")


def words_of(figure):
    """Every text that is drawn: its words, its box in pixels, its size in points."""
    figure.draw_without_rendering()
    out = []
    for axis in figure.axes:
        if not axis.get_visible():
            continue
        texts = list(axis.texts)
        for table in axis.tables:
            texts += [cell.get_text() for cell in table.get_celld().values()]
        if axis.axison:
            texts += [axis.title, axis._left_title, axis._right_title]
            for one in (axis.xaxis, axis.yaxis):
                low, high = sorted(one.get_view_interval())
                room = 1e-9 * (high - low)
                ticks = [*one.get_major_ticks(), *one.get_minor_ticks()]
                shown = [tick for tick in ticks if low - room <= tick.get_loc() <= high + room]
                texts += [label for tick in shown for label in (tick.label1, tick.label2) if label.get_visible()]
                texts += [one.label, one.offsetText]
        if axis.get_legend() is not None:
            texts += axis.get_legend().get_texts()
        out += texts
    for legend in figure.legends:
        out += legend.get_texts()
    out += figure.texts
    out += [text for text in (figure._supxlabel, figure._supylabel, figure._suptitle) if text is not None]
    shown = [text for text in dict.fromkeys(out) if text.get_visible() and text.get_text().strip()]
    assert all(isinstance(text, matplotlib.text.Text) for text in shown)
    return [(text.get_text(), text.get_window_extent(), text.get_fontsize()) for text in shown]


def faults(figure: Figure, *, width: bool = True) -> list[str]:
    """Sentences, none for a picture that can be printed."""
    found = []
    words = words_of(figure)
    inches = figure.get_size_inches()[0]
    if width and min(abs(inches - column) for column in (style.COLUMN_INCHES, style.PAGE_INCHES)) > 1e-9:
        found.append(f"{inches} inches are neither a column nor a page")
    page = figure.bbox
    for said, box, size in words:
        if size < style.SMALLEST:
            found.append(f"{said!r} has {size} points")
        if box.x0 < page.x0 - 1 or box.y0 < page.y0 - 1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1:
            found.append(f"{said!r} is cut off")
        if _PLAIN_SUBSCRIPT.search(said):
            found.append(f"{said!r} has a subscript that is no mathematics")
    for (one, a, _), (two, b, _) in itertools.combinations(words, 2):
        across, along = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        if across > 2 and along > 2:
            found.append(f"{one!r} lies on {two!r}")
    for axis in figure.axes:
        if axis.get_legend() is not None and (on := covered(axis.get_legend())):
            found.append(f"the legend of {axis.get_title(loc='left')!r} lies on {on}")
    several = panels.of(figure)
    if len(several) > 1:
        letters = panels.letters_of(figure)
        if letters != [chr(ord("a") + number) for number in range(len(letters))] or len(letters) < len(several):
            found.append(f"{len(several)} panels have the letters {letters}")
    return found


def fonts(figure: Figure) -> set[str]:
    """The kinds of fonts in the picture's PDF."""
    buffer = io.BytesIO()
    with style.figure_style():
        figure.savefig(buffer, format="pdf")
    return {
        kind.decode() for kind in re.findall(rb"/Subtype /(Type[0-9]|TrueType|CIDFontType[0-9])", buffer.getvalue())
    }
