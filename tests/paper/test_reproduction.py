"""Running a figure: what is written, kept, repeated and refused."""

import dataclasses
import json
from pathlib import Path

import pytest

from curldescent.foundation.errors import InputError
from curldescent.paper import Claim, Computation, Finding, reproduce
from curldescent.paper.machinery import shorter, speedup_protocol
from curldescent.paper.machinery.claims import DIVIDED
from curldescent.paper.machinery.computation import kept, path_of
from curldescent.sweeps import Sweep, status
from tests.paper import figures


@pytest.fixture
def run(tmp_path: Path, in_this_process):
    """A figure's run whose cells are computed here, which spares the seconds that a worker takes to start."""
    return lambda figure=None, scale="quick": reproduce(figure or figures.tiny(), tmp_path, scale=scale, workers=1)


def test_a_run_leaves_picture_verdict_and_data(tmp_path: Path) -> None:
    verdict = reproduce(figures.tiny(), tmp_path, scale="quick", workers=1)
    assert [finding.verdict for _, finding in verdict.findings] == ["confirmed", "refuted", "undecided"]
    folder = tmp_path / "quick"
    assert {p.name for p in folder.iterdir()} == {"data", "tiny.json", "tiny.md", "tiny.pdf", "tiny.png"}
    assert status(folder / "data" / "tiny").missing == 0
    content = json.loads((folder / "tiny.json").read_text())
    assert [claim["verdict"] for claim in content["claims"]] == [f.verdict for _, f in verdict.findings]
    assert [claim["statistic"] for claim in content["claims"]] == ["ours", "paper", "ours"]
    odd = "Confirmed: value mod 2 = 1. Refuted: value mod 2 = 0. Fixed 2026-11-23."
    assert content["claims"][1]["criterion"] == f"{odd} Changed 2026-11-27: mod 2 in place of mod 4."
    row = {"name": "the value", "paper": "7", "ours": "6 ± 0.5", "difference": "-1.4"}
    assert content["published"] == [row]
    text = (folder / "tiny.md").read_text()
    assert "| the value | 7 | 6 ± 0.5 | -1.4 |" in text
    assert f"\n{DIVIDED}\n\n| value | paper | ours |" in text
    assert "value is even \\| so" in text, "a bar in a sentence must not end the cell of a table"


def test_verdicts_survive_the_number_of_tests_or_are_undecided(run, tmp_path: Path) -> None:
    def claim(name: str, holds: bool | None, p_value: float | None) -> Claim:
        return Claim(name, f"{name}.", "p", "q", lambda results: Finding(holds, name, p_value=p_value))

    several = (("a", True, 0.001), ("b", False, 0.03), ("c", None, 0.5), ("d", True, None))
    verdict = run(dataclasses.replace(figures.tiny(), claims=tuple(claim(*one) for one in several)))
    # By hand: 0.001 × 3, 0.03 × 2, 0.5.
    assert verdict.verdicts == ("confirmed", "undecided", "undecided", "confirmed")
    claims = json.loads((tmp_path / "quick/tiny.json").read_text())["claims"]
    assert [one["verdict"] for one in claims] == list(verdict.verdicts)
    assert [one["holds"] for one in claims] == [True, False, None, True]
    corrected = ["p = 0.003 among 3 tests (Holm)", "p = 0.06 among 3 tests (Holm)", "p = 0.5 among 3 tests (Holm)", ""]
    assert [one["corrected"] for one in claims] == corrected


def test_a_verdict_says_what_it_was_earlier_in_the_run(run, tmp_path: Path, monkeypatch) -> None:
    def measure(results) -> Finding:
        epochs = speedup_protocol.last_epoch(results["tiny"])
        return Finding(epochs == 40 and int(results["tiny"].epochs_to_train.max()) <= epochs, f"{epochs}", p_value=0.01)

    def experiments(scale):
        (sweep,) = [e for e in figures.experiments(scale).values() if isinstance(e, Sweep)]
        training = {"epochs": 40, "batch_size": 3, "record": [0, 2, 4, 40]}
        axes = {"hidden": [0, 0.5]}
        keep = {"epochs_to": [1e-2], "never": "last"}
        return {
            "tiny": Sweep(axes=axes, student_teacher=dict(sweep.settings.student_teacher), training=training, keep=keep)
        }

    monkeypatch.setattr(shorter, "MOMENTS", (4, 40, 4000))
    claim = Claim("long", "It is long.", "40 epochs", "fewer", measure)
    verdict = run(dataclasses.replace(figures.tiny(), experiments=experiments, claims=(claim,), published=()))
    assert {epochs: [f.verdict for f in found] for epochs, found in verdict.earlier.items()} == {4: ["refuted"]}
    content = json.loads((tmp_path / "quick/tiny.json").read_text())
    assert content["claims"][0]["earlier"] == {"4": "refuted"}
    assert "**confirmed** (refuted at 4 epochs)" in (tmp_path / "quick/tiny.md").read_text()


