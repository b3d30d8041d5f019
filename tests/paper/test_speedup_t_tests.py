"""The paper's own t-tests of the speed-up, against SciPy, and over which cells they say they are."""

import numpy as np
import pytest
from scipy import stats

from curldescent.paper import figure
from curldescent.paper.machinery import speedup_claims
from curldescent.paper.machinery.speedup_claims import TOO_FEW
from curldescent.paper.machinery.speedup_t_tests import against_level, pooled_t
from tests.paper.speedup import results, with_gain


def compare(first, second, last=10_000):
    return speedup_claims.compare(first, second, last=last)


def test_the_papers_test_pools_the_pairs_of_all_cells():
    rng = np.random.default_rng(2)
    cells = {p: compare(rng.normal(m, 30, 10), rng.normal(900, 30, 10)) for p, m in ((1.0, 1000), (2.0, 905))}
    never = {3.0: compare(np.full(10, 10_000), np.full(10, 10_000))}
    found = pooled_t({**cells, **never})
    first, second = (np.concatenate([getattr(c, name) for c in cells.values()]) for name in ("first", "second"))
    expected = stats.ttest_rel(first, second)
    assert found.holds is True
    assert (found.numbers["t"], found.p_value) == pytest.approx((expected.statistic, expected.pvalue))
    assert (found.numbers["pairs"], found.numbers["cells"]) == (20, 2)
    assert pooled_t({p: compare(c.second, c.first) for p, c in cells.items()}).holds is False
    assert pooled_t({1.0: compare([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5])}).holds is None
    assert pooled_t({1.0: compare([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6])}).holds is None


def test_flips_against_the_level_are_welchs_test_with_holm():
    rng = np.random.default_rng(5)
    level = rng.normal(1000, 100, 10)

    def flips(*means):
        return {float(k): compare(level, rng.normal(mean, 60, 10)) for k, mean in enumerate(means, start=1)}

    fewer = flips(600, 700)
    found = against_level(fewer, [1, 2, 3])
    assert found.holds is True
    expected = [stats.ttest_ind(one.first, one.second, equal_var=False).pvalue for one in fewer.values()]
    assert found.numbers["p_values"] == pytest.approx(expected)
    assert found.p_value == pytest.approx(max(2 * min(expected), max(expected)))
    assert against_level(flips(600, 1000), [1, 2]).holds is None
    contrary = flips(600, 1400)
    found = against_level(contrary, [1, 2])
    p_values = [stats.ttest_ind(one.first, one.second, equal_var=False).pvalue for one in contrary.values()]
    assert (found.holds, found.p_value) == (False, pytest.approx(max(2 * min(p_values), p_values[1])))
    assert against_level(flips(600, 1400), [1]).holds is True
    assert against_level(flips(600), [2]).holds is None
    # The students are compared as two groups: the pairs' order does not matter.
    turned = compare(level, fewer[1.0].second[::-1])
    assert against_level({1.0: turned}, [1]).numbers["p_values"] == pytest.approx(expected[:1])
    # p = 0.03 alone is fewer; among two of these it is neither.
    one = compare(level, level - 95)
    assert 0.025 < stats.ttest_ind(one.first, one.second, equal_var=False).pvalue < 0.05
    assert against_level({1.0: one}, [1]).holds is True
    assert against_level({1.0: one, 2.0: one}, [1, 2]).holds is None


def test_levels_without_spread_tell_nothing():
    never = compare(np.full(10, 5000.0), np.full(10, 5000.0), last=5000)
    assert against_level({1.0: never}, [1]).holds is None
    some = np.linspace(4000, 4900, 10)
    for first, second in ((never.first, some), (some, never.second)):
        assert against_level({1.0: compare(first, second, last=5000)}, [1]).holds is None


def test_the_units_that_the_pooled_test_forgets_are_tested_beside_it():
    rng = np.random.default_rng(4)
    # Ten students whose gaps are those of their cell, and the same ten in every cell.
    gaps = dict(enumerate((0, 90, 900)))
    cells = {float(k): compare(1000 + gap + rng.normal(0, 5, 10), np.full(10, 900.0)) for k, gap in gaps.items()}
    found = pooled_t(cells)
    means = [(c.first - c.second).mean() for c in cells.values()]
    alone = found.numbers["p_over_units"]
    assert alone == pytest.approx(stats.ttest_1samp(means, 0).pvalue)
    assert found.p_value < 1e-4 < alone
    assert f"over the 3 input sets, which the test takes no account of, p = {alone:.2g}" in found.said
    students = pooled_t(cells, unit="student")
    each = np.mean([c.first - c.second for c in cells.values()], axis=0)
    assert students.numbers["p_over_units"] == pytest.approx(stats.ttest_1samp(each, 0).pvalue)
    assert "over the 10 students" in students.said
    assert "p_over_units" not in pooled_t({1.0: cells[1.0]}).numbers


