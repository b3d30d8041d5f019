"""The examples in the docstrings run and print what they say."""

import doctest
import importlib
import pkgutil
from importlib import import_module

import lazy_loader
import pytest

import curldescent

MODULES = sorted(
    m.name
    for m in pkgutil.walk_packages(curldescent.__path__, "curldescent.")
    if not m.name.endswith("__main__")  # importing it runs the command
)


# Their examples reproduce figures, or compile for a second what other tests compile too.
SLOW = (
    *("paper.runs.report", "paper.runs.reproduction", "apps.explorer.static"),
    *("_dynamics.exponents", "_dynamics.covariant", "_dynamics.tangent", "_stability.flip_sets", "_curl.descent"),
)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name.endswith(SLOW) else []) for name in MODULES]
)
def test_examples_run(name, request):
    import matplotlib as mpl

    # Starting workers takes seconds: one example does, those of what is done with a store afterwards do not.
    if ".sweeps.storage." in name:
        request.getfixturevalue("in_this_process")

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


@pytest.mark.parametrize(
    "package", ["curldescent", *(f"curldescent.{name}" for name in ("apps.explorer", "paper", "plots", "sweeps"))]
)
def test_type_checkers_are_told_of_every_public_name(package):
    """Lazy packages list their names twice: no stub is read at run time, which takes 4 ms and fails in an archive."""
    module = import_module(package)
    _, _, told = lazy_loader.attach_stub(f"stub of {package}", module.__file__)
    assert set(told) == set(module.__all__)
