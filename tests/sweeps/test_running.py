"""What a run says of itself."""

from curldescent.sweeps.execution.summary import Summary


def test_the_end_says_what_is_missing():
    ended = Summary(cells=9, found=2, computed=4, failed=1, damaged=(), stopped=True, seconds=61)
    assert str(ended) == "4 cells computed in 1 min 1 s; 3 cells missing (1 of them failed)"
    ended = Summary(cells=6, found=2, computed=4, failed=0, damaged=(), stopped=False, seconds=0.5)
    assert str(ended) == "4 cells computed in 0.5 s; complete"
