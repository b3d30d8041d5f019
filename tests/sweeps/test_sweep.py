"""Descriptions of sweeps: the paper's, and unusable ones."""

import numpy as np
import pytest

import curldescent as cd
from curldescent.foundation.errors import InputError
from curldescent.sweeps.description.preflight import check
from curldescent.sweeps.description.start import Start
from tests.sweeps.conftest import small

FIG_4 = """
[sweep]
seed = 1
[axes]
ratio = { log = [0.01, 10, 20] }
readout = { lin = [0, 1, 21] }
[student_teacher]
total = 220
trials = 20
[start]
at = "teacher"
hidden_noise = 1e-15
[training]
epochs = 100_000
preserve_norms = true
[keep]
maximum_error = true
"""


def from_text(tmp_path, text):
    path = tmp_path / "sweep.toml"
    path.write_text(text)
    return cd.sweeps.read(path)


def test_figure_4_starts_at_its_teacher(tmp_path):
    sweep = from_text(tmp_path, FIG_4)
    assert sweep.grid.shape == (20, 21)
    resolved = sweep.cell_at((19, 3)).arguments
    # c = 10: N = ⌊220/11⌋, M = ⌊220/1.1⌋ in double precision, where 220/1.1 is just below 200.
    assert (resolved.student_teacher["n_hidden"], resolved.student_teacher["n_inputs"]) == (20, 199)
    assert resolved.rule == {"readout": 0.15}
    problem = sweep.settings.problem(resolved, "")
    np.testing.assert_array_equal(problem.student.readout, problem.teacher.readout)
    noise = problem.student.hidden - problem.teacher.hidden
    assert 0.8e-15 < noise.std() < 1.2e-15
    assert np.abs(problem.teacher.readout).max() <= 1 / np.sqrt(20)


def test_constant_noise_is_one_number_for_every_weight():
    """The paper's own: not Gaussian, and the same in every trial and cell."""
    start = {"at": "teacher", "hidden_noise": 1e-3, "noise": "constant"}
    sweep = small(axes={"ratio": [0.5, 2.0]}, start=start)
    for index in sweep.grid.indices():
        problem = sweep.cell_at(index).problem
        np.testing.assert_array_equal(problem.student.hidden, problem.teacher.hidden + 1e-3)
        np.testing.assert_array_equal(problem.student.readout, problem.teacher.readout)
    with pytest.raises(InputError, match=r"start.noise must be one of 'gaussian', 'constant', got 'white'"):
        Start(**{**start, "noise": "white"})


def test_the_kind_of_noise_tells_stores_apart_only_where_it_is_named():
    at = {"at": "teacher", "hidden_noise": 1e-3}
    plain, named, constant = (
        small(start={**at, **kind}).settings.fingerprint for kind in ({}, {"noise": "gaussian"}, {"noise": "constant"})
    )
    assert plain == named != constant


def test_figure_3b_normalises_its_teacher():
    sweep = small(
        axes={"hidden": cd.sweeps.lin(0, 1, 25)},
        student_teacher={"total": 220, "ratio": 0.3, "trials": 2},
        start={"at": "teacher", "readout_noise": 1e-10, "normalise_teacher": True},
        training={"epochs": 2000},
        keep={"order_parameter": 1000},
    )
    resolved = sweep.cell_at((5,)).arguments
    teacher = sweep.settings.problem(resolved, "").teacher
    n = resolved.student_teacher["n_hidden"]
    assert n == 169
    np.testing.assert_allclose(np.linalg.norm(teacher.hidden, axis=(1, 2)), np.sqrt(n))
    np.testing.assert_allclose(np.linalg.norm(teacher.readout, axis=(1, 2)), 1)
    check(sweep)


def test_figure_5f_counts_flips():
    sweep = small(axes={"readout_flips": list(range(1, 11))}, student_teacher={"n_inputs": 100, "n_hidden": 10})
    rule = sweep.cell_at((2,)).rule
    assert rule.strengths(n_inputs=100, n_hidden=10, n_outputs=1).readout[0].tolist() == [-1.0] * 3 + [1.0] * 7


def test_ratio_goes_with_either_size():
    of = small(student_teacher={"n_inputs": 30}, axes={"ratio": [2.0, 0.4]}).settings
    assert of.resolved({"ratio": 2.0}).student_teacher["n_hidden"] == 15
    of = small(student_teacher={"n_hidden": 30}, axes={"ratio": [2.0, 0.4]}).settings
    assert of.resolved({"ratio": 0.4}).student_teacher["n_inputs"] == 12


def test_ranges_of_whole_numbers_are_rounded():
    problem = {"n_inputs": 5, "n_hidden": 5}
    sweep = small(axes={"n_train": cd.sweeps.log(10, 100, 4)}, student_teacher=problem)
    assert sweep.grid.axes[0].columns["n_train"] == (10, 22, 46, 100)


