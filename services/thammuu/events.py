"""The events: CloudEvents 1.0 envelopes, one pydantic model for the data of each type."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from thammuu import tracing
from thammuu.canonical import canonical_json, derived_id
from thammuu.delivery_events import (
    DeliveryAttempted,
    DeliveryCancelled,
    DeliveryFailed,
    DeliveryOverdue,
    DeliveryQueued,
    DeliveryRequeued,
    DeliverySucceeded,
    DeliveryUnaddressed,
    DeliveryUnknown,
    Enclosed,
)
from thammuu.event_data import TYPES, EventData
from thammuu.rights_events import RightsEnded, RightsGiven

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "DeliveryAttempted",
    "DeliveryCancelled",
    "DeliveryFailed",
    "DeliveryOverdue",
    "DeliveryQueued",
    "DeliveryRequeued",
    "DeliverySucceeded",
    "DeliveryUnaddressed",
    "DeliveryUnknown",
    "Enclosed",
    "EventData",
    "RightsEnded",
    "RightsGiven",
]
"""Of what is defined elsewhere: whoever needs an event finds every one here."""

MAX_DATA_BYTES = 60_000
"""Larger payloads travel as blobs named by their SHA-256."""

SOURCE = "/thammuu"


class RulesActivated(EventData):
    """A rule pack came into use; its files are the blob named by its hash."""

    event_type: ClassVar[str] = "rules.activated"
    pack: str


class ScoresPublished(EventData):
    """A publication was accepted: one index, one period, one revision."""

    event_type: ClassVar[str] = "scores.published"
    publication_id: str
    index: str
    framework: str
    framework_hash: str
    pack: str = Field(description="hash of the rule pack that analyses it")
    period: str
    revision: int
    content: str = Field(description="hash of the scores, and the name of their blob")
    complete: bool
    published_on: date
    round: str
    history: bool
    units: int
    scores: int
    missing: int
    sources: tuple[str, ...] = ()


class ScoresWithdrawn(EventData):
    """A publication was taken back."""

    event_type: ClassVar[str] = "scores.withdrawn"
    publication_id: str
    index: str
    period: str
    pack: str = Field(description="hash of the rule pack that memos are drafted again with")
    reason: str


class SubmissionAnswered(EventData):
    """What became of scores that another system put on Kafka: a publication, or every reason why not."""

    event_type: ClassVar[str] = "submission.answered"
    source: str = Field(description="`source` of the submitting message")
    submission_id: str
    status: Literal["accepted", "refused"]
    index: str
    period: str | None = Field(default=None, description="absent where none could be read")
    publication_id: str | None = Field(default=None, description="of an accepted submission")
    revision: int | None = Field(default=None, description="the same")
    changed: bool | None = Field(default=None, description="false where the latest revision has the same content")
    message: str | None = Field(default=None, description="of a refused submission: one sentence")
    problems: tuple[dict[str, Any], ...] = Field(
        default=(), description="errors of a refused submission, warnings of an accepted one; the first of them"
    )
    problems_count: int = 0
    problems_blob: str | None = Field(
        default=None, description="name of the blob with all of them, where they exceed the size cap"
    )


class FindingsRaised(EventData):
    """What the rules found for one unit in one publication; an empty list is an all-clear."""

    event_type: ClassVar[str] = "findings.raised"
    publication_id: str
    unit_id: str
    pack: str
    findings: tuple[dict[str, Any], ...] = ()
    silenced: tuple[dict[str, Any], ...] = Field(default=(), description="firings of rules that a person silenced")
    findings_blob: str | None = Field(default=None, description="instead of `findings`, where they exceed the size cap")


class FindingsRetracted(EventData):
    """A publication ceased to speak for a unit: it was withdrawn, or a revision left the unit out."""

    event_type: ClassVar[str] = "findings.retracted"
    publication_id: str
    unit_id: str
    pack: str
    at: int = Field(description="the register's sequence number from which it holds")


class MemoDrafted(EventData):
    """A memo's draft was written or re-written."""

    event_type: ClassVar[str] = "memo.drafted"
    memo_id: str
    unit_id: str
    round: str
    version: int
    model: str = Field(description="hash of the memo model, and the name of its blob")
    publications: tuple[str, ...]
    findings: int
    tasks: int
    at: int | None = Field(default=None, description="the register's sequence number that it answers")
    pack: str | None = Field(default=None, description="hash of the rule pack")
    corrects: int | None = Field(default=None, description="the issued version that it would replace")
    edited_by: str | None = Field(default=None, description="id of the person who changed its wording")
    edits_dropped: int | None = Field(
        default=None, description="wordings of persons that are lost, since what they replaced is not said any more"
    )


class MemoIssued(EventData):
    """A memo got its number and date and is a document now."""

    event_type: ClassVar[str] = "memo.issued"
    memo_id: str
    unit_id: str
    round: str
    version: int
    issuer: str
    form: str
    number: int
    dated: date
    model: str = Field(description="hash of the memo model, and the name of its blob")
    corrects: int | None = Field(default=None, description="the issued version that it replaces")
    by: str | None = Field(
        default=None, description="id of the person, or the name of the policy that issues by itself"
    )


