"""Every unusable input gets one sentence that names the argument, what is accepted and what came."""

from dataclasses import replace

import numpy as np
import pytest

import curldescent as cd
from curldescent.model.two_weights import TwoWeights
from tests.conftest import random_problem

X = np.ones((4, 3))
W1, W2 = np.ones((2, 3)), np.ones((1, 2))
STUDENT = cd.Weights(hidden=W1, readout=W2)
TABLE = {"a": np.arange(6.0), "b": np.ones(6), "word": np.array(["x", "y", "x", "y", "x", "z"])}


def problem(**changes):
    return cd.Problem(**{"inputs": X, "student": STUDENT, "teacher": STUDENT, **changes})


def sample(**changes):
    return cd.student_teacher(**{"n_inputs": 3, "n_hidden": 2, **changes})


def train(rule=None, **changes):
    return cd.train(random_problem(), rule or cd.Plasticity(), **{"epochs": 3, **changes})


def table(**changes):
    return cd.from_data(TABLE, **{"targets": "b", "n_hidden": 2, "inputs": "a", **changes})


NAN = np.array([[1.0, np.nan, 0.0]])
CASES = {
    "weights of one layer only": (lambda: cd.Weights(hidden=[1.0], readout=W2), "hidden weights must have 2 or 3 dim"),
    "layers that do not fit": (
        lambda: cd.Weights(hidden=W1, readout=np.ones((1, 5))),
        r"one column per hidden neuron, \(O, 2\), got shape \(1, 5\)",
    ),
    "one layer with trials": (lambda: cd.Weights(hidden=W1[None], readout=W2), "both have the same trial axis"),
    "different trial counts": (
        lambda: cd.Weights(hidden=np.ones((3, 2, 3)), readout=np.ones((2, 1, 2))),
        "both have the same trial axis",
    ),
    "text as weights": (lambda: cd.Weights(hidden=[["a", "b"]], readout=W2), "real numeric array, got dtype"),
    "complex weights": (lambda: cd.Weights(hidden=W1 + 1j, readout=W2), "real numeric array, got dtype complex128"),
    "infinite weights": (lambda: cd.Weights(hidden=W1 * np.inf, readout=W2), "must be finite, got inf at index"),
    "ragged weights": (lambda: cd.Weights(hidden=[[1.0], [1.0, 2.0]], readout=W2), "rows of different lengths"),
    "empty inputs": (lambda: problem(inputs=np.ones((0, 3))), r"inputs must not be empty, got shape \(0, 3\)"),
    "NaN inputs": (lambda: problem(inputs=NAN), r"inputs must be finite, got nan at index \(0, 1\)"),
    "inputs of the wrong width": (
        lambda: problem(inputs=np.ones((4, 7))),
        r"inputs must have shape \(4, 3\) \(samples, the student's inputs\), got \(4, 7\)",
    ),
    "inputs without samples axis": (lambda: problem(inputs=np.ones(3)), r"inputs must have 2 dim.* got shape \(3,\)"),
    "test inputs of the wrong width": (lambda: problem(test_inputs=np.ones((4, 2))), "test_inputs must have shape"),
    "NaN test inputs": (lambda: problem(test_inputs=NAN), "test_inputs must be finite"),
    "unknown activation": (
        lambda: problem(activation="tanhh"),
        "activation must be one of 'linear', .* got 'tanhh'; did you mean 'tanh'",
    ),
    "unknown output activation": (lambda: problem(output_activation="Relu"), "output_activation .* mean 'relu'"),
    "arrays for a student": (lambda: problem(student=W1), r"student must be cd.Weights\(.*\), got ndarray"),
    "no targets": (lambda: problem(teacher=None), "either teacher or targets, got neither"),
    "two kinds of targets": (lambda: problem(targets=np.ones((4, 1))), "either teacher or targets, got both"),
    "targets of the wrong shape": (
        lambda: problem(teacher=None, targets=np.ones((3, 1))),
        r"targets must have shape \(4, 1\) .* got \(3, 1\)",
    ),
    "test inputs without test targets": (
        lambda: problem(teacher=None, targets=np.ones((4, 1)), test_inputs=X),
        "test_inputs and test_targets go together",
    ),
    "a teacher of other width": (
        lambda: problem(teacher=cd.Weights(hidden=np.ones((2, 5)), readout=W2)),
        r"teacher must have the student's inputs and outputs, \(M, O\) = \(3, 1\), got \(5, 1\)",
    ),
    "trial axes of different lengths": (
        lambda: problem(
            student=cd.Weights(hidden=np.ones((3, 2, 3)), readout=np.ones((3, 1, 2))),
            teacher=cd.Weights(hidden=np.ones((4, 2, 3)), readout=np.ones((4, 1, 2))),
        ),
        "every trial axis must have the same length, got student: 3, teacher: 4",
    ),
    "no teacher to start at": (
        lambda: problem(teacher=None, targets=np.ones((4, 1))).starting_at_teacher(),
        "needs a problem with a teacher",
    ),
    "no neurons": (lambda: sample(n_hidden=0), "n_hidden must be a whole number at least 1, got 0"),
    "half a neuron": (lambda: sample(n_inputs=2.5), "n_inputs must be a whole number at least 1, got 2.5"),
    "a boolean size": (lambda: sample(n_inputs=True), "n_inputs must be a whole number"),
    "negative scale": (lambda: sample(student_scale=-1), "student_scale must be zero or a positive number, got -1"),
    "infinite scale": (lambda: sample(teacher_scale=np.inf), "teacher_scale must be a finite number, got inf"),
    "unknown distribution": (lambda: sample(distribution="unifrom"), "distribution .* did you mean 'uniform'"),
    "negative seed": (lambda: sample(seed=-1), "seed must be a whole number at least 0"),
    "covariance of the wrong size": (lambda: sample(covariance=np.eye(2)), r"covariance must have shape \(3, 3\)"),
    "negative variance": (lambda: sample(covariance=-1.0), "no negative variance, got -1"),
    "asymmetric covariance": (lambda: sample(covariance=np.triu(np.ones((3, 3)))), "covariance must be symmetric"),
    "indefinite covariance": (lambda: sample(covariance=np.diag([1.0, 1, -1])), "positive semi-definite, got an eig"),
    "fraction above one": (lambda: cd.Plasticity(hidden=1.2), "hidden plasticity .* between 0 and 1, got 1.2"),
    "negative fraction": (lambda: cd.Plasticity(readout=-0.1), "readout plasticity .* between 0 and 1, got -0.1"),
    "NaN fraction": (lambda: cd.Plasticity(readout=np.nan), "readout plasticity must be a finite number"),
    "text as plasticity": (
        lambda: cd.Plasticity(hidden="half"),
        "an array of strengths, got 'half'",
    ),
    "NaN strengths": (lambda: cd.Plasticity(hidden=[1.0, np.nan]), "hidden plasticity must be finite"),
    "unknown flips": (lambda: cd.Plasticity(flips="pre"), "flips must be one of 'presynaptic', 'postsynaptic'"),
    "unknown feedback": (lambda: cd.Plasticity(feedback="randm"), "feedback .* did you mean 'random'"),
    "zero feedback": (lambda: cd.Plasticity(feedback_scale=0), "feedback_scale must be a positive number, got 0"),
    "strengths for another network": (
        lambda: train(cd.Plasticity(hidden=np.ones(4))),
        r"hidden plasticity must have shape \(7,\) \(presynaptic: one for each of the inputs\), got \(4,\)",
    ),
    "synapse strengths for another network": (
        lambda: train(cd.Plasticity(readout=np.ones((5, 3)))),
        r"readout plasticity must have shape \(3, 5\)",
    ),
    "feedback for another network": (
        lambda: train(cd.Plasticity(feedback=np.ones((3, 5)))),
        r"feedback must have shape \(5, 3\)",
    ),
    "no rule": (lambda: cd.train(random_problem(), 0.1, epochs=3), "must be a cd.Plasticity.*got float"),
    "an empty list of rules": (lambda: cd.train(random_problem(), [], epochs=3), "got none"),
    "no problem": (lambda: cd.train(X, cd.Plasticity(), epochs=3), "problem must be a cd.Problem, got ndarray"),
    "no epochs": (lambda: train(epochs=0), "epochs must be a whole number between 1 and 9007199254740992, got 0"),
    "no step": (lambda: train(learning_rate=0), "learning_rate must be a positive number, got 0"),
    "text as step": (lambda: train(learning_rate="fast"), "learning_rate must be a finite number, got 'fast'"),
    "a batch larger than the data": (
        lambda: train(batch_size=24),
        "batch_size must be at most the 23 training samples, got 24",
    ),
    "an empty batch": (lambda: train(batch_size=0), "batch_size must be a whole number at least 1"),
    "unknown output error": (lambda: train(output_error="delt"), "output_error .* did you mean 'delta'"),
    "unknown precision": (lambda: train(dtype="float16"), "dtype must be one of 'float64', 'float32'"),
    "norms neither kept nor not": (lambda: train(preserve_norms="yes"), "preserve_norms must be true or false"),
    "a number for a choice": (lambda: train(record_weights=5), "record_weights must be true or false"),
    "recording after the end": (lambda: train(record=[0, 9]), "record must be a whole number between 0 and 3, got 9"),
    "recording backwards": (lambda: train(record=[2, 1]), r"increasing epochs between 0 and 3, got \[2, 1\]"),
    "recording nothing": (lambda: train(record=[]), "record must list increasing epochs"),
    "a threshold of zero": (lambda: train(stop_below=0.0), "stop_below must be a positive number"),
    "three errors to stop below": (lambda: train(stop_below=[1e-3, 1e-3, 1e-3]), "a training and a test error, got"),
    "a test error to stop below without a test": (
        lambda: cd.train(problem(), cd.Plasticity(), epochs=3, stop_below=[1e-3, 1e-3]),
        "stop_below names a test error, but the problem has no test samples",
    ),
    "missing file": (lambda: cd.from_data("nope.csv", targets="y", n_hidden=2), "file 'nope.csv' does not exist"),
    "unknown kind of file": (
        lambda: cd.from_data("x.xlsx", targets="y", n_hidden=2),
        r"ending in \.csv, \.tsv, .*\.npz, \.parquet, got",
    ),
    "a list as data": (lambda: cd.from_data([1, 2], targets="y", n_hidden=2), "data must be a file.*got list"),
    "no target": (lambda: table(targets=[]), "targets must name at least one column; there are 'a', 'b', 'word'"),
    "a column left out and used": (lambda: table(exclude="a"), "'a' is named in inputs and in exclude"),
    "a target kept as input": (lambda: table(keep="b"), "'b' is named both as target and in keep"),
    "leaving out what is not there": (
        lambda: table(exclude="aa"),
        "exclude: there is no column 'aa'; did you mean 'a'",
    ),
    "another way with missing values": (lambda: table(missing="guess"), "missing must be one of 'refuse', 'drop'"),
    "a separator for a mapping": (lambda: table(separator=";"), "separator is for text files .*, got a dict"),
    "an unknown separator": (lambda: table(separator="x"), "separator must be ',', ';', '|', 'tab' or 'whitespace'"),
    "an unknown decimal mark": (lambda: table(decimal=";"), "decimal must be one of '.', ','"),
    "an unknown encoding": (lambda: table(encoding="utf-9"), "encoding must be one that Python knows.* got 'utf-9'"),
    "an encoding that is none of text": (lambda: table(encoding="base64"), "encoding must be one that Python knows"),
    "numbers as marks": (lambda: table(missing_marks=[1]), "missing_marks must be a text or a list of texts"),
    "scores of samples that are not there": (
        lambda: cd.scores(replace(problem(), test_inputs=None), train(), samples="test"),
        "scores needs test samples",
    ),
    "units without a table": (lambda: cd.predict(problem(), train(), units="data"), "units='data' needs a problem of"),
    "missing column": (lambda: table(targets="wrd"), "targets: there is no column 'wrd'; did you mean 'word'"),
    "column on both sides": (lambda: table(inputs=["a", "b"]), "'b' is named both as input and as target"),
    "column named twice": (lambda: table(inputs=["a", "a"]), "inputs name a column twice"),
    "names of rows as inputs": (
        lambda: cd.from_data({"word": list("abcdef"), "b": np.ones(6)}, inputs="word", n_hidden=2),
        "'word' must be numeric or hold classes, got 6 different",
    ),
    "labels that are numbers": (
        lambda: table(targets="a", inputs="b", one_hot=True),
        "at least 2 classes with 2 samples each on average",
    ),
    "nothing left to train": (lambda: table(test_fraction=0.99), "leaves no training sample of 6"),
    "all for testing": (lambda: table(test_fraction=1), "test_fraction must be at least 0 and below 1, got 1"),
    "columns of different lengths": (
        lambda: cd.from_data({"a": [1.0, 2], "b": [1.0], "c": [1.0, 2]}, targets="c", n_hidden=2),
        "as many samples each, got 'a': 2, 'b': 1",
    ),
    "a threshold below zero": (
        lambda: cd.epochs_to_threshold(train().train_error, -1),
        "threshold must be a positive number, got -1",
    ),
    "accuracy without classes": (lambda: cd.accuracy(random_problem(), train()), "one-hot targets"),
    "prediction of other inputs": (lambda: cd.predict(random_problem(), train(), X), "inputs must have shape"),
    "a start off the plane": (lambda: TwoWeights().trajectory([1.0], time=1), r"start must have shape \(2,\)"),
    "a path into infinity": (
        lambda: TwoWeights(hidden=-1.0, readout=-1.0).trajectory([2, 2], time=100),
        "cannot be followed to time 100",
    ),
    "backward time": (lambda: TwoWeights().trajectory([1, 1], time=-1), "time must be a positive number"),
    "no points": (lambda: cd.log_epochs(10, 1), "points must be a whole number between 2 and 1000000"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_gets_one_sentence(case):
    call, sentence = CASES[case]
    with pytest.raises(ValueError, match=sentence) as caught:
        call()
    assert isinstance(caught.value, cd.InputError)
    assert "\n" not in str(caught.value)
