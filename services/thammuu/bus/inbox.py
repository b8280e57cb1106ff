"""The inbox: whatever comes twice, late or to two workers at once has one effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from thammuu.bus.figures import FIGURES, step
from thammuu.bus.handling import outputs_of, prepared_for
from thammuu.canonical import derived_id, sha256_hex
from thammuu.events import EventRejected, NewEvent, envelope
from thammuu.failpoints import reach
from thammuu.ledger import log
from thammuu.ledger.schema import inbox, progress

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from thammuu.bus.context import Context
    from thammuu.bus.routes import Route
    from thammuu.events import Event


def handle_once(
    context: Context, route: Route, event: Event, position: int | None = None, *, last_try: bool = False
) -> bool:
    """Handle an event in one transaction with its inbox row; return False where it was handled before.

    Args:
        context: The program's parts.
        route: The consumer's route for the event's type.
        event: The event.
        position: Its position in the ledger; events that the embedded bus has handled are known by it.
        last_try: Whether rows that others wrote meanwhile are a refusal by now.

    Raises:
        Exception: A transient error (:func:`thammuu.bus.handling.is_transient`); nothing was changed.
    """
    with context.database.snapshot() as connection:
        if _handled(connection, route.consumer, event.id, position):
            return False
    prepared = prepared_for(route, event, context)
    reach("inbox.prepared")
    with step(route.consumer, "transaction", event.traceparent), context.database.transaction() as connection:
        if not claim(connection, route.consumer, event.id):
            return False
        reach("inbox.claimed")
        outputs = outputs_of(route, event, prepared, connection, context, others_write=not last_try)
        reach("inbox.handled")
        with step(route.consumer, "append", event.traceparent):
            log.append(connection, outputs)
    reach("inbox.recorded")
    return True


def claim(connection: Connection, consumer: str, event_id: str) -> bool:
    """Take an event for a consumer; False where somebody has taken it. Waits for one who is at it."""
    try:
        with connection.begin_nested():
            connection.execute(insert(inbox).values(consumer=consumer, event_id=event_id))
    except IntegrityError:
        return False
    return True


def _handled(connection: Connection, consumer: str, event_id: str, position: int | None) -> bool:
    mine = (inbox.c.consumer == consumer, inbox.c.event_id == event_id)
    if connection.execute(select(inbox.c.event_id).where(*mine)).first() is not None:
        return True
    done = connection.execute(select(progress.c.position).where(progress.c.consumer == consumer)).scalar()
    return position is not None and done is not None and position <= done


def set_aside(context: Context, consumer: str, body: bytes, reason: str) -> None:
    """Keep a message that is no event: its bytes as a blob, and an event that says why; the same one once."""
    FIGURES.rejected(consumer)
    blob = context.blobs.put(body)
    reach("inbox.bytes-stored")
    data = EventRejected(consumer=consumer, rejected=f"bytes:{sha256_hex(body)}", reason=reason[:2_000], raw=blob)
    event_id = derived_id("unreadable", consumer, blob)
    event = envelope(NewEvent(subject=f"bytes:{blob}", data=data), event_id, context.clock())
    with context.database.transaction() as connection:
        log.append(connection, [event])
