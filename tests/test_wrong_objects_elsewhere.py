"""Pictures, sweeps, figures, optimizers, data and the explorer with every wrong public object."""

import inspect
import subprocess
import sys
from functools import cache
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt

import curldescent as cd
from curldescent import optimizers, paper, plots, sweeps
from curldescent.foundation import optional
from tests.sweeps.conftest import fill
from tests.test_wrong_objects import OBJECTS, PROBLEM, complaint, history

mpl.use("agg")
SWEEP = sweeps.Sweep(
    axes={"ratio": [0.5, 1], "hidden": [0, 0.5]}, student_teacher={"total": 12, "n_train": 4}, training={"epochs": 2}
)
TABLE = {"x": np.arange(4.0), "y": np.arange(4.0) ** 2}
# Everything that a function may take for another of its kind, besides what `OBJECTS` holds.
MORE = {
    "a sweep": lambda: SWEEP,
    "a plan": lambda: sweeps.plan(SWEEP, calibrate=False),
    "a figure of the paper": lambda: FIGURE,
    "a picture": plt.figure,
    "a dataset of a sweep": lambda: STORE["data"],
    "an opened store": lambda: STORE["store"],
    "bytes": lambda: b"relu",
    "no name": lambda: "",
    "a name that no file can have": lambda: "a\0b",
    "a text without end": lambda: "x" * 10_000,
    "not a number": lambda: np.nan,
    "a labelled array": lambda: xr.DataArray(np.ones((2, 2)), dims=("a", "b")),
    "an array without values": lambda: np.empty((0, 2)),
    "a frame without columns": xr.Dataset,
}
STORE = {}


def finding(results):
    return paper.Finding(True, "it is")


CLAIM = paper.Claim("c", statement="s", criterion="k", refuted="l", measure=finding)
FIGURE = paper.Figure(
    "none",
    title="t",
    about="a",
    origin="beyond",
    experiments=lambda scale: {},
    draw=lambda results: plt.figure(),
    claims=[CLAIM],
)


def tree_of_three():
    return {"a": np.ones(3)}


def started(learning_rate, signature, amount, correction, correction_strength, params):
    """What is refused only when the optimizer meets its parameters."""
    options = {"amount": amount, "correction": correction, "correction_strength": correction_strength}
    return optimizers.curl_descent(learning_rate, signature, **options).init(params)


def scaled(signature, amount, params):
    return optimizers.scale_by_signature(signature, amount=amount).init(params)


def torch_started(params, learning_rate, signature, amount, correction, correction_strength):
    options = {"amount": amount, "correction": correction, "correction_strength": correction_strength}
    return optimizers.torch.curl_descent(params, learning_rate, signature, **options)


def torch_step(closure):
    torch = pytest.importorskip("torch")
    module = torch.nn.Linear(2, 1)
    return optimizers.torch.curl_descent(module, 0.1, cd.Signature(), correction="sga").step(closure)


def retry(store, workers, client, progress):
    """The store is complete: nothing is computed."""
    return sweeps.retry(store, workers=workers, client=client, progress=progress)


def names():
    return pytest.importorskip("torch").nn.Linear(3, 1).named_parameters()


def folder():
    return STORE["folder"]


