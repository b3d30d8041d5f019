"""The frame around every view: navigation, permalink, script, downloads, loading and error states."""

import re
from html import escape
from importlib.resources import files
from typing import Any

import panel as pn
from bokeh.models import CustomJS, TextInput
from panel.io.resources import LOCAL_DIST

from curldescent.apps.explorer.state import ViewState
from curldescent.apps.explorer.view import Surroundings, View

ASSETS = files("curldescent.apps.explorer").joinpath("assets")


class Page:
    """One session's page.

    Args:
        view: what is shown.
        state: what of it is shown first.
        surroundings: what all pages share.
        complaint: about the link that led here; empty for none.
    """

    def __init__(self, view: View, state: ViewState, surroundings: Surroundings, complaint: str = "") -> None:
        self.document = pn.state.curdoc
        # Panel learns only when the page is rendered that its styles come from here. What is updated before, by a live
        # run whose first frame is early, would ask a content-delivery network.
        self.document.template_variables["dist_url"] = LOCAL_DIST
        self.surroundings = surroundings
        self._view, self._complaint = view, complaint
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
            "view": self._view,
            "views": self.surroundings.views,
            "needed": self._needed,
        }.items():
            template.add_variable(name, value)
        self.document.title = f"{self._view.name} · curldescent explorer"
        self.document.js_on_event("connection_lost", CustomJS(code="explorer.lost()"))
        return template

    def _needed(self, tags: str) -> str:
        """Without the scripts and styles of what this page does not have."""
        unused = _UNUSED if any(type(m).__name__ == "FileDropper" for m in self.document.models) else (*_UNUSED, *_DROP)
        kept = (tag for tag in _TAG.findall(tags) if not any(name in tag for name in unused))
        return "\n".join(kept)


def build(view: View, surroundings: Surroundings) -> Any:
    """The page of one session."""
    state, complaint = view.state.from_query(query_of_session())
    page = Page(view, state, surroundings, complaint)
    shown = view.show(page, state)
    return page.build(shown.controls, shown.figures)


def query_of_session() -> dict[str, str]:
    """The query this session was opened with; repeated parameters count once."""
    found = {}
    for name, values in (pn.state.session_args or {}).items():
        found[name] = values[0].decode("utf-8", errors="replace")
    return found


# WebGL, formulas, and modules written in the page.
_UNUSED = ("bokeh-gl.min.js", "bokeh-mathjax.min.js", "es-module-shims")
_DROP = ("/filedropper/",)
_TAG = re.compile(r"<script.*?</script>|<link[^>]*>|<style.*?</style>", re.DOTALL)

_MESSAGE_CSS = """
:host { font: 15px/1.4 "DejaVu Sans", Verdana, sans-serif; color: var(--ink); }
p { margin: 0 0 6px; }
b { font-size: 17px; }
span { color: var(--soft); margin-left: 10px; }
.stable b { color: var(--stable); }
.unstable b { color: var(--unstable); }
.fault { padding: 6px 10px; border-left: 4px solid var(--orange); background: var(--fault); }
"""
