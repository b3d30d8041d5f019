"""The explorer: a page in the browser, served from this machine to this machine only.

One file a view (`phase`, `learn`, `two_weights`, `your_data`, `sweep_browser`); `state` is what a permalink holds,
`scripts` turns it into Python, `server` listens on 127.0.0.1. Needs the extra ``curldescent[explore]``; `static_page`
writes the phase diagram as one file that needs no server.
"""

from importlib import import_module
from typing import TYPE_CHECKING

_HOME = {"serve": "curldescent.apps.explorer.server", "static_page": "curldescent.apps.explorer.static"}

__all__ = ["serve", "static_page"]

if TYPE_CHECKING:
    from curldescent.apps.explorer.server import serve
    from curldescent.apps.explorer.static import static_page


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'curldescent.apps.explorer' has no attribute {name!r}")
