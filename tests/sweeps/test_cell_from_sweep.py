"""One cell of a sweep, taken out by its coordinates."""

import numpy as np
import pytest

import curldescent as cd
from curldescent.sweeps.description.predicted_eigenvalue import predicted_lambda_min
from tests.sweeps.conftest import fill, small

SIZES = {"zip": {"n_inputs": [3, 5], "n_hidden": [4, 2]}, "labels": ["wide", "narrow"]}

SMALL = {"n_inputs": 4, "n_hidden": 3, "n_train": 20, "n_test": 5}


def labelled(**changes):
    arguments = {
        "axes": {"size": SIZES, "learning_rate": cd.sweeps.lin(0.1, 0.3, 3)},
        "rules": {"GD": {}, "CD": {"readout": 0.5}},
        "student_teacher": {"n_train": 20, "n_test": 5, "trials": 2},
        "keep": {"error_curves": True, "order_parameter": 5},
    }
    return small(**{**arguments, **changes})


@pytest.mark.parametrize("place", [("GD", "wide", 0), ("CD", "narrow", 2)])
def test_training_it_gives_the_stored_numbers_to_the_bit(tmp_path_factory, place):
    rule, size, number = place
    sweep = labelled()
    index = (("GD", "CD").index(rule), ("wide", "narrow").index(size), number)
    every = set(sweep.grid.indices())
    data = cd.sweeps.open(fill(sweep, tmp_path_factory.mktemp("cell") / "store", skip=every - {index})).load()
    rate = data.learning_rate[number]
    cell = sweep.cell(rule=rule, size=size, learning_rate=rate)
    history = cd.train(cell.problem, cell.rule, **cell.training)
    stored = data.sel(rule=rule, size=size, learning_rate=rate)
    assert np.isfinite(stored.train_error).all()
    np.testing.assert_array_equal(history.train_error, stored.train_error)
    np.testing.assert_array_equal(history.test_error, stored.test_error)


def test_what_it_says_of_itself():
    cell = labelled().cell(rule="CD", size="wide", learning_rate=0.2)
    assert (cell.problem.student.n_inputs, cell.problem.student.n_hidden) == (3, 4)
    assert cell.training["learning_rate"] == 0.2
    assert cell.rule.readout == 0.5
    assert cell.problem is cell.problem
    assert repr(cell) == "Cell(rule={'readout': 0.5}, n_inputs=3, n_hidden=4, learning_rate=0.2)"


def test_an_axis_of_one_position_needs_no_word_and_positions_without_names_are_numbers():
    pairs = {"zip": {"n_inputs": [3, 5], "n_hidden": [4, 2]}}
    sweep = labelled(axes={"size": pairs, "hidden": [0.5]}, rules=None)
    assert sweep.cell(size=1).values == {"n_inputs": 5, "n_hidden": 2, "hidden": 0.5}
    assert sweep.cell(size=np.int64(0)).values["n_inputs"] == 3


BAD = {
    "no such axis": ({"rul": "CD"}, r"the sweep has no axis 'rul'; did you mean 'rule'\?"),
    "an axis left out": (
        {"rule": "CD", "size": "wide"},
        r"axis 'learning_rate' of the sweep has 0.1, 0.2, 0.3; say whi",
    ),
    "no such rule": ({"rule": "XD"}, "axis 'rule' of the sweep has 'GD', 'CD'; say which of them, got 'XD'"),
    "several": ({"rule": ["GD", "CD"]}, "axis 'rule' .* say which of them, got "),
    "an array": ({"rule": np.array(["GD", "CD"])}, "axis 'rule' .* say which of them, got "),
    "between two": ({"rule": "GD", "size": "wide", "learning_rate": 0.25}, "say which of them, got 0.25"),
}


@pytest.mark.parametrize("case", BAD)
def test_places_that_are_not_there_are_refused(case):
    where, message = BAD[case]
    with pytest.raises(cd.InputError, match=message):
        labelled().cell(**where)


UNKNOWN = {
    "a misspelt kind": ({"kind": "oia"}, r"\[rules.X\] kind must be one of .*'oja'.*, got 'oia'"),
    "a number": ({"kind": 3}, r"\[rules.X\] kind must be one of .*, got 3"),
    "another kind's entry": ({"kind": "oja", "hidden": 0.5}, r"\[rules.X\] has an unknown entry 'hidden'"),
    "a kind in a kind": ({"kind": "oja", "plasticity": {"kind": "oja"}}, "without a kind"),
    "a kind of plasticity": ({"plasticity": {"hidden": 0.5}}, r"\[rules.X\] has an unknown entry 'plasticity'"),
    "strengths of text": ({"kind": "oja", "plasticity": "GD"}, r"\[rules.X\] plasticity must be a section"),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_rule_that_there_is_not_is_refused_in_one_sentence(case):
    rule, message = UNKNOWN[case]
    with pytest.raises(cd.InputError, match=message):
        labelled(rules={"X": rule})


def test_the_usual_kind_is_the_same_rule_by_name():
    named, plain = (labelled(rules={"CD": {"readout": 0.5, **kind}}) for kind in ({"kind": "plasticity"}, {}))
    assert named.grid.cell_keys() == plain.grid.cell_keys()


OTHERS = {
    "GD": {},
    "Oja": {"kind": "oja", "decay": 0.5, "plasticity": {"hidden": 0.5}},
    "noise": {"kind": "node_perturbation", "noise": 0.3},
}


@pytest.mark.usefixtures("in_this_process")
def test_rules_of_other_kinds_go_through_a_sweep(tmp_path):
    sweep = labelled(
        axes={"hidden_noise": [0.0]}, rules=OTHERS, start={"at": "teacher"}, student_teacher={**SMALL, "trials": 2}
    )
    assert cd.sweeps.run(sweep, tmp_path / "store", workers=1).complete
    data = cd.sweeps.open(tmp_path / "store").load()
    assert data.hidden_flipped.values.tolist() == [0, 2, 0]
    assert np.isfinite(data.train_error).all()
    cell = cd.sweeps.Store(tmp_path / "store").sweep.cell(rule="Oja")
    assert isinstance(cell.rule, cd.rules.Oja)
    assert (cell.rule.decay, cell.rule.plasticity.hidden) == (0.5, 0.5)
    for rule in OTHERS:
        cell = sweep.cell(rule=rule)
        history = cd.train(cell.problem, cell.rule, **cell.training)
        np.testing.assert_array_equal(history.train_error, data.train_error.sel(rule=rule, hidden_noise=0))
    with pytest.raises(cd.InputError, match=r"keep.lambda_min needs plasticity, got a rule of kind 'oja'"):
        predicted_lambda_min(sweep.cell(rule="Oja").arguments)


def test_a_parameter_of_plasticity_is_no_axis_of_another_kind():
    with pytest.raises(cd.InputError, match="the cell's rule has an unknown entry 'hidden'"):
        assert labelled(axes={"hidden": [0.5], "size": SIZES}, rules={"D": OTHERS["noise"]}).cell(size="wide").rule


@pytest.mark.parametrize("record", [None, 4, [0, 2, 5]], ids=["usual", "a number of points", "epochs"])
def test_when_it_records_is_said_as_the_sweep_says_it(record):
    training = {"epochs": 5, **({} if record is None else {"record": record})}
    cell = small(axes={}, student_teacher=SMALL, training=training).cell()
    assert cell.training["record"] == record
    history = cd.train(cell.problem, cell.rule, **cell.training)
    np.testing.assert_array_equal(history.epoch, cell.arguments.recorded)
