"""The continuous flow: against small steps, closed forms, and what it must conserve."""

import numpy as np
import pytest

import curldescent as cd
from tests.conftest import random_problem

RULE = cd.Plasticity(hidden=0.3, readout=0.4)


def two_weights(w1, w2):
    return cd.Problem(
        inputs=[[1.0]], targets=[[1.0]], student=cd.Weights(hidden=[[w1]], readout=[[w2]]), activation="linear"
    )


@pytest.mark.parametrize("preserve_norms", [False, True])
@pytest.mark.parametrize("activation", ["linear", "tanh", "sigmoid"])
def test_small_steps_approach_the_flow_in_proportion_to_the_step(activation, preserve_norms):
    problem = random_problem(4, activation=activation, output_activation=activation)
    flowing = cd.flow(problem, RULE, time=0.5, preserve_norms=preserve_norms)
    distances = []
    for steps in (200, 400, 800):
        stepped = cd.train(
            problem, RULE, epochs=steps, learning_rate=0.5 / steps, preserve_norms=preserve_norms, record=[0, steps]
        )
        distances.append(float(np.abs(stepped.student_hidden - flowing.student_hidden).max()))
    # Euler's method is of first order: half the step, half the distance.
    np.testing.assert_allclose(np.divide(distances[:-1], distances[1:]), 2, atol=0.1)


def test_gradient_flow_of_two_weights_has_its_closed_form():
    # w1 = w2 = w: dw/dt = −(w² − 1) w, so w² = 1/(1 + (1/w0² − 1) e^{−2t}).
    history = cd.flow(two_weights(0.3, 0.3), cd.Plasticity(), time=3.0, record_weights=True, rtol=1e-11, atol=1e-13)
    squared = 1 / (1 + (1 / 0.3**2 - 1) * np.exp(-2 * history.time))
    np.testing.assert_allclose(history.hidden_history[0, :, 0, 0] ** 2, squared, rtol=1e-9)


def test_one_flipped_weight_moves_on_a_circle():
    history = cd.flow(two_weights(0.3, 1.1), cd.Plasticity(readout=np.array([-1.0])), time=5.0, record_weights=True)
    radius = history.hidden_history[0, :, 0, 0] ** 2 + history.readout_history[0, :, 0, 0] ** 2
    np.testing.assert_allclose(radius, 0.3**2 + 1.1**2, rtol=1e-7)


@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_invariants_hold_for_any_strengths_and_show_a_coarse_integration(activation):
    problem = random_problem(6, activation=activation, output_activation="tanh")
    rng = np.random.default_rng(0)
    rule = cd.Plasticity(hidden=rng.choice([-1.0, 1.0, 0.4], (5, 7)), readout=rng.choice([-1.0, 0.5], (3, 5)))
    fine = cd.flow(problem, rule, time=1.0, rtol=1e-10, atol=1e-12)
    coarse = cd.flow(problem, rule, time=1.0, rtol=1e-2, atol=1e-2, method="RK45")
    assert fine.invariant_drift.max() < 1e-6
    assert coarse.invariant_drift.max() > 20 * fine.invariant_drift.max()


def test_there_is_no_invariant_where_nothing_is_conserved():
    for problem, rule, options in (
        (random_problem(6), RULE, {}),
        (random_problem(6, activation="relu"), cd.Plasticity(feedback="random"), {}),
        (random_problem(6, activation="relu"), RULE, {"preserve_norms": True}),
        (random_problem(6, activation="relu"), cd.Plasticity(hidden=np.zeros(7)), {}),
    ):
        assert "invariant_drift" not in cd.flow(problem, rule, time=0.1, record=3, **options)


def test_trials_stop_at_the_very_time_the_threshold_is_met():
    problem = cd.student_teacher(n_inputs=4, n_hidden=6, n_train=40, trials=3, seed=1)
    history = cd.flow(problem, cd.Plasticity(), time=200.0, stop_below=1e-3, record_weights=True)
    assert (history.status == "stopped below the threshold").all()
    np.testing.assert_allclose(history.train_error[:, -1], 1e-3, rtol=1e-6)
    for trial in range(3):
        late = history.time > history.stopped_at[trial]
        np.testing.assert_array_equal(history.hidden_history[trial, -1], history.student_hidden[trial])
        assert (history.train_error[trial, ~late] >= 1e-3 * (1 - 1e-6)).all()


def test_finite_time_blow_up_is_reported_with_its_time():
    # Every hidden synapse flipped and no solution in reach: the weights run away.
    history = cd.flow(two_weights(2.0, 1.0), cd.Plasticity(hidden=1.0, readout=1.0), time=50.0, record=[0, 0.01, 50])
    assert history.status[0] in ("diverged", "solver gave up")
    assert 0.01 < history.diverged_at[0] < 50
    assert np.isnan(history.train_error[0, -1])
    assert np.isfinite(history.train_error[0, :2]).all()
    assert np.isnan(history.student_hidden).all()


def test_several_rules_and_times_that_end_early():
    problem = random_problem(2)
    history = cd.flow(problem, {"GD": cd.Plasticity(), "CD": RULE}, time=1.0, record=[0.25, 0.5])
    assert dict(history.train_error.sizes) == {"rule": 2, "trial": 2, "time": 2}
    alone = cd.flow(problem, RULE, time=1.0, record=[0.0, 1.0])
    np.testing.assert_allclose(history.student_hidden.sel(rule="CD"), alone.student_hidden, rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time": -1}, "time must be a positive number"),
        ({"time": 1, "record": [0, 2]}, "record must list increasing times between 0 and 1"),
        ({"time": 1, "method": "euler"}, "method must be one of 'DOP853'"),
        ({"time": 1, "rtol": 0}, "rtol must be a positive number"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(options, message):
    with pytest.raises(cd.InputError, match=message):
        cd.flow(random_problem(), RULE, **options)


def test_a_layer_of_zeros_cannot_be_kept_at_its_norm():
    problem = random_problem(6)
    zero = problem.with_student(cd.Weights([problem.student.hidden, 0 * problem.student.readout]))
    with pytest.raises(cd.InputError, match="that of layer 2 of a student is zero"):
        cd.flow(zero, RULE, time=0.5, preserve_norms=True)
    assert cd.flow(zero, RULE, time=0.01).status.values.size
