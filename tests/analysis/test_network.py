import numpy as np
import pytest

import curldescent as cd
from tests.analysis.networks import autodiff_jacobian, deep_network, deep_tanh, random_params, random_signs


def test_products_are_those_of_dense_matrices():
    network, params, x, y = deep_network(samples=9, at_solution=False, batch_size=4)
    rng = np.random.default_rng(0)
    v, u = rng.standard_normal(network.n_params), rng.standard_normal(network.n_rows)
    phi, jacobian = network.outputs_jacobian(), autodiff_jacobian(params, x, y, random_signs(params, 200))
    np.testing.assert_allclose(network.outputs_jvp(v), phi @ v, atol=1e-13)
    np.testing.assert_allclose(network.outputs_vjp(u), phi.T @ u, atol=1e-13)
    np.testing.assert_allclose(network.gram(), phi.T @ phi / 9, atol=1e-13)
    np.testing.assert_allclose(network.jvp(v), jacobian @ v, atol=1e-13)
    np.testing.assert_allclose(network.vjp(v), jacobian.T @ v, atol=1e-13)
    np.testing.assert_allclose(network.jacobian(), jacobian, atol=1e-13)
    np.testing.assert_allclose(
        network.velocity(), -network.strengths * (phi.T @ network.residual().ravel()) / 9, atol=1e-13
    )
    assert network.loss() == pytest.approx(0.5 * ((network.outputs() - y) ** 2).sum() / 9, rel=1e-13)


def test_parameters_keep_their_form():
    network, params, *_ = deep_network()
    back = network.structured(network.theta)
    assert isinstance(back, list)
    np.testing.assert_array_equal(back[1]["w"], params[1]["w"])
    moved = network.at([{k: v + 1 for k, v in layer.items()} for layer in params])
    np.testing.assert_allclose(moved.theta, network.theta + 1)
    assert network.shapes["1.w"] == (5, 6)


def test_strengths_in_every_form():
    params = random_params((3, 4, 1), 0)
    x = np.zeros((2, 3))
    by_leaf = [{"w": [1.0, -1.0, 1.0], "b": 0.0}, {"w": 1.0, "b": -1.0}]
    network = cd.analysis.network(deep_tanh, params, x, strengths=by_leaf)
    named = network.named(network.strengths)
    np.testing.assert_array_equal(named["0.w"], np.tile([1.0, -1.0, 1.0], (4, 1)))
    np.testing.assert_array_equal(named["0.b"], np.zeros(4))
    np.testing.assert_array_equal(network.with_strengths(network.strengths).strengths, network.strengths)
    signature = cd.Signature({"0.w": [1.0, -1.0, 1.0], "1.b": [-1.0]})
    named = network.with_strengths(signature).named(network.with_strengths(signature).strengths)
    np.testing.assert_array_equal(named["0.w"], np.tile([1.0, -1.0, 1.0], (4, 1)))
    np.testing.assert_array_equal(named["0.b"], np.ones(4))


def test_one_output_without_an_axis():
    network = cd.analysis.network(lambda w, x: x @ w, np.ones(3), np.eye(3), np.ones(3))
    assert network.n_outputs == 1
    assert network.loss() == 0


PARAMS = random_params((3, 4, 2), 0)
X, Y = np.ones((5, 3)), np.ones((5, 2))
ERRORS = {
    "no inputs": (lambda: cd.analysis.network(deep_tanh, PARAMS), "inputs must be given"),
    "no params": (lambda: cd.analysis.network(deep_tanh, None, X), "params must be given"),
    "no model": (lambda: cd.analysis.network(3, PARAMS, X), "model must be a JAX function"),
    "empty params": (lambda: cd.analysis.network(deep_tanh, [], X), "at least one array"),
    "whole numbers": (lambda: cd.analysis.network(lambda w, x: x @ w, np.arange(3), X), "must hold real numbers"),
    "NaN params": (lambda: cd.analysis.network(lambda w, x: x @ w, np.full(3, np.nan), X), "parameters must be finite"),
    "NaN inputs": (lambda: cd.analysis.network(deep_tanh, PARAMS, X * np.nan), "inputs must be finite"),
    "NaN targets": (lambda: cd.analysis.network(deep_tanh, PARAMS, X, Y * np.nan), "targets must be finite"),
    "target rows": (lambda: cd.analysis.network(deep_tanh, PARAMS, X, Y[:3]), r"one row per sample, \(5, …\)"),
    "target width": (lambda: cd.analysis.network(deep_tanh, PARAMS, X, Y[:, :1]), "2 values per sample"),
    "labels": (lambda: cd.analysis.network(deep_tanh, PARAMS, X, np.full(5, 2), loss="cross_entropy"), "0 to 1"),
    "loss": (lambda: cd.analysis.network(deep_tanh, PARAMS, X, Y, loss="squares"), "did you mean 'squared'"),
    "dtype": (lambda: cd.analysis.network(deep_tanh, PARAMS, X, dtype="float16"), "dtype must be one of"),
    "summed": (lambda: cd.analysis.network(lambda p, x: x.sum(), PARAMS, X), "one output row per sample"),
    "signs": (lambda: cd.analysis.network(deep_tanh, PARAMS, X, strengths=[1, -1]), "tree like the parameters"),
    "sign shape": (
        lambda: cd.analysis.network(lambda w, x: x @ w, np.ones(3), X, strengths=np.ones(2)),
        r"must broadcast to the parameter's shape \(3,\), got \(2,\)",
    ),
    "pattern": (
        lambda: cd.analysis.network(deep_tanh, PARAMS, X, strengths=cd.Signature({"O.w": 0.5})),
        "no parameter",
    ),
    "no loss": (lambda: cd.analysis.curl(cd.analysis.network(deep_tanh, PARAMS, X)), "curl needs the loss"),
    "other params": (
        lambda: cd.analysis.network(deep_tanh, PARAMS, X).at({"w": 1.0}),
        "must have the structure",
    ),
    "not convex": (
        lambda: cd.analysis.stability(
            cd.analysis.network(deep_tanh, PARAMS, X, Y, loss=lambda z, y: -((z - y) ** 2).sum())
        ),
        "must be convex",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_input(case):
    call, message = ERRORS[case]
    with pytest.raises(cd.InputError, match=message):
        call()
