"""Docstrings as this project writes them, on the site: names in backticks become links, sources become sections.

In a docstring `train` means the public name of this library where there is one, seen from the object that is
documented, and code otherwise. "Source: …" is a section of its own, and a file of docs/ named there becomes a link.
"""

import re
from importlib import import_module
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole

MODULES = (
    "curldescent",
    "curldescent.analysis",
    "curldescent.optimizers",
    "curldescent.plots",
    "curldescent.sweeps",
    "curldescent.theory",
)
SECTION = re.compile(r"^(\s*)(Source|Performance): (\S.*)$")
PAGE = re.compile(r"\bdocs/(\w+)\.md\b")


def public_names() -> dict[str, set[str]]:
    """The public names of every module of the library that lists them."""
    return {module: set(import_module(module).__all__) for module in MODULES}


class Name(SphinxRole):
    """The default role: a link to a public name, or code."""

    def run(self) -> tuple[list[nodes.Node], list[Any]]:
        """Look the name up in the module that is being documented, then in the others."""
        literal = nodes.literal(self.rawtext, self.text)
        target = self._target(self.text.removesuffix("()").replace("cd.", "curldescent."))
        if target is None:
            return [literal], []
        reference = addnodes.pending_xref(
            self.rawtext,
            literal,
            refdomain="py",
            reftype="obj",
            reftarget=target,
            refdoc=self.env.docname,
            refwarn=True,
        )
        return [reference], []

    def _target(self, text: str) -> str | None:
        here = self.env.ref_context.get("py:module")
        modules = [here, *MODULES] if here in MODULES else list(MODULES)
        first, _, rest = text.removeprefix("curldescent.").partition(".")
        for module in modules:
            if text.startswith("curldescent.") and f"curldescent.{first}" in MODULES:
                inside = rest.partition(".")[0]
                if inside in PUBLIC[f"curldescent.{first}"]:
                    return text
            elif first in PUBLIC[module] and f"{module}.{first}" not in MODULES:
                return ".".join(part for part in (module, first, rest) if part)
        return None


PUBLIC = public_names()


def sections(app: Sphinx, what: str, name: str, obj: object, options: Any, lines: list[str]) -> None:
    """Give "Source: …" and "Performance: …" the form of a section, and files of docs/ the form of a link."""
    out: list[str] = []
    inside: str | None = None
    for line in lines:
        found = SECTION.match(line)
        if found:
            inside = found[1]
            out += [f"{inside}{found[2]}:", f"{inside}    {found[3]}"]
        elif inside is not None and line.strip():
            out.append(f"{inside}    {line.strip()}")
        else:
            inside = None
            out.append(line)
    lines[:] = [PAGE.sub(r":doc:`docs/\1.md </\1>`", line) for line in out]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the role and the hook; before napoleon, which reads the sections."""
    app.add_role("name", Name())
    app.add_config_value("_docstrings", None, "env")
    app.connect("config-inited", lambda app, config: setattr(config, "default_role", "name"))
    app.connect("autodoc-process-docstring", sections, priority=100)
    return {"parallel_read_safe": True}
