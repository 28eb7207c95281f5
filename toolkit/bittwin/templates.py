"""Texts that are mostly fixed: templates of the packages, filled in by jinja2."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jinja2

FOLDER = Path(__file__).parent / "packagers" / "templates"


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # C, CMake and Markdown; names are identifiers, other text goes through c_string
    )


def render(path: str, **facts: Any) -> str:
    """The text of a template below packagers/templates, its name without .j2."""
    return _environment().get_template(f"{path}.j2").render(facts)
