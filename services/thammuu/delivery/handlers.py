"""The consumer ``delivery``: memo.issued, memo.signed and memo.superseded → delivery.queued, delivery.cancelled.

It decides and writes rows; the sender (``delivery/dispatch.py``) sends. Whatever comes twice or late finds the rows of
``delivery_memos`` and adds nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from thammuu.delivery import booking
from thammuu.delivery.occasions import Ready, ready_of
from thammuu.delivery.planning import Carried
from thammuu.events import (
    DeliveryUnaddressed,
    Event,
    MemoIssued,
    MemoSigned,
    MemoSuperseded,
    NewEvent,
)
from thammuu.ledger.schema import issued_memos
from thammuu.memos.policy import policy_of

if TYPE_CHECKING:
    from thammuu.bus.context import Context, UnitOfWork


def plan_issued(event: Event, context: Context) -> Ready | None:
    """Work out who is told of an issued memo; None where it waits for its signed copy."""
    data = event.data
    assert isinstance(data, MemoIssued | MemoSigned)
    version = (issued_memos.c.memo_id == data.memo_id) & (issued_memos.c.version == data.version)
    with context.database.snapshot() as connection:
        row = connection.execute(select(issued_memos).where(version)).one()
        awaited = MemoSigned if policy_of(context, row.issuer).send == "signed" else MemoIssued
        return ready_of(context, connection, row) if isinstance(data, awaited) else None


def queue_issued(event: Event, work: UnitOfWork) -> list[NewEvent]:
    """Queue the messages of an issued memo; a role in which nobody can be reached is told to the operator."""
    del event
    ready = work.prepared
    if ready is None:
        return []
    assert isinstance(ready, Ready)
    carried = ready.carried
    unreached = [
        NewEvent(
            subject=ready.unit_id,
            data=DeliveryUnaddressed(memo_id=carried.memo_id, version=carried.version, role=role),
        )
        for role in ready.plan.unreached
    ]
    return [*booking.book(work, ready.unit_id, carried, ready.severity, ready.plan.messages), *unreached]


def follow_superseded(event: Event, work: UnitOfWork) -> list[NewEvent]:
    """Cancel what waits with a superseded memo; tell those who have a withdrawn one."""
    data = event.data
    assert isinstance(data, MemoSuperseded)
    carried = Carried(data.memo_id, data.version)
    told = booking.told_of(work.connection, carried) if data.reason == "publication-withdrawn" else []
    cancelled = booking.cancel(work.connection, event.subject, carried, data.reason)
    return cancelled + booking.book_withdrawal(work, event.subject, carried, told)
