"""Take the pictures of docs/explorer.md: every view of the explorer in a headless browser.

Run with ``python examples/explorer_pictures.py [FOLDER [VIEW …]]``, for all views or those named; needs
Chromium, Playwright and Pillow, and writes explorer_phase.png, explorer_learn.png, explorer_two_weights.png,
explorer_rule.png, explorer_data.png and explorer_sweeps.png, each under 250 kB. With ``--all`` it writes every view on
a phone, a tablet and a desk, light and dark, whole pages with their controls unfolded, to be looked at:
explorer_VIEW_WIDTH_THEME.png.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

import curldescent as cd

WIDTH, HEIGHT = 1280, 900
WIDTHS = (420, 768, 1280)
VIEWS = ("phase", "learn", "two_weights", "rule", "data", "sweeps")
# Milliseconds after which something will never come, however busy the machine.
PATIENCE = 300_000
_EPOCHS = "(Bokeh.documents[0].get_model_by_name('loss').renderers[0].data_source.data.epoch.at(-1) ?? 0)"


def make_store(folder: Path) -> Path:
    """A sweep over the phase diagram, small enough to be computed now."""
    sweep = cd.sweeps.Sweep(
        axes={"ratio": cd.sweeps.log(0.1, 3, 12), "hidden": cd.sweeps.lin(0, 1, 11)},
        student_teacher={"total": 80, "trials": 3},
        training={"epochs": 1000, "preserve_norms": True},
        keep=cd.sweeps.Keep(error_curves=True),
        paired=["hidden"],
    )
    cd.sweeps.run(sweep, folder / "ratio_hidden")
    return folder / "ratio_hidden"


def make_table(file: Path) -> Path:
    """A table with something to learn in it."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 4))
    y = np.tanh(x[:, 0] - x[:, 1]) + 0.3 * x[:, 2]
    np.savetxt(file, np.column_stack([x, y]), delimiter=",", header="height,weight,age,dose,response", comments="")
    return file


def save(page: Any, file: Path, *, whole: bool = False) -> None:
    """One screenshot, in 256 colours: half the size, and nobody sees it."""
    page.screenshot(path=file, full_page=whole)
    picture = Image.open(file).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    picture.save(file, optimize=True)
    print(f"{file} {file.stat().st_size / 1000:.0f} kB")


def launch(driver: Any) -> Any:
    """A headless Chromium."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    return driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])


class Visitor:
    """Opens views in a window of some size and brings each to where there is something to see."""

    def __init__(self, page: Any, url: str, table: Path) -> None:
        self.page, self._url, self._table = page, url, table
        page.set_default_timeout(PATIENCE)

    def show(self, query: str, seconds: float) -> None:
        """Open an address and wait."""
        self.page.goto(self._url + query)
        self.page.wait_for_selector("body[data-ready]")
        self.page.wait_for_timeout(1000 * seconds)

    def unfold(self) -> None:
        """The controls, where they are folded away."""
        self.page.evaluate("for (const part of document.querySelectorAll('aside details')) part.open = true")

    def press(self, name: str) -> None:
        """A button of the controls."""
        self.unfold()
        self.page.get_by_role("button", name=name, exact=True).click()

    def until(self, condition: str) -> None:
        """Wait for something in the page."""
        self.page.wait_for_function(condition)

    def phase(self) -> None:
        """The phase diagram."""
        self.show("?ratio=0.45&hidden=0.3&readout=0.1", 2)
        self.until("document.querySelector('.figures') && Bokeh.documents[0].get_model_by_name('spectrum')"
                   ".renderers[0].data_source.data.top.length > 0")  # fmt: skip

    def learn(self) -> None:
        """A live run, well under way."""
        self.show("learn?ratio=0.6&hidden=0.5&neurons=120", 1)
        self.press("10")
        self.until(f"{_EPOCHS} > 2500")
        self.press("Pause")
        self.page.wait_for_timeout(500)

    def two_weights(self) -> None:
        """The two-weight world."""
        self.show("two-weights", 2)

    def rule(self) -> None:
        """A typed rule, measured."""
        self.show("rule?readout=-1, 1&n_hidden=2&x=0.9&y=0.5", 1)
        self.until("Bokeh.documents[0].get_model_by_name('along').renderers[2].data_source.data.value.length > 0")
        self.page.wait_for_timeout(1000)

    def data(self) -> None:
        """A table that is learned."""
        self.show("data?readout=0.2", 1)
        self.page.locator("input[type=file]").set_input_files(str(self._table))
        self.press("10")
        self.until("Bokeh.documents[0].get_model_by_name('stability').title.text.endsWith('weights')")
        self.until(f"{_EPOCHS} > 2000")
        self.press("Pause")
        self.page.wait_for_timeout(500)

    def sweeps(self) -> None:
        """A sweep with a cell open."""
        self.show("sweeps?cell=ratio:6;hidden:6", 2)
        self.until("Bokeh.documents[0].get_model_by_name('cell').visible")
        self.page.wait_for_timeout(1000)


def take(url: str, table: Path, folder: Path, views: Sequence[str], *, everything: bool) -> None:
    """Views of a server."""
    with sync_playwright() as driver:
        browser = launch(driver)
        for theme in ("light", "dark") if everything else ("light",):
            for width in WIDTHS if everything else (WIDTH,):
                size = {"width": width, "height": HEIGHT}
                context = browser.new_context(viewport=size, color_scheme=theme, has_touch=width == WIDTHS[0])
                visitor = Visitor(context.new_page(), url, table)
                for view in views:
                    getattr(visitor, view)()
                    if everything:
                        visitor.unfold()
                        visitor.page.wait_for_timeout(500)
                    name = f"explorer_{view}_{width}_{theme}.png" if everything else f"explorer_{view}.png"
                    save(visitor.page, folder / name, whole=everything)
                context.close()
        browser.close()


def main() -> None:
    """Make what is shown, serve it, take the pictures."""
    given = [argument for argument in sys.argv[1:] if argument != "--all"]
    folder, views = Path(given[0] if given else "."), given[1:] or VIEWS
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        table = make_table(Path(made) / "measurements.csv")
        command = [sys.executable, "-m", "curldescent", "explore", "--no-browser"]
        if "sweeps" in views:
            command += ["--store", str(make_store(Path(made)))]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            found = re.search(r"http://\S+", server.stdout.readline())
            assert found is not None
            if {"learn", "data"} & set(views):
                # The training kernels are compiled on their first use ever.
                time.sleep(10)
            take(found[0], table, folder, views, everything="--all" in sys.argv)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
