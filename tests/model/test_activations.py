"""Activations against finite differences, automatic differentiation and each other's array modules."""

import copy
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curldescent as cd
from curldescent.model.activations import NAMES, of

Z = np.array([-7.0, -2.5, -0.3, 0.2, 1.1, 6.0])
ELEMENTWISE = [name for name in NAMES if not of(name).joint]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_slopes_are_differences_and_both_modules_agree(name):
    kind, h = of(name), 1e-6
    difference = (kind.value(Z + h, np) - kind.value(Z - h, np)) / (2 * h)
    # Central differences: truncation h²/6 of a third derivative of order 1, rounding 1e-16/h.
    np.testing.assert_allclose(kind.slope(Z, kind.value(Z, np), np), difference, atol=2e-9)
    with jax.enable_x64():
        z = jnp.asarray(Z)
        np.testing.assert_allclose(kind.value(z, jnp), kind.value(Z, np), rtol=1e-13, atol=1e-15)
        slopes = kind.slope(z, kind.value(z, jnp), jnp), kind.slope(Z, kind.value(Z, np), np)
        np.testing.assert_allclose(*slopes, atol=1e-13)


@pytest.mark.parametrize("name", [name for name in NAMES if of(name).integral is not None])
def test_the_matching_loss_has_the_delta_rules_gradient(name):
    rng = np.random.default_rng(0)
    target = rng.dirichlet(np.ones(3), size=4) if of(name).joint else rng.uniform(size=(4, 3))
    with jax.enable_x64():
        drive = jnp.asarray(rng.normal(size=(4, 3)))
        gradient = jax.jit(jax.grad(lambda z: jnp.sum(of(name).matching(z, jnp.asarray(target), jnp))))(drive)
        np.testing.assert_allclose(gradient, of(name).value(drive, jnp) - target, atol=1e-13)


def test_softmax_carries_errors_back_by_its_jacobian():
    kind = of("softmax")
    rng = np.random.default_rng(1)
    error = rng.normal(size=(1, 4))
    with jax.enable_x64():
        z = jnp.asarray(rng.normal(size=(1, 4)))
        jacobian = jax.jit(jax.jacobian(lambda u: kind.value(u[None], jnp)[0]))(z[0])
        np.testing.assert_allclose(kind.carried(error, z, kind.value(z, jnp), jnp), error @ jacobian, atol=1e-15)


@pytest.mark.parametrize("name", ["erf", "gelu", "softplus"])
def test_students_without_a_kernel_learn_in_the_reference_engine(name):
    problem = cd.student_teacher(n_inputs=5, n_hidden=4, n_train=30, activation=name, output_activation="linear")
    history = cd.train(problem, cd.Plasticity(), epochs=60, batch_size=10)
    assert history.attrs["engine"] == "jax"
    assert history.train_error[0, -1] < history.train_error[0, 0]
    with pytest.raises(cd.InputError, match=f"has no kernel for the activation {name}"):
        cd.train(problem, cd.Plasticity(), epochs=1, engine="fused")


def test_an_activation_of_ones_own_is_the_built_in_it_repeats():
    mine = cd.activation("mine", jnp.tanh, integral=lambda z: jnp.logaddexp(z, -z))
    settings = {"n_inputs": 5, "n_hidden": 4, "n_train": 30, "seed": 3}
    own = cd.student_teacher(**settings, activation=mine)
    built_in = cd.student_teacher(**settings, activation="tanh")
    np.testing.assert_allclose(own.train_outputs(), built_in.train_outputs(), atol=1e-15)
    rule = cd.Plasticity(readout=0.5)
    histories = [cd.train(p, rule, epochs=20, batch_size=10, engine="jax") for p in (own, built_in)]
    np.testing.assert_allclose(histories[0].student_hidden, histories[1].student_hidden, atol=1e-13)
    found = [cd.analysis.curl(p, rule).antisymmetric for p in (own, built_in)]
    assert found[0] == pytest.approx(found[1], rel=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: cd.activation("tanh", jnp.sin), "there is an activation 'tanh' already"),
        (lambda: cd.activation("mine", 3), "value must be a function of JAX"),
        (lambda: cd.activation("mine", np.tanh), "jax.numpy, not NumPy"),
        (lambda: cd.activation("mine", lambda z: z.sum()), "value must be elementwise"),
        (lambda: cd.activation("mine", lambda z: z / z.sum(-1, keepdims=True)), "depends on the others"),
        (lambda: cd.student_teacher(n_inputs=2, n_hidden=2, activation="softmax"), "activation must be one of"),
        (lambda: cd.student_teacher(n_inputs=2, n_hidden=2, activation="tahn"), "did you mean 'tanh'"),
    ],
)
def test_what_is_no_activation_is_refused(make, message):
    with pytest.raises(cd.InputError, match=message):
        make()


def waves(z):
    return jnp.sin(z) + z


def area_under_waves(z):
    return 0.5 * z * z - jnp.cos(z)


def far_off(output, target):
    return jnp.sum((output - target) ** 4)


def test_a_problem_with_functions_of_ones_own_can_be_pickled_where_they_can():
    mine = cd.activation("waves", waves, integral=area_under_waves)
    problem = cd.student_teacher(n_inputs=3, n_hidden=4, n_train=10, activation=mine, loss=far_off)
    back = pickle.loads(pickle.dumps(problem))
    assert (back.activation.name, back.loss.name) == ("waves", problem.loss.name)
    z = np.linspace(-1, 1, 5)
    for xp in (np, jnp):
        np.testing.assert_array_equal(back.activation.slope(z, None, xp), mine.slope(z, None, xp))
        np.testing.assert_array_equal(back.activation.integral(z, xp), mine.integral(z, xp))
    histories = [cd.train(p, cd.Plasticity(readout=0.5), epochs=2, batch_size=5) for p in (problem, back)]
    np.testing.assert_array_equal(histories[0].student_hidden, histories[1].student_hidden)
    assert pickle.loads(pickle.dumps(cd.rules.Oja(), protocol=2)) == cd.rules.Oja()


def test_pickling_names_the_function_that_cannot_be_found():
    hidden_away = cd.activation("mine", lambda z: z + 1)
    with pytest.raises((AttributeError, pickle.PicklingError), match=r"[Cc]an't (pickle|get) local object .*<lambda>"):
        pickle.dumps(hidden_away)


@pytest.mark.parametrize("name", NAMES)
def test_built_in_ones_are_themselves_after_pickling_and_copying(name):
    assert pickle.loads(pickle.dumps(of(name))) is of(name)
    assert copy.deepcopy(of(name)) is of(name)
