import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import curldescent as cd
from tests.conftest import random_problem

EXAMPLES = Path(__file__).parents[2] / "examples"
CORRECTIONS = [None, "sga", "aligned-sga", "extragradient"]
SIGNATURE = cd.Signature({"*.weight": 0.4, "1.bias": 0.5}, seed=3)
RATE, STEPS = 0.05, 12


def amount(step):
    return 1 - step / STEPS


def data():
    rng = np.random.default_rng(0)
    params = {
        f"{i}": {"weight": rng.standard_normal((b, a)) / a**0.5, "bias": 0.1 * rng.standard_normal(b)}
        for i, (a, b) in enumerate([(3, 5), (5, 2)])
    }
    return params, rng.standard_normal((7, 3)), rng.standard_normal((7, 2))


def run_optax(correction, *, amount=amount, signature=SIGNATURE):
    params, x, y = data()

    def loss(p):
        h = jnp.tanh(x @ p["0"]["weight"].T + p["0"]["bias"])
        return 0.5 * jnp.mean(jnp.sum((h @ p["1"]["weight"].T + p["1"]["bias"] - y) ** 2, axis=1))

    optimizer = cd.optimizers.curl_descent(
        RATE, signature, amount=amount, correction=correction, correction_strength=0.7
    )
    with jax.enable_x64():
        params = jax.tree.map(jnp.asarray, params)
        state = optimizer.init(params)

        @jax.jit
        def update(params, state):
            updates, state = optimizer.update(jax.grad(loss)(params), state, params, grad_fn=jax.grad(loss))
            return optax.apply_updates(params, updates), state

        for _ in range(STEPS):
            params, state = update(params, state)
        return {f"{i}.{kind}": np.asarray(v) for i, layer in params.items() for kind, v in layer.items()}


def run_numpy(correction):
    """θ and the field from a dense autodiff Hessian: the textbook formulas written out."""
    from jax.flatten_util import ravel_pytree

    params, x, y = data()
    with jax.enable_x64():
        theta, unravel = ravel_pytree(jax.tree.map(jnp.asarray, params))
        shapes = {f"{i}.{kind}": v.shape for i, layer in params.items() for kind, v in layer.items()}
        named = SIGNATURE.strengths(shapes)
        signs = np.concatenate([named[k].ravel() for k in ("0.bias", "0.weight", "1.bias", "1.weight")])

        def loss(t):
            p = unravel(t)
            h = jnp.tanh(x @ p["0"]["weight"].T + p["0"]["bias"])
            return 0.5 * jnp.mean(jnp.sum((h @ p["1"]["weight"].T + p["1"]["bias"] - y) ** 2, axis=1))

        gradient, hessian = jax.jit(jax.grad(loss)), jax.jit(jax.hessian(loss))
        for step in range(STEPS):
            s = 1 + amount(step) * (signs - 1)
            xi, jacobian = s * np.asarray(gradient(theta)), s[:, None] * np.asarray(hessian(theta))
            if correction == "extragradient":
                xi = s * np.asarray(gradient(theta - RATE * xi))
            elif correction is not None:
                adjustment = (jacobian - jacobian.T).T @ xi / 2
                mu = 0.7
                if correction == "aligned-sga":
                    hamiltonian = jacobian.T @ xi
                    mu *= np.sign((xi @ hamiltonian) * (adjustment @ hamiltonian) / len(xi) + 0.1)
                xi = xi + mu * adjustment
            theta = theta - RATE * xi
        tree = unravel(theta)
        return {f"{i}.{kind}": np.asarray(v) for i, layer in tree.items() for kind, v in layer.items()}


