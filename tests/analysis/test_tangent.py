"""Exponents against published values and against determinants, divergences and linear rates."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

import curldescent as cd
from curldescent.analysis import (
    TangentDynamics,
    covariant_vectors,
    follow_exponents,
    lyapunov_exponents,
    step_size_check,
)
from curldescent.analysis._dynamics.runge_kutta import RungeKutta4
from curldescent.foundation.errors import InputError


def henon(x, a):
    return jnp.array([1 - a[0] * x[0] ** 2 + x[1], a[1] * x[0]])


def lorenz(x, a):
    sigma, rho, beta = a
    return jnp.array([sigma * (x[1] - x[0]), x[0] * (rho - x[2]) - x[1], x[0] * x[1] - beta * x[2]])


CLASSIC = (10.0, 28.0, 8 / 3)


def test_henon_map_has_the_published_exponent():
    found = lyapunov_exponents(
        henon, [0.1, 0.1], args=(1.4, 0.3), time=100_000, transient=1000, count=2, every=5, blocks=25
    )
    # Published: 0.41922 (e.g. Sprott, Chaos and Time-Series Analysis, 2003); 1e5 iterations leave about 2e-3.
    assert found.low[0] < 0.41922 < found.high[0]
    assert abs(found.values[0] - 0.41922) < 0.004
    assert found.high[0] - found.low[0] < 0.01
    np.testing.assert_allclose(found.values.sum(), np.log(0.3), atol=1e-12)
    # Published Kaplan–Yorke dimension 1.258.
    assert abs(found.kaplan_yorke - 1.258) < 0.003


def test_the_dimension_takes_exponents_in_descending_order():
    found = lyapunov_exponents(henon, [0.1, 0.1], args=(1.4, 0.3), time=1000, count=2)
    # Neighbours that a finite time has not put in order; 2 + (0.3 − 0.1)/0.5 by hand.
    shuffled = dataclasses.replace(found, values=np.array([-0.1, 0.3, -0.5]))
    assert abs(shuffled.kaplan_yorke - 2.4) < 1e-12
    assert dataclasses.replace(found, values=np.array([-0.1, -np.inf])).kaplan_yorke == 0


def test_lorenz_flow_has_the_published_spectrum():
    found = lyapunov_exponents(
        RungeKutta4(lorenz, 0.01), [1.0, 1.0, 20.0], args=CLASSIC, dt=0.01, time=2000, transient=50, count=3, every=10
    )
    # Published: 0.9056, 0, −14.5723 (Sprott 2003).
    assert found.low[0] < 0.9056 < found.high[0]
    assert found.high[0] - found.low[0] < 0.04
    assert abs(found.values[1]) < 2e-3
    # The divergence is −(σ + 1 + β) everywhere; Runge–Kutta keeps it to its own order in dt.
    np.testing.assert_allclose(found.values.sum(), -(10 + 1 + 8 / 3), rtol=1e-4)


@pytest.mark.slow
def test_one_vector_and_a_frame_agree():
    one = lyapunov_exponents(henon, [0.1, 0.1], args=(1.4, 0.3), time=5000, transient=100, count=1, every=5)
    two = lyapunov_exponents(henon, [0.1, 0.1], args=(1.4, 0.3), time=5000, transient=100, count=2, every=5)
    # The first column of a QR frame does not know of the others; rounding alone differs, and chaos amplifies that.
    assert abs(one.values[0] - two.values[0]) < 0.02


def test_a_stable_point_has_the_linearised_rate():
    # Lorenz below the onset of convection's instability: at ρ = 20 an exponent near zero would be the fault of the
    # integrator; the rate is that of the Jacobian at (√(β(ρ−1)), √(β(ρ−1)), ρ−1).
    s, r, b = 10.0, 20.0, 8 / 3
    w = np.sqrt(b * (r - 1))
    jacobian = np.array([[-s, s, 0], [1, -1, -w], [w, w, -b]])
    rate = np.linalg.eigvals(jacobian).real.max()
    assert rate == pytest.approx(-0.155, abs=1e-3)
    found = lyapunov_exponents(
        RungeKutta4(lorenz, 0.01), [w + 0.1, w, r - 1], args=(s, r, b), dt=0.01, time=400, transient=100
    )
    # A complex pair: the growth of one vector oscillates, by at most a turn's worth over the measured time.
    assert found.values[0] == pytest.approx(rate, abs=5e-3)
    assert found.high[0] < -0.1


@pytest.mark.slow
def test_step_size_check_tells_a_good_step_from_one_at_the_edge():
    stable = (10.0, 20.0, 8 / 3)
    start = np.array([7.0, 7.0, 19.0])
    field = cd.field(lambda x: lorenz(x, stable), start)
    assert step_size_check(field, dt=0.01, time=100, transient=50, accuracy=0.01).agree

    def stiff(x):
        return -20.0 * x

    # Runge–Kutta contracts by |R(−2.785)| ≈ 1 there: an exponent of almost zero for a rate of −20.
    edge = step_size_check(cd.field(stiff, np.ones(1)), dt=2.785 / 20, time=50)
    assert abs(edge.coarse.values[0]) < 0.05
    assert not edge.agree
    assert edge.stiffness == pytest.approx(2.785, rel=1e-6)


def test_divergence_is_a_status():
    found = lyapunov_exponents(lambda x, a: x**2, [2.0], time=100, every=5)
    assert found.status == "diverged"
    assert np.isnan(found.values).all()


def test_the_trace_is_the_running_mean_and_windows_are_its_parts():
    found = lyapunov_exponents(henon, [0.1, 0.1], args=(1.4, 0.3), time=2000, transient=100, blocks=10)
    np.testing.assert_allclose(found.trace[-1], found.values, rtol=1e-12)
    np.testing.assert_allclose(found.trace[4], found.blocks[:5].mean(axis=0), rtol=1e-12)
    late = found.window(found.times[4], found.times[-1])
    np.testing.assert_allclose(late.values, found.blocks[5:].mean(axis=0), rtol=1e-12)
    with pytest.raises(InputError, match="a window needs two blocks"):
        found.window(0.0, 1.0)


def test_confidence_intervals_cover():
    """Of 40 runs of the logistic map at r = 4 (exponent log 2) about 38 should cover it."""
    covered = 0
    rng = np.random.default_rng(5)

    def logistic(x, a):
        return a * x * (1 - x)

    for start in rng.uniform(0.1, 0.9, 40):
        found = lyapunov_exponents(logistic, [start], args=4.0, time=2000, transient=50, every=10, blocks=10)
        covered += int(found.low[0] <= np.log(2) <= found.high[0])
    # Binomial(40, 0.95): fewer than 33 has probability 2e-4.
    assert covered >= 33


def test_followed_exponents_start_from_the_last_state_and_find_the_period_doubling():
    def logistic(x, a):
        return a * x * (1 - x)

    values = [2.5, 3.2, 3.5, 4.0]
    sweep = follow_exponents(logistic, [0.3], values, args=float, time=4000, transient=1000)
    exponent = sweep.exponent[:, 0].values
    # r = 2.5: slope 2 − r at the fixed point. r = 3.2: the 2-cycle's multiplier is 4 + 2r − r². r = 4: log 2.
    assert exponent[0] == pytest.approx(np.log(0.5), abs=1e-9)
    assert exponent[1] == pytest.approx(0.5 * np.log(abs(4 + 2 * 3.2 - 3.2**2)), abs=1e-9)
    assert exponent[2] < 0
    assert exponent[3] == pytest.approx(np.log(2), abs=0.02)
    again = lyapunov_exponents(logistic, sweep.state[0].values, args=3.2, time=4000, transient=1000)
    np.testing.assert_array_equal(again.state, sweep.state[1].values)


def test_covariant_vectors_of_a_linear_map_are_its_eigenvectors():
    rng = np.random.default_rng(3)
    basis = rng.standard_normal((4, 4))
    matrix = basis @ np.diag([2.0, 1.3, 0.8, 0.3]) @ np.linalg.inv(basis)
    found = covariant_vectors(
        lambda x, a: a @ x, start=np.zeros(4), args=matrix, time=10, count=4, transient=150, settle=150
    )
    unit = basis / np.linalg.norm(basis, axis=0)
    overlap = np.abs(np.einsum("ndk,dk->nk", found.vectors, unit))
    np.testing.assert_allclose(overlap, 1.0, atol=1e-9)
    np.testing.assert_allclose(found.exponents, np.log([2.0, 1.3, 0.8, 0.3]), atol=1e-9)


def test_covariant_vectors_are_covariant_on_henons_attractor():
    found = covariant_vectors(henon, start=[0.1, 0.1], args=(1.4, 0.3), time=800, count=2, transient=200, settle=100)
    jacobians = np.array([[[-2.8 * x, 1.0], [0.3, 0.0]] for x, _ in found.states])
    images = jacobians[:-1] @ found.vectors[:-1]
    images /= np.linalg.norm(images, axis=1, keepdims=True)
    np.testing.assert_allclose(np.abs((images * found.vectors[1:]).sum(axis=1)), 1.0, atol=1e-9)
    # 800 iterations: a standard error of about 0.015.
    assert found.exponents[0] == pytest.approx(0.419, abs=0.04)
    assert found.exponents.sum() == pytest.approx(np.log(0.3), abs=0.01)
    assert 0 < found.angles(0, 1).min() < 0.1  # near tangencies


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 3}, "count must be a whole number between 1 and 2, got 3"),
        ({"time": -1}, "time must be a positive number, got -1"),
        ({"blocks": 1}, "blocks must be a whole number at least 2, got 1"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        lyapunov_exponents(henon, [0.1, 0.1], **{"args": (1.4, 0.3), "time": 100, **arguments})


def test_a_second_run_compiles_nothing():
    from curldescent.analysis._dynamics.tangent import advance_frame

    def run():
        dynamics = TangentDynamics(henon, [0.1, 0.1], args=(1.4, 0.3), every=5)
        dynamics.advance(50)

    run()
    before = advance_frame._cache_size()
    run()
    assert advance_frame._cache_size() == before


@pytest.mark.parametrize(
    ("values", "args"), [(len, float), (3.0, float), (object(), float), ([], float), ([1.0], 2.0), ([[1.0]], float)]
)
def test_sweeps_of_what_is_none_are_refused(values, args):
    with pytest.raises(InputError, match=r"values must|args must"):
        follow_exponents(lambda x, r: r * x, [0.3], values, args=args, time=10)


DECAY = cd.field(lambda x: -x, np.ones(1))


@pytest.mark.parametrize("dt", [len, None, "0.1", 0.0, -0.1, float("nan")])
def test_steps_that_are_none_are_refused(dt):
    with pytest.raises(InputError, match="dt must be"):
        step_size_check(DECAY, dt=dt, time=1.0)
