"""Every public name is in the API reference, or the build fails."""

from typing import Any

from docstrings import MODULES, PUBLIC
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

log = logging.getLogger(__name__)


def missing(documented: set[str]) -> list[str]:
    """Public names that the reference does not have; modules count by their own names."""
    wanted = {f"{module}.{name}" for module, names in PUBLIC.items() for name in names if not name.startswith("__")}
    return sorted(wanted - set(MODULES) - documented)


def check(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn about each missing name; `make docs` treats warnings as errors."""
    for name in missing(set(env.domains.python_domain.objects)):
        log.warning("public name %s is not in the API reference", name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the check."""
    app.connect("env-check-consistency", check)
    return {"parallel_read_safe": True}
