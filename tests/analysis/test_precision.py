"""Verdicts in the precision that a model really computes in: low precision never contradicts double."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curldescent as cd
from curldescent.analysis._curl.share import antisymmetric_share
from curldescent.learning.fields.precision import of_jax

LOW = ("float32", "float16", "bfloat16")
EPSILON = {name: float(jnp.finfo(name).eps) for name in ("float64", *LOW)}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3))
PARAMS = {"a_weight": RNG.normal(size=(12, 3)), "b_weight": RNG.normal(size=(1, 12))}


def linear(p, x):
    return x @ p["a_weight"].T @ p["b_weight"].T


def in_type(dtype, inner=linear):
    """The model computing in a type of its own, whatever it is given."""
    return lambda p, x: inner(jax.tree.map(lambda leaf: leaf.astype(dtype), p), x.astype(dtype))


def flips(count):
    return {"a_weight": 1.0, "b_weight": np.r_[-np.ones(count), np.ones(12 - count)]}


PROGRAMS = {
    "as it is": (lambda x: jnp.tanh(x), "float64"),
    "a cast": (lambda x: x.astype(jnp.bfloat16).astype(x.dtype), "bfloat16"),
    "float32 inside": (lambda x: x.astype(jnp.float32) * 2, "float32"),
    "under jit": (lambda x: jax.jit(lambda y: y.astype(jnp.float16) * 2)(x), "float16"),
    "in a checkpoint": (jax.checkpoint(lambda x: jnp.sin(x.astype(jnp.bfloat16))), "bfloat16"),
    "in a scan": (
        lambda x: jax.lax.scan(lambda c, _: (c + x.sum().astype(c.dtype), c), jnp.float16(0), None, length=2)[0],
        "float16",
    ),
    "in one branch": (
        lambda x: jax.lax.cond(x[0] > 0, lambda y: y, lambda y: y.astype("float32") + 0.0 * y, x),
        "float32",
    ),
    "an exact mask": (lambda x: (x > 0).astype(jnp.float32) * x, "float64"),
    "a constant": (lambda x: x + jnp.ones(3, jnp.bfloat16), "float64"),
    "not used": (lambda x: (x.astype(jnp.bfloat16), x)[1], "float64"),
    "rounded": (lambda x: jax.lax.reduce_precision(x, 8, 7), "bfloat16"),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_precision_is_that_of_the_coarsest_step(name):
    function, expected = PROGRAMS[name]
    with jax.enable_x64():
        assert of_jax(function, jax.ShapeDtypeStruct((3,), jnp.float64)) == EPSILON[expected]


@pytest.fixture(scope="module")
def networks():
    return {dtype: cd.analysis.network(in_type(dtype), PARAMS, X) for dtype in ("float64", *LOW)}


@pytest.mark.parametrize("count", [0, 3, 6, 10])
@pytest.mark.parametrize("method", ["dense", "matrix-free"])
def test_no_type_contradicts_double_precision(networks, count, method):
    """P·O exceeds the rank, 3, so that rounding makes up directions: 17 of 20 that no step of the student moves.

    By the theory of linear students 0, 3, 6 and 10 flips leave margins of +0.33, +0.23, +0.01 and −0.19.
    """
    found = {
        dtype: cd.analysis.stability(n.with_strengths(flips(count)), method=method) for dtype, n in networks.items()
    }
    exact = found["float64"]
    theory = cd.theory.linear_stability(
        PARAMS["a_weight"], PARAMS["b_weight"], np.ones(3), flips(count)["b_weight"], covariance=X.T @ X / len(X)
    )
    assert exact.verdict == ("unstable" if theory.inertia[0] else "stable")
    for dtype, one in found.items():
        assert one.verdict in (exact.verdict, "undecided"), (dtype, str(one))
        assert one.precision == EPSILON[dtype]
        assert bool(one.reason) == (one.verdict == "undecided")
        assert abs(one.margin - exact.margin) < 8 * EPSILON[dtype] + 1e-3 * (method == "matrix-free")
        if method == "dense" and abs(exact.margin) > 0.1:
            assert one.verdict == exact.verdict, (dtype, str(one))


def test_parameters_of_low_precision_are_exact_numbers(networks):
    """What counts is what the model computes in: bfloat16 parameters in a float64 computation are double precision."""
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.bfloat16), PARAMS)
    mixed = {"a_weight": params["a_weight"], "b_weight": np.asarray(params["b_weight"], np.float32)}
    wide = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params)
    expected = cd.analysis.stability(networks["float64"].at(wide))
    for given in (params, mixed):
        found = cd.analysis.stability(cd.analysis.network(linear, given, jnp.asarray(X)))
        assert found.precision == EPSILON["float64"]
        np.testing.assert_allclose(found.margin, expected.margin, atol=1e-6)


WAYS = [("dense", False), ("dense", True), ("matrix-free", False), ("matrix-free", True)]


def test_a_model_that_ends_in_float32():
    network = cd.analysis.network(lambda p, x: linear(p, x).astype(jnp.float32), PARAMS, X, strengths=flips(10))
    for method, norms in WAYS:
        assert cd.analysis.stability(network, method=method, preserve_norms=norms).verdict == "unstable"


def test_nothing_moves():
    """Zero weights in both layers, and a rectifier network that is dead altogether: no eigenvalue to judge by."""
    zero = cd.student_teacher(n_inputs=3, n_hidden=4, n_train=10, student_scale=0.0)
    # Of twelve neurons none is ever active.
    dead = cd.analysis.network(
        lambda p, x: jax.nn.relu(x @ p["a_weight"].T - 100) @ p["b_weight"].T,
        PARAMS,
        X,
        np.ones((20, 1)),
        strengths=flips(2),
    )
    at_zero = cd.field(zero, cd.Plasticity(readout=0.5))
    for network in (at_zero, dead):
        for method, norms in WAYS:
            found = cd.analysis.stability(network, method=method, preserve_norms=norms)
            assert found.verdict == "undecided"
            assert "no output moves" in found.reason
            assert found.scale == 0
    for function in (cd.analysis.flip_margins, cd.analysis.largest_stable_flips):
        with pytest.raises(cd.InputError, match="no flip matters"):
            function(dead)
    assert cd.analysis.curl(dead).antisymmetric == 0
    assert cd.analysis.jacobian_spectrum(dead, method="matrix-free").growth == 0


@pytest.mark.parametrize("size", [1e-200, 1e120, pytest.param(1e200, marks=pytest.mark.slow)])
def test_the_size_of_outputs_changes_no_verdict(networks, size):
    """Kernels of 1e±400 are no float64; their signs and ratios are."""
    plain = networks["float64"].with_strengths(flips(10))
    scaled = cd.analysis.network(lambda p, x: size * linear(p, x), PARAMS, X, strengths=flips(10))
    few = cd.analysis.network(lambda p, x: size * linear(p, x), PARAMS, X[:4], strengths=flips(10))
    for method in ("dense", "matrix-free"):
        found = cd.analysis.stability(scaled, method=method)
        expected = cd.analysis.stability(plain, method=method)
        assert (found.verdict, found.margin) == (expected.verdict, pytest.approx(expected.margin, abs=1e-6))
        assert cd.analysis.stability(few, method=method).verdict in ("stable", "unstable")
    if size == 1e120:
        assert found.lambda_max == pytest.approx(1e240 * expected.lambda_max, rel=1e-3)


def test_a_curl_too_small_for_float64_is_not_called_none(networks):
    """Second derivatives of 1e-400 and a work of 1e-400 are zeros that say nothing; those of a dead network do."""
    for flipped, share in ((flips(10), np.nan), (flips(0), 0.0)):
        tiny = cd.analysis.network(
            lambda p, x: 1e-200 * linear(p, x), PARAMS, X, 1e-200 * np.ones((20, 1)), strengths=flipped
        )
        for method in ("exact", "hutchinson"):
            found = cd.analysis.curl(tiny, method=method)
            assert found.antisymmetric == pytest.approx(share, nan_ok=True)
            assert ("cannot be told" in str(found)) == np.isnan(share)
            assert (found.low, found.high) == ((0.0, 1.0) if np.isnan(share) else (0.0, 0.0))
        around = cd.analysis.circulation(tiny, radius=0.1)
        assert around.verdict == ("undecided" if np.isnan(share) else "none")
        assert ("smaller than float64" in around.reason) == np.isnan(share)
    dead = cd.analysis.network(lambda p, x: 0 * linear(p, x), PARAMS, X, np.ones((20, 1)), strengths=flips(10))
    assert cd.analysis.curl(dead).antisymmetric == 0
    assert cd.analysis.circulation(dead, radius=0.1).verdict == "none"


def test_overflow_is_undecided_and_told():
    hot = cd.analysis.network(
        in_type("float16", lambda p, x: jnp.exp(10 * linear(p, x))), PARAMS, X, np.ones((20, 1)), strengths=flips(2)
    )
    found = cd.analysis.stability(hot)
    assert found.verdict == "undecided"
    assert "finite" in found.reason
    for call in (
        cd.analysis.curl,
        cd.analysis.flip_margins,
        cd.analysis.tangent_kernels,
        cd.analysis.jacobian_spectrum,
    ):
        with pytest.raises(cd.InputError, match="must be finite"):
            call(hot)


@pytest.mark.parametrize("samples", [1, 3])
def test_few_residuals(samples):
    """Where the iteration has no room; one sample, and as many as the rank."""
    network = cd.analysis.network(linear, PARAMS, X[:samples], strengths=flips(10))
    g = np.subtract(*cd.analysis.tangent_kernels(network))
    free = cd.analysis.stability(network, method="matrix-free")
    np.testing.assert_allclose(free.eigenvalues[0], np.linalg.eigvalsh(g)[0], rtol=1e-10)
    assert free.verdict == "unstable"


def test_zero_size_leaves_and_frozen_synapses():
    params = PARAMS | {"empty": np.zeros((0, 3))}
    network = cd.analysis.network(linear, params, X, strengths={"a_weight": 0.0, "b_weight": 0.0, "empty": 1.0})
    for method in ("dense", "matrix-free"):
        assert cd.analysis.stability(network, method=method).inertia[0] == 0
    assert cd.analysis.stability(network.with_strengths(None)).verdict == "stable"


UNUSABLE = {
    "complex parameters": (
        lambda: cd.analysis.network(linear, {"a_weight": 1j * PARAMS["a_weight"], "b_weight": PARAMS["b_weight"]}, X),
        "real numb",
    ),
    "whole parameters": (
        lambda: cd.analysis.network(linear, {"a_weight": np.ones((2, 3), int), "b_weight": np.ones((1, 2))}, X),
        "real",
    ),
    "complex inputs": (lambda: cd.analysis.network(linear, PARAMS, X * 1j), "inputs must"),
    "complex outputs": (lambda: cd.analysis.network(lambda p, x: 1j * linear(p, x), PARAMS, X), "return real numbers"),
    "no parameters": (lambda: cd.analysis.network(linear, {}, X), "at least one array"),
    "beyond float32": (lambda: cd.analysis.network(linear, PARAMS, X * 1e200, dtype="float32"), "finite in float32"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_unusable(case):
    call, message = UNUSABLE[case]
    with pytest.raises(cd.InputError, match=message):
        call()


def test_curl_in_low_precision_is_told_from_rounding():
    y = np.ones((20, 1))
    for dtype in LOW:
        network = cd.analysis.network(in_type(dtype), PARAMS, X, y)
        assert cd.analysis.curl(network).high == 0
        assert cd.analysis.curl(network, method="hutchinson").high == 0
        curled = network.with_strengths(flips(10))
        exact = cd.analysis.curl(cd.analysis.network(linear, PARAMS, X, y, strengths=flips(10))).antisymmetric
        found = cd.analysis.curl(curled)
        assert found.low <= exact <= found.high
        # Strengths that differ by less than the rounding of bfloat16 make no curl that it could show.
        barely = cd.analysis.curl(network.with_strengths({"a_weight": 1.0, "b_weight": 1 + 1e-3}))
        assert (barely.low > 0) == (dtype == "float32")


def test_rounding_is_no_climb():
    """A run that rests at its solution: losses of 1e-33 and of 1e-7 go up and down by rounding."""
    run = [
        {"a_weight": PARAMS["a_weight"] * (1 + shift), "b_weight": PARAMS["b_weight"]}
        for shift in 1e-17 * np.arange(1, 40) % 5e-17
    ]
    run += [{"a_weight": PARAMS["a_weight"] * (1 + 1e-16 * (k % 3)), "b_weight": PARAMS["b_weight"]} for k in range(30)]
    y = X @ PARAMS["a_weight"].T @ PARAMS["b_weight"].T
    for dtype in ("float64", "bfloat16"):
        found = cd.analysis.descent_profile(cd.analysis.network(in_type(dtype), PARAMS, X, y), run=run)
        assert found.climbing == 0
        assert found.height == 0
    rough = 1.0 + np.abs(np.random.default_rng(1).normal(size=(2, 100)))
    noise = np.r_[1.0, 0.1, 1e-33 * rough[0]]
    assert cd.analysis.climbs(np.arange(102.0), noise) == []
    assert cd.analysis.plateaus(np.arange(102.0), noise)[-1].final
    single = np.r_[1.0, 0.1, 1e-15 * rough[0]].astype(np.float32)
    assert cd.analysis.climbs(np.arange(102.0), single) == []
    assert cd.analysis.climbs(np.arange(102.0), single.astype(float)) != []


def test_flips_know_their_error(networks):
    for dtype in ("float64", "bfloat16"):
        found = cd.analysis.flip_margins(networks[dtype])
        exact = cd.analysis.flip_margins(networks["float64"])
        assert len(found.names) == len(exact.names)
        assert found.error == pytest.approx(EPSILON[dtype] * 4 * exact.present, rel=100)
        sets = cd.analysis.largest_stable_flips(networks[dtype], max_cuts=20)
        assert sets.tolerance == (1e-12 if dtype == "float64" else 4 * EPSILON[dtype])


def test_ill_scaled_jacobians_and_covariances_in_single_precision():
    turn = np.array([[0.0, 1.0], [-1.0, 2.0]])
    for size in (1e-200, 1e200):
        assert antisymmetric_share(size * turn)[0] == pytest.approx(1 / 3)
    factors = np.random.default_rng(3).normal(size=(5, 2)).astype(np.float32)
    excitatory = factors @ factors.T  # of rank 2: the other eigenvalues are rounding, some below zero
    single = cd.analysis.HebbianNetwork(np.ones(5), excitatory)
    assert single.is_gradient
    assert not cd.analysis.HebbianNetwork([1, 1, 1, 1, -1], excitatory).is_gradient


# PyTorch's forward mode warns of its own use of its own torch.jit.script.
@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")
def test_torch_agrees():
    torch = pytest.importorskip("torch")

    class Cast(torch.nn.Module):
        def __init__(self, dtype):
            super().__init__()
            self.a_weight = torch.nn.Parameter(torch.tensor(PARAMS["a_weight"]))
            self.b_weight = torch.nn.Parameter(torch.tensor(PARAMS["b_weight"]))
            self.dtype = dtype

        def forward(self, x):
            return x.to(self.dtype) @ self.a_weight.to(self.dtype).T @ self.b_weight.to(self.dtype).T

    for count in (3, 10):
        strengths = {"a_weight": 1.0, "b_weight": flips(count)["b_weight"]}
        exact = cd.analysis.stability(cd.analysis.network(linear, PARAMS, X, strengths=flips(count)))
        for dtype in (torch.float64, torch.float32, torch.bfloat16):
            network = cd.analysis.network(Cast(dtype), inputs=X, strengths=strengths)
            assert network.precision == torch.finfo(dtype).eps
            for method in ("dense", "matrix-free"):
                assert cd.analysis.stability(network, method=method).verdict in (exact.verdict, "undecided")