class MemoNumbersVoided(EventData):
    """Numbers of a register were left out, with a reason: no document will have them."""

    event_type: ClassVar[str] = "memo.numbers-voided"
    numbers_of: str = Field(description="the register: the issuer's, or one unit's where an issuer has one for each")
    year: int
    first: int
    last: int = Field(description="the last one of the range; the same as the first where it is one number")
    reason: str
    memo_id: str = Field(description="the memo that was issued with a number after them")
    by: str = Field(description="id of the person")


class MemoRendered(EventData):
    """The PDF of a memo model was stored."""

    event_type: ClassVar[str] = "memo.rendered"
    memo_id: str
    version: int
    model: str
    pdf: str = Field(description="hash of the PDF, and the name of its blob")


class MemoSuperseded(EventData):
    """A memo lost its ground, such as its only publication being withdrawn."""

    event_type: ClassVar[str] = "memo.superseded"
    memo_id: str
    version: int
    reason: Literal["publication-withdrawn", "units-merged", "corrected", "as-issued"]


class MemoApproved(EventData):
    """A person with the right approved one version of a draft; whatever changes it takes the approval away."""

    event_type: ClassVar[str] = "memo.approved"
    memo_id: str
    unit_id: str
    round: str
    version: int
    model: str = Field(description="hash of the memo model that was approved")
    by: str = Field(description="id of the person, or the name of the policy that approves by itself")


class MemoReturned(EventData):
    """A person sent a draft back to be reworked."""

    event_type: ClassVar[str] = "memo.returned"
    memo_id: str
    unit_id: str
    round: str
    version: int
    by: str
    comment: str


class MemoSigned(EventData):
    """The digitally signed copy of an issued memo was handed back; it is the document that is sent."""

    event_type: ClassVar[str] = "memo.signed"
    memo_id: str
    unit_id: str
    round: str
    version: int
    pdf: str = Field(description="hash of the signed PDF, and the name of its blob")
    by: str
    reason: str | None = Field(default=None, description="why it was taken although it is not visibly the issued one")


class EventRejected(EventData):
    """A consumer set an event aside for good; the event itself stays in the ledger."""

    event_type: ClassVar[str] = "event.rejected"
    consumer: str
    rejected: str = Field(description="id of the event; `bytes:` and their hash where there was none to read")
    reason: str
    raw: str | None = Field(default=None, description="name of the blob with the bytes that were no event")


class EventReplayed(EventData):
    """An event that a consumer had set aside was handed back to it and handled."""

    event_type: ClassVar[str] = "event.replayed"
    consumer: str
    replayed: str = Field(description="what `event.rejected` named")


class NewEvent(BaseModel):
    """An output of a handler before the ledger gives it its place."""

    model_config = ConfigDict(frozen=True)

    subject: str
    data: EventData


class Event(BaseModel):
    """A CloudEvents 1.0 envelope.

    ``causationid`` is an extension attribute: the id of the event that led to this one. ``traceparent`` is one of
    CloudEvents' own: where in which trace the event came to be, where traces are kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str = SOURCE
    type: str
    subject: str
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    causationid: str | None = None
    traceparent: str | None = Field(default=None, pattern=tracing.FORM)
    data: EventData

    @model_validator(mode="before")
    @classmethod
    def _typed_data(cls, value: Any) -> Any:  # noqa: ANN401  pydantic hands over raw input
        if isinstance(value, dict) and isinstance(value.get("data"), dict):
            data_type = TYPES.get(value.get("type", ""))
            if data_type is None:
                msg = f"unknown event type {value.get('type')!r}"
                raise ValueError(msg)
            return value | {"data": data_type.model_validate(value["data"])}
        return value

    def body(self) -> bytes:
        """Return the envelope as canonical JSON, the bytes that the ledger keeps and hashes."""
        envelope = self.model_dump(mode="json", exclude={"data"}, exclude_none=True)
        return canonical_json(envelope | {"data": self.data.model_dump(mode="json", exclude_none=True)})


def caused_by(cause: Event, consumer: str, outputs: Iterable[NewEvent], at: datetime) -> Iterator[Event]:
    """Give a handler's outputs their envelopes; the ids follow from cause, consumer and position."""
    for position, new in enumerate(outputs):
        yield envelope(new, derived_id(cause.id, consumer, position), at, cause.id, cause.traceparent)


def envelope(
    new: NewEvent, event_id: str, at: datetime, cause: str | None = None, traceparent: str | None = None
) -> Event:
    """Wrap one new event.

    Args:
        new: What happened.
        event_id: Its deterministic id.
        at: When it happened.
        cause: The id of the event that led to it.
        traceparent: Its place in a trace where no span is open here: that of its cause.
    """
    return Event(
        id=event_id,
        type=new.data.event_type,
        subject=new.subject,
        time=at,
        causationid=cause,
        traceparent=tracing.current() or traceparent,
        data=new.data,
    )
