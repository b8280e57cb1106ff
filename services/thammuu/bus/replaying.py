"""Events that a consumer had set aside, handed back to it: after a rule, a template or the program was mended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thammuu.bus.aside import not_handed_back
from thammuu.bus.handling import Refused, outputs_of, prepared_for
from thammuu.bus.inbox import claim
from thammuu.bus.topics import SUBMISSIONS
from thammuu.canonical import derived_id
from thammuu.errors import BadInputError, PermanentRefusalError
from thammuu.events import Event, EventRejected, EventReplayed, NewEvent, envelope
from thammuu.failpoints import reach
from thammuu.i18n import _
from thammuu.ledger import log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from thammuu.bus.aside import Aside
    from thammuu.bus.context import Context
    from thammuu.bus.routes import Route


def replay(context: Context, routes: Sequence[Route], named: str) -> list[Event]:
    """Handle an event again for every consumer that has set it aside; return what followed.

    Args:
        context: The program's parts.
        routes: The table of ``pipeline.py``.
        named: The id of the event, as ``event.rejected`` names it.

    Raises:
        BadInputError: If no consumer has set it aside.
        PermanentRefusalError: If a consumer refuses it again; nothing was written for that one.
    """
    with context.database.snapshot() as connection:
        waiting = [one for one in not_handed_back(connection) if one.rejected == named]
    if not waiting:
        raise BadInputError(_("No consumer has set aside {id}.").format(id=named))
    return [out for one in waiting for out in _again(context, routes, one)]


def _again(context: Context, routes: Sequence[Route], one: Aside) -> list[Event]:
    if one.consumer == SUBMISSIONS and one.raw is not None:
        return _submitted_again(context, one.raw, one)
    event = _event(context, one)
    route = next((r for r in routes if (r.consumer, r.event.event_type) == (one.consumer, event.type)), None)
    if route is None:
        raise BadInputError(_("{consumer} does nothing on {type}.").format(consumer=one.consumer, type=event.type))
    prepared = prepared_for(route, event, context)
    if isinstance(prepared, Refused):
        raise PermanentRefusalError(prepared.reason)
    done = _replayed(context, one, event.id, event.id)
    with context.database.transaction() as connection:
        outputs = _handled(context, route, event, prepared, connection) if _is_mine(connection, one, event) else []
        reach("replay.handled")
        log.append(connection, [*outputs, done])
    return outputs


def _is_mine(connection: Connection, one: Aside, event: Event) -> bool:
    """Tell whether the event is still to be handled, and see that nobody else does.

    What was set aside as an event is claimed since then. Bytes are not: sent again, a program that can read them
    would handle them, or has done so.
    """
    return one.raw is None or claim(connection, one.consumer, event.id, log.position_of(connection, event.id))


def _handled(
    context: Context,
    route: Route,
    event: Event,
    prepared: Any,  # noqa: ANN401  each route prepares its own type
    connection: Connection,
) -> list[Event]:
    outputs = list(outputs_of(route, event, prepared, connection, context))
    for out in outputs:
        if isinstance(out.data, EventRejected):
            raise PermanentRefusalError(out.data.reason)
    return outputs


def _submitted_again(context: Context, raw: str, one: Aside) -> list[Event]:
    """Take a submission again; its own transaction comes first, and is done once however often this is repeated."""
    from thammuu.intake.submissions import take

    with context.database.snapshot() as connection:
        before = log.size(connection)
    if not take(context, context.blobs.get(raw)):
        raise PermanentRefusalError(_("The bytes are still no submission: {fault}").format(fault=one.reason))
    with context.database.transaction() as connection:
        outputs = [recorded.event for recorded in log.read(connection, after=before)]
        log.append(connection, [_replayed(context, one, one.rejected)])
    return outputs


def _replayed(context: Context, one: Aside, subject: str, cause: str | None = None) -> Event:
    data = EventReplayed(consumer=one.consumer, replayed=one.rejected)
    event_id = derived_id("replay", one.consumer, one.rejected, one.position)
    return envelope(NewEvent(subject=subject, data=data), event_id, context.clock(), cause)


def _event(context: Context, one: Aside) -> Event:
    if one.raw is not None:
        try:
            return Event.model_validate_json(context.blobs.get(one.raw))
        except ValueError as error:
            raise PermanentRefusalError(_("The bytes are still no event: {fault}").format(fault=error)) from error
    with context.database.snapshot() as connection:
        found = log.find(connection, one.rejected)
    if found is None:
        raise BadInputError(_("The ledger has no event {id}.").format(id=one.rejected))
    return found
