"""The analysis stage: scores.published → findings.raised, one event per unit."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from thammuu.analysis.loading import earlier_rows, index_period_of
from thammuu.canonical import canonical_json
from thammuu.events import MAX_DATA_BYTES, Event, FindingsRaised, NewEvent, ScoresPublished
from thammuu.intake import register
from thammuu.ledger.schema import analyses, findings

if TYPE_CHECKING:
    from thammuu.analysis.findings import Finding
    from thammuu.bus.context import Context, UnitOfWork


@dataclass(frozen=True)
class Analysed:
    """What the analysis of a publication came to: the facts' blob and the findings of each unit."""

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
    earlier = [index_period_of(context, found, pack) for found in before]
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
            silenced=json.dumps(analysed.silenced, ensure_ascii=False),
        )
    )
    if found:
        work.connection.execute(insert(findings), [_row(finding) for finding in found])
    return [_raised(data, unit, of_unit, analysed) for unit, of_unit in analysed.findings.items()]


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
    for unit, of_unit in by_unit.items():
        body = canonical_json([finding.as_dict() for finding in of_unit])
        if len(body) > MAX_DATA_BYTES * 9 // 10:
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
