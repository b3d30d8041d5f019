"""Kinds of motion on series whose kind is known, and the labels built on them."""

from functools import cache

import numpy as np
import pytest

import curldescent as cd
from curldescent.analysis import regime, regime_of, signal_kind, zero_one_test
from curldescent.analysis._dynamics.watching import Record
from curldescent.foundation.errors import InputError
from tests.samples import sampled

N = np.arange(6000)
T = N * 0.5
GOLDEN = (1 + 5**0.5) / 2


def logistic(n, r=4.0):
    x = np.empty(n)
    x[0] = 0.3
    for i in range(n - 1):
        x[i + 1] = r * x[i] * (1 - x[i])
    return x


@cache
def roessler(n, every=10, h=0.05):
    """A chaotic flow with a sharp main frequency, the hard case for a spectrum; written out with its own integrator."""

    def f(x, y, z):
        return -y - z, x + 0.2 * y, 0.2 + z * (x - 5.7)

    x, y, z, out = 1.0, 1.0, 0.0, []
    for i in range(n * every + 2000):
        # The midpoint rule: a chaotic flow needs no accuracy to be one.
        u, v, w = f(x, y, z)
        u, v, w = f(x + h / 2 * u, y + h / 2 * v, z + h / 2 * w)
        x, y, z = x + h * u, y + h * v, z + h * w
        if i >= 2000 and i % every == 0:
            out.append(x)
    return np.array(out)


@cache
def van_der_pol(mu, n=3000, dt=0.1, h=0.01):
    """On its limit cycle, sampled every dt; a relaxation oscillation where mu is large."""
    u, v, out = 2.0, 0.0, []
    for i in range((n + 500) * round(dt / h)):
        du, dv = v, mu * (1 - u * u) * v - u
        um, vm = u + h / 2 * du, v + h / 2 * dv
        u, v = u + h * vm, v + h * (mu * (1 - um * um) * vm - um)
        if i % round(dt / h) == 0:
            out.append(u)
    return np.array(out[-n:])


