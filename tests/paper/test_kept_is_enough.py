"""A figure of kept results says what it said when they were computed: nothing that it needs was left out."""

from pathlib import Path

import pytest

from curldescent.paper import figures, keep_results, reproduce

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("one", figures(), ids=lambda figure: figure.key)
def test_claims_are_the_same(one, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curldescent.paper.runs.reproduction.figures", lambda: (one,))
    computed = reproduce(one, tmp_path / "out", scale="quick", workers=1)
    keep_results(tmp_path / "out", tmp_path / "kept")
    taken = reproduce(one, tmp_path / "else", scale="quick", workers=1, kept=tmp_path / "kept")
    assert not list((tmp_path / "else" / "quick" / "data").iterdir())
    assert taken.verdicts == computed.verdicts
    for (claim, before), (_, after) in zip(computed.findings, taken.findings, strict=True):
        # Curves are kept in single precision, of which what is said shows a few digits.
        assert after.said == before.said, claim.name
    assert taken.published == computed.published
    assert taken.earlier.keys() == computed.earlier.keys()
