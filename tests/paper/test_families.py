"""Many tests at once: Holm by hand, and verdicts that do not survive it."""

import numpy as np
import pytest

from curldescent.foundation.errors import InputError
from curldescent.paper import Finding
from curldescent.paper.machinery.families import corrected, holm, of_figure

REPEATS = 2000


def test_holm_by_hand():
    # Four p-values: 0.005 × 4, 0.01 × 3, then 0.03 × 2 and 0.04 × 1, which may not fall below the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.6]).tolist() == [1.0, 1.0]
    assert holm([0.02]).tolist() == [0.02]


def test_holm_keeps_the_chance_of_any_false_rejection():
    rng = np.random.default_rng(8)
    p_values = rng.uniform(size=(REPEATS, 12))
    any_rejected = np.mean([(holm(row) < 0.05).any() for row in p_values])
    assert abs(any_rejected - 0.05) < 3 * np.sqrt(0.05 * 0.95 / REPEATS)
    assert np.mean((p_values < 0.05).any(axis=1)) > 0.4


def test_p_values_are_between_0_and_1() -> None:
    with pytest.raises(InputError, match="p_values must be between 0 and 1"):
        holm([0.1, 1.2])


def test_verdicts_by_hand() -> None:
    # 0.004 × 4, 0.02 × 3 = 0.06, then 0.03 × 2 and 0.5, which may not fall below the one before.
    found = corrected([(False, 0.02), (True, 0.004), (True, 0.03), (None, 0.5), (True, None), (False, None)])
    assert [one.verdict for one in found] == [
        "undecided",
        "confirmed",
        "undecided",
        "undecided",
        "confirmed",
        "refuted",
    ]
    assert [one.p_value for one in found[:4]] == pytest.approx([0.06, 0.016, 0.06, 0.5])
    assert [one.p_value for one in found[4:]] == [None, None]
    assert {one.tests for one in found} == {4}


def test_a_test_that_decides_nothing_counts_among_the_others() -> None:
    assert corrected([(True, 0.03)])[0].verdict == "confirmed"
    assert corrected([(True, 0.03), (None, 0.9)])[0].verdict == "undecided"
    # What rests on no test is none.
    assert corrected([(True, 0.03), (None, None), (False, None)])[0].verdict == "confirmed"


def test_refutations_are_corrected_too() -> None:
    assert [one.verdict for one in corrected([(False, 0.03), (False, 0.001)])] == ["refuted", "refuted"]
    assert [one.verdict for one in corrected([(False, 0.03), (True, 0.04)])] == ["undecided", "undecided"]


def test_a_family_of_one_or_none() -> None:
    assert corrected([]) == []
    (alone,) = corrected([(True, 0.049)])
    assert (alone.verdict, alone.p_value) == ("confirmed", 0.049)
    assert corrected([(True, 0.05)])[0].verdict == "undecided"


def test_a_figure_is_a_family() -> None:
    found = of_figure([Finding(True, "a", p_value=0.03), Finding(True, "b", p_value=0.01), Finding(False, "c")])
    assert [one.verdict for one in found] == ["confirmed", "confirmed", "refuted"]
    assert [one.said for one in found] == [
        "p = 0.03 among 2 tests (Holm)",
        "p = 0.02 among 2 tests (Holm)",
        "",
    ]
