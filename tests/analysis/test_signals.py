"""Kinds of motion on series whose kind is known, and the labels built on them."""

import numpy as np
import pytest

import curldescent as cd
from curldescent.analysis import regime, regime_of, signal_kind, zero_one_test
from curldescent.analysis.regimes import Record
from curldescent.errors import InputError

T = np.arange(6000) * 0.5
GOLDEN = (1 + 5**0.5) / 2


def logistic(n, r=4.0):
    x = np.empty(n)
    x[0] = 0.3
    for i in range(n - 1):
        x[i + 1] = r * x[i] * (1 - x[i])
    return x


def roessler(n, every=10, h=0.05):
    """A chaotic flow with a sharp main frequency, the hard case for a spectrum; written out with its own integrator."""

    def f(u):
        x, y, z = u
        return np.array([-y - z, x + 0.2 * y, 0.2 + z * (x - 5.7)])

    u, out = np.array([1.0, 1.0, 0.0]), []
    for i in range(n * every + 2000):
        k1 = f(u)
        k2 = f(u + h / 2 * k1)
        k3 = f(u + h / 2 * k2)
        u = u + h / 6 * (k1 + 2 * k2 + 2 * k3 + f(u + h * k3))
        if i >= 2000 and i % every == 0:
            out.append(u[0])
    return np.array(out)


SERIES = {
    "constant": (np.full(6000, 0.7), "constant"),
    "rounding": (0.7 + 1e-14 * np.sin(T), "constant"),
    "decay": (np.exp(-T / 500), "drifting"),
    "sine": (2 + np.sin(0.31 * T), "periodic"),
    "harmonics": (np.sin(0.31 * T) + 0.4 * np.sin(0.62 * T + 1) + 0.1 * np.cos(1.55 * T), "periodic"),
    "subharmonic": (np.sin(0.62 * T) + 0.3 * np.sin(0.31 * T), "periodic"),
    "two": (np.sin(0.31 * T) + 0.5 * np.sin(0.31 * GOLDEN * T), "quasi-periodic"),
    "two, mixed": (np.sin(0.31 * T) * (1 + 0.4 * np.cos(0.043 * GOLDEN * T)), "quasi-periodic"),
    "noise": (np.random.default_rng(0).standard_normal(6000), "broadband"),
    "logistic": (logistic(6000), "broadband"),
}


@pytest.mark.parametrize("name", SERIES)
def test_kinds_of_known_series(name):
    series, kind = SERIES[name]
    assert signal_kind(series, dt=0.5).kind == kind


def test_base_frequencies_are_those_put_in():
    found = signal_kind(SERIES["two"][0], dt=0.5)
    expected = sorted([0.31 / (2 * np.pi), 0.31 * GOLDEN / (2 * np.pi)])
    np.testing.assert_allclose(sorted(found.frequencies), expected, atol=0.1 / 3000)


def test_zero_one_test_tells_chaos_from_order():
    assert zero_one_test(logistic(2000)) > 0.95
    assert zero_one_test(roessler(2000, every=30)) > 0.8
    assert abs(zero_one_test(np.sin(1.1 * np.arange(2000)) + np.sin(1.1 * GOLDEN * np.arange(2000)))) < 0.1


def record(signal, growth, *, loss=None, dt=0.5, onset=0.0):
    n = len(signal)
    loss = np.full(n, 0.2) + 0.01 * signal if loss is None else loss
    return Record(
        times=dt * np.arange(1, n + 1),
        signals=np.stack([loss, signal, signal], axis=1),
        growth=growth,
        dt=0.1,
        continuous=False,
        onset=onset,
        state=np.zeros(3),
    )


def noisy_growth(rate, n=6000, dt=0.5, seed=0):
    """Growth of mean `rate` per unit time with fluctuations of the size seen in learning runs."""
    return dt * rate + 0.02 * np.random.default_rng(seed).standard_normal(n) if rate else np.zeros(n)


CASES = {
    "converged": (np.exp(-T / 20), np.zeros(6000), 0.2 * np.exp(-T / 10) + 1e-30),
    "slow": (np.exp(-T / 2000), np.zeros(6000), 0.2 * np.exp(-T / 2000)),
    "periodic": (np.sin(0.31 * T), np.zeros(6000), None),
    "quasi-periodic": (SERIES["two"][0], np.zeros(6000), None),
    "chaotic": (roessler(6000), noisy_growth(0.02), None),
    "transient chaos": (SERIES["two"][0], np.where(T < 1500, noisy_growth(0.02), 0.0), None),
    "undecided": (SERIES["noise"][0], np.zeros(6000), None),
    "diverged": (np.where(T > 2000, np.nan, 0.1), np.zeros(6000), None),
}


@pytest.mark.parametrize("label", CASES)
def test_labels_of_synthetic_runs(label):
    signal, growth, loss = CASES[label]
    found = regime_of(record(signal, growth, loss=loss))
    assert found.label == label, found.reason


def test_shear_is_not_chaos():
    """On a torus with shear, separation grows in proportion to time: finite-time exponents are 1/t, not zero."""
    growth = np.diff(np.log(np.r_[0.5, T + 1.0]))
    assert regime_of(record(SERIES["two"][0], growth)).label == "quasi-periodic"


def test_what_a_finer_step_does_not_show_is_due_to_the_step():
    calm = regime_of(record(SERIES["two"][0], np.zeros(6000)))
    wild = record(roessler(6000), noisy_growth(0.02))
    found = regime_of(wild, refined=calm)
    assert found.label == "step-size driven"
    assert found.refined is calm
    # Another loss altogether, without chaos on either side.
    high = record(np.sin(0.31 * T), np.zeros(6000), loss=np.full(6000, 40.0))
    assert regime_of(high, refined=calm).label == "step-size driven"
    # Both chaotic: the step has nothing to do with it.
    assert regime_of(wild, refined=regime_of(wild)).label == "chaotic"


def test_gradient_descent_converges_and_curl_descent_beyond_the_boundary_does_not():
    problem = cd.student_teacher(n_inputs=6, n_hidden=8, n_train=40, n_test=0, seed=3)
    assert regime(problem, cd.Plasticity(), time=1000.0, preserve_norms=True).label in ("converged", "slow")
    flipped = regime(problem, cd.Plasticity(hidden=1.0), time=600.0, preserve_norms=True, refine=None)
    assert flipped.label not in ("converged", "diverged")
    assert flipped.loss[1] > 1e-4
    assert set(flipped.evidence()) >= {"label", "reason", "exponents", "late", "signal", "loss", "dt"}


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="signal must have at least 64 samples, got 10"):
        signal_kind(np.zeros(10))
    problem = cd.student_teacher(n_inputs=2, n_hidden=2, n_train=4)
    with pytest.raises(InputError, match=r"refine must be a factor above 1, or None, got 0.5"):
        regime(problem, cd.Plasticity(), refine=0.5)
