"""Docstrings as this project writes them, on the site: names in backticks become links, sources become sections.

In a docstring `train` means the public name of this library where there is one, seen from the object that is
documented, and code otherwise. "Source: …" is a section of its own, and a file of docs/ named there becomes a link.
"""

import re
from importlib import import_module
from inspect import ismodule
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole

MODULES = (
    "curldescent",
    "curldescent.analysis",
    "curldescent.optimizers",
    "curldescent.learning.rules",
    "curldescent.plots",
    "curldescent.sweeps",
    "curldescent.theory",
)
SECTION = re.compile(r"^(\s*)(Source|Performance): (\S.*)$")
STAR = re.compile(r"(?<![\w*])([^\W\d_])\*(?!\*)")
HIDDEN_COLON = "\ue000"
# "n_inputs: M." and "E. Oja" begin sentences, which reStructuredText takes for numbered lists.
LETTER = re.compile(r"^(\s*(?:\w+: )?[^\W\d_])\.(?=\s|$)")
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
        text = text.removeprefix("curldescent.")
        inside = f"curldescent.{text.partition('.')[0]}"
        if inside in MODULES:
            return documented(inside, text.partition(".")[2])
        where = [here, *MODULES] if here in MODULES else MODULES
        return next((found for module in where if (found := documented(module, text))), None)


def documented(module: str, path: str) -> str | None:
    """Where the reference has a name of a public module, or a member of one; None where it has not."""
    first, *rest = path.split(".")
    if first not in PUBLIC[module]:
        return None
    value = getattr(import_module(module), first)
    if ismodule(value):
        return None
    # The same object can be public in several modules, and is described once, in the outermost.
    home = next(m for m in MODULES if first in PUBLIC[m] and getattr(import_module(m), first) is value)
    for name in rest:
        value = getattr(value, name, None)
    return None if value is None else ".".join([home, first, *rest])


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
    if what in ("property", "attribute"):
        # Napoleon takes what stands before a colon for the type of a property; ours have none.
        out = [line.replace(": ", f"{HIDDEN_COLON} ") for line in out]
    out = [LETTER.sub(r"\1\\.", _plain(line)) for line in out]
    lines[:] = [PAGE.sub(r":doc:`docs/\1.md </\1>`", line) for line in out]


def colons(app: Sphinx, what: str, name: str, obj: object, options: Any, lines: list[str]) -> None:
    """Put back what `sections` hid from napoleon."""
    lines[:] = [line.replace(HIDDEN_COLON, ":") for line in lines]


def _plain(line: str) -> str:
    """Bars are magnitudes and norms here, and the stars of c* and α* are stars; code is left as it is."""
    if "`" in line or line.lstrip().startswith((">>>", "...")):
        return line
    return STAR.sub(r"\1\\*", line.replace("|", r"\|"))


def untyped(app: Sphinx, doctree: nodes.document) -> None:
    """Drop the types of properties: NumPy's are a line of generics, and the text gives the shape."""
    for entry in doctree.findall(addnodes.desc):
        if entry["objtype"] in ("property", "attribute"):
            for annotation in list(entry.findall(addnodes.desc_annotation)):
                if annotation.astext().lstrip().startswith(":"):
                    annotation.parent.remove(annotation)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the role and the hook; before napoleon, which reads the sections."""
    app.add_role("name", Name())
    app.connect("config-inited", lambda app, config: setattr(config, "default_role", "name"))
    app.connect("autodoc-process-docstring", sections, priority=100)
    app.connect("autodoc-process-docstring", colons, priority=900)
    app.connect("doctree-read", untyped)
    return {"parallel_read_safe": True}
