"""The consumer ``delivery``: memo.issued, memo.signed and memo.superseded → delivery.queued, delivery.cancelled.

It decides and writes rows; the sender (``delivery/dispatch.py``) sends. Whatever comes twice or late finds the rows of
``delivery_memos`` and adds nothing. A memo's PDF is stored before the memo is issued, so nothing waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from thammuu.delivery import booking
from thammuu.delivery.holders import holders, is_standing, told_of
from thammuu.delivery.occasions import Ready, calendar_of, people_of, ready_of
from thammuu.delivery.planning import Carried, same_again
from thammuu.events import DeliveryUnaddressed, Event, MemoIssued, MemoSigned, MemoSuperseded, NewEvent
from thammuu.ledger.schema import issued_memos
from thammuu.memos.policy import policy_of

if TYPE_CHECKING:
    from thammuu.bus.context import Context, UnitOfWork

_DOCUMENT = select(issued_memos).where(
    issued_memos.c.memo_id == bindparam("memo"), issued_memos.c.version == bindparam("version")
)


def plan_issued(event: Event, context: Context) -> Ready | None:
    """Work out who is told of an issued memo; None where it waits for its signed copy, or was sent without one."""
    data = event.data
    assert isinstance(data, MemoIssued | MemoSigned)
    with context.database.snapshot() as connection:
        if isinstance(data, MemoIssued):
            return None if _awaits_copy(context, data.issuer) else ready_of(context, connection, data)
        row = connection.execute(_DOCUMENT, {"memo": data.memo_id, "version": data.version}).one()
        # the policy may have changed since the memo was issued: whoever was not told then is told now
        if not _awaits_copy(context, row.issuer) and told_of(connection, Carried(data.memo_id, data.version)):
            return None
        return ready_of(context, connection, row)


def _awaits_copy(context: Context, issuer: str) -> bool:
    return policy_of(context, issuer).send == "signed"


def queue_issued(event: Event, work: UnitOfWork) -> list[NewEvent]:
    """Queue the messages of an issued memo; a role in which nobody can be reached is told to the operator."""
    del event
    ready = work.prepared
    if ready is None:
        return []
    assert isinstance(ready, Ready)
    return queue(ready, work)


def queue(ready: Ready, work: UnitOfWork) -> list[NewEvent]:
    """Queue what was planned for a memo version, if it still stands: the version that replaced it has its own."""
    carried = ready.carried
    if not is_standing(work.connection, carried):
        return []
    unreached = [
        NewEvent(
            subject=ready.unit_id,
            data=DeliveryUnaddressed(memo_id=carried.memo_id, version=carried.version, role=role),
        )
        for role in ready.plan.unreached
    ]
    return [*booking.book(work, ready.unit_id, carried, ready.severity, ready.plan.messages), *unreached]


def follow_superseded(event: Event, work: UnitOfWork) -> list[NewEvent]:
    """Cancel what waits with a superseded memo; tell those who have a withdrawn one, each of the version it has."""
    data = event.data
    assert isinstance(data, MemoSuperseded)
    carried = Carried(data.memo_id, data.version)
    told = holders(work.connection, carried) if data.reason == "publication-withdrawn" else {}
    out = booking.cancel(work.connection, event.subject, carried, data.reason)
    works, now = calendar_of(work.context).works, work.context.clock()
    for version, those in told.items():
        made = same_again(those, people_of(work.connection, those), now, works, soon=True)
        out += booking.book(work, event.subject, version, "major", made.messages, "withdrawal")
        out += [
            NewEvent(
                subject=event.subject,
                data=DeliveryUnaddressed(memo_id=version.memo_id, version=version.version, role=role),
            )
            for role in made.unreached
        ]
    return out
