"""What a result says where it is printed: a verdict, numbers with intervals and units, a reason."""

import inspect

import numpy as np
import pytest

import curldescent as cd
from curldescent.foundation.representation import Summarised, within

GD, CD = cd.Plasticity(), cd.Plasticity(readout=0.25)


@pytest.fixture(scope="module")
def problem():
    return cd.student_teacher(n_inputs=3, n_hidden=4, n_train=10, trials=2)


def exponents(factors, **options):
    factors = np.array(factors)
    return cd.analysis.lyapunov_exponents(lambda x, a: a * x, np.ones(len(factors)), args=factors, **options)


def printed():
    """Every class of result of the public faces that prints a summary."""
    faces = [getattr(module, name) for module in (cd.analysis, cd.theory, cd.sweeps) for name in module.__all__]
    return {item for item in faces if inspect.isclass(item) and issubclass(item, Summarised)}


def test_every_result_says_it_itself_and_has_one_line_at_a_prompt():
    assert len(printed()) >= 18
    for kind in printed():
        assert "__str__" in vars(kind), kind
        assert kind.__repr__ is Summarised.__repr__, kind


def test_exponents_with_their_interval_and_unit():
    for factors, verdict in (([2.0, 0.5], "positive"), ([0.5], "negative"), ([1.0], "not told from zero")):
        found = exponents(factors, count=len(factors), time=200)
        said = within(found.values[0], found.low[0], found.high[0])
        assert str(found).startswith(f"{verdict}: leading Lyapunov exponent {said}, per unit of time")
    both = exponents([2.0, 0.5], count=2, time=200)
    assert str(both).endswith(f"; then {both.values[1]:.4g}")
    assert str(exponents([2.0], time=5000)) == "diverged: no exponents"
    assert str(exponents([0.0], time=200)).startswith("negative: the leading Lyapunov exponent is −∞, not above ")


def test_a_point_and_how_it_is_left(problem):
    origin = cd.analysis.critical_point(problem, GD, near=np.full(16, 1e-3))
    fastest = origin.rates[0].real
    assert str(origin) == (
        f"saddle with 4 growing, 4 decaying, 8 neutral of 16 directions, the fastest growing at rate {fastest:.4g} per "
        f"unit of time; loss {origin.loss:.4g}"
    )
    left = cd.analysis.escape(problem, GD, point=np.zeros(16), kick=1e-4)
    assert str(left).startswith(f"left after {left.measured:.4g} units of time at rate ")
    assert f"{left.predicted:.4g} is predicted, from the rate {left.rate:.4g}" in str(left)
    stays = cd.analysis.escape(problem.starting_at_teacher(), GD, kick=1e-6, time=5.0)
    assert str(stays).startswith("stayed for the ")
    assert "nothing is unstable there" in str(stays) or "is predicted" in str(stays)


def test_a_search_that_did_not_arrive_says_so(problem):
    lost = cd.analysis.critical_point(problem, GD, max_steps=1)
    assert lost.status == "not converged"
    assert str(lost).startswith(f"not converged: the search stopped where the speed is {lost.speed:.2g}; there: ")


def test_the_field_around_a_point(problem):
    spectrum = cd.analysis.jacobian_spectrum(problem, GD)
    assert f"growth rate {spectrum.growth:.4g} ± " in str(spectrum)
    assert str(spectrum).split(":")[0] in ("growing", "decaying", "not told from zero")
    share = cd.analysis.curl(problem, CD)
    assert str(share) == f"curl share {share.antisymmetric:.4g} (exact)"
    probed = cd.analysis.curl(problem, CD, method="hutchinson")
    assert str(probed) == f"curl share {within(probed.antisymmetric, probed.low, probed.high)}"
    around = cd.analysis.circulation(problem, CD)
    assert str(around).startswith(f"{around.verdict}: circulation {around.value:.4g} ± ")
    assert str(cd.analysis.stability(problem, CD, trial=None)).count("\n") == 1


def test_a_regime_with_its_reason(problem):
    found = cd.analysis.regime(problem, GD, time=100.0)
    assert str(found).startswith(f"{found.label}: {found.reason}")
    assert within(*found.late) in str(found)
    assert str(found.signal) == f"{found.signal.kind}: {found.signal.reason}"
    assert str(found.record).startswith(f"{len(found.record.times)} looks at a run until time ")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"refine": None}, "; in steps of 0.1"),
        ({"refine": None, "continuous": True}, "; in the flow (Runge–Kutta steps of 0.1)"),
        ({"refine": 4}, "; in steps of 0.1; in steps of 0.025: {}"),
        ({"refine": 4, "refine_in": "flow"}, "; in steps of 0.1; in the flow (Runge–Kutta steps of 0.025): {}"),
        (
            {"refine": 4, "continuous": True},
            "; in the flow (Runge–Kutta steps of 0.1); in the flow (Runge–Kutta steps of 0.025): {}",
        ),
    ],
)
def test_a_regime_names_the_kind_of_time(problem, options, said):
    found = cd.analysis.regime(problem, GD, time=40.0, **options)
    assert str(found).endswith(", per unit of time" + said.format(found.refined and found.refined.label))


def test_stretches_of_a_loss_curve():
    times = np.arange(1.0, 101.0)
    loss = np.where(times < 50, 1.0, np.where(times < 60, 2.0, 0.1))
    (climb,) = cd.analysis.climbs(times, loss)
    assert str(climb) == f"loss 1 → 2 from time {climb.begin:.4g} to {climb.end:.4g}"
    flat = cd.analysis.plateaus(times, loss)[0]
    assert str(flat) == f"loss about 1 from time {flat.begin:.4g} to {flat.end:.4g}"


def test_theory_and_costs():
    law = cd.theory.Spectrum(0.5, hidden=0.3)
    found = cd.theory.stability_probability(law, 10, samples=50)
    assert within(found.probability, found.low, found.high) in str(found)
    assert "−2/3 at an edge" in str(cd.theory.finite_size_scaling(law, (5, 10, 20), samples=10))
    assert str(cd.theory.linear_stability(np.ones((2, 3)), np.ones((1, 2)))).startswith("stable: λ_min = 2")
    origin = cd.theory.origin_spectrum([1.0, 2.0], d1=[1, 1], d2=[1, 1, -1])
    assert str(origin).startswith("rates ±λ at W = 0: 2 saddles, 1 centres")
    sweep = cd.sweeps.Sweep(
        axes={"hidden": [0, 0.5]}, student_teacher={"n_inputs": 4, "n_hidden": 6, "trials": 3}, training={"epochs": 5}
    )
    assert str(cd.sweeps.plan(sweep, calibrate=False)).startswith("2 cells of 3 trials, 30 updates; about ")
