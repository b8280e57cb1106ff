"""How far each consumer that follows the ledger has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text, update

from thammuu.ledger.schema import progress

if TYPE_CHECKING:
    from sqlalchemy import Connection


def position(connection: Connection, consumer: str) -> int:
    """Return the position up to which a consumer has handled everything."""
    return connection.execute(select(progress.c.position).where(progress.c.consumer == consumer)).scalar() or 0


def claim(connection: Connection, consumer: str, after: int) -> bool:
    """Hold a consumer's row until the transaction ends; False where another process has come further meanwhile.

    Call it first in the transaction: whoever handles the same events then waits, and sees that they are done.
    """
    row = select(progress.c.position).where(progress.c.consumer == consumer).with_for_update()
    found = connection.execute(row).scalar()
    if found is None:
        first = "INSERT INTO progress (consumer, position) VALUES (:consumer, 0) ON CONFLICT DO NOTHING"
        connection.execute(text(first), {"consumer": consumer})
        found = connection.execute(row).scalar_one()
    return bool(found == after)


def advance(connection: Connection, consumer: str, to: int) -> None:
    """Record that a claimed consumer has handled everything up to a position."""
    connection.execute(update(progress).where(progress.c.consumer == consumer).values(position=to))
