"""Students that have given up, against the derivatives of the step and of the flow where they are."""

import jax
import numpy as np
import pytest
from scipy import optimize

import curldescent as cd
from curldescent.analysis import learning_dynamics, modulo_rotations
from curldescent.foundation.arithmetic import arithmetic
from curldescent.foundation.errors import InputError
from curldescent.theory import turning


def student(seed: int, scale: float = 1.0) -> tuple[cd.Problem, dict[str, object]]:
    problem = cd.student_teacher(
        n_inputs=5, n_hidden=9, n_train=40, activation="linear", seed=seed, teacher_scale=1.5, student_scale=scale
    )
    teacher = problem.teacher.readout[0] @ problem.teacher.hidden[0]
    covariance = problem.inputs.T @ problem.inputs / len(problem.inputs)
    norms = {
        "hidden_norm": float(np.linalg.norm(problem.student.hidden)),
        "readout_norm": float(np.linalg.norm(problem.student.readout)),
    }
    return problem, {"residual": (teacher @ covariance).ravel(), **norms}


# Students that turn fast enough to rest after 300 000 steps.
@pytest.mark.parametrize("seed", [0, 2, 3])
def test_a_step_takes_from_the_map_what_its_derivative_takes(seed: int) -> None:
    problem, settings = student(seed)
    field = modulo_rotations(problem, cd.Plasticity(hidden=1.0), preserve_norms=True)
    found = []
    for step in (0.08, 0.04):
        d = learning_dynamics(field, learning_rate=step)
        with arithmetic():
            go = jax.jit(lambda x, d=d: jax.lax.fori_loop(0, 300_000, lambda i, y: d.step(y, d.args), x))
            rest = go(d.start)
            derivative = np.asarray(jax.jacfwd(lambda x, d=d: d.step(x, d.args))(rest))
        # It rests: the map's oscillation has died out.
        np.testing.assert_allclose(np.asarray(d.step(rest, d.args)), rest, rtol=0, atol=1e-11)
        rates = np.log(np.linalg.eigvals(derivative).astype(complex) + 1e-300) / step
        told = turning(**settings, learning_rate=step)
        # Other oscillations die out at rates of their own: the one that is meant has the frequency that is told.
        mode = rates[np.argmin(np.abs(rates.imag - told.oscillation) + np.abs(rates.real))]
        found.append((-mode.real / told.decay, mode.imag / told.oscillation))
    (decay, frequency), (finer_decay, finer_frequency) = found
    # What is told is the first order in the step, which extrapolation leaves alone.
    assert 2 * finer_decay - decay == pytest.approx(1, abs=0.02)
    assert 2 * finer_frequency - frequency == pytest.approx(1, abs=0.005)


def test_the_plane_of_the_output_is_a_centre_of_the_flow() -> None:
    _, settings = student(3)
    told = turning(**settings)
    assert told.decay == 0
    assert told.rotation == pytest.approx(np.linalg.norm(settings["residual"]))
    omega, s, n = told.rotation, settings["readout_norm"] ** 2, settings["hidden_norm"] ** 2

    def velocity(x: float, y: float) -> np.ndarray:
        """From the vectors themselves: v and u with v·v = s, u·u = y, v·u = x, and the rest of W1."""
        v = np.array([np.sqrt(s), 0.0])
        u = np.array([x / np.sqrt(s), np.sqrt(y - x**2 / s)])
        dv, du = -omega * u, omega * v
        dv = dv - (dv @ v) / s * v
        du = du - (du @ u) / n * u
        return np.array([dv @ u + v @ du, 2 * du @ u])

    h = 1e-6
    slopes = [(velocity(h * a, s + h * b) - velocity(-h * a, s - h * b)) / (2 * h) for a, b in ((1, 0), (0, 1))]
    rates = np.linalg.eigvals(np.array(slopes).T)
    np.testing.assert_allclose(sorted(rates.imag), [-told.oscillation, told.oscillation], rtol=1e-6)
    np.testing.assert_allclose(rates.real, 0, atol=1e-8)
    # And as the module's two equations have it.
    x, y = 0.3 * s, 0.8 * s
    np.testing.assert_allclose(
        velocity(x, y), [omega * (s - y) + omega * x**2 * (1 / s - 1 / n), 2 * omega * x * (1 - y / n)], rtol=1e-12
    )


