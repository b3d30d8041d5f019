"""`curldescent reproduce` from outside."""

import json
import sys
from pathlib import Path

import pytest

from curldescent.apps.cli.app import main


def leave(*tokens: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(tokens)
    return int(left.value.code or 0)


def test_the_list_names_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert leave("reproduce", "--list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)["result"]["figures"]
    assert {"fig2", "fig3a"} <= {entry["figure"] for entry in listed}


@pytest.mark.parametrize(
    ("tokens", "sentence"),
    [
        (("fig99",), "there is no figure 'fig99'"),
        ((), "say which figures"),
        (("fig2", "--scale", "huge"), "scale must be one of 'quick', 'standard', 'subset', 'paper'"),
        (("report", "--scale", "quick"), "nothing was reproduced"),
        (("fig2", "--summary", "docs"), "--summary belongs to report"),
        (("keep",), "keep needs a folder"),
        (("keep", "--kept", "kept"), "nothing is finished"),
        (("plan", "fig2", "--scale", "huge"), "scale must be one of 'quick', 'standard', 'subset', 'paper'"),
        (("plan", "fig2", "--scale", ""), "scale must be one of"),
        (("fig2", "--scale", ""), "scale must be one of"),
        (("plan", "report"), "plan runs nothing"),
        (("report", "--unfinished"), "--unfinished belongs to keep"),
        (("fig2", "--scale", "quick", "--kept", "no-such-folder"), "kept must be a folder that keep_results wrote"),
    ],
)
def test_bad_input_is_one_sentence(
    tokens: tuple[str, ...], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leave("reproduce", *tokens, "--out", str(tmp_path / "out")) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert len(error.strip().splitlines()) == 1


def test_the_plan_says_what_figures_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert leave("reproduce", "plan", "fig2", "fig11d", "--scale", "quick", "--json", "--out", str(tmp_path)) == 0
    content = json.loads(capsys.readouterr().out)["result"]
    costs = {cost["experiment"]: cost for cost in content["experiments"]}
    assert costs["fig2"]["hours"] is None
    assert costs["fig11d"]["cells"] == 5
    assert costs["fig11d"]["upper_bound"]
    assert 0 < costs["fig11d"]["hours"] < 10
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_figure_that_cannot_run_costs_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    tokens = ("control-digits", "histograms", "--scale", "quick", "--out", str(tmp_path))
    assert leave("reproduce", *tokens) == 2
    error = capsys.readouterr().err
    assert "control-digits is left out: control-digits needs scikit-learn: pip install" in error
    assert "done: 1 of 2 figures; left out: control-digits: control-digits needs scikit-learn" in error
    assert (tmp_path / "quick" / "histograms.png").exists()
