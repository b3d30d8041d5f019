"""The flow of the excess nonlinearity against closed forms, finite differences, conserved quantities and its ends."""

from dataclasses import replace

import numpy as np
import pytest

import curldescent as cd
from curldescent.foundation.errors import InputError
from curldescent.model.activations import Activation
from curldescent.model.weights import Weights
from curldescent.theory import excess_nonlinearity, nonlinear_error
from curldescent.theory._excess_student import nonlinear_variance
from curldescent.theory.excess_nonlinearity import excess_student
from curldescent.theory.macroscopic import macroscopic_student

GD = cd.Plasticity()


def problem(activation="erf", *, n_hidden=4, n_inputs=100, student_scale=2.0, **more):
    return cd.student_teacher(
        n_inputs=n_inputs,
        n_hidden=n_hidden,
        activation=activation,
        output_activation=more.pop("output_activation", "linear"),
        n_train=1,
        n_test=0,
        student_scale=student_scale,
        **more,
    )


def erf_by_hand(q):
    """⟨φ²⟩ − ⟨φ'⟩² q of erf(√π u/2)."""
    c = np.pi * q / 2
    return 2 / np.pi * np.arcsin(c / (1 + c)) - q / (1 + c)


def slope_of_error(student, at, h=1e-5):
    steps = h * np.eye(at.size)
    return np.array([(student.error(at + s) - student.error(at - s)) / (2 * h) for s in steps])


def test_the_variance_of_the_nonlinear_part_is_the_closed_form_of_erf_units():
    q = np.geomspace(3e-3, 3e3, 57)
    np.testing.assert_allclose(np.exp(nonlinear_variance("erf")(np.log(q))), erf_by_hand(q), rtol=2e-6)
    # Beyond the knots a power law: at small drives the cubic one.
    assert nonlinear_variance("erf")(np.log(1e-9), 1) == pytest.approx(3, abs=1e-3)
    assert nonlinear_variance("tanh")(np.log(1e-9)) == pytest.approx(np.log(6 / 9 * 1e-27), abs=0.02)


def test_it_is_what_the_macroscopic_error_of_orthogonal_vectors_leaves_behind_its_linear_part():
    """Σ_i w_i φ(u_i) − Σ_k v_k φ(v_k) with all vectors orthogonal: the variance minus that of the best linear map."""
    task = problem(n_hidden=3, n_inputs=6)
    lengths = np.array([0.7, 1.5, 2.5, 0.5, 0.9, 0.6])
    vectors = np.diag(lengths)
    student, teacher = (
        Weights([vectors[None, part], weights.readout]) for part, weights in
        ((slice(0, 3), task.student), (slice(3, 6), task.teacher))
    )  # fmt: skip
    task = replace(task, student=student, teacher=teacher)
    whole = macroscopic_student(task, GD, 0, np.full(6, 0.5))
    readouts = np.concatenate([student.readout[0, 0], teacher.readout[0, 0]])
    q = 0.5 * lengths**2
    linear = 0.5 * (readouts**2 * q / (1 + np.pi * q / 2)).sum()
    excess = excess_student(task, GD, 0, 0.5, preserve_norms=False)
    assert excess.error(excess.start) == pytest.approx(whole.error(whole.start) - linear, rel=1e-5)


def test_at_random_it_starts_at_the_error_that_the_onset_is_made_of():
    task = problem(n_hidden=400, trials=3)
    found = excess_nonlinearity(task, GD, epochs=1, record=1)
    expected = nonlinear_error(2.0, activation="erf") + nonlinear_error(1.0, activation="erf")
    np.testing.assert_allclose(found.error[:, 0], expected, rtol=0.15)


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("activation", ["erf", "relu", "tanh", "gelu"])
def test_without_flips_it_descends_the_gradient(activation, outputs):
    student = excess_student(problem(activation, n_outputs=outputs), GD, 0, 0.5, preserve_norms=False)
    slope = slope_of_error(student, student.start)
    np.testing.assert_allclose(student.velocity(student.start), -slope, rtol=1e-5, atol=1e-9)


def test_strengths_multiply_the_gradient_and_norms_are_projected_out():
    hidden, readout = np.array([-1.0, 0.0, 0.5, 1.0]), np.array([2.0, -1.0, 0.0, 1.0])
    rule = cd.Plasticity(hidden=np.outer(hidden, np.ones(100)), readout=readout)
    task = problem()
    student = excess_student(task, rule, 0, 0.5, preserve_norms=False)
    move = student.velocity(student.start)
    slope = slope_of_error(student, student.start)
    np.testing.assert_allclose(move, -np.concatenate([hidden, readout]) * slope, rtol=1e-5, atol=1e-9)
    kept = excess_student(task, rule, 0, 0.5, preserve_norms=True)
    held = kept.velocity(kept.start)
    for part, weights in ((slice(0, 4), kept.norms), (slice(4, 8), kept.readout[0])):
        normal = weights / np.linalg.norm(weights)
        np.testing.assert_allclose(held[part], move[part] - normal * (normal @ move[part]), rtol=1e-12)


def test_relu_neurons_conserve_what_the_signs_of_their_strengths_say():
    """μ*² = c q: a² − w² stays where neither or both are flipped, a² + w² where one is; free norms."""
    task = problem("relu")
    rule = cd.Plasticity(readout=[-1, 1, 1, 1], hidden=np.outer([1, -1, 1, 1], np.ones(100)))
    found = excess_nonlinearity(task, rule, epochs=40, record=20, rtol=1e-9)
    signs = np.array([1, 1, -1, -1])
    square = found.hidden_norm[0].values ** 2 + signs * found.readout_weights[0, :, 0].values ** 2
    np.testing.assert_allclose(square, np.broadcast_to(square[0], square.shape), rtol=1e-6)
    # It moves: what is conserved is not conserved because nothing happens.
    assert np.abs(found.hidden_norm[0, -1] / found.hidden_norm[0, 0] - 1).min() > 0.005