def test_the_settings_say_every_default():
    settings = small().settings.as_json()
    assert settings["training"]["output_error"] == "delta"
    assert settings["training"]["dtype"] == "float64"
    assert settings["semantics"] == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"training": {"epochs": 21, "batch_size": 10}},
        {"student_teacher": {"total": 12, "n_train": 20, "n_test": 5, "trials": 3}},
        {"seed": 4},
        {"keep": {"maximum_error": True}},
        {"start": {"at": "teacher"}},
        {"paired": ["hidden"]},
        {"training": {"epochs": 20, "batch_size": 10, "dtype": "float32"}},
    ],
)
def test_whatever_changes_results_changes_the_fingerprint(changes):
    if "student_teacher" not in changes and "axes" not in changes:
        assert small(**changes).grid.cell_keys() == small().grid.cell_keys()
    assert small(**changes).settings.fingerprint != small().settings.fingerprint


BAD = {
    "not TOML": ("[axes", "is not TOML"),
    "unknown section": ("[axis]\n", "did you mean 'axes'"),
    "a value for a section": ("axes = 3", r"axes must be a section, \[axes\], got 3"),
    "an unknown axis": ("[axes]\nratoi = [1]", "did you mean 'ratio'"),
    "a reserved axis": ("[axes]\ntrial = [1]", "a name that the dataset needs itself"),
    "trials as an axis": ("[axes]\ntrials = [1, 2]", "unknown entry 'trials'"),
    "an axis that is also set": ("[axes]\nn_train = [5]", r"\[student_teacher\]: n_train is an axis"),
    "a misspelt entry": ("[keep]\nerror_curve = true", "did you mean 'error_curves'"),
    "a threshold of zero": ("[keep]\nepochs_to = [0]", "threshold of keep.epochs_to must be a positive number"),
    "nothing kept": ("[keep]\nfinal_errors = false", "must keep something"),
    "noise without a teacher": ("[start]\nhidden_noise = 1e-3", 'goes with at = "teacher"'),
    "an unknown start": ('[start]\nat = "techer"', "did you mean 'teacher'"),
    "an unknown rule entry": ("[rules.A]\nhiden = 1", "did you mean 'hidden'"),
    "one parameter twice": ("[axes]\nhidden = [0]\n[rules.A]\nhidden = 0.1", "hidden is an axis"),
    "a seed in a section": ("[training]\nseed = 3", "unknown entry 'seed'"),
    "an unknown pair": ('[sweep]\npaired = ["hiden"]\n[axes]\nhidden = [0, 1]', "did you mean 'hidden'"),
    "a date": ("[axes]\nhidden = [2020-01-01]", "must hold numbers, text or booleans"),
    "a batch too large": ("[axes]\nbatch_size = [5, 50]", "batch_size must be a whole number between 1 and 20, got 50"),
    "a fraction too large": ("[axes]\nhidden = [0, 2]", "between 0 and 1, got 2"),
    "a misspelt activation": ('[axes]\nactivation = ["tanh", "rleu"]', "did you mean 'relu'"),
    "no neurons left": ("[axes]\nratio = [1000]", "a layer without neurons"),
    "too many flips": ("[axes]\nhidden_flips = [50]", "hidden_flips must be a whole number between 0 and"),
    "too little memory": ("[axes]\nn_inputs = [2_000_000_000]", "would need .* of memory, and .* are free"),
    "a window too long": ("[keep]\norder_parameter = 100", "looks at 100 epochs, the run has only 20"),
    "too large a ratio": ("[axes]\nratio = [1e-300]", "too large|without neurons"),
}
REST = {
    "student_teacher": "[student_teacher]\ntotal = 12\nratio = 1\nn_train = 20\n",
    "training": "[training]\nepochs = 20\n",
}


@pytest.mark.parametrize("case", BAD)
def test_unusable_files_get_one_sentence(case, tmp_path):
    text, sentence = BAD[case]
    text += "".join("\n" + rest for name, rest in REST.items() if f"[{name}]" not in text)
    if "ratio = [" in text:
        text = text.replace("ratio = 1\n", "")
    if "n_inputs = [" in text:
        text = text.replace("total = 12\nratio = 1\n", "n_hidden = 5\n")
    if "[training]\nseed" in text:
        text += "\n"
    with pytest.raises(cd.InputError, match=sentence) as caught:
        check(from_text(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_rules_make_an_axis(tmp_path):
    text = FIG_4.replace("readout = { lin = [0, 1, 21] }", "") + "[rules.GD]\n[rules.FA]\nfeedback = 'random'\n"
    sweep = from_text(tmp_path, text)
    assert sweep.grid.axes[0].labels == ("GD", "FA")
    assert sweep.grid.shape == (2, 20)


def test_a_test_error_to_stop_below_needs_test_samples():
    training = {"epochs": 9, "stop_below": [1e-3, 1e-3]}
    check(small(training=training))
    without = {"total": 12, "n_train": 20, "n_test": 0, "trials": 2}
    with pytest.raises(InputError, match="stop_below names a test error, but n_test is 0"):
        check(small(training=training, student_teacher=without))
