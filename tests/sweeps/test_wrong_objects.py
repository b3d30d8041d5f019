"""Sweeps and their stores with every wrong public object, and what they say."""

import pytest

import curldescent as cd
from curldescent import sweeps
from tests.wrong_objects import STORE, SWEEP, cases, folder, target, unlisted, walk

pytestmark = pytest.mark.usefixtures("finished_sweep", "in_an_empty_folder")


def retry(store, workers, client, progress):
    """The store is complete: nothing is computed."""
    return sweeps.retry(store, workers=workers, client=client, progress=progress)


# function -> valid arguments; every one of them is exchanged for every object in turn
CALLS = {
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
}
# This is right, and runs a sweep.
LONG = {(sweeps.run, "store", "text")}


@pytest.mark.slow
@pytest.mark.parametrize(("function", "name"), cases(CALLS))
@pytest.mark.filterwarnings("ignore")
def test_wrong_objects_get_one_sentence(function, name):
    walk(CALLS, function, name, LONG)


def test_every_public_function_is_listed():
    assert not unlisted(sweeps, CALLS, {"Cell"})  # what Sweep.cell returns


SENTENCES = {
    "an opened store": (lambda: sweeps.open(STORE["store"]), "the folder that a sweep is run in.*got Store"),
    "a mapping to run": (lambda: sweeps.run({}, "folder"), "cd.sweeps.Sweep.*cd.sweeps.read"),
    "a text to plan": (lambda: sweeps.plan("sweep.toml"), "cd.sweeps.Sweep.*cd.sweeps.read"),
    "one store to merge": (lambda: sweeps.merge(str(folder()), "target"), "list of folders"),
    "no client": (lambda: sweeps.run(SWEEP, folder(), client="tcp://here"), "distributed.Client"),
    "no progress display": (lambda: sweeps.run(SWEEP, folder(), progress=print), "progress must be a display"),
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
