"""What a person sees and does, in a real browser."""

from urllib.parse import parse_qs, urlparse

import pytest

from tests.apps.explorer.conftest import PATIENCE, Running, Tab


def point(tab):
    return tab.source("plot('plane-hidden').renderers.at(-1).data_source.data.ratio[0]")


def test_sliders_and_drags_move_the_point_and_the_pictures(open_tab, running):
    tab = open_tab("?ratio=0.3&hidden=0.5&readout=0")
    tab.until(lambda: "directions grow" in tab.message())
    assert tab.message().startswith("Stable")
    before = tab.source("Array.from(plot('plane-readout').renderers[1].data_source.data.line)")
    handle = tab.page.locator(".noUi-handle").nth(1)
    handle.focus()
    tab.page.keyboard.press("End")
    tab.until(lambda: tab.message().startswith("Unstable"))
    tab.until(lambda: tab.source("Array.from(plot('plane-readout').renderers[1].data_source.data.line)") != before)
    tab.page.mouse.move(*tab.place("plane-hidden", 0.6, 0.5))
    tab.page.mouse.down()
    tab.page.mouse.move(*tab.place("plane-hidden", 0.3, 0.5), steps=8)
    tab.page.mouse.up()
    tab.until(lambda: tab.message().startswith("Stable") and "directions grow" in tab.message())
    assert point(tab) < 0.25
    # The page's address and its point follow the drag's last step, each in its own time.
    tab.until(lambda: float(parse_qs(urlparse(tab.page.url).query)["ratio"][0]) == pytest.approx(point(tab)))
    tab.button("Copy as Python").click()
    tab.page.wait_for_selector("dialog[open]")
    copied = tab.page.evaluate("navigator.clipboard.readText()")
    assert f"cd.theory.Spectrum(ratio={point(tab)}, hidden=" in copied
    tab.page.keyboard.press("Escape")
    tab.button("Copy link").click()
    tab.until(lambda: "Link copied" in tab.page.locator("#toast").inner_text())
    assert tab.page.evaluate("navigator.clipboard.readText()") == tab.page.url
    tab.check(running.port)


def test_a_live_run_advances_pauses_steps_and_ends_with_the_point(open_tab, running):
    tab = open_tab("learn?ratio=0.6&hidden=0.5&neurons=40")

    def epoch():
        words = tab.message().split()
        return int(words[1].strip(",")) if words[:1] == ["Epoch"] else 0

    tab.until(lambda: epoch() > 3)
    tab.button("Pause").click()
    tab.button("Run").wait_for()
    held = tab.settled(epoch)
    tab.button("Step").click()
    tab.until(lambda: epoch() == held + 1)
    assert tab.settled(epoch) == held + 1
    tab.page.locator(".noUi-handle").nth(0).focus()
    tab.page.keyboard.press("ArrowRight")
    tab.until(lambda: epoch() == 0)
    tab.button("1000").click()
    tab.button("Run").click()
    tab.until(lambda: epoch() >= 1000)
    tab.check(running.port)


def test_two_tabs_do_not_disturb_each_other(open_tab):
    one, other = open_tab("?ratio=0.3&hidden=0.5"), open_tab("?ratio=5&hidden=0.5")
    one.until(lambda: one.message().startswith("Stable"))
    other.until(lambda: other.message().startswith("Unstable"))
    one.page.locator(".noUi-handle").nth(0).focus()
    one.page.keyboard.press("ArrowLeft")
    one.until(lambda: point(one) < 0.3)
    assert other.settled(lambda: point(other)) == 5
    assert other.message().startswith("Unstable")


BAD = {
    "binary": (b"\x00\x01\x02" * 50, "cannot be read as CSV: got binary data"),
    "text only": (b"name,place\n" + b"a,b\n" * 20, "it holds one text in every row"),
    "a hole": (
        b"x,y\n" + b"1,2\n" * 20 + b",3\n",
        "Column 'x' must be finite and complete, got a missing value in row 21",
    ),
    "markup": (b'"<img src=x onerror=window.hit=1>",y\n' + b"1,2\n" * 20 + b",3\n", "got a missing value in row 21"),
}


def test_bad_files_are_one_sentence_and_a_good_one_learns(open_tab, running):
    tab = open_tab("data")
    tab.until(lambda: "Drop a table" in tab.message())
    chooser = tab.page.locator("input[type=file]")
    for name, (content, sentence) in BAD.items():
        chooser.set_input_files({"name": f"{name}.csv", "mimeType": "text/csv", "buffer": content})
        tab.until(lambda sentence=sentence: sentence in tab.message())
        assert tab.message().count("\n") == 0
    assert tab.page.evaluate("window.hit") is None
    rows = b"".join(b"%d,%d,%d\n" % (k % 7, k % 5, k % 7 + k % 5) for k in range(40))
    chooser.set_input_files({"name": "good.csv", "mimeType": "text/csv", "buffer": b"a,b,sum\n" + rows})
    tab.until(lambda: "curl descent at the start: " in tab.message())
    tab.until(lambda: tab.message().startswith("Epoch "))
    tab.check(running.port)


