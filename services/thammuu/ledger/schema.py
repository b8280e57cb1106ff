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
