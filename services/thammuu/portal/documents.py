"""The JSON documents of the API, as its description gives them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Document(BaseModel):
    """A JSON object."""

    model_config = ConfigDict(extra="allow")


class ProblemEntry(Document):
    """One thing wrong with an input: where, what stood there, what was expected."""

    code: str
    severity: Literal["error", "warning"]
    file: str | None
    sheet: str | None
    row: int | None
    column: str | int | None
    line: int | None
    value: str | None
    expected: str


class ProblemDetails(Document):
    """What is wrong, as RFC 9457 says; ``problems`` lists every single one."""

    type: str
    title: str
    status: int
    detail: str
    problems: list[ProblemEntry]


class Published(Document):
    """What became of a score file; its analysis may be pending."""

    publication_id: str
    index: str
    period: str
    revision: int
    units: int
    scores: int
    missing: int
    findings: int
    memos: int
    round: str
    changed: bool
    complete: bool
    warnings: list[ProblemEntry]
    notes: list[str]
    rejected: int


class Withdrawn(Document):
    """A publication that was taken back."""

    publication_id: str
    withdrawn: bool
    reason: str
    standing: str | None = Field(description="the latest standing publication of the same period")


class Publication(Document):
    """A publication as registered."""

    publication_id: str
    index_id: str
    framework_id: str
    pack: str
    period: str
    period_end: date
    revision: int
    content: str
    complete: bool
    published_on: date
    round: str
    history: bool
    units: int
    scores: int
    missing: int
    sequence: int
    withdrawn_sequence: int | None
    withdrawn_reason: str | None
    status: Literal["stands", "withdrawn"]


class PublicationNow(Publication):
    """A publication with what it has led to by now."""

    findings: int
    memos: int
    analysed: bool = Field(description="whether its findings are there")
    pending: int | None = Field(description="events that wait to be handled; null where workers handle them")


class Facts(Document):
    """A unit's facts on one node of the framework; `docs/rule-author.md` explains each."""

    unit_id: str
    code: str


class Finding(Document):
    """What the rules found, with the facts that made them fire and the sentence that says why."""

    finding_id: str
    publication_id: str
    unit_id: str
    unit_code: str
    unit_name: str
    concept: str
    code: str
    rule: str
    severity: str
    explain: dict[str, str]
    facts: dict[str, Any]


class Memo(Document):
    """A memo as listed."""

    memo_id: str
    unit_id: str
    unit_code: str
    unit_name: str
    round: str
    dated: date
    version: int
    status: Literal["draft", "approved", "returned", "issued", "superseded"]
    decided_by: str | None
    comment: str
    edits: int
    edits_dropped: int
    number: int | None
    model: str
    pdf: str | None
    signed: str | None
    findings: int
    tasks: int


class Recipient(Document):
    """Who is told of a unit's memos, in which role, by which channels."""

    recipient_id: str
    unit_id: str = Field(description="`*`: every unit")
    unit: str
    role: Literal["steering-committee", "secretariat", "lead-agency", "operator"]
    agency: str | None
    turn: int
    language: str
    formats: list[str]
    quiet_from: str | None
    quiet_to: str | None
    digest_at: str | None
    valid_from: date | None
    valid_to: date | None
    channels: dict[str, Literal["usable", "bounced"]]


class RecipientOpened(Recipient):
    """A recipient; where it was asked for, with its name and addresses, never with a secret."""

    name: str | None = Field(default=None, description="only with `contact`")
    addresses: dict[str, str] | None = Field(default=None, description="by channel; only with `contact`")


class RecipientKept(Recipient):
    """A recipient as it is now."""

    became: Literal["new", "changed", "unchanged"]


class RecipientErased(Document):
    """A recipient whose name, addresses and secrets are gone."""

    recipient_id: str
    erased: bool


class RecordedEvent(Document):
    """An event and its place in the ledger."""

    position: int
    event: CloudEvent


class CloudEvent(Document):
    """A CloudEvents 1.0 envelope; `docs/events.md` has the data of each type."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    data: dict[str, Any]


class Page(Document):
    """Some of many; ``next`` is the address of those that follow, null at the end."""

    next: str | None


class Publications(Page):
    """Publications in the order of acceptance."""

    items: list[Publication]


class FactsPage(Page):
    """Facts by unit and node."""

    items: list[Facts]


class Findings(Page):
    """Findings, the newest period of an index first, then by unit code."""

    items: list[Finding]


class Memos(Page):
    """Memos, the newest round first, then by unit code."""

    items: list[Memo]


class Recipients(Page):
    """Recipients by role, turn and id, without names and addresses."""

    items: list[Recipient]


class Events(Page):
    """Events in ledger order."""

    items: list[RecordedEvent]