def of_a_step(variances: np.ndarray, step: float, seed: int) -> tuple[float, float, float]:
    """The rate at which the map's oscillation dies out, that of `turning`, and what it adds for Σ̂ and W1.

    The rate is that of the step of q = W2 W1 and A = W1ᵀW1 themselves, about a rest that is made for a random W1.
    """
    rng = np.random.default_rng(seed)
    size, n, s = len(variances), 12.0, 1.3
    turned = np.linalg.qr(rng.standard_normal((size, size)))[0]
    covariance = turned * variances @ turned.T
    r = rng.standard_normal(size)
    r *= 0.4 / np.linalg.norm(r)
    omega, along = np.linalg.norm(r), r / np.linalg.norm(r)
    e = step * omega

    def moved(y: float) -> float:
        x = -e * s / 2
        return (x * (1 - e**2) + e * (s - y)) * np.sqrt(s / (s - 2 * e * x + e**2 * y)) - x

    y = float(optimize.brentq(moved, 0.5 * s, 2 * s, xtol=1e-15))
    across = np.eye(size) - np.outer(along, along)
    rest = across @ rng.standard_normal((size, size + 3))
    rest = rest @ rest.T
    # Beyond s in every other direction, so that they settle.
    gram = y * np.outer(along, along) + s * across + rest * (n - y - (size - 1) * s) / np.trace(rest)
    start = r + step * s / 2 * r @ covariance
    upper = np.triu_indices(size)

    def stepped(state: np.ndarray) -> np.ndarray:
        q, a = state[:size], np.zeros((size, size), state.dtype)
        a[upper] = state[size:]
        a = a + a.T - np.diag(np.diag(a))
        error = start + q @ covariance
        square = s - 2 * step * error @ q + step**2 * error @ a @ error
        q2 = q + step * (s * error - error @ a) - step**2 * (error @ q) * error
        a2 = a + step * (np.outer(q, error) + np.outer(error, q)) + step**2 * s * np.outer(error, error)
        return np.concatenate([q2 * np.sqrt(s / square * n / np.trace(a2)), (a2 * n / np.trace(a2))[upper]])

    at = np.concatenate([-step * s / 2 * r, gram[upper]])
    np.testing.assert_allclose(stepped(at), at, rtol=0, atol=1e-12)
    derivative = np.stack([stepped(at + 1e-30j * d).imag / 1e-30 for d in np.eye(len(at))], axis=1)
    rates = np.log(np.linalg.eigvals(derivative).astype(complex) + 1e-300) / step
    told = turning(r, hidden_norm=np.sqrt(n), readout_norm=np.sqrt(s), learning_rate=step)
    mode = rates[np.argmin(np.abs(rates.imag - told.oscillation) + np.abs(rates.real))]
    whole = turning(
        r,
        hidden_norm=np.sqrt(n),
        readout_norm=np.sqrt(s),
        learning_rate=step,
        covariance=covariance,
        gram=gram * n / np.trace(gram),
    )
    assert whole.oscillation == told.oscillation
    return -mode.real, told.decay, whole.decay - told.decay


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_white_inputs_need_nothing_else(seed: int) -> None:
    measured, told, more = of_a_step(np.full(6, 0.5), 0.0025, seed)
    assert more == pytest.approx(0, abs=1e-15)
    assert measured == pytest.approx(told, rel=0.006)


@pytest.mark.parametrize("seed", [0, 1, 4])
def test_unequal_inputs_take_more(seed: int) -> None:
    measured, told, more = of_a_step(np.geomspace(0.05, 5, 6), 0.0025, seed)
    assert more > 0.2 * told
    assert measured == pytest.approx(told + more, rel=0.006)


