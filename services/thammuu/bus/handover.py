"""Who handles a ledger's events: commands and servers by themselves, or Kafka's workers; never both.

Each of the two keeps its own account, commands by a position for each consumer, workers by a row for each event. What
one has done the other would do again, and be refused by the database or set aside.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from thammuu.bus import lease, outbox
from thammuu.bus.routes import types_by_consumer
from thammuu.errors import BadInputError, Place, Problem
from thammuu.i18n import _
from thammuu.ledger import progress
from thammuu.ledger.schema import events, inbox, ledger_head, submission_parts
from thammuu.ledger.schema import progress as table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection

    from thammuu.bus.context import Context
    from thammuu.bus.routes import Route


_LEFT = "left-kafka"
"""The position up to which nothing tells of workers any more: the ledger was handed over to commands."""


def is_workers(connection: Connection, routes: Sequence[Route]) -> bool:
    """Tell whether Kafka's workers handle the events: a relay is at work, or has sent what no command has handled.

    Args:
        connection: Any connection.
        routes: The table of ``pipeline.py``.
    """
    if lease.is_held(connection, outbox.NAME):
        return True
    come_to = _positions(connection)
    sent = come_to.get(outbox.NAME, 0)
    if not sent and connection.execute(select(inbox.c.event_id).limit(1)).first() is None:
        # every command asks: a ledger that never saw Kafka is told by one row
        return False
    # a relay that was told to begin again has sent less than workers have handled
    return any(
        _any(connection, _beyond(come_to, consumer, types) & or_(events.c.position <= sent, _in_inbox(consumer)))
        for consumer, types in types_by_consumer(routes).items()
    )


def refuse_beside_workers(connection: Connection, routes: Sequence[Route]) -> None:
    """See that no command without Kafka's address does what its workers do.

    Raises:
        BadInputError: If workers handle the events.
    """
    if is_workers(connection, routes):
        told = _("Kafka's workers handle the events of this ledger; nothing was done, since it would be done twice.")
        expected = _("the address that relay and workers have; `thammuu events leave-kafka` if they stopped for good")
        raise BadInputError(told, [Problem("workers-at-it", expected, Place("THAMMUU_KAFKA_URL"))])


def left_to_workers(connection: Connection, routes: Sequence[Route]) -> dict[str, int]:
    """Return how many events wait for each consumer, as workers count; those that wait for none are left out."""
    come_to = _positions(connection)
    found: dict[str, int] = {}
    for consumer, types in types_by_consumer(routes).items():
        theirs = _beyond(come_to, consumer, types) & ~_in_inbox(consumer)
        found[consumer] = connection.execute(select(func.count()).select_from(events).where(theirs)).scalar_one()
    return {consumer: n for consumer, n in found.items() if n}


def leave_kafka(context: Context, routes: Sequence[Route]) -> int:
    """Let commands handle what comes from now on, and return the ledger's size; where they do so, nothing changes.

    Raises:
        BadInputError: If a relay is at work, or an event was not handled yet; nothing was changed.
    """
    with context.database.transaction() as connection:
        # held to the end, so that nobody appends an event that neither of the two would handle
        head = select(ledger_head.c.size).with_for_update()
        size = int(connection.execute(head).scalar_one())
        if not is_workers(connection, routes):
            return size
        waiting = left_to_workers(connection, routes)
        expected = _(
            "none that waits: let relay and workers handle them, after `thammuu events replay --from 0` if the broker "
            "is new; hand back what `thammuu events rejected` lists"
        )
        problems = [Problem("events-wait", expected, Place(name), str(n)) for name, n in waiting.items()]
        if lease.is_held(connection, outbox.NAME):
            problems.insert(0, Problem("relay-at-work", _("a relay that has stopped, and workers too"), Place("relay")))
        parts = connection.execute(select(func.count(submission_parts.c.answer.distinct()))).scalar_one()
        if parts:
            answered = _("none that is incomplete: workers answer them, a day after their last part at the latest")
            problems.append(Problem("submissions-wait", answered, Place("submissions"), str(parts)))
        if problems:
            raise BadInputError(_("Kafka's workers still have to do with this ledger; nothing was changed."), problems)
        for consumer in (*types_by_consumer(routes), _LEFT):
            progress.claim(connection, consumer, size)
            progress.advance(connection, consumer, size)
    return size


def _positions(connection: Connection) -> Mapping[str, int]:
    found = {row.consumer: row.position for row in connection.execute(select(table))}
    # a consumer that a newer version brings has no position of its own
    return defaultdict(lambda: found.get(_LEFT, 0), found)


def _any(connection: Connection, condition: ColumnElement[bool]) -> bool:
    return connection.execute(select(events.c.position).where(condition).limit(1)).first() is not None


def _beyond(come_to: Mapping[str, int], consumer: str, types: Sequence[str]) -> ColumnElement[bool]:
    return events.c.type.in_(types) & (events.c.position > come_to[consumer])


def _in_inbox(consumer: str) -> ColumnElement[bool]:
    mine = (inbox.c.consumer == consumer) & (inbox.c.event_id == events.c.id)
    return select(inbox.c.event_id).where(mine).exists()