def run_torch(correction, *, amount=amount, signature=SIGNATURE):
    torch = pytest.importorskip("torch")
    params, x, y = data()
    model = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Linear(5, 2)).double()
    for i, layer in params.items():
        for kind, value in layer.items():
            getattr(model[int(i)], kind).data = torch.tensor(value)
    x, y = torch.tensor(x), torch.tensor(y)

    def loss():
        return 0.5 * ((model[1](torch.tanh(model[0](x))) - y) ** 2).sum(1).mean()

    def closure():
        optimizer.zero_grad()
        value = loss()
        if correction is None:
            value.backward()
        return value

    optimizer = cd.optimizers.torch.curl_descent(
        model, RATE, signature, amount=amount, correction=correction, correction_strength=0.7
    )
    for _ in range(STEPS):
        optimizer.step(closure)
    return {name: value.detach().numpy() for name, value in model.named_parameters()}


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_optax_follows_the_formulas(correction):
    ours, reference = run_optax(correction), run_numpy(correction)
    for name, value in reference.items():
        np.testing.assert_allclose(ours[name], value, atol=1e-12)


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_torch_and_optax_agree(correction):
    theirs = run_torch(correction)
    for name, value in run_optax(correction).items():
        np.testing.assert_allclose(theirs[name], value, atol=1e-12)


def test_explicit_strengths_agree():
    params, *_ = data()
    signs = {"0": {"weight": [1.0, -1.0, 0.5], "bias": 0.0}, "1": {"weight": -1.0, "bias": [1.0, -1.0]}}
    named = {f"{i}.{kind}": v for i, layer in signs.items() for kind, v in layer.items()}
    ours = run_optax(None, signature=signs, amount=1.0)
    np.testing.assert_array_equal(ours["0.bias"], params["0"]["bias"])  # strength zero: frozen
    assert not np.allclose(ours["1.weight"], params["1"]["weight"])
    for name, value in run_torch(None, signature=named, amount=1.0).items():
        np.testing.assert_allclose(ours[name], value, atol=1e-12)


def test_both_agree_with_train():
    problem = random_problem(activation="tanh", output_activation="linear", trials=None)
    rule = cd.Plasticity(hidden=0.3, readout=0.4)
    strengths = rule.strengths(n_inputs=7, n_hidden=5, n_outputs=3)
    history = cd.train(problem, rule, epochs=20, learning_rate=0.1, engine="jax")
    targets = problem.train_outputs()[0]

    def loss(w):
        y = jnp.tanh(problem.inputs @ w["hidden"].T) @ w["readout"].T
        return 0.5 * jnp.mean(jnp.sum((y - targets) ** 2, axis=1))

    # The same flips by fraction: seed None takes the first neurons, as Plasticity does.
    for signature in (
        {"hidden": strengths.hidden, "readout": strengths.readout},
        cd.Signature({"hidden": 0.3, "readout": 0.4}, seed=None),
    ):
        optimizer = cd.optimizers.curl_descent(0.1, signature)
        with jax.enable_x64():
            w = {"hidden": jnp.asarray(problem.student.hidden), "readout": jnp.asarray(problem.student.readout)}
            state, gradient = optimizer.init(w), jax.jit(jax.grad(loss))
            for _ in range(20):
                updates, state = optimizer.update(gradient(w), state, w)
                w = optax.apply_updates(w, updates)
            np.testing.assert_allclose(w["hidden"], history.student_hidden[0], atol=1e-12)
            np.testing.assert_allclose(w["readout"], history.student_readout[0], atol=1e-12)


def test_it_chains_with_optax():
    """Clipping, then signs, then momentum: by hand for one parameter."""
    chain = optax.chain(
        optax.clip(1.0), cd.optimizers.scale_by_signature({"w": [1.0, -1.0]}), optax.sgd(0.1, momentum=0.5)
    )
    params = {"w": jnp.zeros(2)}
    state = chain.init(params)
    first, state = chain.update({"w": jnp.array([3.0, 0.5])}, state, params)
    second, _ = chain.update({"w": jnp.array([0.0, 0.0])}, state, params)
    np.testing.assert_allclose(first["w"], [-0.1, 0.05], rtol=1e-6)
    np.testing.assert_allclose(second["w"], [-0.05, 0.025], rtol=1e-6)


