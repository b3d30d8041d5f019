"""Shares with an interval: three verdicts at a border, and the words that say where it is."""

import numpy as np
import pytest
import xarray as xr

from curldescent.paper.machinery import shares
from curldescent.paper.machinery.statistics import clustered_proportion_interval


# Clopper–Pearson of all or none of n in closed form: p^n = 0.025 gives the end that is not 0 or 1.
@pytest.mark.parametrize(
    ("count", "of", "holds"),
    [
        (36, 36, True),  # 0.025^(1/36) = 0.903
        (35, 35, None),  # 0.025^(1/35) = 0.89995
        (18, 20, None),
        (0, 10, False),
        (0, 1, None),  # 1 − 0.025 = 0.975
        (0, 2, False),  # 1 − √0.025 = 0.84
    ],
)
def test_a_share_that_must_be_large(count: int, of: int, holds: bool | None) -> None:
    found = shares.found(count, of, "so many", least=0.9)
    assert found.holds is holds
    low, high = found.numbers["interval"]
    if count == of:
        assert (low, high) == (pytest.approx(0.025 ** (1 / of)), 1.0)
    if count == 0:
        assert (low, high) == (0.0, pytest.approx(1 - 0.025 ** (1 / of)))


@pytest.mark.parametrize(
    ("count", "of", "holds"),
    [
        (0, 17, True),  # 1 − 0.025^(1/17) = 0.195
        (0, 16, None),  # 0.206
        (4, 20, None),
        (17, 17, False),
        (1, 1, None),  # from 0.025
        (2, 2, None),  # from 0.158
        (3, 3, False),  # from 0.292
    ],
)
def test_a_share_that_must_be_small(count: int, of: int, holds: bool | None) -> None:
    assert shares.found(count, of, "so many", most=0.2).holds is holds


def test_nothing_to_count_decides_nothing() -> None:
    found = shares.found(0, 0, "none", least=0.9)
    assert (found.holds, found.said) == (None, shares.NOTHING)


def test_trials_of_a_cell_are_a_cluster() -> None:
    do = np.ones((4, 3, 10), dtype=bool)
    do[0, 0] = False
    counted = np.ones_like(do)
    counted[1, 0] = False
    found = shares.found_of_trials(do, counted, "so many", least=0.95)
    assert {"passed": 100, "of": 110, "cells": 11}.items() <= found.numbers.items()
    inside = [10] * 11
    assert found.numbers["interval"] == list(clustered_proportion_interval([0, *inside[1:]], inside))
    # As independent draws 100 of 110 end below 0.96 and start above 0.83.
    assert found.numbers["interval"][0] < 0.7
    assert found.holds is None
    labelled = [xr.DataArray(values, dims=("a", "b", "trial")) for values in (do, counted)]
    turned = shares.found_of_trials(labelled[0].transpose("trial", "b", "a"), labelled[1], "so many", least=0.95)
    assert turned == found
    nothing = shares.found_of_trials(do, np.zeros_like(do), "none", least=0.95)
    assert (nothing.holds, nothing.said) == (None, shares.NOTHING)


def test_the_finding_says_share_and_interval() -> None:
    found = shares.found(3, 4, "3 of 4", least=0.5, numbers={"more": 1})
    # The roots of the binomial's tails, by SciPy's beta quantiles: B(0.025; 3, 2) and B(0.975; 4, 1) = 0.975^(1/4).
    assert found.numbers["interval"][1] == pytest.approx(0.975**0.25)
    assert found.said == "3 of 4; share 0.75 [0.19, 0.99]"
    assert {"passed": 3, "of": 4, "more": 1}.items() <= found.numbers.items()


def test_both_regions_name_the_same_share() -> None:
    for words, sides in (
        (shares.at_least(0.8, "of the cells"), ("or above", "below")),
        (shares.at_most(0.02, "of the cells"), ("or below", "above")),
    ):
        percent = "80 %" if "or above" in sides else "2 %"
        assert words[0].endswith(f"at {sides[0]} {percent}")
        assert words[1].endswith(f"lies {sides[1]} {percent}")
        assert "of the cells" in words[0]


def test_a_criterion_on_trials_says_how_they_count() -> None:
    for trials in (False, True):
        assert ("Korn–Graubard" in shares.at_least(0.8, "of the trials", trials=trials)[0]) is trials
        assert ("Korn–Graubard" in shares.at_most(0.8, "of the trials", trials=trials)[0]) is trials
