"""What an analysis would find, without storing it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from thammuu.analysis.loading import earlier_rows, index_period_of
from thammuu.intake import register
from thammuu.ledger.schema import findings

if TYPE_CHECKING:
    from thammuu.bus.context import Context
    from thammuu.intake.register import Registered
    from thammuu.period import Period
    from thammuu.rulepack.frameworks import Framework


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Counts of an analysis not stored; ``newest`` tells whether no later period stands."""

    findings: int
    units: int
    newest: bool


def preview(
    context: Context, publication_id: str, payload: dict[str, Any], framework: Framework, *, period: Period
) -> Foreseen:
    """Analyse a payload that is not published."""
    from thammuu.analysis.assessment import assess
    from thammuu.analysis.inputs import index_period

    pack = context.packs.active
    with context.database.snapshot() as connection:
        latest = register.latest_by_period(connection, framework.index)
    before = [row for row in latest if (row.period_end, row.period) < (period.end, period.text)]
    current = index_period(publication_id, payload, framework, pack.units)
    found = assess(pack.rules, current, [index_period_of(context, row, pack) for row in before]).findings
    newest = not any(row.period_end > period.end for row in latest)
    return Foreseen(len(found), current.units.height, newest)


def changed_findings(context: Context, row: Registered) -> tuple[int, int]:
    """Return how many findings a publication would gain and lose if it were analysed again now."""
    from thammuu.analysis.assessment import assess

    pack = context.packs.active
    with context.database.snapshot() as connection:
        before = earlier_rows(connection, row, None)
        query = select(findings.c.body).where(findings.c.publication_id == row.publication_id)
        stored = {_identity(json.loads(body)) for (body,) in connection.execute(query)}
    current = index_period_of(context, row, pack)
    assessed = assess(pack.rules, current, [index_period_of(context, found, pack) for found in before])
    now = {_identity(finding.as_dict()) for finding in assessed.findings}
    return len(now - stored), len(stored - now)


def _identity(finding: dict[str, Any]) -> tuple[str, str, str]:
    return finding["id"], finding["rule"], finding["severity"]
