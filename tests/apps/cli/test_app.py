"""The command line as users meet it: what it prints, writes and leaves with."""

import html
import json
import subprocess
import sys
from pathlib import Path

import pytest
import xarray as xr

from curldescent.apps.cli.train import in_options
from tests.apps.cli.inside import inside
from tests.samples import sampled

CSV = "x,z,word,y\n" + "".join(f"{i},{i * i % 7},{'ab'[i % 2]},{i % 3}\n" for i in range(30))


def run(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "curldescent", *arguments], capture_output=True, text=True, cwd=cwd, timeout=120
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "table.csv").write_text(CSV)
    (tmp_path / "gaps.csv").write_text("x,y\n1,2\n2,3\n,4\n")
    (tmp_path / "dates.csv").write_text("the day,x,y\n2024-01-01,1,2\n2024-01-03,2,3\n2024-02-03,2,4\n")
    (tmp_path / "two.csv").write_text("a;b,c\n1;2,3\n2;3,4\n3;5,6\n")
    (tmp_path / "bad.toml").write_text("[student_teacher]\nn_inputs = 3\n")
    return tmp_path


@pytest.mark.parametrize("command", sampled([(), ("demo",), ("train",), ("theory",)], seldom=[("demo",), ("theory",)]))
def test_help_names_options_and_examples(command):
    done = run(*command, "--help")
    assert done.returncode == 0
    assert ("--json" in done.stdout and "Examples" in done.stdout) or command in ((), ("theory",))


