"""Issued memos with their numbers, and what a memo's other editions are made from."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the register of issued memos; drafts made before keep their new columns empty."""
    for name, kind in (
        ("at", sa.Integer),
        ("pack", sa.String(64)),
        ("own", sa.String(64)),
        ("issuer", sa.String(60)),
        ("form", sa.String(16)),
    ):
        op.add_column("memos", sa.Column(name, kind, nullable=True))
    op.create_table(
        "issued_memos",
        sa.Column("memo_id", sa.String(160), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("unit_id", sa.String(100), nullable=False, index=True),
        sa.Column("round", sa.String(40), nullable=False),
        sa.Column("issuer", sa.String(60), nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("form", sa.String(16), nullable=False),
        sa.Column("dated", sa.Date, nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("pdf", sa.String(64), nullable=True),
        sa.UniqueConstraint("issuer", "year", "number"),
    )
