"""Histories that leave nothing to draw, or nothing that a logarithmic axis has a place for, are drawn as such."""

import json
from io import BytesIO

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt

from curldescent.apps.cli.app import main
from curldescent.plots.learning_curves import learning_curves
from tests.samples import sampled

mpl.use("agg")
NAN, INF = np.nan, np.inf

# values of one trial, epochs, a part of the note
CASES = {
    "all NaN": ([NAN, NAN, NAN], [0, 1, 10], "no finite value"),
    "NaN after the start": ([1.0, NAN, NAN], [0, 1, 10], "no finite value"),
    "infinite after the start": ([1.0, INF, INF], [0, 1, 10], "no finite value"),
    "the start alone": ([1.0], [0], None),
    "one epoch": ([0.5], [5], None),
    "zeros": ([0.0, 0.0, 0.0], [0, 1, 10], "no positive value"),
    "zero at the end": ([1.0, 0.5, 0.0], [0, 1, 10], "zero or negative values"),
    "negative": ([1.0, -1.0, -2.0], [0, 1, 10], "no positive value"),
    "infinite at the end": ([1.0, 0.5, INF], [0, 1, 10], None),
    "huge": ([1.0, 1e308, 1e307], [0, 1, 10], None),
    "tiny": ([1.0, 1e-310, 1e-320], [0, 1, 10], None),
}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("kind", sampled(["png", "pdf"], seldom=["pdf"]))
@pytest.mark.parametrize("case", CASES)
def test_whatever_came_out_is_drawn(case, kind):
    values, epochs, note = CASES[case]
    error = ("trial", "epoch"), np.array([values, values])
    figure = learning_curves(xr.Dataset({"train_error": error, "test_error": error}, coords={"epoch": epochs}))
    figure.savefig(BytesIO(), format=kind, dpi=40)
    notes = [text.get_text() for axes in figure.axes for text in axes.texts if text.get_gid() == "note"]
    assert bool(notes) == (note is not None)
    if note is not None:
        assert any(note in text for text in notes)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "table.csv").write_text("x,y\n" + "".join(f"{i},{i % 5}\n" for i in range(20)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train(*tokens):
    with pytest.raises(SystemExit) as left:
        main(["train", "--data", "table.csv", "--targets", "y", "--trials", "2", "--epochs", "5", *map(str, tokens)])
    return left.value.code


def test_a_run_in_which_everything_diverges_at_once_is_reported(folder, capsys):
    assert train("--learning-rate", 1e200, "--activation", "linear") == 0
    assert "2 of 2 (from epoch" in capsys.readouterr().out
    numbers = json.loads((folder / "results/train/numbers.json").read_text())
    assert numbers["learning_curves"]["rules"]["GD"]["final_train_error"] == [None, None]


def test_a_run_recorded_at_the_start_alone_is_reported(folder):
    (folder / "e.toml").write_text(
        "[student_teacher]\nn_inputs = 3\nn_hidden = 4\nn_train = 9\n[rules.GD]\n[training]\nepochs = 3\nrecord = [0]\n"
    )
    with pytest.raises(SystemExit) as left:
        main(["train", "e.toml"])
    assert left.value.code == 0
    assert (folder / "results/train/learning_curves.png").exists()


def test_a_seed_beyond_32_bits_is_kept(folder):
    assert train("--seed", 2**31) == 0
    with xr.open_dataset("results/train/history.nc", engine="scipy") as history:
        assert int(history.attrs["seed"]) == 2**31


def test_a_picture_that_cannot_be_drawn_costs_no_data(folder, monkeypatch, capsys):
    from curldescent.apps.cli import train_results

    def broken(history):
        raise ArithmeticError("no picture today")

    monkeypatch.setattr(train_results, "learning_curves", broken)
    assert train() == 0
    out = folder / "results" / "train"
    assert {path.name for path in out.iterdir()} == {"history.nc", "numbers.json", "report.html"}
    assert "could not be drawn (no picture today); the numbers are kept" in capsys.readouterr().err
    assert "could not be drawn" in (out / "report.html").read_text()


def test_a_disk_that_is_full_costs_no_earlier_results_and_no_numbers(folder, monkeypatch, capsys):
    assert train() == 0
    before = {path.name: path.read_bytes() for path in (folder / "results/train").iterdir()}
    capsys.readouterr()

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", full)
    assert train("--seed", 3) == 2
    said = capsys.readouterr()
    assert "No space left on device" in said.err
    assert "median training error" in said.out
    assert {path.name: path.read_bytes() for path in (folder / "results/train").iterdir()} == before


def test_a_prediction_whose_picture_fails_is_written(tmp_path, monkeypatch, capsys):
    from curldescent.plots import spectra

    def broken(*arguments):
        raise ArithmeticError("no picture today")

    monkeypatch.setattr(spectra, "spectrum", broken)
    with pytest.raises(SystemExit) as left:
        main(["theory", "spectrum", "--ratio", "0.2", "--hidden", "0.5", "--out", str(tmp_path)])
    assert left.value.code == 0
    assert json.loads((tmp_path / "spectrum.json").read_text())["ratio"] == 0.2
    assert "could not be drawn" in capsys.readouterr().err
