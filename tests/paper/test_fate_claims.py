from math import comb

import numpy as np
import pytest
import xarray as xr

from curldescent.paper.machinery.fate_claims import (
    CELLS,
    DECIDED,
    NETWORKS,
    follows_limit,
    follows_own,
    leaves_more,
    majority,
)


def grid(verdict, predicted, margin=0.1, lowest=None):
    verdict = np.asarray(verdict)
    predicted = np.asarray(predicted, dtype=float)
    dims = ("cell", "trial")
    return xr.Dataset(
        {
            "verdict": (dims, verdict),
            "lowest": (dims, np.asarray(lowest if lowest is not None else verdict, dtype=float)),
            "predicted": (dims[: predicted.ndim], predicted),
            "margin": (dims[: predicted.ndim], np.full(predicted.shape, margin)),
        }
    )


def test_the_majority_of_trials_decides():
    data = grid([[1, 1, -1], [-1, -1, 0], [1, -1, 0]], [1, 1, 1])
    assert majority(data).values.tolist() == [1, -1, 0]


@pytest.mark.parametrize(
    ("wrong", "holds"),
    # Clopper–Pearson of 100: 100 from 0.964, 99 from 0.946, 90 up to 0.951, 89 up to 0.944.
    [(0, True), (1, None), (10, None), (11, False), (100, False)],
)
@pytest.mark.parametrize("fate", [-1, 0])
def test_cells_outside_the_margin_are_judged(wrong, holds, fate):
    right = np.where(np.arange(100) % 2, 1.0, -1.0)
    verdict = np.where(np.arange(100) < wrong, fate * right, right)
    # The last cells lie within the margin: their fates, the wrong ones, do not count.
    verdict, predicted = np.append(verdict, [1, 1]), np.append(right, [-0.05, -0.1])
    found = follows_limit(grid(verdict[:, None], predicted))
    assert found.holds is holds
    assert (found.numbers["passed"], found.numbers["of"]) == (100 - wrong, 100)
    assert (found.numbers["within"], found.numbers["of_within"]) == (0, 2)


def test_few_cells_decide_nothing():
    assert follows_limit(grid([[1], [-1]], [1.0, -1.0])).holds is None
    assert (CELLS, NETWORKS, DECIDED) == (0.95, 0.98, 0.9)


def test_without_a_cell_outside_the_margin_nothing_is_judged():
    assert follows_limit(grid([[1]], [0.05])).holds is None


def test_predictions_by_trial_are_judged_by_trial():
    fates = np.tile([1, -1], (50, 1))
    assert follows_limit(grid(fates, np.tile([1.0, -1.0], (50, 1)))).holds is True
    # By majority these cells would have no fate.
    assert follows_limit(grid(fates, np.ones((50, 2)))).holds is False


def test_networks_follow_their_own_matrix_or_not():
    fate = np.where(np.arange(200) % 2, 1, -1)[:, None]
    assert follows_own(grid(fate, np.ones(200))).holds is True
    assert follows_own(grid(fate, np.ones(200), lowest=-fate)).holds is False
    # 197 of 200: from 0.957 to 0.997.
    near = np.where(np.arange(200)[:, None] < 3, -fate, fate)
    assert follows_own(grid(near, np.ones(200), lowest=fate)).holds is None
    some = fate.copy()
    some[:20] = 0
    assert follows_own(grid(some, np.ones(200), lowest=fate)).holds is None  # 180 of 180: from 0.9797
    some[20] = 0
    found = follows_own(grid(some, np.ones(200), lowest=fate))
    assert found.holds is None
    assert found.said.endswith("too few decided")
    assert follows_own(grid(np.zeros((4, 1)), np.ones(4))).holds is None


@pytest.mark.parametrize(
    ("worse", "better", "holds"),
    # Two-sided sign tests: 2/2⁵ = 0.06, 2/2⁶ = 0.03; 8 of 9 0.04, 7 of 9 0.18.
    [(5, 0, None), (6, 0, True), (0, 6, False), (8, 1, True), (1, 8, False), (7, 2, None), (0, 0, None)],
)
def test_pairs_with_two_fates_are_a_sign_test(worse, better, holds):
    first = xr.DataArray([-1] * worse + [1] * better + [1, -1, 0, 0])
    second = xr.DataArray([1] * worse + [-1] * better + [1, -1, 1, -1])
    found = leaves_more(first, second, names=("one", "other"))
    assert found.holds is holds
    if worse + better > 5:
        least = min(worse, better)
        expected = 2 * sum(comb(worse + better, k) for k in range(least + 1)) / 2 ** (worse + better)
        assert found.p_value == pytest.approx(expected)
