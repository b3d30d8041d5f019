"""Optimizers with every wrong public object, and what they say."""

import numpy as np
import pytest

import curldescent as cd
from curldescent import optimizers
from tests.wrong_objects import cases, unlisted, walk

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


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


def names():
    return pytest.importorskip("torch").nn.Linear(3, 1).named_parameters()


# function -> valid arguments; every one of them is exchanged for every object in turn
CALLS = {
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
}


@pytest.mark.slow
@pytest.mark.usefixtures("finished_sweep")
@pytest.mark.parametrize(("function", "name"), cases(CALLS))
@pytest.mark.filterwarnings("ignore")
def test_wrong_objects_get_one_sentence(function, name):
    walk(CALLS, function, name)


def test_every_public_function_is_listed():
    """Those here call the public ones; signatures are made by `cd.Signature`."""
    assert not unlisted(optimizers, CALLS, {"curl_descent", "scale_by_signature", "CurlDescent", "Signature"})


SENTENCES = {
    "no tree": (lambda: optimizers.curl_descent(0.1, cd.Signature()).init("w"), "leaves are arrays of numbers"),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_sentences_say_what_is_accepted(case):
    call, said = SENTENCES[case]
    with pytest.raises(cd.InputError, match=said):
        call()
