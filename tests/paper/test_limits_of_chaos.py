"""The limits of chaos: what confirms and what refutes, what the runs are, and the equations of the limit."""

import jax
import numpy as np
import pytest
import xarray as xr
from scipy.integrate import solve_ivp
from scipy.special import lambertw

import curldescent as cd
from curldescent.analysis import learning_dynamics, modulo_rotations
from curldescent.foundation.arithmetic import arithmetic
from curldescent.learning.fields.problem_velocity import problem_velocity
from curldescent.paper import Results, figure
from curldescent.paper.machinery import common_noise, limits_of_chaos_experiments
from curldescent.paper.machinery import limits_of_chaos_runs as runs
from curldescent.paper.machinery.motion_dimension import motion_dimension


def world(
    *, limit: float = 0.03, wide: float = 0.03, moves: bool = True, rests: bool = True, growth: float = 1.0,
    learner: float = 0.02, tanh: float = 0.02, white: float = 0.02, cycle: float = 1.0, torus: float = 2.0,
    turn: float = 1.0, fade: bool = True,
) -> Results:  # fmt: skip
    rng = np.random.default_rng(0)

    def noise(*shape: int) -> np.ndarray:
        return 1e-4 * rng.standard_normal(shape)

    def widths(loss: float, of_limit: float) -> xr.Dataset:
        exponent = np.array([[wide], [wide], [limit]]) + noise(3, 6)
        losses = np.full((3, 6), loss)
        losses[-1] = of_limit
        return xr.Dataset(
            {"exponent": (("width", "set"), exponent), "loss": (("width", "set"), losses)},
            coords={"width": [13.0, 200.0, np.inf]}, attrs={"time": 2000.0},
        )  # fmt: skip

    data = {
        "limits-of-chaos-width-no-rest": widths(0.2 if moves else 1e-12, 0.2 if moves else 1e-12),
        "limits-of-chaos-width-rest": widths(0.2, 1e-12 if rests else 0.2),
        "limits-of-chaos-spectra": xr.Dataset(
            {
                "dimension": (("inputs", "set"), np.array([[4.0], [6.0], [8.0]]) ** growth + noise(3, 4)),
                "positive": (("inputs", "set"), np.full((3, 4), 2.0)),
            },
            coords={"inputs": [4, 6, 8]},
        ),
    }
    late = 0.0 if fade else 0.03
    long = np.array([[0.03, 0.03, 0.03, 0.03 if fade else 0.0], [0.03, 0.02, 0.01, late]])
    data["limits-of-chaos-fading"] = xr.Dataset(
        {"exponent": (("width", "set", "window"), long[:, None] + noise(2, 4, 4))},
        coords={"width": [200.0, np.inf]}, attrs={"time": 100.0},
    )  # fmt: skip
    for number in range(3):
        part = {"output": 0.01, "speed": 0.5 * turn, "predicted": 0.5, "loss": 0.2, "zero": 0.2, "exponent": 0.0}
        data[f"limits-of-chaos-turning-{number}"] = xr.Dataset({n: ("set", np.full(8, v)) for n, v in part.items()})
    values = {"linear": 0.02, "white inputs": white, "tanh": tanh, "readout flips": learner, "batches": learner}
    for number in range(2):
        for name, value in values.items():
            part = {"exponent": ("set", value + noise(6)), "loss": ("set", np.full(6, 0.2))}
            if name != "batches":
                part["label"] = ("set", np.array(["chaotic"] * 6))
            data[f"limits-of-chaos-{name.replace(' ', '-')}-{number}"] = xr.Dataset(part, attrs={"time": 2000.0})
        data[f"limits-of-chaos-motion-20-{number}"] = xr.Dataset(
            {
                "kind": ("set", np.array(["periodic", "quasi-periodic", "broadband"] * 8)),
                "dimension": ("set", np.array([cycle, torus, 6.0] * 8)),
                "exponent": ("set", noise(24)),
            }
        )
    return Results("quick", data)


def verdicts(results: Results) -> dict[str, bool | None]:
    return {claim.name: claim.measure(results).holds for claim in figure("limits-of-chaos").claims}


def test_what_is_claimed_is_confirmed_and_the_contrary_refuted() -> None:
    assert set(verdicts(world()).values()) == {True}
    contrary = world(
        limit=0.0005, wide=0.03, moves=False, rests=False, growth=-1.0, learner=0.0, tanh=0.0, white=0.04,
        cycle=2.0, torus=1.0, turn=2.0, fade=False,
    )  # fmt: skip
    assert set(verdicts(contrary).values()) == {False}


