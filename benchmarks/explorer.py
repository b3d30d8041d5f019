"""How long does the explorer take to answer? From a change in the browser until the new numbers are in the browser.

Run ``python benchmarks/explorer.py [results.json]``; needs Chromium and Playwright. Goals: theory under 100 ms,
sampling a network of 300 inputs under 500 ms, a first view within 3 s of the command. The load of the machine is
printed beside the times, and for the server's start the processor time: what it takes where nothing else runs.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright

import curldescent as cd

REPEATS = 9
# Milliseconds: long enough for a busy machine, whose times are worth having if they are all there are.
PATIENCE = 300_000
# Changes something and waits, frame by frame, until a number in the page is another one.
_UNTIL = """async ([change, watched]) => {
  const plot = (name) => Bokeh.documents[0].get_model_by_name(name);
  const slider = (title) => Bokeh.documents[0].all_models
    ? [...Bokeh.documents[0].all_models].find((m) => m.title?.startsWith?.(title)) : null;
  const read = new Function("plot", "slider", `return ${watched}`);
  const before = JSON.stringify(read(plot, slider));
  const began = performance.now();
  new Function("plot", "slider", change)(plot, slider);
  while (JSON.stringify(read(plot, slider)) === before) {
    if (performance.now() - began > 120000) throw new Error("nothing changed");
    await new Promise((go) => setTimeout(go, 1));
  }
  return performance.now() - began;
}"""
_POINT = "plot('plane-hidden').renderers.at(-1).data_source.data.ratio[0]"
_BARS = "Array.from(plot('spectrum').renderers[0].data_source.data.top)"
_FIELD = "Array.from(plot('plane').renderers[1].data_source.data.angle)"
# Moving the point begins a new curve, shorter than the one that was there.
_REFILLED = """async () => {
  const length = () => Bokeh.documents[0].get_model_by_name("loss").renderers[0].data_source.data.epoch.length;
  const slider = [...Bokeh.documents[0].all_models].find((m) => m.title?.startsWith?.("compression"));
  const before = length(), began = performance.now();
  slider.value = slider.value + (slider.value > 0 ? -0.05 : 0.05);
  while (length() === 0 || length() >= before) {
    if (performance.now() - began > 120000) throw new Error("no new curve");
    await new Promise((go) => setTimeout(go, 1));
  }
  return performance.now() - began;
}"""
_LONG_ENOUGH = "Bokeh.documents[0].get_model_by_name('loss').renderers[0].data_source.data.epoch.length > 20"
_NUDGE = "const s = slider('{name}'); s.value = s.value + (s.value > 0.3 * s.end ? -1 : 1) * {step};"


def make_store(folder: Path) -> None:
    """400 cells, so quick to compute that only their number matters."""
    sweep = cd.sweeps.Sweep(
        axes={"ratio": cd.sweeps.log(0.1, 10, 20), "hidden": cd.sweeps.lin(0, 1, 20)},
        student_teacher={"total": 20, "n_train": 20, "trials": 2},
        training={"epochs": 20},
    )
    cd.sweeps.run(sweep, folder / "cells")


def measure(url: str) -> dict[str, list[float]]:
    """Milliseconds, every repetition."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    out: dict[str, list[float]] = {}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.set_default_navigation_timeout(PATIENCE)

        def show(query: str) -> None:
            page.goto(url + query)
            page.wait_for_selector("body[data-ready]")
            page.wait_for_timeout(1500)

        def times(name: str, change: str, watched: str) -> None:
            out[name] = []
            for _ in range(REPEATS):
                out[name].append(page.evaluate(_UNTIL, [change, watched]))
                page.wait_for_timeout(400)

        first_view(page, url, out)
        show("?inputs=300")
        times("phase diagram, theory", _NUDGE.format(name="compression", step=0.05), _POINT)
        times("phase diagram, sampling M = 300", _NUDGE.format(name="flipped inputs", step=0.05), _BARS)
        show("learn")
        out["first live frame after the point moved"] = []
        for _ in range(REPEATS):
            page.wait_for_function(_LONG_ENOUGH)
            out["first live frame after the point moved"].append(page.evaluate(_REFILLED))
        show("two-weights")
        times("two weights, field and trajectories", _NUDGE.format(name="strength d2", step=0.1), _FIELD)
        out["sweep of 400 cells, page and heat map"] = []
        for _ in range(3):
            page.goto(url + "sweeps")
            page.wait_for_selector("body[data-ready]")
            page.wait_for_function(
                "Bokeh.documents[0].get_model_by_name('heat').renderers[0].data_source.data.value.length === 400"
            )
            out["sweep of 400 cells, page and heat map"].append(page.evaluate("performance.now()"))
        browser.close()
    return out


def first_view(page: object, url: str, out: dict[str, list[float]]) -> None:
    """From the address to the picture: a first visit, then ones whose scripts the browser has already compiled."""
    for name in ("first page of a new browser", *["page of a browser that has been here"] * 3):
        began = time.monotonic()
        page.goto(url)  # type: ignore[attr-defined]
        page.wait_for_selector("body[data-ready]")  # type: ignore[attr-defined]
        out.setdefault(name, []).append(1000 * (time.monotonic() - began))


def main() -> None:
    """Serve, measure, print, and write where asked."""
    with tempfile.TemporaryDirectory() as folder:
        make_store(Path(folder))
        command = [sys.executable, "-m", "curldescent", "explore", "--no-browser", "--store", folder]
        began = time.monotonic()
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            found = re.search(r"http://\S+", server.stdout.readline())
            assert found is not None
            started = {"server, from the command to its address": [1000 * (time.monotonic() - began)]}
            used = psutil.Process(server.pid).cpu_times()
            started["the same in processor time"] = [1000 * (used.user + used.system)]
            results = started | measure(found[0])
        finally:
            server.terminate()
            server.wait()
    load = os.getloadavg()[0]
    print(f"load {load:.1f} on {os.cpu_count()} cores; milliseconds, median (shortest to longest)")
    for name, values in results.items():
        print(f"{name:45} {statistics.median(values):7.0f} ({min(values):.0f} to {max(values):.0f})")
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps({"load": load, "milliseconds": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
