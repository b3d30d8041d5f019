"""The picture of a figure as the reproduction saves it: panels with letters, and below them what its scale changes."""

import re
from typing import TYPE_CHECKING

from curldescent.paper.machinery.claims import Figure, Results, Scale
from curldescent.plots import labels, panels, style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure as Picture

# Thousands are set apart by a space at which no line may break.
_NO_BREAK = "\N{NO-BREAK SPACE}"


def drawn(figure: Figure, results: Results, changed: "Sequence[str]" = ()) -> "Picture":
    """Draw a figure.

    Args:
        figure: with its `draw`.
        results: at one scale.
        changed: what that scale changes against the paper's, as `scale_changes.changes` says it.

    Returns:
        The picture, as wide as a column or a page.
    """
    with style.figure_style():
        picture = figure.draw(results)
        panels.letter(panels.of(picture))
        panels.note(picture, _scale(results.scale, changed))
        return picture


def _scale(scale: Scale, changed: "Sequence[str]") -> str:
    text = "the paper's grid and epochs" if scale == "paper" else "; ".join(changed) or "as at paper scale"
    # A setting is called by its argument's name where no other was given.
    text = re.sub(r"\bhidden takes", "α_h takes", text)
    words = f"{scale.capitalize()} scale: {text}."
    together = "".join(
        _NO_BREAK if letter == " " and words[at - 1 : at].isdigit() and words[at + 1 : at + 2].isdigit() else letter
        for at, letter in enumerate(words)
    )
    return labels.mathematical(together)
