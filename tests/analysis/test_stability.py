import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curldescent as cd
from tests.analysis.networks import autodiff_jacobian, deep_network, deep_tanh, random_params, random_signs
from tests.conftest import random_problem


def nonzero(values, count):
    """The `count` eigenvalues of largest magnitude, ascending."""
    return np.sort(values[np.argsort(-np.abs(values))[:count]])


@pytest.mark.parametrize(
    ("sizes", "seed"),
    [
        ((4, 6, 1), 0),
        pytest.param((4, 6, 5, 2), 1, marks=pytest.mark.slow),
        pytest.param((3, 5, 5, 5, 1), 2, marks=pytest.mark.slow),
    ],
)
def test_spectrum_is_that_of_the_jacobian_at_zero_loss(sizes, seed):
    network, params, x, y = deep_network(sizes, samples=6, seed=seed)
    signs = random_signs(params, seed + 200)
    result = cd.analysis.stability(network)
    jacobian = np.linalg.eigvals(autodiff_jacobian(params, x, y, signs))
    rows = 6 * sizes[-1]
    assert result.complete
    assert result.at_solution
    assert len(result.eigenvalues) == rows
    leading = jacobian[np.argsort(-np.abs(jacobian))[:rows]]
    # eig of a matrix that is not normal, with a large kernel: its own accuracy is the square root of rounding.
    assert np.abs(leading.imag).max() < 1e-7
    np.testing.assert_allclose(np.sort(-leading.real), result.eigenvalues, atol=1e-7 * result.scale)
    assert result.verdict == ("unstable" if result.eigenvalues[0] < 0 else "stable")


@pytest.mark.slow
def test_direction_is_the_jacobians_eigenvector():
    network, params, x, y = deep_network()
    result = cd.analysis.stability(network)
    direction = network.flat(result.direction)
    jacobian = autodiff_jacobian(params, x, y, random_signs(params, 200))
    assert np.linalg.norm(direction) == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(jacobian @ direction, -result.lambda_min * direction, atol=1e-11 * result.scale)


@pytest.mark.parametrize("activation", ["linear", "tanh"])
def test_inertia_is_that_of_the_linear_theory(activation):
    for seed in range(2):
        problem = random_problem(seed, activation="linear", output_activation=activation, sizes=(6, 9, 1), samples=40)
        problem = problem.starting_at_teacher()
        rule = cd.Plasticity(hidden=0.34, readout=0.25)
        strengths = rule.strengths(n_inputs=6, n_hidden=9, n_outputs=1)
        for trial, result in enumerate(cd.analysis.stability(problem, rule)):
            theory = cd.theory.linear_stability(
                problem.teacher.hidden[trial],
                problem.teacher.readout[trial],
                strengths.hidden[0],
                strengths.readout[0],
                covariance=problem.inputs.T @ problem.inputs / 40,
            )
            assert result.inertia == theory.inertia
            if activation == "linear":
                np.testing.assert_allclose(result.eigenvalues, theory.eigenvalues, atol=1e-12 * result.scale)


def test_several_outputs_agree_with_the_linear_theory():
    problem = random_problem(3, activation="linear", output_activation="linear", sizes=(4, 7, 3), trials=None)
    rule = cd.Plasticity(hidden=0.5, readout=0.3)
    strengths = rule.strengths(n_inputs=4, n_hidden=7, n_outputs=3)
    theory = cd.theory.linear_stability(
        problem.student.hidden,
        problem.student.readout,
        strengths.hidden[0],
        strengths.readout[0],
        covariance=problem.inputs.T @ problem.inputs / 23,
    )
    result = cd.analysis.stability(problem, rule)
    assert result.inertia == theory.inertia
    np.testing.assert_allclose(result.eigenvalues, theory.eigenvalues, atol=1e-12 * result.scale)


def test_norm_preservation_adds_the_theorys_term():
    problem = random_problem(5, activation="linear", output_activation="linear", sizes=(6, 9, 1), samples=40)
    rule = cd.Plasticity(hidden=0.34, readout=0.25)
    strengths = rule.strengths(n_inputs=6, n_hidden=9, n_outputs=1)
    for trial, result in enumerate(cd.analysis.stability(problem, rule, preserve_norms=True)):
        theory = cd.theory.linear_stability(
            problem.student.hidden[trial],
            problem.student.readout[trial],
            strengths.hidden[0],
            strengths.readout[0],
            covariance=problem.inputs.T @ problem.inputs / 40,
            preserve_norms=True,
        )
        assert result.inertia == theory.inertia
        np.testing.assert_allclose(
            np.sort_complex(result.eigenvalues), np.sort_complex(theory.eigenvalues), atol=1e-11 * result.scale
        )


