"""Whoever comes next in turn is written to when a recipient cannot be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from thammuu.bus.context import UnitOfWork
from thammuu.canonical import derived_id
from thammuu.clock import today
from thammuu.delivery.booking import book
from thammuu.delivery.holders import SAME_MEMO, stands
from thammuu.delivery.incidents import KIND, queued
from thammuu.delivery.occasions import calendar_of, occasion_of, routes_of
from thammuu.delivery.planning import Carried, Planned, mark_of, usable
from thammuu.delivery.recipients import recipients_of
from thammuu.delivery.timing import hours_of, next_allowed
from thammuu.delivery.vocabulary import ADDRESSED_AS
from thammuu.errors import BadInputError
from thammuu.events import envelope
from thammuu.ledger.schema import contact_points, delivery_memos, issued_memos, recipients

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row

    from thammuu.bus.context import Context
    from thammuu.delivery.recipients import Recipient
    from thammuu.events import Event, NewEvent


def next_contacts(
    context: Context, connection: Connection, lost: Sequence[Row[Any]], places: Mapping[str, str | None] | None = None
) -> list[Event]:
    """Queue messages to the next in turn of each delivery that will not arrive; nobody is written to twice.

    Args:
        context: The program's parts.
        connection: The transaction that recorded the loss.
        lost: Rows of ``deliveries``.
        places: Where in which trace each of them was lost.

    Returns:
        The events, for the caller to append last.
    """
    known = places or {}
    memos = [row for row in lost if row.kind != KIND]
    others = [event for row in lost if row.kind == KIND for event in _other_operators(context, connection, row)]
    return others + [
        envelope(
            new,
            derived_id("delivery", row.delivery_id, "instead", row.attempts, place),
            context.clock(),
            traceparent=known.get(row.delivery_id),
        )
        for row in memos
        for place, new in enumerate(_instead(context, connection, row))
    ]


def _instead(context: Context, connection: Connection, row: Row[Any]) -> Iterator[NewEvent]:
    """Book each memo of a lost message for those who come next in its own unit: messages carry memos of several."""
    c = delivery_memos.c
    mine = c.delivery_id == row.delivery_id
    still = mine & stands(delivery_memos) if row.kind == "memo" else mine
    query = select(issued_memos).join(delivery_memos, SAME_MEMO).where(still).distinct()
    for memo in connection.execute(query.order_by(issued_memos.c.memo_id, issued_memos.c.version)).all():
        people = recipients_of(connection, memo.unit_id, today(context.clock))
        readers = select(c.recipient_id).where(mine, c.memo_id == memo.memo_id)
        lost = _not_reached(connection, recipients.c.recipient_id.in_(readers), row.channel)
        able = _after(people, lost, row.channel)
        if able:
            passes = row.kind == "memo" and _passes(context, connection, memo)
            planned = [_planned(context, one, row, passes=passes) for one in able]
            carried = Carried(memo.memo_id, memo.version)
            work = UnitOfWork(connection, context)
            yield from book(work, memo.unit_id, carried, row.severity, planned, row.kind, row.delivery_id)


def _other_operators(context: Context, connection: Connection, row: Row[Any]) -> list[Event]:
    """Tell the operators next in turn what the one who is not reached was to be told."""
    people = recipients_of(connection, row.subject, today(context.clock))
    lost = _not_reached(connection, recipients.c.recipient_id == row.recipient_id, row.channel)
    made = [queued(context, connection, one, row.channel, row.delivery_id) for one in _after(people, lost, row.channel)]
    return [event for event in made if event is not None]


def _not_reached(connection: Connection, named: ColumnElement[bool], channel: str) -> list[Row[Any]]:
    """Return who was to read a message, those who share its address too; even if they have left meanwhile."""
    c, point = recipients.c, contact_points.c
    points = (point.recipient_id == c.recipient_id) & (point.channel == ADDRESSED_AS.get(channel, channel))
    query = select(c.recipient_id, c.role, c.turn, point.address_mark)
    joined = recipients.outerjoin(contact_points, points)
    return list(connection.execute(query.select_from(joined).where(named).order_by(c.recipient_id)))


def _after(people: list[Recipient], lost: list[Row[Any]], channel: str) -> list[Recipient]:
    """Return, for each role, the next in turn who can be reached by the same channel at another address."""
    found: dict[str, Recipient] = {}
    marks = {row.address_mark for row in lost}
    for row in lost:
        later = [
            one
            for one in people
            if one.role == row.role
            and one.turn > row.turn
            and channel in usable(one)
            and mark_of(one, channel) not in marks
        ]
        lowest = min((one.turn for one in later), default=0)
        found |= {one.recipient_id: one for one in later if one.turn == lowest}
    return [found[name] for name in sorted(found)]


def _passes(context: Context, connection: Connection, memo: Row[Any]) -> bool:
    """Return whether the routes let a memo pass quiet hours and days off; not while they cannot be read."""
    try:
        routes = routes_of(context)
    except BadInputError:
        return False
    return any(one.passes for one in routes.targets(occasion_of(context, connection, memo)))


def _planned(context: Context, recipient: Recipient, row: Row[Any], *, passes: bool) -> Planned:
    hours = hours_of(recipient.quiet_from, recipient.quiet_to, recipient.digest_at)
    works = calendar_of(context).works
    due = next_allowed(context.clock(), hours, works, passes=passes)
    return Planned(
        recipient.recipient_id,
        row.channel,
        due,
        1,
        row.repetition,
        why="in place of one not reached",
        mark=mark_of(recipient, row.channel),
    )
