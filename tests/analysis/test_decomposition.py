"""Exponents under contraction and growth of every strength, against spectra that are known exactly."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

import curldescent as cd
from curldescent.analysis import (
    covariant_vectors,
    follow_exponents,
    learning_dynamics,
    lyapunov,
    lyapunov_exponents,
    step_size_check,
)
from curldescent.analysis._dynamics.regimes import regime_of
from curldescent.analysis._dynamics.runge_kutta import RungeKutta4
from curldescent.analysis._dynamics.watching import watch
from curldescent.foundation.errors import InputError


def linear(x, a):
    return a @ x


def henon(x, a):
    return jnp.array([1 - a[0] * x[0] ** 2 + x[1], a[1] * x[0]])


def logistic(x, a):
    return a * x * (1 - x)


def cat(x, a):
    return jnp.array([2 * x[0] + x[1], x[0] + x[1]]) % 1.0


def baker(x, a):
    left = x[0] < 0.5
    return jnp.array([2 * x[0] - jnp.where(left, 0.0, 1.0), jnp.where(left, a * x[1], 1 - a * x[1])])


@pytest.mark.parametrize("every", [10, 500])
@pytest.mark.parametrize("b", [0.3, 0.04, 0.03, 1e-3, 1e-9])
def test_henons_exponents_add_up_to_its_determinant(b, every):
    found = lyapunov_exponents(henon, [0.1, 0.1], args=(1.4, b), time=1000, transient=500, count=2, every=every)
    assert found.status == "ok"
    assert found.values.sum() == pytest.approx(np.log(b), abs=1e-6 if b < 1e-6 else 1e-10)


def test_henon_without_its_second_dimension_has_no_second_exponent():
    found = lyapunov_exponents(henon, [0.1, 0.1], args=(1.4, 0.0), time=1000, transient=500, count=2)
    assert np.isfinite(found.values[0])
    assert (found.values[1], found.low[1]) == (-np.inf, -np.inf)
    assert found.high[1] < -25  # not above what double precision resolves
    assert found.kaplan_yorke in (0.0, 1.0)


SPECTRA = {
    "mild": [3.0, 1.0, 0.5, 0.1],
    "degenerate": [2.0, 2.0, 0.5, 0.5],
    "contracting": [0.5, 1e-3, 1e-4, 1e-6],
    "wide": [2.0, 1e-3, 1e-6, 1e-9],
    "underflowing": [1e-40, 1e-41, 1e-42, 1e-43],
    "overflowing": [1e60, 1e59, 1e58, 1e57],
}


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("every", [1, 10])
def test_a_linear_map_has_the_logarithms_of_its_eigenvalues(name, every):
    """In rotated coordinates; the first vectors take a while to turn, so that only the measured time counts."""
    values = np.array(SPECTRA[name])
    basis = np.linalg.qr(np.random.default_rng(1).standard_normal((4, 4)))[0]
    matrix = basis @ np.diag(values) @ basis.T
    found = lyapunov_exponents(linear, np.zeros(4), args=matrix, time=200, transient=200, count=4, every=every)
    assert found.status == "ok"
    np.testing.assert_allclose(found.values, np.log(values), atol=1e-5)


def test_a_diagonal_map_is_resolved_below_rounding():
    found = lyapunov_exponents(linear, np.zeros(3), args=np.diag([1.0, 1e-20, 1e-50]), time=200, transient=50, count=3)
    np.testing.assert_allclose(found.values, np.log([1.0, 1e-20, 1e-50]), atol=1e-9)


def test_what_rounding_hides_is_bounded_and_not_made_up():
    basis = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
    matrix = basis @ np.diag([1.0, 0.5, 1e-25]) @ basis.T
    found = lyapunov_exponents(linear, np.zeros(3), args=matrix, time=200, transient=100, count=3)
    np.testing.assert_allclose(found.values[:2], [0.0, np.log(0.5)], atol=1e-9)
    assert found.values[2] == -np.inf
    assert np.log(1e-25) < found.high[2] < np.log(1e-12)
    assert (np.isneginf(found.blocks[:, 2]) & (found.bounds[:, 2] < np.log(1e-12))).all()


@pytest.mark.parametrize("count", [1, 3])
def test_a_nilpotent_map_leaves_nothing(count):
    jordan = np.diag([1.0, 1.0], 1)
    found = lyapunov_exponents(linear, np.ones(3), args=jordan, time=200, count=count)
    assert found.status == "ok"
    assert (found.values == -np.inf).all()
    assert (found.trace == -np.inf).all()
    assert not np.isnan(found.high).any()


def test_a_singular_jordan_block_leaves_the_rest_alone():
    matrix = np.zeros((4, 4))
    matrix[0, 0], matrix[1:, 1:] = 0.5, np.diag([1.0, 1.0], 1)
    found = lyapunov_exponents(linear, np.ones(4), args=matrix, time=200, transient=10, count=4)
    assert found.values[0] == pytest.approx(np.log(0.5))
    assert (found.values[1:] == -np.inf).all()
    assert found.kaplan_yorke == 0.0


@pytest.mark.parametrize(("r", "start"), [(2.0, 0.3), (1 + 5**0.5, 0.3), (2.0, 0.49999)])
def test_superstable_cycles_have_no_finite_exponent(r, start):
    found = lyapunov_exponents(logistic, [start], args=r, time=2000)
    assert found.status == "ok"
    assert (found.values[0], found.low[0]) == (-np.inf, -np.inf)
    assert found.high[0] < -10


def test_followed_exponents_go_through_superstability():
    sweep = follow_exponents(logistic, [0.3], [1.9, 2.0, 2.1], args=float, time=2000, transient=500)
    np.testing.assert_allclose(sweep.exponent[:, 0], [np.log(0.1), -np.inf, np.log(0.1)], rtol=1e-9)
    assert (sweep.status == "ok").all()
    assert not np.isnan(sweep.high).any()


def test_chaotic_maps_with_known_spectra():
    golden = np.log((3 + 5**0.5) / 2)
    found = lyapunov_exponents(cat, [0.1, 0.3], time=1000, transient=50, count=2, every=100)
    np.testing.assert_allclose(found.values, [golden, -golden], atol=1e-9)
    found = lyapunov_exponents(baker, [0.1, 0.3], args=0.01, time=40, transient=5, count=2, every=5, blocks=4)
    np.testing.assert_allclose(found.values, np.log([2.0, 0.01]), atol=1e-9)


@pytest.mark.slow
def test_a_stiff_flows_exponents_add_up_to_its_divergence():
    def field(x, a):
        return jnp.array([x[1], a * (1 - x[0] ** 2) * x[1] - x[0]])

    # Van der Pol: the divergence averages to λ1 + λ2, and λ1 = 0 on the cycle.
    states, step = [], RungeKutta4(field, 0.01)
    found = lyapunov_exponents(step, [2.0, 0.0], args=10.0, dt=0.01, time=400, transient=50, count=2, every=500)
    x = np.array([2.0, 0.0])

    def plain(u):
        return np.array([u[1], 10.0 * (1 - u[0] ** 2) * u[1] - u[0]])

    for _ in range(45_000):
        k1 = plain(x)
        k2 = plain(x + 0.005 * k1)
        k3 = plain(x + 0.005 * k2)
        x = x + 0.01 / 6 * (k1 + 2 * k2 + 2 * k3 + plain(x + 0.01 * k3))
        states.append(x[0])
    divergence = 10.0 * (1 - np.mean(np.array(states[5000:]) ** 2))
    assert found.values[0] == pytest.approx(0.0, abs=0.05)
    assert found.values.sum() == pytest.approx(divergence, rel=1e-3)


@pytest.mark.slow
def test_a_converging_student_has_its_linear_rates_whatever_the_interval():
    """At the solution the exponents are logarithms of the map's multipliers 1 − η h, divided by η."""
    problem = cd.student_teacher(n_inputs=1, n_hidden=1, n_train=10, n_test=0, seed=1).starting_at_teacher()
    inputs = problem.inputs * np.sqrt(9.9 / np.mean(problem.inputs**2) / (problem.teacher.hidden**2).sum())
    problem = replace(problem, inputs=inputs)
    w1, w2 = (float(layer.ravel()[0]) for layer in (problem.teacher.hidden, problem.teacher.readout))
    curvature = float(np.mean(inputs**2)) * (w1**2 + w2**2)
    rate = 1.9 / curvature
    for every in (1, 10, 100):
        found = lyapunov(
            problem,
            cd.Plasticity(),
            time=400 * rate,
            transient=300 * rate,
            learning_rate=rate,
            count=2,
            every=every,
            blocks=2,
        )
        assert found.status == ("ok",)
        np.testing.assert_allclose(found.values[0], [0.0, np.log(0.9) / rate], atol=1e-6 / rate)


