"""The yardsticks compute the same as what they are held against, and the command prints what was measured."""

import json

import numpy as np
import pytest

from curldescent.apps.bench import measure, settings, table
from curldescent.apps.bench.textbook import TextbookStudent, TunedStudent
from curldescent.apps.cli import main
from curldescent.learning.engines.reference import JaxEngine

SMALL = [
    settings.Setting("linear", 7, 30, 24, 5),
    settings.Setting("linear", 7, 5, 24, 24, preserve_norms=False),
    settings.Setting("tanh", 6, 9, 24, 24),
    settings.Setting("tanh", 6, 9, 24, 5),
]


@pytest.mark.parametrize("student", [TextbookStudent, TunedStudent])
@pytest.mark.parametrize("setting", SMALL, ids=lambda s: s.label)
def test_the_numpy_yardsticks_follow_the_rule(setting, student):
    experiment = table.setup(setting)
    reference, ours = JaxEngine(experiment), student(experiment)
    reference.advance(6)
    ours.advance(6)
    np.testing.assert_allclose(ours.hidden, reference.weights()[0][0, 0], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(ours.readout, reference.weights()[1][0, 0, 0], rtol=1e-11, atol=1e-13)


def test_every_contender_is_measured_in_turn():
    calls = []

    class Counted:
        def __init__(self, name):
            self.name = name

        def advance(self, epochs):
            calls.append(self.name)
            sum(range(2000 * epochs))

    times = measure.side_by_side({"a": Counted("a"), "b": Counted("b")}, rounds=3, sample=0.001)
    assert calls[-6:] == ["a", "b"] * 3
    assert times["a"] > 0


def test_the_command_prints_json_of_every_setting(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(table, "compile_seconds", lambda: {"linear": {"first": 3.0, "cached": 0.5}})
    found = table.measure(SMALL[:1], rounds=1, sample=0.002)

    class Process:
        returncode = 0

        def __init__(self, command, **options):
            assert options["env"]["OPENBLAS_NUM_THREADS"] == "1"

        def __enter__(self):
            return self

        def __exit__(self, *fault):
            pass

        def kill(self):
            pass

        def communicate(self):
            return json.dumps(found), None

    monkeypatch.setattr("curldescent.apps.cli.bench.subprocess.Popen", Process)
    for arguments in (["bench", "--json", "--out", str(tmp_path)], ["bench"]):
        with pytest.raises(SystemExit) as left:
            main(arguments)
        assert left.value.code == 0
        printed = capsys.readouterr().out
        if "--json" in arguments:
            assert json.loads(printed)["result"] == json.loads((tmp_path / "bench.json").read_text()) == found
        else:
            assert "linear M=7, N=30, batch 5" in printed
    assert found["rows"][0]["fused"] > 0


@pytest.mark.slow
def test_the_cache_spares_the_next_process_the_compilation():
    for took in table.compile_seconds().values():
        assert took["cached"] < 0.5 * took["first"]


def test_bad_numbers_are_refused_in_one_sentence(capsys):
    with pytest.raises(SystemExit) as left:
        main(["bench", "--rounds", "0"])
    assert left.value.code == 2
    assert "--rounds" in capsys.readouterr().err
