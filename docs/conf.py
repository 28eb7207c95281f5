"""The documentation site: `make docs` builds it into build/docs."""

from bittwin_cgen.version import VERSION

project = "bittwin"
author = "the bittwin maintainers"
copyright = "the bittwin maintainers"
version = release = VERSION
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
myst_heading_anchors = 4
suppress_warnings = ["myst.xref_missing", "myst.header"]  # links between the Markdown files of the repository
html_theme = "furo"
html_title = f"bittwin {VERSION}"
html_copy_source = False
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
copybutton_exclude = ".linenos, .gp, .go"
