"""The high-gain start: shares, norms and directions."""

import numpy as np
import pytest

import curldescent as cd


def drawn(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return cd.Weights([rng.normal(size=shape) for shape in shapes])


NETWORKS = {
    "one trial": drawn((5, 7), (1, 5)),
    "trials and outputs": drawn((3, 5, 7), (3, 2, 5)),
    "deep": drawn((6, 7), (5, 6), (2, 5)),
}


@pytest.mark.parametrize("weights", NETWORKS.values(), ids=NETWORKS)
def test_the_neuron_gets_its_shares_and_everything_else_stays(weights):
    start = cd.high_gain_start(weights, neuron=2, hidden_share=0.1, readout_share=0.6)
    assert len(start.layers) == len(weights.layers)
    for old, new in zip(weights.layers, start.layers, strict=True):
        np.testing.assert_allclose((new**2).sum((-1, -2)), (old**2).sum((-1, -2)))
        np.testing.assert_array_equal(np.sign(new), np.sign(old))
    for old, new in zip(weights.layers[:-2], start.layers[:-2], strict=True):
        np.testing.assert_array_equal(old, new)
    hidden, readout = start.layers[-2:]
    np.testing.assert_allclose((hidden[..., 2, :] ** 2).sum(-1) / (hidden**2).sum((-1, -2)), 0.1)
    np.testing.assert_allclose((readout[..., 2] ** 2).sum(-1) / (readout**2).sum((-1, -2)), 0.6)
    # All other neurons are changed by one factor.
    others = np.delete(start.layers[-1] / weights.layers[-1], 2, axis=-1)
    np.testing.assert_allclose(others, np.broadcast_to(others[..., :1, :1], others.shape))


def test_shares_that_it_has_change_nothing():
    weights = NETWORKS["one trial"]
    w1, w2 = weights.layers
    start = cd.high_gain_start(
        weights,
        hidden_share=(w1[0] ** 2).sum() / (w1**2).sum(),
        readout_share=w2[0, 0] ** 2 / (w2**2).sum(),
    )
    np.testing.assert_allclose(start.layers[0], w1)
    np.testing.assert_allclose(start.layers[1], w2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"weights": 3}, "weights must be cd.Weights, got int"),
        ({"weights": drawn((2, 5))}, "at least two layers, got a single one"),
        ({"neuron": 5}, "neuron must be"),
        ({"hidden_share": 0.0}, "hidden_share must lie between 0 and 1, got 0"),
        ({"readout_share": 1.0}, "readout_share must lie between 0 and 1, got 1"),
        ({"weights": cd.Weights([np.ones((2, 3)), np.array([[0.0, 1.0]])])}, "weights out of neuron 0"),
        ({"weights": cd.Weights([np.ones((1, 3)), np.ones((1, 1))])}, "at least two neurons in the last hidden layer"),
    ],
)
def test_bad_input_is_one_sentence(arguments, said):
    with pytest.raises(cd.InputError, match=said):
        cd.high_gain_start(**{"weights": NETWORKS["one trial"], **arguments})


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_weights_of_any_size_are_rescaled_alike(size):
    weights = NETWORKS["one trial"]
    found = cd.high_gain_start(cd.Weights([size * layer for layer in weights.layers]))
    for here, there in zip(found.layers, cd.high_gain_start(weights).layers, strict=True):
        np.testing.assert_allclose(here / size, there, rtol=1e-12)


def test_linear_students_keep_a_large_readout_from_there():
    """Free norms conserve w_i² − ‖W_i‖², so that ‖w2‖² never falls below what of it is positive; from random it may."""
    problem = cd.student_teacher(
        n_inputs=100, n_hidden=10, activation="linear", n_train=2000, n_test=0, student_scale=2, seed=950
    )
    kept = {}
    for name, student in (("random", problem.student), ("start", cd.high_gain_start(problem.student))):
        history = cd.train(
            problem.with_student(student), cd.Plasticity(), epochs=100, batch_size=10, record=100, record_weights=True
        )
        surplus = student.readout[0, 0] ** 2 - (student.hidden[0] ** 2).sum(1)
        square = (history.readout_history.values**2).sum((-1, -2)).ravel()
        kept[name] = surplus.clip(min=0).sum(), square.min(), square[0]
    least, lowest, first = kept["start"]
    assert least > 0.4 * first
    assert lowest > 0.99 * least
    # From random weights nothing holds the readout up, and it falls further.
    assert kept["random"][0] < 0.01 * first
    assert kept["random"][1] < 0.7 * lowest