@pytest.mark.parametrize("run", [inside, pytest.param(run, marks=pytest.mark.slow)], ids=["here", "from outside"])
def test_a_table_is_learned_and_everything_written(folder, run):
    done = run(
        *("train", "--data", "table.csv", "--inputs", "x,z", "--targets", "y", "--epochs", "20", "--trials", "2"),
        *("--out", "results", "--batch-size", "7"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    assert "CD (α_r = 0.1)" in done.stdout
    out = folder / "results"
    assert {p.name for p in out.iterdir()} == {
        *("history.nc", "report.html", "numbers.json", "learning_curves.png", "learning_curves.pdf")
    }
    with xr.open_dataset(out / "history.nc", engine="scipy") as history:
        assert dict(history.train_error.sizes)["rule"] == 2
        numbers = json.loads((out / "numbers.json").read_text())
        assert numbers["learning_curves"]["rules"]["GD"]["final_train_error"] == (
            history.train_error.sel(rule="GD")[:, -1].values.tolist()
        )
    page = (out / "report.html").read_text()
    assert "data:image/png;base64," in page
    assert "http" not in page


def test_json_goes_to_stdout_alone(folder):
    done = inside(
        *("train", "--data", "table.csv", "--inputs", "x", "--targets", "word", "--one-hot", "--epochs", "3", "--json"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found["result"]["rules"]["GD"]["test_accuracy"]) == 5
    assert 0 < found["result"]["baseline"]["test_accuracy"] < 1
    assert "one output for each class of column 'word': 'a', 'b'" in found["notes"]


def test_the_example_experiment_runs(folder):
    example = Path(__file__).parents[3] / "examples" / "experiment.toml"
    text = example.read_text().replace("epochs = 500", "epochs = 2")
    (folder / "experiment.toml").write_text(text)
    done = inside("train", "experiment.toml", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "FA, 10 % readout" in done.stdout


def test_divergence_is_reported_with_its_epoch(folder):
    done = inside(
        *("train", "--data", "table.csv", "--inputs", "x,z", "--targets", "y", "--activation", "linear"),
        *("--learning-rate", "50", "--epochs", "500", "--flip-hidden", "1", "--flip-readout", "1"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    assert "5 of 5 (from epoch" in done.stdout


BAD = {
    "no problem": (["train"], "needs either an experiment file or --data, got neither"),
    "both": (["train", "bad.toml", "--data", "table.csv"], "not both"),
    "options beside a file": (["train", "bad.toml", "--epochs", "3"], "holds every option itself"),
    "missing experiment": (["train", "none.toml"], "experiment file 'none.toml' does not exist"),
    "incomplete experiment": (["train", "bad.toml"], "[training] needs an entry 'epochs'"),
    "missing data": (["train", "--data", "none.csv", "--targets", "y"], "data file 'none.csv' does not exist"),
    "a column left out that is not there": (["train", "--data", "table.csv", "--exclude", "q"], "exclude: there is no"),
    "missing column": (["train", "--data", "table.csv", "--targets", "yy"], "no column 'yy'; did you mean 'y'"),
    "two kinds of targets": (["train", "--data", "table.csv", "--targets", "word,y"], "column 'word' must be numeric"),
    "missing values": (["train", "--data", "gaps.csv", "--targets", "y"], "--missing 'drop' leaves such rows out"),
    "dates": (["train", "--data", "dates.csv", "--targets", "y"], "leave the column out with --exclude 'the day'"),
    "two separators": (["train", "--data", "two.csv"], "say which with --separator"),
    "a broken quote": (["train", "--data", "table.csv", "--inputs", '"x,z'], "--inputs must be names separated by"),
    "an unknown separator": (["train", "--data", "table.csv", "--separator", "x"], "separator must be ',', ';', '|'"),
    "fraction out of range": (
        ["train", "--data", "table.csv", "--inputs", "x", "--targets", "y", "--flip-readout", "2"],
        "readout plasticity must be a fraction between 0 and 1, got 2",
    ),
    "batch too large": (
        ["train", "--data", "table.csv", "--inputs", "x", "--targets", "y", "--batch-size", "99"],
        "batch_size must be at most the 24 training samples, got 99",
    ),
    "unknown activation": (
        ["train", "--data", "table.csv", "--inputs", "x", "--targets", "y", "--activation", "than"],
        "did you mean 'tanh'",
    ),
    "not a number": (["train", "--data", "table.csv", "--epochs", "many"], "'many' is not a whole number"),
    "not a whole number": (["train", "--data", "table.csv", "--epochs", "1.5"], "'1.5' is not a whole number"),
    "unknown option": (["train", "--epoch", "3"], "--epoch"),
    "unknown command": (["trian"], 'Did you mean "train"'),
    "results in a file's place": (["demo", "--out", "table.csv"], "'table.csv' has a file in the way"),
    "results below a file": (
        ["train", "--data", "table.csv", "--inputs", "x", "--targets", "y", "--out", "table.csv/x"],
        "has a file in the way",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_exit_code_2(case, folder):
    arguments, sentence = BAD[case]
    before = (folder / "table.csv").read_bytes()
    done = inside(*arguments, cwd=folder)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert (folder / "table.csv").read_bytes() == before


def test_what_was_used_of_a_table_is_printed_and_written(tmp_path):
    rows = "".join(f"{k},n{k},{k % 5},{k % 3},{k * k},\n" for k in range(12))
    (tmp_path / "t.csv").write_text(',name,"speed, mean",b,a\n' + rows)
    options = ("--data", "t.csv", "--inputs", '"speed, mean"', "--targets", "a", "--epochs", "2", "--trials", "1")
    done = inside("train", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = ("inputs: 'speed, mean'", "targets: 'a'", "column 1 (without a name in the header)", "'b' (not chosen)")
    page = html.unescape((tmp_path / "results/train/report.html").read_text())
    numbers = json.loads((tmp_path / "results/train/numbers.json").read_text())
    for text in said:
        assert text in done.stdout
        assert text in page
        assert text in str(numbers)


def test_advice_is_in_the_spelling_of_the_command_line():
    said = "missing='drop' or exclude='a b', exclude= or standardise_targets=False; f(x)=2, my_targets='y'"
    told = "--missing 'drop' or --exclude 'a b', --exclude or --no-standardise-targets; f(x)=2, my_targets='y'"
    assert in_options(said) == told


def test_columns_with_commas_are_named_one_to_an_option(tmp_path):
    rows = "".join(f"{k},{k % 5},{k % 3},{k * k % 11},{k % 7}\n" for k in range(12))
    (tmp_path / "t.csv").write_text('id,"speed, mean","a,b",a,b\n' + rows)
    given = ("--inputs", "speed, mean", "--inputs", "a,b", "--targets", "b", "--epochs", "1", "--trials", "1", "--json")
    done = inside("train", "--data", "t.csv", *given, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    # A whole entry that is a column's name is that column; otherwise commas separate.
    assert json.loads(done.stdout)["result"]["data"]["inputs"] == ["speed, mean", "a,b"]
    given = ("--exclude", "a,b", "--keep", "id", "--epochs", "1", "--trials", "1", "--json")
    data = json.loads(inside("train", "--data", "t.csv", *given, cwd=tmp_path).stdout)["result"]["data"]
    assert (data["inputs"], data["targets"]) == (["id", "speed, mean", "a"], ["b"])
    assert data["left_out"] == {"'a,b'": "excluded"}


def test_the_table_shows_r2_errors_in_the_users_units_and_a_baseline(tmp_path):
    rows = "".join(f"{k % 9 / 10},{100 + 20 * (k % 9)}\n" for k in range(40))
    (tmp_path / "t.csv").write_text("x;speed\n".replace(";", ",") + rows)
    done = inside("train", "--data", "t.csv", "--epochs", "2000", "--learning-rate", "0.5", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for said in ("median test R²", "median test RMSE of speed", "mean of the targets", "targets are standardised"):
        assert said in done.stdout
    numbers = json.loads((tmp_path / "results/train/numbers.json").read_text())["learning_curves"]
    assert min(numbers["rules"]["GD"]["test_r2"])[0] > 0.9
    assert 30 < numbers["baseline"]["test_rmse"][0] < 70
    assert max(numbers["rules"]["GD"]["test_rmse"])[0] < 10


def test_a_table_as_spreadsheets_write_it(tmp_path):
    rows = "".join(f"{k};{k % 5},5;{['ja', 'nein'][k % 2]};{'' if k == 4 else k % 3}\n" for k in range(20))
    (tmp_path / "t.csv").write_bytes(f"Nr;Größe;Klasse;z\n{rows}".encode("cp1252"))
    done = inside("train", "--data", "t.csv", "--targets", "Klasse", "--missing", "drop", "--epochs", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for said in (
        "semicolons",
        "decimal comma",
        "Windows-1252",
        "'Nr' (it counts the rows",
        "1 of 20 rows are left out",
    ):
        assert said in done.stdout
    assert "mean test accuracy" in done.stdout
    assert "commonest class" in done.stdout
