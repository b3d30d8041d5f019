"""The server: this machine only, whoever else asks."""

import asyncio
import logging
import socket
import threading
import webbrowser
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from curldescent.foundation import optional, validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.files import named

ADDRESS = "127.0.0.1"
# What one message of a page may hold: an uploaded table in base64, and nothing larger.
MAX_MESSAGE_BYTES = 8 * 2**20
# Seconds from the start until kernels are compiled beforehand.
_REST = 4.0
_NAMES = r"^(127\.0\.0\.1|localhost)$"


class Explorer:
    """A running server.

    Args:
        port: to listen on; 0 takes a free one.
        store: folder of a sweep's store, or of several; None for no sweep browser.

    Raises:
        InputError: the port is taken, the folder does not exist, or the extra is not installed.
    """

    def __init__(self, *, port: int = 0, store: Path | str | None = None) -> None:
        port = validation.integer("port", port, minimum=0, maximum=65535)
        if store is not None:
            store = named("store", store, "the folder of a sweep's store, or of several")
            if not store.is_dir():
                raise InputError(f"store {str(store)!r} is not a folder")
        require_extra()
        from bokeh.server.server import BaseServer
        from bokeh.server.tornado import BokehTornado
        from panel.io.application import build_applications
        from tornado.httpserver import HTTPServer
        from tornado.ioloop import IOLoop
        from tornado.routing import HostMatches, Rule, RuleRouter
        from tornado.web import StaticFileHandler

        from curldescent.apps.explorer.page import ASSETS

        try:
            listener = socket.create_server((ADDRESS, port))
        except OSError as problem:
            raise InputError(f"port {port} cannot be used: {problem.strerror}; name another with --port") from None
        listener.settimeout(0)
        self.port: int = listener.getsockname()[1]
        self.loop = IOLoop.current()
        application = BokehTornado(
            build_applications(pages(store), title="curldescent explorer"),
            # A page of another origin cannot open a session here …
            extra_websocket_origins=[f"{name}:{self.port}" for name in (ADDRESS, "localhost")],
            websocket_max_message_size_bytes=MAX_MESSAGE_BYTES,
            extra_patterns=[(r"/explorer-assets/(.*)", StaticFileHandler, {"path": str(ASSETS)})],
            index=None,
            redirect_root=False,
            use_index=False,
            # Threads of live runs end with their sessions: soon after a tab is closed. A page of a busy machine that
            # connects later than that after it was made would find its session gone.
            unused_session_lifetime_milliseconds=20_000,
            check_unused_sessions_milliseconds=1000,
        )
        # … and a name that was made to point here (DNS rebinding) finds nothing.
        http = HTTPServer(RuleRouter([Rule(HostMatches(_NAMES), application)]), max_buffer_size=2 * MAX_MESSAGE_BYTES)
        http.add_socket(listener)
        self._server = BaseServer(self.loop, application, http)

    @property
    def url(self) -> str:
        """Where the browser finds it."""
        return f"http://{ADDRESS}:{self.port}/"

    def run(self) -> None:
        """Serve until interrupted."""
        self._server.start()
        self._quieten()
        ended = threading.Event()
        warming = threading.Thread(target=warm_up, args=(ended.is_set,), daemon=True)
        # Not while the first page is made: they would wait for each other.
        self.loop.call_later(_REST, warming.start)
        try:
            self.loop.start()
        finally:
            ended.set()
            self._server.stop()
            # An interpreter that ends while a thread compiles aborts.
            if warming.ident is not None:
                warming.join()

    def _quieten(self) -> None:
        """A tab that is closed while something is sent to it is no fault, and not for the terminal."""
        from bokeh.core.validation import silence
        from bokeh.core.validation.warnings import EMPTY_LAYOUT
        from tornado.websocket import WebSocketClosedError

        def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            if not isinstance(context.get("exception"), WebSocketClosedError):
                loop.default_exception_handler(context)

        self.loop.asyncio_loop.set_exception_handler(handle)
        logging.getLogger("bokeh.server.views.ws").setLevel(logging.ERROR)
        silence(EMPTY_LAYOUT)

    def stop(self) -> None:
        """End `run`; may be called from any thread."""
        self.loop.add_callback(self.loop.stop)


def serve(*, port: int = 0, store: Path | str | None = None, browser: bool = True) -> None:
    """Serve the explorer on 127.0.0.1 until interrupted.

    Args:
        port: to listen on; 0 takes a free one.
        store: folder of a sweep's store, or of several.
        browser: open the page in the default browser.

    Raises:
        InputError: as `Explorer`.
    """
    validation.boolean("browser", browser)
    explorer = Explorer(port=port, store=store)
    print(f"curldescent explorer: {explorer.url} (Ctrl-C stops)", flush=True)
    if browser:
        explorer.loop.call_later(0.3, partial(webbrowser.open, explorer.url))
    explorer.run()


def pages(store: Path | None) -> Mapping[str, Callable[[], Any]]:
    """Path → what builds its page, once per session."""
    from curldescent.apps.explorer.page import build
    from curldescent.apps.explorer.registry import find_views
    from curldescent.apps.explorer.view import Surroundings

    around = Surroundings(find_views(), store)
    # No partial: Panel would take it for something to show.
    return {view.state.PATH: lambda view=view: build(view, around) for view in around.views}  # type: ignore[misc]


def require_extra() -> None:
    """Refuse, in one sentence, to go on without Panel."""
    optional.require("panel", "bokeh", purpose="the explorer")


def warm_up(stopping: Callable[[], bool]) -> None:
    """Load the training kernels before the first live run asks for them; compiled ones come from the cache."""
    from curldescent.apps.explorer.live import compile_kernels

    compile_kernels(stopping)
