"""Deliveries for people and programs: listings, one with its history, figures by state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from thammuu.delivery.deliveries import as_row
from thammuu.delivery.holders import SAME_MEMO
from thammuu.delivery.late import LATE
from thammuu.delivery.states import WAITING
from thammuu.errors import BadInputError
from thammuu.i18n import _
from thammuu.ledger import log
from thammuu.ledger.schema import deliveries, delivery_memos, events, issued_memos

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Connection

_UNITS = select(issued_memos.c.unit_id).distinct().select_from(delivery_memos.join(issued_memos, SAME_MEMO))
"""The units that messages carry memos to."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries are listed; None is any.

    Args:
        state: In this state.
        unit_id: Of this unit, or with a memo to it.
        channel: By this channel.
        recipient: To this one.
        memo_id: With this memo.
        overdue: Those whose deadline passed without a final state.
        due_by: Those that wait and are due by then, in seconds since 1970.
    """

    state: str | None = None
    unit_id: str | None = None
    channel: str | None = None
    recipient: str | None = None
    memo_id: str | None = None
    overdue: bool = False
    due_by: float | None = None


def listed(connection: Connection, wanted: Wanted) -> list[dict[str, Any]]:
    """Return deliveries by due time, each with its memos."""
    c = deliveries.c
    query = select(deliveries).order_by(c.due, c.delivery_id)
    asked = {c.state: wanted.state, c.channel: wanted.channel}
    for column, value in (asked | {c.recipient_id: wanted.recipient}).items():
        query = query if value is None else query.where(column == value)
    if wanted.unit_id is not None:
        # a group's own unit is the one of its first memo; an incident carries none
        about = _UNITS.with_only_columns(delivery_memos.c.delivery_id).where(issued_memos.c.unit_id == wanted.unit_id)
        query = query.where(or_(c.subject == wanted.unit_id, c.delivery_id.in_(about)))
    if wanted.memo_id is not None:
        mine = select(delivery_memos.c.delivery_id).where(delivery_memos.c.memo_id == wanted.memo_id)
        query = query.where(c.delivery_id.in_(mine))
    if wanted.overdue:
        query = query.where(LATE)
    if wanted.due_by is not None:
        query = query.where(c.state.in_(sorted(WAITING)), c.due <= wanted.due_by)
    rows = [as_row(row) for row in connection.execute(query)]
    carried = _carried(connection)
    return [row | {"memos": carried.get(row["delivery_id"], [])} for row in rows]


def shown(connection: Connection, delivery_id: str) -> dict[str, Any]:
    """Return one delivery with its history from the ledger.

    Raises:
        BadInputError: If there is none of that id.
    """
    row = connection.execute(select(deliveries).where(deliveries.c.delivery_id == delivery_id)).one_or_none()
    if row is None:
        raise BadInputError(_("No delivery has the id {id}; `thammuu deliveries list`.").format(id=repr(delivery_id)))
    carried = _carried(connection, delivery_id)
    return as_row(row) | {
        "memos": carried.get(delivery_id, []),
        "history": list(_history(connection, delivery_id, {row.subject, *_units_of(connection, delivery_id)})),
    }


def by_state(connection: Connection) -> dict[tuple[str, str], int]:
    """Return how many deliveries there are by channel and state."""
    c = deliveries.c
    query = select(c.channel, c.state, func.count()).group_by(c.channel, c.state).order_by(c.channel, c.state)
    return {(channel, state): number for channel, state, number in connection.execute(query)}


def late(connection: Connection) -> int:
    """Return how many deliveries have no final state although their deadline has passed."""
    return int(connection.execute(select(func.count()).where(LATE)).scalar_one())


def unserved(connection: Connection, channels: Collection[str]) -> dict[str, int]:
    """Return how many deliveries wait for channels that are not set up, by channel."""
    found: dict[str, int] = {}
    for (channel, state), number in by_state(connection).items():
        if state in WAITING and channel not in channels:
            found[channel] = found.get(channel, 0) + number
    return found


def _carried(connection: Connection, delivery_id: str | None = None) -> dict[str, list[str]]:
    c = delivery_memos.c
    query = select(c.delivery_id, c.memo_id, c.version).distinct().order_by(c.delivery_id, c.memo_id, c.version)
    if delivery_id is not None:
        query = query.where(c.delivery_id == delivery_id)
    found: dict[str, list[str]] = {}
    for name, memo_id, version in connection.execute(query):
        found.setdefault(name, []).append(f"{memo_id} v{version}")
    return found


def _units_of(connection: Connection, delivery_id: str) -> list[str]:
    return list(connection.execute(_UNITS.where(delivery_memos.c.delivery_id == delivery_id)).scalars())


def _history(connection: Connection, delivery_id: str, subjects: Collection[str]) -> Iterator[dict[str, Any]]:
    mine = events.c.subject.in_(sorted(subjects)) & events.c.type.like("delivery.%")
    query = select(events.c.position).where(mine).order_by(events.c.position)
    for position in connection.execute(query).scalars().all():
        for one in log.read(connection, after=position - 1, limit=1):
            data = one.event.data.model_dump(mode="json")
            if data.get("delivery_id") == delivery_id:
                yield {"position": one.position, "time": one.event.time, "type": one.event.type, **data}
