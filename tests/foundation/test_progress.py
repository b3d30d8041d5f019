import pytest

from curldescent.foundation import progress
from curldescent.foundation.pace import Pace


@pytest.mark.parametrize("meter", [progress.Silent(), progress.Lines("learning", every=0.0), progress.Bar("learning")])
def test_every_meter_goes_through_a_run(meter, capsys):
    meter.start(10, "epochs")
    for done in (0, 5, 10):
        meter.update(done)
    meter.finish()
    assert capsys.readouterr().out == ""


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test winds."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_lines_say_how_far_and_how_long(clock, capsys):
    meter = progress.Lines("learning", every=5.0)
    meter.start(20_000, "epochs")
    # Ten seconds of compilation, then 1000 epochs a second.
    for second, done in ((10.0, 1), (16.0, 6001), (22.0, 12_001)):
        clock[0] = second
        meter.update(done)
    clock[0] = 30.0
    meter.finish()
    assert capsys.readouterr().err.splitlines() == [
        "learning: 1 of 20000 epochs",
        "learning: 6001 of 20000 epochs, about 14 s left, 1e+03 a second",
        "learning: 12001 of 20000 epochs, about 8 s left, 1e+03 a second",
        "learning: done in 30.0 s",
    ]


def test_the_bar_says_nothing_of_the_time_left_before_there_is_a_pace(clock):
    meter = progress.Bar("learning")
    meter.start(20_000, "epochs")
    try:
        clock[0] = 10.0
        meter.update(1)
        assert meter._pace.left is None
        clock[0] = 12.0
        meter.update(2001)
        assert meter._pace.left == pytest.approx(18.0, abs=0.01)
    finally:
        meter.finish()


def test_a_pace_follows_what_was_done_lately():
    pace = Pace(1000, now=0.0)
    for second in range(1, 101):
        pace.report(second, now=float(second))  # one a second …
    for step in range(1, 61):
        pace.report(100 + 10 * step, now=100.0 + step)  # … then ten
    assert pace.rate == pytest.approx(10.0)
    assert pace.left == pytest.approx(30.0)


def test_reports_that_come_together_tell_no_pace():
    pace = Pace(10, now=0.0)
    pace.report(1, now=20.0)
    pace.report(2, now=20.1)
    assert pace.left is None
    pace.report(3, now=40.0)
    assert pace.left == pytest.approx(70.0)


def test_a_first_report_after_long_work_counts():
    pace = Pace(10, now=0.0)
    pace.report(1, now=3600.0)
    assert pace.left == pytest.approx(9 * 3600.0)


def test_without_a_terminal_there_are_lines():
    assert isinstance(progress.on_stderr("x"), progress.Lines)
