"""Whoever comes next in turn is written to when a recipient cannot be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from thammuu.bus.context import UnitOfWork
from thammuu.canonical import derived_id
from thammuu.clock import today
from thammuu.delivery.booking import book
from thammuu.delivery.holders import stands
from thammuu.delivery.occasions import calendar_of
from thammuu.delivery.planning import Carried, Planned, usable
from thammuu.delivery.recipients import recipients_of
from thammuu.delivery.timing import hours_of, next_allowed
from thammuu.events import envelope
from thammuu.ledger import log
from thammuu.ledger.schema import delivery_memos

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection, Row

    from thammuu.bus.context import Context
    from thammuu.delivery.recipients import Recipient
    from thammuu.events import NewEvent


def next_contacts(context: Context, connection: Connection, lost: Iterable[Row[Any]]) -> None:
    """Queue messages to the next in turn of each delivery that will not arrive; nobody is written to twice.

    Args:
        context: The program's parts.
        connection: The transaction that recorded the loss.
        lost: Rows of ``deliveries``.
    """
    for row in lost:
        queued = list(_instead(context, connection, row))
        log.append(
            connection,
            [
                envelope(new, derived_id("delivery", row.delivery_id, "instead", row.attempts, place), context.clock())
                for place, new in enumerate(queued)
            ],
        )


def _instead(context: Context, connection: Connection, row: Row[Any]) -> Iterator[NewEvent]:
    people = recipients_of(connection, row.subject, today(context.clock))
    substitutes = _after(people, row.recipient_id, row.channel)
    if not substitutes:
        return
    c = delivery_memos.c
    mine = c.delivery_id == row.delivery_id
    if row.kind == "memo":
        mine &= stands(delivery_memos)
    carried = connection.execute(select(c.memo_id, c.version).where(mine).distinct().order_by(c.memo_id)).all()
    for memo in carried:
        planned = [_planned(context, one, row) for one in substitutes]
        yield from book(
            UnitOfWork(connection, context),
            row.subject,
            Carried(memo.memo_id, memo.version),
            row.severity,
            planned,
            row.kind,
            row.delivery_id,
        )


def _after(people: list[Recipient], recipient_id: str, channel: str) -> list[Recipient]:
    """Return the next in turn of the same role who can be reached by the channel."""
    lost = next((one for one in people if one.recipient_id == recipient_id), None)
    if lost is None:
        return []
    later = [one for one in people if one.role == lost.role and one.turn > lost.turn and channel in usable(one)]
    lowest = min((one.turn for one in later), default=0)
    return [one for one in later if one.turn == lowest]


def _planned(context: Context, recipient: Recipient, row: Row[Any]) -> Planned:
    hours = hours_of(recipient.quiet_from, recipient.quiet_to, recipient.digest_at)
    works = calendar_of(context).works
    due = next_allowed(context.clock(), hours, works, passes=row.severity == "critical")
    return Planned(recipient.recipient_id, row.channel, due, 1, row.repetition, why="in place of one not reached")
