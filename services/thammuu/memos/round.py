"""Which publications a round's memos answer together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.intake import register

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from thammuu.intake.register import Registered


def answered(connection: Connection, round_name: str, at: int) -> list[Registered]:
    """Return the newest standing publication of each index in a round, by index.

    Args:
        connection: Any connection.
        round_name: The round.
        at: As of this sequence number of the register.
    """
    newest: dict[str, Registered] = {}
    for row in register.all_publications(connection):
        if row.round != round_name or row.history or not row.stands_at(at):
            continue
        known = newest.get(row.index_id)
        if known is None or (row.period_end, row.revision) >= (known.period_end, known.revision):
            newest[row.index_id] = row
    return [newest[index] for index in sorted(newest)]


def drafts_memos(connection: Connection, row: Registered, at: int) -> bool:
    """Tell whether a publication drafts memos: the newest period of its index does, history never."""
    latest = register.latest_by_period(connection, row.index_id, at)
    return not row.history and bool(latest) and latest[0].publication_id == row.publication_id
