"""Claims: what they say of themselves, and what is refused."""

import pytest

from curldescent.foundation.errors import InputError
from curldescent.paper import Claim, Figure, Finding, figure
from curldescent.paper.machinery.claims import SCALES
from tests.paper.figures import tiny

MEASURE = lambda results: Finding(True, "it is")  # noqa: E731
STATED = {"name": "n", "statement": "It is.", "criterion": "yes", "refuted": "no", "measure": MEASURE}


def test_a_criterion_says_both_regions_its_day_and_every_change() -> None:
    changes = ("2026-11-27: one thing for another.", "2026-11-28: and back.")
    found = Claim(**STATED, fixed="2026-11-24", changes=changes)
    assert found.said == (
        "Confirmed: yes. Refuted: no. Fixed 2026-11-24. Changed 2026-11-27: one thing for another. "
        "Changed 2026-11-28: and back."
    )
    assert Claim(**STATED).said == "Confirmed: yes. Refuted: no. Fixed 2026-11-23."


@pytest.mark.parametrize(("holds", "verdict"), [(True, "confirmed"), (False, "refuted"), (None, "undecided")])
def test_findings_have_three_values(holds: bool | None, verdict: str) -> None:
    assert Finding(holds, "it is").verdict == verdict


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"refuted": None}, "refuted must"),
        ({"statistic": "theirs"}, "statistic must be one of 'paper', 'ours', got 'theirs'"),
        ({"fixed": "yesterday"}, "must begin with a day such as 2026-11-23, got 'yesterday'"),
        ({"fixed": 20261123}, "fixed must"),
        ({"changes": ("a look",)}, "must begin with a day such as 2026-11-23, got 'a look'"),
        ({"changes": "2026-11-27: one sentence."}, "changes must be a list of text"),
        ({"changes": (1,)}, "changes must be a list of text"),
    ],
)
def test_claims_that_say_too_little_are_refused(wrong, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Claim(**{**STATED, **wrong})


@pytest.mark.parametrize("p_value", [-0.1, 1.1, "small"])
def test_p_values_are_between_0_and_1(p_value) -> None:
    with pytest.raises(InputError, match="p_value"):
        Finding(True, "it is", p_value=p_value)


def test_a_figure_without_a_subset_has_the_papers() -> None:
    one = figure("fig2")
    assert {name: e.fingerprint for name, e in one.at("subset").items()} == {
        name: e.fingerprint for name, e in one.at("paper").items()
    }
    assert [figure("fig5d").at(scale)["fig5d"].grid.size for scale in SCALES] == [12, 12, 18, 34]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"published": (3,)}, "published must be a list of values of the authors' own runs"),
        ({"subset": "some cells"}, "subset must be a function"),
        ({"departures": "one"}, "departures must be a list of text"),
    ],
)
def test_figures_that_are_none_are_refused(wrong, sentence: str) -> None:
    given = {name: getattr(tiny(), name) for name in ("title", "about", "origin", "experiments", "draw", "claims")}
    with pytest.raises(InputError, match=sentence):
        Figure("tiny", **{**given, **wrong})
