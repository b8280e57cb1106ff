"""What a unit's memo in a round answers: on which day, for whom, with which scored units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from thammuu.intake import register
from thammuu.memos import round as rounds
from thammuu.memos.published import board_of, published_view

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from sqlalchemy import Connection

    from thammuu.bus.context import Context
    from thammuu.memos.view import PublicationView
    from thammuu.rulepack.pack import RulePack
    from thammuu.rulepack.units import Unit, UnitRegistry


@dataclass(frozen=True)
class Answer:
    """What one memo answers.

    Args:
        body: Who answers for the scores on that day.
        as_of: The day of the last publication, or the day the memo is issued.
        parts: The scored units with their views: the body itself, or the units that have merged into it.
        members: The units that the body answers for on that day, itself first, scored or not.
        at: As of this sequence number of the register of publications.
    """

    body: Unit
    as_of: date
    parts: tuple[tuple[Unit, tuple[PublicationView, ...]], ...]
    round: str
    at: int
    pack: RulePack
    members: tuple[Unit, ...]

    @property
    def memo_id(self) -> str:
        """The memo's id: there is one a unit and round."""
        return memo_id_of(self.body.id, self.round)

    @property
    def views(self) -> tuple[PublicationView, ...]:
        """The views of all parts."""
        return tuple(view for _unit, views in self.parts for view in views)


def memo_id_of(unit_id: str, round_name: str) -> str:
    """Return the id of a unit's memo in a round: there is one."""
    return f"{unit_id}-{round_name}"


def answer_of(  # noqa: PLR0913, PLR0917  what a memo depends on
    context: Context,
    connection: Connection,
    unit_id: str,
    round_name: str,
    at: int,
    pack_hash: str,
    dated: date | None = None,
) -> Answer | None:
    """Return what the memo answers that tells of a unit; None where no publication of the round has it.

    Args:
        context: The program's parts.
        connection: A snapshot.
        unit_id: A scored unit, or the body itself.
        round_name: The round.
        at: As of this sequence number of the register of publications.
        pack_hash: The rule pack whose actions and offices the memo uses.
        dated: The memo's day; the day of the last publication by default.
    """
    pack = context.packs.get(pack_hash)
    rows = rounds.answered(register.as_of(context, connection, at), round_name, at)
    unit = pack.units.get(unit_id)
    family = {one.id: one for one in _family(pack.units, unit)}
    told = [(row, found) for row in rows if (found := family.keys() & board_of(context, connection, row).units)]
    if not told:
        return None
    mine = [row.published_on for row, found in told if unit_id in found]
    as_of = dated or max(mine or [row.published_on for row, _found in told])
    members = _members(pack.units, unit, family.values(), as_of)
    while (
        not dated
        and (later := max((r.published_on for r, found in told if found & members.keys()), default=as_of)) > as_of
    ):
        as_of = later
        members = _members(pack.units, unit, family.values(), as_of)
    parts = tuple(
        (one, tuple(published_view(context, connection, row, one.id) for row, found in told if one.id in found))
        for one in members.values()
    )
    parts = tuple((one, views) for one, views in parts if views)
    body = _body(pack.units, unit, as_of)
    return Answer(body, as_of, parts, round_name, at, pack, tuple(members.values())) if parts else None


def _body(units: UnitRegistry, unit: Unit, on: date) -> Unit:
    return units.heir(unit, on) or unit


def _members(units: UnitRegistry, unit: Unit, family: Iterable[Unit], on: date) -> dict[str, Unit]:
    """Return the units of a family that the same body answers for on a day, the body first."""
    body = _body(units, unit, on)
    found = [one for one in family if _body(units, one, on).id == body.id]
    return {one.id: one for one in sorted(found, key=lambda one: (one.id != body.id, one.code, one.id))}


def successors(units: UnitRegistry, unit: Unit) -> list[Unit]:
    """Return a unit and those it has merged into, one after the other."""
    line = [unit]
    while line[-1].successor:
        line.append(units.get(line[-1].successor))
    return line


def _family(units: UnitRegistry, unit: Unit) -> Iterator[Unit]:
    """Return every unit that ends up in the same one."""
    waiting = [successors(units, unit)[-1]]
    while waiting:
        here = waiting.pop()
        yield here
        waiting += [units.get(part) for part in here.predecessors]
