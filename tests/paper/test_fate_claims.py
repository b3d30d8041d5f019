import numpy as np
import pytest
import xarray as xr

from curldescent.paper.machinery.fate_claims import follows_limit, follows_own, majority


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
    ("verdict", "holds"), [([[1], [-1], [1]], True), ([[-1], [-1], [1]], False), ([[0], [-1], [1]], False)]
)
def test_cells_outside_the_margin_are_judged(verdict, holds):
    # The last cell lies within the margin: its fate, the wrong one, does not count.
    assert follows_limit(grid(verdict, [1.0, -1.0, -0.05])).holds is holds


def test_without_a_cell_outside_the_margin_nothing_is_judged():
    assert follows_limit(grid([[1]], [0.05])).holds is None


def test_predictions_by_trial_are_judged_by_trial():
    assert follows_limit(grid([[1, -1]], [[1.0, -1.0]])).holds is True
    assert follows_limit(grid([[1, -1]], [[1.0, 1.0]])).holds is False


def test_networks_follow_their_own_matrix_or_not():
    fate = np.where(np.arange(100) % 2, 1, -1)[:, None]
    assert follows_own(grid(fate, np.ones(100))).holds is True
    assert follows_own(grid(fate, np.ones(100), lowest=-fate)).holds is False
    some = fate.copy()
    some[:20] = 0
    assert follows_own(grid(some, np.ones(100), lowest=fate)).holds is False
    assert follows_own(grid(np.zeros((4, 1)), np.ones(4))).holds is False