def test_exponents_that_are_not_positive_have_no_ratio() -> None:
    assert verdicts(world(wide=-0.01))["tends to"] is None


def test_runs_that_did_not_stay_finite_leave_claims_undecided() -> None:
    whole = world()
    nothing = {
        name: data.map(lambda v: v * np.nan if v.dtype.kind == "f" else v, keep_attrs=True)
        for name, data in whole.data.items()
    }
    found = {claim.name: claim.measure(Results("standard", nothing)) for claim in figure("limits-of-chaos").claims}
    assert all(finding.holds is None for name, finding in found.items() if name not in ("no rest", "rest", "turning"))
    assert "nan" not in found["mini-batches"].said
    # One run that diverged is left out.
    fading = whole["limits-of-chaos-fading"].copy(deep=True)
    fading.exponent[{"set": 0, "width": -1, "window": -1}] = np.nan
    again = Results("standard", {**whole.data, "limits-of-chaos-fading": fading})
    assert verdicts(again)["fades"] is True
    # Dimensions that are all the same have no correlation.
    flat = whole["limits-of-chaos-spectra"].copy(deep=True)
    flat["dimension"] = flat.dimension * 0 + 1.0
    assert verdicts(Results("standard", {**whole.data, "limits-of-chaos-spectra": flat}))["dimension"] is None


def test_it_is_drawn() -> None:
    from matplotlib import pyplot as plt

    picture = figure("limits-of-chaos").draw(world())
    assert len(picture.axes) == 5
    plt.close(picture)


def gram(problem: cd.Problem) -> np.ndarray:
    z = np.concatenate([problem.teacher.hidden, problem.teacher.readout.T], axis=1)
    return z.T @ z


def test_random_neurons_tend_to_the_limit() -> None:
    expected = np.diag([0.5] * 5 + [1.0])
    np.testing.assert_allclose(gram(runs.wide_student(5, 2.0, np.inf, 0)), expected, atol=1e-14)
    far = [np.abs(gram(runs.wide_student(5, 2.0, n, 0)) - expected).max() for n in (100, 1_000_000)]
    assert far[1] < 0.005 < far[0]
    x = runs.white(5)
    np.testing.assert_allclose(x.T @ x / len(x), 0.5 * np.eye(5), atol=1e-15)


def test_flips_take_over_in_the_limit() -> None:
    """Y = tr(A D1)/‖W1‖² only falls where the target is zero and inputs are white: its rate, and that of anything."""
    problem = runs.wide_student(6, 2.0, np.inf, 1)
    d1 = np.array([-1.0, -1, -1, -1, 1, 1])
    field = modulo_rotations(problem, cd.Plasticity(hidden=d1), preserve_norms=True)
    upper = np.triu_indices(7)
    rng = np.random.default_rng(3)
    for _ in range(20):
        z = rng.standard_normal((7, 7))
        z[:, :6] *= np.sqrt(3) / np.linalg.norm(z[:, :6])
        z[:, 6] /= np.linalg.norm(z[:, 6])
        moving = np.zeros((7, 7))
        moving[upper] = field.velocity((z.T @ z)[upper])
        q = z[:, 6] @ z[:, :6]
        y = (z[:, :6] ** 2).sum(axis=0) @ d1 / 3
        rate = np.diag(moving)[:6] @ d1 / 3
        # τ = ½; the target is zero but for 1e-16.
        np.testing.assert_allclose(rate, (q**2 @ (y * d1 - 1)) / 3, atol=1e-12)
        assert rate <= 0


