"""The pages of docs/ say what is so: their code runs, their figures have a source, their tutorials work."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [
    *(DOCS / f"{name}.md" for name in ("faq", "citing", "chaos", "limits_of_chaos", "nonlinear_theory")),
    *sorted(DOCS.glob("why_faster*.md")),
    *sorted((DOCS / "how_to").glob("*.md")),
]
# A comment before a block says which packages it needs, and whether it is slow.
BLOCK = re.compile(r"(?:<!-- ((?:needs|slow)[\w, ]*) -->\n)?```python\n(.*?)```", re.DOTALL)


def blocks():
    for page in PAGES:
        for number, (note, code) in enumerate(BLOCK.findall(page.read_text(encoding="utf-8"))):
            words = re.findall(r"\w+", note)
            slow = [pytest.mark.slow] if "slow" in words else []
            needed = [word for word in words if word not in ("needs", "slow")]
            yield pytest.param(needed, code, id=f"{page.stem}-{number}", marks=slow)


@pytest.mark.filterwarnings("ignore:In the future .* will be an error:FutureWarning")
@pytest.mark.parametrize(("packages", "code"), list(blocks()))
def test_the_code_of_a_page_runs(packages, code, tmp_path, monkeypatch):
    for package in packages:
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    if '__name__ == "__main__"' not in code:
        exec(compile(code, "<page>", "exec"), {"__name__": "page"})
        return
    (tmp_path / "page.py").write_text(code)  # processes that it starts import it
    done = subprocess.run([sys.executable, "page.py"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def tutorials():
    """They take ten seconds and more each."""
    for path in sorted((DOCS / "tutorials").glob("*.py")):
        yield pytest.param(path, marks=pytest.mark.slow, id=path.stem)


@pytest.mark.parametrize("path", list(tutorials()))
def test_a_tutorial_runs(path, tmp_path):
    needs_of(path)
    done = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=600,
        env={**os.environ, "MPLBACKEND": "agg"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert list(tmp_path.glob(f"{path.stem}_*.png"))


def needs_of(path):
    for package in {"optimizer": ("optax", "sklearn")}.get(path.stem, ()):
        pytest.importorskip(package)


# What `jupytext --to notebook --execute` does; prints the outputs of all cells.
AS_A_NOTEBOOK = """
import json, sys
import jupytext, nbclient
notebook = jupytext.read(sys.argv[1], fmt="py:percent")
nbclient.NotebookClient(notebook, timeout=900).execute()
print(json.dumps([output for cell in notebook.cells for output in cell.get("outputs", [])]))
"""


@pytest.mark.parametrize("path", list(tutorials()))
def test_a_tutorial_runs_as_a_notebook(path, tmp_path):
    needs_of(path)
    for package in ("jupytext", "nbclient", "ipykernel"):
        pytest.importorskip(package)
    # In a folder of its own: it asks for nothing that lies beside it.
    command = [sys.executable, "-c", AS_A_NOTEBOOK, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=1800)
    assert done.returncode == 0, done.stderr
    outputs = json.loads(done.stdout)
    assert any("text" in output for output in outputs)
    assert any("image/png" in output.get("data", {}) for output in outputs)


def test_all_six_tutorials_are_there():
    listed = re.search(r"```\{toctree\}.*?\n\n(.*?)\n```", (DOCS / "tutorials/index.md").read_text(), re.DOTALL)[1]
    assert set(listed.split()) == {path.stem for path in (DOCS / "tutorials").glob("*.py")}
    assert len(listed.split()) == 6


def test_every_figure_names_its_source():
    table = (DOCS / "development.md").read_text(encoding="utf-8")
    sources = dict(re.findall(r"^\| `(\w+)\.png` \| `python ([\w/]+\.py)", table, re.MULTILINE))
    assert set(sources) == {path.stem for path in (DOCS / "figures").glob("*.png")}
    for figure, script in sources.items():
        assert (ROOT / script).is_file()
        assert figure in (ROOT / script).read_text(encoding="utf-8"), f"{script} does not write {figure}"


@pytest.fixture
def extensions(monkeypatch):
    pytest.importorskip("sphinx")
    monkeypatch.syspath_prepend(str(DOCS / "_extensions"))


def test_the_site_check_sees_a_public_name_that_is_missing(extensions):
    import public_names

    everything = {f"{m}.{name}" for m, names in public_names.PUBLIC.items() for name in names}
    assert public_names.missing(everything) == []
    assert public_names.missing(everything - {"curldescent.train"}) == ["curldescent.train"]
    # Described once, public twice.
    assert public_names.missing(everything - {"curldescent.optimizers.Signature"}) == []


def test_every_public_name_is_in_the_reference(extensions):
    import public_names

    found = set()
    for page in (DOCS / "api").glob("*.md"):
        module = ""
        for line in page.read_text(encoding="utf-8").splitlines():
            if line.startswith((".. currentmodule:: ", ".. module:: ")):
                module = line.split(":: ")[1]
                found.add(module)
            elif line.startswith(".. auto"):
                found.add(f"{module}.{line.split(':: ')[1]}")
    assert public_names.missing(found) == []


def test_the_site_check_sees_what_a_page_would_load(extensions, tmp_path):
    import offline

    (tmp_path / "page.html").write_text(
        '<link rel="stylesheet" href="https://fonts.example/a.css"><script src="//cdn.example/m.js"></script>'
        '<a href="https://example.org">followed, not loaded</a><link rel="license" href="https://example.org/l">'
        '<img src="figure.png"><style>@import "http://example.net/b.css";</style>'
    )
    (tmp_path / "site.css").write_text("@font-face { src: url(https://fonts.example/f.woff2) } p { color: red }")
    assert offline.remote_loads(tmp_path) == [
        ("page.html", "https://fonts.example/a.css"),
        ("page.html", "//cdn.example/m.js"),
        ("page.html", "http://example.net/b.css"),
        ("site.css", "https://fonts.example/f.woff2"),
    ]


# What pages speak of that is not there: examples of names, files of users, the file of a future deprecation.
NOT_OURS = {"NAME.py", "random.py", "deprecations.py"}
MENTIONED = re.compile(r"(?<![\w/.*…~-])((?:[\w-]+/)*[\w-]+\.(?:py|md))\b(?!\.)")


def test_files_that_pages_and_docstrings_speak_of_are_there():
    sources = sorted((ROOT / "src").rglob("*.py"))
    names = [path.relative_to(ROOT).as_posix() for folder in ROOT.iterdir() for path in files_below(folder)]
    missing = {}
    for page in [ROOT / "README.md", *sorted(DOCS.rglob("*.md")), *sources]:
        for name in MENTIONED.findall(page.read_text(encoding="utf-8")):
            if name.rpartition("/")[2] not in NOT_OURS and not any(f"/{found}".endswith(f"/{name}") for found in names):
                missing.setdefault(page.relative_to(ROOT).as_posix(), []).append(name)
    assert missing == {}


def files_below(folder):
    if folder.is_file():
        return [folder]
    ours = folder.name in ("src", "tests", "docs", "examples", "benchmarks")
    return [path for path in folder.rglob("*") if path.is_file()] if ours else []


# Modules that a docstring names in backticks, from the package down or from one of its folders; `training` was one.
FOLDERS = "foundation|model|theory|learning|analysis|sweeps|plots|apps|training"
DOTTED = re.compile(rf"`(?:curldescent\.)?((?:{FOLDERS})(?:\.\w+)+)`")


def test_modules_that_docstrings_speak_of_are_there():
    package = ROOT / "src" / "curldescent"
    missing = {}
    for source in package.rglob("*.py"):
        for name in DOTTED.findall(source.read_text(encoding="utf-8")):
            parts = name.split(".")
            whole = package.joinpath(*parts)
            known = whole.is_dir() or whole.with_suffix(".py").is_file()
            # The last part may be a name in a module, or in a package's face.
            home = package.joinpath(*parts[:-1])
            for text in (home.with_suffix(".py"), home / "__init__.py", home / "__init__.pyi"):
                known = known or (text.is_file() and re.search(rf"\b{parts[-1]}\b", text.read_text(encoding="utf-8")))
            if not known:
                missing.setdefault(source.relative_to(ROOT).as_posix(), []).append(name)
    assert missing == {}


DIFF = re.compile(r"```diff\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("page", sorted((DOCS / "development").glob("add_*.md")), ids=lambda page: page.stem)
def test_the_diffs_of_a_page_are_what_stands_in_the_repository(page):
    """Each hunk, its added lines and those around it, stands in the file that it names, line after line."""
    found = DIFF.findall(page.read_text(encoding="utf-8"))
    assert len(found) >= 2
    for diff in found:
        head, *hunks = diff.split("@@ @@\n")
        name = re.search(r"^\+\+\+ (.*)$", head, re.MULTILINE)[1]
        content = (ROOT / name).read_text(encoding="utf-8").splitlines()
        assert hunks
        for hunk in hunks:
            lines = [line[1:] for line in hunk.splitlines()]
            assert {line[0] for line in hunk.splitlines()} <= {"+", " "}
            there = any(content[k : k + len(lines)] == lines for k in range(len(content)))
            assert there, f"{name} no longer holds:\n{hunk}"


def test_links_of_the_contributing_guide_lead_somewhere():
    for page in (ROOT / "CONTRIBUTING.md", *sorted((DOCS / "development").glob("*.md"))):
        targets = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
        assert targets or page.parent.name == "development"
        for target in targets:
            assert (page.parent / target).exists(), f"{page.name}: {target}"
