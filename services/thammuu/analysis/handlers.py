"""The analysis stage: scores.published → findings.raised, scores.withdrawn → findings.retracted, an event per unit."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
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
from thammuu.intake import register
from thammuu.ledger.schema import analyses, findings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from thammuu.analysis.findings import Finding
    from thammuu.bus.context import Context, UnitOfWork


@dataclass(frozen=True)
class Analysed:
    """What the analysis of a publication came to.

    Args:
        facts_blob: Name of the facts' blob.
        findings: Unit → its findings.
        silenced: Unit → firings of rules that a person silenced.
        payload_blobs: Unit → name of its findings' blob, where they exceed an event.
    """

    facts_blob: str
    findings: dict[str, list[Finding]]
    silenced: dict[str, list[dict[str, Any]]]
    payload_blobs: dict[str, str]


def analyse(event: Event, context: Context) -> Analysed:
    """Compute facts and findings with the rule pack that the event pins."""
    from thammuu.analysis.assessment import assess

    data = event.data
    assert isinstance(data, ScoresPublished)
    pack = context.packs.get(data.pack)
    with context.database.snapshot() as connection:
        row = register.get(connection, data.publication_id)
        before = earlier_rows(connection, row, row.sequence)
    current = index_period_of(context, row, pack)
    earlier = EarlierPeriods(context, before, pack)
    assessment = assess(pack.rules, current, earlier, as_of=row.published_on)
    buffer = io.BytesIO()
    assessment.facts.write_parquet(buffer)
    by_unit: dict[str, list[Finding]] = {unit: [] for unit in current.units["unit_id"].to_list()}
    for finding in assessment.findings:
        by_unit[finding.unit_id].append(finding)
    silenced: dict[str, list[dict[str, Any]]] = {}
    for firing in assessment.silenced:
        silenced.setdefault(firing["unit_id"], []).append(firing)
    return Analysed(context.blobs.put(buffer.getvalue()), by_unit, silenced, _oversized(context, by_unit))


def raise_findings(event: Event, work: UnitOfWork) -> list[NewEvent]:
    """Store the findings and raise them, unit by unit; a unit without findings gets its all-clear."""
    data, analysed = event.data, work.prepared
    assert isinstance(data, ScoresPublished)
    assert isinstance(analysed, Analysed)
    found = [finding for of_unit in analysed.findings.values() for finding in of_unit]
    work.connection.execute(
        insert(analyses).values(
            publication_id=data.publication_id,
            facts=analysed.facts_blob,
            findings=len(found),
            units=json.dumps(list(analysed.findings)),
            silenced=json.dumps(analysed.silenced, ensure_ascii=False),
        )
    )
    if found:
        work.connection.execute(insert(findings), [_row(finding) for finding in found])
    raised = [_raised(data, unit, of_unit, analysed) for unit, of_unit in analysed.findings.items()]
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
        if unit not in analysed.findings
    ]


def _units_of(connection: Connection, publication_id: str) -> list[str]:
    listed = connection.execute(select(analyses.c.units).where(analyses.c.publication_id == publication_id)).scalar()
    units: list[str] = json.loads(listed) if listed else []
    return units


def _raised(data: ScoresPublished, unit: str, of_unit: list[Finding], analysed: Analysed) -> NewEvent:
    blob = analysed.payload_blobs.get(unit)
    listed = () if blob else tuple(finding.as_dict() for finding in of_unit)
    raised = FindingsRaised(
        publication_id=data.publication_id,
        unit_id=unit,
        pack=data.pack,
        findings=listed,
        silenced=tuple(analysed.silenced.get(unit, ())),
        findings_blob=blob,
    )
    return NewEvent(subject=unit, data=raised)


def _oversized(context: Context, by_unit: dict[str, list[Finding]]) -> dict[str, str]:
    """Store findings that are too large for an event as blobs; return their names by unit."""
    blobs = {}
    limit = MAX_DATA_BYTES * 9 // 10
    for unit, of_unit in by_unit.items():
        listed = [finding.as_dict() for finding in of_unit]
        # plain JSON is quick and never shorter: only where it is too long the canonical form is worth its time
        if len(json.dumps(listed, ensure_ascii=False).encode()) > limit:
            body = canonical_json(listed)
            if len(body) > limit:
                blobs[unit] = context.blobs.put(body)
    return blobs


def _row(finding: Finding) -> dict[str, Any]:
    return {
        "finding_id": finding.id,
        "publication_id": finding.publication_id,
        "unit_id": finding.unit_id,
        "severity": finding.severity,
        "body": json.dumps(finding.as_dict(), ensure_ascii=False),
    }
