"""How the site is built: `make docs`."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "Sonolucent"
copyright = "the Sonolucent authors"
version = release = installed_version("sonolucent")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "mathml",
    "generated_pages",
    "no_outside_requests",
]
exclude_patterns = ["_build"]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
# The specification's blocks of bytes are marked for the tests that read them, not for a highlighter.
suppress_warnings = ["misc.highlighting_failure"]

# A single backtick in a docstring means code, as everywhere else in the project.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = "Sonolucent"
html_math_renderer = "mathml"
html_show_sphinx = False
html_copy_source = False