def target(name):
    return lambda: STORE["folder"].parent / name


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
STUDENTS = {"n_inputs": 2, "n_hidden": 2, "n_outputs": 1, "n_train": 4, "n_test": 2, "student_scale": 1.0}
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
    sweeps.Keep: {
        "final_errors": True,
        "error_curves": False,
        "epochs_to": [0.1],
        "never": "nan",
        "maximum_error": False,
        "order_parameter": 0,
        "lambda_min": False,
        "weights": False,
    },
    sweeps.Start: {"at": "teacher", "hidden_noise": 0.1, "readout_noise": 0.1, "normalise_teacher": False},
    sweeps.Store: {"path": folder},
    sweeps.Sweep: {
        "axes": {"hidden": [0, 1]},
        "student_teacher": {"n_inputs": 2, "n_hidden": 2},
        "start": {"at": "teacher"},
        "rules": {"CD": {"readout": 0.5}},
        "training": {"epochs": 2},
        "keep": {"weights": True},
        "seed": 0,
        "paired": [],
    },
    sweeps.compact: {"store": folder},
    sweeps.export: {"store": folder, "target": target("all.nc")},
    sweeps.lin: {"first": 0, "last": 1, "count": 2},
    sweeps.log: {"first": 0.1, "last": 1, "count": 2},
    sweeps.merge: {"sources": lambda: [folder()], "target": target("merged")},
    sweeps.open: {"store": folder, "compacted": True},
    sweeps.plan: {"sweep": SWEEP, "workers": 1, "calibrate": False},
    sweeps.read: {"path": target("sweep.toml")},
    retry: {"store": folder, "workers": 1, "client": None, "progress": None},
    sweeps.run: {"sweep": SWEEP, "store": folder, "workers": 1, "client": None, "progress": None},
    sweeps.status: {"store": folder, "verify": False},
    paper.Claim: {
        "name": "c",
        "statement": "s",
        "criterion": "k",
        "refuted": "l",
        "measure": lambda: finding,
        "statistic": "paper",
        "fixed": "2026-11-23",
        "changes": (),
    },
    paper.Computation: {
        "function": lambda: tree_of_three,
        "arguments": {},
        "identity": "tree",
        "version": 1,
        "needs": (),
    },
    paper.Figure: {
        "key": "k",
        "title": "t",
        "about": "a",
        "origin": "paper",
        "experiments": lambda: FIGURE.experiments,
        "draw": lambda: FIGURE.draw,
        "claims": [CLAIM],
        "aliases": [],
        "departures": [],
        "published": [],
        "subset": lambda: lambda: {},
    },
    paper.Finding: {"holds": True, "said": "so", "numbers": {}, "p_value": 0.5},
    paper.Published: {"name": "n", "value": 1.0, "ours": lambda: finding, "said": ".3g"},
    paper.Results: {"scale": "quick", "data": {}},
    paper.Unfinished: {"sentence": "so", "signal": None},
    paper.figure: {"name": "fig2"},
    paper.keep_results: {"out": target("figures"), "kept": target("kept"), "scale": "quick"},
    paper.reproduce: {
        "figure": lambda: FIGURE,
        "out": target("figures"),
        "scale": "quick",
        "workers": 1,
        "client": None,
        "progress": None,
    },
    paper.write_reproduction_report: {"out": target("nothing"), "scale": "quick", "summary": None},
    started: {
        "learning_rate": 0.1,
        "signature": lambda: cd.Signature(),
        "amount": 1.0,
        "correction": None,
        "correction_strength": 1.0,
        "params": tree_of_three,
    },
    scaled: {"signature": lambda: {"a": 1.0}, "amount": 1.0, "params": tree_of_three},
    torch_started: {
        "params": names,
        "learning_rate": 0.1,
        "signature": lambda: cd.Signature(),
        "amount": 1.0,
        "correction": None,
        "correction_strength": 1.0,
    },
    torch_step: {"closure": None},
    cd.explorer.serve: {"port": 0, "store": None, "browser": False},
    cd.explorer.static_page: {"file": "page.txt"},
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
    cd.wide_students: {
        **{name: STUDENTS[name] for name in ("n_inputs", "n_hidden", "n_train", "n_test", "student_scale")},
        "readout": 0.0,
        "teacher_scale": 1.0,
        "distribution": "normal",
        "hidden_gain": None,
        "covariance": None,
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
    cd.cite: {"form": "text", "file": None},
    cd.log_epochs: {"epochs": 10, "points": 3},
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
# These are right, and do what takes long: serve without end, run a sweep, draw fields.
LONG = {
    (cd.explorer.serve, "store", "nothing"),
    (sweeps.run, "store", "text"),
    (plots.flow_fields, "target", "a number"),
}


@pytest.fixture(scope="module", autouse=True)
def store(tmp_path_factory):
    """A finished sweep: whoever runs it has nothing to compute."""
    path = tmp_path_factory.mktemp("objects")
    STORE["folder"] = fill(SWEEP, path / "store")
    STORE["store"] = sweeps.Store(STORE["folder"])
    STORE["data"] = sweeps.open(STORE["folder"])
    (path / "sweep.toml").write_text("[axes]\nhidden = [0, 1]\n[student_teacher]\nn_inputs = 2\nn_hidden = 2\n")
    yield
    STORE.clear()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """What is written under a strange name is written here; figures are closed."""
    monkeypatch.chdir(tmp_path)
    yield
    plt.close("all")


def made(arguments):
    return {name: make() if inspect.isfunction(make) else make for name, make in arguments.items()}


@cache
def wrong(what):
    return (MORE | OBJECTS)[what]()


def cases():
    for function, arguments in CALLS.items():
        for name in arguments:
            yield pytest.param(function, name, id=f"{function.__module__}.{function.__name__}-{name}")


@pytest.mark.slow
@pytest.mark.parametrize(("function", "name"), list(cases()))
@pytest.mark.filterwarnings("ignore")
def test_wrong_objects_get_one_sentence(function, name):
    for what in MORE | OBJECTS:
        if (function, name, what) in LONG:
            continue
        arguments = made(CALLS[function]) | {name: wrong(what)}
        said = complaint(lambda arguments=arguments: function(**arguments), what)
        assert "\n" not in said, (what, said)
        assert len(said) < 400, (what, said)
        plt.close("all")


def test_every_public_function_is_listed():
    """Results are made by functions; what is here under a name of its own calls the public one."""
    wrapped = {"retry", "curl_descent", "scale_by_signature", "CurlDescent"}
    tested_there = {"Signature", "figure_style", "figures"}  # figure_style and figures take nothing
    tested_there |= {"Cell"}  # what Sweep.cell returns
    listed = {function.__name__ for function in CALLS} | wrapped | tested_there
    for module in (plots, sweeps, paper, optimizers, cd.explorer):
        for name in module.__all__:
            if not inspect.ismodule(getattr(module, name)):
                assert name in listed, name


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
    "an opened store": (lambda: sweeps.open(STORE["store"]), "the folder that a sweep is run in.*got Store"),
    "a mapping to run": (lambda: sweeps.run({}, "folder"), "cd.sweeps.Sweep.*cd.sweeps.read"),
    "a text to plan": (lambda: sweeps.plan("sweep.toml"), "cd.sweeps.Sweep.*cd.sweeps.read"),
    "one store to merge": (lambda: sweeps.merge(str(folder()), "target"), "list of folders"),
    "no client": (lambda: sweeps.run(SWEEP, folder(), client="tcp://here"), "distributed.Client"),
    "no progress display": (lambda: sweeps.run(SWEEP, folder(), progress=print), "progress must be a display"),
    "no figure": (lambda: paper.reproduce(PROBLEM, "out"), r"cd.paper.figures\(\)"),
    "a scale": (lambda: paper.reproduce("fig2", "out", scale="large"), "'quick', 'standard', 'subset', 'paper'"),
    "a lambda": (lambda: paper.Computation(lambda: None, identity="none"), "top level of a module"),
    "results": (lambda: paper.Results("quick", {"a": 1})["b"], "there are 'a'"),
    "no tree": (lambda: optimizers.curl_descent(0.1, cd.Signature()).init("w"), "leaves are arrays of numbers"),
    "a store to browse": (lambda: cd.explorer.serve(store=3), "the folder of a sweep's store, or of several"),
    "a file to print to": (lambda: cd.cite(file="file.txt"), "an open text file"),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_sentences_say_what_is_accepted(case):
    call, said = SENTENCES[case]
    with pytest.raises(cd.InputError, match=said):
        call()


def test_a_retry_that_is_refused_forgets_no_failure():
    opened = STORE["store"]
    opened.record_failure("0" * 24, cell={}, kind="Fault", message="m")
    with pytest.raises(cd.InputError, match="workers"):
        sweeps.retry(folder(), workers=0)
    assert "0" * 24 in opened.failures()


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


def test_the_explorer_is_there_without_importing_it():
    code = (
        "import curldescent as cd; cd.explorer.static_page; assert 'explorer' in dir(cd); cd.explorer.static_page('x')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "InputError: the static page must be a file ending in .html, got 'x'" in ended.stderr


def test_packages_that_are_kept_out_by_hand_are_lacking(monkeypatch):
    """None among the loaded modules, as people block an import, and a finder that refuses it."""

    def refuses(name, path=None, target=None):
        if name == "pyarrow":
            raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.delitem(sys.modules, "pyarrow", raising=False)
    monkeypatch.setattr(sys, "meta_path", [SimpleNamespace(find_spec=refuses), *sys.meta_path])
    assert optional.lacking("sklearn", "pyarrow") == ["sklearn", "pyarrow"]
    with pytest.raises(cd.InputError, match="needs scikit-learn"):
        cd.from_data("digits", n_hidden=2)


@pytest.mark.parametrize("call", [lambda: cd.explorer.static_page("a.html"), lambda: cd.explorer.serve(browser=False)])
def test_the_explorer_without_panel_says_what_it_needs(call, monkeypatch):
    monkeypatch.setattr("curldescent.foundation.optional.find_spec", lambda module: None)
    with pytest.raises(
        cd.InputError, match=r"the explorer needs Panel and Bokeh: pip install 'curldescent\[explore\]'"
    ):
        call()