def test_the_scale_says_what_it_changes(run) -> None:
    assert run().changes == (
        "α_h takes 2 values instead of 3: 0, 0.5 (tiny)",
        "epochs 3 instead of 9 (tiny)",
        "value 3 instead of 9 (tiny-doubled)",
    )
    assert run(scale="paper").changes == ()


def test_nothing_is_computed_twice(run, tmp_path: Path) -> None:
    first = run()
    figures.CALLS.clear()
    again = run()
    assert figures.CALLS == []
    assert again.seconds == pytest.approx(first.seconds, abs=0.051), "a run that computes nothing adds no time"
    assert json.loads((tmp_path / "quick/tiny.json").read_text())["seconds"] == pytest.approx(first.seconds, abs=0.1)


def test_other_arguments_or_another_version_are_not_taken_for_the_kept_ones(run, tmp_path: Path) -> None:
    run()
    folder = tmp_path / "quick" / "data"
    computation = Computation(figures.doubled, {"value": 3}, identity="doubled")
    assert int(kept(folder, "tiny-doubled", computation).value) == 6
    assert kept(folder, "tiny-doubled", Computation(figures.doubled, {"value": 4}, identity="doubled")) is None
    assert kept(folder, "tiny-doubled", dataclasses.replace(computation, version=2)) is None
    assert kept(folder, "tiny-doubled", Computation(figures.failing, {"value": 3}, identity="failing")) is None


def test_a_damaged_file_is_named(run, tmp_path: Path) -> None:
    run()
    path = path_of(tmp_path / "quick" / "data", "tiny-doubled")
    path.write_bytes(b"CDF\x01 but not really")
    with pytest.raises(InputError, match=r"cannot be read .*delete it"):
        run()


def test_pictures_of_a_notebook_go_on_showing(run, monkeypatch) -> None:
    monkeypatch.setattr("matplotlib.use", lambda backend: pytest.fail(f"the backend became {backend}"))
    run()


def test_text_and_numbers_survive_the_file(run) -> None:
    run()
    run()
    assert figures.doubled(1).name.values.tolist() == ["two", "words"]


def test_computations_run_in_several_processes(tmp_path: Path) -> None:
    several = dataclasses.replace(
        figures.tiny(),
        experiments=lambda scale: {
            f"c{i}": Computation(figures.doubled, {"value": i}, identity="doubled") for i in range(3)
        },
        draw=lambda results: figures.draw_nothing(),
        claims=(),
        published=(),
    )
    figures.CALLS.clear()
    reproduce(several, tmp_path, scale="quick", workers=2)
    assert figures.CALLS == [], "they run elsewhere"
    # One worker is this process: a script may ask for it without a guard around its main part.
    reproduce(several, tmp_path / "here", scale="quick", workers=1)
    assert sorted(figures.CALLS) == [0, 1, 2]
    assert [
        int(
            kept(tmp_path / "quick/data", f"c{i}", Computation(figures.doubled, {"value": i}, identity="doubled")).value
        )
        for i in range(3)
    ] == [0, 2, 4]


def test_a_computation_that_raises_keeps_what_the_others_found(tmp_path: Path) -> None:
    broken = dataclasses.replace(
        figures.tiny(),
        experiments=lambda scale: {
            "good": Computation(figures.doubled, {"value": 1}, identity="doubled"),
            "bad": Computation(figures.failing, {"value": 1}, identity="failing"),
        },
    )
    with pytest.raises(ArithmeticError, match="no 1"):
        reproduce(broken, tmp_path, scale="quick", workers=1)
    assert (
        kept(tmp_path / "quick/data", "good", Computation(figures.doubled, {"value": 1}, identity="doubled"))
        is not None
    )


def test_unknown_scale(run) -> None:
    with pytest.raises(InputError, match="scale must be one of 'quick', 'standard', 'subset', 'paper', got 'huge'"):
        run(scale="huge")


def test_a_picture_that_cannot_be_drawn_costs_neither_verdict_nor_data(run, tmp_path: Path, capsys) -> None:
    def broken(results):
        raise OverflowError("cannot convert float infinity to integer")

    run()
    verdict = run(dataclasses.replace(figures.tiny(), draw=broken))
    folder = tmp_path / "quick"
    assert {path.name for path in folder.iterdir()} == {"data", "tiny.json", "tiny.md"}, "no picture of another run"
    assert json.loads((folder / "tiny.json").read_text())["claims"] == verdict.as_json()["claims"]
    assert "could not be drawn (cannot convert float infinity to integer)" in capsys.readouterr().err


def test_files_of_the_users_stay(run, tmp_path: Path) -> None:
    (tmp_path / "quick").mkdir()
    (tmp_path / "quick" / "notes.md").write_text("mine")
    (tmp_path / "quick" / "tiny.md").write_text("mine too")
    run()
    run()
    assert (tmp_path / "quick" / "notes.md").read_text() == "mine"
    assert (tmp_path / "quick" / "tiny.md.kept-1").read_text() == "mine too"
    assert not (tmp_path / "quick" / "tiny.md.kept-2").exists()
