"""The examples in the docstrings run and print what they say."""

import doctest
import importlib
import pkgutil

import lazy_loader
import pytest

import curldescent

MODULES = sorted(
    m.name
    for m in pkgutil.walk_packages(curldescent.__path__, "curldescent.")
    if not m.name.endswith("__main__")  # importing it runs the command
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    import matplotlib as mpl

    mpl.use("agg")
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as absent:
        if absent.name != "torch":
            raise
        pytest.skip("PyTorch is not installed")
    outcome = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert outcome.failed == 0


def test_every_public_name_exists_and_is_documented():
    for name in curldescent.__all__:
        assert name == "__version__" or getattr(curldescent, name).__doc__
    assert set(dir(curldescent)) == set(curldescent.__all__)
    with pytest.raises(AttributeError, match="No curldescent attribute nothing"):
        _ = curldescent.nothing


def test_type_checkers_are_told_of_every_public_name():
    """The face lists its names twice: its stub is not read at run time, which would cost every command 4 ms."""
    _, _, told = lazy_loader.attach_stub("stub of curldescent", curldescent.__file__)
    assert set(told) == set(curldescent.__all__)
