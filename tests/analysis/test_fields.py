"""Fields of every kind against autodiff and finite differences, and what the analyses say of rules of one's own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curldescent as cd
from tests.samples import sampled

A = cd.analysis
PROBLEM = cd.student_teacher(n_inputs=4, n_hidden=5, n_outputs=2, n_train=20, trials=2, activation="tanh", seed=3)
LINEAR = cd.student_teacher(n_inputs=4, n_hidden=6, n_train=20, seed=1)
FEEDBACK = cd.Plasticity(hidden=0.25, readout=0.4, feedback="random")
RNG = np.random.default_rng(0)
DEEP = cd.Problem(
    inputs=RNG.normal(size=(15, 4)),
    targets=RNG.normal(size=(15, 2)),
    student=cd.Weights([RNG.normal(size=(5, 4)), RNG.normal(size=(3, 5)), RNG.normal(size=(2, 3))]),
    activation="tanh",
    output_activation="linear",
)
ONE_OUTPUT = cd.student_teacher(n_inputs=3, n_hidden=4, n_train=20, activation="tanh", output_activation="linear")
X = RNG.normal(size=(50, 3)) * [2.0, 1.0, 0.5]


def oja(w):
    y = X @ w
    return jnp.mean(y[:, None] * (X - y[:, None] * w), axis=0)


def in_a_tree(p):
    return {"a": p["b"].sum(0) * jnp.tanh(p["a"]), "b": p["a"] * p["b"] ** 2 - p["b"]}


class Averaged(cd.rules.LearningRule):
    """Errors times a running average of the activities before."""

    name = "averaged"

    def state(self, layer):
        return 0.1 + jnp.zeros(layer.shape[1])

    def change(self, sight):
        post, pre = sight.error.mean(axis=0), sight.pre.mean(axis=0)
        return -jnp.outer(post, sight.state), pre - sight.state


def torch_network():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()
    signs = cd.Signature({"2.weight": 0.5})
    return A.network(module, inputs=X[:7], targets=np.ones((7, 1)), strengths=signs)


FIELDS = {
    "problem": lambda: cd.field(PROBLEM, cd.Plasticity(hidden=0.25, readout=0.4), trial=1),
    "mse": lambda: cd.field(PROBLEM, cd.Plasticity(readout=0.4), output_error="mse"),
    "norms kept": lambda: cd.field(PROBLEM, cd.Plasticity(readout=0.4), preserve_norms=True),
    "feedback": lambda: cd.field(PROBLEM, FEEDBACK, trial=1),
    "feedback, linear": lambda: cd.field(LINEAR, FEEDBACK),
    "three layers": lambda: cd.field(DEEP, cd.Plasticity(layers=[0.5, 0.4, 0.0])),
    "three layers, feedback": lambda: cd.field(DEEP, cd.Plasticity(feedback="random")),
    "Oja": lambda: cd.field(ONE_OUTPUT, cd.rules.Oja()),
    "node perturbation": lambda: cd.field(ONE_OUTPUT, cd.rules.NodePerturbation(noise=0.5)),
    "rule that remembers": lambda: cd.field(ONE_OUTPUT, Averaged()),
    "rule of one's own": lambda: cd.field(ONE_OUTPUT, lambda sight: -sight.error.T @ sight.pre - sight.weight),
    "function": lambda: cd.field(oja, np.array([0.5, -0.3, 1.0])),
    "tree": lambda: cd.field(in_a_tree, {"a": RNG.normal(size=3), "b": RNG.normal(size=(2, 3))}),
    "network": lambda: A.network(
        lambda w, x: jnp.tanh(x @ w["a"]), {"a": RNG.normal(size=(3, 2))}, X[:6], np.ones((6, 2)), strengths={"a": -1.0}
    ),
    "torch": torch_network,
}


@pytest.mark.parametrize(
    "kind", sampled(FIELDS, seldom=("mse", "feedback, linear", "three layers, feedback", "rule of one's own"))
)
def test_products_are_those_of_the_velocitys_derivatives(kind):
    field = FIELDS[kind]()
    n, step = field.n_params, 1e-5
    v, u = np.random.default_rng(1).normal(size=(2, n))
    jacobian = field.jacobian()
    columns = [(field.velocity(field.theta + step * e) - field.velocity(field.theta - step * e)) for e in np.eye(n)]
    np.testing.assert_allclose(jacobian, np.stack(columns, 1) / (2 * step), atol=1e-7 * (1 + np.abs(jacobian).max()))
    np.testing.assert_allclose(field.jvp(v), jacobian @ v, atol=1e-12)
    np.testing.assert_allclose(field.vjp(u), jacobian.T @ u, atol=1e-12)
    elsewhere = field.theta + 0.1 * u
    there = field.at(elsewhere)
    np.testing.assert_array_equal(there.velocity(), field.velocity(elsewhere))
    np.testing.assert_array_equal(there.jvp(v), field.jvp(v, at=elsewhere))
    np.testing.assert_array_equal(there.vjp(v), field.vjp(v, at=elsewhere))
    np.testing.assert_array_equal(there.jacobian(), field.jacobian(at=field.structured(elsewhere)))
    np.testing.assert_array_equal(field.flat(field.structured(elsewhere)), elsewhere)
    np.testing.assert_allclose(field.velocities(np.stack([elsewhere, field.theta]))[0], there.velocity(), atol=1e-14)
    assert {name: part.shape for name, part in field.named(v).items()} == field.shapes
    assert cd.field(field) is field


@pytest.mark.parametrize(
    "kind",
    sampled(
        ["problem", "mse", "norms kept", "feedback", "feedback, linear", "three layers", "Oja", "network"],
        seldom=("mse", "feedback, linear", "Oja"),
    ),
)
def test_the_traced_velocity_is_the_velocity(kind):
    field = FIELDS[kind]()
    velocity, args = field.traced()
    with jax.enable_x64():
        np.testing.assert_allclose(velocity(jnp.asarray(field.theta), args), field.velocity(), atol=1e-14)
        assert velocity.loss(jnp.asarray(field.theta), args) == pytest.approx(field.loss(), rel=1e-12)


@pytest.mark.parametrize("norms", [False, True])
@pytest.mark.parametrize(
    "rule",
    [cd.Plasticity(readout=0.4), FEEDBACK, cd.rules.Oja(), Averaged()],
    ids=["signed gradient", "feedback", "Oja", "averaged"],
)
def test_the_velocity_is_what_a_small_epoch_of_train_does(rule, norms):
    field = cd.field(PROBLEM, rule, trial=1, preserve_norms=norms, seed=4)
    history = cd.train(
        PROBLEM, rule, epochs=1, learning_rate=1e-7, preserve_norms=norms, record=[1], seed=4, engine="jax"
    )
    moved = {"hidden": history.student_hidden[1].values, "readout": history.student_readout[1].values}
    # Rounding of weights of size 2 over a step of 1e-7, and curvature.
    found, start = field.named(field.velocity()), field.named(field.theta)
    for name, layer in moved.items():
        np.testing.assert_allclose((layer - start[name]) / 1e-7, found[name], atol=2e-7)


def test_functions_with_one_derivative_only():
    @jax.custom_vjp
    def square(x):
        return x**2

    square.defvjp(lambda x: (x**2, x), lambda x, g: (2 * x * g,))
    backwards = cd.field(lambda x: square(x) * x[::-1], np.array([1.0, 2.0]))
    np.testing.assert_allclose(backwards.jvp([1.0, 0.0]), [4.0, 4.0])
    np.testing.assert_allclose(backwards.jacobian(), [[4.0, 1.0], [4.0, 4.0]])
    forwards = cd.field(lambda x: jax.lax.while_loop(lambda s: s.sum() < 10, lambda s: 2 * s, x), np.array([1.0, 2.0]))
    np.testing.assert_allclose(forwards.jacobian(), 4 * np.eye(2))
    with pytest.raises(cd.InputError, match="JAX cannot differentiate this field"):
        forwards.vjp([1.0, 0.0])


def test_curl_of_any_field_is_that_of_its_jacobian():
    for kind in ("feedback", "feedback, linear", "function", "tree", "norms kept"):
        field = FIELDS[kind]()
        j = field.jacobian()
        found = A.curl(field)
        assert found.antisymmetric == pytest.approx(((j - j.T) ** 2).sum() / 4 / (j**2).sum(), rel=1e-12)
        assert found.low > 0
        assert found.norm == pytest.approx(np.linalg.norm(j))
        estimate = A.curl(field, method="hutchinson", probes=200)
        assert estimate.low <= found.antisymmetric <= estimate.high
    quartic = cd.field(lambda x: -jax.grad(lambda t: (t**4).sum() + jnp.sin(t[0] * t[1]))(x), np.ones(3))
    assert A.curl(quartic).low == 0
    assert A.curl(quartic).antisymmetric < 1e-28


def test_circulation_of_any_field():
    # F = (−y, x) + ∇(x³y): twice the area, whatever is added that is a gradient.
    turn = cd.field(lambda p: jnp.array([-p[1] + 3 * p[0] ** 2 * p[1], p[0] + p[0] ** 3]), np.array([0.3, 0.2]))
    found = A.circulation(turn, radius=0.7)
    assert found.verdict == "curl"
    assert abs(abs(found.value) - 2 * np.pi * 0.49) <= found.error
    gradient = cd.field(lambda p: jnp.array([3 * p[0] ** 2 * p[1], p[0] ** 3]), np.array([0.3, 0.2]))
    assert A.circulation(gradient, radius=0.7).verdict == "none"
    # A kink through the loop: ∇ of relu(x)² y and a field beside it.
    kinked = cd.field(lambda p: jnp.array([2 * jnp.maximum(p[0], 0) * p[1], jnp.maximum(p[0], 0) ** 2]), np.zeros(2))
    assert A.circulation(kinked, radius=1.0, plane=np.eye(2)).verdict == "none"
    # Green over the right half of a disc: ∫ x = 2R³/3.
    half = cd.field(lambda p: jnp.array([0.0 * p[0], jnp.maximum(p[0], 0) ** 2 / 2]), np.zeros(2))
    found = A.circulation(half, radius=0.8, plane=np.eye(2))
    assert found.verdict == "curl"
    assert abs(found.value - 2 * 0.8**3 / 3) <= found.error
    jump = cd.field(lambda p: jnp.where(p[0] > 0.1234, p[::-1], -p[::-1]), np.zeros(2))
    assert A.circulation(jump, radius=1.0, plane=np.eye(2), max_points=600).verdict != "none"


def test_circulation_of_a_signed_gradient_is_the_same_by_either_path():
    """The signed path knows that the gradient's part is zero; the general one integrates it all."""
    rule = cd.Plasticity(hidden=0.25, readout=0.4)
    signed = cd.field(LINEAR, rule)
    theta = signed.theta
    plain = cd.field(lambda t: jnp.asarray(0.0) * t + _signed_velocity(t, signed), theta)
    plane = list(np.random.default_rng(2).normal(size=(2, theta.size)))
    one, other = (A.circulation(field, plane=plane, radius=0.5) for field in (signed, plain))
    assert one.verdict == other.verdict == "curl"
    assert abs(one.value - other.value) <= one.error + other.error


