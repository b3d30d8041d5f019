"""Walks over many cases of one kind: a sample of them is always tested, all of them with the slow tests."""

import pytest


def sampled(cases, *, seldom):
    """Every case as a parameter; those in `seldom` are marked slow."""
    strangers = [case for case in seldom if case not in cases]
    assert not strangers, f"no case is called {strangers}"
    return [pytest.param(case, marks=pytest.mark.slow if case in seldom else ()) for case in cases]
