"""What the sender writes: a claim before each try, what became of it after, an ``unknown`` for what was lost between.

Every function is one part of a transaction of the caller, and appends its events last.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from thammuu.canonical import derived_id
from thammuu.delivery.states import FINAL, WAITING, may_become
from thammuu.events import (
    DeliveryAttempted,
    DeliveryFailed,
    DeliveryOverdue,
    DeliverySucceeded,
    DeliveryUnknown,
    Event,
    EventData,
    NewEvent,
    envelope,
)
from thammuu.ledger import log
from thammuu.ledger.schema import deliveries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Row

    from thammuu.bus.context import Context
    from thammuu.delivery.ports import Answer


@dataclass(frozen=True, slots=True)
class Claim:
    """One try that a sender has taken on."""

    delivery_id: str
    subject: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Told:
    """What a channel answered to a try.

    Args:
        claim: The try.
        answer: The answer.
        again: When it is tried again, for answers that ask for it; seconds since 1970.
    """

    claim: Claim
    answer: Answer
    again: float


def claim(  # noqa: PLR0913, PLR0917  what a claim says
    context: Context, connection: Connection, channel: str, holder: str, until: float, most: int
) -> list[Claim]:
    """Take due deliveries of a channel; nobody else tries them until the claim ends.

    Args:
        context: The program's parts.
        connection: The transaction.
        channel: The channel.
        holder: Who takes them.
        until: When the claim ends unless renewed, in seconds since 1970.
        most: At most how many.
    """
    due = (deliveries.c.state.in_(sorted(WAITING)), deliveries.c.channel == channel, deliveries.c.due <= _now(context))
    columns = (deliveries.c.delivery_id, deliveries.c.subject, deliveries.c.attempts)
    query = select(*columns).where(*due).order_by(deliveries.c.due, deliveries.c.delivery_id).limit(most)
    taken = [
        Claim(row.delivery_id, row.subject, row.attempts + 1)
        for row in connection.execute(query.with_for_update(skip_locked=True))
    ]
    if taken:
        named = deliveries.c.delivery_id.in_([one.delivery_id for one in taken])
        values = {"state": "attempting", "attempts": deliveries.c.attempts + 1, "holder": holder, "held_until": until}
        connection.execute(update(deliveries).where(named).values(**values))
        events = [
            _event(context, one, "attempted", DeliveryAttempted(delivery_id=one.delivery_id, attempt=one.attempt))
            for one in taken
        ]
        log.append(connection, events)
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
                due=context.clock(),
            )
            events.append(_event(context, one, "answered", data))
    log.append(connection, events)


def record(context: Context, connection: Connection, told: Sequence[Told]) -> list[Row[Any]]:
    """Write what channels answered; return the deliveries that will never arrive."""
    named = [one.claim.delivery_id for one in told]
    query = select(deliveries).where(deliveries.c.delivery_id.in_(named)).order_by(deliveries.c.delivery_id)
    rows = {row.delivery_id: row for row in connection.execute(query.with_for_update())}
    events, lost = [], []
    for one in told:
        row = rows[one.claim.delivery_id]
        state = _state(one.answer)
        # another sender may have taken the row after this claim had ended: its word counts then
        if row.attempts != one.claim.attempt or not may_become(row.state, state):
            continue
        again = {"due": one.again} if state in WAITING else {}
        values = {"state": state, "reason": one.answer.reason, "holder": None, "held_until": None} | again
        values |= {"reference": one.answer.reference, "unknowns": row.unknowns + (state == "unknown")}
        connection.execute(update(deliveries).where(deliveries.c.delivery_id == row.delivery_id).values(**values))
        events.append(_event(context, one.claim, "answered", _answered(one, state)))
        if state == "failed":
            lost.append(row)
    log.append(connection, events)
    return lost


def expire(context: Context, connection: Connection, *, again: float, all_claims: bool = False) -> int:
    """Make ``unknown`` of tries whose sender has gone; return how many.

    Args:
        context: The program's parts.
        connection: The transaction.
        again: When they are tried again, in seconds since 1970.
        all_claims: Whether no other sender can be at it, so that every claim is a lost one.
    """
    gone = deliveries.c.state == "attempting"
    if not all_claims:
        gone &= deliveries.c.held_until < _now(context)
    rows = connection.execute(select(deliveries).where(gone).with_for_update(skip_locked=True)).all()
    if not rows:
        return 0
    reason = "the sender stopped before the answer was recorded"
    values = {"state": "unknown", "reason": reason, "due": again, "holder": None, "held_until": None}
    named = deliveries.c.delivery_id.in_([row.delivery_id for row in rows])
    connection.execute(update(deliveries).where(named).values(unknowns=deliveries.c.unknowns + 1, **values))
    log.append(
        connection,
        [
            _event(
                context,
                Claim(row.delivery_id, row.subject, row.attempts),
                "lost",
                DeliveryUnknown(delivery_id=row.delivery_id, attempt=row.attempts, reason=reason, due=_moment(again)),
            )
            for row in rows
        ],
    )
    return len(rows)


def overdue(context: Context, connection: Connection) -> list[Row[Any]]:
    """Mark what has no final state by its deadline, once, and return it."""
    late = (~deliveries.c.state.in_(sorted(FINAL))) & (deliveries.c.deadline < _now(context)) & ~deliveries.c.overdue
    rows: list[Row[Any]] = list(connection.execute(select(deliveries).where(late).with_for_update(skip_locked=True)))
    if rows:
        named = deliveries.c.delivery_id.in_([row.delivery_id for row in rows])
        connection.execute(update(deliveries).where(named).values(overdue=True))
        events = [
            _event(
                context,
                Claim(row.delivery_id, row.subject, 0),
                "overdue",
                DeliveryOverdue(delivery_id=row.delivery_id, state=row.state, reason=row.reason),
            )
            for row in rows
        ]
        log.append(connection, events)
    return rows


def next_due(connection: Connection, channels: Iterable[str]) -> float | None:
    """Return when the next delivery of some channels is due, in seconds since 1970; None where none waits."""
    waiting = (deliveries.c.state.in_(sorted(WAITING)), deliveries.c.channel.in_(sorted(channels)))
    query = select(deliveries.c.due).where(*waiting).order_by(deliveries.c.due).limit(1)
    due: float | None = connection.execute(query).scalar()
    return due


def _state(answer: Answer) -> str:
    return {"accepted": "accepted", "later": "queued", "refused": "failed", "unknown": "unknown"}[answer.outcome]


def _answered(one: Told, state: str) -> EventData:
    whose = {"delivery_id": one.claim.delivery_id, "attempt": one.claim.attempt}
    if state == "accepted":
        return DeliverySucceeded(**whose, state="accepted", reference=one.answer.reference)
    if state == "unknown":
        return DeliveryUnknown(**whose, reason=one.answer.reason, due=_moment(one.again))
    due = _moment(one.again) if state == "queued" else None
    return DeliveryFailed(**whose, state="queued" if due else "failed", reason=one.answer.reason, due=due)


def _event(context: Context, one: Claim, what: str, data: EventData) -> Event:
    event_id = derived_id("delivery", one.delivery_id, what, one.attempt)
    return envelope(NewEvent(subject=one.subject, data=data), event_id, context.clock())


def _now(context: Context) -> float:
    return context.clock().timestamp()


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
