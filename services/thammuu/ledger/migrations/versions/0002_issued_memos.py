"""Issued memos with their numbers, and what a memo's other editions are made from."""

import sqlalchemy as sa
from alembic import op

from thammuu.ledger.schema import code

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the register of issued memos; drafts made before keep their new columns empty."""
    for name, kind in (
        ("at", sa.Integer),
        ("pack", code(64)),
        ("own", code(64)),
        ("issuer", code(60)),
        ("form", code(16)),
        ("versions", sa.Integer),
    ):
        op.add_column("memos", sa.Column(name, kind, nullable=True))
    op.create_table(
        "issued_memos",
        sa.Column("memo_id", code(160), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("unit_id", code(100), nullable=False, index=True),
        sa.Column("round", code(40), nullable=False),
        sa.Column("issuer", code(60), nullable=False),
        sa.Column("register", code(200), nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("form", code(16), nullable=False),
        sa.Column("dated", sa.Date, nullable=False),
        sa.Column("model", code(64), nullable=False),
        sa.Column("pdf", code(64), nullable=True),
        sa.Column("at", sa.Integer, nullable=False),
        sa.Column("pack", code(64), nullable=False),
        sa.Column("own", code(64), nullable=False),
        sa.Column("findings", sa.Integer, nullable=False),
        sa.Column("tasks", sa.Integer, nullable=False),
        sa.UniqueConstraint("register", "year", "number"),
    )
