"""A memo that goes out, as routes see it, and who is told of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from thammuu.clock import today
from thammuu.delivery import booking
from thammuu.delivery.planning import Carried, plan, same_again
from thammuu.delivery.recipients import recipients_of
from thammuu.delivery.routes import Occasion, Routes
from thammuu.delivery.vocabulary import SEVERITIES
from thammuu.ledger.schema import issued_memos, publications

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Row

    from thammuu.bus.context import Context
    from thammuu.delivery.planning import Plan
    from thammuu.delivery.vocabulary import Severity


@dataclass(frozen=True, slots=True)
class Ready:
    """A memo that goes out, with what follows from it."""

    unit_id: str
    carried: Carried
    severity: Severity
    plan: Plan


def ready_of(context: Context, connection: Connection, row: Row[Any]) -> Ready:
    """Return who is told of an issued memo; a correction goes to exactly those whom it replaces something for.

    Args:
        context: The program's parts.
        connection: A snapshot.
        row: The memo's row of ``issued_memos``.
    """
    occasion = occasion_of(context, connection, row)
    people = recipients_of(connection, row.unit_id, today(context.clock))
    works = context.packs.active.actions.calendar.works
    before = _replaced(connection, row)
    told = [] if before is None else booking.told_of(connection, before, sent_only=False)
    if told:
        made = same_again(told, people, context.clock(), works)
    else:
        made = plan(routes_of(context).targets(occasion), people, context.clock(), works)
    return Ready(row.unit_id, Carried(row.memo_id, row.version), occasion.severity, made)


def routes_of(context: Context) -> Routes:
    """Return the tree of routes as it is saved now.

    Raises:
        BadInputError: With all problems of the file.
    """
    pack = context.packs.active
    path = pack.folder / "delivery" / "routes.yaml"
    saved = path.stat().st_mtime_ns if path.exists() else 0
    routes: Routes = context.cache.get_or_make(("routes", saved), lambda: Routes.load(pack))
    return routes


def occasion_of(context: Context, connection: Connection, row: Row[Any]) -> Occasion:
    """Return what routes ask of an issued memo."""
    model = json.loads(context.blobs.get(row.model))
    names = model["provenance"]["publications"]
    query = select(publications.c.index_id).where(publications.c.publication_id.in_(names)).distinct()
    return Occasion(
        indices=frozenset(connection.execute(query).scalars()),
        unit_id=row.unit_id,
        level=context.packs.active.units.get(row.unit_id).level,
        severity=worst(one["severity"] for one in model["findings"]),
        issuer=row.issuer,
        correction=_replaced(connection, row) is not None,
    )


def worst(severities: Iterable[str]) -> Severity:
    """Return the gravest of some severities; of none that of an all-clear."""
    found = set(severities)
    return next((one for one in SEVERITIES if one in found), SEVERITIES[-1])


def _replaced(connection: Connection, row: Row[Any]) -> Carried | None:
    mine = (issued_memos.c.memo_id == row.memo_id) & (issued_memos.c.version < row.version)
    query = select(issued_memos.c.version).where(mine).order_by(issued_memos.c.version.desc()).limit(1)
    version = connection.execute(query).scalar()
    return None if version is None else Carried(row.memo_id, version)
