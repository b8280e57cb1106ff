"""The embedded bus: follows the ledger and runs every consumer's handlers, one transaction a batch."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from thammuu.bus.context import Context, UnitOfWork
from thammuu.bus.rounds import Rounds
from thammuu.canonical import derived_id
from thammuu.errors import BadInputError, EnvironmentFaultError, ThammuuError
from thammuu.events import Event, EventRejected, NewEvent, caused_by, envelope
from thammuu.ledger import log
from thammuu.ledger.schema import progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from thammuu.bus.routes import Route

BATCH = 8
"""Events of one transaction: few enough that the next stage starts early, enough to share a commit."""
WIDE_BATCH = 64
"""The same where all cores prepare: take what there is, since the last ones of a batch leave cores idle."""
_LOG = structlog.get_logger(__name__)

# A full disk or a locked database passes; everything else a handler raises will be raised again on every try.
_TRANSIENT = (OSError, MemoryError, OperationalError, NoConnectionError, EnvironmentFaultError)


@dataclass(frozen=True, slots=True)
class _Refused:
    reason: str


class EmbeddedBus:
    """Calls handlers for events that the ledger holds.

    Every consumer follows the ledger in its own thread and in ledger order; their transactions take turns.

    Args:
        context: The program's parts.
        routes: The table of ``pipeline.py``.
    """

    def __init__(self, context: Context, routes: Sequence[Route]) -> None:
        self._context = context
        self._routes = {(route.consumer, route.event.event_type): route for route in routes}
        self._types: dict[str, list[str]] = {}
        self._side_by_side = {route.consumer for route in routes if route.side_by_side}
        for route in routes:
            self._types.setdefault(route.consumer, []).append(route.event.event_type)

    def pending(self, connection: Connection) -> int:
        """Return how many events wait for a consumer."""
        return sum(
            log.count(connection, after=_position(connection, consumer), types=types)
            for consumer, types in self._types.items()
        )

    def run(self, on_progress: Callable[[str, int], None] | None = None) -> int:
        """Handle everything that is pending, and what follows from it; return the number of events handled.

        Args:
            on_progress: Called with a consumer and the events it has just handled.

        Raises:
            EnvironmentFaultError: If the disk or the database refuses; the batch stays pending.
        """
        with self._context.database.snapshot() as connection:
            if not self.pending(connection):
                return 0
        rounds = Rounds(len(self._types))
        with ThreadPoolExecutor(len(self._types), thread_name_prefix="follow") as followers, rounds.taking_part():
            return sum(followers.map(lambda consumer: self._follow(consumer, rounds, on_progress), self._types))

    def _follow(self, consumer: str, rounds: Rounds, on_progress: Callable[[str, int], None] | None) -> int:
        handled = 0
        workers = (os.cpu_count() or 1) if consumer in self._side_by_side else 1
        with rounds.taking_part(), ThreadPoolExecutor(workers, thread_name_prefix=consumer) as threads:
            while True:
                seen = rounds.number
                done = self._run_batch(consumer, threads)
                handled += done
                if done and on_progress:
                    on_progress(consumer, done)
                if not rounds.go_on(seen, worked=bool(done)):
                    return handled

    def _run_batch(self, consumer: str, threads: ThreadPoolExecutor) -> int:
        with self._context.database.snapshot() as connection:
            after = _position(connection, consumer)
            limit = WIDE_BATCH if consumer in self._side_by_side else BATCH
            batch = list(log.read(connection, after=after, types=self._types[consumer], limit=limit))
        if not batch:
            return 0
        prepared = list(threads.map(lambda recorded: self._prepare(consumer, recorded.event), batch))
        with self._context.database.transaction() as connection:
            outputs: list[Event] = []
            for recorded, result in zip(batch, prepared, strict=True):
                outputs += self._handle(consumer, recorded.event, result, connection)
            _advance(connection, consumer, after, batch[-1].position)
            log.append(connection, outputs)
        return len(batch)

    def _prepare(self, consumer: str, event: Event) -> Any:  # noqa: ANN401  each route prepares its own type
        prepare = self._routes[consumer, event.type].prepare
        if prepare is None:
            return None
        try:
            return prepare(event, self._context)
        except _TRANSIENT:
            raise
        except Exception as error:  # noqa: BLE001  a handler that always fails must not block the others
            return _refusal(consumer, event, error)

    def _handle(self, consumer: str, event: Event, prepared: Any, connection: Connection) -> list[Event]:  # noqa: ANN401
        try:
            if isinstance(prepared, _Refused):
                return [self._rejected(consumer, event, prepared)]
            with connection.begin_nested():
                work = UnitOfWork(connection, self._context, prepared)
                outputs = self._routes[consumer, event.type].handler(event, work)
        except _TRANSIENT:
            raise
        except Exception as error:  # noqa: BLE001  the same
            return [self._rejected(consumer, event, _refusal(consumer, event, error))]
        return caused_by(event, consumer, outputs, self._context.clock())

    def _rejected(self, consumer: str, event: Event, refused: _Refused) -> Event:
        data = EventRejected(consumer=consumer, rejected=event.id, reason=refused.reason)
        # an id of its own kind: the handler's outputs keep theirs, should the event be handled after all
        event_id = derived_id(event.id, consumer, "rejected")
        return envelope(NewEvent(subject=event.id, data=data), event_id, self._context.clock(), event.id)


def _refusal(consumer: str, event: Event, error: Exception) -> _Refused:
    # an error of ours says all in its words; anything else is a fault of the program and needs its traceback
    trace = None if isinstance(error, ThammuuError) else error
    reason = f"{type(error).__name__}: {error}"
    if isinstance(error, BadInputError):
        reason += "".join(f"; {problem.place} {problem.value or ''} {problem.expected}" for problem in error.problems)
    _LOG.error("event rejected", consumer=consumer, event_id=event.id, type=event.type, reason=reason, exc_info=trace)
    return _Refused(reason[:2_000])


def _position(connection: Connection, consumer: str) -> int:
    return connection.execute(select(progress.c.position).where(progress.c.consumer == consumer)).scalar() or 0


def _advance(connection: Connection, consumer: str, before: int, to: int) -> None:
    if before == 0:
        connection.execute(insert(progress).values(consumer=consumer, position=to))
    else:
        connection.execute(update(progress).where(progress.c.consumer == consumer).values(position=to))
