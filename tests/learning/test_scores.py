"""Scores against scikit-learn, and baselines against their own definitions."""

import numpy as np
import pytest

import curldescent as cd


def measured(**options):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(80, 3))
    table = {f"x{k}": x[:, k] for k in range(3)}
    table |= {"speed": 50 + 20 * np.tanh(x[:, 0] - x[:, 1]), "angle": 0.02 * x[:, 2]}
    return cd.from_data(table, **({"targets": ["speed", "angle"], "n_hidden": 6, "trials": 2} | options)), table


def test_r2_and_rmse_are_scikit_learns_in_the_units_of_the_table():
    metrics = pytest.importorskip("sklearn.metrics")
    problem, table = measured()
    history = cd.train(problem, {"GD": cd.Plasticity(), "CD": cd.Plasticity(readout=0.2)}, epochs=200)
    found = cd.scores(problem, history)
    assert found.r2.dims == ("rule", "trial", "target")
    output = cd.predict(problem, history, units="data")
    truth = problem.data.target_scaling.undo(problem.test_targets)
    assert set(truth[:, 0]) <= set(table["speed"]) or np.isclose(truth[:, :1], table["speed"]).any(axis=1).all()
    for rule in ("GD", "CD"):
        for trial in range(2):
            one = output.sel(rule=rule, trial=trial).values
            np.testing.assert_allclose(
                found.r2.sel(rule=rule, trial=trial), metrics.r2_score(truth, one, multioutput="raw_values"), rtol=1e-9
            )
            np.testing.assert_allclose(
                found.rmse.sel(rule=rule, trial=trial) ** 2,
                metrics.mean_squared_error(truth, one, multioutput="raw_values"),
                rtol=1e-9,
            )
    known = problem.data.target_scaling.undo(problem.targets).mean(axis=0)
    np.testing.assert_allclose(found.baseline_rmse, np.sqrt(((truth - known) ** 2).mean(axis=0)), rtol=1e-9)
    assert found.target.values.tolist() == ["speed", "angle"]
    np.testing.assert_array_equal(found.error, history.test_error[..., -1])
    mean = problem.targets.mean(axis=0)
    np.testing.assert_allclose(
        found.baseline_error, 0.5 * ((problem.test_targets - mean) ** 2).sum(1).mean(), rtol=1e-12
    )


def test_predictions_in_the_units_of_the_data_take_inputs_in_them():
    problem, _ = measured()
    history = cd.train(problem, cd.Plasticity(), epochs=20)
    raw = problem.data.input_scaling.undo(problem.test_inputs)
    np.testing.assert_allclose(
        cd.predict(problem, history, raw, units="data"), cd.predict(problem, history, units="data"), rtol=1e-9
    )
    assert cd.predict(problem, history).output.values.tolist() == ["speed", "angle"]


@pytest.mark.parametrize("output_activation", ["softmax", "sigmoid"])
def test_the_baseline_of_classes_is_the_commonest_and_the_entropy_of_the_shares(output_activation):
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(3)
    kinds = np.array(["ant", "bee", "cat"])[rng.choice(3, 90, p=[0.2, 0.5, 0.3])]
    table = {"x": rng.normal(size=90) + (kinds == "bee"), "kind": kinds}
    problem = cd.from_data(table, n_hidden=5, loss="cross_entropy", output_activation=output_activation)
    history = cd.train(problem, cd.Plasticity(), epochs=300)
    found = cd.scores(problem, history)
    right = problem.test_targets.argmax(axis=1)
    assert float(found.baseline_accuracy) == (right == 1).mean()
    assert float(found.accuracy[0]) == float(cd.accuracy(problem, history)[0])
    shares = problem.targets.mean(axis=0)
    if output_activation == "softmax":
        expected = metrics.log_loss(right, np.tile(shares, (len(right), 1)), labels=[0, 1, 2])
    else:
        expected = sum(
            metrics.log_loss(problem.test_targets[:, k], np.full(len(right), shares[k]), labels=[0, 1])
            for k in range(3)
        )
    np.testing.assert_allclose(found.baseline_error, expected, rtol=1e-12)
    assert float(found.error[0]) < expected


def test_trials_with_targets_of_their_own_have_baselines_of_their_own():
    problem = cd.student_teacher(n_inputs=4, n_hidden=5, n_train=30, n_test=9, trials=3)
    history = cd.train(problem, cd.Plasticity(), epochs=3)
    found = cd.scores(problem, history)
    targets, known = problem.test_outputs(), problem.train_outputs()
    by_hand = [np.sqrt(((y - k.mean()) ** 2).mean()) for y, k in zip(targets, known, strict=True)]
    np.testing.assert_allclose(found.baseline_rmse[:, 0], by_hand, rtol=1e-12)
    assert found.baseline_rmse.dims == ("trial", "target")
    trained = cd.scores(problem, history, samples="train")
    np.testing.assert_array_equal(trained.error, history.train_error[:, -1])
    np.testing.assert_allclose(trained.rmse[:, 0] ** 2 / 2, history.train_error[:, -1], rtol=1e-9)


def test_diverged_students_and_constant_targets_have_no_score():
    problem, _ = measured(standardise_targets=False)
    wild = cd.train(problem, cd.Plasticity(hidden=1.0, readout=1.0), epochs=400, learning_rate=5.0)
    assert wild.diverged.all()
    assert cd.scores(problem, wild).rmse.isnull().all()
    rng = np.random.default_rng(0)
    flat = cd.from_data({"x": rng.normal(size=20), "y": np.full(20, 0.5)}, n_hidden=3)
    assert cd.scores(flat, cd.train(flat, cd.Plasticity(), epochs=2)).r2.isnull().all()
