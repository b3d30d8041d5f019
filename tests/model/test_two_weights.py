import numpy as np
import pytest
from scipy.optimize import approx_fprime

from curldescent.model.two_weights import TwoWeights

RULES = [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (0.3, -0.7)]


@pytest.mark.parametrize(("d1", "d2"), RULES)
def test_field_is_strengths_times_the_finite_difference_gradient(d1, d2):
    network = TwoWeights(1.3, d1, d2)
    for weights in np.random.default_rng(0).normal(size=(5, 2)):
        gradient = approx_fprime(weights, network.loss, 1e-7)
        np.testing.assert_allclose(network.field(weights), [-d1 * gradient[0], -d2 * gradient[1]], atol=1e-5)


@pytest.mark.parametrize(("d1", "d2"), RULES[:3])
def test_invariant_is_kept_along_paths(d1, d2):
    network = TwoWeights(1.0, d1, d2)
    # Short enough that the unstable rule's paths stay bounded.
    path = network.trajectory([1.5, 0.2], time=3.0)
    assert np.ptp(path, axis=1).max() > 0.1
    assert np.ptp(network.invariant(path)) < 1e-8
    np.testing.assert_allclose(network.invariant(path[:, 0]), d1 * 1.5**2 - d2 * 0.2**2)


@pytest.mark.parametrize(("d1", "d2"), RULES)
def test_stability_is_minus_the_slope_of_the_flow_across_the_solutions(d1, d2):
    network = TwoWeights(1.0, d1, d2)
    for w1 in (0.4, 1.7, -0.9):
        at = np.array([w1, 1 / w1])
        step = 1e-6
        jacobian = np.column_stack(
            [(network.field(at + step * e) - network.field(at - step * e)) / (2 * step) for e in np.eye(2)]
        )
        # One eigenvalue is zero (along the hyperbola of solutions), the other is −K: their sum is the trace.
        np.testing.assert_allclose(np.trace(jacobian), -network.stability(at), atol=1e-7)
        assert abs(np.linalg.det(jacobian)) < 1e-7


def test_a_small_circle_is_followed_forever():
    network = TwoWeights(1.0, readout=-1.0)
    path = network.trajectory([0.15, -0.1], time=100.0)
    np.testing.assert_allclose(np.hypot(*path), np.hypot(0.15, 0.1), rtol=1e-6)
    assert network.loss(path).min() > 0.4
