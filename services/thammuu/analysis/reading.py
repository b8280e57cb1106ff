"""Facts and findings for listings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from thammuu.analysis.loading import EarlierPeriods, earlier_rows, index_period_of
from thammuu.errors import BadInputError
from thammuu.i18n import _
from thammuu.intake import register
from thammuu.ledger.schema import findings

if TYPE_CHECKING:
    import polars as pl

    from thammuu.bus.context import Context
    from thammuu.intake.register import Registered

SEVERITIES = ("critical", "major", "minor", "information")


def facts_now(context: Context, index: str, period: str, peers: str, unit: str | None) -> pl.DataFrame:
    """Return every fact of a period's latest revision, against the latest revisions before it.

    Args:
        context: The program's parts.
        index: The index.
        period: The period as published.
        peers: Name of a peer group.
        unit: Only this unit, by name or code; None for all.

    Raises:
        BadInputError: If nothing stands for the period, or the peer group or unit is unknown.
    """
    import polars as pl

    from thammuu.analysis.facts import compute_facts

    row, before = _standing(context, index, period)
    pack = context.packs.active
    group = pack.rules.peer_group(peers)
    current = index_period_of(context, row, pack)
    frame = compute_facts(current, EarlierPeriods(context, before, pack), group)
    if unit is None:
        return frame
    return frame.filter(pl.col("unit_id") == pack.units.resolve(unit, on=row.period_end).id)


def findings_of(
    context: Context, index: str, period: str, unit: str | None = None, severity: str | None = None
) -> list[dict[str, Any]]:
    """Return the findings of a period's latest revision, by unit code, strongest first."""
    if severity is not None and severity not in SEVERITIES:
        raise BadInputError(
            _("{value} is no severity; use one of {known}.").format(value=severity, known=", ".join(SEVERITIES))
        )
    row, _before = _standing(context, index, period)
    units = context.packs.active.units
    only = units.resolve(unit, on=row.period_end).id if unit else None
    query = select(findings.c.unit_id, findings.c.severity, findings.c.body).where(
        findings.c.publication_id == row.publication_id
    )
    with context.database.snapshot() as connection:
        found = [
            json.loads(body)
            for unit_id, level, body in connection.execute(query)
            if only in (None, unit_id) and severity in (None, level)
        ]
    rows = [_listed(finding, units.get(finding["unit_id"]), row) for finding in found]
    return sorted(rows, key=lambda line: (line["unit_code"], SEVERITIES.index(line["severity"]), line["code"]))


def _listed(finding: dict[str, Any], unit: Any, row: Registered) -> dict[str, Any]:  # noqa: ANN401
    head = {"unit_code": unit.code, "unit_name": unit.name_on(row.period_end)}
    return head | finding | {"finding_id": finding["id"]}


def _standing(context: Context, index: str, period: str) -> tuple[Registered, list[Registered]]:
    with context.database.snapshot() as connection:
        latest = register.latest_by_period(connection, index)
        same = [row for row in latest if row.period == period]
        if same:
            return same[0], earlier_rows(connection, same[0], None)
    known = ", ".join(row.period for row in latest) or _("none")
    raise BadInputError(
        _("Nothing is published for {index} {period}. Published periods: {known}.").format(
            index=index, period=period, known=known
        )
    )
