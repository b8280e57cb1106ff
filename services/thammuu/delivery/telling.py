"""The events of deliveries, with ids that follow from the delivery, the try and what happened."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from thammuu.canonical import derived_id
from thammuu.events import NewEvent, envelope

if TYPE_CHECKING:
    from thammuu.bus.context import Context
    from thammuu.events import Event, EventData

SUPERSEDED = "superseded"
"""By whom messages are cancelled of which nothing stands any more."""
ANSWERED = "answered"
"""By whom the repeats of a message are cancelled that was answered."""


def told(  # noqa: PLR0913, PLR0917  what an id follows from
    context: Context,
    delivery_id: str,
    subject: str,
    what: str,
    turn: int | str,
    data: EventData,
    traceparent: str | None = None,
) -> Event:
    """Return an event of a delivery.

    Args:
        context: The program's parts.
        delivery_id: The delivery.
        subject: Its unit.
        what: What happened, one word.
        turn: Which time: the number of the try, or another thing that is the same only for the same occurrence.
        data: The event's own.
        traceparent: Its place in a trace where no span is open.
    """
    event_id = derived_id("delivery", delivery_id, what, turn)
    return envelope(NewEvent(subject=subject, data=data), event_id, context.clock(), traceparent=traceparent)


def moment(seconds: float) -> datetime:
    """Return seconds since 1970 as a moment in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
