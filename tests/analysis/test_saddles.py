"""Critical points: spectra against theory, one unstable direction per flip, escape times, loss curves."""

from dataclasses import replace

import jax
import numpy as np
import pytest

import curldescent as cd
from curldescent.analysis import (
    climbs,
    critical_point,
    critical_points_along,
    escape,
    learning_dynamics,
    plateaus,
    spectrum_at,
)
from curldescent.foundation.errors import InputError


def linear(seed=0):
    return cd.student_teacher(n_inputs=4, n_hidden=3, n_train=20, n_test=0, seed=seed)


@pytest.mark.parametrize(("hidden", "readout"), [(0.0, 0.0), (0.0, 0.34), (0.5, 0.0), (0.75, 0.67)])
def test_the_origin_has_the_spectrum_of_theory(hidden, readout):
    p = linear()
    rule = cd.Plasticity(hidden=hidden, readout=readout)
    d = learning_dynamics(p, rule, reduce=False)
    point = critical_point(d, near=1e-3 * np.random.default_rng(0).standard_normal(15))
    assert point.status == "found"
    # The origin is not isolated: W2 = 0 with W1 orthogonal to what is to be learnt is critical too.
    assert np.linalg.norm(point.state) < 0.01
    d1 = np.where(np.arange(4) < int(hidden * 4), -1.0, 1.0)
    d2 = np.where(np.arange(3) < int(readout * 3), -1.0, 1.0)
    v = (p.teacher.readout[0] @ p.teacher.hidden[0])[0]
    sigma = p.inputs.T @ p.inputs / 20
    square = d2 * (v @ sigma @ np.diag(d1) @ sigma @ v)
    expected = np.concatenate([np.sqrt(square.astype(complex)), -np.sqrt(square.astype(complex)), np.zeros(9)])
    got = spectrum_at(d, state=np.zeros(15))
    # 9 zero eigenvalues sit in a matrix that is not symmetric, but diagonalisable: rounding leaves 1e-8 at most.
    for part in ("real", "imag"):
        np.testing.assert_allclose(
            np.sort(getattr(got.rates, part)), np.sort(getattr(expected, part)), atol=1e-8 * np.abs(expected).max()
        )
    assert (got.unstable, got.rotating, got.neutral) == (int((square > 0).sum()), 2 * int((square < 0).sum()), 9)
    assert got.kind == ("saddle" if (square > 0).any() else "centre")


