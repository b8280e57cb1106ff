"""What became of tries is recorded: the answers of channels, and what has no final state by its deadline.

Every function is one part of a transaction of the caller. Functions that return events leave it to the caller to
append them last: whoever holds the ledger's head must not wait for another row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from thammuu.delivery.occasions import calendar_of
from thammuu.delivery.quiet import put_off
from thammuu.delivery.states import FINAL, may_become
from thammuu.delivery.telling import SUPERSEDED, moment, told
from thammuu.events import DeliveryCancelled, DeliveryFailed, DeliveryOverdue, DeliverySucceeded, DeliveryUnknown
from thammuu.ledger.schema import deliveries, recipients

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Row

    from thammuu.bus.context import Context
    from thammuu.delivery.claims import Claim
    from thammuu.delivery.ports import Answer
    from thammuu.events import Event, EventData

_STATES = {
    "accepted": "accepted", "later": "queued", "refused": "failed", "unknown": "unknown", "cancelled": "cancelled",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """What a channel answered to a try.

    Args:
        claim: The try.
        answer: The answer.
        again: When it is tried again, for answers that ask for it; seconds since 1970.
        traceparent: The place of the try in its trace.
    """

    claim: Claim
    answer: Answer
    again: float
    traceparent: str | None = None


def record(context: Context, connection: Connection, answers: Sequence[Told]) -> tuple[list[Row[Any]], list[Event]]:
    """Write what channels answered.

    Args:
        context: The program's parts.
        connection: The transaction.
        answers: In any order.

    Returns:
        The deliveries that will never arrive, and the events.
    """
    rows = _locked(connection, [one.claim.delivery_id for one in answers])
    events, lost = [], []
    for one in answers:
        row = rows[one.claim.delivery_id]
        state = _STATES[one.answer.outcome]
        # another sender may have taken the row after this claim had ended: its word counts then
        if row.attempts != one.claim.attempt or not may_become(row.state, state):
            continue
        again = _again(context, row, one) if state in {"queued", "unknown"} else None
        values: dict[str, Any] = {"state": state, "reason": one.answer.reason, "holder": None, "held_until": None}
        values |= {"reference": one.answer.reference, "unknowns": row.unknowns + (state == "unknown")}
        values |= {} if again is None else {"due": again}
        connection.execute(update(deliveries).where(deliveries.c.delivery_id == row.delivery_id).values(**values))
        data = _answered(one, again)
        whose = (row.delivery_id, row.subject, "answered", one.claim.attempt)
        events.append(told(context, *whose, data, one.traceparent))
        if state == "failed":
            lost.append(row)
    return lost, events


def overdue(context: Context, connection: Connection) -> tuple[list[Row[Any]], list[Event]]:
    """Mark what has no final state by its deadline, once; return it with the events."""
    now = context.clock().timestamp()
    c = deliveries.c
    late = (~c.state.in_(sorted(FINAL))) & (c.deadline < now) & ~c.overdue
    query = select(deliveries).where(late).order_by(c.delivery_id).with_for_update(skip_locked=True)
    rows: list[Row[Any]] = list(connection.execute(query))
    events = []
    for row in rows:
        connection.execute(update(deliveries).where(c.delivery_id == row.delivery_id).values(overdue=True))
        data = DeliveryOverdue(delivery_id=row.delivery_id, state=row.state, reason=row.reason)
        # a message that a person has sent again has another deadline
        events.append(told(context, row.delivery_id, row.subject, "overdue", int(row.deadline), data))
    return rows, events


def _locked(connection: Connection, names: Iterable[str]) -> dict[str, Row[Any]]:
    c = deliveries.c
    columns = (deliveries, recipients.c.quiet_from, recipients.c.quiet_to)
    joined = deliveries.outerjoin(recipients, recipients.c.recipient_id == c.recipient_id)
    query = select(*columns).select_from(joined).where(c.delivery_id.in_(list(names))).order_by(c.delivery_id)
    return {row.delivery_id: row for row in connection.execute(query.with_for_update(of=deliveries))}


def _again(context: Context, row: Row[Any], one: Told) -> float:
    works = calendar_of(context).works
    return put_off(one.claim.due, row.quiet_from, row.quiet_to, one.again, works)


def _answered(one: Told, again: float | None) -> EventData:
    name, attempt, reason = one.claim.delivery_id, one.claim.attempt, one.answer.reason
    if one.answer.outcome == "accepted":
        return DeliverySucceeded(delivery_id=name, attempt=attempt, state="accepted", reference=one.answer.reference)
    if one.answer.outcome == "cancelled":
        return DeliveryCancelled(delivery_id=name, reason=reason, by=SUPERSEDED)
    if again is None:
        return DeliveryFailed(delivery_id=name, attempt=attempt, state="failed", reason=reason)
    if one.answer.outcome == "unknown":
        return DeliveryUnknown(delivery_id=name, attempt=attempt, reason=reason, due=moment(again))
    return DeliveryFailed(delivery_id=name, attempt=attempt, state="queued", reason=reason, due=moment(again))
