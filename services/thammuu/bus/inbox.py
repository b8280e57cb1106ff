"""The inbox: whatever comes twice, late or to two workers at once has one effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import String, bindparam, select, text

from thammuu.bus.figures import FIGURES, step
from thammuu.bus.handling import GivenUpError, is_transient, outputs_of, prepared_for, refusal
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

_NEVER = 2**62


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
    # what is prepared may take minutes; without it the claim says the same
    if route.prepare is not None and _was_handled(context, route.consumer, event.id, position):
        return False
    prepared = prepared_for(route, event, context)
    reach("inbox.prepared")
    try:
        return _recorded(context, route, event, position, prepared, last_try=last_try)
    except GivenUpError as error:
        refused = error.refused
    except Exception as error:
        if is_transient(error):
            raise
        # the handler is content and the ledger does not take what it returned; the next try would end the same way
        refused = refusal(route.consumer, event.id, error)
    return _recorded(context, route, event, position, refused, last_try=last_try)


def _recorded(  # noqa: PLR0913  what one event needs
    context: Context,
    route: Route,
    event: Event,
    position: int | None,
    prepared: Any,  # noqa: ANN401  each route prepares its own type
    *,
    last_try: bool,
) -> bool:
    with step(route.consumer, "transaction", event.traceparent), context.database.transaction() as connection:
        if not claim(connection, route.consumer, event.id, position):
            return False
        reach("inbox.claimed")
        outputs = outputs_of(route, event, prepared, connection, context, others_write=not last_try, alone=True)
        reach("inbox.handled")
        with step(route.consumer, "append", event.traceparent):
            log.append(connection, outputs)
    FIGURES.rejected(route.consumer, outputs.number_of(EventRejected.event_type))
    reach("inbox.recorded")
    return True


# one statement instead of a look and a savepoint: each round trip is a tenth of the time that an event takes
_CLAIM = text(
    "INSERT INTO inbox (consumer, event_id) SELECT :consumer, :event_id WHERE NOT EXISTS "
    "(SELECT 1 FROM progress WHERE consumer = :consumer AND position >= :position) ON CONFLICT DO NOTHING"
).bindparams(bindparam("consumer", type_=String()), bindparam("event_id", type_=String()))


def claim(connection: Connection, consumer: str, event_id: str, position: int | None = None) -> bool:
    """Take an event for a consumer; False where somebody has taken it. Waits for one who is at it.

    Args:
        connection: The transaction that handles it.
        consumer: Who takes it.
        event_id: The event.
        position: Its position in the ledger; events that the embedded bus has handled are known by it.
    """
    # a position that nobody has reached stands for one that is not known
    values = {"consumer": consumer, "event_id": event_id, "position": _NEVER if position is None else position}
    return connection.execute(_CLAIM, values).rowcount == 1


def is_handled(connection: Connection, consumer: str, event_id: str, position: int | None = None) -> bool:
    """Tell whether a consumer has handled an event.

    Args:
        connection: Any connection.
        consumer: Who may have taken it.
        event_id: The event.
        position: Its position in the ledger; events that the embedded bus has handled are known by it.
    """
    mine = (inbox.c.consumer == consumer, inbox.c.event_id == event_id)
    if connection.execute(select(inbox.c.event_id).where(*mine)).first() is not None:
        return True
    done = connection.execute(select(progress.c.position).where(progress.c.consumer == consumer)).scalar()
    return position is not None and done is not None and position <= done


def _was_handled(context: Context, consumer: str, event_id: str, position: int | None) -> bool:
    with context.database.snapshot() as connection:
        return is_handled(connection, consumer, event_id, position)


def name_of_bytes(body: bytes) -> str:
    """Return what bytes are called that are no event to whoever sets them aside."""
    return f"bytes:{sha256_hex(body)}"


def set_aside(context: Context, consumer: str, body: bytes, reason: str) -> None:
    """Keep a message that is no event: its bytes as a blob, and an event that says why; the same one once."""
    blob = context.blobs.put(body)
    reach("inbox.bytes-stored")
    data = EventRejected(consumer=consumer, rejected=name_of_bytes(body), reason=reason[:2_000], raw=blob)
    event_id = derived_id("unreadable", consumer, blob)
    event = envelope(NewEvent(subject=f"bytes:{blob}", data=data), event_id, context.clock())
    with context.database.transaction() as connection:
        # a reason may be worded otherwise the next time
        known = log.find(connection, event_id) is not None
        if not known:
            log.append(connection, [event])
    FIGURES.rejected(consumer, int(not known))
