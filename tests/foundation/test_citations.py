import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import curldescent as cd
from curldescent.foundation import citations


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    monkeypatch.setattr(citations, "_used", set())


def problem(**options):
    return cd.student_teacher(n_inputs=3, n_hidden=4, n_train=12, n_test=0, **options)


def network():
    return cd.field(problem(), cd.Plasticity(readout=0.25))


def shear(x, a):
    return a * x


USES = {
    "feedback": (
        lambda: cd.train(problem(), cd.Plasticity(feedback="random"), epochs=1),
        {"lillicrap2016"},
    ),
    "training": (lambda: cd.train(problem(), cd.Plasticity(), epochs=1), set()),
    "flow": (lambda: cd.flow(problem(), cd.Plasticity(), time=1.0), {"virtanen2020", "hairer1993"}),
    "flow, LSODA": (lambda: cd.flow(problem(), cd.Plasticity(), time=1.0, method="LSODA"), {"virtanen2020"}),
    "law": (lambda: cd.theory.Spectrum(0.5).stable, {"voiculescu1986"}),
    "dense stability": (lambda: cd.analysis.stability(network()), {"jacot2018"}),
    "Lanczos": (lambda: cd.analysis.stability(network(), method="matrix-free"), {"jacot2018", "lehoucq1998"}),
    "estimated curl": (lambda: cd.analysis.curl(network(), method="hutchinson", probes=10), {"hutchinson1989"}),
    "exponents": (
        lambda: cd.analysis.lyapunov_exponents(shear, np.ones(2), args=np.array([1.0, 0.5]), time=200),
        {"benettin1980"},
    ),
    "covariant vectors": (
        lambda: cd.analysis.covariant_vectors(
            shear, start=np.zeros(2), args=np.array([2.0, 0.5]), time=5, count=2, transient=5, settle=5
        ),
        {"benettin1980", "ginelli2007"},
    ),
    "0-1 test": (lambda: cd.analysis.zero_one_test(np.sin(np.arange(300.0)), angles=3), {"gottwald2009"}),
    "adjustment": (lambda: cd.optimizers.curl_descent(0.1, {"w": -1.0}, correction="sga"), {"balduzzi2018"}),
    "extragradient": (
        lambda: cd.optimizers.curl_descent(0.1, {"w": -1.0}, correction="extragradient"),
        {"korpelevich1976"},
    ),
}


@pytest.mark.parametrize("name", USES)
def test_what_runs_is_cited_and_nothing_else(name):
    run, expected = USES[name]
    if "optimizers" in run.__code__.co_names:
        pytest.importorskip("optax")
    run()
    assert set(citations.cited()) == expected | set(citations.ALWAYS)


def test_digits_are_cited():
    pytest.importorskip("sklearn")
    cd.from_data("digits", n_hidden=2)
    assert {"alpaydin1998", "pedregosa2011"} <= set(citations.cited())


def test_text_names_the_paper_first(capsys):
    citations.use("benettin1980")
    cd.cite()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("curl descent: Hugo Ninou, Jonathan Kadmon and N. Alex Cayco-Gajic (2025). Curl Descent")
    assert cd.__version__ in lines[1]
    assert len(lines) == 3
    assert "Meccanica" in lines[2]


def test_bibtex_is_balanced_and_keyed():
    citations.use(*citations.references())
    out = io.StringIO()
    cd.cite("bibtex", file=out)
    text = out.getvalue()
    assert re.findall(r"^@\w+\{(\w+),$", text, re.MULTILINE) == list(citations.references())
    assert text.count("{") == text.count("}")
    assert text.count("  title = {") == len(citations.references())


def test_every_reference_that_is_used_is_in_the_file():
    """A key without an entry would silently not be cited."""
    package = Path(cd.__file__).parent
    calls = [call for file in package.rglob("*.py") for call in re.findall(r"\buse\(([^)]*)\)", file.read_text())]
    keys = {key for call in calls for key in re.findall(r'"([a-z]+[0-9]{4})"', call)}
    assert keys <= set(citations.references())


def test_the_citation_file_says_the_same():
    text = (Path(__file__).parents[2] / "CITATION.cff").read_text(encoding="utf-8")
    paper = citations.fields(citations.references()["ninou2025curl"])
    assert paper["title"] in text
    assert f"{paper['archiveprefix']}:{paper['eprint']}" in text
    for author in paper["author"].split(" and "):
        family, given = author.split(", ")
        assert f"family-names: {family}" in text
        assert f"given-names: {given}" in text


def test_an_unknown_form_is_refused():
    with pytest.raises(cd.InputError, match="form must be"):
        cd.cite("html")


def test_a_fresh_process_cites_the_paper_and_the_software():
    done = subprocess.run(
        [sys.executable, "-c", "import curldescent as cd; cd.cite()"], capture_output=True, text=True, timeout=60
    )
    assert len(done.stdout.splitlines()) == 2, done.stderr
