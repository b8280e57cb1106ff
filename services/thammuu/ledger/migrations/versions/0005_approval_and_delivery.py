"""Approval, people with rights and signed copies; recipients with their contact points; deliveries."""

import sqlalchemy as sa
from alembic import op

from thammuu.ledger.schema import code

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the tables."""
    _approval()
    _recipients()
    _deliveries()


def _approval() -> None:
    op.create_table(
        "approvals",
        sa.Column("memo_id", code(160), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("model", code(64), nullable=False),
        sa.Column("person", code(60), nullable=False),
        sa.Column("state", code(16), nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
    )
    op.create_table(
        "wordings",
        sa.Column("memo_id", code(160), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("place", code(80), primary_key=True),
        sa.Column("original", sa.Text, nullable=False),
        sa.Column("wording", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("person", code(60), nullable=False),
        sa.Column("dropped", sa.Boolean, nullable=False),
    )
    op.create_table(
        "people",
        sa.Column("person_id", code(60), primary_key=True),
        sa.Column("rights", code(100), nullable=False),
        sa.Column("issuers", sa.Text, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=True),
        sa.Column("valid_to", sa.Date, nullable=True),
    )
    op.create_table(
        "signed_copies",
        sa.Column("memo_id", code(160), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("pdf", code(64), nullable=False),
        sa.Column("person", code(60), nullable=False),
    )


def _recipients() -> None:
    op.create_table(
        "recipients",
        sa.Column("recipient_id", code(40), primary_key=True),
        sa.Column("unit_id", code(100), nullable=False, index=True),
        sa.Column("role", code(40), nullable=False),
        sa.Column("agency", code(60), nullable=True),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("language", code(8), nullable=False),
        sa.Column("formats", code(60), nullable=False),
        sa.Column("quiet_from", code(5), nullable=True),
        sa.Column("quiet_to", code(5), nullable=True),
        sa.Column("digest_at", code(5), nullable=True),
        sa.Column("valid_from", sa.Date, nullable=True),
        sa.Column("valid_to", sa.Date, nullable=True),
        sa.Column("sealed_name", sa.LargeBinary, nullable=True),
        sa.Column("erased", sa.Boolean, nullable=False),
    )
    op.create_table(
        "contact_points",
        sa.Column("recipient_id", code(40), primary_key=True),
        sa.Column("channel", code(20), primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=True),
        sa.Column("address_mark", code(64), nullable=True, index=True),
        sa.Column("state", code(16), nullable=False),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("delivery_id", code(40), primary_key=True),
        sa.Column("recipient_id", code(40), nullable=False, index=True),
        sa.Column("channel", code(20), nullable=False),
        sa.Column("subject", code(100), nullable=False),
        sa.Column("kind", code(16), nullable=False),
        sa.Column("severity", code(16), nullable=False),
        sa.Column("state", code(16), nullable=False),
        sa.Column("due", sa.Float, nullable=False),
        sa.Column("deadline", sa.Float, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("unknowns", sa.Integer, nullable=False),
        sa.Column("holder", code(100), nullable=True),
        sa.Column("held_until", sa.Float, nullable=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("repetition", sa.Integer, nullable=False),
        sa.Column("instead_of", code(40), nullable=True),
        sa.Column("overdue", sa.Boolean, nullable=False),
    )
    op.create_table(
        "delivery_memos",
        sa.Column("memo_id", code(160), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("recipient_id", code(40), primary_key=True),
        sa.Column("channel", code(20), primary_key=True),
        sa.Column("kind", code(16), primary_key=True),
        sa.Column("repetition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("delivery_id", code(40), nullable=False, index=True),
    )
    op.create_index("ix_deliveries_state_due", "deliveries", ["state", "due"])
