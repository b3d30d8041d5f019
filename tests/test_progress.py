import pytest

from curldescent import progress


@pytest.mark.parametrize("meter", [progress.Silent(), progress.Lines("learning", every=0.0), progress.Bar("learning")])
def test_every_meter_goes_through_a_run(meter, capsys):
    meter.start(10, "epochs")
    for done in (0, 5, 10):
        meter.update(done)
    meter.finish()
    assert capsys.readouterr().out == ""


def test_lines_say_how_far_and_how_long(capsys):
    meter = progress.Lines("learning", every=0.0)
    meter.start(10, "epochs")
    meter.update(5)
    meter.finish()
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("learning: 5 of 10 epochs, about 0 s left")
    assert last.startswith("learning: done in 0.")


def test_without_a_terminal_there_are_lines():
    assert isinstance(progress.on_stderr("x"), progress.Lines)