def test_a_full_spectrum_of_norm_preserving_learning_loses_the_norms():
    """Rescaling removes one direction per layer in every step: two exponents of −inf, exactly."""
    problem = cd.student_teacher(n_inputs=2, n_hidden=2, n_train=10, n_test=0, activation="tanh")
    found = lyapunov(problem, cd.Plasticity(), time=20.0, count=6, preserve_norms=True, blocks=2)
    assert found.status == ("ok",)
    assert np.isneginf(found.values[0]).sum() == 2
    assert not np.isnan(found.values).any()
    assert not np.isnan(found.trace).any()


def test_precision_of_the_step_decides_what_is_told_from_nothing():
    def single(x, a):
        return (a.astype(jnp.float32) @ x.astype(jnp.float32)).astype(jnp.float32)

    basis = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
    for small, resolved in ((1e-2, True), (1e-9, False)):
        matrix = basis @ np.diag([1.0, 0.5, small]) @ basis.T
        found = lyapunov_exponents(single, np.zeros(3), args=matrix, time=200, transient=100, count=3)
        np.testing.assert_allclose(found.values[:2], [0.0, np.log(0.5)], atol=1e-5)
        if resolved:
            assert found.values[2] == pytest.approx(np.log(small), abs=1e-3)
        else:
            assert found.values[2] == -np.inf
            assert np.log(small) < found.high[2] < np.log(1e-4)


