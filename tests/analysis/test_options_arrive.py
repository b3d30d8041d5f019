"""Every option of an analysis does something, or is refused: what is accepted in silence is believed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import curldescent as cd
from curldescent import analysis as A
from curldescent.foundation.errors import InputError

PROBLEM = cd.student_teacher(n_inputs=3, n_hidden=4, n_train=10, trials=2, activation="linear")
WIDE = cd.student_teacher(n_inputs=2, n_hidden=9, n_train=10, activation="linear")
RULE = cd.Plasticity(readout=0.5)
DRAWN = cd.Plasticity(feedback="random")


def made(kind: str) -> Any:
    if kind == "dynamics":
        return A.learning_dynamics(PROBLEM, RULE)
    return cd.field(PROBLEM, RULE) if kind == "network" else cd.field(lambda x: -x, np.ones(3))


FOLLOWING: dict[str, Callable[..., Any]] = {
    "learning_dynamics": A.learning_dynamics,
    "lyapunov": lambda s, **o: A.lyapunov(s, time=2.0, **o),
    "watch": lambda s, **o: A.watch(s, time=2.0, **o),
    "regime": lambda s, **o: A.regime(s, time=2.0, refine=None, **o),
    "late_order_parameter": lambda s, **o: A.late_order_parameter(s, window=2.0, **o),
    "covariant_vectors": lambda s, **o: A.covariant_vectors(s, time=1, count=1, transient=1, settle=1, **o),
    "escape": lambda s, **o: A.escape(s, time=1.0, **o),
    "critical_points_along": lambda s, **o: A.critical_points_along(s, states=np.zeros((1, 16)), **o),
}
OF_FIELDS: dict[str, Callable[..., Any]] = {
    "curl": A.curl,
    "circulation": A.circulation,
    "jacobian_spectrum": A.jacobian_spectrum,
    "stability": A.stability,
    "flip_margins": A.flip_margins,
    "largest_stable_flips": A.largest_stable_flips,
    "critical_point": A.critical_point,
    "spectrum_at": A.spectrum_at,
    "field": cd.field,
}


@pytest.mark.parametrize("analysis", FOLLOWING)
def test_learning_dynamics_take_no_settings_of_problems(analysis: str) -> None:
    others: dict[str, Any] = {"preserve_norms": True, "output_error": "mse", "learning_rate": 0.01}
    if analysis != "regime":  # which makes a flow of them
        others["continuous"] = True
    here = {"trial": 1} if analysis == "critical_points_along" else others | {"trial": 1}
    for name, value in here.items():
        with pytest.raises(InputError, match=name):
            FOLLOWING[analysis](made("dynamics"), **{name: value})


@pytest.mark.parametrize("kind", ["network", "function"])
@pytest.mark.parametrize("analysis", ["learning_dynamics", "lyapunov", "watch", "regime", "late_order_parameter"])
def test_fields_that_are_followed_take_no_choices_of_problems(analysis: str, kind: str) -> None:
    for name, value in {"trial": 1, "preserve_norms": True, "output_error": "mse"}.items():
        with pytest.raises(InputError, match=f"^{name} is for problems"):
            FOLLOWING[analysis](made(kind), **{name: value})
    assert FOLLOWING["learning_dynamics"](made(kind), trial=np.int64(0), output_error="delta").dt == 0.1


@pytest.mark.parametrize("analysis", OF_FIELDS)
def test_fields_take_no_choices_of_problems(analysis: str) -> None:
    with pytest.raises(InputError, match=r"^trial is for problems"):
        OF_FIELDS[analysis](made("network"), trial=1)


def test_a_field_is_what_it_is() -> None:
    for name, value in {"trial": 1, "preserve_norms": True, "output_error": "mse", "batch_size": 4}.items():
        for made_of in ((made("network"),), (lambda x: -x, np.ones(3))):
            with pytest.raises(InputError, match=f"^{name} is for problems"):
                cd.field(*made_of, **{name: value})
    with pytest.raises(InputError, match=r"^output_error is for problems"):
        A.stability(made("function"), output_error="mse")
    for rule, options in ((DRAWN, {}), (RULE, {"preserve_norms": True})):
        with pytest.raises(InputError, match="batch_size"):
            cd.field(PROBLEM, rule, batch_size=3, **options)
    with pytest.raises(InputError, match="batch_size"):
        cd.field(PROBLEM, RULE, batch_size=-1)
    same, whole = (cd.field(PROBLEM, RULE, batch_size=size).velocity() for size in (3, None))
    np.testing.assert_allclose(same, whole, rtol=1e-12)


def test_the_step_of_a_problem_is_its_learning_rate() -> None:
    ask: dict[str, Any] = {"time": 1, "count": 1, "transient": 1, "settle": 1}
    for more in ({"dt": 0.01}, {"args": 1.0}):
        with pytest.raises(InputError, match="for maps"):
            A.covariant_vectors(PROBLEM, RULE, **ask, **more)
    for more in ({"learning_rate": 0.5}, {"continuous": True}):
        with pytest.raises(InputError, match="their own step"):
            A.step_size_check(PROBLEM, RULE, dt=0.05, time=2.0, **more)
    assert A.step_size_check(made("dynamics"), dt=0.05, time=2.0).coarse.dt == 0.05
    with pytest.raises(InputError, match="reduced"):
        A.learning_dynamics(A.learning_dynamics(WIDE, cd.Plasticity()), reduce=False)


SEEDED: dict[str, Callable[..., float]] = {
    "curl": lambda s, *r, seed: A.curl(s, *r, seed=seed).antisymmetric,
    "circulation": lambda s, *r, seed: A.circulation(s, *r, seed=seed, plane=np.eye(16)[[0, 12]]).value,
    "jacobian_spectrum": lambda s, *r, seed: A.jacobian_spectrum(s, *r, seed=seed).growth,
    "stability": lambda s, *r, seed: A.stability(s, *r, seed=seed, trial=0 if r else None).lambda_min,
}


@pytest.mark.parametrize("analysis", SEEDED)
def test_the_seed_draws_the_feedback_too(analysis: str) -> None:
    ask = SEEDED[analysis]
    first, second = (ask(PROBLEM, DRAWN, seed=seed) for seed in (0, 5))
    assert first != second
    assert second == ask(cd.field(PROBLEM, DRAWN, seed=5), seed=5)


FOLLOWED: dict[str, Callable[..., np.ndarray]] = {
    "covariant_vectors": lambda *s, **o: A.covariant_vectors(*s, time=1, count=1, transient=1, settle=1, **o).states,
    "escape": lambda *s, **o: A.escape(*s, kick=np.full(16, 1e-6), time=3.0, **o).loss,
}


@pytest.mark.parametrize("analysis", FOLLOWED)
def test_the_seed_draws_the_feedback_of_what_is_followed(analysis: str) -> None:
    ask = FOLLOWED[analysis]
    found, other = (ask(PROBLEM, DRAWN, seed=seed, reduce=False) for seed in (5, 0))
    np.testing.assert_array_equal(found, ask(A.learning_dynamics(PROBLEM, DRAWN, seed=5, reduce=False), seed=5))
    assert np.abs(found - other).max() > 1e-6


def test_order_parameters_are_of_one_rule() -> None:
    for several in ({"a": RULE, "b": DRAWN}, [RULE, DRAWN]):
        with pytest.raises(InputError, match="one rule"):
            A.order_parameter(PROBLEM, several, epochs=20, window=5)  # type: ignore[arg-type]


def test_a_descent_profile_is_of_the_trial_that_was_run() -> None:
    run = cd.train(PROBLEM, RULE, epochs=5, record=range(6), record_weights=True)
    with pytest.raises(InputError, match="of trial 1"):
        A.descent_profile(PROBLEM, RULE, run=run.isel(trial=1))
    found = A.descent_profile(PROBLEM, RULE, run=run.isel(trial=1), trial=1)
    np.testing.assert_allclose(found.loss, run.train_error.values[1], rtol=1e-12)


def test_counts_are_whole_numbers() -> None:
    for call in (
        lambda: A.watch(made("dynamics"), time=2.0, pieces=0),
        lambda: A.watch(made("dynamics"), time=2.0, pieces=2.5),  # type: ignore[arg-type]
        lambda: A.escape(PROBLEM, RULE, time=1.0, sample=0),
        lambda: A.circulation(PROBLEM, RULE, plane=np.eye(16)[:2], seed="x"),  # type: ignore[arg-type]
        lambda: A.regime_of(A.watch(made("dynamics"), time=40.0), refined="calm"),  # type: ignore[arg-type]
    ):
        with pytest.raises(InputError):
            call()
