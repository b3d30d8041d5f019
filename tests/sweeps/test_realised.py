"""A sweep says how many neurons its cells flip, and keeps what earlier versions stored."""

import json

import numpy as np
import pytest

import curldescent as cd
from curldescent.sweeps.description.keep import Keep
from curldescent.sweeps.description.settings import Settings

PROBLEM = {"n_inputs": 4, "n_train": 8}
TRAINING = {"epochs": 3}


@pytest.mark.usefixtures("in_this_process")
def test_counts_are_coordinates_and_equal_cells_are_named(tmp_path):
    fractions = [0.0, 0.1, 0.2, 0.25, 0.3]
    sweep = cd.sweeps.Sweep(
        axes={"readout": fractions, "n_hidden": [8, 10]}, student_teacher=PROBLEM, training=TRAINING, paired=["readout"]
    )
    with pytest.warns(cd.PlasticityWarning, match=r"1 of 10 settings .* such as 0\.1 of 8 hidden neurons"):
        plan = cd.sweeps.plan(sweep, calibrate=False)
    assert "only 3 different numbers of flips" in plan.remarks[0]
    with pytest.warns(cd.PlasticityWarning) as caught:
        cd.sweeps.run(sweep, tmp_path / "s", workers=1)
    assert len(caught) == 1
    data = cd.sweeps.open(tmp_path / "s").load()
    expected = np.floor(np.outer(fractions, [8, 10]) + 1e-9)
    np.testing.assert_array_equal(data.readout_flipped.transpose("readout", "n_hidden"), expected)
    # 0.25 and 0.3 both flip two of eight neurons: the same students learn the same.
    same = data.final_train_error.sel(n_hidden=8)
    np.testing.assert_array_equal(same.sel(readout=0.25), same.sel(readout=0.3))
    np.testing.assert_array_equal(cd.sweeps.open(tmp_path / "s", compacted=False).readout_flipped, data.readout_flipped)


@pytest.mark.usefixtures("in_this_process")
def test_rules_take_masks_indices_and_counts(tmp_path):
    rules = {
        "strengths": {"readout": [-1.0, 1, 1, 1, 1, -1]},
        "mask": {"readout": [True, False, False, False, False, True]},
        "indices": {"readout": cd.Flips(indices=[0, 5])},
        "count": {"hidden": {"count": 1}},
        "frozen": {"hidden": [1.0, 0.0, 1.0, 1.0]},
    }
    sweep = cd.sweeps.Sweep(
        axes={}, rules=rules, student_teacher={**PROBLEM, "n_hidden": 6}, training=TRAINING, keep={"lambda_min": True}
    )
    cd.sweeps.run(sweep, tmp_path / "s", workers=1)
    data = cd.sweeps.open(tmp_path / "s").load()
    assert data.readout_flipped.values.tolist() == [2, 2, 2, 0, 0]
    assert data.hidden_flipped.values.tolist() == [0, 0, 0, 1, 0]
    assert data.hidden_frozen.values.tolist() == [0, 0, 0, 0, 1]
    for name in ("mask", "indices"):
        for variable in ("final_train_error", "predicted_lambda_min"):
            np.testing.assert_allclose(data[variable].sel(rule=name), data[variable].sel(rule="strengths"), rtol=1e-12)


def test_plans_of_earlier_versions_keep_their_meaning_and_fingerprint():
    # In such a plan a list of booleans was computed as strengths 0 and 1, and "never" was the last epoch.
    sweep = cd.sweeps.Sweep(
        axes={},
        student_teacher={**PROBLEM, "n_hidden": 2},
        training=TRAINING,
        keep={"epochs_to": [0.1], "never": "last"},
        rules={"a": {}},
    )
    plan = json.loads(json.dumps(sweep.settings.as_json()))
    assert "never" not in plan["keep"]
    read = Settings.from_json(plan)
    assert read.fingerprint == sweep.settings.fingerprint
    assert read.keep.never == "last"
    old = read.resolved({"rule": {"readout": [False, True]}})
    np.testing.assert_array_equal(old.learning_rule.strengths(n_inputs=4, n_hidden=2, n_outputs=1).readout, [[0, 1]])
    plan["keep"] = Keep(epochs_to=[0.1]).as_json()
    assert Settings.from_json(plan).keep.never == "nan"
    assert "never" not in Keep().as_json()


@pytest.mark.usefixtures("in_this_process")
def test_epochs_that_are_never_reached_are_nan(tmp_path):
    sweep = cd.sweeps.Sweep(
        axes={},
        student_teacher={**PROBLEM, "n_hidden": 6, "trials": 2},
        training=TRAINING,
        keep={"epochs_to": [1e9, 1e-30]},
    )
    cd.sweeps.run(sweep, tmp_path / "s", workers=1)
    data = cd.sweeps.open(tmp_path / "s")
    np.testing.assert_array_equal(data.epochs_to_train, [[0, np.nan]] * 2)
    assert "NaN if never" in data.epochs_to_train.attrs["long_name"]
