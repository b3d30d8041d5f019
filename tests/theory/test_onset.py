"""The onset of the gain, against integrals by another rule."""

import numpy as np
import pytest

import curldescent as cd
from curldescent.theory import nonlinear_error, speedup_onset


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


def test_the_ends():
    assert speedup_onset(1e-3, activation="linear") == np.inf
    assert speedup_onset(1e-3, teacher_scale=4.0) == 0.0
    with pytest.raises(cd.InputError, match="must become linear at small drives, got relu"):
        speedup_onset(1e-3, activation="relu")
