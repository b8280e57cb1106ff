"""Where in which trace a message was decided on: the sender goes on there, so that a publication leads to its mails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import select

from thammuu import tracing
from thammuu.events import DeliveryQueued
from thammuu.ledger.schema import events

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection


def places_of(connection: Connection, subjects: Mapping[str, str]) -> dict[str, str]:
    """Return the ``traceparent`` of the events that queued messages, by message; nothing where no traces are kept.

    Of a message that several memos joined it is that of the first one.

    Args:
        connection: Any connection.
        subjects: The unit of each message's events, by message.
    """
    if not tracing.on() or not subjects:
        return {}
    mine = events.c.subject.in_(sorted(set(subjects.values())))
    query = select(events.c.body).where(events.c.type == DeliveryQueued.event_type, mine)
    found: dict[str, str] = {}
    for (body,) in connection.execute(query.order_by(events.c.position)):
        told = json.loads(body)
        name, place = told["data"]["delivery_id"], told.get("traceparent")
        if name in subjects and place is not None:
            found.setdefault(name, place)
    return found
