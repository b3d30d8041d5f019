"""Commands under SIGINT, SIGTERM and SIGHUP: one line, the signal's exit code, no traceback, nothing finished lost."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import lazy_loader
import matplotlib as mpl
import pytest
import xarray as xr

import curldescent as cd
from curldescent.apps.cli.app import main
from curldescent.foundation import interruption, progress
from tests.samples import sampled

mpl.use("agg")
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]

# The command, signalled by itself at the moment that it imports a certain module.
AT_AN_IMPORT = """
import os, signal, sys
module, number = sys.argv[1], int(sys.argv[2])
sys.argv = ["curldescent", *sys.argv[3:]]
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == module:
            os.kill(os.getpid(), number)
sys.meta_path.insert(0, Finder)
from curldescent.apps.cli import main
main()
"""
# Tests that are run under nohup hand a signal that is ignored down to their children.
HEEDED = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
IMPORTS = [
    ("curldescent.apps.cli.app", "--help"),
    ("cyclopts", "theory", "critical-ratio", "--hidden", "0.5"),
    ("numpy", "theory", "critical-ratio", "--hidden", "0.5"),
    ("numpy", "train", "--data", "table.csv", "--targets", "y"),
    ("curldescent.apps.demo", "demo"),
    ("curldescent.paper.runs.registry", "reproduce", "fig2", "--scale", "quick"),
    ("panel", "explore", "--no-browser"),
    ("numpy", "sweep", "run", "sweep.toml", "--store", "store"),
]


def signalled(module, number, *tokens, folder):
    return subprocess.run(
        [sys.executable, "-c", HEEDED + AT_AN_IMPORT, module, str(int(number)), *tokens],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "table.csv").write_text("x,y\n" + "".join(f"{i},{i % 5}\n" for i in range(20)))
    sweep = "[axes]\nhidden = [0]\n[student_teacher]\nn_inputs = 3\nn_hidden = 4\n[training]\nepochs = 2\n"
    (tmp_path / "sweep.toml").write_text(sweep)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("place", range(len(IMPORTS)))
def test_a_signal_during_the_imports_is_one_line(place, folder):
    module, *tokens = IMPORTS[place]
    number = SIGNALS[place % 3]
    done = signalled(module, number, *tokens, folder=folder)
    assert done.returncode == 128 + number, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("curldescent: interrupted")
    assert done.stderr.count("\n") == 1


class Signalling(progress.Silent):
    """Sends this process a signal as soon as something is done."""

    def __init__(self, number):
        self.number = number

    def update(self, done):
        number, self.number = self.number, None
        if number is not None:
            os.kill(os.getpid(), number)


def train(*options, out="results", signalled=None, monkeypatch):
    """Run the command here; its exit code. A signal comes with the first word of progress."""
    monkeypatch.setattr(progress, "on_stderr", lambda label: Signalling(signalled))
    tokens = ["train", "--data", "table.csv", "--targets", "y", "--out", out, "--trials", "2", *map(str, options)]
    with pytest.raises(SystemExit) as left:
        main(tokens)
    return left.value.code


def files(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


@pytest.mark.parametrize("number", sampled(SIGNALS, seldom=(signal.SIGHUP,)))
def test_a_run_that_is_stopped_writes_what_it_recorded(number, folder, monkeypatch, capsys):
    assert train("--epochs", 100_000, signalled=number, monkeypatch=monkeypatch) == 128 + number
    error = capsys.readouterr().err
    assert "stopping the training" in error
    assert "what was recorded is in results" in error
    with xr.open_dataset("results/history.nc", engine="scipy") as history:
        assert 0 < history.attrs["interrupted_at"] < 100_000
        assert history.epoch.values[-1] <= history.attrs["interrupted_at"]
        short = history.load()
    # Up to there it is the run that nobody stopped.
    problem = cd.from_data("table.csv", targets="y", n_hidden=20, trials=2, activation="tanh")
    rules = {"GD": cd.Plasticity(), "CD (α_r = 0.1)": cd.Plasticity(readout=0.1)}
    whole = cd.train(problem, rules, epochs=int(short.attrs["interrupted_at"]), record=short.epoch.values.tolist())
    assert short.train_error.values.tolist() == whole.train_error.values.tolist()
    assert short.student_hidden.values.tolist() == whole.student_hidden.values.tolist()
    assert "Interrupted after" in Path("results/report.html").read_text()


@pytest.mark.slow
def test_a_stopped_run_never_replaces_a_finished_one(folder, monkeypatch, capsys):
    assert train("--epochs", 5, monkeypatch=monkeypatch) == 0
    finished = files("results")
    for _ in range(2):
        assert train("--epochs", 100_000, signalled=signal.SIGINT, monkeypatch=monkeypatch) == 130
        assert files("results") == finished
        assert set(files("results-interrupted")) == set(finished)
    assert "what was recorded is in" in capsys.readouterr().err
    # A finished one replaces a stopped one.
    assert train("--epochs", 5, out="results-interrupted", monkeypatch=monkeypatch) == 0
    assert not (folder / "results-interrupted-interrupted").exists()


def test_a_second_signal_is_what_it_was_before():
    seen, before = [], signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    try:
        with interruption.wishes(seen.append, "stopping") as wish:
            assert not wish()
            os.kill(os.getpid(), signal.SIGTERM)
            assert wish()
            assert seen == ["stopping"]
            os.kill(os.getpid(), signal.SIGTERM)
            assert seen == ["stopping", signal.SIGTERM]
        with interruption.wishes(seen.append, "stopping"):
            os.kill(os.getpid(), signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_little_is_imported_before_a_signal_is_heard():
    """Until then Ctrl-C is Python's own traceback; without site, which may import anything."""
    where = [str(Path(interruption.__file__).parents[2]), str(Path(lazy_loader.__file__).parents[1])]
    code = (
        f"import sys; sys.path[:0] = {where!r}; before = set(sys.modules)\n"
        "import curldescent.apps.cli; from curldescent.foundation import interruption\n"
        "print(*sorted({'typing', 're', 'dataclasses', 'inspect', 'pathlib'} & (set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_nohup_is_respected(folder):
    code = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n{AT_AN_IMPORT}"
    done = subprocess.run(
        [sys.executable, "-c", code, "numpy", str(int(signal.SIGHUP)), "theory", "critical-ratio", "--hidden", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "0.25" in done.stdout


def test_a_child_started_while_signals_are_held_back_never_sees_them():
    with interruption.held_back():
        child = subprocess.Popen(
            [sys.executable, "-c", "print('there', flush=True); input(); print('done')"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    assert child.stdout.readline() == "there\n"
    for number in SIGNALS:
        child.send_signal(number)
    assert child.communicate("go\n")[0] == "done\n"
    assert child.returncode == 0


def test_the_tour_writes_the_parts_that_are_finished(tmp_path, monkeypatch):
    from curldescent.apps.demo import run_demo, tour
    from curldescent.apps.demo.options import TourOptions
    from curldescent.plots.report import Section

    problem, finished = cd.student_teacher(n_inputs=2, n_hidden=2, n_train=4), []

    class Part:
        def __init__(self, name, fault=None):
            self.__name__, self.fault = f"demo.{name}", fault

        def run(self, options):
            if self.fault is not None:
                raise self.fault
            options.train(problem, cd.Plasticity(), label="", epochs=5)
            finished.append(self)
            return Section(self.__name__.split(".")[1], "title", "text")

    def run(*parts, stopping=lambda: False):
        monkeypatch.setattr(tour, "PARTS", parts)
        where = []
        sections = run_demo(tmp_path / "demo", options=TourOptions(shown=False, stopping=stopping), tell=where.append)
        return [section.name for section in sections], where

    assert run(Part("one"), Part("two"), stopping=lambda: len(finished) == 1) == (["one"], [tmp_path / "demo"])
    assert run(Part("one"), Part("two")) == (["one", "two"], [tmp_path / "demo"])
    whole = files(tmp_path / "demo")
    with pytest.raises(ArithmeticError, match="no"):
        run(Part("one"), Part("two", ArithmeticError("no")))
    assert files(tmp_path / "demo") == whole
    assert "one" in json.loads((tmp_path / "demo-interrupted" / "numbers.json").read_text())
