"""A draft: one unit, one round, built from the publications that the round answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from thammuu.intake import register
from thammuu.memos import round as rounds
from thammuu.memos.published import board_of, published_view

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Connection

    from thammuu.bus.context import Context


@dataclass(frozen=True, slots=True)
class Draft:
    """A memo's model, stored, with what the register of memos keeps of it."""

    memo_id: str
    unit_id: str
    unit_code: str
    round: str
    dated: date
    model_blob: str
    publications: tuple[str, ...]
    findings: int
    tasks: int


def memo_id_of(unit_id: str, round_name: str) -> str:
    """Return the id of a unit's memo in a round: there is one."""
    return f"{unit_id}-{round_name}"


def draft_of(  # noqa: PLR0913, PLR0917  what a draft depends on
    context: Context, connection: Connection, unit_id: str, round_name: str, at: int, pack_hash: str
) -> Draft | None:
    """Build and store a unit's memo model; None where no publication of the round has the unit.

    Args:
        context: The program's parts.
        connection: A snapshot.
        unit_id: The unit.
        round_name: The round.
        at: As of this sequence number of the register of publications.
        pack_hash: The rule pack whose actions and offices the memo uses.
    """
    from thammuu.memos.builder import build_memo

    pack = context.packs.get(pack_hash)
    rows = register.as_of(context, connection, at)
    answered = [
        row for row in rounds.answered(rows, round_name, at) if unit_id in board_of(context, connection, row).spans
    ]
    if not answered:
        return None
    as_of = max(row.published_on for row in answered)
    views = [published_view(context, connection, row, unit_id, as_of) for row in answered]
    unit = pack.units.get(unit_id)
    memo_id = memo_id_of(unit_id, round_name)
    model = build_memo(
        unit=unit,
        round_name=round_name,
        as_of=as_of,
        views=views,
        catalogue=pack.actions,
        agencies=pack.agencies,
        issuer=pack.issuer(context.settings.issuer),
        memo_id=memo_id,
        successor=pack.units.heir(unit, as_of) if not unit.exists_on(as_of) else None,
        templates_hash=context.renderer.templates_hash,
    )
    return Draft(
        memo_id=memo_id,
        unit_id=unit_id,
        unit_code=unit.code,
        round=round_name,
        dated=as_of,
        model_blob=context.blobs.put(context.renderer.json(model)),
        publications=tuple(view.publication_id for view in views),
        findings=sum(len(view.findings) for view in views),
        tasks=len(model.tasks.tasks) if model.tasks else 0,
    )
