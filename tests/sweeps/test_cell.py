"""What a cell computes, against the library's own calls and against slow versions of the measures."""

import numpy as np
import pytest

import curldescent as cd
from curldescent.sweeps.execution.cell import compute
from tests.sweeps.conftest import small

KEEP = {
    "error_curves": True,
    "epochs_to": [0.05, 1e-9],
    "maximum_error": True,
    "order_parameter": 7,
    "lambda_min": True,
    "weights": True,
}


def computed(sweep, index):
    return compute(sweep.cell_at(index))


def test_a_cell_is_what_train_gives():
    sweep = small(keep=KEEP)
    index = (0, 1)
    found = computed(sweep, index)
    resolved = sweep.cell_at(index).arguments
    text = sweep.seed_text(index)
    problem = cd.student_teacher(
        n_inputs=4, n_hidden=8, n_train=20, n_test=5, trials=2, seed=sweep.settings.seed_for("problem", text)
    )
    assert resolved.student_teacher["n_inputs"], resolved.student_teacher["n_hidden"] == (4, 8)
    history = cd.train(
        problem,
        cd.Plasticity(hidden=0.5),
        epochs=20,
        batch_size=10,
        record=list(range(21)),
        record_weights=True,
        seed=sweep.settings.seed_for("training", text),
    )
    kept = cd.log_epochs(20)
    np.testing.assert_array_equal(found["train_error"], history.train_error.sel(epoch=kept))
    np.testing.assert_array_equal(found["final_test_error"], history.test_error[:, -1])
    np.testing.assert_array_equal(found["maximum_train_error"], history.train_error.sel(epoch=kept).max("epoch"))
    np.testing.assert_array_equal(found["student_hidden"], history.student_hidden)
    reached = [cd.epochs_to_threshold(history.train_error, threshold) for threshold in KEEP["epochs_to"]]
    np.testing.assert_array_equal(found["epochs_to_train"], np.stack(reached, axis=-1))
    assert np.isnan(found["epochs_to_train"][:, 1]).all()
    # q as it is defined, from weights that are all kept.
    for name, variable in (("q_hidden", "hidden_history"), ("q_readout", "readout_history")):
        late = history[variable].values[:, -7:].reshape(2, 7, -1)
        expected = late.var(axis=1).mean(axis=-1) / late.mean(axis=1).var(axis=-1)
        np.testing.assert_allclose(found[name], expected, rtol=1e-10)


def test_the_window_of_q_leaves_the_curves_alone():
    plain, watched = small(keep={"error_curves": True}), small(keep={"error_curves": True, "order_parameter": 20})
    np.testing.assert_array_equal(computed(plain, (1, 1))["train_error"], computed(watched, (1, 1))["train_error"])


def test_the_prediction_is_the_theorys():
    sweep = small(keep={"lambda_min": True})
    found = computed(sweep, (2, 1))["predicted_lambda_min"]
    # 8 inputs of which 4 are flipped, 4 hidden neurons; uniform weights have a third of the variance.
    assert found == pytest.approx(cd.theory.lambda_min(2.0, 0.5) / 3, rel=1e-9)
    counted = small(
        axes={"readout_flips": [1]},
        student_teacher={"n_inputs": 8, "n_hidden": 4, "distribution": "normal", "n_train": 20},
        keep={"lambda_min": True},
    )
    found = computed(counted, (0,))["predicted_lambda_min"]
    assert found == pytest.approx(cd.theory.lambda_min(2.0, 0.0, 0.25), rel=1e-9)


def test_a_cell_does_not_depend_on_the_rest_of_the_grid():
    alone = small(axes={"hidden": [0.5], "ratio": [2]})
    together = small()
    a, b = computed(alone, (0, 0)), computed(together, (2, 1))
    for name, values in a.items():
        np.testing.assert_array_equal(values, b[name])


def test_cells_have_their_own_random_numbers_unless_they_are_paired():
    free, paired = small(keep={"weights": True}), small(keep={"weights": True}, paired=["hidden"])

    def start(sweep, index):
        resolved = sweep.cell_at(index).arguments
        return sweep.settings.problem(resolved, sweep.seed_text(index)).student.hidden

    assert not np.array_equal(start(free, (0, 0)), start(free, (0, 1)))
    np.testing.assert_array_equal(start(paired, (0, 0)), start(paired, (0, 1)))
    assert start(paired, (1, 0)).shape != start(paired, (0, 0)).shape


def test_rules_are_compared_on_the_same_students():
    sweep = small(axes={"ratio": [1]}, rules={"GD": {}, "CD": {"readout": 0.5}}, keep={"error_curves": True})
    gd, curl = computed(sweep, (0, 0)), computed(sweep, (1, 0))
    np.testing.assert_array_equal(gd["train_error"][:, 0], curl["train_error"][:, 0])
    assert (gd["train_error"][:, -1] != curl["train_error"][:, -1]).all()


def test_replicates_differ_by_a_seed_axis():
    sweep = small(axes={"seed": [0, 1]}, student_teacher={"n_inputs": 3, "n_hidden": 3})
    assert (computed(sweep, (0,))["final_train_error"] != computed(sweep, (1,))["final_train_error"]).all()


def test_weights_of_stopped_trials_rest():
    sweep = small(
        axes={"hidden": [0.0]},
        student_teacher={"n_inputs": 3, "n_hidden": 9, "trials": 2},
        training={"epochs": 200, "learning_rate": 1, "stop_below": 1e-3},
        keep={"order_parameter": 5},
    )
    found = computed(sweep, (0,))
    assert (found["stopped_at"] < 190).all()
    assert (found["q"] == 0).all()


def test_diverged_trials_are_results():
    sweep = small(
        axes={"hidden": [1.0]},
        student_teacher={"n_inputs": 9, "n_hidden": 3, "trials": 2},
        training={"epochs": 2000, "learning_rate": 20},
        keep={"maximum_error": True, "order_parameter": 5},
    )
    found = computed(sweep, (0,))
    assert (found["diverged_at"] > 0).all()
    assert np.isnan(found["final_train_error"]).all()
    assert np.isnan(found["q"]).all()
