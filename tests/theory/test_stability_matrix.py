"""K, its norm-preserving version and the origin, against numerical Jacobians of the whole learning dynamics."""

import numpy as np
import pytest

from curldescent.foundation.errors import InputError
from curldescent.theory import linear_stability, origin_spectrum, stability_matrix


def field(theta, shape, teacher, d1, d2, sigma, *, preserve_norms=False):
    """Curl descent's velocity at the flattened weights: −∂C/∂W times strengths, written from the loss alone."""
    inputs, width, outputs = shape
    w1, w2 = theta[: width * inputs].reshape(width, inputs), theta[width * inputs :].reshape(outputs, width)
    error = (w2 @ w1 - teacher) @ sigma
    v1, v2 = -(w2.T @ error) * d1, -(error @ w1.T) * d2
    if preserve_norms:
        v1 = v1 - w1 * (w1 * v1).sum() / (w1**2).sum()
        v2 = v2 - w2 * (w2 * v2).sum() / (w2**2).sum()
    return np.concatenate([v1.ravel(), v2.ravel()])


def jacobian(theta, *args, **kwargs):
    """Central differences; the field is cubic, so two step sizes cancel the error to rounding."""

    def central(h):
        columns = []
        for i in range(theta.size):
            step = np.zeros(theta.size)
            step[i] = h
            columns.append((field(theta + step, *args, **kwargs) - field(theta - step, *args, **kwargs)) / (2 * h))
        return np.stack(columns, axis=1)

    return (4 * central(5e-3) - central(1e-2)) / 3


def network(rng, inputs, width, outputs):
    w1, w2 = rng.standard_normal((width, inputs)), rng.standard_normal((outputs, width))
    d1, d2 = rng.choice([-1.0, 1.0, 0.4], inputs), rng.choice([-1.0, 1.0, -0.3], width)
    root = rng.standard_normal((inputs, inputs))
    return w1, w2, d1, d2, root @ root.T / inputs + 0.3 * np.eye(inputs)


def nonzero(values, count):
    """The `count` largest in magnitude, sorted."""
    return np.sort_complex(values[np.argsort(-np.abs(values))[:count]])


@pytest.mark.parametrize(("inputs", "width", "outputs"), [(4, 3, 1), (3, 6, 1), (3, 5, 2), (4, 2, 2)])
def test_k_has_the_nonzero_eigenvalues_of_the_jacobian(rng, inputs, width, outputs):
    w1, w2, d1, d2, sigma = network(rng, inputs, width, outputs)
    theta = np.concatenate([w1.ravel(), w2.ravel()])
    j = jacobian(theta, (inputs, width, outputs), w2 @ w1, d1, d2, sigma)
    ours = linear_stability(w1, w2, d1, d2, covariance=sigma).eigenvalues
    # The map leaves a tangent space of rank (inputs + outputs − r) r, r = min(width, inputs, outputs, …).
    rank = min(width, inputs, outputs)
    count = rank * (inputs + outputs - rank)
    keep = min(count, inputs * outputs)
    # Zero eigenvalues of a non-normal matrix come out of a numerical Jacobian at √ε.
    np.testing.assert_allclose(nonzero(np.linalg.eigvals(j), keep), nonzero(-ours.astype(complex), keep), atol=1e-7)


@pytest.mark.parametrize(("inputs", "width", "outputs"), [(4, 3, 1), (3, 6, 2)])
def test_norm_preserving_operator(rng, inputs, width, outputs):
    w1, w2, d1, d2, sigma = network(rng, inputs, width, outputs)
    theta = np.concatenate([w1.ravel(), w2.ravel()])
    j = jacobian(theta, (inputs, width, outputs), w2 @ w1, d1, d2, sigma, preserve_norms=True)
    ours = linear_stability(w1, w2, d1, d2, covariance=sigma, preserve_norms=True).eigenvalues
    keep = inputs * outputs - 1  # one direction, A itself, may be (near) zero and mixes with the Jacobian's zeros
    np.testing.assert_allclose(nonzero(np.linalg.eigvals(j), keep), nonzero(-ours.astype(complex), keep), atol=1e-6)


def test_sign_counts_do_not_depend_on_the_inputs(rng):
    w1, w2, d1, d2, _ = network(rng, 8, 12, 1)
    white = linear_stability(w1, w2, d1, d2)
    assert white.inertia[0] > 0
    assert white.inertia[2] > 0
    for _ in range(20):
        root = rng.standard_normal((8, 8)) * np.geomspace(0.1, 10, 8)
        coloured = linear_stability(w1, w2, d1, d2, covariance=root @ root.T)
        assert coloured.inertia == white.inertia
        assert (coloured.eigenvalues < 0).sum() == white.inertia[0]
        assert not np.allclose(coloured.eigenvalues, white.eigenvalues)


def _negative(eigenvalues):
    return int((eigenvalues.real < -1e-9).sum())


