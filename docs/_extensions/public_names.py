"""Every public name is in the API reference, or the build fails."""

from importlib import import_module
from inspect import ismodule
from typing import Any

from docstrings import MODULES, PUBLIC
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

log = logging.getLogger(__name__)


def missing(documented: set[str]) -> list[str]:
    """Public names whose object the reference does not have, under that name or another public one."""
    objects = {
        f"{module}.{name}": getattr(import_module(module), name)
        for module, names in PUBLIC.items()
        for name in names
        if not name.startswith("__")
    }
    there = {id(value) for name, value in objects.items() if name in documented}
    known = {*MODULES, *documented}
    # A module is public under another name than that of its folder.
    folders = {name: value.__name__ for name, value in objects.items() if ismodule(value)}
    return sorted(
        name for name, value in objects.items() if not {name, folders.get(name)} & known and id(value) not in there
    )


def check(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn about each missing name; `make docs` treats warnings as errors."""
    for name in missing(set(env.domains.python_domain.objects)):
        log.warning("public name %s is not in the API reference", name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the check."""
    app.connect("env-check-consistency", check)
    return {"parallel_read_safe": True}
