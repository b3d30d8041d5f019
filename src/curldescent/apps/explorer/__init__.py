"""The explorer: a page in the browser, served from this machine to this machine only.

One file a view, in `views/`, found by `registry`; `state` is what a permalink holds,
`page` the frame around each, `server` listens on 127.0.0.1. Needs the extra ``curldescent[explore]``; `static_page`
writes the phase diagram as one file that needs no server.
"""

import lazy_loader

# The names stand in `__init__.pyi` too, for type checkers: it cannot be read from an archive at run time.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "server": ["serve"],
        "static": ["static_page"],
    },
)
