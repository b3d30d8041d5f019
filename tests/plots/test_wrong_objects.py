"""Pictures with every wrong public object, and what they say."""

import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt

import curldescent as cd
from curldescent import plots, sweeps
from tests.sweeps.conftest import fill
from tests.wrong_objects import PROBLEM, STORE, cases, history, target, unlisted, walk

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


def diagram(quantity):
    return lambda: cd.theory.phase_diagram("hidden", resolution=3, ratios=[0.1, 1.0], quantity=quantity)


def scaling():
    return cd.theory.finite_size_scaling(cd.theory.Spectrum(0.5, hidden=0.3), (4, 6), samples=3)


def regimes():
    run = {"label": "chaotic", "late": (0.1, 0.0, 0.2), "q": 0.1}
    return {"ratio": 0.5, "fraction": 0.1, "trial": 0, "flow": run, "0.02": run, "0.1": run}


def error():
    return xr.DataArray(np.ones((2, 2)), coords={"ratio": [0.5, 1.0], "hidden": [0.0, 0.5]})


TRACE = {"times": np.arange(3.0), "trace": np.ones((3, 1)), "exponents": [1.0], "low": [0.9], "high": [1.1]}
SHARES = {"probabilities": [[1, 0.1]], "intervals": [[[0.9, 1], [0, 0.3]]]}
# function -> valid arguments; every one of them is exchanged for every object in turn
CALLS = {
    plots.error_map: {"error": error, "label": None, "title": None, "ax": None},
    plots.finite_size: {"scaling": scaling, "axes": None},
    plots.flow_fields: {"target": 1.0, "time": 0.1, "axes": None},
    plots.hebbian_curl: {"excitatory": 1, "inhibitory": 1, "ax": None},
    plots.joint_boundaries: {"ratios": [0.1], "resolution": 5, "ax": None},
    plots.lambda_min_map: {"diagram": diagram("lambda_min"), "limit": None, "ax": None},
    plots.learning_curves: {"history": history, "labels": None, "axes": None},
    plots.letter: {"axes": lambda: plt.subplots(1, 2)[1], "first": "a"},
    plots.phase_diagrams: {"diagrams": lambda: [diagram("stable")()], "axes": None},
    plots.regime_map: {"cells": lambda: [regimes()], "axes": None},
    plots.save: {"figure": plt.figure, "stem": target("picture")},
    plots.spectrum: {"law": lambda: cd.theory.Spectrum(0.5), "sample": None, "bins": 3, "title": None, "ax": None},
    plots.spectrum_trace: {"runs": lambda: {"one": TRACE}, "axes": None},
    plots.sweep: {"data": error, "quantity": None, "ax": None},
    plots.verdict: {"found": lambda: cd.theory.linear_stability(np.eye(2), np.ones((1, 2))), "ax": None},
    plots.stability_probabilities: {
        "ratios": [0.2, 0.4],
        **SHARES,
        "sizes": [20],
        "boundary": 0.3,
        "title": "",
        "ax": None,
    },
}
# This is right, and draws fields.
LONG = {(plots.flow_fields, "target", "a number")}


@pytest.mark.slow
@pytest.mark.usefixtures("finished_sweep")
@pytest.mark.parametrize(("function", "name"), cases(CALLS))
@pytest.mark.filterwarnings("ignore")
def test_wrong_objects_get_one_sentence(function, name):
    walk(CALLS, function, name, LONG)


def test_every_public_function_is_listed():
    assert not unlisted(plots, CALLS, {"figure_style"})


SENTENCES = {
    "learning curves of a problem": (lambda: plots.learning_curves(PROBLEM), "what cd.train returned"),
    "learning curves of a sweep": (lambda: plots.learning_curves(STORE["data"]), "error_curves = true"),
    "a map of a sweep": (lambda: plots.error_map(STORE["data"]), "such as data.final_test_error"),
    "a map of a store": (lambda: plots.error_map(STORE["store"]), r"cd.sweeps.open\(folder\).final_test_error"),
    "a map of λ_min": (lambda: plots.lambda_min_map(diagram("stable")()), "phase_diagram.*quantity='lambda_min'"),
    "one diagram": (lambda: plots.phase_diagrams(diagram("stable")()), "list of diagrams.*got one diagram"),
    "a part of a diagram": (lambda: plots.phase_diagrams([diagram("stable")()[0]]), "two dimensions"),
    "a scaling": (lambda: plots.finite_size(3), "cd.theory.finite_size_scaling"),
    "a law": (lambda: plots.spectrum(3), "cd.theory.Spectrum"),
    "no picture": (lambda: plots.save(PROBLEM, "a"), "figure of matplotlib.*got Problem"),
    "a cell without an exponent": (lambda: plots.regime_map([{**regimes(), "flow": {"label": "slow"}}]), "'late'"),
    "a trace without times": (lambda: plots.spectrum_trace({"one": {"trace": np.ones((2, 1))}}), "'times'.*missing"),
}


@pytest.mark.usefixtures("finished_sweep")
@pytest.mark.parametrize("case", SENTENCES)
def test_sentences_say_what_is_accepted(case):
    call, said = SENTENCES[case]
    with pytest.raises(cd.InputError, match=said):
        call()


def test_learning_curves_of_a_selection_of_a_sweep(tmp_path):
    sweep = sweeps.Sweep(
        axes={"hidden": [0, 0.5]},
        student_teacher={"n_inputs": 3, "n_hidden": 4, "n_train": 9, "trials": 2},
        training={"epochs": 3},
        keep={"error_curves": True},
    )
    data = sweeps.open(fill(sweep, tmp_path / "curves"))
    with pytest.raises(cd.InputError, match=r"also has 'hidden': select one value of each first, .*sel\(hidden=…\)"):
        plots.learning_curves(data)
    panel = plots.learning_curves(data.sel(hidden=0.5)).axes[0]
    # Two trials and their median, over epochs 1 to 3.
    assert len(panel.lines) == 3
    expected = data.train_error.sel(hidden=0.5, trial=1)[1:]
    np.testing.assert_array_equal(panel.lines[1].get_ydata(), expected)
    one = plots.learning_curves(data.sel(hidden=0.5, trial=1)).axes[0]
    np.testing.assert_array_equal(one.lines[-1].get_ydata(), expected)
