"""A phone, a tablet and a desk: what is laid out how, in light and dark, with names for who does not see it."""

import numpy as np
import pytest

import curldescent as cd
from curldescent.apps.explorer.rule_plane import Network, problem_of
from tests.apps.explorer.conftest import PATIENCE, Tab

PHONE, TABLET, DESK = 420, 768, 1280
WIDTHS = (PHONE, TABLET, DESK)
PATHS = ("", "learn", "two-weights", "rule", "data", "sweeps?store=plane&cell=ratio:0;hidden:1")

# Everything that can be reached, through shadow roots, as [what, name, height].
REACHABLE = """() => {
  const found = [];
  const visit = (root) => { for (const e of root.querySelectorAll('*')) {
    if (e.shadowRoot) visit(e.shadowRoot);
    if (!e.matches('input:not([type=hidden]):not([type=file]), select, button, summary, a[href]')
        && !e.matches('[role=slider], [role=img]')) continue;
    if (!e.checkVisibility() || e.closest('dialog')) continue;
    const said = e.getAttribute('aria-label') || e.textContent.trim();
    found.push([e.getAttribute('role') ?? e.tagName.toLowerCase(), said, e.getBoundingClientRect().height]);
  } };
  visit(document);
  return found;
}"""


@pytest.fixture
def sized_tab(chromium, running):
    contexts = []

    def opener(path, width, scheme="light"):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, has_touch=width == PHONE
        )
        context.set_default_timeout(PATIENCE * 1000)
        contexts.append(context)
        return Tab(context, running.url + path)

    yield opener
    for context in contexts:
        context.close()


def overflow(tab):
    """Pixels by which the page is wider than its window."""
    return tab.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


def resize(tab, width):
    tab.page.set_viewport_size({"width": width, "height": 900})
    tab.settled(lambda: str(tab.box("field")))


def luminance(colour):
    """WCAG's relative luminance of "#rrggbb"."""
    shares = np.array([int(colour.lstrip("#")[k : k + 2], 16) for k in (0, 2, 4)]) / 255
    return float(
        np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
    )


def test_a_rule_is_typed_on_a_phone_and_seen_on_every_screen(sized_tab, running):
    tab = sized_tab("rule?n_inputs=1&n_hidden=2&hidden=0&readout=-1, 1", PHONE, "dark")
    tab.until(lambda: tab.message().startswith("Curl"))
    # The picture comes first and is as wide as the screen; the controls unfold above it.
    assert overflow(tab) <= 0
    assert tab.box("field")[2] > 0.75 * PHONE
    line = tab.page.get_by_label("readout rule")
    assert not line.is_visible()
    tab.page.get_by_text("Controls", exact=True).tap()
    line.wait_for()
    assert line.bounding_box()["height"] >= 44
    # As the system asks, and plots with it.
    assert luminance(tab.source("plot('field').border_fill_color")) < 0.1
    assert luminance(tab.source("plot('field').below[0].axis_label_text_color")) > 0.6
    # What is typed is measured, and the numbers are the library's.
    before = tab.message()
    arrows = "Array.from(plot('field').renderers[1].data_source.data.angle)"
    drawn = tab.source(arrows)
    line.fill("0.5, -1")
    line.press("Enter")
    tab.until(lambda: tab.message().startswith("Curl") and tab.message() != before)
    field = cd.field(problem_of(Network(1, 2, "tanh", 0)), cd.Plasticity(readout=[0.5, -1]))
    theta = field.theta.copy()
    theta[[0, 2]] = 0.8, 0.8
    field = field.at(theta)
    turning = cd.analysis.circulation(field, radius=0.6, plane=np.eye(4)[[0, 2]])
    assert f"circulation {turning.value:.4g} ± " in tab.message()
    share = cd.analysis.curl(field).antisymmetric
    assert f"of {turning.work:.4g} work; curl share of the Jacobian {share:.4g}" in tab.message()
    tab.until(lambda: tab.source(arrows) != drawn)
    line.fill("__import__('os')")
    line.press("Enter")
    tab.until(lambda: "The readout rule must be a fraction" in tab.message())
    # Beside each other at a desk, one below the other on a tablet, beside the controls on both.
    for width, beside in ((TABLET, False), (DESK, True)):
        resize(tab, width)
        assert overflow(tab) <= 0
        field_box, matrix_box = tab.box("field"), tab.box("antisymmetric")
        assert (matrix_box[0] > field_box[0] + field_box[2]) == beside
        assert line.bounding_box()["x"] + line.bounding_box()["width"] < field_box[0]
    tab.button("Dark colours").click()
    assert tab.page.evaluate("document.documentElement.dataset.theme") == "light"
    assert tab.source("plot('field').border_fill_color") in ("white", "#ffffff")
    assert [name for _, name, _ in tab.page.evaluate(REACHABLE) if not name] == []
    tab.check(running.port)


def test_colours_of_a_sweep_switch_to_logarithms_and_back(sized_tab, running):
    tab = sized_tab("sweeps?store=plane", PHONE)
    tab.until(lambda: "6 of 6 cells finished" in tab.message())
    assert overflow(tab) <= 0
    values = "Array.from(plot('heat').renderers[0].data_source.data.value)"
    tab.page.get_by_text("Controls", exact=True).tap()
    tab.button("linear").tap()
    tab.until(lambda: min(tab.source(values)) > 0)
    linear = np.array(tab.source(values))
    tab.button("logarithmic").tap()
    tab.until(lambda: "logarithmic" in tab.source("plot('heat').title.text"))
    np.testing.assert_allclose(10 ** np.array(tab.source(values)), linear, rtol=1e-9)
    tab.until(lambda: "colours=logarithmic" in tab.page.url)
    # A cell opens without a pointer.
    for axis in ("ratio", "hidden"):
        tab.page.get_by_label(f"cell at {axis}").select_option(index=1)
    tab.until(lambda: tab.source("plot('cell').visible && plot('cell').renderers[0].data_source.data.xs.length") == 2)
    tab.until(lambda: "cell=ratio" in tab.page.url)
    tab.check(running.port)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.split("?")[0] or "phase")
def test_every_view_fits_every_screen_and_names_what_it_has(sized_tab, path, scheme):
    tab = sized_tab(path, PHONE, scheme)
    tab.until(lambda: tab.message() and "Measuring" not in tab.message())
    for width in WIDTHS:
        tab.page.set_viewport_size({"width": width, "height": 900})
        tab.page.wait_for_timeout(600)
        for summary in tab.page.locator("aside summary").all():
            if width == PHONE and not tab.page.evaluate("document.querySelector('aside details').open"):
                summary.tap()
        tab.page.wait_for_timeout(300)
        assert overflow(tab) <= 0
        found = tab.page.evaluate(REACHABLE)
        assert [entry for entry in found if not entry[1]] == []
        if width == PHONE:
            small = [entry for entry in found if entry[0] in ("button", "summary", "select") and entry[2] < 43]
            assert small == []
    # Text against its ground, as WCAG asks of it: 4.5 to 1.
    figure = "[...Bokeh.documents[0].all_models].find((m) => m.type === 'Figure')"
    back, ink = (tab.page.evaluate(f"{figure}.{name}") for name in ("border_fill_color", "title.text_color"))
    back = {"white": "#ffffff"}.get(back, back)
    bright, dim = sorted((luminance(back), luminance(ink)), reverse=True)
    assert (bright + 0.05) / (dim + 0.05) > 4.5
    assert (luminance(back) < 0.1) == (scheme == "dark")
    assert tab.errors == []
