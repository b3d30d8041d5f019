import numpy as np
import pytest

import curldescent as cd
from tests.analysis.networks import autodiff_jacobian, deep_network, random_signs


def test_exact_share_is_that_of_autodiffs_jacobian():
    network, params, x, y = deep_network(at_solution=False)
    jacobian = autodiff_jacobian(params, x, y, random_signs(params, 200))
    turn = (jacobian - jacobian.T) / 2
    found = cd.analysis.curl(network)
    assert found.exact
    assert found.antisymmetric == pytest.approx((turn**2).sum() / (jacobian**2).sum(), rel=1e-12)
    assert found.symmetric == pytest.approx((((jacobian + jacobian.T) / 2) ** 2).sum() / (jacobian**2).sum(), rel=1e-12)
    assert found.norm == pytest.approx(np.linalg.norm(jacobian), rel=1e-12)


def test_gradients_have_no_curl():
    network, *_ = deep_network(at_solution=False, strengths=None)
    assert cd.analysis.curl(network).antisymmetric < 1e-30
    assert cd.analysis.curl(network, method="hutchinson", probes=10).high < 1e-30


def test_intervals_cover_the_exact_share():
    """60 intervals of 95 %: at least 52 cover, which a correct interval misses with probability 1e-3 (seeds fixed)."""
    network, *_ = deep_network((3, 4, 1), at_solution=False)
    exact = cd.analysis.curl(network).antisymmetric
    found = [cd.analysis.curl(network, method="hutchinson", probes=40, seed=seed) for seed in range(60)]
    assert sum(f.low <= exact <= f.high for f in found) >= 52
    assert abs(np.mean([f.antisymmetric for f in found]) - exact) < 0.02
    # An interval that always covers is no interval: at half the confidence, far fewer must.
    half = [cd.analysis.curl(network, method="hutchinson", probes=40, seed=s, confidence=0.5) for s in range(60)]
    assert sum(f.low <= exact <= f.high for f in half) <= 45


def test_circulation_is_zero_for_a_gradient_and_stokes_otherwise():
    network, params, x, y = deep_network((3, 4, 1), at_solution=False)
    rng = np.random.default_rng(0)
    u, v = np.linalg.qr(rng.standard_normal((network.n_params, 2)))[0].T
    plane = [network.structured(u), network.structured(v)]
    jacobian = autodiff_jacobian(params, x, y, random_signs(params, 200))
    radius = 1e-3
    found = cd.analysis.circulation(network, plane=plane, radius=radius)
    # ∮F·dθ = πr² (vᵀJu − uᵀJv) + O(r⁴)
    assert found.value == pytest.approx(np.pi * radius**2 * (v @ jacobian @ u - u @ jacobian @ v), rel=1e-4)
    assert found.certified
    descent = cd.analysis.circulation(network.with_strengths(None), plane=plane, radius=0.5)
    assert not descent.certified
    assert abs(descent.value) < 1e-12
    assert descent.work > 1e-3


def test_circulation_of_two_weights_in_closed_form():
    """F = (−w2 r, w1 r), r = w1 w2 − 1, has curl 4 w1 w2 − 2: πR²(4ab − 2) over a disc at (a, b)."""
    network = cd.analysis.network(
        lambda w, x: w["a"] * w["b"] * x, {"a": 0.7, "b": 1.3}, np.ones(1), np.ones(1), strengths={"a": 1, "b": -1}
    )
    exact = np.pi * 0.5**2 * (4 * 0.7 * 1.3 - 2)
    circle = cd.analysis.circulation(network, radius=0.5, plane=[{"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0}])
    assert circle.value == pytest.approx(exact, rel=1e-12)

    def own(t):
        return {"a": 0.7 + 0.5 * np.cos(2 * np.pi * t), "b": 1.3 - 0.5 * np.sin(2 * np.pi * t)}

    assert cd.analysis.circulation(network, loop=own).value == pytest.approx(-exact, rel=1e-12)


def test_default_plane_turns_most():
    network, params, x, y = deep_network((3, 4, 1), at_solution=False)
    jacobian = autodiff_jacobian(params, x, y, random_signs(params, 200))
    largest = np.linalg.norm((jacobian - jacobian.T) / 2, 2)
    found = cd.analysis.circulation(network, radius=1e-3)
    assert abs(found.value) == pytest.approx(2 * np.pi * 1e-6 * largest, rel=0.02)


def test_descent_profile_counts_climbs():
    network = cd.analysis.network(
        lambda w, x: w["a"] * w["b"] * x, {"a": 1.0, "b": 1.0}, np.ones(1), np.ones(1), strengths={"a": 1, "b": -1}
    )
    run = [{"a": a, "b": b} for a, b in [(2.0, 1.0), (1.0, 1.0), (3.0, 1.0), (2.0, 1.0)]]  # losses ½, 0, 2, ½
    found = cd.analysis.descent_profile(network, run=run)
    np.testing.assert_allclose(found.loss, [0.5, 0, 2, 0.5])
    assert (found.climbing, found.height, found.drop) == pytest.approx((1 / 3, 2.0, 2.0))
    # Gradient (1, 2), field direction −(1, −2): cosine (1 − 4)/5; the first step is (−1, 0).
    assert found.field_alignment[0] == pytest.approx(-0.6)
    assert found.rate[0] == pytest.approx(-(1 - 4))
    assert found.step_alignment[0] == pytest.approx(1 / 5**0.5)
    assert np.isnan(found.field_alignment[1])


def test_descent_profile_of_a_history():
    problem = cd.student_teacher(n_inputs=6, n_hidden=8, n_train=20)
    rule = cd.Plasticity(readout=0.5)
    history = cd.train(problem, rule, epochs=20, record=range(21), record_weights=True, output_error="mse")
    network = cd.field(problem, rule, output_error="mse")
    found = cd.analysis.descent_profile(network, run=history.isel(trial=0))
    np.testing.assert_allclose(found.loss, history.train_error[0], rtol=1e-12)
    assert found.step_alignment == pytest.approx(found.field_alignment[:-1])  # full batch: a step follows the field


NETWORK = deep_network((3, 4, 1), at_solution=False)[0]
ERRORS = {
    "probes": (lambda: cd.analysis.curl(NETWORK, probes=2), "at least 10"),
    "confidence": (lambda: cd.analysis.curl(NETWORK, confidence=95), "between 0 and 1"),
    "method": (lambda: cd.analysis.curl(NETWORK, method="exactly"), "did you mean 'exact'"),
    "odd": (lambda: cd.analysis.circulation(NETWORK, points=9), "must be even"),
    "both": (lambda: cd.analysis.circulation(NETWORK, loop=lambda t: t, radius=1.0), "either a loop"),
    "open": (
        lambda: cd.analysis.circulation(NETWORK, loop=lambda t: NETWORK.structured(NETWORK.theta + t)),
        "the loop must close",
    ),
    "parallel": (
        lambda: cd.analysis.circulation(NETWORK, plane=[NETWORK.structured(NETWORK.theta)] * 2),
        "not parallel",
    ),
    "short run": (
        lambda: cd.analysis.descent_profile(NETWORK, run=[NETWORK.structured(NETWORK.theta)]),
        "at least two",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_input(case):
    call, message = ERRORS[case]
    with pytest.raises(cd.InputError, match=message):
        call()