def test_an_isolated_minimum_has_one_unstable_direction_per_flipped_synapse():
    """Sylvester: −diag(S) H with H > 0 is similar to −√H diag(S) √H."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((60, 2))
    p = cd.Problem(
        inputs=x,
        # in reach but for the noise: the minimum is isolated, its loss is not zero
        targets=np.tanh(x[:, :1]) + 0.5 * np.tanh(x[:, 1:]) + 0.3 * rng.standard_normal((60, 1)),
        student=cd.Weights(hidden=rng.standard_normal((2, 2)), readout=rng.standard_normal((1, 2))),
        activation="tanh",
        output_activation="linear",
    )
    gd = learning_dynamics(p, cd.Plasticity(), learning_rate=0.2)
    state = gd.start
    with jax.enable_x64():
        state = np.asarray(jax.lax.fori_loop(0, 20_000, lambda _, s: gd.step(s, gd.args), jax.numpy.asarray(state)))
    minimum = critical_point(gd, near=state)
    assert minimum.status == "found"
    assert minimum.kind == "attractor"
    assert minimum.attracting == 6
    assert minimum.loss > 0.01
    for hidden, readout, flips in (([1, 1], [-1, 1], 1), ([-1, 1], [1, 1], 2), ([-1, 1], [-1, -1], 4)):
        rule = cd.Plasticity(hidden=hidden, readout=readout)
        seen = spectrum_at(p, rule, state=minimum.state)
        assert seen.status == "found"
        assert seen.unstable == flips
    again = critical_points_along(gd, states=np.stack([state, state + 1e-5, minimum.state]))
    assert len(again) == 1


def test_escape_from_the_origin_takes_the_time_of_theory():
    p = linear()
    v = (p.teacher.readout[0] @ p.teacher.hidden[0])[0]
    sigma = p.inputs.T @ p.inputs / 20
    for hidden in (0.0, 0.25):
        d1 = np.where(np.arange(4) < int(4 * hidden), -1.0, 1.0)
        rate = np.sqrt(v @ sigma @ np.diag(d1) @ sigma @ v)
        d = learning_dynamics(p, cd.Plasticity(hidden=hidden), continuous=True, learning_rate=0.05 / rate, reduce=False)
        for kick in (1e-6, 1e-9):
            left = escape(d, point=np.zeros(15), kick=kick, reach=1e-3)
            assert left.rate == pytest.approx(rate, rel=1e-9)
            assert left.measured_rate == pytest.approx(rate, rel=0.01)
            # What the kick has along other directions has decayed; cubic terms at 1e-3 are 1e-6.
            assert left.measured == pytest.approx(left.predicted, abs=0.1 / rate)


def test_a_centre_lets_nothing_go():
    p = linear()
    flipped = cd.Plasticity(readout=[-1, -1, -1])
    d = learning_dynamics(p, flipped, continuous=True, learning_rate=0.1, reduce=False)
    stay = escape(d, point=np.zeros(15), kick=1e-6, time=200.0)
    assert stay.rate == pytest.approx(0.0, abs=1e-6)
    assert np.isnan(stay.measured)
    with pytest.raises(InputError, match="nothing is unstable at this point"):
        escape(d, point=np.zeros(15), kick=1e-6)


def test_identical_neurons_keep_gradient_descent_at_a_saddle():
    p = cd.student_teacher(
        n_inputs=3, n_hidden=4, activation="tanh", output_activation="linear", n_train=6, n_test=0, seed=1
    )
    same = cd.Weights([np.repeat(p.student.hidden[:, :1], 4, 1), np.repeat(p.student.readout[:, :, :1], 4, 2)])
    p = replace(p, student=same)
    end = {}
    for name, rule in (("GD", cd.Plasticity()), ("CD", cd.Plasticity(readout=0.5))):
        d = learning_dynamics(p, rule, reduce=False)
        with jax.enable_x64():
            s = jax.lax.fori_loop(0, 2000, lambda _, s, d=d: d.step(s, d.args), jax.numpy.asarray(d.start))
        end[name] = d.weights(np.asarray(s))[0]
    assert np.ptp(end["GD"], axis=0).max() < 1e-12
    assert np.ptp(end["CD"], axis=0).max() > 0.1


def test_plateaus_and_climbs_of_a_curve_drawn_by_hand():
    t = np.arange(200.0)
    loss = np.where(t < 100, 1.0, np.where(t < 120, 1.0 - 0.04 * (t - 100), 0.2))
    found = plateaus(t, loss)
    assert [(p.begin, p.level, p.final) for p in found] == [(0.0, 1.0, False), (120.0, pytest.approx(0.2), True)]
    assert found[0].end == 101.0  # within 5 % of the top
    assert climbs(t, loss) == []
    up = loss + 0.3 * np.exp(-((t - 50.0) ** 2) / 8)
    (one,) = climbs(t, up)
    assert (one.end, one.top) == (50.0, pytest.approx(1.3))
    with pytest.raises(InputError, match="times must increase"):
        climbs([0, 0, 1], [1, 1, 1])


def test_bad_input_is_refused():
    d = learning_dynamics(linear(), cd.Plasticity(), reduce=False)
    with pytest.raises(InputError, match=r"near must have shape \(15,\)"):
        critical_point(d, near=np.zeros(3))
    with pytest.raises(InputError, match="kick must be between 0 and the reach"):
        escape(d, point=np.zeros(15), kick=1.0)