def test_one_excursion_ends_where_its_formula_says() -> None:
    """Along one flipped direction, many inputs: u = z − κ exp(z − κ) and rest at z exp(−z) = κ exp(−κ)."""
    kappa = 0.5

    def velocity(_: float, state: np.ndarray) -> list[float]:
        m, z = state
        return [0.5 * m * (1 - z + m**2), m**2]

    run = solve_ivp(velocity, (0, 400), [1e-5, kappa], rtol=1e-10, atol=1e-14)
    u, z = run.y[0] ** 2, run.y[1]
    np.testing.assert_allclose(u, z - kappa * np.exp(z - kappa), atol=1e-8)
    end = -lambertw(-kappa * np.exp(-kappa), -1).real
    np.testing.assert_allclose(z[-1], end, atol=1e-4)
    # The same two lines from the library's own field, with so many inputs that norms cost nothing.
    size = 200
    w1, w2 = np.zeros((2, 2)), np.array([[1.0, 0.0]])
    w1[0, 0], w1[1, 0] = 0.3, np.sqrt(0.8 - 0.09)
    padded = np.zeros((size, size))
    padded[:2, :2], padded[2:, 2:] = w1, np.sqrt(0.5) * np.eye(size - 2)
    weights = cd.Weights(hidden=padded, readout=np.pad(w2, ((0, 0), (0, size - 2))))
    problem = cd.Problem(inputs=runs.white(size), targets=np.zeros((size, 1)), student=weights, activation="linear")
    moving = cd.field(problem, cd.Plasticity(hidden=1.0), preserve_norms=True).velocity()
    v1, v2 = moving[: size * size].reshape(size, size), moving[size * size :]
    m_rate = v2 @ padded[:, 0] + weights.readout[0] @ v1[:, 0]
    z_rate = 2 * padded[:, 0] @ v1[:, 0]
    np.testing.assert_allclose([m_rate, z_rate], velocity(0, np.array([0.3, 0.8])), rtol=2e-2)


def block(batch: int, *, nudge: float = 0.0, updates: int = 150) -> tuple[np.ndarray, np.ndarray, float]:
    """A few updates from a point that is no solution: the state, the unit tangent vector and its growth."""
    problem = runs.students(9, 0.5, 0, 1)
    field, _ = problem_velocity(problem, cd.Plasticity(hidden=0.5), preserve_norms=True)
    rng = np.random.default_rng(5)
    state, tangent = field.theta + 0.3 * rng.standard_normal(field.n_params), rng.standard_normal(field.n_params)
    tangent /= np.linalg.norm(tangent)
    velocity, facts = common_noise.on_samples(problem, field)
    with arithmetic():
        carried = (state + nudge * tangent, tangent, jax.random.key(2))
        (state, tangent, _), growth, _ = common_noise.advanced(velocity, facts, carried, 0.02, batch, updates)
    return np.asarray(state), np.asarray(tangent), float(growth)


def test_copies_with_the_same_batches_separate_as_their_tangent_vector_says() -> None:
    state, tangent, growth = block(10)
    apart = (block(10, nudge=1e-7)[0] - state) / 1e-7
    np.testing.assert_allclose(apart, np.exp(growth) * tangent, atol=1e-5)
    assert abs(growth) > 0.1


def test_all_samples_as_the_batch_are_the_full_batch_run() -> None:
    problem, rule = runs.students(9, 0.5, 0, 1), cd.Plasticity(hidden=0.5)
    dynamics = learning_dynamics(problem, rule, learning_rate=0.02, preserve_norms=True, reduce=False)
    rng = np.random.default_rng(5)
    state = dynamics.start + 0.3 * rng.standard_normal(len(dynamics.start))
    with arithmetic():
        for _ in range(20):
            state = dynamics.step(state, dynamics.args)
    state = np.asarray(state)
    np.testing.assert_allclose(block(250, updates=20)[0], state, atol=1e-12)
    assert np.abs(block(10, updates=20)[0] - state).max() > 1e-3


def test_a_start_at_a_stable_solution_stays_there_on_batches() -> None:
    data = common_noise.batched(12, 0.2, 0.5, 1, 40.0, 10, 0.05)
    assert data.loss.item() < 1e-15
    assert abs(data.exponent.item()) < 0.02


@pytest.mark.parametrize("layer", ["hidden", "readout"])
def test_learners_take_the_flips_where_they_are_told(layer: str) -> None:
    data = runs.learners(12, 0.2, 0.5, 1, 60.0, "tanh", layer, "samples")
    assert data.label.values.tolist()[0] in ("converged", "slow", "undecided", "chaotic")
    assert data.loss.item() < 1e-15


def test_white_inputs_replace_samples() -> None:
    data = runs.learners(12, 0.2, 0.5, 1, 60.0, "linear", "hidden", "white")
    assert data.loss.item() < 1e-15


CYCLE = 0.1 * np.arange(2000.0)


