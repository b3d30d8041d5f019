"""The layer as a whole: what it imports, what it documents."""

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import curldescent.theory as theory

MODULES = [f"curldescent.theory.{m.name}" for m in pkgutil.iter_modules(theory.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name):
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


def test_every_public_function_has_an_example():
    shown = [
        n for n in theory.__all__ if not n.endswith(("Scaling", "Probability", "LinearStability", "OriginSpectrum"))
    ]
    assert [n for n in shown if ">>>" not in (inspect.getdoc(getattr(theory, n)) or "")] == []


def test_import_is_light():
    code = (
        "import sys, curldescent.theory; heavy = {'jax', 'numba', 'xarray', 'pandas', 'matplotlib', 'scipy'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split("\n")[0] == "[]"
