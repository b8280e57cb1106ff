"""The rows of deliveries: what was decided is booked once, joined within its window, cancelled while it waits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, exists, func, insert, select, tuple_, update

from thammuu.delivery.holders import stands
from thammuu.delivery.planning import Planned, delivery_id
from thammuu.delivery.states import WAITING
from thammuu.delivery.telling import SUPERSEDED
from thammuu.delivery.vocabulary import ADDRESSED_AS, SEVERITIES
from thammuu.events import DeliveryCancelled, DeliveryQueued, Enclosed, NewEvent
from thammuu.ledger.prepared import Prepared
from thammuu.ledger.schema import contact_points, deliveries, delivery_memos

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection

    from thammuu.bus.context import UnitOfWork
    from thammuu.delivery.planning import Carried, Kind

MOST_MEMOS = 20
"""Of one message; mail servers refuse larger ones for their size."""
_P, _D, _M = contact_points.c, deliveries.c, delivery_memos.c
# made once: they run for every memo that is issued
_KNOWN = Prepared(
    select(_M.recipient_id, _M.channel, _M.repetition).where(
        _M.memo_id == bindparam("memo"), _M.version == bindparam("version"), _M.kind == bindparam("kind")
    )
)
_OPEN, _ENCLOSE = Prepared(insert(deliveries)), Prepared(insert(delivery_memos))
_Key = tuple[str, str, int]
"""Recipient or mark of an address, channel, repetition."""


class _Waiting(NamedTuple):
    """A message that waits, and the address it goes to; times are seconds since 1970."""

    delivery_id: str
    channel: str
    repetition: int
    due: float
    deadline: float
    severity: str
    address_mark: str
    point: str


@dataclass(frozen=True, slots=True)
class _Booking:
    """One message that a memo opens or joins."""

    name: str
    planned: Planned
    due: datetime
    deadline: datetime
    joins: bool


def book(  # noqa: PLR0913, PLR0917  what a booking depends on
    work: UnitOfWork,
    unit_id: str,
    carried: Carried,
    severity: str,
    planned: Sequence[Planned],
    kind: Kind = "memo",
    instead_of: str | None = None,
) -> list[NewEvent]:
    """Write the rows of messages that are not there yet and return their events.

    Args:
        work: The transaction.
        unit_id: The unit of the memo.
        carried: The memo version.
        severity: Its worst finding.
        planned: The messages.
        kind: What they do.
        instead_of: The delivery that did not arrive.
    """
    known = _known(work.connection, carried, kind)
    # of one address that was told under another id nobody is told again
    new = [one for one in planned if known.isdisjoint(_keys(one))]
    if not new:
        return []
    marked = _marked(work.connection, new)
    waiting = _open(work.connection, marked, kind)
    limit = timedelta(hours=work.context.settings.delivery_deadline_h)
    booked = [
        _joining(work, one, severity, waiting[_mark(one)])
        if _mark(one) in waiting
        else _Booking(delivery_id(carried, one, kind), one, one.due, one.due + limit, joins=False)
        for one in marked
    ]
    opened = [_row(one, unit_id, severity, kind, instead_of) for one in booked if not one.joins]
    if opened:
        _OPEN(work.connection, *opened)
    rows = [row for one in booked for row in _enclosed(one, carried, kind)]
    _ENCLOSE(work.connection, *rows)
    return [NewEvent(subject=unit_id, data=_event(one, carried, severity, kind, instead_of)) for one in booked]


def cancel(connection: Connection, unit_id: str, carried: Carried, reason: str) -> list[NewEvent]:
    """Cancel the messages that wait with no memo that still stands.

    Args:
        connection: The transaction.
        unit_id: The unit of the memo.
        carried: The superseded version; earlier ones of the same memo are looked at as well.
        reason: Why it was superseded.
    """
    mine = select(delivery_memos.c.delivery_id).where(
        delivery_memos.c.memo_id == carried.memo_id,
        delivery_memos.c.version <= carried.version,
        delivery_memos.c.kind == "memo",
    )
    other = delivery_memos.alias()
    standing = exists().where(other.c.delivery_id == deliveries.c.delivery_id, stands(other))
    waiting = deliveries.c.state.in_(sorted(WAITING))
    query = select(deliveries.c.delivery_id).where(deliveries.c.delivery_id.in_(mine), waiting, ~standing)
    names = connection.execute(query.order_by(deliveries.c.delivery_id).with_for_update()).scalars().all()
    if names:
        stopped = update(deliveries).where(deliveries.c.delivery_id.in_(names))
        connection.execute(stopped.values(state="cancelled", reason=reason))
    told = (DeliveryCancelled(delivery_id=name, reason=reason, by=SUPERSEDED) for name in names)
    return [NewEvent(subject=unit_id, data=one) for one in told]


def _keys(one: Planned) -> set[_Key]:
    return {(name, one.channel, one.repetition) for name in (one.recipient_id, *one.shares)}


def _mark(one: Planned) -> _Key:
    return (one.mark, one.channel, one.repetition)


def _known(connection: Connection, carried: Carried, kind: Kind) -> set[_Key]:
    which = {"memo": carried.memo_id, "version": carried.version, "kind": kind}
    return {(recipient_id, channel, repetition) for recipient_id, channel, repetition in _KNOWN(connection, which)}


def _marked(connection: Connection, planned: Sequence[Planned]) -> list[Planned]:
    """Return the messages with the marks of their addresses; without an address the recipient is its own mark."""
    asked = {(one.recipient_id, ADDRESSED_AS.get(one.channel, one.channel)) for one in planned if not one.mark}
    c = contact_points.c
    found: dict[tuple[str, str], str] = {}
    if asked:
        query = select(c.recipient_id, c.channel, c.address_mark)
        query = query.where(tuple_(c.recipient_id, c.channel).in_(sorted(asked)))
        found = {(row.recipient_id, row.channel): row.address_mark for row in connection.execute(query)}
    return [one if one.mark else replace(one, mark=found.get(_point(one)) or one.recipient_id) for one in planned]


def _point(one: Planned) -> tuple[str, str]:
    return (one.recipient_id, ADDRESSED_AS.get(one.channel, one.channel))


def _open(connection: Connection, new: Sequence[Planned], kind: Kind) -> dict[_Key, _Waiting]:
    """Return the messages to the same addresses that still wait and that further memos may join."""
    marks = sorted({one.mark for one in new if one.window_s or kind == "withdrawal"})
    if not marks:
        return {}
    asked = {f"mark_{place}": mark for place, mark in enumerate(marks)}
    if connection.dialect.name == "postgresql":
        # two workers that open a message to the same address at once would make two of it
        _hold(len(marks))(connection, asked)
    waiting = [_Waiting(*row) for row in _joinable(len(marks))(connection, asked | {"asked": kind})]
    return {
        (row.address_mark, row.channel, row.repetition): row
        for row in sorted(waiting, key=lambda one: (-one.due, one.delivery_id))
        if row.point == ADDRESSED_AS.get(row.channel, row.channel)
    }


@lru_cache
def _hold(marks: int) -> Prepared:
    """Return the statement that locks who has one of so many addresses."""
    return Prepared(
        select(_P.recipient_id).where(_has_one_of(marks)).order_by(_P.recipient_id, _P.channel).with_for_update()
    )


@lru_cache
def _joinable(marks: int) -> Prepared:
    """Return the statement that finds what waits for one of so many addresses and has room."""
    carried = select(func.count(func.distinct(_M.memo_id))).where(_M.delivery_id == _D.delivery_id)
    return Prepared(
        select(_D.delivery_id, _D.channel, _D.repetition, _D.due, _D.deadline, _D.severity)
        .add_columns(_P.address_mark, _P.channel)
        .join(contact_points, _P.recipient_id == _D.recipient_id)
        .where(
            _has_one_of(marks),
            # by recipient, never by state: of all that waits only what waits for these is looked at
            func.coalesce(_D.state, "") == "queued",
            _D.attempts == 0,
            _D.kind == bindparam("asked"),
            carried.scalar_subquery() < MOST_MEMOS,
        )
        .with_for_update(of=deliveries)
    )


def _has_one_of(marks: int) -> ColumnElement[bool]:
    return _P.address_mark.in_([bindparam(f"mark_{place}") for place in range(marks)])


def _joining(work: UnitOfWork, one: Planned, severity: str, held: _Waiting) -> _Booking:
    """Let a memo join a message that waits: the message goes at the earlier moment, and is as grave as its worst."""
    due = min(one.due, _moment(held.due))
    worst = min(severity, held.severity, key=SEVERITIES.index)
    if due < _moment(held.due) or worst != held.severity:
        mine = update(deliveries).where(deliveries.c.delivery_id == held.delivery_id)
        work.connection.execute(mine.values(due=due.timestamp(), severity=worst))
    return _Booking(held.delivery_id, one, due, _moment(held.deadline), joins=True)


def _row(one: _Booking, unit_id: str, severity: str, kind: Kind, instead_of: str | None) -> dict[str, Any]:
    return {
        "delivery_id": one.name,
        "recipient_id": one.planned.recipient_id,
        "channel": one.planned.channel,
        "subject": unit_id,
        "kind": kind,
        "severity": severity,
        "state": "queued",
        "due": one.due.timestamp(),
        "deadline": one.deadline.timestamp(),
        "attempts": 0,
        "unknowns": 0,
        "holder": None,
        "held_until": None,
        "reason": one.planned.why,
        "reference": "",
        "repetition": one.planned.repetition,
        "instead_of": instead_of,
        "overdue": False,
    }


def _enclosed(one: _Booking, carried: Carried, kind: Kind) -> list[dict[str, Any]]:
    return [
        {
            "memo_id": carried.memo_id,
            "version": carried.version,
            "recipient_id": recipient_id,
            "channel": one.planned.channel,
            "kind": kind,
            "repetition": one.planned.repetition,
            "delivery_id": one.name,
        }
        for recipient_id in (one.planned.recipient_id, *one.planned.shares)
    ]


def _event(one: _Booking, carried: Carried, severity: str, kind: Kind, instead_of: str | None) -> DeliveryQueued:
    return DeliveryQueued(
        delivery_id=one.name,
        recipient=one.planned.recipient_id,
        channel=one.planned.channel,
        kind=kind,
        memos=(Enclosed(memo_id=carried.memo_id, version=carried.version),),
        severity=severity,
        due=one.due,
        deadline=one.deadline,
        repetition=one.planned.repetition,
        instead_of=instead_of,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
