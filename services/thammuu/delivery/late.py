"""What is overdue: messages without a final state after their deadline, and the units that they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import or_, select

from thammuu.delivery.holders import SAME_MEMO, stands
from thammuu.ledger.schema import deliveries, delivery_memos, issued_memos

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Connection

LATE: Final = deliveries.c.overdue & deliveries.c.state.in_(["queued", "unknown", "attempting"])
"""The condition that a delivery has no final state although its deadline has passed."""
_ABOUT = (
    select(deliveries.c.delivery_id, issued_memos.c.unit_id, issued_memos.c.dated)
    .join(delivery_memos, delivery_memos.c.delivery_id == deliveries.c.delivery_id)
    .join(issued_memos, SAME_MEMO)
    .where(LATE, or_(deliveries.c.kind == "withdrawal", stands(delivery_memos)))
    .order_by(deliveries.c.delivery_id, issued_memos.c.unit_id, issued_memos.c.dated)
)


def units_of_late(connection: Connection) -> dict[str, dict[str, date]]:
    """Return the units that each overdue message is about, each with the day of its memo; of a group all of them.

    A message of whose memos none stands any more is left out, it is not sent; so is one that carries none.

    Args:
        connection: Any connection.
    """
    found: dict[str, dict[str, date]] = {}
    for delivery_id, unit_id, dated in connection.execute(_ABOUT):
        found.setdefault(delivery_id, {})[unit_id] = dated
    return found
