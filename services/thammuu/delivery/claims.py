"""Claims of the sender: taken before each try, held, given back, and ``unknown`` where a sender vanished with one.

Every function is one part of a transaction of the caller, and appends its events last or leaves it to the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from thammuu.delivery.occasions import calendar_of
from thammuu.delivery.quiet import put_off
from thammuu.delivery.states import WAITING
from thammuu.delivery.telling import moment, told
from thammuu.delivery.traced import places_of
from thammuu.events import DeliveryAttempted, DeliveryFailed, DeliveryUnknown
from thammuu.ledger import log
from thammuu.ledger.schema import deliveries, recipients

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row, Select

    from thammuu.bus.context import Context
    from thammuu.events import Event


@dataclass(frozen=True, slots=True)
class Claim:
    """One try that a sender has taken on.

    Args:
        delivery_id: Of what.
        subject: The unit of its events.
        attempt: Which try, from 1.
        due: When it was due, in seconds since 1970.
        traceparent: Where in which trace it was decided on, where traces are kept.
    """

    delivery_id: str
    subject: str
    attempt: int
    due: float
    traceparent: str | None = None


def any_due(context: Context, connection: Connection, channel: str) -> bool:
    """Tell whether something of a channel is due; asks without locking anything."""
    return connection.execute(_due(context, channel, deliveries.c.delivery_id).limit(1)).first() is not None


def claim(  # noqa: PLR0913, PLR0917  what a claim says
    context: Context, connection: Connection, channel: str, holder: str, until: float, most: int
) -> list[Claim]:
    """Take due deliveries of a channel; nobody else tries them until the claim ends.

    What comes late, since nobody was sending or a server was away, waits for the end of quiet hours.

    Args:
        context: The program's parts.
        connection: The transaction.
        channel: The channel.
        holder: Who takes them.
        until: When the claim ends unless renewed, in seconds since 1970.
        most: At most how many.
    """
    c = deliveries.c
    columns = (c.delivery_id, c.subject, c.attempts, c.due, recipients.c.quiet_from, recipients.c.quiet_to)
    joined = deliveries.outerjoin(recipients, recipients.c.recipient_id == c.recipient_id)
    query = _due(context, channel, *columns).select_from(joined).order_by(c.due, c.delivery_id).limit(most)
    found = connection.execute(query.with_for_update(of=deliveries, skip_locked=True)).all()
    wanted = [row for row in found if not _put_off(context, connection, row)]
    places = places_of(connection, {row.delivery_id: row.subject for row in wanted})
    taken = [
        Claim(row.delivery_id, row.subject, row.attempts + 1, row.due, places.get(row.delivery_id)) for row in wanted
    ]
    if taken:
        named = c.delivery_id.in_([one.delivery_id for one in taken])
        values = {"state": "attempting", "attempts": c.attempts + 1, "holder": holder, "held_until": until}
        connection.execute(update(deliveries).where(named).values(**values))
        log.append(
            connection,
            [
                told(
                    context,
                    one.delivery_id,
                    one.subject,
                    "attempted",
                    one.attempt,
                    DeliveryAttempted(delivery_id=one.delivery_id, attempt=one.attempt),
                    one.traceparent,
                )
                for one in taken
            ],
        )
    return taken


def renew(connection: Connection, holder: str, until: float) -> None:
    """Hold on to what a sender is at."""
    mine = (deliveries.c.state == "attempting") & (deliveries.c.holder == holder)
    connection.execute(update(deliveries).where(mine).values(held_until=until))


def give_back(context: Context, connection: Connection, claims: Sequence[Claim]) -> None:
    """Return what was claimed and never handed to a channel: it waits as before."""
    events = []
    for one in claims:
        mine = (deliveries.c.delivery_id == one.delivery_id) & (deliveries.c.attempts == one.attempt)
        still = mine & (deliveries.c.state == "attempting")
        values = {"state": "queued", "holder": None, "held_until": None}
        if connection.execute(update(deliveries).where(still).values(**values)).rowcount:
            data = DeliveryFailed(
                delivery_id=one.delivery_id,
                attempt=one.attempt,
                state="queued",
                reason="not handed over: the sender stopped or the server is away",
                due=moment(one.due),
            )
            place = (one.delivery_id, one.subject, "answered", one.attempt)
            events.append(told(context, *place, data, one.traceparent))
    log.append(connection, events)


def expire(context: Context, connection: Connection, *, again: float, all_claims: bool = False) -> list[Event]:
    """Make ``unknown`` of tries whose sender has gone; return the events, for the caller to append last.

    Args:
        context: The program's parts.
        connection: The transaction.
        again: When they are tried again, in seconds since 1970.
        all_claims: Whether no other sender can be at it, so that every claim is a lost one.
    """
    gone = deliveries.c.state == "attempting"
    if not all_claims:
        gone &= deliveries.c.held_until < context.clock().timestamp()
    order = deliveries.c.delivery_id
    rows = connection.execute(select(deliveries).where(gone).order_by(order).with_for_update(skip_locked=True)).all()
    if not rows:
        return []
    reason = "the sender stopped before the answer was recorded"
    values = {"state": "unknown", "reason": reason, "due": again, "holder": None, "held_until": None}
    for row in rows:
        mine = deliveries.c.delivery_id == row.delivery_id
        connection.execute(update(deliveries).where(mine).values(unknowns=row.unknowns + 1, **values))
    return [_lost(context, row, reason, again) for row in rows]


def _due(context: Context, channel: str, *columns: Any) -> Select[Any]:  # noqa: ANN401  columns
    c = deliveries.c
    now = context.clock().timestamp()
    return select(*columns).where(c.state.in_(sorted(WAITING)), c.channel == channel, c.due <= now)


def _put_off(context: Context, connection: Connection, row: Row[Any]) -> bool:
    """Move what is due and must not be sent at this hour; that is no news."""
    now = context.clock().timestamp()
    works = calendar_of(context).works
    later = put_off(row.due, row.quiet_from, row.quiet_to, now, works)
    if later <= now:
        return False
    connection.execute(update(deliveries).where(deliveries.c.delivery_id == row.delivery_id).values(due=later))
    return True


def _lost(context: Context, row: Row[Any], reason: str, again: float) -> Event:
    data = DeliveryUnknown(delivery_id=row.delivery_id, attempt=row.attempts, reason=reason, due=moment(again))
    return told(context, row.delivery_id, row.subject, "lost", row.attempts, data)
