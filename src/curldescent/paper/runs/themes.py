"""What the claims are about: the report goes by themes, and every figure belongs to one."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    """A question that several figures answer.

    Args:
        key: name of its page.
        title: the question.
        figures: keys, in the order of the page.
    """

    key: str
    title: str
    figures: Sequence[str]


THEMES = (
    Theme("curl", "Is it a curl?", ("fig1",)),
    Theme(
        "stability",
        "Which solutions are stable?",
        ("fig2", "histograms", "fig3a", "fig3a-inset", "learned", "joint", "graded", "outputs", "inputs", "norms"),
    ),
    Theme(
        "motion",
        "What happens where they are not?",
        (
            "fig3b",
            "fig4",
            "lyapunov",
            "size-of-chaos",
            "limits-of-chaos",
            "chaos-and-step",
            "kinds-of-motion",
            "turning-maps",
        ),
    ),
    Theme("nonlinear", "And in nonlinear networks?", ("fig6a", "fig6b", "fig8", "kernel-law")),
    Theme(
        "speed",
        "When is curl descent faster?",
        (
            "fig5ab",
            "fig5c",
            "fig5d",
            "fig5e",
            "fig5f",
            "table",
            "macroscopic",
            "excess-nonlinearity",
            "macroscopic-flips",
            "macroscopic-samples",
            "macroscopic-reach",
        ),
    ),
    Theme(
        "variants",
        "Does the speed-up carry over?",
        ("fig10ab", "fig10c", "fig11a", "fig11b", "fig11c", "fig11d"),
    ),
)
# Everything that stands in no theme above: the controls.
CONTROLS = Theme("controls", "Is the speed-up real?", ())


def theme_of(figure: str) -> Theme:
    """The theme of a figure."""
    return next((theme for theme in THEMES if figure in theme.figures), CONTROLS)
