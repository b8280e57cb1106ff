"""The Jinja environment of the memo templates: sandboxed, strict about names, silent about nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from jinja2 import Environment


def sandboxed(folder: Path, *, markup: bool) -> Environment:
    """Return an environment for the templates of a folder.

    Args:
        folder: Where the templates are.
        markup: Whether the output is HTML or SVG, where every text is escaped.
    """
    from jinja2 import FileSystemLoader, StrictUndefined

    from thammuu.memos.printing.bounds import BoundedEnvironment

    return BoundedEnvironment(
        loader=FileSystemLoader(folder),
        autoescape=markup,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
