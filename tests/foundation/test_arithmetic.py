"""What is computed here leaves the user's JAX as it was, and the user's strict modes leave the results as they are."""

from contextlib import ExitStack
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curldescent as cd
from curldescent import analysis
from curldescent.optimizers import curl_descent


class Laboratory:
    """A user's own functions over double-precision data, as one writes them for JAX's default of single precision."""

    def __init__(self):
        rng = np.random.default_rng(0)
        # No number here is exact in single precision, and one array has no axes.
        self.x, self.y, self.shift = rng.normal(size=(5, 3)), rng.normal(size=(5, 1)), np.array(0.1)
        self.start = rng.normal(size=3)
        x, y, shift = self.x, self.y, self.shift

        def loss(w):
            return jnp.mean((jnp.tanh(x @ w + shift) - y[:, 0]) ** 2)

        self.loss, self.compiled = loss, jax.jit(loss)
        compiled = self.compiled
        self.network_loss = lambda out, target: jnp.sum((out - target + shift) ** 2)

        def step(w, args):
            # A compiled function inside, and a loop whose body JAX keeps: both remember what they were traced with.
            half = jax.lax.fori_loop(0, 1, lambda _, v: v - 0.05 * jax.grad(compiled)(v), w)
            return half - 0.05 * jax.grad(loss)(half)

        def model(params, inputs):
            return jnp.tanh(inputs @ params["w"]) + jnp.sum(x) * shift

        self.step, self.model = step, model
        self.field = lambda w, args: -jax.grad(compiled)(w)

    @cached_property
    def network(self):
        return self._network("float64")

    @cached_property
    def single(self):
        return self._network("float32")

    def _network(self, dtype):
        return analysis.network(
            self.model,
            {"w": self.start[:, None]},
            self.x,
            self.y,
            strengths={"w": np.array([[1.0], [-1.0], [1.0]])},
            loss=self.network_loss,
            dtype=dtype,
        )

    def functions(self):
        """Everything of the user's, compiled anew by the user."""
        w = jnp.asarray(self.start, jnp.result_type(float))
        return {
            "loss": lambda: jax.jit(lambda v: self.loss(v))(w),
            "compiled": lambda: self.compiled(w),
            "gradient": lambda: jax.jit(jax.grad(self.loss))(w),
            "gradient of compiled": lambda: jax.grad(self.compiled)(w),
            "step": lambda: jax.jit(self.step)(w, None),
            "model": lambda: jax.jit(self.model)({"w": w[:, None]}, self.x),
            "network loss": lambda: jax.jit(self.network_loss)(w, w),
            "not compiled": lambda: self.loss(w),
        }


def problem():
    return cd.student_teacher(
        n_inputs=3, n_hidden=3, n_train=8, trials=1, activation="tanh", output_activation="linear"
    )


RULE = cd.Plasticity(readout=0.5)
LOOP = 2 * np.pi

# name -> what a user would call, boiled down to numbers
ENTRIES = {
    "lyapunov_exponents": lambda u: analysis.lyapunov_exponents(u.step, u.start, time=40, every=2, blocks=2).values,
    "follow_exponents": lambda u: (
        analysis.follow_exponents(u.step, u.start, [1.0], args=float, time=40, every=2, blocks=2).exponent.values
    ),
    "step_size_check": lambda u: (
        analysis.step_size_check(
            cd.field(lambda w: u.field(w, None), u.start), dt=0.1, time=4, every=2, blocks=2
        ).fine.values
    ),
    "covariant_vectors": lambda u: (
        analysis.covariant_vectors(u.step, start=u.start, time=3, count=2, transient=20, settle=20).exponents
    ),
    "observed": lambda u: analysis.TangentDynamics(
        u.step, u.start, every=2, observe=lambda w, _: u.compiled(w)
    ).advance(4)[1],
    "stability": lambda u: analysis.stability(u.network, method="dense").eigenvalues,
    "stability, single": lambda u: analysis.stability(u.single, method="dense").eigenvalues,
    "curl": lambda u: analysis.curl(u.network).antisymmetric,
    "circulation": lambda u: analysis.circulation(u.network, points=8).value,
    "loop": lambda u: (
        analysis.circulation(
            u.network,
            loop=lambda t: {"w": u.start[:, None] + np.array([[np.cos(LOOP * t)], [np.sin(LOOP * t)], [0.0]])},
            points=8,
        ).value
    ),
    "jacobian_spectrum": lambda u: analysis.jacobian_spectrum(u.network).eigenvalues,
    "descent_profile": lambda u: (
        analysis.descent_profile(u.network, run=[{"w": u.start[:, None]}, {"w": 0.5 * u.start[:, None]}]).loss
    ),
    "lyapunov": lambda u: analysis.lyapunov(problem(), RULE, time=4.0, every=2, blocks=2).values,
    "regime": lambda u: analysis.regime(problem(), RULE, time=40.0, refine=None).exponents,
    "critical_point": lambda u: analysis.critical_point(problem(), RULE, near=np.zeros(12)).rates,
    "train": lambda u: cd.train(problem(), RULE, epochs=5, engine="jax").train_error.values,
    "flow": lambda u: cd.flow(problem(), RULE, time=1.0).train_error.values,
}

