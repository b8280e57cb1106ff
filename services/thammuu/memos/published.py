"""A publication as one unit sees it, read from the stored facts and findings."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json
from sqlalchemy import select

from thammuu.analysis.findings import Finding
from thammuu.analysis.loading import earlier_of
from thammuu.intake import register
from thammuu.ledger.schema import analyses, findings
from thammuu.memos.facts_board import FactsBoard
from thammuu.memos.view import HistoryPoint, PartResult, PublicationView

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl
    from sqlalchemy import Connection

    from thammuu.bus.context import Context
    from thammuu.intake.register import Registered
    from thammuu.rulepack.frameworks import Framework

_PERIODS = 12
"""Periods that a memo's chart of ranks goes back."""
_UNITS_AT_ONCE = 200


def board_of(context: Context, connection: Connection, row: Registered) -> FactsBoard:
    """Return a publication's facts; kept in memory, since every unit's memo needs them."""
    key = ("facts-board", row.publication_id, row.content)
    board: FactsBoard = context.cache.get_or_make(key, lambda: _load(context, connection, row))
    return board


def standings_of(context: Context, connection: Connection, row: Registered) -> dict[str, dict[str, Any]]:
    """Return each unit's total row in a publication; empty before it was analysed."""

    def load() -> dict[str, dict[str, Any]]:
        import polars as pl

        blob = connection.execute(select(analyses.c.facts).where(analyses.c.publication_id == row.publication_id))
        name = blob.scalar()
        if name is None:
            return {}
        root = context.packs.get(row.pack).frameworks.get(row.framework_id).root.code
        columns = ["unit_id", "code", "total", "total_rank", "total_n", "published_rank"]
        facts = pl.scan_parquet(io.BytesIO(context.blobs.get(name))).filter(pl.col("code") == root)
        return {one["unit_id"]: one for one in facts.select(columns).collect(engine="streaming").to_dicts()}

    found: dict[str, dict[str, Any]] = context.cache.get_or_make(("standings", row.publication_id), load)
    return found


def published_view(context: Context, connection: Connection, row: Registered, unit_id: str) -> PublicationView:
    """Return what a unit's memo needs of a publication that has the unit.

    Args:
        context: The program's parts.
        connection: A snapshot.
        row: The publication.
        unit_id: The unit.
    """
    board = board_of(context, connection, row)
    pack = context.packs.get(row.pack)
    framework = pack.frameworks.get(row.framework_id)
    return PublicationView(
        framework=framework,
        unit_id=unit_id,
        publication_id=row.publication_id,
        period=row.period,
        revision=row.revision,
        complete=row.complete,
        published_on=row.published_on,
        facts=board.rows(unit_id),
        findings=_findings(connection, row.publication_id, unit_id, framework),
        history=_history(context, connection, row, unit_id),
        **board.peers(pack.units, unit_id),
        totals=board.totals,
        unscored=board.unscored,
        parts=_merged(context, connection, row, unit_id),
        silenced=board.silenced.get(unit_id, 0),
        aggregates=board.aggregates,
    )


def _load(context: Context, connection: Connection, row: Registered) -> FactsBoard:
    analysis = connection.execute(select(analyses).where(analyses.c.publication_id == row.publication_id)).one()
    framework = context.packs.get(row.pack).frameworks.get(row.framework_id)
    return FactsBoard.of(
        _parts(context.blobs.get(analysis.facts), len(framework.nodes)),
        framework.root.code,
        full=framework.root.max,
        complete=row.complete,
        # names of units and codes occur again and again: each is held once
        aggregates=_aggregates(from_json(context.blobs.get(row.content), cache_strings="all")),
        silenced={unit: len(firings) for unit, firings in json.loads(analysis.silenced).items()},
    )


def _parts(facts: bytes, width: int) -> Iterator[pl.DataFrame]:
    """Yield stored facts, some units at a time: every unit has a row a node."""
    import polars as pl

    scan, rows = pl.scan_parquet(io.BytesIO(facts)), _UNITS_AT_ONCE * width
    height = scan.select(pl.len()).collect().item()
    return (scan.slice(start, rows).collect() for start in range(0, height, rows))


def _aggregates(payload: dict[str, Any]) -> dict[str, dict[str, float]]:
    columns = payload["aggregates"]
    found: dict[str, dict[str, float]] = {}
    for label, code, score in zip(columns["label"], columns["code"], columns["score"], strict=True):
        found.setdefault(label, {})[code] = float(score)
    return found


def _findings(connection: Connection, publication_id: str, unit_id: str, framework: Framework) -> list[Finding]:
    query = select(findings.c.body).where(findings.c.publication_id == publication_id, findings.c.unit_id == unit_id)
    found = [Finding.from_dict(json.loads(body)) for (body,) in connection.execute(query)]
    # a database returns rows in any order; the memo must not depend on it
    places = {node.code: place for place, node in enumerate(framework.nodes)}
    return sorted(found, key=lambda one: places[one.code])


def _history(context: Context, connection: Connection, row: Registered, unit_id: str) -> list[HistoryPoint]:
    known = register.as_of(context, connection, row.sequence)
    rows = [row, *earlier_of(known, row, row.sequence)][:_PERIODS]
    points = [_point(context, connection, one, unit_id) for one in reversed(rows)]
    return [point for point in points if point is not None]


def _point(context: Context, connection: Connection, row: Registered, unit_id: str) -> HistoryPoint | None:
    total = standings_of(context, connection, row).get(unit_id)
    if total is None:
        return None
    rank, n = (
        (total["total_rank"], total["total_n"]) if row.complete else (total["published_rank"], _ranked(context, row))
    )
    return HistoryPoint(
        row.period, total["total"], rank, n, published=not row.complete, publication_id=row.publication_id
    )


def _ranked(context: Context, row: Registered) -> int | None:
    """Return how many units an official ranking covers: every unit of the level on the period's last day."""
    pack = context.packs.get(row.pack)
    framework = pack.frameworks.get(row.framework_id)
    return len(pack.units.at(row.period_end, framework.unit_level)) if framework.officially_ranked else None


def _merged(context: Context, connection: Connection, row: Registered, unit_id: str) -> tuple[PartResult, ...]:
    """Return the results of the units that merged into this one, from the period before, where it was not there yet."""
    units = context.packs.get(row.pack).units
    before = earlier_of(register.as_of(context, connection, row.sequence), row, row.sequence)[:1]
    found = []
    for part in sorted((units.get(one) for one in units.get(unit_id).predecessors), key=lambda one: one.code):
        for previous in before:
            point = _point(context, connection, previous, part.id)
            if point is not None:
                found.append(PartResult(part, point.period, point.total, point.rank, point.n, point.publication_id))
    return tuple(found)
