import numpy as np
import pytest

import curldescent as cd


def separable():
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1, 2], 30)
    centres = np.array([[4.0, 0], [-4, 0], [0, 6]])
    return cd.from_data(
        {"x": centres[labels] + rng.normal(size=(90, 2)) * 0.3, "class": labels},
        targets="class",
        one_hot=True,
        loss="squared",
        n_hidden=8,
        trials=3,
    )


def test_accuracy_counts_right_answers():
    problem = separable()
    history = cd.train(problem, {"GD": cd.Plasticity(), "frozen": cd.Plasticity(np.zeros(2), np.zeros(8))}, epochs=3000)
    right = cd.accuracy(problem, history)
    assert right.dims == ("rule", "trial")
    assert (right.sel(rule="GD") == 1).all()
    output = cd.predict(problem, history).sel(rule="frozen").values
    by_hand = (output.argmax(axis=-1) == problem.test_targets.argmax(axis=-1)).mean(axis=-1)
    np.testing.assert_array_equal(right.sel(rule="frozen"), by_hand)
    assert (right.sel(rule="frozen") < 1).any()


def test_diverged_students_have_no_accuracy():
    problem = separable()
    wild = cd.train(problem, cd.Plasticity(hidden=1.0, readout=1.0), epochs=400, learning_rate=5.0)
    assert wild.diverged.all()
    assert cd.accuracy(problem, wild).isnull().all()


def test_predictions_reproduce_the_recorded_error():
    problem = separable()
    history = cd.train(problem, cd.Plasticity(), epochs=5)
    output = cd.predict(problem, history)
    error = 0.5 * ((output.values - problem.test_targets) ** 2).sum(axis=-1).mean(axis=-1)
    np.testing.assert_allclose(history.test_error[:, -1], error, rtol=1e-12)
    with pytest.raises(cd.InputError, match="inputs must have shape"):
        cd.predict(problem, history, np.ones((2, 3)))
