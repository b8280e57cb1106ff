"""The ledger, progress and the read models of publications, findings and memos."""

import sqlalchemy as sa
from alembic import op

from thammuu.ledger.schema import code, counted

revision = "0001"
down_revision = None

_APPEND_ONLY = {
    "sqlite": [
        f"""CREATE TRIGGER events_never_{verb}d BEFORE {verb} ON events
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"""
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        """CREATE FUNCTION events_never_change() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$""",
        """CREATE TRIGGER events_never_change BEFORE UPDATE OR DELETE OR TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION events_never_change()""",
    ],
}


def upgrade() -> None:
    """Create the tables; the database itself refuses to change or delete an event."""
    op.create_table(
        "events",
        sa.Column("position", counted(), primary_key=True, autoincrement=False),
        sa.Column("id", code(64), nullable=False, unique=True),
        sa.Column("type", code(64), nullable=False, index=True),
        sa.Column("subject", code(200), nullable=False, index=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    head = op.create_table(
        "ledger_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("size", counted(), nullable=False),
        sa.Column("frontier", sa.LargeBinary, nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "size": 0, "frontier": b""}])
    for statement in _APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)
    op.create_table(
        "progress",
        sa.Column("consumer", code(64), primary_key=True),
        sa.Column("position", counted(), nullable=False),
    )
    op.create_table(
        "publications",
        sa.Column("publication_id", code(100), primary_key=True),
        sa.Column("index_id", code(64), nullable=False),
        sa.Column("framework_id", code(64), nullable=False),
        sa.Column("pack", code(64), nullable=False),
        sa.Column("period", code(10), nullable=False),
        sa.Column("period_end", sa.Date, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("content", code(64), nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("published_on", sa.Date, nullable=False),
        sa.Column("round", code(40), nullable=False, index=True),
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
        sa.Column("publication_id", code(100), primary_key=True),
        sa.Column("facts", code(64), nullable=False),
        sa.Column("findings", sa.Integer, nullable=False),
        sa.Column("silenced", sa.Text, nullable=False),
        sa.Column("units", sa.Text, nullable=False),
    )
    op.create_table(
        "findings",
        sa.Column("finding_id", code(64), primary_key=True),
        sa.Column("publication_id", code(100), nullable=False),
        sa.Column("unit_id", code(100), nullable=False),
        sa.Column("severity", code(16), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_findings_publication_unit", "findings", ["publication_id", "unit_id"])
    op.create_table(
        "memos",
        sa.Column("memo_id", code(160), primary_key=True),
        sa.Column("unit_id", code(100), nullable=False),
        sa.Column("unit_code", code(20), nullable=False),
        sa.Column("round", code(40), nullable=False),
        sa.Column("dated", sa.Date, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", code(16), nullable=False),
        sa.Column("model", code(64), nullable=False),
        sa.Column("pdf", code(64), nullable=True),
        sa.Column("findings", sa.Integer, nullable=False),
        sa.Column("tasks", sa.Integer, nullable=False),
    )
