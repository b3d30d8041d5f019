"""Take the pictures of docs/explorer.md: every view of the explorer in a headless browser.

Run with ``python examples/explorer_pictures.py [FOLDER]``; needs Chromium, Playwright and Pillow, and writes
explorer_*.png, each under 250 kB.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

import curldescent as cd

WIDTH, HEIGHT = 1280, 900


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


def save(page: object, file: Path) -> None:
    """One screenshot, in 256 colours: half the size, and nobody sees it."""
    page.screenshot(path=file)  # type: ignore[attr-defined]
    picture = Image.open(file).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    picture.save(file, optimize=True)
    print(f"{file} {file.stat().st_size / 1000:.0f} kB")


def take(url: str, table: Path, folder: Path) -> None:
    """All views of a server."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})

        def show(query: str, seconds: float) -> None:
            page.goto(url + query)
            page.wait_for_selector("body[data-ready]", timeout=60_000)
            page.wait_for_timeout(1000 * seconds)

        show("?ratio=0.45&hidden=0.3&readout=0.1", 2)
        save(page, folder / "explorer_phase.png")
        show("learn?ratio=0.6&hidden=0.5&neurons=120", 1)
        page.get_by_role("button", name="10", exact=True).click()
        page.wait_for_timeout(14_000)
        page.get_by_role("button", name="Pause").click()
        page.wait_for_timeout(500)
        save(page, folder / "explorer_learn.png")
        show("two-weights", 2)
        save(page, folder / "explorer_two_weights.png")
        show("data?readout=0.2", 1)
        page.locator("input[type=file]").set_input_files(str(table))
        page.get_by_role("button", name="10", exact=True).click()
        measured = "Bokeh.documents[0].get_model_by_name('stability').title.text.endsWith('weights')"
        page.wait_for_function(measured, timeout=60_000)
        page.wait_for_timeout(12_000)
        page.get_by_role("button", name="Pause").click()
        page.wait_for_timeout(500)
        save(page, folder / "explorer_data.png")
        show("sweeps?cell=ratio:6;hidden:6", 3)
        save(page, folder / "explorer_sweeps.png")
        browser.close()


def main() -> None:
    """Make what is shown, serve it, take the pictures."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        table, store = make_table(Path(made) / "measurements.csv"), make_store(Path(made))
        command = [sys.executable, "-m", "curldescent", "explore", "--no-browser", "--store", str(store)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            found = re.search(r"http://\S+", server.stdout.readline())
            assert found is not None
            # The training kernels are compiled on their first use ever.
            time.sleep(10)
            take(found[0], table, folder)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
