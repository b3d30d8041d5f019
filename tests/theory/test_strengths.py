"""Both ways of saying how plastic a layer is, and how they round to whole neurons."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curldescent.foundation.errors import InputError
from curldescent.theory._strengths import parse_strengths


@pytest.mark.parametrize(
    ("alpha", "size", "flipped"), [(0.29, 100, 29), (0.1, 10, 1), (0.25, 10, 2), (1, 7, 7), (0, 7, 0)]
)
def test_fractions_flip_the_floor(alpha, size, flipped):
    vector = parse_strengths("hidden", alpha).vector(size)
    assert (vector == -1).sum() == flipped
    assert np.all(vector[:flipped] == -1)
    assert vector.size == size


@given(size=st.integers(1, 200), weights=st.lists(st.floats(0.01, 1), min_size=2, max_size=5))
def test_mapping_rounds_every_count_by_less_than_one(size, weights):
    total = sum(weights)
    law = parse_strengths("hidden", {float(i): w / total for i, w in enumerate(weights)})
    counts = law.counts(size)
    assert counts.sum() == size
    assert np.all(np.abs(counts - size * np.array(law.weights)) < 1 + 1e-6)


def test_equal_strengths_are_one():
    law = parse_strengths("hidden", {1: 0.25, -2: 0.75})
    assert law.values == (-2.0, 1.0)
    values, weights = law.scaled(0.0)
    assert values.tolist() == [0.0]
    assert weights.tolist() == [1.0]


@pytest.mark.parametrize(
    ("given_value", "sentence"),
    [
        (True, "hidden must be a fraction between 0 and 1 or a mapping"),
        ("0.3", "hidden must be a fraction between 0 and 1 or a mapping"),
        ({}, "the probabilities of hidden must sum to 1, got 0"),
        ({np.nan: 1.0}, "each strength of hidden must be a finite number, got nan"),
        ({1: 0.5, -1: np.inf}, "must be a finite number, got inf"),
        (float("nan"), "hidden must be a finite number, got nan"),
    ],
)
def test_bad_input(given_value, sentence):
    with pytest.raises(InputError, match=sentence):
        parse_strengths("hidden", given_value)