@pytest.mark.parametrize("samples", [10, pytest.param(90, marks=pytest.mark.slow)])
def test_matrix_free_norm_preservation_equals_the_dense_operator(samples):
    """Φ P S Φᵀ/P written out, layer by layer, and its eigenvalues of smallest real part."""
    network, *_ = deep_network((4, 9, 7, 2), samples=samples, batch_size=7)
    phi, project = network.outputs_jacobian(), np.eye(network.n_params)
    at = 0
    for shape, weights in zip(network.shapes.values(), network.named(network.theta).values(), strict=True):
        size = int(np.prod(shape))
        w = weights.ravel() / np.linalg.norm(weights)
        project[at : at + size, at : at + size] -= np.outer(w, w)
        at += size
    operator = phi @ project @ (network.strengths[:, None] * phi.T) / samples
    exact = np.linalg.eigvals(operator)
    exact = exact[np.argsort(exact.real)]
    free = cd.analysis.stability(network, method="matrix-free", preserve_norms=True, count=4, resolution=1e-9)
    dense = cd.analysis.stability(network, method="dense", preserve_norms=True)
    for found in (free, dense):
        np.testing.assert_allclose(np.real(found.eigenvalues[:3]), exact[:3].real, atol=1e-7 * dense.scale)
        np.testing.assert_allclose(
            np.sort(np.abs(np.imag(found.eigenvalues[:2]))), np.sort(np.abs(exact[:2].imag)), atol=1e-7 * dense.scale
        )
        assert found.verdict == "unstable"
    assert free.errors.max() < 1e-7 * dense.scale
    assert not free.complete
    assert free.lambda_min == pytest.approx(dense.lambda_min, abs=1e-8 * dense.scale)
    direction = network.flat(free.direction)
    assert abs(direction @ network.flat(dense.direction)) == pytest.approx(1, abs=1e-6)
    # Nothing along any layer's weights.
    np.testing.assert_allclose(project @ direction, direction, atol=1e-12)


def test_matrix_free_norm_preservation_says_when_it_does_not_know():
    network, *_ = deep_network((4, 9, 7, 2), samples=200, strengths=None)
    options = {"method": "matrix-free", "preserve_norms": True}
    assert cd.analysis.stability(network, resolution=1e-14, max_products=1, **options).verdict == "undecided"


def test_matrix_free_norm_preservation_finds_gradient_descent_stable():
    """A linear student at its teacher: a dense verdict of stable, with more residuals than parameters."""
    problem = random_problem(5, activation="linear", output_activation="linear", sizes=(4, 5, 1), samples=40)
    for method in ("dense", "matrix-free"):
        results = cd.analysis.stability(
            problem.starting_at_teacher(), cd.Plasticity(), method=method, preserve_norms=True, resolution=1e-6
        )
        assert results.stable.all(), method


@pytest.mark.parametrize("output_activation", ["tanh", pytest.param("sigmoid", marks=pytest.mark.slow)])
def test_delta_rule_is_judged_as_training_moves(output_activation):
    """ė = −G e for the delta rule: two full-batch updates of the reference engine from a slightly moved solution."""
    base = random_problem(2, output_activation=output_activation, sizes=(5, 6, 1), samples=4, trials=None)
    rule = cd.Plasticity(readout=0.5)
    solution = base.starting_at_teacher()
    result = cd.analysis.stability(solution, rule)
    step, size = 1e-3, 1e-6
    moved = cd.Problem(
        inputs=base.inputs,
        test_inputs=base.test_inputs,
        teacher=base.teacher,
        student=cd.Weights(
            hidden=base.teacher.hidden + size * result.direction["hidden"],
            readout=base.teacher.readout + size * result.direction["readout"],
        ),
        activation="tanh",
        output_activation=output_activation,
    )
    history = cd.train(moved, rule, epochs=1, learning_rate=step, engine="jax")
    direction = np.concatenate([result.direction[k].ravel() for k in ("hidden", "readout")])
    before = np.concatenate([moved.student.hidden.ravel(), moved.student.readout.ravel()])
    after = np.concatenate([history.student_hidden.values.ravel(), history.student_readout.values.ravel()])
    growth = direction @ (after - before) / size
    assert growth == pytest.approx(-step * result.lambda_min, rel=1e-4)
    mse = cd.analysis.stability(solution, rule, output_error="mse")
    assert mse.inertia == result.inertia  # Sylvester: φ' is positive
    assert mse.lambda_min != pytest.approx(result.lambda_min, rel=1e-3)


