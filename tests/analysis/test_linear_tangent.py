"""The kernels that follow linear students and a tangent vector, against the JAX step that defines what they do."""

import numpy as np
import pytest
from scipy.linalg.blas import dnrm2 as nrm2

import curldescent as cd
from curldescent.analysis import TangentDynamics, learning_dynamics, regime
from curldescent.analysis._dynamics.learning_dynamics import LearningDynamics
from curldescent.analysis._dynamics.linear_tangent import LinearTangent, is_linear_student, tangent_of
from curldescent.analysis._dynamics.watching import Observer, watch
from curldescent.foundation.errors import InputError


def dynamics(
    n_inputs: int = 7, n_hidden: int = 12, *, samples: int = 30, rule: cd.Plasticity | None = None, **options: object
) -> LearningDynamics:
    problem = cd.student_teacher(
        n_inputs=n_inputs, n_hidden=n_hidden, n_train=samples, activation="linear", student_scale=2, seed=3
    )
    rule = cd.Plasticity(hidden=0.4, readout=0.25) if rule is None else rule
    return learning_dynamics(problem, rule, learning_rate=0.02, **options)


def reference(d: LearningDynamics, every: int = 10) -> TangentDynamics:
    observer = Observer(d.velocity)
    return TangentDynamics(d.step, d.start, args=d.args, dt=d.dt, every=every, seed=1, observe=observer)


RULES = [
    cd.Plasticity(),
    cd.Plasticity(hidden=0.4, readout=0.25),
    cd.Plasticity(hidden=1.0),
    cd.Plasticity(hidden=np.linspace(-1, 1, 7), readout=np.linspace(-0.5, 2, 12)),
    # Signs per neuron of the hidden layer.
    cd.Plasticity(hidden=np.where(np.arange(12) < 5, -1.0, 1.0)[:, None] * np.ones(7)),
]


