"""The memo as data: everything its templates print, already worded and formatted.

A memo is a list of sections, a section a list of blocks: paragraphs, items, tables, charts. Templates decide
nothing: they print the blocks in order. A section without content is absent, headings carry their number, figures
are text. Every sentence and row says what it rests on; one that rests on nothing is refused here, so that it can
never be printed. Beside the printed text stand the findings and tasks as data.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from thammuu.memos.because import KINDS

Form = Literal["cong-van", "thong-bao", "ke-hoach", "phieu-bao", "bao-cao"]
Language = Literal["vi", "en"]
Severity = Literal["critical", "major", "minor", "information"]
SectionKind = Literal[
    "unit",
    "standing",
    "findings",
    "tasks",
    "gain",
    "practice",
    "since",
    "left-out",
    "purpose",
    "goals",
    "budget",
    "organisation",
    "zeros",
    "sent",
]
Reference = Annotated[str, StringConstraints(pattern=rf"^({'|'.join(sorted(KINDS))}):\S")]
Because = Annotated[tuple[Reference, ...], Field(min_length=1)]
"""References of :mod:`thammuu.memos.because`: what a text rests on, never empty."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sentence(_Frozen):
    """A paragraph's or item's text with what it rests on."""

    text: str
    because: Because


class Labels(_Frozen):
    """The fixed words of the form in the memo's language."""

    state: str
    motto: str
    draft: str
    addressed_to: str
    recipients: str
    output: str
    deadline: str
    more: str


class UnitLine(_Frozen):
    """The unit the memo is about, named as of the memo's date."""

    id: str
    code: str
    name: str
    full_name: str


class Letterhead(_Frozen):
    """The two columns on top of the first page; ``subject`` is empty in forms that have a title instead."""

    governing_body: str
    issuing_body: str
    number: str
    subject: str
    place_and_date: str


class DocumentTitle(_Frozen):
    """The name of the form and what it is about, centred; a công văn has none."""

    name: str
    about: str


class Paragraph(_Frozen):
    """A paragraph; ``note_number`` points to a footnote."""

    kind: Literal["paragraph"] = "paragraph"
    sentence: Sentence
    note_number: int | None = None


class Item(_Frozen):
    """A line of a list, printed after a dash."""

    kind: Literal["item"] = "item"
    sentence: Sentence


class Note(_Frozen):
    """A numbered footnote, printed small under the paragraphs that point to it."""

    kind: Literal["note"] = "note"
    number: int
    sentence: Sentence


class Column(_Frozen):
    """A table column: its heading, its share of the table's width, how its cells are set."""

    title: str
    width: float
    align: Literal["left", "center"] = "left"


class Row(_Frozen):
    """A table row; a line break inside a cell starts a new paragraph.

    A row of one cell in a table of more columns is a heading across the table.
    """

    cells: tuple[str, ...]
    because: Because


class Table(_Frozen):
    """A printed table, its heading row repeated on each page."""

    kind: Literal["table"] = "table"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: Sentence | None = None


class Bar(_Frozen):
    """One bar of a chart of gaps: length in the chart's unit, and the text beside it."""

    label: str
    value: float
    text: str


class Point(_Frozen):
    """One published rank: ``rank`` of ``n`` in a period."""

    label: str
    rank: int
    n: int
    text: str


class Series(_Frozen):
    """The ranks of one index, oldest first."""

    name: str
    points: tuple[Point, ...]


class Chart(_Frozen):
    """A chart: bars (gaps to the peer median) or series (rank over the periods)."""

    kind: Literal["chart"] = "chart"
    shows: Literal["gaps", "ranks"]
    caption: str
    alt: str
    bars: tuple[Bar, ...] = ()
    series: tuple[Series, ...] = ()
    because: Because


Block = Annotated[Paragraph | Item | Note | Table | Chart, Field(discriminator="kind")]


class Section(_Frozen):
    """A heading with its blocks.

    Args:
        kind: What it is about.
        heading: With its number; empty where the form prints none.
        level: 1, or 2 below a section of another.
        unit_id: The unit it speaks of, where a memo speaks of several.
    """

    kind: SectionKind
    heading: str
    level: Literal[1, 2] = 1
    unit_id: str = ""
    blocks: tuple[Block, ...]


class FindingLine(_Frozen):
    """A finding as data; the printed row is in a section's or an annex's table.

    ``rule`` and ``covers`` (rules of weaker findings on the same criterion) are for readers of the data, never printed.
    """

    id: str
    publication_id: str
    unit_id: str
    concept: str
    code: str
    severity: Severity
    name: str
    remark: str
    rule: str
    covers: tuple[str, ...] = ()
    in_body: bool


class Task(_Frozen):
    """One line of the task table: one lead agency, what, by when, why."""

    number: int
    id: str
    action_id: str
    lead_id: str
    lead: str
    coordinating: tuple[str, ...]
    sentence: str
    output: str
    basis: str
    criteria: str
    concepts: tuple[str, ...]
    finding_ids: tuple[str, ...]
    deadline: date
    deadline_text: str
    effort: int
    gain_points: float | None


class Signature(_Frozen):
    """The signature block; the name stays blank until somebody signs."""

    authority: str
    title: str
    name: str = ""


class Annex(_Frozen):
    """An annex with its own Roman number."""

    number: str
    title: str
    reference: str
    blocks: tuple[Block, ...]
    landscape: bool = True


class Provenance(_Frozen):
    """What a reader needs to verify the memo.

    Args:
        pack: Hash of the rule pack: rules, actions, offices and law.
        program: Name and version of the program that wrote the memo; empty where it did not say.
        publications: The publications it answers.
    """

    memo_id: str
    checkpoint: str
    verify_address: str
    templates_hash: str
    pack: str
    publications: tuple[str, ...]
    program: str = ""
    line: str
    qr: str
    qr_alt: str


class MemoModel(_Frozen):
    """An action memo, ready to print."""

    form: Form = "cong-van"
    language: Language = "vi"
    draft: bool
    round: str
    dated: date
    issuer: str
    title: str
    unit: UnitLine
    labels: Labels
    letterhead: Letterhead
    document_title: DocumentTitle | None = None
    addressees: tuple[str, ...] = ()
    grounds: tuple[Sentence, ...] = ()
    opening: tuple[Sentence, ...]
    sections: tuple[Section, ...] = ()
    closing: tuple[Sentence, ...]
    signature: Signature
    recipients: tuple[str, ...]
    annexes: tuple[Annex, ...] = ()
    findings: tuple[FindingLine, ...] = ()
    tasks: tuple[Task, ...] = ()
    provenance: Provenance

    def section(self, kind: SectionKind, unit_id: str = "") -> Section | None:
        """Return the first section of a kind, or None."""
        return next((one for one in self.sections if one.kind == kind and unit_id in ("", one.unit_id)), None)
