"""The rational curves against the variational formulas they solve, maximised numerically."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from curldescent.theory import critical_fraction, critical_ratio

FRACTIONS = np.concatenate([np.linspace(0.001, 0.999, 60), [1e-6, 1e-4, 1 - 1e-6]])


def hidden_by_search(alpha):
    """1 / min_{u>1} u [1 + (1−α)/(u+1) + α/(u−1)], by a scan and a local search."""

    def f(log_v):
        u = 1 + np.exp(log_v)
        return u * (1 + (1 - alpha) / (u + 1) + alpha / (u - 1))

    grid = np.linspace(-16, 3, 2000)
    best = grid[np.argmin(f(grid))]
    return 1 / minimize_scalar(f, bounds=(best - 0.02, best + 0.02), method="bounded", options={"xatol": 1e-10}).fun


def readout_by_search(alpha):
    """max_{0<s<1−2α} s (1−2α−s) / ((1−s)² (1+s)), by a scan and a local search."""

    def f(logit):
        s = (1 - 2 * alpha) / (1 + np.exp(-logit))
        return -s * (1 - 2 * alpha - s) / ((1 - s) ** 2 * (1 + s))

    grid = np.linspace(-20, 20, 4000)
    best = grid[np.argmin(f(grid))]
    return -minimize_scalar(f, bounds=(best - 0.02, best + 0.02), method="bounded", options={"xatol": 1e-10}).fun


def test_hidden_boundary_is_the_minimum_of_the_formula():
    ours = critical_ratio(hidden=FRACTIONS)
    np.testing.assert_allclose(ours, [hidden_by_search(a) for a in FRACTIONS], rtol=1e-12)


def test_readout_boundary_is_the_maximum_of_the_formula():
    alpha = FRACTIONS / 2
    # At α = 5e-7 the formula itself loses digits in 1 − s: ε/(1 − s) is 1e-10.
    np.testing.assert_allclose(critical_ratio(readout=alpha), [readout_by_search(a) for a in alpha], rtol=1e-10)


def test_ends_are_exact():
    assert critical_ratio(hidden=1.0) == 0.25
    assert critical_ratio(hidden=0.0) == 2 / 3
    assert critical_ratio(readout=0.0) == np.inf
    assert critical_ratio(readout=0.5) == 0.0
    assert critical_ratio(readout=0.8) == 0.0
    assert critical_fraction(0.25, "hidden") == 1.0
    assert critical_fraction(2 / 3, "hidden") == 0.0
    assert critical_fraction(5.0, "hidden") == 0.0
    assert critical_fraction(1e-3, "hidden") == 1.0


def test_scalars_give_floats_and_arrays_keep_their_shape():
    assert type(critical_ratio(hidden=0.3)) is float
    assert type(critical_fraction(0.3, "readout")) is float
    assert critical_ratio(readout=np.full((2, 3), 0.1)).shape == (2, 3)
    assert critical_ratio(hidden=np.linspace(0, 1, 4)[:, None], readout=np.linspace(0, 1, 3)).shape == (4, 3)


@pytest.mark.parametrize(("layer", "top"), [("hidden", 1.0), ("readout", 0.5)])
def test_boundary_falls_strictly(layer, top):
    ratios = critical_ratio(**{layer: np.linspace(0, top, 3001)})
    assert np.all(np.diff(ratios[1:]) < 0)
    assert ratios[0] > ratios[1]


@given(exponent=st.floats(-12, -0.001))
@pytest.mark.parametrize(("layer", "top"), [("hidden", 1.0), ("readout", 0.5)])
def test_fraction_inverts_ratio(layer, top, exponent):
    alpha = top * 10.0**exponent
    back = critical_fraction(critical_ratio(**{layer: alpha}), layer)
    # For hidden flips c* − 2/3 falls as √α: rounding c* costs 2√α ε in α, absolutely.
    assert back == pytest.approx(alpha, rel=1e-13, abs=1e-15 * np.sqrt(alpha))


# docs/theory.md, section "Each layer alone": the boundary near either end, a fraction there, and one far from it.
ASYMPTOTES = {
    "hidden, α → 0": ("hidden", lambda a: 2 / 3 - 4 * np.sqrt(5) / 9 * np.sqrt(a), 1e-8, 0.3),
    "hidden, α → 1": ("hidden", lambda a: 0.25 + (1 - a) / 12, 1 - 1e-5, 0.2),
    "readout, α → 0": ("readout", lambda a: 1 / (16 * a), 1e-6, 0.3),
    "readout, α → 1/2": ("readout", lambda a: (1 - 2 * a) ** 2 / 4, 0.5 - 1e-5, 0.2),
}


@pytest.mark.parametrize("end", ASYMPTOTES)
def test_asymptotes(end):
    """The next term is smaller by √α, α or 1 − α: the relative error must be of that order."""
    layer, asymptote, near, far = ASYMPTOTES[end]
    assert critical_ratio(**{layer: near}) == pytest.approx(asymptote(near), rel=1e-4)
    assert abs(asymptote(far) / critical_ratio(**{layer: far}) - 1) > 1e-3