def test_small_drives_conserve_three_readouts_squared_with_input_norms():
    """At small drives μ*² is cubic in q, and a² − 3 w² stays."""
    task = problem("tanh", student_scale=0.2)
    found = excess_nonlinearity(task, GD, epochs=1e6, record=10, rtol=1e-10)
    a, w = found.hidden_norm[0].values ** 2, found.readout_weights[0, :, 0].values ** 2
    kept, moved = a - 3 * w, a + 3 * w
    assert np.abs(kept[-1] - kept[0]).max() < 0.1 * np.abs(moved[-1] - moved[0]).max()


def test_all_flips_are_the_mirror_of_none():
    task = problem()
    flipped = cd.Plasticity(hidden=1.0, readout=1.0)
    student, mirror = (excess_student(task, rule, 0, 0.5, preserve_norms=True) for rule in (GD, flipped))
    np.testing.assert_array_equal(mirror.velocity(mirror.start), -student.velocity(student.start))
    errors = excess_nonlinearity(task, {"GD": GD, "all": flipped}, epochs=100).error[:, 0]
    assert (np.diff(errors[0]) < 0).all()
    assert (np.diff(errors[1]) > 0).all()


def test_equal_neurons_of_one_kind_are_a_fixed_point_and_a_flip_ends_it():
    """With norms kept only differences between neurons move anything: two variables a kind cannot have descent."""
    task = problem()
    equal = Weights([np.eye(4, 100)[None] * 1.2, np.full((1, 1, 4), 0.5)])
    rules = {"GD": GD, "CD": cd.Plasticity(readout=[-1, 1, 1, 1])}
    found = excess_nonlinearity(task.with_student(equal), rules, epochs=2000, preserve_norms=True)
    error = found.error[:, 0]
    np.testing.assert_allclose(error[0], float(error[0, 0]), rtol=1e-9)
    assert error[1, -1] < 0.2 * error[1, 0]


def test_it_tells_the_epochs_of_the_macroscopic_equations_where_it_should():
    """One flipped neuron of the paper's network at student scale 3: within a factor 1.5 in the mean of three."""
    task = problem(n_hidden=10, student_scale=3.0, trials=3, seed=9)
    rule = cd.Plasticity(readout=[-1, *[1] * 9])
    options = {"epochs": 12_000, "preserve_norms": True, "stop_below": 1e-3, "record": 2}
    ours = excess_nonlinearity(task, rule, **options).stopped_at
    full = cd.theory.macroscopic(task, rule, **options).stopped_at
    assert 1 / 1.5 < np.exp(np.log(ours / full).mean()) < 1.5


@pytest.mark.parametrize("equations", [excess_nonlinearity, cd.theory.macroscopic])
def test_what_is_recorded_does_not_end_a_run(equations):
    """A threshold or a divergence behind the last recorded epoch is met at the same epoch as with more of them."""
    task = problem("relu")
    flipped = cd.Plasticity(hidden=1.0, readout=1.0)
    for rule, more, found in ((GD, {"stop_below": 5e-3}, "stopped_at"), (flipped, {}, "diverged_at")):
        few, many = (
            float(equations(task, rule, epochs=2000, record=record, **more)[found][0]) for record in ([1.0], 200)
        )
        assert 1 < few < 2000
        assert many == pytest.approx(few, rel=1e-6)


def test_a_run_says_how_it_ended():
    task = problem()
    done = excess_nonlinearity(task, GD, epochs=3, stop_below=0.5)
    assert (str(done.status[0].item()), float(done.stopped_at[0])) == ("stopped below the threshold", 0.0)
    assert excess_nonlinearity(task, GD, epochs=3).status.item() == "reached the end"
    assert "stop_below" not in excess_nonlinearity(task, GD, epochs=3).attrs


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"output_activation": "tanh"}, "the output must be linear"),
        ({"activation": "linear"}, "hidden neurons must not be linear"),
    ],
)
def test_what_it_does_not_describe_is_refused(change, said):
    with pytest.raises(InputError, match=said):
        excess_nonlinearity(problem(**change), GD, epochs=1)


def test_other_refusals():
    task = problem()
    straight = Activation("straight", lambda u, xp: 2 * u, lambda u, value, xp: 2 + 0 * u)
    with pytest.raises(InputError, match="it has no nonlinear part"):
        excess_nonlinearity(replace(task, activation=straight), GD, epochs=1)
    with pytest.raises(InputError, match="must not differ from input to input"):
        excess_nonlinearity(task, cd.Plasticity(hidden=0.5), epochs=1)
    with pytest.raises(InputError, match="must have a teacher"):
        excess_nonlinearity(replace(task, teacher=None, targets=np.zeros((1, 1, 1))), GD, epochs=1)
    dumb = Weights([task.student.hidden, np.zeros_like(task.student.readout)])
    with pytest.raises(InputError, match="preserve_norms needs layers that are not all zero"):
        excess_nonlinearity(task.with_student(dumb), GD, epochs=1, preserve_norms=True)
    silent = Weights([np.zeros_like(task.student.hidden), task.student.readout])
    with pytest.raises(InputError, match="input weights that are not all zero"):
        excess_nonlinearity(task.with_student(silent), GD, epochs=1)