def _signed_velocity(theta, network):
    velocity, args = network.traced()
    return velocity(theta, args)


def test_stability_of_a_rule_is_that_of_its_jacobian():
    """Oja: eigenvectors of the covariance are the fixed points, with rates λ_i − λ and −2λ of J (Oja 1982)."""
    values, vectors = np.linalg.eigh(X.T @ X / 50)
    field = cd.field(oja, np.ones(3))
    first = A.stability(field.at(vectors[:, 2]))
    assert (first.verdict, first.inertia, first.at_solution) == ("stable", (0, 0, 3), True)
    expected = np.sort([values[2] - values[0], values[2] - values[1], 2 * values[2]])
    np.testing.assert_allclose(first.eigenvalues, expected, rtol=1e-10)
    second = A.stability(field.at(vectors[:, 1]))
    assert (second.verdict, second.n_unstable) == ("unstable", 1)
    np.testing.assert_allclose(np.abs(second.direction @ vectors[:, 2]), 1, atol=1e-9)
    away = A.stability(field)
    assert away.verdict == "undecided"
    assert "no fixed point" in away.reason
    circle = cd.field(lambda p: p * (1 - p @ p), np.array([0.6, 0.8]))
    neutral = A.stability(circle)
    assert (neutral.verdict, neutral.inertia) == ("stable", (0, 1, 1))
    assert "1 neither grow nor decay" in str(neutral)
    turning = A.stability(cd.field(lambda p: jnp.array([-p[1], p[0]]) + 0.1 * p, np.zeros(2)))
    assert turning.verdict == "unstable"
    np.testing.assert_allclose(np.sort(turning.eigenvalues.imag), [-1, 1])
    assert A.stability(cd.field(lambda p: 0 * p, np.ones(2))).verdict == "undecided"


