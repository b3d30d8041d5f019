"""The frame around every view: navigation, permalink, script, downloads, loading and error states."""

from html import escape
from importlib.resources import files
from typing import Any

import panel as pn
from bokeh.models import CustomJS, TextInput
from panel.io.resources import LOCAL_DIST

from curldescent.apps.explorer.state import ViewState

VIEWS = (
    ("/", "Phase diagram"),
    ("/learn", "Watch it learn"),
    ("/two-weights", "Two-weight world"),
    ("/data", "Your data"),
    ("/sweeps", "Sweep browser"),
)
# The views between which the point (c, α_h, α_r) travels.
_CARRYING = ("/", "/learn")

ASSETS = files("curldescent.apps.explorer").joinpath("assets")


class Page:
    """One session's page.

    Args:
        state: what is shown first; its class says which view it is.
        heading: of the page.
        intro: one or two sentences below it.
        complaint: about the link that led here; empty for none.
    """

    def __init__(self, state: ViewState, *, heading: str, intro: str, complaint: str = "") -> None:
        self.document = pn.state.curdoc
        # Panel learns only when the page is rendered that its styles come from here. What is updated before, by a live
        # run whose first frame is early, would ask a content-delivery network.
        self.document.template_variables["dist_url"] = LOCAL_DIST
        self._path = state.PATH
        self._heading, self._intro, self._complaint = heading, intro, complaint
        self.message = pn.pane.HTML(
            "", sizing_mode="stretch_width", stylesheets=[_MESSAGE_CSS], min_height=30, margin=(0, 0, 4, 5)
        )
        # Text that is not shown: models whose value is never parsed as HTML.
        self._query = TextInput(value=state.to_query(), visible=False, name="explorer-query")
        self._script = TextInput(value="", visible=False, name="explorer-script")
        self._query.js_on_change("value", CustomJS(code="explorer.query(cb_obj.value)"))

    def publish(self, state: ViewState, script: str) -> None:
        """Make the address bar a permalink of this state, and `script` what is copied."""
        query = state.to_query()
        # What was wrong with the link is of interest until something else is looked at.
        if query != self._query.value:
            self._complaint = ""
        self._query.value = query
        self._script.value = script

    def say(self, text: str, *, kind: str = "plain", detail: str = "") -> None:
        """Show one sentence above the figures.

        Args:
            text: plain text, shown large.
            kind: "stable", "unstable", "plain" or "fault", for its colour.
            detail: plain text beside it.
        """
        notice = f'<p class="fault">{escape(self._complaint)}</p>' if self._complaint else ""
        self.message.object = (
            f'{notice}<p class="{kind}" role="status"><b>{escape(text)}</b> <span>{escape(detail)}</span></p>'
        )

    def build(self, controls: Any, figures: Any) -> Any:
        """The page to be served.

        Args:
            controls: a Panel layout.
            figures: a Bokeh layout; downloads are pictures of it.

        Returns:
            A Panel template.
        """
        figures.name = "explorer-figures"
        template = pn.Template(ASSETS.joinpath("page.html").read_text(encoding="utf-8"))
        template.add_panel("controls", controls)
        template.add_panel("message", self.message)
        template.add_panel("figures", pn.pane.Bokeh(figures, sizing_mode="stretch_width"))
        template.add_panel("carrier", pn.Row(pn.pane.Bokeh(self._query), pn.pane.Bokeh(self._script), visible=False))
        for name, value in {
            "heading": self._heading,
            "intro": self._intro,
            "views": VIEWS,
            "here": self._path,
            "carrying": _CARRYING,
        }.items():
            template.add_variable(name, value)
        self.document.title = f"{self._heading} · curldescent explorer"
        self.document.js_on_event("connection_lost", CustomJS(code="explorer.lost()"))
        return template


def query_of_session() -> dict[str, str]:
    """The query this session was opened with; repeated parameters count once."""
    found = {}
    for name, values in (pn.state.session_args or {}).items():
        found[name] = values[0].decode("utf-8", errors="replace")
    return found


_MESSAGE_CSS = """
:host { font: 15px/1.4 "DejaVu Sans", Verdana, sans-serif; color: #222; }
p { margin: 0 0 6px; }
b { font-size: 17px; }
span { color: #444; margin-left: 10px; }
.stable b { color: #0072b2; }
.unstable b { color: #b34e00; }
.fault { padding: 6px 10px; border-left: 4px solid #d55e00; background: #fbeee5; }
"""