def observed(*phases: np.ndarray, sizes: tuple[float, ...] = (1.0, 1.0, 1.0)) -> np.ndarray:
    parts = [s * f for p, s in zip(phases, sizes, strict=False) for f in (np.cos(p), np.sin(p), 0.3 * np.cos(2 * p))]
    return np.stack(parts, axis=1)


@pytest.mark.parametrize("rate", [1.0, 1.7, 3.1])
def test_a_cycle_has_one_dimension_and_a_torus_two(rate: float) -> None:
    assert motion_dimension(observed(rate * CYCLE)) == pytest.approx(1, abs=0.15)
    for ratio, size in ((2**0.5, 1.0), (1.618, 0.3), (0.618, 0.15)):
        assert 1.6 < motion_dimension(observed(rate * CYCLE, rate * ratio * CYCLE, sizes=(1, size))) < 2.8


def test_noise_fills_more_and_rest_none() -> None:
    rng = np.random.default_rng(0)
    assert motion_dimension(rng.standard_normal((2000, 6))) > 4
    assert np.isnan(motion_dimension(np.ones((2000, 3))))
    with pytest.raises(cd.InputError, match="points must be at least"):
        motion_dimension(np.ones((100, 3)))


def test_a_motion_is_judged_twice() -> None:
    data = runs.witnesses(12, 0.2, 0.5, 1, 1600.0)
    assert data.kind.values.tolist() == ["constant"]
    assert np.isnan(data.dimension.item())


def test_weights_that_turn_at_output_zero_stay_there() -> None:
    """A relative equilibrium made by hand: W2 W1 = 0 and (A + D1) r = 0, r = W* Σ̂. Its Gram matrix is at rest."""
    rng = np.random.default_rng(4)
    m, d1 = 5, np.array([-1.0, -1, -1, -1, 1])
    target = rng.standard_normal(m) * [1, 1, 1, 1, 0.5]
    r = target / 2
    b = -d1 * r
    gram_of_inputs = np.outer(b, b) / (b @ r)
    away = np.linalg.svd(r[None])[2][1:]
    gram_of_inputs += away.T @ np.diag(rng.uniform(0.5, 2, m - 1)) @ away
    root = np.linalg.cholesky(gram_of_inputs).T
    hidden, readout = np.concatenate([root, np.zeros((1, m))]), np.eye(m + 1)[m:]
    x = runs.white(m)
    weights = cd.Weights(hidden=hidden, readout=readout)
    problem = cd.Problem(inputs=x, targets=(x @ target)[:, None], student=weights, activation="linear")
    rule = cd.Plasticity(hidden=d1)
    assert np.abs(modulo_rotations(problem, rule, preserve_norms=True).velocity()).max() < 1e-14
    speed = np.linalg.norm(cd.field(problem, rule, preserve_norms=True).velocity())
    np.testing.assert_allclose(speed, np.sqrt(r @ r - d1 @ r**2))
    # In the plane of the readout and W1 r they turn at ω² = −r D1 rᵀ: a whole turn brings the weights back.
    omega = np.sqrt(-(d1 @ r**2))
    flow = cd.analysis.learning_dynamics(
        problem, rule, learning_rate=2 * np.pi / omega / 2000, continuous=True, preserve_norms=True, reduce=False
    )
    state = flow.start
    with arithmetic():
        for step in range(1, 2001):
            state = flow.step(state, flow.args)
            if step == 1000:
                half = np.asarray(state)
    np.testing.assert_allclose(np.asarray(state), flow.start, atol=1e-6)
    assert np.abs(half - flow.start).max() > 0.5


def test_late_speeds_are_measured() -> None:
    data = runs.turning(12, 0.2, 0.5, 1, 100.0)
    # Beside a stable solution: nothing moves, and the map is the teacher's.
    assert data.speed.item() < 1e-8
    assert data.output.item() == pytest.approx(1)
    assert data.predicted.item() > 0.1


def test_long_runs_are_cut_into_windows() -> None:
    data = runs.fading(3, 0.2, 0.5, (5,), 1, 40.0, 2)
    assert data.sizes == {"width": 2, "set": 1, "window": 2}
    # Beside stable solutions, whose directions along their manifold are neutral.
    assert np.abs(data.exponent).max() < 0.1


def test_settings_lie_where_the_claims_say() -> None:
    (c, alpha), (below, share) = limits_of_chaos_experiments.NO_REST, limits_of_chaos_experiments.REST
    assert c * alpha > 1 > below * share
