"""Every figure has a theme, and every theme its figures."""

from curldescent.paper import figures
from curldescent.paper.runs.themes import CONTROLS, THEMES, theme_of


def test_every_figure_of_a_theme_is_registered_once() -> None:
    named = [key for theme in THEMES for key in theme.figures]
    assert len(named) == len(set(named))
    assert set(named) <= {figure.key for figure in figures()}


def test_what_has_no_theme_is_a_control() -> None:
    for figure in figures():
        assert (theme_of(figure.key) == CONTROLS) == (figure.origin == "control"), figure.key
