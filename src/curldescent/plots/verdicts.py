"""Verdicts at a glance: a square a claim, a row a theme."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from curldescent.plots import style

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Behind a verdict that a claim has among the tests of its own figure, and loses among all tests of a report.
ALONE = " by its own figure's tests"
COLOURS = {"confirmed": style.STABLE, "undecided": "0.72", "refuted": style.UNSTABLE}
# Squares side by side before a row is broken.
_ACROSS = 30


def verdict_squares(rows: Mapping[str, Sequence[str]]) -> "Figure":
    """Draw a square for every claim, coloured by its verdict, in rows by theme.

    Args:
        rows: title of a row → verdicts, "confirmed", "undecided", "refuted", the first or last with `ALONE` behind it.

    Returns:
        The figure.

    Example:
        >>> figure = verdict_squares({"Which solutions are stable?": ["confirmed", "refuted", "undecided"]})
    """
    import matplotlib.pyplot as plt

    with style.figure_style():
        figure, axis = plt.subplots(figsize=(style.PAGE_INCHES, 0.17 * _height(rows) + 0.75))
        handles = draw_squares(axis, rows)
        figure.legend(handles=handles, loc="outside lower center", ncols=3, handlelength=1, handleheight=1)
        return figure


def _lines(rows: Mapping[str, Sequence[str]]) -> dict[str, int]:
    return {title: max(1, -(-len(verdicts) // _ACROSS)) for title, verdicts in rows.items()}


def _height(rows: Mapping[str, Sequence[str]]) -> float:
    return sum(_lines(rows).values()) + 0.45 * len(rows)


def draw_squares(axis: "Axes", rows: Mapping[str, Sequence[str]]) -> "list[Artist]":
    """Draw what `verdict_squares` draws into axes of one's own.

    Args:
        axis: where to.
        rows: as there.

    Returns:
        What a legend names: a patch a kind of verdict.
    """
    from matplotlib.patches import Patch, Rectangle

    colours = _shades()
    order = {verdict: place for place, verdict in enumerate(colours)}
    lines = _lines(rows)
    top, ticks = 0.0, []
    for title, verdicts in rows.items():
        for number, verdict in enumerate(sorted(verdicts, key=order.__getitem__)):
            place = (number % _ACROSS, top + number // _ACROSS)
            look: dict[str, Any] = {"facecolor": colours[verdict], "edgecolor": "0.5", "linewidth": 0.5}
            axis.add_patch(Rectangle(place, 0.86, 0.86, **look))
        axis.text(_ACROSS + 0.6, top + 0.43, _counts(verdicts), va="center", fontsize=6.5, color="0.3")
        ticks.append((top + 0.43, title))
        top += lines[title] + 0.45
    axis.set(xlim=(-0.2, _ACROSS + 26), ylim=(top, -0.3))
    axis.set_yticks([place for place, _ in ticks], [title for _, title in ticks])
    axis.set_xticks([])
    axis.tick_params(length=0)
    for side in axis.spines.values():
        side.set_visible(False)
    there = {verdict for verdicts in rows.values() for verdict in verdicts}
    return [
        Patch(facecolor=colour, edgecolor="0.5", label=verdict.replace(ALONE, f" (+){ALONE}"))
        for verdict, colour in colours.items()
        if verdict in there or verdict in COLOURS
    ]


def _shades() -> "dict[str, Any]":
    """Verdict → colour, those of a figure's own tests paler, in the order of the squares."""
    from matplotlib.colors import to_rgb

    def paler(verdict: str) -> tuple[float, ...]:
        return tuple(1 - 0.45 * (1 - part) for part in to_rgb(COLOURS[verdict]))

    return {
        "confirmed": COLOURS["confirmed"],
        f"confirmed{ALONE}": paler("confirmed"),
        "undecided": COLOURS["undecided"],
        f"refuted{ALONE}": paler("refuted"),
        "refuted": COLOURS["refuted"],
    }


def _counts(verdicts: Sequence[str]) -> str:
    """What a row comes to; every square is in it."""
    parts = []
    for verdict in COLOURS:
        alone = sum(found == verdict + ALONE for found in verdicts)
        if verdict in verdicts or alone:
            parts.append(f"{sum(found == verdict for found in verdicts)}{f' (+{alone})' if alone else ''} {verdict}")
    return ", ".join(parts)
