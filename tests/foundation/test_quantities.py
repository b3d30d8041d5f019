"""Every variable of every labelled result says what it is and in which unit."""

import numpy as np
import pytest
import xarray as xr

import curldescent as cd
from curldescent.foundation import quantities
from curldescent.sweeps.description import parameter_sections
from tests.learning.test_rules import Averaged
from tests.sweeps.conftest import fill

CD = cd.Plasticity(readout=0.5)
TABLE = cd.from_data({"a": np.arange(20.0) % 7, "b": np.arange(20.0) ** 2}, n_hidden=4, trials=2)
RULES = {"GD": cd.Plasticity(), "CD": CD}


@pytest.fixture(scope="module")
def problem():
    targets = np.eye(2)[np.random.default_rng(0).integers(0, 2, (20, 1))][:, 0]
    sampled = cd.student_teacher(n_inputs=3, n_hidden=4, n_outputs=2, n_train=20, n_test=20, trials=2)
    return cd.Problem(
        inputs=sampled.inputs,
        targets=targets,
        test_inputs=sampled.test_inputs,
        test_targets=targets,
        student=sampled.student,
    )


def logistic(x, r):
    return r * x * (1 - x)


RESULTS = {
    "train": lambda p: cd.train(p, RULES, epochs=3, record_weights=True),
    "train, deep": lambda _: cd.train(cd.student_teacher(n_inputs=3, n_hidden=[4, 4], n_train=9), CD, epochs=1),
    "train, memory": lambda p: cd.train(p, Averaged(), epochs=1),
    "flow": lambda p: cd.flow(p, RULES, time=0.1, record=3, record_weights=True),
    "predict": lambda p: cd.predict(p, cd.train(p, RULES, epochs=1)),
    "accuracy": lambda p: cd.accuracy(p, cd.train(p, RULES, epochs=1)),
    "predict, of a table": lambda _: cd.predict(TABLE, cd.train(TABLE, RULES, epochs=1), units="data"),
    "scores": lambda _: cd.scores(TABLE, cd.train(TABLE, RULES, epochs=1)),
    "scores, classes": lambda p: cd.scores(p, cd.train(p, RULES, epochs=1)),
    "epochs_to_threshold": lambda p: cd.epochs_to_threshold(cd.train(p, RULES, epochs=3).train_error, 0.1),
    "summarise_epochs": lambda p: cd.summarise_epochs(
        cd.epochs_to_threshold(cd.train(p, RULES, epochs=3).train_error, 0.1)
    ),
    "phase_diagram": lambda _: cd.theory.phase_diagram("hidden", resolution=3),
    "phase_diagram, joint": lambda _: cd.theory.phase_diagram("joint", resolution=3, ratio=0.5, quantity="lambda_min"),
    "order_parameter": lambda p: cd.analysis.order_parameter(p, CD, epochs=6, window=3, layer="readout"),
    "follow_exponents": lambda _: cd.analysis.follow_exponents(logistic, [0.3], [3.2, 4.0], args=float, time=200),
    **{
        name: lambda p, name=name, options=options: getattr(cd.analysis, name)(
            p, CD, trial=None, **options
        ).to_dataset()
        for name, options in {
            "stability": {},
            "flip_margins": {},
            "largest_stable_flips": {},
            "jacobian_spectrum": {},
            "circulation": {},
            "curl": {},
            "lyapunov": {"time": 50.0},
            "regime": {"time": 50.0},
        }.items()
    },
}


def unlabelled(data):
    variables = data.variables if isinstance(data, xr.Dataset) else {"itself": data, **data.coords}
    return [name for name, variable in variables.items() if not {"long_name", "units"} <= set(variable.attrs)]


@pytest.mark.parametrize("name", RESULTS)
def test_every_variable_has_a_name_and_a_unit(name, problem):
    assert unlabelled(RESULTS[name](problem)) == []


def test_and_so_has_every_variable_of_a_sweep(tmp_path):
    sweep = cd.sweeps.Sweep(
        axes={
            "size": {"zip": {"ratio": [0.5, 0.7], "n_train": [5, 10]}, "labels": ["small", "large"]},
            "hidden": [0, 0.5],
            "teacher_scale": [0.5, 1.0],
        },
        rules={"GD": {}, "CD": {"readout": 0.5}},
        student_teacher={"total": 9, "trials": 2},
        training={"epochs": 5},
        keep=cd.sweeps.Keep(error_curves=True, epochs_to=[0.1], maximum_error=True, order_parameter=3, weights=True),
    )
    data = cd.sweeps.open(fill(sweep, tmp_path / "store"))
    assert unlabelled(data) == []
    assert data.epochs_to_train.attrs["units"] == "epochs"
    assert data.size.attrs["long_name"] == "place on the axis size"


def test_everything_that_can_be_an_axis_or_be_kept_has_a_name():
    kept = cd.sweeps.Keep()
    from curldescent.sweeps.description.keep import VARIABLES

    for name in (*parameter_sections.section_of(), "trial", "epoch", "threshold", "rule"):
        assert quantities.attributes(name), name
    for name in VARIABLES:
        assert set(kept.attributes(name)) == {"long_name", "units"}, name


def test_times_rates_and_losses_are_told_apart(problem):
    history, flow = cd.train(problem, CD, epochs=1), cd.flow(problem, CD, time=0.1, record=2)
    assert history.diverged_at.attrs["units"] == "epochs"
    assert flow.diverged_at.attrs["units"] == flow.time.attrs["units"] == quantities.TIME
    assert history.train_error.attrs["long_name"] == "training error ½⟨‖ŷ − y‖²⟩"
    found = cd.analysis.stability(problem, CD, trial=None).to_dataset()
    assert (found.lambda_min.attrs["units"], found.margin.attrs["units"]) == ("1/time", "1")
    other = cd.student_teacher(n_inputs=3, n_hidden=4, n_train=9, loss="cross_entropy", output_activation="sigmoid")
    for named in (cd.train(other, CD, epochs=1), cd.flow(other, CD, time=0.1, record=2)):
        assert named.train_error.attrs["long_name"] == "training mean loss (cross_entropy)"


def test_what_a_variable_says_already_stays():
    given = xr.Dataset({"q": ("trial", [1.0], {"units": "mine"}), "theirs": ("trial", [1.0])})
    found = quantities.labelled(given)
    assert found.q.attrs == {"units": "mine", "long_name": "order parameter over all weights"}
    assert found.theirs.attrs == {}
