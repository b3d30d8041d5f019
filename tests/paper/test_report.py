"""The report: self-contained, complete, escaped."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from curldescent.foundation.errors import InputError
from curldescent.foundation.progress import on_stderr
from curldescent.paper import reproduce, write_reproduction_report
from curldescent.paper.runs import registry
from curldescent.paper.runs.verdict import read_verdict, verdict_of
from tests.paper import figures


@pytest.fixture
def reproduced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_this_process) -> Path:
    for module in ("report", "report_pages"):
        monkeypatch.setattr(f"curldescent.paper.runs.{module}.figures", lambda: (figures.tiny(),))
    reproduce(figures.tiny(), tmp_path, scale="quick", workers=1)
    return tmp_path


def test_the_page_needs_nothing_else(reproduced: Path) -> None:
    page, numbers = write_reproduction_report(reproduced, scale="quick")
    html = page.read_text()
    assert "data:image/png;base64," in html
    assert "http" not in html.replace("http-equiv", "")
    assert "Tiny &lt;figure&gt;" in html
    assert html.count("undecided") >= 2
    assert json.loads(numbers.read_text())[0]["figure"] == "tiny"


def test_the_summary_names_every_claim(reproduced: Path, tmp_path: Path) -> None:
    written = write_reproduction_report(reproduced, scale="quick", summary=tmp_path / "docs")
    docs = tmp_path / "docs"
    page = (docs / "controls.md").read_text()
    assert all(claim.statement.replace("|", "\\|") in page for claim in figures.tiny().claims)
    assert {p.name for p in written[2:]} == {"README.md", "verdicts.png", "controls.md", "tiny.png", "tiny.md"}
    tally = re.search(r"the runs of `curldescent reproduce`: (.*)\.", (docs / "README.md").read_text())
    assert tally is not None
    counts = Counter(claim["report_verdict"] for claim in json.loads(written[1].read_text())[0]["claims"])
    assert tally[1] == ", ".join(f"{counts[v]} {v}" for v in ("confirmed", "refuted", "undecided") if counts[v])


def test_what_is_open_is_named_with_what_the_papers_scale_takes(reproduced: Path, tmp_path: Path) -> None:
    _, numbers, *_ = write_reproduction_report(reproduced, scale="quick", summary=tmp_path / "docs")
    page = (tmp_path / "docs" / "README.md").read_text()
    claims = json.loads(numbers.read_text())[0]["claims"]
    left = sum(claim["report_verdict"] == "undecided" for claim in claims)
    # Three fractions, two trials, nine epochs of two batches: 108 updates.
    assert f"| tiny | {left} of {len(claims)} |  | quick | 3 × 2 | 1.1e+02 |" in page


def test_what_no_larger_run_can_settle_is_named_apart(
    reproduced: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A figure whose paper scale is the one that was run.
    same = replace(figures.tiny(), experiments=lambda scale: figures.tiny().at("quick"))
    for module in ("report", "report_pages"):
        monkeypatch.setattr(f"curldescent.paper.runs.{module}.figures", lambda: (same,))
    write_reproduction_report(reproduced, scale="quick", summary=tmp_path / "docs")
    page = (tmp_path / "docs" / "README.md").read_text()
    before, after = page.split("Figures run whole")
    assert "| tiny | " not in before.split("## What is open")[1]
    assert "| tiny | " in after


def test_a_verdict_of_the_report_says_what_its_figure_alone_would() -> None:
    claim = {"verdict": "confirmed", "earlier": {"1000": "undecided", "10000": "confirmed"}}
    assert verdict_of(claim) == "**confirmed** (undecided at 1 000 epochs)"
    assert verdict_of({**claim, "report_verdict": "confirmed"}) == "**confirmed** (undecided at 1 000 epochs)"
    assert verdict_of({**claim, "report_verdict": "undecided"}) == (
        "**undecided** (confirmed among the figure's own tests, among these undecided at 1 000 epochs)"
    )
    # Nothing moved: the correction alone is no movement with epochs.
    still = {"verdict": "confirmed", "earlier": {"1000": "confirmed"}, "report_verdict": "undecided"}
    assert verdict_of(still) == "**undecided** (confirmed among the figure's own tests)"


def test_a_later_report_keeps_what_was_not_run_again(reproduced: Path, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    write_reproduction_report(reproduced, scale="quick", summary=docs)
    (docs / "mine.md").write_text("not ours")
    before = {path.name: path.read_bytes() for path in docs.iterdir() if path.is_file()}
    written = write_reproduction_report(tmp_path / "empty", summary=docs)
    assert written[0].parent == tmp_path / "empty"
    assert {path.name: path.read_bytes() for path in docs.iterdir() if path.is_file()} == before


def test_each_figure_at_the_highest_scale_it_was_run_at(reproduced: Path) -> None:
    reproduce(figures.tiny(), reproduced, scale="standard", workers=1)
    _, numbers = write_reproduction_report(reproduced)
    assert numbers.parent == reproduced
    assert json.loads(numbers.read_text())[0]["scale"] == "standard"
    _, numbers = write_reproduction_report(reproduced, scale="quick")
    assert json.loads(numbers.read_text())[0]["scale"] == "quick"


def test_verdicts_are_corrected_over_the_whole_report() -> None:
    from curldescent.paper.runs import report

    def content(holds: bool, p_value: float) -> dict[str, list[dict[str, object]]]:
        verdict = "confirmed" if holds else "refuted"
        return {"claims": [{"holds": holds, "p_value": p_value, "verdict": verdict}]}

    # Holm: 0.02 is the larger of two, so it stays; with a third test of 0.03 it is doubled to 0.04; of 0.001 too.
    found = [content(True, 0.02), content(False, 0.001), content(True, 0.03)]
    report._correct(found)
    assert [one["claims"][0]["report_verdict"] for one in found] == ["confirmed", "refuted", "confirmed"]
    found = [content(True, 0.03), content(True, 0.04), content(True, 0.001)]
    report._correct(found)
    assert [one["claims"][0]["report_verdict"] for one in found] == ["undecided", "undecided", "confirmed"]


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


def test_an_earlier_verdict_of_a_higher_scale_stays(
    reproduced: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    docs, here = tmp_path / "docs", tmp_path / "here"
    reproduce(figures.tiny(), tmp_path, scale="standard", workers=1)
    write_reproduction_report(tmp_path, summary=docs)
    before = (docs / "verdicts" / "tiny.json").read_bytes()
    reproduce(figures.tiny(), here, scale="quick", workers=1)
    write_reproduction_report(here, summary=docs, progress=on_stderr("report"))
    assert (docs / "verdicts" / "tiny.json").read_bytes() == before
    assert "the earlier verdict at standard scale stays" in capsys.readouterr().err
    # Whoever names the scale means it.
    write_reproduction_report(here, scale="quick", summary=docs)
    assert json.loads((docs / "verdicts" / "tiny.json").read_bytes())["scale"] == "quick"


@pytest.mark.parametrize(
    "damage",
    [
        {"seconds": None},
        {"seconds": "long"},
        {"seconds": float("nan")},
        {"scale": "huge"},
        {"scale": 5},
        {"environment": []},
        {"changes": "none"},
        {"claims": {}},
        {"claims": [{}]},
        {"published": [{}]},
        {"figure": "other"},
        *({"claim": change} for change in ({"holds": "yes"}, {"p_value": 2.0}, {"p_value": "x"}, {"said": None})),
        *({"claim": change} for change in ({"earlier": {"x": "confirmed"}}, {"earlier": []}, {"statistic": "mine"})),
    ],
    ids=repr,
)
def test_a_verdict_that_is_none_is_one_sentence(reproduced: Path, damage: dict) -> None:
    path = reproduced / "quick" / "tiny.json"
    content = json.loads(path.read_text())
    content["claims"][0].update(damage.pop("claim", {}))
    path.write_text(json.dumps({**content, **damage}))
    with pytest.raises(InputError, match="is not the verdict of tiny; delete it and run the figure again"):
        write_reproduction_report(reproduced)


@pytest.mark.parametrize(
    "text", ["", "[" * 100_000, "{}", "[]", "null", "\0"], ids=["empty", "deep", "{}", "[]", "null", "zero"]
)
def test_a_file_that_is_no_verdict_is_one_sentence(reproduced: Path, text: str) -> None:
    (reproduced / "quick" / "tiny.json").write_text(text)
    with pytest.raises(InputError, match="is not the verdict of tiny; delete it and run the figure again"):
        write_reproduction_report(reproduced)


def test_every_committed_verdict_can_be_read() -> None:
    folder = Path(__file__).parents[2] / "docs" / "reproduction" / "verdicts"
    keys = {path.stem for path in folder.glob("*.json")}
    assert keys == {figure.key for figure in registry.figures()}
    assert all(read_verdict(folder, key) is not None for key in keys)
