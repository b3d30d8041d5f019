"""The gradient condition of Hebbian fields against numerical Jacobians, and Dale's law against the magnitudes' rule."""

import numpy as np
import pytest

import curldescent as cd
from curldescent.analysis import HebbianNetwork, dales_law
from curldescent.analysis._curl.share import antisymmetric_share
from curldescent.foundation.errors import InputError

DALE = np.array([1.0, 1, 1, -1, -1])


def covariance(*, separate=False, white=False, seed=0):
    root = np.random.default_rng(seed).standard_normal((5, 5))
    c = np.eye(5) if white else root @ root.T
    if separate:
        c = c * (np.outer(DALE, DALE) > 0)
    return c


def numerical_jacobian(field, at):
    """Central differences; the first-order field is affine, so that they are exact up to rounding."""
    n = at.size
    columns = []
    for i in range(n):
        step = np.zeros(n)
        step[i] = 1e-4
        shape = at.shape
        columns.append((field(at + step.reshape(shape)) - field(at - step.reshape(shape))).ravel() / 2e-4)
    return np.stack(columns, axis=1)


CASES = {
    # name: (dale, covariance, plasticity, form, whether it is a gradient)
    "E alone": (np.ones(5), covariance(), None, "input", True),
    "E and I": (DALE, covariance(), None, "input", False),
    "E and I, white": (DALE, covariance(white=True), None, "input", True),
    "E and I, inputs apart": (DALE, covariance(separate=True), None, "input", True),
    "I anti-Hebbian": (DALE, covariance(), DALE, "input", True),
    "E alone, one anti-Hebbian": (np.ones(5), covariance(), [1, 1, 1, 1, -1], "input", False),
    "graded": (DALE, covariance(), [1, 1, 1, -0.5, -1], "input", False),
    "activity, E alone": (np.ones(5), covariance(), None, "activity", False),
    "activity, E alone, white": (np.ones(5), covariance(white=True), None, "activity", True),
    "activity, E and I, white": (DALE, covariance(white=True), None, "activity", False),
}


@pytest.mark.parametrize("name", CASES)
def test_the_gradient_condition(name):
    dale, c, plasticity, form, gradient = CASES[name]
    network = HebbianNetwork(dale, c, plasticity=plasticity, form=form)
    at = 0.1 * np.random.default_rng(1).standard_normal((5, 5))
    j = numerical_jacobian(network.field, at)
    np.testing.assert_allclose(network.jacobian(), j, atol=1e-9 * np.abs(j).max())
    share, _ = antisymmetric_share(j)
    assert (share < 1e-16) == gradient
    assert network.is_gradient == gradient
    # Differences over 1e-4 of entries of order 10 leave 1e-11.
    assert network.curl == pytest.approx(share, abs=1e-11)
    if form == "input":
        assert (network.violation < 1e-14) == gradient
        if plasticity is None:  # the condition in words: D commutes with ⟨f fᵀ⟩
            assert (np.abs(dale[:, None] * c - c * dale).max() < 1e-14) == gradient


@pytest.mark.parametrize("form", ["input", "activity"])
def test_the_field_is_the_first_order_of_the_steady_state(form):
    network = HebbianNetwork(DALE, covariance(), form=form)
    direction = np.random.default_rng(2).standard_normal((5, 5))
    errors = [
        np.abs(network.exact_field(h * direction) - network.field(h * direction)).max() for h in (1e-2, 5e-3, 2.5e-3)
    ]
    np.testing.assert_allclose(errors[0] / errors[1], 4, rtol=0.15)
    np.testing.assert_allclose(errors[1] / errors[2], 4, rtol=0.15)


def test_circulation_is_zero_for_the_gradient_and_not_otherwise():
    """∮ F·dW round a circle in a random plane of weight space: the certificate that needs no Jacobian."""
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((2, 5, 5))
    angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)

    def circulation(network):
        return sum(
            (network.field(np.cos(t) * a + np.sin(t) * b) * (np.cos(t) * b - np.sin(t) * a)).sum() for t in angles
        ) * (2 * np.pi / 400)

    assert abs(circulation(HebbianNetwork(np.ones(5), covariance()))) < 1e-9
    assert abs(circulation(HebbianNetwork(DALE, covariance(), plasticity=DALE))) < 1e-9
    assert abs(circulation(HebbianNetwork(DALE, covariance()))) > 1.0


def test_dales_law_is_curl_descent_on_the_weights():
    rng = np.random.default_rng(4)
    d1, d2 = np.array([1.0, -1, 1, -1]), np.array([1.0, 1, -1])
    u1, u2 = rng.uniform(0.2, 1, (3, 4)), rng.uniform(0.2, 1, (1, 3))
    x, y = rng.standard_normal((30, 4)), rng.standard_normal((30, 1))
    problem = cd.Problem(
        inputs=x, targets=y, student=cd.Weights([u1 * d1, u2 * d2]), activation="tanh", output_activation="linear"
    )
    history = cd.train(problem, dales_law(d1, d2), epochs=50, learning_rate=0.05, engine="jax")
    for _ in range(50):  # magnitudes with a rule that ignores the neuron's sign
        w1, w2 = u1 * d1, u2 * d2
        h = np.tanh(x @ w1.T)
        e = h @ w2.T - y
        g2, g1 = e.T @ h / 30, ((e @ w2) * (1 - h**2)).T @ x / 30
        u1, u2 = u1 - 0.05 * g1, u2 - 0.05 * g2
    np.testing.assert_allclose(history.student_hidden[0], u1 * d1, rtol=1e-11)
    np.testing.assert_allclose(history.student_readout[0], u2 * d2, rtol=1e-11)


def test_bad_input_is_refused():
    with pytest.raises(InputError, match=r"dale must hold signs, 1 or −1, got \[1.0, 0.5\]"):
        HebbianNetwork([1, 0.5], np.eye(2))
    with pytest.raises(InputError, match="covariance must be symmetric and positive semi-definite"):
        HebbianNetwork([1, 1], [[1, 2], [2, 1]])
    with pytest.raises(InputError, match="form must be one of 'input', 'activity', got 'actvity'; did you mean"):
        HebbianNetwork([1, 1], np.eye(2), form="actvity")
