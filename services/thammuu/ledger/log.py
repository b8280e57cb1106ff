"""The ledger: events in one order without gaps, hashed into a Merkle tree."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, func, insert, select, update

from thammuu.errors import EnvironmentFaultError
from thammuu.events import Event
from thammuu.failpoints import reach
from thammuu.i18n import _
from thammuu.ledger.merkle import Frontier
from thammuu.ledger.outputs import Outputs
from thammuu.ledger.prepared import Prepared
from thammuu.ledger.schema import events, ledger_head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from thammuu.ledger.outputs import Head

_PAGE = 1_000
_ROWS_AT_ONCE = 100
"""Rows of one statement; an event has up to 60 KB."""
_HEAD = Prepared(select(ledger_head.c.size, ledger_head.c.frontier).with_for_update())
_RECORDED = Prepared(select(events.c.id, events.c.body).where(events.c.id == bindparam("wanted")))
_INSERT = Prepared(insert(events))
_MOVE_HEAD = Prepared(update(ledger_head).values(size=bindparam("new_size"), frontier=bindparam("new_frontier")))


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event and its place in the ledger, counted from 1."""

    position: int
    event: Event


def append(connection: Connection, new: Iterable[Event]) -> int:
    """Append events, last in the caller's transaction, and return the ledger's size after it.

    An id that is there already with the same body is skipped: the output was recorded before.

    Raises:
        EnvironmentFaultError: If an id is there already with another body. That is an alarm, never an overwrite.
        PermanentRefusalError: If an event is larger than the ledger takes.
    """
    # what takes time comes before the head is locked, since all other appenders wait for it
    outputs = new if isinstance(new, Outputs) else Outputs(new)
    if not outputs:
        return size(connection)
    reach("ledger.before-append")
    [(before, hashes)] = _HEAD(connection)
    reach("ledger.head-locked")
    frontier = Frontier(before, hashes)
    rows = outputs.rows()
    while part := list(islice(rows, _ROWS_AT_ONCE)):
        _append(connection, part, frontier)
    if frontier.size > before:
        _MOVE_HEAD(connection, {"new_size": frontier.size, "new_frontier": frontier.pack()})
    reach("ledger.appended")
    return frontier.size


def _append(connection: Connection, part: Sequence[tuple[Head, bytes]], frontier: Frontier) -> None:
    known = _recorded_data(connection, [head.id for head, _body in part])
    rows = []
    for head, body in part:
        if head.id in known:
            _refuse_other_data(head.id, known[head.id], body)
            continue
        known[head.id] = body
        frontier.append(body)
        rows.append({"position": frontier.size, **head._asdict(), "body": body})
    if rows:
        _INSERT(connection, *rows)


def _recorded_data(connection: Connection, ids: Sequence[str]) -> dict[str, bytes]:
    if len(ids) == 1:
        return dict(_RECORDED(connection, {"wanted": ids[0]}))
    query = select(events.c.id, events.c.body).where(events.c.id.in_(ids))
    return {row.id: row.body for row in connection.execute(query)}


def _refuse_other_data(event_id: str, recorded: bytes, body: bytes) -> None:
    if Event.model_validate_json(recorded).data != Event.model_validate_json(body).data:
        raise EnvironmentFaultError(
            _("The ledger holds event {id} with other data; nothing was written.").format(id=event_id)
        )


def read(
    connection: Connection, *, after: int = 0, types: Iterable[str] | None = None, limit: int | None = None
) -> Iterator[Recorded]:
    """Yield recorded events in ledger order.

    Args:
        connection: Any connection.
        after: Skip the events up to this position.
        types: Only events of these types.
        limit: At most this many.
    """
    query = select(events.c.position, events.c.body).where(events.c.position > after).order_by(events.c.position)
    if types is not None:
        query = query.where(events.c.type.in_(list(types)))
    if limit is not None:
        query = query.limit(limit)
    # without a limit page by page: psycopg holds the whole answer in memory otherwise
    paged = {} if limit is not None and limit <= _PAGE else {"yield_per": _PAGE}
    for row in connection.execute(query, execution_options=paged):
        yield Recorded(row.position, Event.model_validate_json(row.body))


def find(connection: Connection, event_id: str) -> Event | None:
    """Return the event of that id, None where there is none."""
    body = connection.execute(select(events.c.body).where(events.c.id == event_id)).scalar()
    return None if body is None else Event.model_validate_json(body)


def position_of(connection: Connection, event_id: str) -> int | None:
    """Return the position of the event of that id, None where there is none."""
    return connection.execute(select(events.c.position).where(events.c.id == event_id)).scalar()


def size(connection: Connection) -> int:
    """Return the number of recorded events."""
    return int(connection.execute(select(ledger_head.c.size)).scalar_one())


def checkpoint(connection: Connection) -> tuple[int, str]:
    """Return the ledger's size and the hex root of its Merkle tree."""
    head = connection.execute(select(ledger_head)).one()
    return head.size, Frontier(head.size, head.frontier).root().hex()


def verify(connection: Connection) -> list[str]:
    """Recompute the ledger from its rows and return what does not hold; an empty list is good."""
    faults: list[str] = []
    frontier = Frontier()
    for row in connection.execute(select(events).order_by(events.c.position), execution_options={"yield_per": _PAGE}):
        if row.position != frontier.size + 1:
            faults.append(
                _("Position {expected} is missing; {found} follows.").format(
                    expected=frontier.size + 1, found=row.position
                )
            )
            return faults
        faults.extend(_row_faults(row.position, row.id, row.type, row.subject, row.body))
        frontier.append(row.body)
    head = connection.execute(select(ledger_head)).one()
    if (head.size, head.frontier) != (frontier.size, frontier.pack()):
        faults.append(
            _("The recorded head ({size} events) does not match the events: a body was changed or an event removed.")
            .format(size=head.size)
        )  # fmt: skip
    return faults


def _row_faults(position: int, event_id: str, event_type: str, subject: str, body: bytes) -> list[str]:
    try:
        event = Event.model_validate_json(body)
    except ValueError:
        return [_("Event {position} cannot be read.").format(position=position)]
    if (event.id, event.type, event.subject) != (event_id, event_type, subject):
        return [_("Event {position} says other things than its row.").format(position=position)]
    return [] if event.body() == body else [_("Event {position} is not canonical.").format(position=position)]


def count(connection: Connection, *, after: int, types: Iterable[str]) -> int:
    """Return how many events of these types stand after a position."""
    query = select(func.count()).where(events.c.position > after, events.c.type.in_(list(types)))
    return int(connection.execute(query.select_from(events)).scalar_one())