@pytest.mark.slow
def test_nothing_moves_in_a_zero_field():
    found = lyapunov_exponents(RungeKutta4(lambda x, a: 0 * x, 0.1), [1.0, 2.0], dt=0.1, time=20, count=2)
    np.testing.assert_allclose(found.values, [0.0, 0.0], atol=1e-14)
    assert step_size_check(cd.field(lambda x: 0 * x, np.array([1.0, 2.0])), dt=0.1, time=20, count=2).agree


def test_only_states_diverge():
    found = lyapunov_exponents(lambda x, a: 2 * x, [1.0], time=2000)
    assert found.status == "diverged"
    rough = lyapunov_exponents(lambda x, a: jnp.sqrt(jnp.abs(x)), [0.0], time=100)
    assert rough.status == "not differentiable"
    assert np.isnan(rough.values).all()
    assert np.isfinite(rough.state).all()
    growing = lyapunov_exponents(lambda x, a: 1e200 * x, [0.0], time=100)
    assert growing.status == "ok"
    assert growing.values[0] == pytest.approx(200 * np.log(10))


@pytest.mark.slow
def test_covariant_vectors_of_a_singular_map_span_what_it_maps_to_nothing():
    basis = np.random.default_rng(3).standard_normal((4, 4))
    matrix = basis @ np.diag([2.0, 0.5, 0.0, 0.0]) @ np.linalg.inv(basis)
    for every in (1, 4):
        found = covariant_vectors(
            linear, start=np.zeros(4), args=matrix, time=8, count=4, transient=80, settle=80, every=every
        )
        np.testing.assert_allclose(found.exponents, [np.log(2), np.log(0.5), -np.inf, -np.inf], atol=1e-9)
        unit = basis / np.linalg.norm(basis, axis=0)
        for i in range(2):
            np.testing.assert_allclose(np.abs(found.vectors[:, :, i] @ unit[:, i]), 1.0, atol=1e-9)
        assert np.abs(matrix @ found.vectors[0][:, 2:]).max() < 1e-12
        assert np.linalg.matrix_rank(found.vectors[0][:, 2:], tol=1e-6) == 2


def test_covariant_vectors_are_followed_through_strong_contraction():
    basis = np.random.default_rng(3).standard_normal((3, 3))
    matrix = basis @ np.diag([2.0, 1e-3, 1e-6]) @ np.linalg.inv(basis)
    found = covariant_vectors(
        linear, start=np.zeros(3), args=matrix, time=20, count=3, transient=20, settle=20, every=10
    )
    unit = basis / np.linalg.norm(basis, axis=0)
    np.testing.assert_allclose(np.abs(np.einsum("ndk,dk->nk", found.vectors, unit)), 1.0, atol=1e-6)
    np.testing.assert_allclose(found.exponents, np.log([2.0, 1e-3, 1e-6]), atol=1e-6)


def test_a_run_whose_tangent_vector_is_gone_is_labelled_and_not_diverged():
    problem = cd.student_teacher(n_inputs=1, n_hidden=1, n_train=10, n_test=0)
    dynamics = learning_dynamics(problem, cd.Plasticity(), preserve_norms=True)
    record = watch(dynamics, time=400.0)
    assert np.isneginf(record.growth).any()  # two weights of fixed norm cannot move
    assert regime_of(record).label != "diverged"


def test_a_step_that_is_none_is_refused():
    with pytest.raises(InputError, match="step must be a JAX function"):
        lyapunov_exponents(3.0, [0.1], time=10)
    with pytest.raises(InputError, match=r"step must return a state of real numbers like start, \(2,\)"):
        lyapunov_exponents(lambda x, a: x[:1], [0.1, 0.2], time=10)
