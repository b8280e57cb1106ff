"""The ledger, progress and the read models of publications, findings and memos."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_APPEND_ONLY = """CREATE TRIGGER events_never_{verb}d BEFORE {verb} ON events
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"""


def upgrade() -> None:
    """Create the tables; the database itself refuses to change or delete an event."""
    op.create_table(
        "events",
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("id", sa.String(64), nullable=False, unique=True),
        sa.Column("type", sa.String(64), nullable=False, index=True),
        sa.Column("subject", sa.String(200), nullable=False, index=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    head = op.create_table(
        "ledger_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("frontier", sa.LargeBinary, nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "size": 0, "frontier": b""}])
    for verb in ("UPDATE", "DELETE"):
        op.execute(_APPEND_ONLY.format(verb=verb))
    op.create_table(
        "progress",
        sa.Column("consumer", sa.String(64), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
    )
    op.create_table(
        "publications",
        sa.Column("publication_id", sa.String(100), primary_key=True),
        sa.Column("index_id", sa.String(64), nullable=False),
        sa.Column("framework_id", sa.String(64), nullable=False),
        sa.Column("pack", sa.String(64), nullable=False),
        sa.Column("period", sa.String(10), nullable=False),
        sa.Column("period_end", sa.Date, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("published_on", sa.Date, nullable=False),
        sa.Column("round", sa.String(40), nullable=False, index=True),
        sa.Column("history", sa.Boolean, nullable=False),
        sa.Column("units", sa.Integer, nullable=False),
        sa.Column("scores", sa.Integer, nullable=False),
        sa.Column("missing", sa.Integer, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False, unique=True),
        sa.Column("withdrawn_sequence", sa.Integer, nullable=True),
        sa.Column("withdrawn_reason", sa.Text, nullable=True),
        sa.UniqueConstraint("index_id", "period", "revision"),
    )
    op.create_table(
        "analyses",
        sa.Column("publication_id", sa.String(100), primary_key=True),
        sa.Column("facts", sa.String(64), nullable=False),
        sa.Column("findings", sa.Integer, nullable=False),
        sa.Column("silenced", sa.Text, nullable=False),
        sa.Column("units", sa.Text, nullable=False),
    )
    op.create_table(
        "findings",
        sa.Column("finding_id", sa.String(64), primary_key=True),
        sa.Column("publication_id", sa.String(100), nullable=False),
        sa.Column("unit_id", sa.String(100), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_findings_publication_unit", "findings", ["publication_id", "unit_id"])
    op.create_table(
        "memos",
        sa.Column("memo_id", sa.String(160), primary_key=True),
        sa.Column("unit_id", sa.String(100), nullable=False),
        sa.Column("unit_code", sa.String(20), nullable=False),
        sa.Column("round", sa.String(40), nullable=False),
        sa.Column("dated", sa.Date, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("pdf", sa.String(64), nullable=True),
        sa.Column("findings", sa.Integer, nullable=False),
        sa.Column("tasks", sa.Integer, nullable=False),
    )