def test_stability_of_feedback_alignment_at_a_solution():
    solved = LINEAR.starting_at_teacher()
    field = cd.field(solved, FEEDBACK)
    found = A.stability(solved, FEEDBACK)[0]
    assert found.at_solution
    rates = np.linalg.eigvals(field.jacobian()).real
    assert found.verdict == ("unstable" if rates.max() > 1e-8 else "stable")
    assert found.lambda_min == pytest.approx(-rates.max(), abs=1e-8)
    assert A.stability(LINEAR, FEEDBACK).verdict == ("undecided",)
    # With the readout's own transpose as feedback it is gradient descent: the verdict is that of the tangent kernel.
    plastic = cd.Plasticity(readout=0.5, feedback=solved.student.readout[0].T)
    j = cd.field(solved, plastic).jacobian()
    signed = cd.field(solved, cd.Plasticity(readout=0.5))
    np.testing.assert_allclose(cd.field(solved, plastic).velocity(), signed.velocity(), atol=1e-14)
    assert np.isfinite(j).all()


def test_large_fields_are_judged_without_a_dense_jacobian():
    rates = np.linspace(0.1, 3, 400)
    for sign, verdict in ((1.0, "stable"), (-0.3, "unstable")):
        decay = np.r_[rates, 0.05 * sign]
        found = A.stability(cd.field(lambda p, d=decay: -d * p, np.zeros(401)), method="matrix-free")
        assert found.verdict == verdict
        assert found.lambda_min == pytest.approx(decay.min(), rel=1e-6)
        assert not found.complete


