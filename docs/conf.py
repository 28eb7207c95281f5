"""The documentation site: `make docs` builds it into build/docs."""

import subprocess
import sys
from pathlib import Path

from bittwin_cgen.version import VERSION

HERE = Path(__file__).parent
project = "bittwin"
author = "the bittwin maintainers"
copyright = "the bittwin maintainers"
version = release = VERSION
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
myst_heading_anchors = 4
suppress_warnings = ["myst.xref_missing", "myst.header"]  # links between the Markdown files of the repository
exclude_patterns = ["_made/*.md"]
html_theme = "furo"
html_title = f"bittwin {VERSION}"
html_copy_source = False
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
copybutton_exclude = ".linenos, .gp, .go"

# The command reference is what the command itself says.
made = HERE / "_made"
made.mkdir(exist_ok=True)
command = [sys.executable, "-m", "typer", "bittwin.cli", "utils", "docs", "--name", "bittwin"]
text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
(made / "command.md").write_text(text.replace("# `bittwin`\n", "", 1))
