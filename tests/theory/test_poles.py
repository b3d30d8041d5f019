"""The pole expansion against the definition of x(y), and the gaps against a scan of its slope."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curldescent.theory._poles import expand, gaps, upper_root
from curldescent.theory._strengths import parse_strengths

from .conftest import direct_x

HIDDEN = {1: 0.5, 0.3: 0.3, -0.5: 0.2}
READOUT = {1: 0.6, 0: 0.1, -0.7: 0.3}


@st.composite
def distributions(draw):
    values = draw(st.lists(st.floats(-2, 2).filter(lambda d: abs(d) > 1e-3), min_size=1, max_size=3, unique=True))
    weights = [draw(st.floats(0.05, 1)) for _ in values]
    return {d: w / sum(weights) for d, w in zip(values, weights, strict=True)}


@given(exponent=st.floats(-4, 4), hidden=distributions(), readout=distributions(), scale=st.floats(-1, 1))
def test_pole_form_is_the_definition(exponent, hidden, readout, scale):
    ratio, rho, sigma2 = 10.0**exponent, 10.0**scale, 1.7
    poles = expand(ratio, parse_strengths("hidden", hidden), parse_strengths("readout", readout), rho, sigma2)
    y = np.array([-7 + 3j, 0.1 + 0.5j, 4 - 2j, 30.0 + 1j])
    expected = direct_x(y, ratio, hidden, readout, rho, sigma2)
    np.testing.assert_allclose(poles.x(y), expected, rtol=1e-9)
    assert np.all(poles.residues > 0)


def test_gaps_are_where_x_rises():
    for ratio in (0.05, 0.5, 2.0, 8.0, 40.0):
        poles = expand(ratio, parse_strengths("hidden", HIDDEN), parse_strengths("readout", READOUT), 1.0, 1.0)
        y = np.linspace(-30, 30, 2_000_001)
        rising = (poles.slope(y) > 0).astype(int)
        starts = y[1:][np.diff(rising) == 1]
        ends = y[:-1][np.diff(rising) == -1]
        found = gaps(poles)
        np.testing.assert_allclose([left for left, _ in found[1:]], starts, atol=4e-5)
        np.testing.assert_allclose([right for _, right in found[:-1]], ends, atol=4e-5)


def test_roots_solve_the_equation_above_the_axis():
    poles = expand(2.0, parse_strengths("hidden", HIDDEN), parse_strengths("readout", READOUT), 1.0, 1.0)
    for left, right in zip(gaps(poles)[:-1], gaps(poles)[1:], strict=True):
        low, high = poles.x(np.array([left[1], right[0]]))
        x = np.linspace(low, high, 50)[1:-1]
        y = upper_root(poles, x)
        assert np.all(y.imag > 0)
        np.testing.assert_allclose(poles.x(y), x, atol=1e-11)
