"""Problems, weights, flips and data with every wrong public object."""

import inspect

import numpy as np
import pytest

import curldescent as cd
from tests.wrong_objects import PROBLEM, cases, walk

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")

TABLE = {"x": np.arange(4.0), "y": np.arange(4.0) ** 2}
STUDENTS = {"n_inputs": 2, "n_hidden": 2, "n_outputs": 1, "n_train": 4, "n_test": 2, "student_scale": 1.0}
# function -> valid arguments; every one of them is exchanged for every object in turn
CALLS = {
    cd.from_data: {
        "source": TABLE,
        "inputs": "x",
        "targets": "y",
        "n_hidden": 2,
        "activation": "tanh",
        "output_activation": "linear",
        "exclude": None,
        "keep": None,
        "loss": None,
        "missing": "refuse",
        "separator": None,
        "decimal": None,
        "encoding": None,
        "comment": None,
        "missing_marks": (),
        "one_hot": False,
        "standardise": True,
        "standardise_targets": False,
        "test_fraction": 0.2,
        "student_scale": 1.0,
        "distribution": "uniform",
        "trials": 1,
        "seed": 0,
    },
    cd.student_teacher: {
        **STUDENTS,
        **{
            name: p.default
            for name, p in inspect.signature(cd.student_teacher).parameters.items()
            if name not in STUDENTS
        },
    },
    cd.Problem: {
        "inputs": np.ones((4, 2)),
        "student": PROBLEM.student,
        "teacher": None,
        "targets": np.ones((4, 1)),
        "test_inputs": np.ones((2, 2)),
        "test_targets": np.ones((2, 1)),
        "activation": "tanh",
        "output_activation": "linear",
        "data": None,
    },
    cd.Flips: dict.fromkeys(inspect.signature(cd.Flips).parameters) | {"fraction": 0.5},
    cd.Weights: {"hidden": np.ones((2, 2)), "readout": np.ones((1, 2))},
}


@pytest.mark.slow
@pytest.mark.usefixtures("finished_sweep")
@pytest.mark.parametrize(("function", "name"), cases(CALLS))
@pytest.mark.filterwarnings("ignore")
def test_wrong_objects_get_one_sentence(function, name):
    walk(CALLS, function, name)