def test_updates_keep_the_parameters_type():
    optimizer = cd.optimizers.curl_descent(lambda count: 0.1 / (1 + count), {"w": -1.0}, amount=lambda count: 0.5)
    params = {"w": jnp.ones(2, jnp.float32)}
    updates, _ = optimizer.update(params, optimizer.init(params), params)
    assert updates["w"].dtype == jnp.float32
    np.testing.assert_array_equal(updates["w"], [0, 0])  # half the curl of a flipped synapse: frozen


def test_torch_schedules_resume():
    torch = pytest.importorskip("torch")
    w = torch.nn.Linear(1, 1, bias=False)
    one = cd.optimizers.torch.curl_descent(w, 0.1, {"weight": -1.0}, amount=lambda step: float(step < 1))
    w.weight.grad = torch.ones_like(w.weight)
    start = w.weight.item()
    one.step()
    assert w.weight.item() == pytest.approx(start + 0.1)
    again = cd.optimizers.torch.curl_descent(w, 0.1, {"weight": -1.0}, amount=lambda step: float(step < 1))
    again.load_state_dict(one.state_dict())
    again.step()
    assert w.weight.item() == pytest.approx(start)
    assert isinstance(again, cd.optimizers.torch.CurlDescent)


PARAMS = {"w": np.ones(2)}
ERRORS = {
    "rate": (lambda: cd.optimizers.curl_descent(-1.0, {"w": 1.0}), "learning_rate must be"),
    "amount": (lambda: cd.optimizers.curl_descent(0.1, {"w": 1.0}, amount="all"), "amount must be a finite number"),
    "correction": (lambda: cd.optimizers.curl_descent(0.1, {"w": 1.0}, correction="sgd"), "did you mean 'sga'"),
    "tree": (lambda: cd.optimizers.curl_descent(0.1, {"v": 1.0}).init(PARAMS), "tree of strengths like the parameters"),
    "shape": (lambda: cd.optimizers.curl_descent(0.1, {"w": np.ones(3)}).init(PARAMS), "must broadcast"),
    "path": (
        lambda: cd.optimizers.curl_descent(0.1, cd.Signature({"x": 0.5})).init(PARAMS),
        "no parameter matches 'x'",
    ),
    "grad_fn": (
        lambda: (lambda o: o.update(PARAMS, o.init(PARAMS), PARAMS))(
            cd.optimizers.curl_descent(0.1, {"w": 1.0}, correction="extragradient")
        ),
        "needs the gradient as a function",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_input(case):
    call, message = ERRORS[case]
    with pytest.raises(cd.InputError, match=message):
        call()


def test_bad_torch_input():
    torch = pytest.importorskip("torch")
    build, model = cd.optimizers.torch.curl_descent, torch.nn.Linear(1, 1)
    flips = cd.Signature({"weight": 1.0})
    with pytest.raises(cd.InputError, match="params must be a module or its named_parameters"):
        build(model.parameters(), 0.1, flips)
    with pytest.raises(cd.InputError, match="mapping with the names weight, bias"):
        build(model, 0.1, {"weight": 1.0})
    with pytest.raises(cd.InputError, match="needs a closure"):
        build(model, 0.1, flips, correction="sga").step()

    def closure():
        loss = model(torch.ones(1, 1)).sum() ** 2
        loss.backward()
        return loss

    with pytest.raises(cd.InputError, match="without calling backward"):
        build(model, 0.1, flips, correction="extragradient").step(closure)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "package"), [("digits_optax.py", "optax"), ("digits_torch.py", "torch")])
def test_digits_example_runs(name, package, tmp_path):
    pytest.importorskip(package)
    pytest.importorskip("sklearn")
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), "1"], capture_output=True, text=True, cwd=tmp_path, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("test accuracy") == 3