def test_the_spectrum_of_any_field():
    field = FIELDS["feedback"]()
    found = A.jacobian_spectrum(field)
    np.testing.assert_allclose(
        np.sort(found.eigenvalues.real), np.sort(np.linalg.eigvals(field.jacobian()).real), atol=1e-10
    )
    assert found.without_residual is None
    assert found.speed == pytest.approx(np.linalg.norm(field.velocity()))


def lorenz(x):
    return jnp.array([10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]])


def test_a_function_is_followed_in_time():
    field = cd.field(lorenz, np.array([1.0, 1.0, 20.0]))
    found = A.lyapunov(field, time=300.0, transient=30.0, learning_rate=0.01, continuous=True, count=3)
    assert found.values.sum() == pytest.approx(-10 - 1 - 8 / 3, abs=1e-3)  # the trace of the Jacobian
    assert found.values[0] == pytest.approx(0.906, abs=0.05)
    assert np.isnan(found.final_loss)
    assert A.regime(field, time=400.0, learning_rate=0.01, refine=None, sample=0.05).label == "chaotic"
    assert A.regime(cd.field(oja, np.ones(3)), time=400.0, refine=None).label == "converged"
    vectors = A.covariant_vectors(
        field, time=1.0, count=3, transient=20.0, settle=20.0, learning_rate=0.01, continuous=True, every=10
    )
    # One covariant vector is the flow's own direction.
    flow = np.stack([field.velocity(state) for state in vectors.states])
    flow /= np.linalg.norm(flow, axis=1, keepdims=True)
    np.testing.assert_allclose(np.abs((flow * vectors.vectors[:, :, 1]).sum(1)), 1.0, atol=1e-4)


