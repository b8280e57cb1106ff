"""How much of a page a slip takes, in points, set as the shipped template sets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.memos.model import Item, Note, Paragraph
from thammuu.memos.sections import letter
from thammuu.memos.sections.closing import closing
from thammuu.memos.sections.text_lines import lines_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from thammuu.memos.model import Block, Section, Task
    from thammuu.memos.scope import Scope

ROOM = 605.0
"""Points of a page that are left for what differs from slip to slip."""
_WIDTH, _INDENT, _SIZE = 467.0, 36.0, 13.0
"""Of the body: its lines, the first line's indent, its letters."""
_LINE, _BETWEEN = 16.3, 3.9
"""From line to line, and what paragraphs are further apart."""
_HEADING = 24.0
_TITLE = (14.0, 420.0)
_HEAD = (12.0, 186.0)
_RECIPIENT, _RECIPIENT_LINE = (11.0, 182.0), 12.7
_SIGNATURE, _SIGNED = (13.0, 268.0), 68.0
"""The signature's letters and column, and the room for the hand."""


def fits_a_page(scope: Scope, sections: Sequence[Section], tasks: tuple[Task, ...]) -> bool:
    """Return whether a slip with these sections stays on one page.

    Args:
        scope: The memo.
        sections: The slip's sections.
        tasks: The tasks it tells.
    """
    return height_of(scope, sections, tasks) <= ROOM


def height_of(scope: Scope, sections: Sequence[Section], tasks: tuple[Task, ...]) -> float:
    """Return how many points a slip takes, without what every slip has."""
    paragraphs = [one.text for one in (*letter.opening(scope, tasks), *closing(scope, tasks))]
    body = sum(_HEADING + _paragraphs(_texts(section.blocks)) for section in sections)
    return _head(scope, tasks) + _paragraphs(paragraphs) + body + _foot(scope, tasks)


def _head(scope: Scope, tasks: tuple[Task, ...]) -> float:
    head = letter.letterhead(scope, None, has_tasks=bool(tasks)).issuing_body.split("\n")
    title = letter.document_title(scope, has_tasks=bool(tasks))
    lines = sum(lines_of(line, *_HEAD, bold=True) for line in head)
    lines += lines_of(title.about, *_TITLE, bold=True) if title else 0
    addressees = letter.addressees(scope, tasks)
    return _LINE * (lines + len(addressees) + (len(addressees) > 1))


def _foot(scope: Scope, tasks: tuple[Task, ...]) -> float:
    recipients = 1 + sum(lines_of(line, *_RECIPIENT) for line in letter.recipients(scope, tasks))
    block = letter.signature(scope)
    signed = [line for line in (block.authority, *block.title.split("\n")) if line]
    above = sum(lines_of(line, *_SIGNATURE, bold=True) for line in signed)
    return max(_RECIPIENT_LINE * recipients, _LINE * above + _SIGNED)


def _texts(blocks: Iterable[Block]) -> list[str]:
    told = [block for block in blocks if isinstance(block, Item | Note | Paragraph)]
    return [f"- {block.sentence.text}" if isinstance(block, Item) else block.sentence.text for block in told]


def _paragraphs(texts: Iterable[str]) -> float:
    return sum(_LINE * lines_of(text, _SIZE, _WIDTH, indent=_INDENT) + _BETWEEN for text in texts)
