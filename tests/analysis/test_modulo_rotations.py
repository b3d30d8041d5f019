"""Linear students in Gram matrices: the same runs, the same growth, without the directions that no output sees."""

from typing import Any

import numpy as np
import pytest

import curldescent as cd
from curldescent.analysis import learning_dynamics, lyapunov, modulo_rotations, regime, stability
from curldescent.foundation.errors import InputError

RULES = {
    "inputs": cd.Plasticity(hidden=0.5),
    "readout": cd.Plasticity(readout=0.4),
    "graded, both": cd.Plasticity(hidden=np.array([-1.0, 0.5, 2.0]), readout=np.repeat([-0.5, 1.0], 10)),
    "postsynaptic": cd.Plasticity(
        hidden=np.repeat([-1.0, 1.0], 10), readout=np.array([-1.0, 1.0]), flips="postsynaptic"
    ),
}


def problem(outputs: int = 1, hidden: int = 20) -> cd.Problem:
    return cd.student_teacher(
        n_inputs=3, n_hidden=hidden, n_outputs=outputs, n_train=12, activation="linear", trials=2, seed=3
    )


def gram(history: Any, trial: int, groups: list[slice]) -> np.ndarray:
    hidden, readout = history.student_hidden.values[trial], history.student_readout.values[trial]
    z = np.concatenate([hidden, readout.T], axis=1)
    upper = np.triu_indices(z.shape[1])
    return np.concatenate([(z[g].T @ z[g])[upper] for g in groups])


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("norms", [False, True])
def test_steps_are_those_of_training(name: str, norms: bool) -> None:
    rule = RULES[name]
    one = problem(outputs=2 if name == "postsynaptic" else 1)
    history = cd.train(one, rule, epochs=25, learning_rate=0.1, batch_size=None, preserve_norms=norms, record=[25])
    dynamics = learning_dynamics(modulo_rotations(one, rule, trial=1, preserve_norms=norms), learning_rate=0.1)
    state = dynamics.start
    for _ in range(25):
        state = dynamics.step(state, dynamics.args)
    parts = {"readout": [slice(0, 8), slice(8, 20)], "inputs": [slice(None)]}.get(name, [slice(0, 10), slice(10, 20)])
    assert dynamics.field.n_params == len(parts) * len(np.triu_indices(one.inputs.shape[1] + one.student.n_outputs)[0])
    np.testing.assert_allclose(np.sort(state), np.sort(gram(history, 1, parts)), atol=1e-11)
    assert float(dynamics.field.loss(state)) == pytest.approx(float(history.train_error.values[1, -1]), abs=1e-12)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("norms", [False, True])
def test_the_velocity_is_that_of_the_weights(name: str, norms: bool) -> None:
    """By finite differences of the Gram matrices along the weights' own flow."""
    one, rule = problem(outputs=2 if name == "postsynaptic" else 1), RULES[name]
    field = modulo_rotations(one, rule, preserve_norms=norms)
    weights = cd.field(one, rule, trial=0, preserve_norms=norms)

    teacher = cd.Weights(hidden=one.teacher.hidden[0], readout=one.teacher.readout[0])

    def moved(step: float) -> np.ndarray:
        hidden, readout = weights.named(weights.theta + step * weights.velocity()).values()
        student = cd.Weights(hidden=hidden, readout=readout)
        other = cd.Problem(inputs=one.inputs, teacher=teacher, student=student, activation="linear")
        return modulo_rotations(other, rule, preserve_norms=norms).theta

    step = 1e-6
    np.testing.assert_allclose(field.velocity(), (moved(step) - moved(-step)) / (2 * step), atol=1e-7)


def test_the_growth_is_that_of_the_tangent_kernel() -> None:
    """At an unstable solution, where it stays: the leading exponent is the fastest growth."""
    drawn = cd.student_teacher(n_inputs=6, n_hidden=8, n_train=40, activation="linear", seed=1)
    teacher = cd.Weights(hidden=drawn.teacher.hidden[0], readout=drawn.teacher.readout[0])
    one = cd.Problem(inputs=drawn.inputs, teacher=teacher, student=teacher, activation="linear")
    rule = cd.Plasticity(hidden=1.0)
    options = {"time": 60.0, "transient": 100.0, "learning_rate": 0.05, "continuous": True}
    expected = -stability(one, rule).lambda_min
    assert expected > 0.1
    assert lyapunov(modulo_rotations(one, rule), **options).values[0] == pytest.approx(expected, rel=1e-3)


def test_width_costs_nothing_and_runs_have_a_regime() -> None:
    wide = problem(hidden=40)
    field = modulo_rotations(wide, cd.Plasticity())
    assert field.n_params == 10
    assert regime(field, time=400.0, refine=None).label == "converged"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            (cd.student_teacher(n_inputs=3, n_hidden=9, n_train=9, activation="tanh"), cd.Plasticity()),
            "linear students",
        ),
        ((problem(hidden=3), cd.Plasticity()), "at least M . O = 4"),
        ((problem(), cd.Plasticity(readout=0.1)), "smallest here has 2"),
        ((problem(), cd.Plasticity(feedback="random")), "feedback"),
        (("problem", cd.Plasticity()), "problem must be"),
        ((problem(), "rule"), "rule must be"),
    ],
    ids=["tanh", "narrow", "small group", "feedback", "no problem", "no rule"],
)
def test_what_has_no_such_coordinates_is_refused(arguments: tuple, words: str) -> None:
    with pytest.raises(InputError, match=words):
        modulo_rotations(*arguments)


@pytest.mark.parametrize("layers", [(0,), (1,), (0, 1)])
def test_a_layer_of_zeros_keeps_its_norm(layers: tuple[int, ...]) -> None:
    drawn = problem()
    weights = [np.array(each) * (number not in layers) for number, each in enumerate(drawn.student.layers)]
    one, rule = drawn.with_student(cd.Weights(weights)), cd.Plasticity(hidden=0.5)
    history = cd.train(one, rule, epochs=3, learning_rate=0.1, preserve_norms=True, record=[3])
    steps = learning_dynamics(modulo_rotations(one, rule, preserve_norms=True), learning_rate=0.1)
    flow = steps.at(0.1, continuous=True)
    state, flowed = steps.start, flow.start
    for _ in range(3):
        state, flowed = steps.step(state, steps.args), flow.step(flowed, flow.args)
    np.testing.assert_allclose(state, gram(history, 0, [slice(0, 20)]), rtol=1e-12, atol=1e-15)
    # The map is zero whatever the other layer does.
    assert steps.field.loss(flowed) == pytest.approx(float(history.train_error[0, -1]), rel=1e-12)
