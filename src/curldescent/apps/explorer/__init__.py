"""The explorer: a page in the browser, served from this machine to this machine only.

One file a view (`phase`, `learn`, `two_weights`, `your_data`, `sweep_browser`); `state` is what a permalink holds,
`scripts` turns it into Python, `server` listens on 127.0.0.1. Needs the extra ``curldescent[explore]``; `static_page`
writes the phase diagram as one file that needs no server.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
