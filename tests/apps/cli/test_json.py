"""Every command's --json against the one schema that the documentation shows."""

import json
from importlib.resources import files

import pytest

import curldescent as cd
from curldescent.apps.cli.app import app, main
from tests.apps.cli.schema import faults
from tests.sweeps.conftest import fill, small

SCHEMA = json.loads(files("curldescent.apps.cli").joinpath("output.schema.json").read_text(encoding="utf-8"))
SWEEP = """
[axes]
n_train = [4, 6]
[student_teacher]
n_inputs = 3
n_hidden = 4
trials = 1
[training]
epochs = 2
"""
KERNEL = ("--activation", "relu", "--samples-per-input", "2.5", "--scale", "2")
# What each command is asked, in a folder with a table, a sweep and a store.
COMMANDS = {
    "bench": ["bench"],
    "demo": ["demo"],
    "train": ["train", "--data", "t.csv", "--epochs", "2", "--trials", "2"],
    "train, classes": ["train", "--data", "t.csv", "--targets", "kind", "--epochs", "2", "--test-fraction", "0"],
    "train, a file": ["train", "e.toml"],
    "train, diverging": ["train", "--data", "t.csv", "--learning-rate", "1e9", "--epochs", "9", "--flip-hidden", "1"],
    "reproduce": ["reproduce", "fig2", "--scale", "quick"],
    "reproduce, the costs": ["reproduce", "plan", "fig2"],
    "reproduce, the list": ["reproduce", "--list"],
    "theory critical-ratio": ["theory", "critical-ratio", "--hidden", "0", "1"],
    "theory critical-fraction": ["theory", "critical-fraction", "hidden", "--ratio", "0.3", "0.5"],
    "theory spectrum": ["theory", "spectrum", "--ratio", "0.5", "--readout", "1:0.9,-0.5:0.1", "--sample", "20"],
    "theory phase-diagram": ["theory", "phase-diagram", "joint", "--ratio", "0.2", "--resolution", "5"],
    "theory phase-diagram, the lowest": [
        "theory",
        "phase-diagram",
        "hidden",
        "--quantity",
        "lambda_min",
        "--resolution",
        "4",
    ],
    "theory critical-ratio, relu": ["theory", "critical-ratio", "--readout", "0.1", *KERNEL],
    "theory critical-fraction, relu": ["theory", "critical-fraction", "readout", "--ratio", "0.5", *KERNEL],
    "theory spectrum, relu": ["theory", "spectrum", "--ratio", "0.5", "--readout", "0.6", "--sample", "20", *KERNEL],
    "theory phase-diagram, relu": ["theory", "phase-diagram", "readout", "--resolution", "4", *KERNEL],
    "sweep plan": ["sweep", "plan", "sweep.toml", "--no-calibrate"],
    "sweep run": ["sweep", "run", "sweep.toml", "--store", "new", "--workers", "1"],
    "sweep retry": ["sweep", "retry", "--store", "whole", "--workers", "1"],
    "sweep status": ["sweep", "status", "--store", "store"],
    "sweep status, verified": ["sweep", "status", "--store", "store", "--verify"],
    "sweep export": ["sweep", "export", "--store", "store", "--out", "all.nc"],
    "sweep export, a table": ["sweep", "export", "--store", "store", "--out", "all", "--format", "csv"],
    "sweep merge": ["sweep", "merge", "store", "--store", "merged"],
    "sweep compact": ["sweep", "compact", "--store", "whole"],
    "doctor": ["doctor"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("json")
    rows = "".join(f"{k},{k * k % 7},{'ab'[k % 2]},{k % 5}.5\n" for k in range(20))
    (folder / "t.csv").write_text("id,x,kind,y\n" + rows)
    (folder / "sweep.toml").write_text(SWEEP)
    (folder / "e.toml").write_text(
        "[student_teacher]\nn_inputs = 3\nn_hidden = 4\nn_train = 9\n[training]\nepochs = 2\n"
    )
    fill(small(), folder / "store", skip=[(1, 1)])
    fill(small(), folder / "whole")
    return folder


def commands(group, before=()):
    """The names of all commands that print JSON."""
    for name in group:
        if name.startswith("-"):
            continue
        one = group[name]
        if one.default_command is None:
            yield from commands(one, (*before, name))
        elif any(argument.name == "--json" for argument in one.assemble_argument_collection()):
            yield " ".join((*before, name))


def test_every_command_with_json_is_asked_and_described():
    there = set(commands(app))
    assert "sweep merge" in there
    assert there == {name.partition(",")[0] for name in COMMANDS}
    assert there == set(SCHEMA["$defs"]) == set(SCHEMA["properties"]["command"]["enum"])
    conditions = [part["if"]["properties"]["command"]["const"] for part in SCHEMA["allOf"]]
    assert conditions == list(SCHEMA["$defs"])


@pytest.fixture
def shortened(monkeypatch):
    """What takes minutes is shortened; what is printed of it is not."""
    from curldescent.apps.demo import tour, two_weights

    monkeypatch.setattr(tour, "PARTS", (two_weights,))
    found = {
        "machine": "m",
        "cores": 2,
        "dgemm_gflops": 1.0,
        "stream_gbytes": 1.0,
        "rows": [],
        "compile_seconds": {"linear": {"first": 1.0, "cached": float("nan")}},
    }
    monkeypatch.setattr("curldescent.apps.cli.bench.measured", lambda rounds, sample: found)


# A figure takes longer than all other commands together; its list covers the same printing.
SLOW = {"reproduce"}


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else []) for n in COMMANDS])
@pytest.mark.usefixtures("shortened")
def test_what_a_command_prints_is_what_the_schema_says(name, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as left:
        main([*COMMANDS[name], "--json"])
    printed = capsys.readouterr()
    assert left.value.code in (0, 1), printed.err
    found = json.loads(printed.out)
    assert found["command"] == name.partition(",")[0]
    assert found["version"] == cd.__version__
    assert faults(found, SCHEMA, SCHEMA) == []


def test_the_schema_refuses_what_is_not_described():
    good = {"command": "sweep export", "version": "1", "result": {"written": "x"}, "notes": [], "warnings": []}
    assert faults(good, SCHEMA, SCHEMA) == []
    for change in (
        {"command": "sweep exports"},
        {"result": {}},
        {"result": {"written": 3}},
        {"result": {"written": "x", "more": 1}},
        {"notes": "none"},
        {"warnings": [1]},
        {"more": 1},
    ):
        assert faults({**good, **change}, SCHEMA, SCHEMA) != [], change


def test_warnings_and_notes_are_fields(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit):
        main(["train", "--data", "t.csv", "--epochs", "1", "--n-hidden", "4", "--trials", "1", "--json"])
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert "comes to none" in found["warnings"][0]
    assert "comes to none" in printed.err
    assert "no target was named: the last column, 'y', is taken" in found["notes"]