def test_few_pairs_are_not_pooled():
    few = {2000.0: compare([10, 11, 12, 13, 14], [1, 2, 3, 4, 5])}
    assert (pooled_t(few).holds, pooled_t(few).said) == (None, TOO_FEW)
    assert pooled_t({1.0: compare([3] * 10, [2] * 10)}, grid=(2.0, 3.0)).said == TOO_FEW


def test_it_is_said_over_how_many_of_the_papers_cells_a_test_is():
    rng = np.random.default_rng(3)
    cells = {p: compare(rng.normal(1000, 30, 10), rng.normal(900, 30, 10)) for p in (1.0, 2.0, 3.0)}
    never = {4.0: compare(np.full(10, 10_000), np.full(10, 10_000))}
    found = pooled_t({**cells, **never}, grid=(2.0, 3.0, 4.0, 5.0, 6.0))
    assert "over 20 pairs of 2 of the paper's 5 cells (in 1 more none gets there)" in found.said
    assert (found.holds, found.numbers["cells"], found.numbers["cells_asked_for"]) == (None, 2, 5)
    # The same found where the claim is that CD is slower.
    assert pooled_t(cells, slower=True).holds is False
    turned = {p: compare(c.second, c.first) for p, c in cells.items()}
    assert pooled_t(turned, slower=True).holds is True
    # Where all of a claim's cells are needed, some of them give no verdict and no p-value to correct for.
    part = pooled_t(cells, grid=(2.0, 3.0, 5.0), whose="the claim's")
    assert (part.holds, part.p_value) == (None, None)
    assert part.said.endswith("the others have not been run")
    assert "2 of the claim's 3 cells" in part.said
    assert pooled_t(cells, grid=(2.0, 3.0)).holds is True


def test_it_is_said_where_the_median_of_both_rules_is_the_last_epoch():
    epochs = np.array([10_000.0] * 6 + [500.0] * 4)
    found = pooled_t({1.0: compare(epochs, epochs - np.where(epochs < 10_000, 100 + np.arange(10), 0))})
    assert "never there: GD 6, CD 6 of 10, so that the median of both is the last epoch" in found.said
    early = compare(epochs - np.where(np.arange(10) < 2, 100, 0), epochs)
    assert "median" not in pooled_t({1.0: early}).said


@pytest.mark.parametrize(
    ("key", "claim", "grid", "part"),
    [
        ("fig10ab", "pooled, test", "19", "3"),
        ("fig11b", "pooled, test", "17", "5"),
        ("fig11c", "pooled, test", "17", "5"),
        ("fig11d", "pooled, test", "10", "10"),
    ],
)
def test_claims_of_the_whole_grid_say_which_part_of_it_they_are_over(key, claim, grid, part):
    one = figure(key)
    (chosen,) = (each for each in one.claims if each.name == claim)
    for scale, number in (("paper", grid), ("subset", part)):
        found = chosen.measure(results(one, with_gain(lambda value: 2.0), scale))
        assert f"of {number} of the paper's {grid} cells" in found.said
        # Part of the grid decides nothing.
        assert (found.holds is None) is (number != grid)


def test_losing_teachers_are_pooled_once_all_have_been_run():
    one = figure("fig5e")
    (chosen,) = (each for each in one.claims if each.name == "larger teachers, pooled")
    assert chosen.statistic == "paper"
    world = results(one, with_gain(lambda teacher: 2.0 if teacher <= 1 else 0.5))
    found = chosen.measure(world)
    assert found.holds is True
    assert "over 40 pairs of 4 of the claim's 4 cells" in found.said
    cells = world["fig5e"]
    some = chosen.measure(type(world)("paper", {"fig5e": cells.sel(teacher_scale=cells.teacher_scale != 2)}))
    assert some.holds is None
