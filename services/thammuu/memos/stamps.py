"""What a listing says of memos beyond their rows: approved or returned, changed by a person, signed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, select

from thammuu.ledger.schema import approvals, memos, signed_copies, wordings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection


def tell_state(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Add to rows of memos what was decided on them, by whom, and which copy was signed.

    Args:
        connection: A snapshot.
        rows: Rows of ``memos``; ``status`` of a draft becomes ``approved`` or ``returned`` where that holds.
    """
    rows = list(rows)
    only = [row["memo_id"] for row in rows] if len(rows) == 1 else None
    decided, signed = _verdicts(connection, only), _signed(connection, only)
    changed = _wordings(connection, only)
    for row in rows:
        version = (row["memo_id"], row["version"])
        verdict = decided.get(version) if row["status"] == "draft" else None
        row["status"] = verdict.state if verdict else row["status"]
        row["decided_by"] = verdict.person if verdict else None
        row["comment"] = verdict.comment if verdict else ""
        row["edits"], row["edits_dropped"] = changed[*version, False], changed[*version, True]
        row["signed"] = signed.get(version) if row["status"] == "issued" else None


def _verdicts(connection: Connection, only: list[str] | None) -> dict[tuple[str, int], Any]:
    c = approvals.c
    fits = and_(memos.c.memo_id == c.memo_id, memos.c.version == c.version, memos.c.model == c.model)
    query = select(approvals).join(memos, fits)
    query = query if only is None else query.where(c.memo_id.in_(only))
    return {(row.memo_id, row.version): row for row in connection.execute(query)}


def _signed(connection: Connection, only: list[str] | None) -> dict[tuple[str, int], str]:
    c = signed_copies.c
    query = select(c.memo_id, c.version, c.pdf)
    query = query if only is None else query.where(c.memo_id.in_(only))
    return {(row.memo_id, row.version): row.pdf for row in connection.execute(query)}


def _wordings(connection: Connection, only: list[str] | None) -> Counter[tuple[str, int, bool]]:
    c = wordings.c
    query = select(c.memo_id, c.version, c.dropped)
    query = query if only is None else query.where(c.memo_id.in_(only))
    return Counter((row.memo_id, row.version, row.dropped) for row in connection.execute(query))
