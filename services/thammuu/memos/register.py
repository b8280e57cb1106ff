"""The register of issued memos: numbers of each issuing body and year, and what a later memo may speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from thammuu.ledger.schema import issued_memos
from thammuu.memos.model import MemoModel
from thammuu.memos.view import Issued, SinceLast

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import Connection, Row

    from thammuu.bus.context import Context
    from thammuu.memos.answering import Answer
    from thammuu.rulepack.issuers import Issuer


def register_of(issuer: Issuer, body_id: str) -> str:
    """Return the name of a register: an issuer's own, or each unit's where the file serves many committees."""
    return f"{issuer.id}/{body_id}" if "{unit}" in issuer.name.vi else issuer.id


def last_issued(connection: Connection, memo_id: str) -> Row[Any] | None:
    """Return the newest issued version of a memo."""
    query = select(issued_memos).where(issued_memos.c.memo_id == memo_id).order_by(issued_memos.c.version.desc())
    return connection.execute(query.limit(1)).one_or_none()


def next_number(connection: Connection, register: str, year: int) -> int:
    """Return the number after the last one that a register gave in a year."""
    mine = (issued_memos.c.register == register, issued_memos.c.year == year)
    return (connection.execute(select(func.max(issued_memos.c.number)).where(*mine)).scalar() or 0) + 1


def holder_of(connection: Connection, register: str, year: int, number: int) -> str | None:
    """Return the memo that has a number, None while it is free."""
    taken = (issued_memos.c.register == register, issued_memos.c.year == year, issued_memos.c.number == number)
    return connection.execute(select(issued_memos.c.memo_id).where(*taken)).scalar()


def earlier_of(
    context: Context, connection: Connection, answer: Answer, cited: Collection[tuple[str, int]] | None = None
) -> SinceLast | None:
    """Return the issued memos of the same round, and the last ones of earlier rounds; None where there are none.

    Letters to units that have merged into the memo's own count as its own, until it has replaced them.

    Args:
        context: The program's parts.
        connection: A snapshot.
        answer: What the memo answers.
        cited: Only these versions of memos: those that the kept edition speaks of.
    """
    units = {one.id: place for place, one in enumerate(answer.members)}
    query = select(issued_memos).where(issued_memos.c.unit_id.in_(sorted(units)), issued_memos.c.round <= answer.round)
    newest = query.order_by(issued_memos.c.round.desc(), issued_memos.c.dated.desc(), issued_memos.c.version.desc())
    rows = [
        row for row in connection.execute(newest) if cited is None or (row.memo_id, row.version) in cited
    ]  # fmt: skip
    rows.sort(key=lambda row: units[row.unit_id])  # stable: of each unit the newest stays first
    of_round = [_issued(context, row) for row in _first_of_units(row for row in rows if row.round == answer.round)]
    before = _first_of_units(row for row in rows if row.round < answer.round)
    if not of_round and not before:
        return None
    return SinceLast(corrects=_not_replaced(of_round, answer.body.id), previous=_last(context, before, answer.body.id))


def _first_of_units(rows: Iterable[Row[Any]]) -> list[Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for row in rows:
        found.setdefault(row.unit_id, row)
    return list(found.values())


def _not_replaced(issued: Sequence[Issued], body_id: str) -> tuple[Issued, ...]:
    """Return the memos that nothing has replaced yet: the body's own names those that it did."""
    own = next((one for one in issued if one.model.unit.id == body_id), None)
    done = cited_in(own.model) if own else set()
    return tuple(one for one in issued if (one.memo_id, one.version) not in done)


def _last(context: Context, rows: Sequence[Row[Any]], body_id: str) -> tuple[Issued, ...]:
    """Return the last memos of earlier rounds, without those to units that the body's own last memo told of."""
    own = next((row for row in rows if row.unit_id == body_id), None)
    told = _units_in(_issued(context, own).model) if own is not None else set()
    return tuple(
        _issued(context, row)
        for row in rows
        if own is None or row is own or (row.round >= own.round and row.unit_id not in told)
    )


def _units_in(model: MemoModel) -> set[str]:
    return {one.unit_id for one in model.sections} | {one.unit_id for one in model.findings}


def cited_in(model: MemoModel) -> set[tuple[str, int]]:
    """Return the versions of memos that a model's sentences rest on."""
    from thammuu.memos.why import lines_of

    refs = {ref for line in lines_of(model) for ref in line.because if ref.startswith("memo:")}
    parts = (ref.removeprefix("memo:").rpartition("@") for ref in refs)
    return {(memo_id, int(version)) for memo_id, _at, version in parts}


def _issued(context: Context, row: Row[Any]) -> Issued:
    model = MemoModel.model_validate_json(context.blobs.get(row.model))
    return Issued(row.memo_id, row.version, row.number, row.dated, model)
