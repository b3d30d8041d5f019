"""Figures, claims and computations with every wrong public object, and what they say."""

import pytest

import curldescent as cd
from curldescent import paper
from tests.wrong_objects import CLAIM, FIGURE, PROBLEM, cases, finding, target, unlisted, walk

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


def computed():
    """What a computation is of; nobody computes it."""


# function -> valid arguments; every one of them is exchanged for every object in turn
CALLS = {
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
        "function": lambda: computed,
        "arguments": {},
        "identity": "tree",
        "version": 1,
        "needs": (),
        "split": None,
    },
    paper.Split: {"count": "sets", "index": "number", "dim": "set"},
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
    paper.keep_results: {"out": target("figures"), "kept": target("kept"), "scale": "quick", "unfinished": False},
    paper.reproduce: {
        "figure": lambda: FIGURE,
        "out": target("figures"),
        "scale": "quick",
        "workers": 1,
        "client": None,
        "progress": None,
    },
    paper.write_reproduction_report: {"out": target("nothing"), "scale": "quick", "summary": None},
}


@pytest.mark.slow
@pytest.mark.usefixtures("finished_sweep")
@pytest.mark.parametrize(("function", "name"), cases(CALLS))
@pytest.mark.filterwarnings("ignore")
def test_wrong_objects_get_one_sentence(function, name):
    walk(CALLS, function, name)


def test_every_public_function_is_listed():
    assert not unlisted(paper, CALLS, {"figures"})  # takes nothing


SENTENCES = {
    "no figure": (lambda: paper.reproduce(PROBLEM, "out"), r"cd.paper.figures\(\)"),
    "a scale": (lambda: paper.reproduce("fig2", "out", scale="large"), "'quick', 'standard', 'subset', 'paper'"),
    "a lambda": (lambda: paper.Computation(lambda: None, identity="none"), "top level of a module"),
    "results": (lambda: paper.Results("quick", {"a": 1})["b"], "there are 'a'"),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_sentences_say_what_is_accepted(case):
    call, said = SENTENCES[case]
    with pytest.raises(cd.InputError, match=said):
        call()
