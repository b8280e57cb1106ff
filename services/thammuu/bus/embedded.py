"""The embedded bus: follows the ledger and runs every consumer's handlers, one transaction a batch."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from thammuu.bus.figures import FIGURES, step
from thammuu.bus.handling import outputs_of, prepared_for
from thammuu.bus.handover import refuse_beside_workers
from thammuu.bus.rounds import Rounds
from thammuu.bus.routes import types_by_consumer
from thammuu.events import EventRejected
from thammuu.failpoints import reach
from thammuu.ledger import log, progress
from thammuu.ledger.database import TryAgainError
from thammuu.ledger.outputs import Outputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Connection

    from thammuu.bus.context import Context
    from thammuu.bus.routes import Route
    from thammuu.ledger.log import Recorded

BATCH = 8
"""Most events of one transaction: enough to share a commit. The first after a rest are fewer, 1, 2, 4, so that the
next stage starts early."""
WIDE_BATCH = 64
"""The same where all cores prepare: take what there is, since the last ones of a batch leave cores idle."""
QUICK_BATCH = 256
"""The same where an event takes less time than a commit; by one thread, since the interpreter lets only one decide."""


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
        self._types = types_by_consumer(routes)
        self._side_by_side = {route.consumer for route in routes if route.side_by_side}
        self._wide = dict.fromkeys(self._side_by_side, WIDE_BATCH)
        self._wide |= {route.consumer: QUICK_BATCH for route in routes if route.quick}

    def pending(self, connection: Connection) -> int:
        """Return how many events wait for a consumer."""
        return sum(
            log.count(connection, after=progress.position(connection, consumer), types=types)
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
            most = 1
            while True:
                seen = rounds.number
                done = self._run_batch(consumer, threads, most)
                most = min(2 * most, BATCH) if done else 1
                handled += done
                if done and on_progress:
                    on_progress(consumer, done)
                if not rounds.go_on(seen, worked=bool(done)):
                    return handled

    def _run_batch(self, consumer: str, threads: ThreadPoolExecutor, most: int) -> int:
        while True:
            with self._context.database.snapshot() as connection:
                after = progress.position(connection, consumer)
                limit = self._wide.get(consumer, most)
                batch = list(log.read(connection, after=after, types=self._types[consumer], limit=limit))
            if not batch:
                return 0
            reach("follow.read")
            routes = [self._routes[consumer, recorded.event.type] for recorded in batch]
            prepared = list(
                threads.map(
                    lambda pair: prepared_for(pair[0], pair[1].event, self._context), zip(routes, batch, strict=True)
                )
            )
            reach("follow.prepared")
            if self._recorded(consumer, after, batch[-1].position, zip(routes, batch, prepared, strict=True)):
                return len(batch)

    def _recorded(self, consumer: str, after: int, to: int, work: Iterable[tuple[Route, Recorded, Any]]) -> bool:
        """Handle a batch in one transaction; False where another process came first or stood in the way."""
        try:
            with step(consumer, "transaction"), self._context.database.transaction() as connection:
                if not progress.claim(connection, consumer, after):
                    return False
                if connection.dialect.name == "postgresql":
                    # workers may have begun since this run did; beside a file there are none
                    refuse_beside_workers(connection, list(self._routes.values()))
                reach("follow.claimed")
                outputs = Outputs()
                for route, recorded, result in work:
                    outputs.take(outputs_of(route, recorded.event, result, connection, self._context))
                    reach("follow.handled")
                progress.advance(connection, consumer, to)
                reach("follow.advanced")
                with step(consumer, "append"):
                    log.append(connection, outputs)
        except TryAgainError:
            return False
        FIGURES.rejected(consumer, outputs.number_of(EventRejected.event_type))
        reach("follow.recorded")
        return True
