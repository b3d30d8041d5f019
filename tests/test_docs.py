"""The pages of docs/ say what is so: their code runs, their figures have a source, their tutorials work."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [DOCS / "faq.md", DOCS / "citing.md", *sorted((DOCS / "how_to").glob("*.md"))]
BLOCK = re.compile(r"(<!-- needs (\w+) -->\n)?```python\n(.*?)```", re.DOTALL)


def blocks():
    for page in PAGES:
        for number, (_, package, code) in enumerate(BLOCK.findall(page.read_text(encoding="utf-8"))):
            yield pytest.param(package, code, id=f"{page.stem}-{number}")


@pytest.mark.filterwarnings("ignore:In the future .* will be an error:FutureWarning")
@pytest.mark.parametrize(("package", "code"), blocks())
def test_the_code_of_a_page_runs(package, code, tmp_path, monkeypatch):
    if package:
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "<page>", "exec"), {"__name__": "page"})


@pytest.mark.parametrize("path", sorted((DOCS / "tutorials").glob("*.py")), ids=lambda path: path.stem)
def test_a_tutorial_runs(path, tmp_path):
    for package in {"optimizer": ("optax", "sklearn"), "sweep_on_a_cluster": ("distributed",)}.get(path.stem, ()):
        pytest.importorskip(package)
    done = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=300,
        env={**__import__("os").environ, "MPLBACKEND": "agg"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_all_five_tutorials_are_there():
    listed = re.search(r"```\{toctree\}.*?\n\n(.*?)\n```", (DOCS / "tutorials/index.md").read_text(), re.DOTALL)[1]
    assert set(listed.split()) == {path.stem for path in (DOCS / "tutorials").glob("*.py")}
    assert len(listed.split()) == 5


def test_every_figure_names_its_source():
    table = (DOCS / "development.md").read_text(encoding="utf-8")
    sources = dict(re.findall(r"^\| `(\w+)\.png` \| `python ([\w/]+\.py)", table, re.MULTILINE))
    assert set(sources) == {path.stem for path in (DOCS / "figures").glob("*.png")}
    for figure, script in sources.items():
        assert (ROOT / script).is_file()
        assert figure in (ROOT / script).read_text(encoding="utf-8"), f"{script} does not write {figure}"