@pytest.mark.parametrize("samples", [5, 60])
def test_reduction_from_either_side_is_the_dense_kernels_spectrum(samples):
    """5 samples: fewer rows than parameters; 60: more, where the parameters' side is decomposed."""
    network, *_ = deep_network((3, 4, 2), samples=samples)
    assert (network.n_rows < network.n_params) == (samples == 5)
    plus, minus = cd.analysis.tangent_kernels(network)
    result = cd.analysis.stability(network)
    whole = np.linalg.eigvalsh(plus - minus)
    # Directions that the range tolerance drops have eigenvalues below 1e-10 of the largest.
    np.testing.assert_allclose(nonzero(whole, len(result.eigenvalues)), nonzero(result.eigenvalues, 99), atol=1e-9)
    assert np.linalg.eigvalsh(plus)[0] > -1e-12
    assert np.linalg.eigvalsh(minus)[0] > -1e-12
    assert result.scale == pytest.approx(np.linalg.eigvalsh(plus + minus)[-1], rel=1e-10)


@pytest.mark.parametrize("samples", [10, pytest.param(90, marks=pytest.mark.slow)])
def test_matrix_free_equals_dense(samples):
    network, *_ = deep_network((4, 9, 7, 2), samples=samples, batch_size=7)
    dense = cd.analysis.stability(network, method="dense")
    free = cd.analysis.stability(network, method="matrix-free", count=4, resolution=1e-8)
    assert free.verdict == dense.verdict == "unstable"
    for found, end in ((free.eigenvalues[:2], dense.eigenvalues[:2]), (free.eigenvalues[2:], dense.eigenvalues[-2:])):
        np.testing.assert_allclose(found, end, atol=1e-10 * dense.scale)
    exact = np.linalg.eigvalsh(np.subtract(*cd.analysis.tangent_kernels(network)))
    for value, error in zip(free.eigenvalues, free.errors, strict=True):
        assert np.abs(exact - value).min() <= error + 1e-12
    cosine = abs(network.flat(free.direction) @ network.flat(dense.direction))
    assert cosine == pytest.approx(1, abs=1e-6)


def test_matrix_free_says_when_it_does_not_know():
    # 400 residuals: more than the basis, which would otherwise hold the whole spectrum.
    network, *_ = deep_network((4, 9, 7, 2), samples=200, strengths=None)
    result = cd.analysis.stability(network, method="matrix-free", resolution=1e-14, max_products=1)
    assert result.verdict == "undecided"


def test_gradient_descent_is_stable_and_ascent_is_not():
    network, params, *_ = deep_network(strengths=None)
    assert cd.analysis.stability(network).verdict == "stable"
    up = cd.analysis.stability(network.with_strengths(jax.tree.map(lambda _: -1.0, params)))
    assert (up.verdict, up.n_unstable, up.margin) == ("unstable", 16, pytest.approx(-1))


@pytest.mark.slow
def test_chunks_do_not_change_the_result():
    results = [cd.analysis.stability(deep_network(samples=11, batch_size=size)[0]).eigenvalues for size in (1, 4, None)]
    for other in results[1:]:
        np.testing.assert_allclose(other, results[0], atol=1e-13)


def test_cross_entropy_and_own_losses():
    """A convex loss enters through its curvature; the Gauss–Newton matrix from autodiff is the reference."""
    params = random_params((3, 5, 4), 0)
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((7, 3)), rng.integers(0, 4, 7)
    signs = random_signs(params, 1)
    network = cd.analysis.network(deep_tanh, params, x, labels, strengths=signs, loss="cross_entropy")
    with jax.enable_x64():
        phi = network.outputs_jacobian().reshape(7, 4, -1)
        p = np.asarray(jax.nn.softmax(deep_tanh(jax.tree.map(jnp.asarray, params), x)))
    curvature = np.stack([np.diag(row) - np.outer(row, row) for row in p])
    gauss_newton = np.einsum("pan,pab,pbm->nm", phi, curvature, phi) / 7
    reference = np.linalg.eigvals(network.strengths[:, None] * gauss_newton)
    result = cd.analysis.stability(network)
    assert len(result.eigenvalues) == 21  # softmax ignores a common shift of the logits
    # eig of a matrix that is not normal, with a large kernel: accurate to the square root of rounding.
    np.testing.assert_allclose(nonzero(reference.real, 21), result.eigenvalues, atol=1e-7 * result.scale)
    own = cd.analysis.network(
        deep_tanh, params, x, labels, strengths=signs, loss=lambda z, k: jax.nn.logsumexp(z) - z[k]
    )
    np.testing.assert_allclose(cd.analysis.stability(own).eigenvalues, result.eigenvalues, atol=1e-12)
    assert result.at_solution is False
    assert "not at a solution" in str(result)


def test_float32_parameters_are_analysed_in_double_precision():
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), random_params((3, 5, 1), 0))
    x = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    double = cd.analysis.stability(cd.analysis.network(deep_tanh, params, x, strengths=random_signs(params, 1)))
    wide = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params)
    same = cd.analysis.stability(cd.analysis.network(deep_tanh, wide, x, strengths=random_signs(params, 1)))
    np.testing.assert_array_equal(double.eigenvalues, same.eigenvalues)
    single = cd.analysis.network(deep_tanh, params, x, strengths=random_signs(params, 1), dtype="float32")
    np.testing.assert_allclose(cd.analysis.stability(single).eigenvalues, same.eigenvalues, atol=1e-5 * same.scale)
    assert not jax.config.jax_enable_x64


