"""The tables: the ledger of events, each consumer's progress, and the read models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

metadata = MetaData()


def code(length: int) -> TypeEngine[str]:
    """Return the type of short texts that are compared and sorted: byte by byte, whatever the server's language."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def counted() -> TypeEngine[int]:
    """Return the type of ledger positions; SQLite's integers are wide enough by themselves."""
    return Integer().with_variant(BigInteger(), "postgresql")


events = Table(
    "events",
    metadata,
    Column("position", counted(), primary_key=True, autoincrement=False),
    Column("id", code(64), nullable=False, unique=True),
    Column("type", code(64), nullable=False, index=True),
    Column("subject", code(200), nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
)
ledger_head = Table(
    "ledger_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", counted(), nullable=False),
    Column("frontier", LargeBinary, nullable=False),
)
progress = Table(
    "progress",
    metadata,
    Column("consumer", code(64), primary_key=True),
    Column("position", counted(), nullable=False),
)
publications = Table(
    "publications",
    metadata,
    Column("publication_id", code(100), primary_key=True),
    Column("index_id", code(64), nullable=False),
    Column("framework_id", code(64), nullable=False),
    Column("pack", code(64), nullable=False),
    Column("period", code(10), nullable=False),
    Column("period_end", Date, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("content", code(64), nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("published_on", Date, nullable=False),
    Column("round", code(40), nullable=False, index=True),
    Column("history", Boolean, nullable=False),
    Column("units", Integer, nullable=False),
    Column("scores", Integer, nullable=False),
    Column("missing", Integer, nullable=False),
    Column("sequence", Integer, nullable=False, unique=True),
    Column("withdrawn_sequence", Integer, nullable=True),
    Column("withdrawn_reason", Text, nullable=True),
    UniqueConstraint("index_id", "period", "revision"),
)
analyses = Table(
    "analyses",
    metadata,
    Column("publication_id", code(100), primary_key=True),
    Column("facts", code(64), nullable=False),
    Column("findings", Integer, nullable=False),
    Column("silenced", Text, nullable=False),
    Column("units", Text, nullable=False),
)
findings = Table(
    "findings",
    metadata,
    Column("finding_id", code(64), primary_key=True),
    Column("publication_id", code(100), nullable=False),
    Column("unit_id", code(100), nullable=False),
    Column("severity", code(16), nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_findings_publication_unit", "publication_id", "unit_id"),
)
memos = Table(
    "memos",
    metadata,
    Column("memo_id", code(160), primary_key=True),
    Column("unit_id", code(100), nullable=False),
    Column("unit_code", code(20), nullable=False),
    Column("round", code(40), nullable=False),
    Column("dated", Date, nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", code(16), nullable=False),
    Column("model", code(64), nullable=False),
    Column("pdf", code(64), nullable=True),
    Column("findings", Integer, nullable=False),
    Column("tasks", Integer, nullable=False),
    Column("at", Integer, nullable=True),
    Column("pack", code(64), nullable=True),
    Column("own", code(64), nullable=True),
    Column("issuer", code(60), nullable=True),
    Column("form", code(16), nullable=True),
    Column("versions", Integer, nullable=True),
)
issued_memos = Table(
    "issued_memos",
    metadata,
    Column("memo_id", code(160), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("unit_id", code(100), nullable=False, index=True),
    Column("round", code(40), nullable=False),
    Column("issuer", code(60), nullable=False),
    Column("register", code(200), nullable=False),
    Column("year", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("form", code(16), nullable=False),
    Column("dated", Date, nullable=False),
    Column("model", code(64), nullable=False),
    Column("pdf", code(64), nullable=True),
    Column("at", Integer, nullable=False),
    Column("pack", code(64), nullable=False),
    Column("own", code(64), nullable=False),
    Column("findings", Integer, nullable=False),
    Column("tasks", Integer, nullable=False),
    UniqueConstraint("register", "year", "number"),
)
inbox = Table(
    "inbox",
    metadata,
    Column("consumer", code(64), primary_key=True),
    Column("event_id", code(64), primary_key=True),
)
leases = Table(
    "leases",
    metadata,
    Column("name", code(64), primary_key=True),
    Column("holder", code(100), nullable=False),
    Column("until", Float, nullable=False),
)
submissions = Table(
    "submissions",
    metadata,
    Column("source", code(200), primary_key=True),
    Column("submission_id", code(100), primary_key=True),
    Column("answer", code(32), nullable=False),
)
submission_parts = Table(
    "submission_parts",
    metadata,
    Column("answer", code(32), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("source", code(200), nullable=False, index=True),
    Column("submission_id", code(100), nullable=False),
    Column("index_id", code(64), nullable=False),
    Column("period", code(10), nullable=False),
    Column("received_at", Float, nullable=False, index=True),
    Column("size", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
approvals = Table(
    "approvals",
    metadata,
    Column("memo_id", code(160), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("model", code(64), nullable=False),
    Column("person", code(60), nullable=False),
    Column("state", code(16), nullable=False),  # approved, returned
    Column("comment", Text, nullable=False),
    Column("turn", Integer, nullable=False),  # how often this version was approved or returned
)
wordings = Table(
    "wordings",
    metadata,
    Column("memo_id", code(160), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("place", code(80), primary_key=True),  # of the text as it was written by the program
    Column("original", Text, nullable=False),
    Column("wording", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("person", code(60), nullable=False),
    Column("dropped", Boolean, nullable=False),  # its text is not in this version any more
)
people = Table(
    "people",
    metadata,
    Column("person_id", code(60), primary_key=True),
    Column("rights", code(100), nullable=False),  # of edit, approve, issue, send; separated by commas
    Column("issuers", Text, nullable=False),  # names of rules/issuers, separated by commas; empty is all
    Column("valid_from", Date, nullable=True),
    Column("valid_to", Date, nullable=True),
)
signed_copies = Table(
    "signed_copies",
    metadata,
    Column("memo_id", code(160), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("pdf", code(64), nullable=False),
    Column("person", code(60), nullable=False),
)
recipients = Table(
    "recipients",
    metadata,
    Column("recipient_id", code(40), primary_key=True),
    Column("unit_id", code(100), nullable=False, index=True),  # `*`: every unit
    Column("role", code(40), nullable=False),
    Column("agency", code(60), nullable=True),
    Column("turn", Integer, nullable=False),  # the next of the same role is written to when one cannot be reached
    Column("language", code(8), nullable=False),
    Column("formats", code(60), nullable=False),
    Column("quiet_from", code(5), nullable=True),  # HH:MM in Viet Nam
    Column("quiet_to", code(5), nullable=True),
    Column("digest_at", code(5), nullable=True),  # HH:MM: one message a day
    Column("valid_from", Date, nullable=True),
    Column("valid_to", Date, nullable=True),
    Column("sealed_name", LargeBinary, nullable=True),
    Column("erased", Boolean, nullable=False),
)
contact_points = Table(
    "contact_points",
    metadata,
    Column("recipient_id", code(40), primary_key=True),
    Column("channel", code(20), primary_key=True),
    Column("sealed", LargeBinary, nullable=True),  # address and secrets, encrypted; empty once erased
    Column("address_mark", code(64), nullable=True, index=True),  # keyed hash: the same address is recognised
    Column("state", code(16), nullable=False),  # usable, bounced
)
deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", code(40), primary_key=True),
    Column("recipient_id", code(40), nullable=False, index=True),
    Column("channel", code(20), nullable=False),
    Column("subject", code(100), nullable=False),  # the unit of its events
    Column("kind", code(16), nullable=False),
    Column("severity", code(16), nullable=False),
    Column("state", code(16), nullable=False),
    Column("due", Float, nullable=False),  # times are seconds since 1970
    Column("deadline", Float, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("unknowns", Integer, nullable=False),  # possible second copies
    Column("holder", code(100), nullable=True),
    Column("held_until", Float, nullable=True),
    Column("reason", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("repetition", Integer, nullable=False),
    Column("instead_of", code(40), nullable=True),
    Column("overdue", Boolean, nullable=False),
    Index("ix_deliveries_state_due", "state", "due"),
)
delivery_memos = Table(
    "delivery_memos",
    metadata,
    Column("memo_id", code(160), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("recipient_id", code(40), primary_key=True),
    Column("channel", code(20), primary_key=True),
    Column("kind", code(16), primary_key=True),
    Column("repetition", Integer, primary_key=True, autoincrement=False),
    Column("delivery_id", code(40), nullable=False, index=True),
)