W = 0.31
NOISE = np.random.default_rng(0).standard_normal(6000)
SHORT = np.arange(300)
SERIES = {
    "constant": (np.full(6000, 0.7), "constant"),
    "rounding": (0.7 + 1e-14 * np.sin(T), "constant"),
    "noise of rounding": (1e6 + 1e-10 * NOISE, "constant"),
    "zero": (np.zeros(100), "constant"),
    "decay": (np.exp(-T / 500), "drifting"),
    "growth": (np.exp(T / 500), "drifting"),
    "decaying oscillation": (np.exp(-T / 500) * np.sin(W * T), "decaying"),
    "decaying at once": (np.exp(-T / 20) * np.sin(W * T), "decaying"),
    "decaying slowly": (np.exp(-T / 30_000) * np.sin(W * T), "decaying"),
    "decaying to an offset": (5 + np.exp(-T / 1000) * np.sin(W * T), "decaying"),
    "decaying like a power": (np.sin(W * T) / (1 + T / 100), "decaying"),
    "decaying to a cycle": ((1 + 3 * np.exp(-T / 300)) * np.sin(W * T), "decaying"),
    "two decaying": (np.exp(-T / 800) * (np.sin(W * T) + np.sin(GOLDEN * W * T)), "decaying"),
    "growing oscillation": (np.exp(T / 700) * np.sin(W * T), "growing"),
    "sine": (2 + np.sin(W * T), "periodic"),
    "slow sine": (np.cos(0.0173 * T + 1), "periodic"),
    "almost two samples a period": (np.cos(6.1 * T), "periodic"),
    "short sine": (np.sin(0.8 * np.arange(64)), "periodic"),
    "tiny": (1e-200 * np.sin(W * T), "periodic"),
    "huge": (1e200 * np.sin(W * T), "periodic"),
    "on a large offset": (1e8 + np.sin(W * T), "periodic"),
    "harmonics": (np.sin(W * T) + 0.4 * np.sin(2 * W * T + 1) + 0.1 * np.cos(5 * W * T), "periodic"),
    "subharmonic": (np.sin(2 * W * T) + 0.3 * np.sin(W * T), "periodic"),
    "7:1": (np.sin(0.35 * T) + 0.3 * np.sin(0.05 * T), "periodic"),
    "11:3": (np.sin(0.33 * T) + 0.5 * np.sin(0.09 * T + 0.4), "periodic"),
    "5:4": (np.sin(0.3 * T) + 0.9 * np.sin(0.24 * T), "periodic"),
    "7:1 sampled too rarely": (np.sin(3.5 * np.arange(500)) + 0.3 * np.sin(0.5 * np.arange(500)), "periodic"),
    "sawtooth": ((0.0613 * T) % 1, "periodic"),
    "short sawtooth": ((0.0613 * SHORT) % 1, "periodic"),
    "square": (np.sign(np.sin(W * T)), "periodic"),
    "pulses": (((0.0613 * T) % 1 < 0.05) * 1.0, "periodic"),
    "van der Pol 0.1": (lambda: van_der_pol(0.1, n=2500), "periodic"),
    "van der Pol 3": (lambda: van_der_pol(3.0), "periodic"),
    "van der Pol 10": (lambda: van_der_pol(10.0), "periodic"),
    "van der Pol 3, default sampling": (lambda: van_der_pol(3.0, dt=0.5), "periodic"),
    "period 2": (logistic(4000, 3.2)[2000:], "periodic"),
    "period 8": (logistic(4000, 3.55)[2000:], "periodic"),
    "period 2, short": (logistic(3000, 3.2)[2900:], "periodic"),
    "sine with a hundredth of noise": (np.sin(W * T) + 0.01 * NOISE, "periodic"),
    "two": (np.sin(W * T) + 0.5 * np.sin(W * GOLDEN * T), "quasi-periodic"),
    "root of two": (np.sin(W * T) + 0.5 * np.sin(W * 2**0.5 * T), "quasi-periodic"),
    "two, mixed": (np.sin(W * T) * (1 + 0.4 * np.cos(0.043 * GOLDEN * T)), "quasi-periodic"),
    "two, one weak": (np.sin(W * T) + 0.06 * np.sin(W * GOLDEN * T), "quasi-periodic"),
    "modulated phase": (np.cos(W * T + 0.8 * np.sin(W * 2**0.5 / 4 * T)), "quasi-periodic"),
    # Frequencies near a multiple that sampling folds back: the phases of the second come round with the first's.
    "near a folded multiple": (np.sin(0.2 * N[:1000]) + 0.3 * np.sin(0.2 * 2**0.5 * N[:1000]), "quasi-periodic"),
    "near a folded multiple, long": (np.sin(0.2 * N[:4000]) + 0.3 * np.sin(0.2 * 2**0.5 * N[:4000]), "quasi-periodic"),
    "weak, near a multiple": (np.sin(0.31 * N[:2000]) + 0.05 * np.sin(0.31 * np.e * N[:2000] + 1), "quasi-periodic"),
    "weak, near a high multiple": (
        np.sin(0.31 * N[:2000]) + 0.05 * np.sin(0.31 * np.pi * N[:2000] + 1),
        "quasi-periodic",
    ),
    "amplitude modulated": (
        (1 + 0.5 * np.sin(0.2 / 50**0.5 * N[:1500])) * np.sin(0.2 * N[:1500]),
        "quasi-periodic",
    ),
    "a small torus on an offset": (
        1e3 + 1e-3 * np.sin(0.2 * N[:1500]) * (1 + 0.5 * np.cos(0.2 * 2**0.5 * N[:1500])),
        "quasi-periodic",
    ),
    "three": (np.sin(W * T) + 0.5 * np.sin(W * 2**0.5 * T) + 0.4 * np.sin(W * 3**0.5 * T), "quasi-periodic"),
    "noise": (NOISE, "broadband"),
    "logistic": (logistic(6000), "broadband"),
    "two chaotic bands": (logistic(6000, 3.6), "broadband"),
    "chaotic flow": (lambda: roessler(4000), "broadband"),
    "random walk": (np.cumsum(NOISE), "undecided"),
    "trend": (T / 500 + np.sin(W * T), "undecided"),
    "small trend": (T / 30_000 + np.sin(W * T), "undecided"),
    "chirp": (np.sin(0.1 * T + 1e-4 * T**2), "undecided"),
    "another frequency half-way": (np.where(T < 1500, np.sin(W * T), np.sin(W * GOLDEN * T)), "undecided"),
    "modulated too slowly": (np.sin(W * T) * (1 + 0.5 * np.sin(2 * np.pi * 2.3 * T / 3000)), "undecided"),
    "sine with noise": (np.sin(W * T) + 0.05 * NOISE, "undecided"),
    "sawtooth with noise": ((0.0613 * T) % 1 + 0.02 * NOISE, "undecided"),
    "torus with noise": (np.sin(W * T) + 0.5 * np.sin(W * GOLDEN * T) + 0.05 * NOISE, "undecided"),
    "two cycles": (np.sin(2 * np.pi * 2.3 * np.arange(2000) / 2000), "undecided"),
    "four cycles": (np.sin(0.4 * np.arange(64)), "undecided"),
}


# A second or more each, of a kind of which there is a shorter or milder series.
LONG = ("sawtooth", "pulses", "van der Pol 10", "sine with a hundredth of noise", "trend")


@pytest.mark.parametrize("name", sampled(SERIES, seldom=LONG))
def test_kinds_of_known_series(name):
    series, kind = SERIES[name]
    found = signal_kind(series() if callable(series) else series, dt=0.5)
    assert found.kind == kind, found.reason


