"""The tables: the ledger of events, each consumer's progress, and the read models."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

events = Table(
    "events",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("id", String(64), nullable=False, unique=True),
    Column("type", String(64), nullable=False, index=True),
    Column("subject", String(200), nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
)
ledger_head = Table(
    "ledger_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", Integer, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
)
progress = Table(
    "progress",
    metadata,
    Column("consumer", String(64), primary_key=True),
    Column("position", Integer, nullable=False),
)
publications = Table(
    "publications",
    metadata,
    Column("publication_id", String(100), primary_key=True),
    Column("index_id", String(64), nullable=False),
    Column("framework_id", String(64), nullable=False),
    Column("pack", String(64), nullable=False),
    Column("period", String(10), nullable=False),
    Column("period_end", Date, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("content", String(64), nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("published_on", Date, nullable=False),
    Column("round", String(40), nullable=False, index=True),
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
    Column("publication_id", String(100), primary_key=True),
    Column("facts", String(64), nullable=False),
    Column("findings", Integer, nullable=False),
    Column("silenced", Text, nullable=False),
    Column("units", Text, nullable=False),
)
findings = Table(
    "findings",
    metadata,
    Column("finding_id", String(64), primary_key=True),
    Column("publication_id", String(100), nullable=False),
    Column("unit_id", String(100), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_findings_publication_unit", "publication_id", "unit_id"),
)
memos = Table(
    "memos",
    metadata,
    Column("memo_id", String(160), primary_key=True),
    Column("unit_id", String(100), nullable=False),
    Column("unit_code", String(20), nullable=False),
    Column("round", String(40), nullable=False),
    Column("dated", Date, nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("model", String(64), nullable=False),
    Column("pdf", String(64), nullable=True),
    Column("findings", Integer, nullable=False),
    Column("tasks", Integer, nullable=False),
    Column("at", Integer, nullable=True),
    Column("pack", String(64), nullable=True),
    Column("own", String(64), nullable=True),
    Column("issuer", String(60), nullable=True),
    Column("form", String(16), nullable=True),
)
issued_memos = Table(
    "issued_memos",
    metadata,
    Column("memo_id", String(160), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("unit_id", String(100), nullable=False, index=True),
    Column("round", String(40), nullable=False),
    Column("issuer", String(60), nullable=False),
    Column("year", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("form", String(16), nullable=False),
    Column("dated", Date, nullable=False),
    Column("model", String(64), nullable=False),
    Column("pdf", String(64), nullable=True),
    UniqueConstraint("issuer", "year", "number"),
)
