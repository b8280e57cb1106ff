"""The analysis stage: scores.published → findings.raised, scores.withdrawn → findings.retracted, an event per unit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from thammuu.analysis.loading import EarlierPeriods, earlier_rows, index_period_of
from thammuu.canonical import canonical_json
from thammuu.events import (
    MAX_DATA_BYTES,
    Event,
    FindingsRaised,
    FindingsRetracted,
    NewEvent,
    ScoresPublished,
    ScoresWithdrawn,
)
from thammuu.failpoints import reach
from thammuu.intake import register
from thammuu.ledger.schema import analyses, findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from thammuu.analysis.findings import Finding
    from thammuu.bus.context import Context, UnitOfWork

ROWS_AT_ONCE = 1_000


@dataclass(frozen=True)
class Analysed:
    """What the analysis of a publication came to.

    Args:
        facts_blob: Name of the facts' blob.
        raised: Unit → what is raised for it; each finding is held once, as it goes into the event.
        oversized: Unit → its findings, where they exceed an event and were stored as a blob.
    """

    facts_blob: str
    raised: dict[str, FindingsRaised]
    oversized: dict[str, list[dict[str, Any]]]

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the findings as rows of their table."""
        for unit, raised in self.raised.items():
            for finding in self.oversized.get(unit, raised.findings):
                yield {
                    "finding_id": finding["id"],
                    "publication_id": finding["publication_id"],
                    "unit_id": unit,
                    "severity": finding["severity"],
                    "body": json.dumps(finding, ensure_ascii=False),
                }


def analyse(event: Event, context: Context) -> Analysed:
    """Compute facts and findings with the rule pack that the event pins."""
    from thammuu.analysis.assessment import facts_parquet, findings_in_parts
    from thammuu.analysis.facts import FactTable
    from thammuu.analysis.firing import Firing

    data = event.data
    assert isinstance(data, ScoresPublished)
    pack = context.packs.get(data.pack)
    with context.database.snapshot() as connection:
        row = register.get(connection, data.publication_id)
        before = earlier_rows(connection, row, row.sequence)
    current = index_period_of(context, row, pack)
    firing = Firing(pack.rules, FactTable(current, EarlierPeriods(context, before, pack)))
    facts_blob = context.blobs.put(facts_parquet(firing))
    reach("analysis.facts-stored")
    clear = FindingsRaised(publication_id=data.publication_id, unit_id="", pack=data.pack)
    units = current.units["unit_id"].to_list()
    analysed = Analysed(facts_blob, {unit: clear.model_copy(update={"unit_id": unit}) for unit in units}, {})
    for findings_of_part, silenced in findings_in_parts(firing, row.published_on):
        _take(analysed, context, findings_of_part, silenced)
    return analysed


def _take(analysed: Analysed, context: Context, found: list[Finding], silenced: list[dict[str, Any]]) -> None:
    """Take the findings of some units; those too large for an event are stored as a blob."""
    listed: dict[str, list[dict[str, Any]]] = {}
    quiet: dict[str, list[dict[str, Any]]] = {}
    for finding in found:
        listed.setdefault(finding.unit_id, []).append(finding.as_dict())
    for firing in silenced:
        quiet.setdefault(firing["unit_id"], []).append(firing)
    for unit in listed | quiet:
        of_unit = listed.get(unit, [])
        blob = _blob_of(context, of_unit)
        if blob:
            analysed.oversized[unit] = of_unit
        what = {"findings": () if blob else tuple(of_unit), "silenced": tuple(quiet.get(unit, ()))}
        analysed.raised[unit] = analysed.raised[unit].model_copy(update=what | {"findings_blob": blob})


def raise_findings(event: Event, work: UnitOfWork) -> list[NewEvent]:
    """Store the findings and raise them, unit by unit; a unit without findings gets its all-clear."""
    data, analysed = event.data, work.prepared
    assert isinstance(data, ScoresPublished)
    assert isinstance(analysed, Analysed)
    rows, found = analysed.rows(), 0
    while part := list(islice(rows, ROWS_AT_ONCE)):
        work.connection.execute(insert(findings), part)
        found += len(part)
    reach("analysis.findings-written")
    silenced = {unit: raised.silenced for unit, raised in analysed.raised.items() if raised.silenced}
    work.connection.execute(
        insert(analyses).values(
            publication_id=data.publication_id,
            facts=analysed.facts_blob,
            findings=found,
            units=json.dumps(list(analysed.raised)),
            silenced=json.dumps(silenced, ensure_ascii=False),
        )
    )
    raised = [NewEvent(subject=unit, data=of_unit) for unit, of_unit in analysed.raised.items()]
    return raised + _left_out(data, analysed, work.connection)


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


def _left_out(data: ScoresPublished, analysed: Analysed, connection: Connection) -> list[NewEvent]:
    """Retract what the revision before said of units that this one lacks.

    It is read in the transaction: the revision before may be analysed in the same batch.
    """
    row = register.get(connection, data.publication_id)
    same = [
        one
        for one in register.all_publications(connection, row.index_id)
        if one.period == row.period and one.sequence < row.sequence and one.stands_at(row.sequence)
    ]
    return [
        _retracted(old.publication_id, unit, data.pack, row.sequence)
        for old in same[-1:]
        for unit in _units_of(connection, old.publication_id)
        if unit not in analysed.raised
    ]


def _units_of(connection: Connection, publication_id: str) -> list[str]:
    listed = connection.execute(select(analyses.c.units).where(analyses.c.publication_id == publication_id)).scalar()
    units: list[str] = json.loads(listed) if listed else []
    return units


def _blob_of(context: Context, listed: list[dict[str, Any]]) -> str | None:
    """Store findings that are too large for an event and return their name."""
    limit = MAX_DATA_BYTES * 9 // 10
    # plain JSON is quick and never shorter: only where it is too long the canonical form is worth its time
    if len(json.dumps(listed, ensure_ascii=False).encode()) <= limit:
        return None
    body = canonical_json(listed)
    return context.blobs.put(body) if len(body) > limit else None
