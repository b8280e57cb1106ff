"""Who was told of a memo, who may have it, and which of its versions stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, FromClause, bindparam, exists, func, or_, select

from thammuu.delivery.planning import Carried
from thammuu.ledger.prepared import Prepared
from thammuu.ledger.schema import deliveries, delivery_memos, issued_memos, memos

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Row

_LAST = Prepared(
    select(
        select(func.max(issued_memos.c.version)).where(issued_memos.c.memo_id == bindparam("memo")).label("version"),
        select(memos.c.status).where(memos.c.memo_id == bindparam("memo")).label("status"),
    )
)
SAME_MEMO: Final = (delivery_memos.c.memo_id == issued_memos.c.memo_id) & (
    delivery_memos.c.version == issued_memos.c.version
)
"""The condition that what a message carries is an issued document."""
_HAVE_IT = ("attempting", "accepted", "delivered", "unknown")


@dataclass(frozen=True, slots=True)
class Told:
    """Who was told of a memo by which channel, with those who shared the message."""

    recipient_id: str
    channel: str
    shares: tuple[str, ...] = ()


def stands(table: FromClause) -> ColumnElement[bool]:
    """Return the condition that the memo version of a row is a document that counts.

    It is the last one issued of its memo, and the memo was not withdrawn.

    Args:
        table: With the columns ``memo_id`` and ``version``.
    """
    versions = issued_memos.alias()
    last = select(func.max(versions.c.version)).where(versions.c.memo_id == table.c.memo_id)
    withdrawn = exists().where(memos.c.memo_id == table.c.memo_id, memos.c.status == "superseded")
    return (table.c.version == last.correlate(table).scalar_subquery()) & ~withdrawn.correlate(table)


def is_standing(connection: Connection, carried: Carried) -> bool:
    """Tell whether a memo version is a document that counts."""
    [(version, status)] = _LAST(connection, {"memo": carried.memo_id})
    return bool(version == carried.version) and bool(status != "superseded")


def told_nobody(connection: Connection) -> int:
    """Return how many memos that stand no message was ever queued for: nobody can be reached, or a copy is awaited."""
    query = select(func.count()).select_from(issued_memos).where(stands(issued_memos), ~exists().where(SAME_MEMO))
    return int(connection.execute(query).scalar_one())


def told_of(connection: Connection, carried: Carried) -> list[Told]:
    """Return who was told of a memo version, or was about to be."""
    return _grouped(_rows(connection, carried.memo_id, delivery_memos.c.version == carried.version))


def told_before(connection: Connection, carried: Carried) -> list[Told]:
    """Return who was told of the version before, or of the last one before it that anybody was told of."""
    rows = _rows(connection, carried.memo_id, delivery_memos.c.version < carried.version)
    last = max((row.version for row in rows), default=0)
    return _grouped(row for row in rows if row.version == last)


def holders(connection: Connection, carried: Carried) -> dict[Carried, list[Told]]:
    """Return who has, or may have, a version of a memo up to one; by the latest version that each has."""
    sent = or_(deliveries.c.state.in_(_HAVE_IT), deliveries.c.unknowns > 0)
    rows = _rows(connection, carried.memo_id, (delivery_memos.c.version <= carried.version) & sent)
    latest: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row.recipient_id, row.channel)
        latest[key] = max(latest.get(key, 0), row.version)
    return {
        Carried(carried.memo_id, version): _grouped(
            row for row in rows if row.version == version == latest[row.recipient_id, row.channel]
        )
        for version in sorted(set(latest.values()))
    }


def _rows(connection: Connection, memo_id: str, which: ColumnElement[bool]) -> list[Row[Any]]:
    c = delivery_memos.c
    columns = (c.version, c.recipient_id, c.channel, c.delivery_id, deliveries.c.recipient_id.label("opener"))
    query = select(*columns).join(deliveries, deliveries.c.delivery_id == c.delivery_id)
    query = query.where(c.memo_id == memo_id, c.kind == "memo", which).order_by(c.delivery_id, c.recipient_id)
    return list(connection.execute(query))


def _grouped(rows: Iterable[Row[Any]]) -> list[Told]:
    """Return one entry for each message: to its own recipient if that is among them, for the others as well."""
    messages: dict[tuple[str, str], list[Row[Any]]] = {}
    for row in rows:
        messages.setdefault((row.delivery_id, row.channel), []).append(row)
    found: dict[tuple[str, str], set[str]] = {}
    for (_delivery, channel), told in messages.items():
        names = {row.recipient_id for row in told}
        first = told[0].opener if told[0].opener in names else min(names)
        found.setdefault((first, channel), set()).update(names - {first})
    openers = set(found)
    return [
        Told(name, channel, tuple(sorted(one for one in shares if (one, channel) not in openers)))
        for (name, channel), shares in sorted(found.items())
    ]
