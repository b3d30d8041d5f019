"""Sphinx settings of the site: `make docs` builds it from this folder, without a network."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import curldescent

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

project = "curldescent"
author = "The curldescent developers"
copyright = author
version = release = curldescent.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "myst_nb",
    # Ours, in _extensions:
    "docstrings",
    "public_names",
    "offline",
]

# Strict: a reference that leads nowhere is an error (make docs passes -W and -n).
nitpicky = True
exclude_patterns = ["conf.py", "_extensions", "_static", "data"]
source_suffix = {".md": "myst-nb", ".rst": "restructuredtext", ".py": "myst-nb"}

# Tutorials are Python scripts with cells (jupytext's percent format), run when the site is built.
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
# Always: a kept output would not notice that the library has changed.
nb_execution_mode = "force"
nb_execution_timeout = 600
# Tutorials save their pictures in the folder they are run in, which must not be this one.
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_show_tb = True
# An interactive widget would be loaded from a server; there is none.
nb_ipywidgets_js = {}

myst_enable_extensions = ["attrs_block", "colon_fence", "deflist"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_default_options = {"members": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_attr_annotations = False
napoleon_use_rtype = False
napoleon_custom_sections = ["Source", "Performance"]
add_module_names = False
# Longer signatures have a line for each argument.
maximum_signature_line_length = 90
python_display_short_literal_types = True
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"curldescent {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0072b2", "color-brand-content": "#0072b2"},
    "dark_css_variables": {"color-brand-primary": "#56b4e9", "color-brand-content": "#56b4e9"},
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# Written at every build: the phase diagram as a page that works without a server.
STATIC_PAGE = HERE.parent / "build" / "static" / "phase_diagram.html"
html_extra_path = [str(STATIC_PAGE.parent)]


def write_static_page(app: "Sphinx", config: object) -> None:
    """Make the static phase diagram, which is copied beside the pages."""
    from curldescent.apps.explorer import static_page

    static_page(STATIC_PAGE)


def setup(app: "Sphinx") -> None:
    """Called by Sphinx."""
    app.connect("config-inited", write_static_page)
