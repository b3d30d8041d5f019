"""Who may talk to the server, asked without a browser."""

import asyncio
import http.client
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest

import curldescent as cd
from tests.apps.explorer.conftest import PATIENCE


def get(port, path="/", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", path, headers=headers)
    with closing(connection):
        response = connection.getresponse()
        body = b"" if response.status == 101 else response.read()
    return response.status, body.decode("utf-8", errors="replace")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_served(running, host):
    assert get(running.port, Host=f"{host}:{running.port}")[0] == 200


@pytest.mark.parametrize("path", ["/", "/learn", "/explorer-assets/page.js", "/static/js/bokeh.min.js", "/ws"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "0.0.0.0", ""])
def test_a_foreign_host_finds_nothing(running, path, host):
    status, body = get(running.port, path, Host=host)
    assert status in (400, 404)
    assert "curldescent" not in body


def test_it_listens_on_the_loopback_only(running):
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in others - {"127.0.0.1"}:
        if not address.startswith("127."):
            with pytest.raises(OSError, match=r".*"):
                socket.create_connection((address, running.port), timeout=2).close()
    listening = [
        line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"
    ]
    ours = [at for at in listening if int(at.split(":")[1], 16) == running.port]
    assert ours == [f"0100007F:{running.port:04X}"]


def websocket(port, token, origin):
    """The status of an upgrade to a web socket: 101 where it is granted."""
    headers = {
        "Origin": origin,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": f"bokeh, {token}",
    }
    return get(port, "/ws", **headers)[0]


def token_of(port):
    return re.search(r'"token":"([^"]+)"', get(port)[1])[1]


def test_a_foreign_origin_opens_no_session(running):
    token = token_of(running.port)
    for origin in ("http://evil.example", f"http://evil.example:{running.port}", "http://127.0.0.1:1", "null"):
        assert websocket(running.port, token, origin) == 403
    assert websocket(running.port, token, f"http://127.0.0.1:{running.port}") == 101


def test_too_large_a_message_ends_the_connection(running):
    from curldescent.apps.explorer.server import MAX_MESSAGE_BYTES

    async def send():
        from tornado.websocket import WebSocketClosedError, websocket_connect

        token = token_of(running.port)
        connection = await websocket_connect(f"ws://127.0.0.1:{running.port}/ws", subprotocols=["bokeh", token])
        await connection.read_message()
        with suppress(WebSocketClosedError):
            await connection.write_message("x" * (MAX_MESSAGE_BYTES + 1))
        # Nothing is what a closed connection says; an open one would wait for ever.
        while await asyncio.wait_for(connection.read_message(), 10) is not None:
            pass
        connection.close()
        return connection.close_code

    # In a thread: this one may already have a browser's event loop.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(asyncio.run, send()).result() in (1009, None)


def test_bad_options_are_one_sentence(tmp_path):
    from curldescent.apps.explorer.server import Explorer

    with pytest.raises(cd.InputError, match=r"store .* is not a folder"):
        Explorer(store=tmp_path / "nothing")
    with pytest.raises(cd.InputError, match="port must be"):
        Explorer(port=70000)


def test_a_taken_port_is_one_sentence(running):
    from curldescent.apps.explorer.server import Explorer

    with pytest.raises(cd.InputError, match=rf"port {running.port} cannot be used"):
        Explorer(port=running.port)


def test_a_missing_extra_is_one_sentence_and_exit_code_2(monkeypatch, capsys):
    import sys

    from curldescent.apps.cli import main

    monkeypatch.setitem(sys.modules, "panel", None)
    with pytest.raises(SystemExit) as left:
        main(["explore", "--no-browser"])
    assert left.value.code == 2
    assert capsys.readouterr().err == ("curldescent: the explorer needs Panel: pip install 'curldescent[explore]'\n")


def test_what_is_updated_before_the_page_is_rendered_names_no_other_server():
    import panel as pn
    from bokeh.document import Document
    from panel.io.state import set_curdoc

    from curldescent.apps.explorer import controls
    from curldescent.apps.explorer.page import Page
    from curldescent.apps.explorer.view import Surroundings
    from curldescent.apps.explorer.views.phase import VIEW, PhaseState

    document = Document()
    with set_curdoc(document):
        page = Page(VIEW, PhaseState(), Surroundings((VIEW,)))
        import bokeh.plotting

        button = controls.button("before")
        template = page.build(pn.Column(button), bokeh.plotting.column(bokeh.plotting.figure()))
        template.server_doc(document)
        page.say("early")
        button.label = "after"
        urls = {m.url for m in document.models if type(m).__name__ == "ImportedStyleSheet"}
    assert urls
    assert not [url for url in urls if "//" in url]
