"""Which publications a round's memos answer together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.intake import register

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thammuu.intake.register import Registered


def answered(rows: Sequence[Registered], round_name: str, at: int) -> list[Registered]:
    """Return the publications that a round's memos answer: of each index the newest period that drafted memos.

    Args:
        rows: The register of publications.
        round_name: The round.
        at: As of this sequence number of the register.
    """
    newest: dict[str, Registered] = {}
    for row in rows:
        if row.round != round_name or not row.stands_at(at) or not drafts_memos(rows, row):
            continue
        known = newest.get(row.index_id)
        if known is None or (row.order, row.revision) >= (known.order, known.revision):
            newest[row.index_id] = row
    return [newest[index] for index in sorted(newest)]


def drafts_memos(rows: Sequence[Registered], row: Registered) -> bool:
    """Tell whether a publication drafts memos: the newest period of its index when it came, and no history."""
    if row.history:
        return False
    latest = register.latest_of(rows, row.index_id, row.sequence)
    return bool(latest) and latest[0].publication_id == row.publication_id
