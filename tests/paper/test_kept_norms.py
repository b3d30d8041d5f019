"""The training error that kept norms put out of reach, against training, against search, and where it is exact."""

import numpy as np
import pytest

import curldescent as cd
from curldescent.foundation.errors import InputError
from curldescent.paper.machinery import kept_norms, speedup_protocol
from curldescent.paper.machinery.kept_norms import least_errors, least_errors_along
from curldescent.paper.published.fig5c_to_f import STUDENTS, TINY_SCALES
from tests.paper.speedup import constructed


def test_no_rule_gets_below_it() -> None:
    for activation in ("linear", "tanh"):
        problem = cd.student_teacher(
            n_inputs=10, n_hidden=4, n_train=60, activation=activation, student_scale=0.4, trials=4, seed=2
        )
        bound = least_errors(problem)
        assert (bound > 0).sum() >= 2
        rules = {"GD": cd.Plasticity(), "CD": cd.Plasticity(readout=0.5), "FA": cd.Plasticity(feedback="random")}
        history = cd.train(problem, rules, epochs=400, learning_rate=0.2, batch_size=10, preserve_norms=True, seed=1)
        assert (history.train_error.values >= bound[None, :, None] - 1e-15).all()


def test_a_search_of_students_with_those_norms_stays_above_it_and_comes_near() -> None:
    """Linear, rank one along the best input direction: the bound is the error of the best student."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 3)) @ np.diag([3.0, 1.0, 1.0])
    direction = np.linalg.eigh(x.T @ x)[1][:, -1]
    y = 5 * x @ direction[:, None]
    student = cd.Weights((rng.standard_normal((4, 3)), rng.standard_normal((1, 4))))
    problem = cd.Problem(inputs=x, student=student, targets=y, activation="linear")
    w1, w2 = (np.linalg.norm(layer) for layer in (student.hidden, student.readout))
    best = np.zeros((4, 3))
    best[0] = w1 * direction
    error = 0.5 * ((x @ best.T @ np.array([w2, 0, 0, 0]) - y[:, 0]) ** 2).mean()
    assert least_errors(problem).item() == pytest.approx(error)
    for _ in range(300):
        hidden, readout = rng.standard_normal((4, 3)), rng.standard_normal(4)
        hidden, readout = w1 * hidden / np.linalg.norm(hidden), w2 * readout / np.linalg.norm(readout)
        for squash in (np.array, np.tanh):
            found = 0.5 * ((squash(squash(x @ hidden.T) @ readout) - y[:, 0]) ** 2).mean()
            assert found >= error * (1 - 1e-12)


def test_large_students_are_not_bounded_and_others_are_refused() -> None:
    options = {"n_inputs": 6, "n_hidden": 4, "n_train": 30}
    assert (least_errors(cd.student_teacher(**options, activation="tanh", student_scale=3)) == 0).all()
    for wrong in ({"activation": "softplus"}, {"activation": "tanh", "n_outputs": 2}):
        with pytest.raises(InputError, match="least_errors is for"):
            least_errors(cd.student_teacher(**options, **wrong))


def test_bounds_are_of_the_students_that_the_sweep_trains() -> None:
    name = STUDENTS.least_errors
    assert {s: name in STUDENTS.experiments(s) for s in ("quick", "standard", "subset", "paper")} == {
        "quick": False, "standard": False, "subset": True, "paper": True,
    }  # fmt: skip
    made = STUDENTS.experiments("subset")[name]
    assert made.arguments["values"] == list(TINY_SCALES) == [0.01, 0.1, 0.2, 0.3]
    cell = STUDENTS.experiments("paper")["fig5d"].cell(student_scale=0.3, rule="CD")
    again = least_errors_along("student_scale", [0.3], 10, made.arguments["samples"])
    np.testing.assert_array_equal(again.least_error[0], least_errors(cell.problem))


@pytest.mark.parametrize(
    ("bound", "of", "holds"), [(2e-3, 40, True), (0.0, 40, None), (2e-3, 5, True)], ids=["out", "unknown", "few"]
)
def test_what_is_out_of_reach_counts_without_a_run(bound: float, of: int, holds: bool | None) -> None:
    import xarray as xr

    sweep = speedup_protocol.sweep({"student_scale": (1.0, 2.0)}, trials=10, epochs=5000)
    data = constructed(sweep, lambda rule, value, part, trial: 100.0)
    bounds = xr.Dataset(
        {"least_error": (("student_scale", "trial"), np.full((1, of), bound))}, {"student_scale": [0.3]}
    )
    found = kept_norms.never_reached(data, bounds, "student_scale", up_to=0.3, least=0.95)
    assert found.holds is holds
    assert (found.numbers["excluded"], found.numbers["students"]) == (of if bound > 1e-3 else 0, of)
    assert kept_norms.never_reached(data, None, "student_scale", up_to=0.3, least=0.95).holds is None
    # A run says more than its bound.
    assert kept_norms.never_reached(data, bounds, "student_scale", up_to=1.0, least=0.95).holds is not True
    for share, verdict in ((100.0, False), (np.inf, holds)):
        sweep = speedup_protocol.sweep({"student_scale": (0.1, 0.15, 0.2)}, trials=60, epochs=5000)
        ran = constructed(sweep, lambda *_, share=share: share)
        assert kept_norms.never_reached(ran, bounds, "student_scale", up_to=0.3, least=0.95).holds is verdict
    # One that the bound says nothing of leaves it open.
    one = bounds.copy(deep=True)
    one.least_error[0, 0] = 0.0
    assert kept_norms.never_reached(data, one, "student_scale", up_to=0.3, least=0.95).holds is None
