"""The rows of deliveries: what was decided is booked once, joined within its window, cancelled while it waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, insert, select, update

from thammuu.delivery.planning import Planned, delivery_id
from thammuu.delivery.states import WAITING
from thammuu.delivery.timing import Hours, hours_of, next_allowed
from thammuu.events import DeliveryCancelled, DeliveryQueued, Enclosed, NewEvent
from thammuu.ledger.schema import deliveries, delivery_memos, memos, recipients

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Row

    from thammuu.bus.context import UnitOfWork
    from thammuu.delivery.planning import Carried, Kind

MOST_MEMOS = 20
"""Of one message; mail servers refuse larger ones for their size."""
_HAVE_IT = ("attempting", "accepted", "delivered", "unknown")
_Key = tuple[str, str, int]
"""Recipient, channel, repetition."""


@dataclass(frozen=True, slots=True)
class Told:
    """Who was told of a memo by which channel, with those who shared the message."""

    recipient_id: str
    channel: str
    shares: tuple[str, ...]


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
    new = [one for one in planned if (one.recipient_id, one.channel, one.repetition) not in known]
    if not new:
        return []
    joined = _open(work, new, kind)
    opened, enclosed, out = [], [], []
    for one in new:
        held = joined.get((one.recipient_id, one.channel, one.repetition))
        name = held.delivery_id if held else delivery_id(carried, one, kind)
        due = min(one.due, _moment(held.due)) if held else one.due
        limit = timedelta(hours=work.context.settings.delivery_deadline_h)
        if held is None:
            opened.append(_row(name, unit_id, severity, one, kind, due + limit, instead_of))
        elif due < _moment(held.due):
            earlier = update(deliveries).where(deliveries.c.delivery_id == name)
            work.connection.execute(earlier.values(due=due.timestamp()))
        enclosed += _enclosed(name, carried, one, kind, known)
        out.append(NewEvent(subject=unit_id, data=_event(name, carried, severity, one, kind, due, limit, instead_of)))
    if opened:
        work.connection.execute(insert(deliveries), opened)
    work.connection.execute(insert(delivery_memos), enclosed)
    return out


def book_withdrawal(work: UnitOfWork, unit_id: str, carried: Carried, told: Iterable[Told]) -> list[NewEvent]:
    """Book the news of a withdrawal for exactly those who have the memo: at once, but for quiet hours and days off."""
    found = list(told)
    c = recipients.c
    named = c.recipient_id.in_({one.recipient_id for one in found})
    quiet = {
        row.recipient_id: hours_of(row.quiet_from, row.quiet_to, None)
        for row in work.connection.execute(select(c.recipient_id, c.quiet_from, c.quiet_to).where(named))
    }
    works = work.context.packs.active.actions.calendar.works
    planned = [
        Planned(
            one.recipient_id,
            one.channel,
            next_allowed(work.context.clock(), quiet.get(one.recipient_id, Hours()), works),
            0,
            shares=one.shares,
        )
        for one in found
    ]
    return book(work, unit_id, carried, "major", planned, "withdrawal")


def told_of(connection: Connection, carried: Carried, *, sent_only: bool = True) -> list[Told]:
    """Return who was told of a memo version, or was about to be.

    Args:
        connection: Any connection.
        carried: The memo version.
        sent_only: Only messages that were or may have been sent.
    """
    columns = (deliveries.c.delivery_id, deliveries.c.recipient_id, deliveries.c.channel)
    told = delivery_memos.c.recipient_id.label("told")
    mine = (delivery_memos.c.memo_id == carried.memo_id) & (delivery_memos.c.version == carried.version)
    query = select(*columns, told).join(delivery_memos, deliveries.c.delivery_id == delivery_memos.c.delivery_id)
    query = query.where(mine, delivery_memos.c.kind == "memo", delivery_memos.c.repetition == 0)
    if sent_only:
        query = query.where(deliveries.c.state.in_(_HAVE_IT))
    found: dict[tuple[str, str], set[str]] = {}
    for row in connection.execute(query):
        found.setdefault((row.recipient_id, row.channel), set()).add(row.told)
    return [Told(*key, tuple(sorted(told - {key[0]}))) for key, told in sorted(found.items())]


def cancel(connection: Connection, unit_id: str, carried: Carried, reason: str) -> list[NewEvent]:
    """Cancel the messages that wait with nothing but superseded memos.

    Args:
        connection: The transaction.
        unit_id: The unit of the memo.
        carried: The superseded version.
        reason: Why it was superseded.
    """
    mine = select(delivery_memos.c.delivery_id).where(
        delivery_memos.c.memo_id == carried.memo_id,
        delivery_memos.c.version == carried.version,
        delivery_memos.c.kind == "memo",
    )
    other = delivery_memos.alias()
    standing = exists().where(
        other.c.delivery_id == deliveries.c.delivery_id,
        other.c.memo_id == memos.c.memo_id,
        other.c.version == memos.c.version,
        memos.c.status == "issued",
    )
    waiting = deliveries.c.state.in_(sorted(WAITING))
    query = select(deliveries.c.delivery_id).where(deliveries.c.delivery_id.in_(mine), waiting, ~standing)
    names = connection.execute(query.order_by(deliveries.c.delivery_id).with_for_update()).scalars().all()
    if names:
        stopped = update(deliveries).where(deliveries.c.delivery_id.in_(names))
        connection.execute(stopped.values(state="cancelled", reason=reason))
    return [
        NewEvent(subject=unit_id, data=DeliveryCancelled(delivery_id=name, reason=reason, by="superseded"))
        for name in names
    ]


def _known(connection: Connection, carried: Carried, kind: Kind) -> set[_Key]:
    c = delivery_memos.c
    mine = (c.memo_id == carried.memo_id, c.version == carried.version, c.kind == kind)
    rows = connection.execute(select(c.recipient_id, c.channel, c.repetition).where(*mine))
    return {(row.recipient_id, row.channel, row.repetition) for row in rows}


def _open(work: UnitOfWork, new: Sequence[Planned], kind: Kind) -> dict[_Key, Row[Any]]:
    """Return the messages that still wait and that further memos may join."""
    grouped = sorted({one.recipient_id for one in new if one.window_s or kind == "withdrawal"})
    if not grouped:
        return {}
    # two workers that open a message to the same recipient at once would make two of it
    held = select(recipients.c.recipient_id).where(recipients.c.recipient_id.in_(grouped))
    work.connection.execute(held.order_by(recipients.c.recipient_id).with_for_update()).all()
    c = deliveries.c
    carries = select(func.count(func.distinct(delivery_memos.c.memo_id)))
    carries = carries.where(delivery_memos.c.delivery_id == c.delivery_id)
    fresh = (c.state == "queued", c.attempts == 0, c.kind == kind, c.recipient_id.in_(grouped))
    query = select(c.delivery_id, c.recipient_id, c.channel, c.repetition, c.due).where(*fresh)
    query = query.where(carries.scalar_subquery() < MOST_MEMOS).order_by(c.due.desc(), c.delivery_id)
    rows: list[Row[Any]] = list(work.connection.execute(query.with_for_update()))
    return {(row.recipient_id, row.channel, row.repetition): row for row in rows}


def _row(  # noqa: PLR0913, PLR0917  the columns of a delivery
    name: str, unit_id: str, severity: str, one: Planned, kind: Kind, deadline: datetime, instead_of: str | None
) -> dict[str, Any]:
    return {
        "delivery_id": name,
        "recipient_id": one.recipient_id,
        "channel": one.channel,
        "subject": unit_id,
        "kind": kind,
        "severity": severity,
        "state": "queued",
        "due": one.due.timestamp(),
        "deadline": deadline.timestamp(),
        "attempts": 0,
        "unknowns": 0,
        "reason": one.why,
        "reference": "",
        "repetition": one.repetition,
        "instead_of": instead_of,
        "overdue": False,
    }


def _enclosed(name: str, carried: Carried, one: Planned, kind: Kind, known: set[_Key]) -> list[dict[str, Any]]:
    rows = []
    for recipient_id in (one.recipient_id, *one.shares):
        key = (recipient_id, one.channel, one.repetition)
        if key in known:
            continue
        known.add(key)
        rows.append(
            {
                "memo_id": carried.memo_id,
                "version": carried.version,
                "recipient_id": recipient_id,
                "channel": one.channel,
                "kind": kind,
                "repetition": one.repetition,
                "delivery_id": name,
            }
        )
    return rows


def _event(  # noqa: PLR0913, PLR0917  what the event says
    name: str,
    carried: Carried,
    severity: str,
    one: Planned,
    kind: Kind,
    due: datetime,
    limit: timedelta,
    instead_of: str | None,
) -> DeliveryQueued:
    return DeliveryQueued(
        delivery_id=name,
        recipient=one.recipient_id,
        channel=one.channel,
        kind=kind,
        memos=(Enclosed(memo_id=carried.memo_id, version=carried.version),),
        severity=severity,
        due=due,
        deadline=due + limit,
        repetition=one.repetition,
        instead_of=instead_of,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
