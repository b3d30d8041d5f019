import numpy as np
import pytest

import curldescent as cd
from curldescent.learning.experiment_file import read_experiment

GOOD = """
[student_teacher]
n_inputs = 4
n_hidden = 3
trials = 2

[rules.GD]
[rules.CD]
hidden = [1, -1, 1, 0.5]

[training]
epochs = 5
"""


def written(tmp_path, text):
    path = tmp_path / "experiment.toml"
    path.write_text(text)
    return path


def test_sections_are_the_python_arguments(tmp_path):
    read = read_experiment(written(tmp_path, GOOD))
    want = cd.student_teacher(n_inputs=4, n_hidden=3, trials=2)
    np.testing.assert_array_equal(read.problem.student.hidden, want.student.hidden)
    assert list(read.rules) == ["GD", "CD"]
    assert read.rules["CD"].strengths(n_inputs=4, n_hidden=3, n_outputs=1).hidden[0].tolist() == [1, -1, 1, 0.5]
    assert dict(read.training) == {"epochs": 5}


def test_data_files_are_found_beside_the_experiment(tmp_path):
    (tmp_path / "table.csv").write_text("x,y\n1,2\n3,4\n5,6\n")
    text = '[data]\nsource = "table.csv"\ntargets = "y"\nn_hidden = 2\n[training]\nepochs = 1\n'
    read = read_experiment(written(tmp_path, text))
    assert read.problem.student.n_inputs == 1
    assert list(read.rules) == ["GD"]


BAD = {
    "not TOML": ("[training", "is not TOML"),
    "unknown section": (GOOD + "[trainin]\n", r"the file has an unknown entry 'trainin'; did you mean 'training'"),
    "unknown problem key": (
        GOOD.replace("n_hidden", "n_hiden"),
        r"\[student_teacher\] .*'n_hiden'; did you mean 'n_hidden'",
    ),
    "unknown rule key": (GOOD.replace("hidden = [", "hiden = ["), r"\[rules.CD\] .*'hiden'; did you mean 'hidden'"),
    "unknown training key": (GOOD + "learning_rat = 1\n", "did you mean 'learning_rate'"),
    "an argument that files cannot give": (GOOD + "progress = 1\n", "unknown entry 'progress'"),
    "missing key": (GOOD.replace("n_inputs = 4", ""), r"\[student_teacher\] needs an entry 'n_inputs'"),
    "missing training": (GOOD.replace("epochs = 5", ""), r"\[training\] needs an entry 'epochs'"),
    "no problem": ("[training]\nepochs = 1\n", "exactly one of the sections"),
    "two problems": (GOOD + "[data]\n", "exactly one of the sections"),
    "a value for a section": ("training = 3\n[data]\n", r"training must be a section, \[training\], got 3"),
    "a value for a rule": (GOOD.replace("[rules.GD]", "[rules]\nGD = 1"), r"rules.GD must be a section"),
    "a value of the wrong type": (GOOD.replace("trials = 2", 'trials = "two"'), "trials must be a whole number"),
    "a fraction out of range": (GOOD.replace("[rules.GD]", "[rules.GD]\nreadout = 2"), "between 0 and 1, got 2"),
}


@pytest.mark.parametrize("case", BAD)
def test_unusable_files_get_one_sentence(case, tmp_path):
    text, sentence = BAD[case]
    with pytest.raises(cd.InputError, match=sentence) as caught:
        read_experiment(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(cd.InputError, match=r"experiment file .*none.toml' does not exist"):
        read_experiment(tmp_path / "none.toml")
