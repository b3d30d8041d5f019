"""The built site: search finds the field's words, links lead somewhere, signatures can be read."""

import html
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

# What a newcomer types, and pages that it must lead to.
SEARCHED = {
    "equinox": {"how_to/equinox"},
    "flax": {"how_to/flax"},
    "slurm": {"how_to/slurm"},
    "read-only": {"how_to/containers"},
    "Dale": {"curl_sources", "glossary"},
    "Oja": {"how_to/rules", "glossary"},
    "chaos": {"chaos", "glossary"},
    "feedback alignment": {"how_to/plasticity", "glossary"},
}


@pytest.mark.parametrize(("words", "pages"), SEARCHED.items())
def test_the_pages_that_search_must_find_have_its_words(words, pages):
    """The cheap one beside the search itself."""
    for page in pages:
        assert words.lower() in (DOCS / f"{page}.md").read_text(encoding="utf-8").lower(), page


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The whole site, strict; tutorials are not run, which other tests do."""
    pytest.importorskip("sphinx")
    pytest.importorskip("myst_nb")
    pytest.importorskip("furo")
    out = tmp_path_factory.mktemp("site")
    options = ["nb_execution_mode=off", "suppress_warnings=myst-nb.lexer"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "-n", "--keep-going", "-q", "-b", "html"]
        + [part for option in options for part in ("-D", option)]
        + ["-d", str(out / "doctrees"), str(DOCS), str(out / "html")],
        capture_output=True,
        text=True,
        timeout=1200,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 0, done.stderr
    return out / "html"


@pytest.fixture(scope="module")
def index(site):
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    return json.loads(re.fullmatch(r"Search\.setIndex\((.*)\);?\s*", text, re.DOTALL)[1])


@pytest.mark.slow
@pytest.mark.parametrize(("words", "pages"), SEARCHED.items())
def test_search_finds_what_a_newcomer_types(index, words, pages):
    from sphinx.search.en import SearchEnglish

    language = SearchEnglish({})
    found = set(range(len(index["docnames"])))
    for word in language.split(words):
        stem = language.stem(word.lower())
        hits = [index[where].get(stem, []) for where in ("terms", "titleterms")]
        found &= {n for hit in hits for n in (hit if isinstance(hit, list) else [hit])}
    assert pages <= {index["docnames"][n] for n in found}


class Page(HTMLParser):
    """What a page links to, what can be linked to in it, and what it says first."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        self.links += [given[name] for name in ("href", "src") if given.get(name)]


@pytest.mark.slow
def test_links_within_the_site_lead_somewhere(site):
    pages = {path: Page(path) for path in site.rglob("*.html") if path.name != "phase_diagram.html"}
    assert len(pages) > 80
    dead, followed = [], 0
    for path, page in pages.items():
        for link in page.links:
            if re.match(r"(\w+:|//)", link):
                continue
            file, _, anchor = unquote(link).partition("#")
            target = (path.parent / file.partition("?")[0]).resolve() if file else path
            followed += 1
            there = target.exists() and (not anchor or target not in pages or anchor in pages[target].anchors)
            if not there:
                dead.append(f"{path.relative_to(site)}: {link}")
    assert followed > 5000
    assert dead == []


SIGNATURE = re.compile(r'<dt class="sig sig-object py" id="([^"]+)">(.*?)</dt>', re.DOTALL)


@pytest.mark.slow
def test_signatures_can_be_read(site):
    """A long one has a line for each argument, and none is a screen of types."""
    found = {}
    for page in (site / "api").glob("*.html"):
        for name, inside in SIGNATURE.findall(page.read_text(encoding="utf-8")):
            lines = re.split(r"<dd>|</dl>", inside)
            found[name] = max(len(" ".join(html.unescape(re.sub(r"<[^>]+>", "", line)).split())) for line in lines)
    assert len(found) > 300
    assert {name: length for name, length in found.items() if length > 110} == {}


@pytest.mark.slow
def test_no_argument_is_taken_for_a_list(site):
    """`n_inputs: M.` is a sentence, not the item M of a list."""
    for page in (site / "api").glob("*.html"):
        assert '<ol class="upper' not in page.read_text(encoding="utf-8"), page.name


@pytest.mark.slow
def test_pages_begin_by_saying_what_they_are_for(site):
    """A sentence between a page's title and its first list, table or code."""
    silent = []
    for path in site.rglob("*.html"):
        if path.name in ("genindex.html", "py-modindex.html", "search.html", "phase_diagram.html"):
            continue
        after = path.read_text(encoding="utf-8").partition("</h1>")[2].lstrip()
        first = re.match(r"<p\b[^>]*>(.*?)</p>", after, re.DOTALL)
        if first is None or len(re.sub(r"<[^>]+>", "", first[1]).split()) < 4:
            silent.append(str(path.relative_to(site)))
    assert silent == []


GALLERY = (DOCS / "gallery.md").read_text(encoding="utf-8")


def test_the_gallery_shows_the_lines_that_make_its_pictures():
    table = (DOCS / "development.md").read_text(encoding="utf-8")
    sources = dict(re.findall(r"^\| `(\w+)\.png` \| `python ([\w/]+\.py)", table, re.MULTILINE))
    entries = re.findall(
        r"^!\[.+?\]\(figures/(\w+)\.png\)\n\n.*?"
        r"\{literalinclude\} \.\./(\S+)\n:language: python\n(?::pyobject: (\w+)\n)?```",
        GALLERY,
        re.DOTALL | re.MULTILINE,
    )
    assert {figure: script for figure, script, _ in entries} == {figure: sources[figure] for figure, _, _ in entries}
    assert {script for _, script, _ in entries} == set(sources.values())
    for _, script, function in entries:
        assert f"def {function}(" in (ROOT / script).read_text(encoding="utf-8") if function else True


def test_every_entry_of_the_gallery_is_in_its_grid():
    grid, _, below = GALLERY.partition(":::\n")
    titles = re.findall(r"^## (.+)$", below, re.MULTILINE)
    assert len(titles) > 10
    assert re.findall(r"\*\*(.+?)\*\*\]", grid) == titles
    assert re.findall(r"\]\((?:figures|reproduction)/(\w+)\.png\)", grid) == re.findall(
        r"^!\[.+?\]\((?:figures|reproduction)/(\w+)\.png\)$", below, re.MULTILINE
    )
