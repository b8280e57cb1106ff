"""Issued memos are held against routes and recipients once more: whoever should have been told and was not is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from thammuu.bus.context import UnitOfWork
from thammuu.canonical import derived_id
from thammuu.delivery.booking import book
from thammuu.delivery.holders import stands
from thammuu.delivery.occasions import ready_of
from thammuu.events import DeliveryQueued, envelope
from thammuu.ledger import log
from thammuu.ledger.schema import issued_memos, signed_copies
from thammuu.memos.people import acting
from thammuu.memos.policy import policy_of

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Connection, Row

    from thammuu.bus.context import Context


def catch_up(context: Context, round_name: str) -> dict[str, int]:
    """Queue what routes and recipients ask for now and did not when the memos were issued; nobody is told twice.

    Args:
        context: The program's parts.
        round_name: The memos of this round; older ones are no news to whoever was registered since.

    Returns:
        How many messages were queued, for how many memos, and in how many roles nobody can be reached.

    Raises:
        BadInputError: If the person has no right to send.
    """
    done = {"messages": 0, "memos": 0, "unreached": 0}
    with context.database.snapshot() as connection:
        acting(context, connection, "send")
        ready = [
            ready_of(context, connection, row)
            for row in _standing(connection, round_name)
            if policy_of(context, row.issuer).send == "issued" or _is_signed(connection, row)
        ]
    with context.database.transaction() as connection:
        events = []
        for one in ready:
            work = UnitOfWork(connection, context)
            new = book(work, one.unit_id, one.carried, one.severity, one.plan.messages)
            queued = [(event, event.data) for event in new if isinstance(event.data, DeliveryQueued)]
            for event, data in queued:
                key = ("caught-up", one.carried.memo_id, one.carried.version, data.recipient, data.channel)
                events.append(envelope(event, derived_id(*key, data.repetition), context.clock()))
            done["messages"] += len({data.delivery_id for _event, data in queued})
            done["memos"] += bool(queued)
            done["unreached"] += len(one.plan.unreached)
        log.append(connection, events)
    return done


def _standing(connection: Connection, round_name: str) -> list[Row[Any]]:
    query = select(issued_memos).where(stands(issued_memos), issued_memos.c.round == round_name)
    order = (issued_memos.c.register, issued_memos.c.year, issued_memos.c.number)
    return list(connection.execute(query.order_by(*order)))


def _is_signed(connection: Connection, row: Row[Any]) -> bool:
    c = signed_copies.c
    mine = (c.memo_id == row.memo_id) & (c.version == row.version)
    return connection.execute(select(c.memo_id).where(mine)).first() is not None