def test_very_small_and_large_numbers() -> None:
    assert turning([3e-200, 4e-200], hidden_norm=5.0).rotation == pytest.approx(5e-200)
    assert turning([3e200, 4e200], hidden_norm=5.0).rotation == pytest.approx(5e200)
    for size in (1e-200, 1e200):
        told = turning([1.0], hidden_norm=2 * size, readout_norm=size, learning_rate=0.1)
        assert told == turning([1.0], hidden_norm=2.0, learning_rate=0.1)


def test_equal_norms_leave_no_room_to_oscillate() -> None:
    told = turning([1.0], hidden_norm=2.0, readout_norm=2.0, learning_rate=0.1)
    assert told.oscillation == 0
    assert told.decay == pytest.approx(0.1)
    assert "lasts" in str(turning([1.0], hidden_norm=2.0))


def test_ends_of_the_second_term() -> None:
    options = {"residual": [0.3, 0.4], "hidden_norm": 2.0, "learning_rate": 0.1}
    turned = np.array([[2.0, 0.4], [0.4, 0.5]])
    # One input, or a covariance that does not turn the residual: nothing to add.
    one = turning([0.5], hidden_norm=2.0, learning_rate=0.1, covariance=[[3.0]], gram=[[4.0]])
    assert one.decay == pytest.approx(turning([0.5], hidden_norm=2.0, learning_rate=0.1).decay)
    white = turning(**options, covariance=3 * np.eye(2), gram=2 * np.eye(2))
    assert white.decay == pytest.approx(turning(**options).decay, rel=1e-12)
    # Continuous time.
    assert turning(**{**options, "learning_rate": 0.0}, covariance=turned, gram=2 * np.eye(2)).decay == 0
    # The rest of the map moves as slowly as one likes: the limit of directions that hardly settle is that of none.
    along, across = np.array([0.6, 0.8]), np.array([-0.8, 0.6])
    rates = [
        turning(
            **{**options, "hidden_norm": np.sqrt(4 + slack)},
            covariance=turned,
            gram=3 * np.outer(along, along) + (1 + slack) * np.outer(across, across),
        ).decay
        - turning(**{**options, "hidden_norm": np.sqrt(4 + slack)}).decay
        for slack in (1e-2, 1e-4, 0.0)
    ]
    assert rates[0] > rates[1] > rates[2] >= 0
    assert rates[2] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"covariance": np.eye(1)}, "covariance and gram belong together"),
        ({"covariance": np.eye(2), "gram": [[4.0]]}, r"covariance must have shape \(1, 1\)"),
        ({"covariance": [[1.0]], "gram": [[3.0]]}, "gram must be W1ᵀW1 of a W1 of hidden_norm = 2"),
        ({"covariance": "x", "gram": [[4.0]]}, "covariance must"),
        (
            {"residual": [1.0, 0.0], "covariance": [[1.0, 0.5], [0.0, 1.0]], "gram": 2 * np.eye(2)},
            "covariance must be symmetric",
        ),
        (
            {"residual": [1.0, 0.0], "covariance": np.eye(2), "gram": np.diag([3.5, 0.5])},
            "gram must be at least readout_norm² = 1 in every direction across the residual",
        ),
        ({"residual": [0.0, 0.0]}, "residual must not be zero"),
        ({"residual": [np.nan]}, "residual"),
        ({"residual": []}, "residual"),
        ({"hidden_norm": 0.5}, "readout_norm must be at most hidden_norm = 0.5"),
        ({"residual": [3e200], "learning_rate": 0.1}, "residual must be of a size"),
        ({"residual": [1.7e308, 1.7e308]}, "residual must be of a size"),
        ({"hidden_norm": 0.0}, "hidden_norm"),
        ({"learning_rate": -0.1}, "learning_rate"),
    ],
)
def test_what_cannot_turn_is_refused(options: dict[str, object], match: str) -> None:
    with pytest.raises(InputError, match=match):
        turning(**{"residual": [1.0], "hidden_norm": 2.0, **options})
