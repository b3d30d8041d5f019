"""What a run says while it runs."""

import pytest

from curldescent.sweeps.execution import display as module
from curldescent.sweeps.execution.display import OnStderr, duration
from curldescent.sweeps.execution.summary import Summary


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test winds."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_lines_say_cells_rate_time_left_and_failures(clock, capsys):
    shown = OnStderr(every=5)
    shown.start(cells=10, done=2, failed=0, work=80)
    clock[0] = 4
    shown.update(done=3, failed=0, work=30)
    clock[0] = 6
    shown.update(done=4, failed=1, work=10)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "sweep: 2 of 10 cells are there already"
    # The first cell is not counted: workers start and kernels are compiled until then. An eighth of the work took the
    # two seconds after it, and half of it is left.
    assert lines[1] == "sweep: 4 of 10 cells, 0.5 cells/s, about 8 s left, 1 failed"
    assert len(lines) == 2


def test_the_end_says_what_is_missing(capsys):
    shown = OnStderr()
    shown.finish(Summary(cells=9, found=2, computed=4, failed=1, damaged=(), stopped=True, seconds=61))
    assert capsys.readouterr().err == "sweep: 4 cells computed in 1 min 1 s; 3 cells missing (1 of them failed)\n"
    shown.finish(Summary(cells=6, found=2, computed=4, failed=0, damaged=(), stopped=False, seconds=0.5))
    assert capsys.readouterr().err == "sweep: 4 cells computed in 0.5 s; complete\n"


@pytest.mark.parametrize(
    ("seconds", "text"), [(59.7, "60 s"), (60, "1 min 0 s"), (3599.9, "1 h 0 min"), (7260, "2 h 1 min")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text