def test_sign_counts_can_depend_on_the_inputs_once_norms_are_kept(rng):
    """The rank-one term is not symmetric, so Sylvester's law is lost; some networks among these show it."""
    changed = 0
    for _ in range(100):
        w1, w2 = rng.standard_normal((5, 4)), rng.standard_normal((1, 5))
        d1, d2 = rng.choice([-1.0, 1.0, 1.0], 4), rng.choice([-1.0, 1.0, 1.0], 5)
        frames = [np.linalg.qr(rng.standard_normal((4, 4)))[0] for _ in range(12)]
        sigmas = [q @ np.diag([0.03, 0.3, 3.0, 30.0]) @ q.T for q in frames]
        plain = {_negative(linear_stability(w1, w2, d1, d2, covariance=s).eigenvalues) for s in sigmas}
        kept = {
            _negative(linear_stability(w1, w2, d1, d2, covariance=s, preserve_norms=True).eigenvalues) for s in sigmas
        }
        assert len(plain) == 1
        changed += len(kept) > 1
    assert changed > 0


def test_outputs_decouple_along_singular_vectors(rng):
    w1, w2, d1, d2, _ = network(rng, 5, 7, 3)
    full = np.linalg.eigvalsh(stability_matrix(w1, w2, d1, d2))
    squares = np.linalg.eigvalsh(w2 @ w2.T)
    parts = [np.linalg.eigvalsh(s * np.diag(d1) + w1.T @ np.diag(d2) @ w1) for s in squares]
    np.testing.assert_allclose(full, np.sort(np.concatenate(parts)), atol=1e-10)


def test_gradient_descent_is_never_unstable(rng):
    w1, w2, _, _, sigma = network(rng, 5, 3, 2)
    assert linear_stability(w1, w2, covariance=sigma).stable
    normalised = linear_stability(w1, w2, preserve_norms=True)
    assert normalised.stable
    np.testing.assert_allclose(normalised.eigenvalues.imag, 0, atol=1e-12)
    assert linear_stability([[1.0, 2.0]], [[3.0]]).lambda_min == pytest.approx(9.0)


def test_norms_that_are_kept_pin_the_only_direction_of_two_weights():
    """w2 w1 with both magnitudes fixed cannot move at all."""
    assert stability_matrix([[2.0]], [[3.0]], [-1], [1], preserve_norms=True) == pytest.approx(0.0)


@pytest.mark.parametrize(("inputs", "width", "outputs"), [(4, 5, 1), (5, 4, 2)])
def test_origin_against_the_jacobian(rng, inputs, width, outputs):
    _, _, _, _, sigma = network(rng, inputs, width, outputs)
    teacher = rng.standard_normal((outputs, inputs))
    d1, d2 = rng.choice([-1.0, 1.0], inputs), np.where(np.arange(width) < 2, -1.0, 1.0)
    j = jacobian(np.zeros(width * (inputs + outputs)), (inputs, width, outputs), teacher, d1, d2, sigma)
    origin = origin_spectrum(teacher, d1, d2, covariance=sigma)
    rates = origin.rates.ravel()
    expected = np.sort_complex(np.concatenate([rates, np.zeros(width * (inputs + outputs) - rates.size)]).round(6))
    np.testing.assert_allclose(np.sort_complex(np.linalg.eigvals(j).round(6)), expected, atol=2e-6)
    assert origin.saddles + origin.centres == width * outputs
    assert origin.saddles == (rates.real > 1e-9).sum()
    assert origin.neutral == 0


def test_inertia_counts_zeros_relative_to_the_largest():
    # Without readout weights K is Σ_i d2_i W1_ij², on its diagonal where each hidden neuron has one input.
    d2 = [1, -1, 1]
    assert linear_stability(np.diag([1e-3, 1e-3, 1e3]), [0, 0, 0], d2=d2).inertia == (0, 2, 1)
    assert linear_stability(np.diag([1e-3, 1e-3]), [0, 0], d2=d2[:2]).inertia == (1, 0, 1)


W1, W2 = np.ones((3, 2)), np.ones((1, 3))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: stability_matrix(W1, np.ones((1, 2))), r"readout must have shape \(1, 3\)"),
        (lambda: stability_matrix(W1, W2, d1=[1, 1, 1]), r"d1 must have shape \(2,\) \(inputs,\), got \(3,\)"),
        (lambda: stability_matrix(W1, W2, d2=[1, 1]), r"d2 must have shape \(3,\)"),
        (lambda: stability_matrix(np.ones(3), W2), "hidden must have 2 dimensions"),
        (lambda: stability_matrix(W1 * np.nan, W2), "hidden must be finite, got nan"),
        (lambda: stability_matrix(W1, 0 * W2, preserve_norms=True), "both layers need a nonzero norm"),
        (lambda: linear_stability(W1, W2, covariance=-np.eye(2)), "covariance must be positive definite"),
        (lambda: linear_stability(W1, W2, covariance=[[1, 2], [0, 1]]), "covariance must be symmetric"),
        (lambda: linear_stability(W1, W2, covariance=np.eye(3)), r"covariance must have shape \(2, 2\)"),
        (lambda: origin_spectrum([1.0, 2.0], [1, 1, 1], [1]), r"d1 must have shape \(2,\)"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()
