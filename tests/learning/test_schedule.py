import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

import curldescent as cd
from curldescent.learning.schedule import SampleOrders, recording_epochs


@pytest.mark.parametrize("epochs", [1, 2, 10, 999, 100_000])
def test_log_epochs_start_at_zero_and_end_at_the_end(epochs):
    times = cd.log_epochs(epochs)
    assert times[0] == 0
    assert times[-1] == epochs
    assert (np.diff(times) > 0).all()
    assert len(times) <= 101


def test_log_epochs_are_evenly_spread_on_a_log_axis():
    times = cd.log_epochs(10**6, 61)[30:]
    ratios = times[1:] / times[:-1]
    np.testing.assert_allclose(ratios, 10 ** (6 / 59), rtol=0.01)


def test_recording_epochs_accept_all_forms():
    assert recording_epochs([0, 3], 5).tolist() == [0, 3]
    assert recording_epochs(np.array([5]), 5).tolist() == [5]
    assert recording_epochs(None, 5).tolist() == [0, 1, 2, 3, 4, 5]
    assert recording_epochs(3, 100).tolist() == [0, 1, 100]


@pytest.mark.parametrize("names", [pd.DataFrame([0, 2, 5]), {0: 1, 2: 1}, {0, 2, 5}, csr_array([[0, 2, 5]]), [[0, 2]]])
def test_names_and_tables_are_no_epochs(names):
    with pytest.raises(cd.InputError, match="record must be"):
        recording_epochs(names, 5)


def test_every_epoch_is_a_fresh_permutation_that_numpy_repeats():
    orders = SampleOrders(seed=3, trials=2, samples=17).take(5)
    assert (np.sort(orders, axis=-1) == np.arange(17)).all()
    assert len({tuple(row) for row in orders.reshape(-1, 17)}) == 10
    by_hand = np.random.default_rng([3, 1])
    for epoch in range(5):
        assert np.array_equal(orders[epoch, 1], by_hand.permuted(np.arange(17)))


def test_chunks_leave_no_trace():
    whole = SampleOrders(seed=1, trials=3, samples=10).take(7)
    stream = SampleOrders(seed=1, trials=3, samples=10)
    assert np.array_equal(whole, np.concatenate([stream.take(k) for k in (2, 1, 4)]))


def test_positions_are_uniform():
    orders = SampleOrders(seed=0, trials=1, samples=6).take(6000)[:, 0]
    counts = np.stack([np.bincount(orders[:, place], minlength=6) for place in range(6)])
    # Each count is binomial, mean 1000, standard deviation 29; 36 of them stay within 4.5 of those.
    assert np.abs(counts - 1000).max() < 130