def test_a_table_is_dropped_with_the_mouse(open_tab, running):
    tab = open_tab("data")
    tab.until(lambda: "Drop a table" in tab.message())
    dropped = tab.page.evaluate_handle(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(["a,b\\n1,2\\n"], "short.csv", { type: "text/csv" }));
          return data;
        }"""
    )
    target = tab.page.locator(".filepond--drop-label")
    place = target.bounding_box()
    where = {"clientX": place["x"] + 10, "clientY": place["y"] + 10, "dataTransfer": dropped}
    for gesture in ("dragenter", "dragover", "drop"):
        target.dispatch_event(gesture, where)
    tab.until(lambda: tab.message() == "The table needs at least 10 rows, got 1.")
    tab.check(running.port)


def test_a_page_whose_server_has_gone_says_so(window):
    server = Running()
    tab = Tab(window, server.url)
    try:
        assert not tab.page.locator("#lost").is_visible()
        server.stop()
        tab.page.wait_for_selector("#lost", state="visible", timeout=PATIENCE * 1000)
    finally:
        tab.page.close()


def test_clicking_drops_a_trajectory(open_tab, running):
    tab = open_tab("two-weights?starts=none")
    count = "plot('plane').renderers.at(-1).data_source.data.x.length"
    assert tab.source(count) == 0
    tab.page.mouse.click(*tab.place("plane", 0.5, 0.8))
    tab.until(lambda: tab.source(count) == 1)
    tab.until(lambda: "starts=" in tab.page.url)
    tab.check(running.port)


def test_a_sweep_opens_and_a_click_shows_a_cell(open_tab, running):
    tab = open_tab("sweeps?store=plane")
    tab.until(lambda: "6 of 6 cells finished" in tab.message())
    assert tab.source("plot('heat').renderers[0].data_source.data.value.length") == 6
    tab.page.mouse.click(*tab.place("heat", 0.5, 0.75))
    tab.until(lambda: tab.source("plot('cell').visible && plot('cell').renderers[0].data_source.data.xs.length") == 2)
    tab.until(lambda: "cell=" in tab.page.url)
    tab.check(running.port)


@pytest.mark.parametrize("path", ["", "learn", "two-weights", "sweeps?store=plane&cell=ratio:0;hidden:1"])
@pytest.mark.slow
def test_pictures_are_taken_home(open_tab, path):
    tab = open_tab(path)
    tab.until(lambda: tab.message())
    tab.settled(tab.message)
    for kind, magic in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with tab.page.expect_download() as download:
            tab.button(kind).click()
        content = download.value.path().read_bytes()
        assert content.startswith(magic)
        assert len(content) > 5000
    assert tab.errors == []


@pytest.mark.slow
def test_an_unusable_link_is_one_sentence(open_tab):
    tab = open_tab("?ratio=1e9")
    tab.until(lambda: "must be a number between 0.01 and 10" in tab.page.locator(".figures .fault").inner_text())
    assert tab.errors == []


@pytest.mark.slow
def test_everything_can_be_reached_with_the_keyboard(open_tab):
    tab = open_tab("")
    seen = set()
    for _ in range(30):
        tab.page.keyboard.press("Tab")
        seen.add(
            tab.page.evaluate(
                """() => { let e = document.activeElement;
                while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
                return e.getAttribute('aria-valuenow') != null ? 'slider' : e.textContent.trim(); }"""
            )
        )
    assert {"Watch it learn", "Copy as Python", "PNG", "slider", "Draw another network"} <= seen


@pytest.mark.slow
def test_the_static_page_needs_no_server(chromium, tmp_path):
    from curldescent.apps.explorer import static_page

    file = static_page(tmp_path / "page.html")
    assert file.stat().st_size < 2_000_000
    page = chromium.new_page()
    requests, errors = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(file.as_uri())
    page.wait_for_function("document.querySelector('.bk-Figure') || window.Bokeh?.documents[0]?.is_idle")
    page.get_by_text("Unstable").or_(page.get_by_text("Stable", exact=True)).first.wait_for()
    assert page.get_by_text("λ_min = ").first.inner_text().count("c = 0.3") == 1
    page.locator(".noUi-handle").first.focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    page.get_by_text("Unstable").first.wait_for()
    assert requests == [file.as_uri()]
    assert errors == []
    page.close()
