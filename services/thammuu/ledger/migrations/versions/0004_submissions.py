"""Submissions of other systems: which were answered, and the parts of those that are not complete yet."""

import sqlalchemy as sa
from alembic import op

from thammuu.ledger.schema import code

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables; an answer is written in one transaction with the publication that it tells of."""
    op.create_table(
        "submissions",
        sa.Column("source", code(200), primary_key=True),
        sa.Column("submission_id", code(100), primary_key=True),
        sa.Column("answer", code(32), nullable=False),
    )
    op.create_table(
        "submission_parts",
        sa.Column("answer", code(32), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("source", code(200), nullable=False, index=True),
        sa.Column("submission_id", code(100), nullable=False),
        sa.Column("index_id", code(64), nullable=False),
        sa.Column("period", code(10), nullable=False),
        sa.Column("received_at", sa.Float, nullable=False, index=True),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