def test_critical_points_and_escapes_of_a_function():
    field = cd.field(oja, np.array([0.02, 0.98, 0.05]))
    values, vectors = np.linalg.eigh(X.T @ X / 50)
    point = A.critical_point(field, near=vectors[:, 1] + 0.02)
    assert (point.status, point.kind, point.unstable) == ("found", "saddle", 1)
    np.testing.assert_allclose(np.abs(point.state @ vectors[:, 1]), 1, atol=1e-9)
    assert A.spectrum_at(field, state=point.state).rates[0].real == pytest.approx(values[2] - values[1])
    left = A.escape(field, point=point.state, kick=1e-6, learning_rate=0.01, continuous=True)
    assert left.measured == pytest.approx(left.predicted, rel=0.05)
    assert A.spectrum_at(torch_network()).speed > 0


def test_one_result_per_trial_in_one_form():
    rule = cd.Plasticity(readout=0.4)
    several = {
        "curl": A.curl(PROBLEM, rule, trial=None).antisymmetric,
        "circulation": A.circulation(PROBLEM, rule, trial=None, radius=0.1).value,
        "spectrum": A.jacobian_spectrum(PROBLEM, rule, trial=None).growth,
        "margins": A.flip_margins(PROBLEM, rule, trial=None).present,
        "stability": A.stability(PROBLEM, rule).lambda_min,
        "exponents": A.lyapunov(PROBLEM, rule, time=10.0, blocks=2).values[:, 0],
    }
    assert {name: np.shape(values) for name, values in several.items()} == dict.fromkeys(several, (2,))
    one = A.curl(PROBLEM, rule, trial=1)
    assert isinstance(one, A.CurlShare)
    assert several["curl"][1] == one.antisymmetric
    assert A.stability(PROBLEM, rule, trial=1).lambda_min == several["stability"][1]
    assert A.curl(PROBLEM, rule, trial=None).to_dataset().antisymmetric.dims == ("trial",)
    assert isinstance(A.curl(PROBLEM.trial(1), rule, trial=None), A.CurlShare)


ERRORS = {
    "no parameters": (lambda: cd.field(oja), r"a function needs parameters: cd\.field\(function, theta0\)"),
    "whole numbers": (lambda: cd.field(oja, np.arange(3)), "must hold real numbers"),
    "another form": (lambda: cd.field(lambda w: {"w": w}, np.ones(3)), "returns their velocity in the same form"),
    "another shape": (lambda: cd.field(lambda w: w[:2], np.ones(3)), r"must be real with shape \(3,\)"),
    "fails": (lambda: cd.field(lambda w: w @ np.ones(4), np.ones(3)), "but it raised TypeError"),
    "a rule beside a field": (lambda: A.curl(cd.field(oja, np.ones(3)), cd.Plasticity()), "leave rule out"),
    "no rule": (lambda: cd.field(PROBLEM), "a problem needs a rule"),
    "text": (lambda: cd.field("oja"), "expected a cd.Problem with a rule, a cd.field"),
    "kernel": (lambda: A.tangent_kernels(cd.field(oja, np.ones(3))), "needs a signed gradient of a loss"),
    "flips": (lambda: A.flip_margins(PROBLEM, FEEDBACK), "needs a signed gradient of a loss"),
    "profile": (lambda: A.descent_profile(PROBLEM, FEEDBACK, run=[]), "needs a signed gradient of a loss"),
    "direction": (lambda: cd.field(oja, np.ones(3)).jvp(np.ones(2)), r"flat vector, \(3,\), got shape \(2,\)"),
    "norms": (lambda: A.lyapunov(cd.field(oja, np.ones(3)), time=1.0, preserve_norms=True), "is for problems"),
    "torch in time": (lambda: A.lyapunov(torch_network(), time=1.0), "only a field that JAX can trace"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_input(case):
    call, message = ERRORS[case]
    with pytest.raises(cd.InputError, match=message):
        call()


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_flat_parameters_may_come_in_any_type(dtype: type) -> None:
    field = cd.field(cd.student_teacher(n_inputs=2, n_hidden=3, n_train=5), cd.Plasticity(feedback="random"))
    values = np.arange(field.n_params).astype(dtype)
    found = field.at(values)
    assert found.theta.dtype == np.float64
    np.testing.assert_array_equal(found.velocity(), field.velocity(values.astype(np.float64)))
