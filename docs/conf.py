"""How Sphinx builds the documentation: `make docs`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))
# For the kernels that run the pages: this checkout, and one thread a library call.
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")])
)
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from docs.tools import errors, literate, reference  # noqa: E402  # through the path set above

import wengert  # noqa: E402  # the kernels' path is set before

project = "Wengert"
author = "the Wengert developers"
project_copyright = author
version = release = wengert.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["tools", "**/__pycache__"]
default_role = "code"  # `x` in docstrings
nitpicky = False

# Written from the package before each build; see docs/tools.
reference.write(HERE / "reference")
errors.write(HERE / "errors.md")
literate.write(HERE / "from_scratch.md")

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_cache_path = str(ROOT / "build" / "notebooks")
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True

autosummary_generate = False  # the pages of names are written by docs/tools/reference.py
autodoc_typehints = "none"  # the docstrings say shapes and units, which the annotations cannot
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = "Wengert"
html_logo = "static/logo.svg"
html_favicon = "static/logo.svg"
html_static_path = ["static"]
html_css_files = ["wengert.css"]
html_show_sourcelink = False
html_theme_options = {
    "header_links_before_dropdown": 8,
    "logo": {"text": "Wengert"},
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
}
# Pages that stand alone have no list of sections beside them.
html_sidebars: dict[str, list[str]] = {
    page: [] for page in ("index", "tutorial", "conventions", "gotchas")
}


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", reference.module_docstring)