@pytest.mark.parametrize("preserve_norms", [False, True])
@pytest.mark.parametrize("continuous", [False, True])
@pytest.mark.parametrize("rule", RULES, ids=range(len(RULES)))
def test_state_growth_and_record_are_those_of_the_jax_step(
    rule: cd.Plasticity, *, continuous: bool, preserve_norms: bool
) -> None:
    d = dynamics(rule=rule, continuous=continuous, preserve_norms=preserve_norms, reduce=False)
    slow, fast = reference(d), LinearTangent(d, reference(d))
    for _ in range(2):
        (growth, seen), (growth_here, seen_here) = slow.advance(60), fast.advance(60)
        # 120 steps of a few dozen roundings each, in a motion that does not amplify them a hundredfold.
        np.testing.assert_allclose(growth_here, growth, rtol=0, atol=1e-12)
        np.testing.assert_allclose(seen_here, seen, rtol=1e-11, atol=1e-13)
    assert fast.state.shape == slow.state.shape
    np.testing.assert_allclose(fast.state, slow.state, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(fast.reference.frame, slow.frame, rtol=1e-10, atol=1e-12)
    assert fast.reference.steps == slow.steps == 120


@pytest.mark.parametrize("continuous", [False, True])
@pytest.mark.parametrize(("n_inputs", "n_hidden", "samples"), [(2, 1, 3), (8, 8, 5), (9, 17, 40), (17, 3, 4)])
def test_sizes_that_fill_vectors_and_that_do_not(
    n_inputs: int, n_hidden: int, samples: int, *, continuous: bool
) -> None:
    rule = cd.Plasticity(hidden=0.5)
    d = dynamics(n_inputs, n_hidden, samples=samples, rule=rule, preserve_norms=True, continuous=continuous)
    slow, fast = reference(d), LinearTangent(d, reference(d))
    (growth, seen), (growth_here, seen_here) = slow.advance(50), fast.advance(50)
    np.testing.assert_allclose(growth_here, growth, rtol=0, atol=1e-12)
    np.testing.assert_allclose(seen_here, seen, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("every", [1, 3, 200])
@pytest.mark.parametrize("rule", [RULES[1], RULES[4]], ids=["shared", "by neuron"])
def test_looks_fall_where_velocities_are_pending(rule: cd.Plasticity, every: int) -> None:
    d = dynamics(rule=rule, continuous=True, preserve_norms=True, reduce=False)
    slow, fast = reference(d, every=every), LinearTangent(d, reference(d, every=every))
    steps = max(9, 2 * every)
    (growth, seen), (growth_here, seen_here) = slow.advance(steps), fast.advance(steps)
    # As above; 400 steps for the longest.
    np.testing.assert_allclose(growth_here, growth, rtol=0, atol=1e-11)
    np.testing.assert_allclose(seen_here, seen, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("continuous", [False, True])
def test_the_leading_exponent_is_that_of_the_jax_step(*, continuous: bool) -> None:
    d = dynamics(continuous=continuous, preserve_norms=True)
    options = {"time": 20.0, "transient": 3.0, "every": 5, "blocks": 4, "seed": 2}
    found = cd.analysis.lyapunov(d, **options)
    slow = cd.analysis.lyapunov_exponents(d.step, d.start, args=d.args, dt=d.dt, **options)
    # About 1200 steps of a motion that converges.
    for name in ("values", "low", "high", "blocks", "bounds", "times"):
        np.testing.assert_allclose(getattr(found, name), getattr(slow, name), rtol=0, atol=1e-11)
    np.testing.assert_allclose(found.state, slow.state, rtol=1e-10, atol=1e-12)
    assert found.status == slow.status == "ok"
    assert found.final_loss == pytest.approx(d.field.loss(slow.state), rel=1e-8)


def test_bounds_of_what_shrinks_beyond_doubles_are_those_of_the_reference() -> None:
    d = dynamics(1, 1, samples=3, rule=cd.Plasticity(), preserve_norms=True)
    found = cd.analysis.lyapunov(d, time=120.0, every=3000, blocks=2)
    slow = cd.analysis.lyapunov_exponents(d.step, d.start, args=d.args, dt=d.dt, time=120.0, every=3000, blocks=2)
    assert np.isneginf(found.values).all()
    np.testing.assert_array_equal(found.bounds, slow.bounds)
    np.testing.assert_array_equal(found.high, slow.high)


def test_growth_is_that_of_a_difference_of_two_runs() -> None:
    d = dynamics(preserve_norms=True, reduce=False)
    run = LinearTangent(d, reference(d, every=100))
    direction, size = run.reference.frame[:, 0].copy(), 1e-6
    ends = []
    for sign in (-1, 1):
        state = d.start + sign * size * direction
        for _ in range(100):
            state = d.step(state, d.args)
        ends.append(state)
    grown = np.linalg.norm(ends[1] - ends[0]) / (2 * size)
    # Central differences at 1e-6 are right to about 1e-10 of rounding and 1e-11 of curvature.
    np.testing.assert_allclose(np.exp(run.advance(100)[0]).item(), grown, rtol=1e-7)


def test_a_vector_that_shrinks_beyond_what_doubles_hold_is_left_to_the_reference() -> None:
    # Between two looks after 3000 steps every direction of one weight product has contracted to nothing.
    d = dynamics(1, 1, samples=3, rule=cd.Plasticity(), preserve_norms=True)
    slow, fast = reference(d, every=3000), LinearTangent(d, reference(d, every=3000))
    growth, growth_here = slow.advance(6000)[0], fast.advance(6000)[0]
    assert (growth < np.log(1e-9)).any()
    np.testing.assert_array_equal(np.isneginf(growth), np.isneginf(growth_here))


def test_a_run_that_diverges_is_said_to() -> None:
    d = dynamics(rule=cd.Plasticity(hidden=1.0, readout=1.0), reduce=False)
    slow, fast = reference(d), LinearTangent(d, reference(d))
    growth, growth_here = slow.advance(4000)[0], fast.advance(4000)[0]
    assert not slow.finite
    assert not fast.finite
    np.testing.assert_array_equal(np.isnan(growth), np.isnan(growth_here))


@pytest.mark.parametrize("continuous", [False, True])
def test_the_loss_holds_what_no_linear_map_can_fit(*, continuous: bool) -> None:
    drawn = cd.student_teacher(n_inputs=3, n_hidden=6, n_train=20, activation="linear")
    targets = np.random.default_rng(0).standard_normal((20, 1))
    problem = cd.Problem(student=drawn.student, inputs=drawn.inputs, targets=targets)
    d = learning_dynamics(problem, cd.Plasticity(readout=0.5), learning_rate=0.05, continuous=continuous)
    seen = LinearTangent(d, reference(d)).advance(500)[1]
    best = np.linalg.lstsq(drawn.inputs, targets, rcond=None)[0]
    floor = 0.5 * np.mean((drawn.inputs @ best - targets) ** 2)
    assert floor > 0.1
    np.testing.assert_allclose(seen[:, 0], reference(d).advance(500)[1][:, 0], rtol=1e-11)
    assert (seen[:, 0] >= floor * (1 - 1e-12)).all()


@pytest.mark.parametrize("continuous", [False, True])
@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("factor", [0.0, 1e-200, 1e-120, 1e120])
def test_norms_are_kept_at_any_scale(factor: float, layer: int, *, continuous: bool) -> None:
    drawn = cd.student_teacher(n_inputs=3, n_hidden=6, n_train=20, activation="linear", seed=3)
    layers = [np.array(each) for each in drawn.student.layers]
    layers[layer] *= factor
    d = learning_dynamics(
        drawn.with_student(cd.Weights(layers)),
        cd.Plasticity(hidden=0.4, readout=0.25),
        learning_rate=0.02,
        preserve_norms=True,
        continuous=continuous,
        reduce=False,
    )
    # BLAS's nrm2, which scales, over the vector: another way to a norm whose squares leave the number range.
    norm = float(np.abs(layers[layer]).max()) and nrm2(layers[layer].ravel())
    assert d.args.norms[layer] == pytest.approx(norm, rel=1e-14, abs=0)
    slow, fast = reference(d), LinearTangent(d, reference(d))
    (growth, seen), (growth_here, seen_here) = slow.advance(60), fast.advance(60)
    # Rates of order one; a vector some 1e120 times its layer loses digits to the projection.
    np.testing.assert_allclose(growth_here, growth, rtol=1e-11, atol=1e-10)
    np.testing.assert_allclose(seen_here, seen, rtol=1e-10, atol=1e-300)
    # Runge–Kutta steps of so fast a flow diverge, and are said to.
    assert fast.finite == slow.finite == (factor <= 1 or not continuous)
    if fast.finite:
        assert nrm2(d.weights(fast.state)[layer].ravel()) == pytest.approx(norm, rel=1e-12, abs=0)


def test_others_are_followed_by_the_jax_step() -> None:
    tanh = cd.student_teacher(n_inputs=3, n_hidden=5, n_train=10, activation="tanh")
    two = cd.student_teacher(n_inputs=3, n_hidden=5, n_train=10, n_outputs=2, activation="linear")
    one = cd.student_teacher(n_inputs=3, n_hidden=5, n_train=10, activation="linear")
    aligned = cd.Plasticity(feedback="random")
    checkered = cd.Plasticity(hidden=np.random.default_rng(0).standard_normal((5, 3)))
    for problem, rule in [(tanh, cd.Plasticity()), (two, cd.Plasticity()), (one, aligned), (one, checkered)]:
        d = learning_dynamics(problem, rule)
        assert not is_linear_student(d)
        assert isinstance(tangent_of(d), TangentDynamics)
        with pytest.raises(InputError, match="for linear students"):
            LinearTangent(d, reference(d))
    assert isinstance(tangent_of(learning_dynamics(one, cd.Plasticity())), LinearTangent)


def test_a_regime_in_continuous_time_is_that_of_the_flow() -> None:
    problem = cd.student_teacher(n_inputs=3, n_hidden=6, n_train=12, activation="linear")
    rule = cd.Plasticity(hidden=0.5)
    # Another way to the same records.
    flow, finer = (watch(problem, rule, time=40.0, learning_rate=dt, continuous=True).signals for dt in (0.1, 0.1 / 4))
    steps = watch(problem, rule, time=40.0).signals
    assert np.abs(steps - flow).max() > 1e-6
    whole = regime(problem, rule, time=40.0, refine=4.0, continuous=True)
    checked = regime(problem, rule, time=40.0, refine=4.0, refine_in="flow")
    for found, one, other in ((whole, flow, finer), (checked, steps, finer)):
        np.testing.assert_array_equal(found.record.signals, one)
        np.testing.assert_array_equal(found.refined.record.signals, other)
    assert [each.record.continuous for each in (whole, checked, whole.refined, checked.refined)] == [1, 0, 1, 1]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"refine_in": "steps"}, "refine_in must be one of 'same', 'flow', got 'steps'"),
        ({"refine_in": None}, "refine_in must be one of"),
        ({"refine_in": "flow", "refine": None}, "refine_in='flow' needs a refine"),
    ],
)
def test_a_finer_run_is_asked_for_in_words_that_have_an_effect(options: dict[str, object], match: str) -> None:
    problem = cd.student_teacher(n_inputs=3, n_hidden=6, n_train=12, activation="linear")
    with pytest.raises(InputError, match=match):
        regime(problem, cd.Plasticity(), time=4.0, **options)


def test_dynamics_that_are_a_flow_stay_one_when_refined() -> None:
    problem = cd.student_teacher(n_inputs=3, n_hidden=6, n_train=12, activation="linear")
    flow = learning_dynamics(problem, cd.Plasticity(), continuous=True, learning_rate=0.1)
    found = regime(flow, time=20.0, refine=2.0)
    assert found.record.continuous
    assert found.refined is not None
    assert found.refined.record.continuous
    with pytest.raises(InputError, match="continuous"):
        regime(flow.at(0.1, continuous=False), time=20.0, refine=None, continuous=True)
