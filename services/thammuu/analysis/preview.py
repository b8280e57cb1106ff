"""What an analysis would find, without storing it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from thammuu.analysis.loading import EarlierPeriods, earlier_rows, index_period_of
from thammuu.intake import register
from thammuu.ledger.schema import findings
from thammuu.period import Period

if TYPE_CHECKING:
    from datetime import date

    from thammuu.bus.context import Context
    from thammuu.intake.register import Registered
    from thammuu.rulepack.frameworks import Framework


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Counts of an analysis not stored.

    Args:
        bodies: How many units would be written to.
        newest: Whether no later period stands.
    """

    findings: int
    bodies: int
    newest: bool


def preview(
    context: Context, publication_id: str, payload: dict[str, Any], framework: Framework, published_on: date
) -> Foreseen:
    """Analyse a payload that is not published.

    Args:
        context: The program's parts.
        publication_id: The id it would get.
        payload: The submission's payload.
        framework: Its edition.
        published_on: The day on which silences of rules are judged.
    """
    from thammuu.analysis.assessment import assess
    from thammuu.analysis.inputs import index_period

    pack = context.packs.active
    with context.database.snapshot() as connection:
        latest = register.latest_by_period(connection, framework.index)
    period = Period(payload["period"])
    before = [row for row in latest if row.order < period]
    current = index_period(publication_id, payload, framework, pack.units)
    found = assess(pack.rules, current, EarlierPeriods(context, before, pack), as_of=published_on).findings
    newest = not any(row.order > period for row in latest)
    bodies = pack.units.answering_for(current.units["unit_id"].to_list(), published_on)
    return Foreseen(len(found), len(bodies), newest)


def changed_findings(context: Context, row: Registered) -> tuple[int, int]:
    """Return how many findings a publication would gain and lose if it were analysed again now."""
    from thammuu.analysis.assessment import assess

    pack = context.packs.get(row.pack)
    with context.database.snapshot() as connection:
        before = earlier_rows(connection, row, None)
        query = select(findings.c.body).where(findings.c.publication_id == row.publication_id)
        stored = {_identity(json.loads(body)) for (body,) in connection.execute(query)}
    current = index_period_of(context, row, pack)
    assessed = assess(pack.rules, current, EarlierPeriods(context, before, pack), as_of=row.published_on)
    now = {_identity(finding.as_dict()) for finding in assessed.findings}
    return len(now - stored), len(stored - now)


def _identity(finding: dict[str, Any]) -> tuple[str, str, str]:
    return finding["id"], finding["rule"], finding["severity"]
