"""The picture of a figure as the reproduction saves it: panels with letters, and below them what its scale changes."""

from typing import TYPE_CHECKING

from curldescent.paper.machinery.claims import Figure, Results
from curldescent.paper.runs.scale_changes import trains
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
        panels.note(picture, _scale(figure, results, changed))
        return picture


def _scale(figure: Figure, results: Results, changed: "Sequence[str]") -> str:
    ours = "; ".join(changed) or "as at paper scale"
    text = _whole(figure) if results.scale == "paper" else ours
    words = f"{results.scale.capitalize()} scale: {text}."
    together = "".join(
        _NO_BREAK if letter == " " and words[at - 1 : at].isdigit() and words[at + 1 : at + 2].isdigit() else letter
        for at, letter in enumerate(words)
    )
    return labels.mathematical(together)


def _whole(figure: Figure) -> str:
    """What paper scale is: only a figure of the paper has the paper's grid, and not all of them have epochs."""
    if figure.origin != "paper":
        return "an experiment of this project at its full size; the paper has no such figure"
    return "the paper's grid and epochs" if trains(figure) else "at its full size"
