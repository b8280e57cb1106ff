"""The register of issued memos: numbers of each issuing body and year, and what a later memo may speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from thammuu.ledger.schema import issued_memos
from thammuu.memos.model import MemoModel
from thammuu.memos.view import Issued, SinceLast

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from thammuu.bus.context import Context
    from thammuu.memos.answering import Answer


def last_issued(connection: Connection, memo_id: str, below: int | None = None) -> Row[tuple[object, ...]] | None:
    """Return the newest issued version of a memo, or the newest below a version."""
    query = select(issued_memos).where(issued_memos.c.memo_id == memo_id).order_by(issued_memos.c.version.desc())
    if below is not None:
        query = query.where(issued_memos.c.version < below)
    return connection.execute(query.limit(1)).one_or_none()


def next_number(connection: Connection, issuer: str, year: int) -> int:
    """Return the number after the last one that an issuing body gave in a year."""
    mine = (issued_memos.c.issuer == issuer, issued_memos.c.year == year)
    return (connection.execute(select(func.max(issued_memos.c.number)).where(*mine)).scalar() or 0) + 1


def holder_of(connection: Connection, issuer: str, year: int, number: int) -> str | None:
    """Return the memo that has a number, None while it is free."""
    taken = (issued_memos.c.issuer == issuer, issued_memos.c.year == year, issued_memos.c.number == number)
    return connection.execute(select(issued_memos.c.memo_id).where(*taken)).scalar()


def earlier_of(context: Context, connection: Connection, answer: Answer, below: int | None = None) -> SinceLast | None:
    """Return the issued memo of the same round, and the unit's last of an earlier round; None where there is none.

    Args:
        context: The program's parts.
        connection: A snapshot.
        answer: What the memo answers.
        below: The memo's own version, where that is issued itself.
    """
    corrects = last_issued(connection, answer.memo_id, below)
    units = {answer.body.id, *(unit.id for unit, _views in answer.parts)}
    query = select(issued_memos).where(issued_memos.c.unit_id.in_(sorted(units)), issued_memos.c.round < answer.round)
    newest = query.order_by(issued_memos.c.round.desc(), issued_memos.c.dated.desc(), issued_memos.c.version.desc())
    previous = connection.execute(newest.limit(1)).one_or_none()
    if corrects is None and previous is None:
        return None
    return SinceLast(corrects=_issued(context, corrects), previous=_issued(context, previous))


def _issued(context: Context, row: Row[tuple[object, ...]] | None) -> Issued | None:
    if row is None:
        return None
    found = row._mapping  # noqa: SLF001  SQLAlchemy's public name
    model = MemoModel.model_validate_json(context.blobs.get(found["model"]))
    return Issued(found["memo_id"], found["version"], found["number"], found["dated"], model)
