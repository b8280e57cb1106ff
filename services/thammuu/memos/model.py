"""The memo as data: everything its templates print, already worded and formatted.

Templates decide nothing. A section without content is absent, headings carry their number, figures are text
with a decimal comma. Beside the printed text stand the ids that lead back to findings, actions and publications.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

Form = Literal["cong-van"]
Language = Literal["vi", "en"]
Severity = Literal["critical", "major", "minor", "information"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Labels(_Frozen):
    """The fixed words of the form in the memo's language."""

    state: str
    motto: str
    draft: str
    addressed_to: str
    recipients: str


class UnitLine(_Frozen):
    """The unit the memo is about, named as of the memo's date."""

    id: str
    code: str
    name: str
    full_name: str


class Letterhead(_Frozen):
    """The two columns on top of the first page."""

    governing_body: str
    issuing_body: str
    number: str
    subject: str
    place_and_date: str


class Column(_Frozen):
    """A table column: its heading, its share of the table's width, how its cells are set."""

    title: str
    width: float
    align: Literal["left", "center"] = "left"


class Row(_Frozen):
    """A table row; a line break inside a cell starts a new paragraph."""

    cells: tuple[str, ...]


class Table(_Frozen):
    """A printed table."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""


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

    kind: Literal["gaps", "ranks"]
    caption: str
    alt: str
    bars: tuple[Bar, ...] = ()
    series: tuple[Series, ...] = ()


class Standing(_Frozen):
    """One index's latest result in one line."""

    index: str
    publication_id: str
    text: str
    note_number: int | None = None


class StandingSection(_Frozen):
    """Where the unit stands on every index it has."""

    heading: str
    lines: tuple[Standing, ...]
    notes: tuple[str, ...] = ()
    chart: Chart | None = None


class FindingLine(_Frozen):
    """A finding as the memo tells it; the printed row is in the section's tables.

    ``rule`` and ``covers`` (rules of weaker findings on the same criterion) are for readers of the data, never printed.
    """

    id: str
    publication_id: str
    concept: str
    code: str
    severity: Severity
    name: str
    remark: str
    rule: str
    covers: tuple[str, ...] = ()
    in_body: bool


class FindingsSection(_Frozen):
    """What lost most, one table an index."""

    heading: str
    paragraphs: tuple[str, ...]
    tables: tuple[Table, ...]
    lines: tuple[FindingLine, ...]
    chart: Chart | None = None


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


class TasksSection(_Frozen):
    """Who should do what by when."""

    heading: str
    paragraphs: tuple[str, ...]
    table: Table
    tasks: tuple[Task, ...]
    not_assigned: tuple[str, ...] = ()


class TextSection(_Frozen):
    """A section of paragraphs and items: gain, practice, since the last memo, left out."""

    heading: str
    paragraphs: tuple[str, ...]
    entries: tuple[str, ...] = ()


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
    tables: tuple[Table, ...]
    landscape: bool = True


class Provenance(_Frozen):
    """What a reader needs to verify the memo."""

    memo_id: str
    checkpoint: str
    verify_address: str
    templates_hash: str
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
    title: str
    unit: UnitLine
    labels: Labels
    letterhead: Letterhead
    addressees: tuple[str, ...]
    opening: tuple[str, ...]
    standing: StandingSection | None = None
    findings: FindingsSection | None = None
    tasks: TasksSection | None = None
    gain: TextSection | None = None
    practice: TextSection | None = None
    since: TextSection | None = None
    left_out: TextSection | None = None
    closing: tuple[str, ...]
    signature: Signature
    recipients: tuple[str, ...]
    annexes: tuple[Annex, ...] = ()
    provenance: Provenance
