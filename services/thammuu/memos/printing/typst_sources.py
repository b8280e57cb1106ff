"""What a typst template may bring in: files of its own folder, named outright; never a package from the network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from thammuu.errors import Place
from thammuu.i18n import _
from thammuu.memos.printing.faults import MESSAGE, PlacedFaultError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_COMMENT = re.compile(r"^\s*//[^\"`*\n]*$", re.MULTILINE)
"""A line that is surely a comment: it ends no string, no raw text and no other comment."""
_BRINGS_IN = re.compile(r"(?<![\w-])(?:import|include)(?![\w-])")
_OWN_FILE = re.compile(r'(?:import|include)\s+"[^"@\\:/]+\.typ"\s*(?![\s+.])')
_EVALUATES = re.compile(r"(?<![\w-])(?:eval|std)(?![\w-])")
"""The standard library as a module is another way to eval."""
_PACKAGE = re.compile(r"@(?:preview|local)\b")


def refuse_packages(folder: Path) -> None:
    """Refuse typst files that could load a package, or code made while they run.

    Raises:
        PlacedFaultError: About the first such line.
    """
    for path in sorted(folder.rglob("*.typ")):
        # bytes that are no text are typst's to refuse
        text = path.read_text(encoding="utf-8", errors="replace")
        for start, told in sorted(_faults(_without_comments(text))):
            line = text.count("\n", 0, start) + 1
            raise PlacedFaultError(Place(file=f"{MESSAGE}/{path.relative_to(folder).as_posix()}", line=line), told)


def _without_comments(text: str) -> str:
    """Return the text with blanks in the place of comments, so that lines stay where they are."""
    return _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def _faults(text: str) -> Iterator[tuple[int, str]]:
    own = _("only files of the folder may be imported, by name: no packages and no names made while it runs")
    for found in _BRINGS_IN.finditer(text):
        if not _OWN_FILE.match(text, found.start()):
            yield found.start(), own
    for pattern, told in ((_PACKAGE, own), (_EVALUATES, _("no code made while it runs (eval, std)"))):
        for found in pattern.finditer(text):
            yield found.start(), told
