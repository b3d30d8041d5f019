import numpy as np
import pytest

import curldescent as cd
from curldescent.sweeps.description.grid import Grid, parse_axis


def test_ranges_are_the_papers():
    np.testing.assert_allclose(cd.sweeps.log(0.1, 100, 20), np.logspace(-1, 2, 20), rtol=1e-11)
    np.testing.assert_allclose(cd.sweeps.lin(0, 1, 21), np.linspace(0, 1, 21), rtol=1e-11)
    # Rounded, so that 0.15000000000000002 of one machine is the 0.15 of another.
    assert cd.sweeps.lin(0, 1, 21)[3] == 0.15


def test_a_cell_keeps_its_name_when_the_grid_grows_or_is_reordered():
    small = Grid((parse_axis("ratio", [1, 2]), parse_axis("hidden", [0.5])))
    large = Grid((parse_axis("hidden", [0, 0.5, 1]), parse_axis("ratio", [3, 2.0, 1.0])))
    assert small.key((1, 0)) == large.key((1, 1))
    assert set(small.cell_keys()) < set(large.cell_keys())
    assert len(set(large.cell_keys())) == 9
    assert [large.key(index) for index in large.indices()] == large.cell_keys()


def test_zipped_parameters_change_together():
    axis = parse_axis(
        "size", {"zip": {"n_inputs": [20, 110], "n_hidden": {"lin": [199, 110, 2]}}, "labels": ["a", "b"]}
    )
    assert axis.at(1) == {"n_inputs": 110, "n_hidden": 110}
    assert axis.labels == ("a", "b")


BAD = {
    "a number": ("x", 3, "must be a list"),
    "text": ("x", "abc", "must be a list"),
    "nothing": ("x", [], "has no values"),
    "a value twice": ("x", [1, 1.0], "has a value twice"),
    "mixed kinds": ("x", [1, "a"], "values of one kind, got numbers and text"),
    "infinity": ("x", [float("inf")], "must be a finite number"),
    "a huge number": ("x", [10**400], "must be a finite number"),
    "a list in a list": ("x", [[1]], "numbers, text or booleans"),
    "an unknown range": ("x", {"lim": [0, 1, 2]}, "did you mean 'lin'"),
    "two ranges": ("x", {"lin": [0, 1, 2], "log": [1, 2, 2]}, "exactly one of lin and log"),
    "two numbers": ("x", {"lin": [0, 1]}, r"must be \[first, last, count\]"),
    "a fractional count": ("x", {"lin": [0, 1, 2.5]}, "must be a whole number"),
    "a huge count": ("x", {"lin": [0, 1, 10**9]}, "between 1 and 1000000"),
    "a log from zero": ("x", {"log": [0, 1, 3]}, "must be a positive number"),
    "an unbounded lin": ("x", {"lin": [-1e308, 1e308, 3]}, "difference is finite"),
    "unequal zips": ("x", {"zip": {"a": [1, 2], "b": [1]}}, "as many values each, got a: 2, b: 1"),
    "wrong labels": ("x", {"zip": {"a": [1, 2]}, "labels": ["p"]}, "2 different labels"),
    "a name with a space": ("a b", [1], "letters, digits and underscores"),
}


@pytest.mark.parametrize("case", BAD)
def test_unusable_axes_get_one_sentence(case):
    name, given, sentence = BAD[case]
    with pytest.raises(cd.InputError, match=sentence) as caught:
        parse_axis(name, given)
    assert "\n" not in str(caught.value)


def test_too_many_cells_are_refused():
    with pytest.raises(cd.InputError, match="at most 10000000 cells"):
        Grid((parse_axis("a", {"lin": [0, 1, 10_000]}), parse_axis("b", {"lin": [0, 1, 10_000]})))
