"""Which figures there are, and how they are called."""

from importlib import import_module

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.paper.machinery.claims import Figure

# In the order of the report: the module, and the name of the figure in it where it holds several.
_FIGURES = (
    "published.fig1",
    "published.fig2",
    "published.fig3a",
    "published.fig3a:INSET",
    "published.fig3b",
    "published.fig4_and_8:FIGURE_4",
    "published.fig5ab",
    "published.fig5c_to_f:FIGURE_C",
    "published.fig5c_to_f:FIGURE_D",
    "published.fig5c_to_f:FIGURE_E",
    "published.fig5c_to_f:FIGURE_F",
    "published.fig6:FIGURE_A",
    "published.fig6:FIGURE_B",
    "published.fig4_and_8:FIGURE_8",
    "published.fig10:FIGURE_AB",
    "published.fig10:FIGURE_C",
    "published.fig11:FIGURE_A",
    "published.fig11:FIGURE_B",
    "published.fig11:FIGURE_C",
    "published.fig11:FIGURE_D",
    "published.histograms",
    "published.numbers",
    "beyond.learned",
    "beyond.kernel_law",
    "beyond.joint",
    "beyond.graded",
    "beyond.outputs",
    "beyond.norms",
    "beyond.lyapunov",
    "beyond.size_of_chaos",
    "beyond.limits_of_chaos",
    "beyond.chaos_and_step",
    "beyond.kinds_of_motion",
    "beyond.turning_maps",
    "beyond.inputs",
    "beyond.macroscopic",
    "beyond.excess_nonlinearity",
    "beyond.macroscopic_flips",
    "beyond.macroscopic_samples",
    "beyond.macroscopic_reach",
    "controls.scales",
    "controls.gradient",
    "controls.learning_rate",
    "controls.tuned",
    "controls.momentum",
    "controls.noise",
    "controls.metric",
    "controls.norms",
    "controls.placement",
    "controls.depth",
    "controls.digits",
    "controls.mechanism",
    "controls.high_gain",
    "controls.high_gain_reach",
    "controls.summary",
)
# Names in a message.
_SHOWN = 20


def figures() -> tuple[Figure, ...]:
    """Every figure, in the order of the report.

    Returns:
        The figures; nothing is computed.

    Example:
        >>> [figure.key for figure in figures()][:1]
        ['fig1']
    """
    places = (place.partition(":") for place in _FIGURES)
    return tuple(getattr(import_module(f"curldescent.paper.{where}"), name or "FIGURE") for where, _, name in places)


def figure(name: str) -> Figure:
    """The figure of a name.

    Args:
        name: its key or an alias; case and a leading "fig" do not matter.

    Returns:
        The figure.

    Raises:
        InputError: there is none of that name.
    """
    found = matching(name)
    if len(found) > 1:
        raise InputError(f"{validation.shown(name)} means several figures: {', '.join(f.key for f in found)}")
    return found[0]


def matching(name: str) -> tuple[Figure, ...]:
    """The figures that a name on the command line means: one, or all panels of a number ("fig5"), or "all".

    Args:
        name: what was typed.

    Returns:
        At least one figure.

    Raises:
        InputError: nothing is called that.
    """
    validation.text("the name of a figure", name)
    everything = figures()
    asked = _plain(name)
    if asked == "all":
        return everything
    exact = [f for f in everything if asked in map(_plain, (f.key, *f.aliases))]
    if exact:
        return (exact[0],)
    panels = [f for f in everything if asked.isdigit() and _plain(f.key).rstrip("abcdefinst") == asked]
    if panels:
        return tuple(panels)
    known = [f.key for f in everything]
    hint = validation.nearest(name.lower(), known)
    first = ", ".join(known[:_SHOWN])
    raise InputError(
        f"there is no figure {validation.shown(name)}, accepted are all, {first} and {len(known) - _SHOWN} more "
        f"(curldescent reproduce --list, cd.paper.figures()){hint}"
    )


def _plain(name: str) -> str:
    """The name without case, separators, and a leading "fig" or "figure"."""
    text = "".join(c for c in name.lower() if c.isalnum())
    for prefix in ("figure", "fig"):
        if text.startswith(prefix):
            return text[len(prefix) :]
    return text
