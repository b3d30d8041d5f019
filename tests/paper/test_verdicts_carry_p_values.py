"""Every verdict of the kept results that a test or an interval of a mean gave has the p-value of it."""

import json
import re
from pathlib import Path

import pytest

from curldescent.paper import Results, figures
from curldescent.paper.runs import kept

ROOT = Path(__file__).parents[2] / "docs" / "reproduction"
# A few that are judged fast; the others are slow together.
FEW = ("control-high-gain", "turning-maps", "limits-of-chaos")
# What a criterion says where its verdict rests on a test: by its name, or on an interval of a mean.
TESTS = re.compile(r"tests? |Welch|Kendall|Fisher|sign test|p < 0\.05|interval|Holm")
# Shares have exact intervals, which the report says apart, and so have Clopper–Pearson's in their words.
SHARE = re.compile(r"interval of the share|the share of .* 95 % interval|Clopper–Pearson")
# An interval that only chooses where two equations are compared: the verdict is a share of these places.
CHOOSES = {("excess-nonlinearity", "which is faster")}
# Percentiles of a bootstrap, whose least p-value is one over the number of its samples.
BOOTSTRAP = re.compile("bootstrap")
# Needs recorded epochs that are not kept.
NOT_ENOUGH_KEPT = {("control-mechanism", name) for name in ("uphill", "plateaus", "takeover")}


def judged(figure):
    """Claims and findings of a figure's kept results, at the scale of its page; none where they are not all there."""
    scale = json.loads((ROOT / "verdicts" / f"{figure.key}.json").read_text())["scale"]
    data = {
        name: kept.find(ROOT / "data" / scale, name, experiment, curves=figure.curves)
        for name, experiment in figure.at(scale).items()
    }
    if any(found is None for found in data.values()):
        return []
    chosen = [claim for claim in figure.claims if (figure.key, claim.name) not in NOT_ENOUGH_KEPT]
    return [(claim, claim.measure(Results(scale, data))) for claim in chosen]


def rests_on_a_test(key, claim):
    words = f"{claim.criterion} {claim.refuted}"
    return bool(TESTS.search(words)) and not (
        SHARE.search(words) or BOOTSTRAP.search(words) or (key, claim.name) in CHOOSES
    )


@pytest.mark.parametrize(
    "figure",
    [pytest.param(one, marks=() if one.key in FEW else pytest.mark.slow, id=one.key) for one in figures()],
)
def test_verdicts_by_a_test_have_its_p_value(figure):
    for claim, found in judged(figure):
        if found.p_value is not None:
            assert (found.holds is not None) == (found.p_value < 0.05), claim.name
        if found.holds is not None and rests_on_a_test(figure.key, claim):
            assert found.p_value is not None, claim.name


def test_the_few_are_judged():
    counted = [rests_on_a_test(one.key, claim) for one in figures() if one.key in FEW for claim, _ in judged(one)]
    assert counted.count(True) > 20


def test_criteria_are_recognised():
    found = {(one.key, claim.name) for one in figures() for claim in one.claims if rests_on_a_test(one.key, claim)}
    tests = {
        *(("fig3a", "exactly at c*"), ("control-scales", "onset"), ("table", "agreement, GD")),
        *(("fig5f", "few flips, level"), ("control-summary", "everywhere")),
    }
    assert tests <= found
    assert not {("fig3a", "stable side"), ("learned", "stable ends"), ("fig1", "circulation")} & found
