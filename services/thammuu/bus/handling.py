"""One event, one consumer: what is permanently wrong is set aside, everything else is tried again by whoever calls.

Errors are of two kinds. A full disk, a locked or unreachable database, a store or broker that does not answer: these
pass, and are raised. Whatever else a handler raises will be raised again on every try: it becomes an
``event.rejected``.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from thammuu.bus.context import Context, UnitOfWork
from thammuu.bus.figures import step
from thammuu.canonical import derived_id
from thammuu.errors import BadInputError, EnvironmentFaultError, ThammuuError
from thammuu.events import Event, EventRejected, NewEvent, caused_by, envelope
from thammuu.ledger.database import TryAgainError
from thammuu.ledger.outputs import Outputs
from thammuu.ledger.prepared import undone_alone

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from thammuu.bus.routes import Route

_LOG = structlog.get_logger(__name__)
_TRANSIENT = (OSError, MemoryError, OperationalError, InterfaceError, NoConnectionError, EnvironmentFaultError)


def is_transient(error: BaseException) -> bool:
    """Tell whether an error passes by itself: the event is tried again, for as long as it lasts."""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or isinstance(error, _TRANSIENT)


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that a consumer will never accept."""

    reason: str


class GivenUpError(Exception):
    """A handler refused an event; its transaction is to be rolled back and the refusal recorded in another.

    Args:
        refused: Why.
    """

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason)
        self.refused = refused


def prepared_for(route: Route, event: Event, context: Context) -> Any:  # noqa: ANN401  each route prepares its own type
    """Return what a route prepares before the transaction, or a :class:`Refused`.

    Raises:
        Exception: A transient error; see :func:`is_transient`.
    """
    if route.prepare is None:
        return None
    try:
        with step(route.consumer, "prepare", event.traceparent):
            return route.prepare(event, context)
    except Exception as error:
        if is_transient(error):
            raise
        return refusal(route.consumer, event.id, error)


def outputs_of(  # noqa: PLR0913  what one event needs
    route: Route,
    event: Event,
    prepared: Any,  # noqa: ANN401  each route prepares its own type
    connection: Connection,
    context: Context,
    *,
    others_write: bool = False,
    alone: bool = False,
) -> Outputs:
    """Return the events that follow from one event, its changes made in the caller's transaction.

    Args:
        route: The consumer's route.
        event: The event.
        prepared: What :func:`prepared_for` gave.
        connection: The transaction.
        context: The program's parts.
        others_write: Whether another process may have written the same row meanwhile; the next try would see it.
        alone: Whether nothing else was done in the transaction that must stay if the handler refuses.

    Raises:
        Exception: A transient error; the transaction is of no use then.
        GivenUpError: If the handler refuses the event and the transaction is its alone.
        TryAgainError: If a row that the handler writes came to be meanwhile.
    """
    with step(route.consumer, "handle", event.traceparent):
        try:
            if isinstance(prepared, Refused):
                return Outputs([rejected(route.consumer, event, prepared, context)])
            with nullcontext() if alone else undone_alone(connection, "event"):
                # a handler may make its outputs one by one: they are taken while its changes can still be undone
                new = route.handler(event, UnitOfWork(connection, context, prepared))
                return Outputs(caused_by(event, route.consumer, new, context.clock()))
        except Exception as error:
            if others_write and isinstance(error, IntegrityError):
                raise TryAgainError(str(error.orig)) from error
            if is_transient(error):
                raise
            refused = refusal(route.consumer, event.id, error)
            if alone:
                raise GivenUpError(refused) from error
            return Outputs([rejected(route.consumer, event, refused, context)])


def rejected(consumer: str, event: Event, refused: Refused, context: Context) -> Event:
    """Return the event that sets another one aside."""
    data = EventRejected(consumer=consumer, rejected=event.id, reason=refused.reason)
    # an id of its own kind: the handler's outputs keep theirs, should the event be handled after all
    event_id = derived_id(event.id, consumer, "rejected")
    return envelope(NewEvent(subject=event.id, data=data), event_id, context.clock(), event.id, event.traceparent)


def refusal(consumer: str, event_id: str, error: Exception) -> Refused:
    """Return why an event is refused, and log it."""
    # an error of ours says all in its words; anything else is a fault of the program and needs its traceback
    trace = None if isinstance(error, ThammuuError) else error
    reason = f"{type(error).__name__}: {error}"
    if isinstance(error, BadInputError):
        reason += "".join(f"; {problem.place} {problem.value or ''} {problem.expected}" for problem in error.problems)
    _LOG.error("event rejected", consumer=consumer, event_id=event_id, reason=reason, exc_info=trace)
    return Refused(reason[:2_000])