@pytest.mark.parametrize("seed", sampled(range(12), seldom=(1, 2, 3, 4, 5, 9)))
def test_random_pairs_of_lines(seed):
    """Commensurate and incommensurate pairs, windows of any length: neither is taken for the other."""
    rng = np.random.default_rng(seed)
    n = int(rng.choice([300, 1000, 3000]))
    t, phases, second = np.arange(n), rng.uniform(0, 6, 2), rng.uniform(0.2, 1)
    base = 2 * np.pi * rng.uniform(6, 12) / n
    p, q = rng.choice([1, 2, 3, 5, 7, 8, 11], 2, replace=False)
    found = signal_kind(np.sin(base * p * t + phases[0]) + second * np.sin(base * q * t + phases[1]))
    assert found.kind in ("periodic", "undecided")
    ratio = rng.choice([2**0.5, GOLDEN, np.e - 1, 3**0.5])
    found = signal_kind(np.sin(2 * base * t + phases[0]) + second * np.sin(2 * base * ratio * t + phases[1]))
    assert found.kind in ("quasi-periodic", "undecided")


def test_frequencies_are_those_of_the_repetition():
    found = signal_kind(SERIES["7:1"][0], dt=0.5)
    np.testing.assert_allclose(found.frequencies, [0.05 / (2 * np.pi)], rtol=1e-6)
    found = signal_kind(SERIES["sawtooth"][0], dt=0.5)
    np.testing.assert_allclose(found.frequencies, [0.0613], rtol=1e-6)


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
        state=np.full(3, np.nan) if np.isnan(signal).any() else np.zeros(3),
    )


def noisy_growth(rate, n=6000, dt=0.5, seed=0):
    """Growth of mean `rate` per unit time with fluctuations of the size seen in learning runs."""
    return dt * rate + 0.02 * np.random.default_rng(seed).standard_normal(n) if rate else np.zeros(n)


CASES = {
    "converged": (np.exp(-T / 20), np.zeros(6000), 0.2 * np.exp(-T / 10) + 1e-30),
    "slow": (np.exp(-T / 2000), np.zeros(6000), 0.2 * np.exp(-T / 2000)),
    "slow, oscillating": (np.exp(-T / 2000) * np.sin(W * T), np.zeros(6000), 0.2 * np.exp(-T / 1000)),
    "periodic, relaxing": (SERIES["sawtooth"][0], np.zeros(6000), None),
    "periodic, superstable": (np.sin(W * T), np.where(T == 100, -np.inf, 0.0), None),
    "undecided, growing": (SERIES["growing oscillation"][0], np.zeros(6000), None),
    "undecided, trend": (SERIES["trend"][0], np.zeros(6000), None),
    "periodic": (np.sin(0.31 * T), np.zeros(6000), None),
    "quasi-periodic": (SERIES["two"][0], np.zeros(6000), None),
    "chaotic": (lambda: roessler(6000), noisy_growth(0.02), None),
    "transient chaos": (SERIES["two"][0], np.where(T < 1500, noisy_growth(0.02), 0.0), None),
    "undecided": (SERIES["noise"][0], np.zeros(6000), None),
    "diverged": (np.where(T > 2000, np.nan, 0.1), np.zeros(6000), None),
}


@pytest.mark.parametrize("label", CASES)
def test_labels_of_synthetic_runs(label):
    signal, growth, loss = CASES[label]
    found = regime_of(record(signal() if callable(signal) else signal, growth, loss=loss))
    assert found.label == label.split(",")[0], found.reason


def test_the_finer_run_starts_with_the_same_seed():
    problem = cd.student_teacher(n_inputs=3, n_hidden=4, n_train=8, n_test=0, activation="tanh")
    rule = cd.Plasticity(hidden=1 / 3, feedback="random")
    fine = regime(problem, rule, time=20.0, refine=2.0, learning_rate=0.1, seed=5).refined.record
    alone, other = (
        regime(problem, rule, time=20.0, refine=None, learning_rate=0.05, seed=seed).record for seed in (5, 6)
    )
    np.testing.assert_allclose(fine.growth, alone.growth, rtol=1e-9, atol=1e-12)
    assert np.abs(other.growth - fine.growth).max() > 1e-6


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


@pytest.mark.slow
def test_gradient_descent_converges_and_curl_descent_beyond_the_boundary_does_not():
    problem = cd.student_teacher(n_inputs=6, n_hidden=8, n_train=40, n_test=0, seed=3)
    assert regime(problem, cd.Plasticity(), time=300.0, preserve_norms=True, refine=None).label in ("converged", "slow")
    flipped = regime(problem, cd.Plasticity(hidden=1.0), time=200.0, preserve_norms=True, refine=None)
    assert flipped.label not in ("converged", "diverged")
    assert flipped.loss[1] > 1e-4
    assert set(flipped.evidence()) >= {"label", "reason", "exponents", "late", "signal", "loss", "dt"}


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="signal must have at least 64 samples, got 10"):
        signal_kind(np.zeros(10))
    problem = cd.student_teacher(n_inputs=2, n_hidden=2, n_train=4)
    with pytest.raises(InputError, match=r"refine must be a factor above 1, or None, got 0.5"):
        regime(problem, cd.Plasticity(), refine=0.5)
