"""The report: self-contained, complete, escaped."""

import json
from pathlib import Path

import pytest

from curldescent.foundation.errors import InputError
from curldescent.paper import reproduce, write_reproduction_report
from curldescent.paper.runs import registry
from tests.paper import figures


@pytest.fixture
def reproduced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_this_process) -> Path:
    monkeypatch.setattr("curldescent.paper.runs.report.figures", lambda: (figures.tiny(),))
    reproduce(figures.tiny(), tmp_path, scale="quick", workers=1)
    return tmp_path


def test_the_page_needs_nothing_else(reproduced: Path) -> None:
    page, numbers = write_reproduction_report(reproduced, scale="quick")
    html = page.read_text()
    assert "data:image/png;base64," in html
    assert "http" not in html.replace("http-equiv", "")
    assert "Tiny &lt;figure&gt;" in html
    assert html.count("not tested at this scale") >= 2
    assert json.loads(numbers.read_text())[0]["figure"] == "tiny"


def test_the_summary_names_every_claim(reproduced: Path, tmp_path: Path) -> None:
    written = write_reproduction_report(reproduced, scale="quick", summary=tmp_path / "docs")
    readme = (tmp_path / "docs" / "README.md").read_text()
    assert all(claim.statement.replace("|", "\\|") in readme for claim in figures.tiny().claims)
    assert {p.name for p in written[2:]} == {"README.md", "tiny.png", "tiny.md"}


def test_nothing_reproduced(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing was reproduced"):
        write_reproduction_report(tmp_path, scale="quick")


def test_a_foreign_verdict_is_named(reproduced: Path) -> None:
    (reproduced / "quick" / "tiny.json").write_text('{"figure": "other"}')
    with pytest.raises(InputError, match=r"tiny.json' is not the verdict of tiny"):
        write_reproduction_report(reproduced, scale="quick")


def test_the_real_registry_is_what_the_report_walks() -> None:
    from curldescent.paper.runs import report

    assert report.figures is registry.figures
