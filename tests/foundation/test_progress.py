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
        "learning: 6001 of 20000 epochs, 1e+03 epochs/s, about 14 s left",
        "learning: 12001 of 20000 epochs, 1e+03 epochs/s, about 8 s left",
        "learning: done in 30 s",
    ]


def test_the_time_left_follows_the_work_and_not_the_count(clock, capsys):
    meter = progress.Lines("sweep", every=5.0)
    meter.start(10, "cells", done=2, work=80)
    clock[0] = 4
    meter.update(3, work=30)
    clock[0] = 6
    meter.update(4, work=40, note="1 failed")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "sweep: 2 of 10 cells are there already"
    # The first cell is not counted: workers start and kernels are compiled until then. An eighth of the work took the
    # two seconds after it, and half of it is left.
    assert lines[1] == "sweep: 4 of 10 cells, 0.5 cells/s, about 8 s left, 1 failed"
    assert len(lines) == 2


@pytest.mark.parametrize("meter", [progress.Lines("sweep"), progress.Bar("sweep")])
def test_sentences_are_said_whole_before_during_and_after_a_task(meter, capsys):
    sentences = [f"{when} [not markup] {'word ' * 60}" for when in ("before", "during", "after")]
    meter.say(sentences[0])
    meter.start(2, "cells")
    meter.say(sentences[1])
    meter.finish(sentences[2])
    error = capsys.readouterr().err
    assert [line for line in map(str.strip, error.splitlines()) if "word" in line] == [
        f"sweep: {sentence}".strip() for sentence in sentences
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(59.7, "60 s"), (60, "1 min 0 s"), (3599.9, "1 h 0 min"), (7260, "2 h 1 min")]
)
def test_durations(seconds, text):
    assert progress.duration(seconds) == text


def test_the_bar_says_nothing_of_the_time_left_before_there_is_a_pace(clock):
    meter = progress.Bar("learning")
    meter.start(20_000, "epochs")
    try:
        clock[0] = 10.0
        meter.update(1)
        assert meter._pace() == ""
        clock[0] = 12.0
        meter.update(2001)
        assert meter._pace() == "1e+03 epochs/s, about 18 s left"
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


def test_training_that_may_stop_early_says_who_still_learns():
    import curldescent as cd

    class Notes(progress.Silent):
        def __init__(self):
            self.heard = []

        def update(self, done, *, work=None, note=""):
            self.heard.append(note)

    problem = cd.student_teacher(n_inputs=3, n_hidden=20, n_train=30, trials=2, activation="linear")
    plain, early = Notes(), Notes()
    cd.train(problem, cd.Plasticity(), epochs=300, progress=plain)
    assert set(plain.heard) == {""}
    cd.train(problem, cd.Plasticity(), epochs=300, stop_below=1e-2, learning_rate=0.5, progress=early)
    assert early.heard[0] == "2 of 2 students still learn"
    assert len(early.heard) < len(plain.heard) or "1 of 2 students still learn" in early.heard