def test_trials_are_labelled():
    problem = random_problem(trials=3)
    results = cd.analysis.stability(problem, cd.Plasticity(readout=0.6))
    assert len(results) == 3
    assert [r.lambda_min for r in results] == results.lambda_min.tolist()
    assert [r.stable for r in results] == results.stable.tolist()
    assert len(results[1:]) == 2
    table = results.to_dataset()
    assert dict(table.sizes) == {"trial": 3}
    np.testing.assert_array_equal(table.lambda_min, results.lambda_min)
    alone = cd.analysis.stability(random_problem(trials=None), cd.Plasticity(readout=0.6))
    assert isinstance(alone, cd.analysis.Stability)
    assert "λ_min" in str(alone)
    assert str(results).count("trial") == 3


def test_each_trial_is_its_own_student():
    problem = random_problem(trials=2)
    second = cd.analysis.stability(problem, cd.Plasticity(readout=0.6))[1]
    alone = cd.Problem(
        inputs=problem.inputs,
        student=problem.student.trial(1),
        targets=problem.train_outputs()[1],
        activation="tanh",
    )
    expected = cd.analysis.stability(alone, cd.Plasticity(readout=0.6))
    np.testing.assert_array_equal(second.eigenvalues, expected.eigenvalues)
    assert second.residual == expected.residual


ERRORS = {
    "no problem": (
        lambda n, p: cd.analysis.stability(3),
        r"expected a cd\.Problem with a rule, a cd\.field or a cd\.analysis\.network, got int",
    ),
    "no rule": (lambda n, p: cd.analysis.stability(p), "a problem needs a rule"),
    "feedback": (
        lambda n, p: cd.analysis.tangent_kernels(p, cd.Plasticity(feedback="random")),
        "needs a signed gradient of a loss: .*feedback alignment does not",
    ),
    "rule twice": (lambda n, p: cd.analysis.stability(n, cd.Plasticity()), "has its own strengths"),
    "method": (lambda n, p: cd.analysis.stability(n, method="densely"), "did you mean 'dense'"),
    "trial": (lambda n, p: cd.field(p, cd.Plasticity(), trial=2), "between 0 and 1, got 2"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_input(case):
    call, message = ERRORS[case]
    with pytest.raises(cd.InputError, match=message):
        call(deep_network()[0], random_problem())


class Told:
    """Remembers what it is told."""

    def __init__(self):
        self.words = []

    def start(self, total, unit, *, done=0, work=None):
        self.words.append(("start", total, unit))

    def update(self, done, *, work=None, note=""):
        self.words.append(("update", done))

    def say(self, sentence):
        raise AssertionError(sentence)

    def finish(self, sentence=None):
        self.words.append(("finish",))


def test_progress_is_told_by_trials_and_by_products():
    problem = cd.student_teacher(n_inputs=4, n_hidden=5, n_train=30, trials=3)
    told = Told()
    found = cd.analysis.stability(problem, cd.Plasticity(), progress=told)
    assert told.words == [("start", 3, "trials"), *(("update", k) for k in (1, 2, 3)), ("finish",)]
    again = cd.analysis.stability(problem, cd.Plasticity())
    np.testing.assert_array_equal(found.lambda_min, again.lambda_min)
    told = Told()
    one = cd.analysis.stability(problem, cd.Plasticity(), trial=0, method="matrix-free", progress=told)
    assert told.words[0] == ("start", 1000, "products at most")
    assert told.words[1:-1] == [("update", k) for k in range(1, one.products + 1)]
    assert told.words[-1] == ("finish",)
    with pytest.raises(cd.InputError, match="progress must be a display"):
        cd.analysis.stability(problem, cd.Plasticity(), progress=print)


@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
def test_products_with_and_without_phi_held_agree(monkeypatch, loss):
    """Small networks hold Φ; large ones take derivatives forwards and backwards for every product."""
    network, _, _, y = deep_network((4, 6, 5, 2), samples=8, seed=3, loss=loss)
    if loss == "cross_entropy":
        network = network.with_targets(np.abs(y))
    held = cd.analysis.stability(network, method="matrix-free")
    monkeypatch.setattr("curldescent.analysis._stability.tangent_kernel.HELD_ENTRIES", 0)
    free = cd.analysis.stability(network, method="matrix-free")
    np.testing.assert_allclose(free.eigenvalues, held.eigenvalues, atol=1e-10 * held.scale)
    assert free.products == held.products
    assert free.verdict == held.verdict