TRACING = tuple(ENTRIES)[:12]  # what traces a function of the user's

STRICT = {
    "rank promotion": lambda: jax.numpy_rank_promotion("raise"),
    "dtype promotion": lambda: jax.numpy_dtype_promotion("strict"),
    "debug_nans": lambda: jax.debug_nans(True),
    "debug_infs": lambda: jax.debug_infs(True),
    "tracer leaks": lambda: jax.check_tracer_leaks(True),
    "matmul precision": lambda: jax.default_matmul_precision("bfloat16"),
    "transfer guard": lambda: jax.transfer_guard("disallow"),
    "enable_checks": lambda: jax.enable_checks(True),
}


def results(user, names=tuple(ENTRIES)):
    return {name: np.asarray(ENTRIES[name](user)) for name in names}


def assert_equal(found, expected):
    for name, value in found.items():
        # Single precision's own rounding may differ with how things are compiled.
        rtol = 1e-5 if name == "stability, single" else 1e-9
        np.testing.assert_allclose(value, expected[name], rtol=rtol, atol=1e-12, err_msg=name)


def assert_own_functions(user, dtype):
    """The user's functions give what the same functions give where nothing of ours has touched them."""
    untouched = Laboratory().functions()
    for name, function in user.functions().items():
        found, expected = function(), untouched[name]()
        assert found.dtype == expected.dtype == dtype, name
        np.testing.assert_array_equal(found, expected, err_msg=name)


@pytest.fixture(scope="module")
def undisturbed():
    """A user with JAX's defaults for whom the library traced everything first, and the library's results."""
    user = Laboratory()
    return user, results(user)


def test_the_users_functions_compile_after_the_librarys(undisturbed):
    assert_own_functions(undisturbed[0], np.float32)


@pytest.mark.slow
def test_the_library_reads_double_precision_after_the_users_functions(undisturbed):
    user = Laboratory()
    for function in user.functions().values():
        function()
    before = {name: getattr(jax.config, name, None) for name in jax.config.values}
    assert_equal(results(user, TRACING), undisturbed[1])
    assert {name: getattr(jax.config, name, None) for name in jax.config.values} == before
    assert_own_functions(user, np.float32)


@pytest.mark.parametrize("first", ["user", "library"])
def test_an_analysis_in_single_precision_leaves_double_precision_alone(undisturbed, first):
    user, names = Laboratory(), ("stability, single",)
    with jax.enable_x64():
        if first == "user":
            assert_own_functions(user, np.float64)
        assert_equal(results(user, names), undisturbed[1])
        assert_own_functions(user, np.float64)


def test_the_users_compiled_functions_stay_compiled(undisturbed):
    user = Laboratory()
    w = jnp.asarray(user.start, jnp.float32)
    user.compiled(w)
    results(user, ("lyapunov_exponents", "stability"))
    with jax.no_tracing(True):  # tracing anew would raise
        user.compiled(w)


def test_strict_modes_do_not_change_a_result(undisturbed):
    user = Laboratory()
    with ExitStack() as strict:
        for mode in STRICT.values():
            strict.enter_context(mode())
        names = ("lyapunov_exponents", "stability", "circulation", "critical_point", "regime", "train", "flow")
        assert_equal(results(user, names), undisturbed[1])


def test_without_compilation_of_the_users_functions(undisturbed):
    user = Laboratory()
    with jax.disable_jit():
        assert_equal(
            results(user, ("lyapunov_exponents", "stability", "curl", "critical_point", "train")), undisturbed[1]
        )


def test_a_run_that_diverges_is_a_result_under_debug_nans():
    with jax.debug_nans(True), jax.debug_infs(True):
        assert analysis.lyapunov_exponents(lambda x, a: x**2, [2.0], time=100, every=5).status == "diverged"
        history = cd.train(problem(), RULE, epochs=200, learning_rate=1e4, engine="jax")
    assert (history.diverged_at >= 0).all()


@pytest.mark.parametrize("mode", STRICT)
def test_the_optax_rule_runs_under_strict_modes(mode):
    optax = pytest.importorskip("optax")
    params = {"w": jnp.ones((2, 3)), "b": jnp.ones(3)}
    with STRICT[mode]():
        for rule in (
            curl_descent(0.1, cd.Signature({"w": 0.5}, seed=None, presynaptic_axis=1)),
            curl_descent(0.1, {"w": np.array([[1.0], [-1.0]]), "b": 1.0}),
        ):
            state = jax.jit(rule.init)(params)
            updates, _ = jax.jit(rule.update)(params, state, params)
            moved = optax.apply_updates(params, updates)
    assert moved["w"].dtype == jnp.float32
    assert sorted(np.unique(moved["w"]).round(6).tolist()) == [pytest.approx(0.9), pytest.approx(1.1)]
