"""Recipients: who is told of a unit's memos, in which role, by which channels; their contact data is sealed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Date, bindparam, or_, select, update

from thammuu.delivery.ports import ContactPoint
from thammuu.delivery.vault import vault_of
from thammuu.delivery.vocabulary import ADDRESSED_AS, ALL_UNITS
from thammuu.ledger.schema import contact_points, recipients

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date

    from sqlalchemy import Connection, Row

    from thammuu.bus.context import Context
    from thammuu.delivery.vocabulary import Role

_ORDER = (recipients.c.role, recipients.c.turn, recipients.c.recipient_id)
_DAY = bindparam("day", type_=Date)
# made once: they run for every memo that is issued
_OF_UNIT = (
    select(recipients, contact_points.c.channel, contact_points.c.state, contact_points.c.address_mark)
    .outerjoin(
        contact_points,
        (contact_points.c.recipient_id == recipients.c.recipient_id) & contact_points.c.sealed.is_not(None),
    )
    .where(
        recipients.c.unit_id.in_([bindparam("unit"), ALL_UNITS]),
        or_(recipients.c.valid_from.is_(None), recipients.c.valid_from <= _DAY),
        or_(recipients.c.valid_to.is_(None), recipients.c.valid_to >= _DAY),
        ~recipients.c.erased,
    )
    .order_by(*_ORDER, contact_points.c.channel)
)
_EVERY_POINT = (
    select(
        contact_points.c.recipient_id, contact_points.c.channel, contact_points.c.state, contact_points.c.address_mark
    )
    .where(contact_points.c.sealed.is_not(None))
    .order_by(contact_points.c.channel)
)
_POINTS = _EVERY_POINT.where(contact_points.c.recipient_id.in_(bindparam("names", expanding=True)))


_AS_KEPT = (
    *("recipient_id", "unit_id", "role", "agency", "turn", "language"),
    *("quiet_from", "quiet_to", "digest_at", "valid_from", "valid_to"),
)


@dataclass(frozen=True, slots=True)
class Point:
    """How one channel reaches a recipient.

    Args:
        state: ``usable``, or ``bounced`` since a message came back.
        address_mark: By which the same address of another recipient is recognised.
    """

    state: str
    address_mark: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient without what would tell who it is.

    Args:
        recipient_id: Its id, which events may hold.
        unit_id: Whose memos it gets; ``*`` is every unit's.
        role: In which role.
        agency: Of which office of ``rules/agencies.yaml``.
        turn: Of a role those of the lowest turn are told; the next when they cannot be reached.
        language: ``vi`` or ``en``.
        formats: Which files go with an e-mail.
        quiet_from: ``HH:MM``.
        quiet_to: ``HH:MM``.
        digest_at: ``HH:MM``.
        valid_from: From that day.
        valid_to: Until that day.
        points: By channel.
    """

    recipient_id: str
    unit_id: str
    role: Role
    agency: str | None
    turn: int
    language: str
    formats: tuple[str, ...]
    quiet_from: str | None
    quiet_to: str | None
    digest_at: str | None
    valid_from: date | None
    valid_to: date | None
    points: Mapping[str, Point] = field(default_factory=dict)


def recipients_of(connection: Connection, unit_id: str, on: date) -> list[Recipient]:
    """Return who is told of a unit's memos on a day, by role, turn and id.

    Args:
        connection: Any connection.
        unit_id: The unit.
        on: The day.
    """
    rows = connection.execute(_OF_UNIT, {"unit": unit_id, "day": on}).all()
    return _assembled(
        {row.recipient_id: row for row in rows}.values(), (row for row in rows if row.channel is not None)
    )


def every_recipient(connection: Connection) -> list[Recipient]:
    """Return all recipients that are not erased, whatever the day."""
    return _found(connection, ~recipients.c.erased)


def recipients_named(connection: Connection, names: Collection[str]) -> list[Recipient]:
    """Return recipients by id, whatever the day; of an erased one no channel is left."""
    return _found(connection, recipients.c.recipient_id.in_(sorted(names)))


def contact_of(context: Context, connection: Connection, recipient_id: str, channel: str) -> ContactPoint | None:
    """Return where a recipient is reached; None where the channel or the recipient is gone.

    Raises:
        BadInputError: If no key is set.
        EnvironmentFaultError: If none of the keys opens it.
    """
    c, asked = contact_points.c, ADDRESSED_AS.get(channel, channel)
    query = select(c.sealed, recipients.c.sealed_name).join(recipients, recipients.c.recipient_id == c.recipient_id)
    row = connection.execute(query.where(c.recipient_id == recipient_id, c.channel == asked)).one_or_none()
    if row is None or row.sealed is None:
        return None
    vault = vault_of(context.settings)
    told = json.loads(vault.open(row.sealed))
    name = "" if row.sealed_name is None else vault.open(row.sealed_name).decode()
    return ContactPoint(name=name, address=told["address"], secret=told.get("secret", ""))


def bounced(connection: Connection, recipient_id: str, channel: str) -> None:
    """Remember that messages by a channel come back; a person makes it usable again."""
    mine = (contact_points.c.recipient_id == recipient_id) & (contact_points.c.channel == channel)
    connection.execute(update(contact_points).where(mine).values(state="bounced"))


def _found(connection: Connection, which: ColumnElement[bool]) -> list[Recipient]:
    rows = connection.execute(select(recipients).where(which).order_by(*_ORDER)).all()
    if len(rows) > 500:  # noqa: PLR2004  databases bound how many values a statement may hold
        return _assembled(rows, connection.execute(_EVERY_POINT).all())
    return _assembled(rows, connection.execute(_POINTS, {"names": [row.recipient_id for row in rows]}).all())


def _assembled(rows: Collection[Row[Any]], points: Iterable[Any]) -> list[Recipient]:
    found: dict[str, dict[str, Point]] = {row.recipient_id: {} for row in rows}
    for row in points:
        if row.recipient_id in found:
            found[row.recipient_id][row.channel] = Point(row.state, row.address_mark)
    return [_recipient(row, found[row.recipient_id]) for row in rows]


def _recipient(row: Row[Any], points: dict[str, Point]) -> Recipient:
    values = row._mapping  # noqa: SLF001  SQLAlchemy's public name
    told = {name: values[name] for name in _AS_KEPT}
    return Recipient(**told, formats=tuple(row.formats.split(",")) if row.formats else (), points=points)
