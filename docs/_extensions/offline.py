"""The built site loads nothing from the network, or the build fails: it must work opened from a disk."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

log = logging.getLogger(__name__)

REMOTE = re.compile(r"^\s*(?:https?:)?//", re.IGNORECASE)
IN_CSS = re.compile(r"(?:url\(\s*|@import\s+)['\"]?((?:https?:)?//[^'\")\s;]+)", re.IGNORECASE)
# A link of these kinds is something to follow, not something that a browser loads.
FOLLOWED = {"canonical", "license", "author", "next", "prev", "search", "index"}


class Loads(HTMLParser):
    """Collects what a browser would fetch from elsewhere to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Attributes that load: src of anything, href of link elements, srcset, data, inline styles."""
        given = {name: value or "" for name, value in attrs}
        self._in_style = tag == "style"
        loads = [given.get("src", ""), given.get("srcset", ""), given.get("poster", "")]
        if tag == "object":
            loads.append(given.get("data", ""))
        if tag == "link" and not FOLLOWED & set(given.get("rel", "").split()):
            loads.append(given.get("href", ""))
        self.found += [value for value in loads if REMOTE.match(value)]
        self.found += IN_CSS.findall(given.get("style", ""))

    def handle_data(self, data: str) -> None:
        """Style sheets written into the page."""
        if self._in_style:
            self.found += IN_CSS.findall(data)


def remote_loads(folder: Path) -> list[tuple[str, str]]:
    """What pages and style sheets below a folder load from the network: (file, address)."""
    out = []
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".html":
            page = Loads()
            page.feed(path.read_text(encoding="utf-8"))
            out += [(str(path.relative_to(folder)), address) for address in page.found]
        elif path.suffix == ".css":
            found = IN_CSS.findall(path.read_text(encoding="utf-8"))
            out += [(str(path.relative_to(folder)), address) for address in found]
    return out


def check(app: Sphinx, exception: Exception | None) -> None:
    """Warn about each load; `make docs` treats warnings as errors."""
    if exception is None:
        for file, address in remote_loads(Path(app.outdir)):
            log.warning("%s loads %s from the network", file, address)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the check."""
    app.connect("build-finished", check)
    return {"parallel_read_safe": True}
