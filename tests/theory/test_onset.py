"""The onset of the gain, against integrals by another rule."""

import numpy as np
import pytest

import curldescent as cd
from curldescent.theory import nonlinear_error, onset, speedup_onset
from curldescent.theory.onset import nonlinear_part


def by_hand(scale, tau=0.5):
    """½ρ(⟨φ²⟩ − ⟨ξφ⟩²) of tanh, by the trapezoidal rule."""
    x = np.linspace(-12, 12, 40001)
    density = np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi) * (x[1] - x[0])
    phi = np.tanh(np.sqrt(tau * scale**2 / 3) * x)
    return 0.5 * scale**2 / 3 * ((phi**2 * density).sum() - (x * phi * density).sum() ** 2)


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_the_nonlinear_error_is_the_variance_that_no_linear_map_makes(scale):
    assert nonlinear_error(scale, input_variance=0.7) == pytest.approx(by_hand(scale, 0.7), rel=1e-6)


@pytest.mark.parametrize("threshold", [3e-4, 1e-2])
def test_at_the_onset_both_errors_come_to_the_threshold(threshold):
    scale = speedup_onset(threshold, teacher_scale=0.8)
    assert by_hand(scale) + by_hand(0.8) == pytest.approx(threshold, rel=1e-6)


@pytest.mark.parametrize(
    ("threshold", "settings"), [(1e-3, {"activation": "gelu"}), (1e-3, {"teacher_scale": 4.0}), (1e-4, {})]
)
def test_a_teacher_above_the_threshold_is_said(threshold, settings):
    teacher = {**settings, "scale": settings.get("teacher_scale", 1.0)}
    teacher.pop("teacher_scale", None)
    alone = nonlinear_error(**teacher)
    assert alone > threshold
    with pytest.warns(cd.EstimateWarning, match=f"error alone, {alone:.3g}, is above the threshold of") as caught:
        assert speedup_onset(threshold, **settings) == 0.0
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.filterwarnings("error")
def test_a_teacher_below_the_threshold_is_not():
    assert speedup_onset(nonlinear_error(1.0, activation="gelu") * 1.01, activation="gelu") > 0


def test_the_ends():
    assert speedup_onset(1e-3, activation="linear") == np.inf
    with pytest.raises(cd.InputError, match="must become linear at small drives, got relu"):
        speedup_onset(1e-3, activation="relu")


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
def test_the_nonlinear_part_of_weights_is_what_a_fit_leaves(activation):
    """Least squares of the network's answers on constant and inputs, over a million of these."""
    rng = np.random.default_rng(4)
    w1, w2 = rng.standard_normal((3, 2)) * 1.5, rng.standard_normal((2, 3))
    w1[2] = w1[0] + 0.1
    x = np.sqrt(0.7) * rng.standard_normal((200_000, 2))
    x = np.concatenate([x, -x])
    phi = {"tanh": np.tanh, "relu": lambda u: np.maximum(u, 0), "sigmoid": lambda u: 1 / (1 + np.exp(-u))}[activation]
    answers = phi(x @ w1.T) @ w2.T
    fit = np.concatenate([np.ones((len(x), 1)), x], axis=1)
    rest = answers - fit @ np.linalg.lstsq(fit, answers, rcond=None)[0]
    assert nonlinear_part(w1, w2, activation=activation, input_variance=0.7) == pytest.approx(
        0.5 * (rest**2).sum(1).mean(), rel=0.02
    )


def test_the_nonlinear_part_of_random_weights_is_the_nonlinear_error():
    """On average, and for many neurons: their nonlinear parts are uncorrelated up to the cube of a small overlap."""
    problem = cd.student_teacher(n_inputs=400, n_hidden=200, n_train=1, n_test=0, student_scale=2, trials=3, seed=3)
    parts = [nonlinear_part(problem.student.hidden[t], problem.student.readout[t]) for t in range(3)]
    assert np.mean(parts) == pytest.approx(nonlinear_error(2.0), rel=0.1)


def test_the_nonlinear_part_refuses():
    with pytest.raises(cd.InputError, match="readout must have shape"):
        nonlinear_part(np.ones((3, 2)), np.ones((1, 2)))
    with pytest.raises(cd.InputError, match="input_variance must be"):
        nonlinear_part(np.ones((3, 2)), np.ones((1, 3)), input_variance=0)


@pytest.mark.parametrize(
    ("activation", "cubic"), [("tanh", 6 / 9), ("erf", 6 * (np.pi / 12) ** 2), ("sigmoid", 6 / 48**2)]
)
def test_the_nonlinear_part_of_small_weights_is_cubic(activation, cubic):
    """φ = μ + a u + b u³ leaves ⟨(b(u³ − 3qu))²⟩ = 6 b² q³, far below the rounding of ⟨φ²⟩."""
    size = 1e-3
    found = nonlinear_part([[size, 0.0]], [[1.0]], activation=activation)
    assert found == pytest.approx(0.5 * cubic * (0.5 * size**2) ** 3, rel=1e-4)


def test_the_nonlinear_part_is_one_function_of_the_scale():
    """On either side of where the series takes over."""
    for activation in ("tanh", "erf", "softplus"):
        scales = np.sqrt(2 * onset.SMALL_DRIVE) * np.array([1 - 1e-7, 1 + 1e-7])
        small, large = (nonlinear_part([[s, 0], [0, s]], [[1.0, 2]], activation=activation) for s in scales)
        assert large == pytest.approx(small, rel=2e-6)


def test_numbers_beyond_the_range_are_refused():
    with pytest.raises(cd.InputError, match=r"^scale must lie between"):
        nonlinear_error(1e200)
    with pytest.raises(cd.InputError, match=r"^teacher_scale must be a positive number"):
        speedup_onset(1e-3, teacher_scale=0)
    with pytest.raises(cd.InputError, match="hidden weights must be so small that their squares are finite"):
        nonlinear_part([[1e200]], [[1.0]], activation="erf")
