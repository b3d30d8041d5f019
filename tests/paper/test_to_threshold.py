"""Students that are trained to a threshold: when they were there, who was not, and whose settings they have."""

import numpy as np

from curldescent import Plasticity, student_teacher
from curldescent.paper.machinery.to_threshold import trained

PROBLEM = student_teacher(
    n_inputs=3, n_hidden=4, activation="tanh", n_train=20, n_test=0, student_scale=2.0, trials=2, seed=1
)
EPOCHS = 60


def test_epochs_are_the_first_recorded_ones_below_the_threshold_and_the_last_where_there_is_none():
    whole = trained(PROBLEM, Plasticity(), EPOCHS, 1e-12)
    error = whole.train_error.values
    assert not whole.reached.any()
    assert (whole.needed == EPOCHS).all()
    # One student gets there, the other does not.
    lowest = error.min(1)
    first, other = np.argsort(lowest)
    threshold = float(np.sqrt(lowest[first] * lowest[other]))
    found = trained(PROBLEM, {"GD": Plasticity()}, EPOCHS, threshold).sel(rule="GD")
    assert found.reached.values[[first, other]].tolist() == [True, False]
    at = next(epoch for epoch, value in zip(whole.epoch.values, error[first], strict=True) if value < threshold)
    assert found.needed.values[[first, other]].tolist() == [at, EPOCHS]


def test_settings_are_the_protocol_s_unless_they_are_given():
    def norms(history):
        return np.linalg.norm(history.student_readout.values, axis=(1, 2))

    at_start = np.linalg.norm(PROBLEM.student.readout, axis=(1, 2))
    np.testing.assert_allclose(norms(trained(PROBLEM, Plasticity(), 5, 1e-12)), at_start)
    free = trained(PROBLEM, Plasticity(), 5, 1e-12, preserve_norms=False)
    assert (np.abs(norms(free) / at_start - 1) > 1e-6).all()
