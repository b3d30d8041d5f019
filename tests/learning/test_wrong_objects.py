"""Wide students and grids of epochs with every wrong public object."""

import pytest

import curldescent as cd
from tests.wrong_objects import cases, walk

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")

# function -> valid arguments; every one of them is exchanged for every object in turn
CALLS = {
    cd.log_epochs: {"epochs": 10, "points": 3},
    cd.wide_students: {
        "n_inputs": 2,
        "n_hidden": 2,
        "n_train": 4,
        "n_test": 2,
        "student_scale": 1.0,
        "readout": 0.0,
        "teacher_scale": 1.0,
        "distribution": "normal",
        "hidden_gain": None,
        "covariance": None,
        "trials": 1,
        "seed": 0,
    },
}


@pytest.mark.slow
@pytest.mark.usefixtures("finished_sweep")
@pytest.mark.parametrize(("function", "name"), cases(CALLS))
@pytest.mark.filterwarnings("ignore")
def test_wrong_objects_get_one_sentence(function, name):
    walk(CALLS, function, name)
