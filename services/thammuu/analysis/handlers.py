"""The analysis stage: scores.published → findings.raised, scores.withdrawn → findings.retracted, an event per unit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from thammuu.analysis.loading import EarlierPeriods, earlier_rows, index_period_of
from thammuu.analysis.told import Told
from thammuu.events import (
    Event,
    FindingsRetracted,
    NewEvent,
    ScoresPublished,
    ScoresWithdrawn,
)
from thammuu.failpoints import reach
from thammuu.intake import register
from thammuu.ledger.schema import analyses, findings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Connection

    from thammuu.analysis.findings import Finding
    from thammuu.analysis.sheets import Sheets
    from thammuu.bus.context import Context, UnitOfWork

ROWS_AT_ONCE = 200


@dataclass(frozen=True)
class Analysed:
    """What the analysis of a publication came to.

    Args:
        facts_blob: Name of the facts' blob.
        told: What is raised for each unit.
    """

    facts_blob: str
    told: Told

    def rows(self, publication_id: str) -> Iterator[dict[str, Any]]:
        """Yield the findings as rows of their table."""
        for unit_id, found in self.told.findings():
            for finding in found:
                yield {
                    "finding_id": finding["id"],
                    "publication_id": publication_id,
                    "unit_id": unit_id,
                    "severity": finding["severity"],
                    "body": json.dumps(finding, ensure_ascii=False),
                }


def analyse(event: Event, context: Context) -> Analysed:
    """Compute facts and findings with the rule pack that the event pins."""
    from thammuu.analysis.assessment import findings_on

    data = event.data
    assert isinstance(data, ScoresPublished)
    sheets, units = _sheets(data, context)
    facts_blob = _stored(sheets, context)
    reach("analysis.facts-stored")
    told = Told(units)
    for sheet in sheets:
        _tell(told, context, *findings_on(sheet))
    return Analysed(facts_blob, told)


def _sheets(data: ScoresPublished, context: Context) -> tuple[Sheets, list[str]]:
    """Return a publication's facts and firings, and its units in its own order."""
    from thammuu.analysis.facts import FactTable
    from thammuu.analysis.sheets import Sheets

    pack = context.packs.get(data.pack)
    with context.database.snapshot() as connection:
        row = register.get(connection, data.publication_id)
        before = earlier_rows(connection, row, row.sequence)
    current = index_period_of(context, row, pack)
    table = FactTable(current, EarlierPeriods(context, before, pack))
    return Sheets(pack.rules, table, row.published_on), current.units["unit_id"].to_list()


def _stored(sheets: Sheets, context: Context) -> str:
    """Store the facts and return their blob's name."""
    from thammuu.analysis.assessment import write_facts

    with TemporaryDirectory(prefix="thammuu-facts-") as folder:
        path = Path(folder) / "facts.parquet"
        write_facts(sheets, path)
        with path.open("rb") as file:
            return context.blobs.put(file)


def _tell(told: Told, context: Context, found: list[Finding], silenced: list[dict[str, Any]]) -> None:
    """Tell what was found on some units."""
    listed: dict[str, list[dict[str, Any]]] = {}
    quiet: dict[str, list[dict[str, Any]]] = {}
    for finding in found:
        listed.setdefault(finding.unit_id, []).append(finding.as_dict())
    for firing in silenced:
        quiet.setdefault(firing["unit_id"], []).append(firing)
    for unit in listed | quiet:
        told.add(unit, listed.get(unit, []), quiet.get(unit, []), context.blobs)


def raise_findings(event: Event, work: UnitOfWork) -> Iterator[NewEvent]:
    """Store the findings and raise them, unit by unit; a unit without findings gets its all-clear."""
    data, analysed = event.data, work.prepared
    assert isinstance(data, ScoresPublished)
    assert isinstance(analysed, Analysed)
    rows, found = analysed.rows(data.publication_id), 0
    while part := list(islice(rows, ROWS_AT_ONCE)):
        work.connection.execute(insert(findings), part)
        found += len(part)
    reach("analysis.findings-written")
    work.connection.execute(
        insert(analyses).values(
            publication_id=data.publication_id,
            facts=analysed.facts_blob,
            findings=found,
            units=json.dumps(analysed.told.units),
            silenced=json.dumps(analysed.told.silenced, ensure_ascii=False),
        )
    )
    for raised in analysed.told.events(data.publication_id, data.pack):
        yield NewEvent(subject=raised.unit_id, data=raised)
    yield from _left_out(data, analysed.told.units, work.connection)


def retract_findings(event: Event, work: UnitOfWork) -> list[NewEvent]:
    """Retract a withdrawn publication's findings, unit by unit; units of the revision that stands again follow."""
    data = event.data
    assert isinstance(data, ScoresWithdrawn)
    row = register.get(work.connection, data.publication_id)
    assert row.withdrawn_sequence is not None
    again = register.latest_by_period(work.connection, row.index_id, row.withdrawn_sequence)
    concerned = [data.publication_id, *(one.publication_id for one in again if one.period == row.period)]
    units = dict.fromkeys(unit for one in concerned for unit in _units_of(work.connection, one))
    return [_retracted(data.publication_id, unit, data.pack, row.withdrawn_sequence) for unit in units]


def _retracted(publication_id: str, unit: str, pack: str, at: int) -> NewEvent:
    return NewEvent(subject=unit, data=FindingsRetracted(publication_id=publication_id, unit_id=unit, pack=pack, at=at))


def _left_out(data: ScoresPublished, present: Collection[str], connection: Connection) -> Iterator[NewEvent]:
    """Retract what the revision before said of units that this one lacks.

    It is read in the transaction: the revision before may be analysed in the same batch.
    """
    row = register.get(connection, data.publication_id)
    same = [
        one
        for one in register.all_publications(connection, row.index_id)
        if one.period == row.period and one.sequence < row.sequence and one.stands_at(row.sequence)
    ]
    still = frozenset(present)
    for old in same[-1:]:
        for unit in _units_of(connection, old.publication_id):
            if unit not in still:
                yield _retracted(old.publication_id, unit, data.pack, row.sequence)


def _units_of(connection: Connection, publication_id: str) -> list[str]:
    listed = connection.execute(select(analyses.c.units).where(analyses.c.publication_id == publication_id)).scalar()
    units: list[str] = json.loads(listed) if listed else []
    return units
