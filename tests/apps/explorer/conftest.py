"""A server in a process of its own and a headless Chromium: what a person would sit in front of."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from urllib.parse import urlparse

import pytest

pytest.importorskip("panel", reason="the explorer's extra is not installed: pip install 'curldescent[explore]'")

# Seconds after which something will never come, however busy the machine: no test is about time.
PATIENCE = 180

# Nothing but what the tests ask for: no updates, no metrics, no second protocol.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium_path():
    """The system's Chromium, or None."""
    named = os.environ.get("CHROMIUM")
    found = [named] if named else [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    return next((path for path in found if path), None)


# Where Linux can (PR_SET_PDEATHSIG), a server does not outlive tests that are killed.
SERVER = """
import ctypes, runpy, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
runpy.run_module("curldescent", run_name="__main__")
"""


class Running:
    """A server that listens."""

    def __init__(self, *options):
        command = [sys.executable, "-c", SERVER, "explore", "--no-browser", *map(str, options)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        match = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        assert match, line + self.process.stderr.read()
        self.url, self.port = match[0], int(match[1])

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        errors = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return errors


@pytest.fixture(scope="session")
def stores(tmp_path_factory):
    """A folder with two small stores: one over (ratio, hidden) with curves, one over three axes without."""
    import curldescent as cd
    from tests.sweeps.conftest import fill, small

    folder = tmp_path_factory.mktemp("stores")
    fill(small(keep=cd.sweeps.Keep(error_curves=True)), folder / "plane")
    rules = {"GD": {}, "CD": {"readout": 0.5}}
    (folder / "deeper").mkdir()
    fill(small(axes={"n_train": [10, 20], "seed": [0, 1]}, rules=rules, student_teacher=RULED), folder / "deeper/rules")
    return folder


RULED = {"n_inputs": 4, "n_hidden": 6, "n_test": 5, "trials": 2}


@pytest.fixture(scope="session")
def running(stores):
    server = Running("--store", stores)
    yield server
    errors = server.stop()
    assert "Traceback" not in errors, errors


@pytest.fixture(scope="session")
def chromium():
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium found; `make browser` installs it where it can")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


class Tab:
    """A page that keeps account of what it asked for and complained about."""

    def __init__(self, context, url):
        self.page = context.new_page()
        self.requests, self.errors = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("websocket", lambda socket: self.requests.append(socket.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.goto(url)
        self.page.wait_for_selector("body[data-ready]", timeout=PATIENCE * 1000)

    def message(self):
        """The sentence above the figures."""
        return self.page.locator(".figures [role=status]").first.inner_text()

    def source(self, script):
        """A value from the page's BokehJS models: `plot(name)` finds a figure."""
        helper = "const plot = (name) => Bokeh.documents[0].get_model_by_name(name);"
        return self.page.evaluate(f"() => {{ {helper} return {script}; }}")

    def until(self, condition):
        """Wait for a Python condition; what it returned."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            value = condition()
            if value:
                return value
            self.page.wait_for_timeout(50)
        raise AssertionError(f"never: {condition.__doc__ or condition}; message {self.message()!r}")

    def settled(self, read):
        """A value once it has stayed the same for a while: what a page shows when nothing is on its way to it."""
        seen = [read()]

        def quiet():
            seen.append(read())
            return len(seen) > 8 and len(set(seen[-8:])) == 1

        self.until(quiet)
        return seen[-1]

    def button(self, name):
        return self.page.get_by_role("button", name=name, exact=True)

    def box(self, name):
        """(x, y, width, height) of a figure's frame, where the data are, in the window."""
        return self.source(
            f"(() => {{ const v = Bokeh.index.find_one(plot('{name}')), r = v.el.getBoundingClientRect();"
            " const f = v.frame.bbox; return [r.x + f.x, r.y + f.y, f.width, f.height]; })()"
        )

    def place(self, name, right, up):
        """Where in the window a share of the figure's width and height lies."""
        x, y, width, height = self.box(name)
        return x + right * width, y + (1 - up) * height

    def check(self, port):
        """Nothing went wrong, and nobody but the server was asked."""
        assert self.errors == []
        assert len(self.requests) > 5
        for url in self.requests:
            parts = urlparse(url.removeprefix("blob:"))
            assert parts.scheme == "data" or parts.netloc == f"127.0.0.1:{port}", url


@pytest.fixture(scope="session")
def window(chromium):
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE * 1000)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context
    context.close()


@pytest.fixture
def open_tab(window, running):
    tabs = []

    def opener(path=""):
        tabs.append(Tab(window, running.url + path))
        return tabs[-1]

    yield opener
    for tab in tabs:
        tab.page.close()
