"""A memo that goes out, as routes see it, and who is told of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from sqlalchemy import bindparam, select

from thammuu.clock import today
from thammuu.delivery import holders
from thammuu.delivery.planning import Carried, plan, same_again
from thammuu.delivery.recipients import recipients_named, recipients_of
from thammuu.delivery.routes import FILE, Occasion, Routes
from thammuu.delivery.vocabulary import SEVERITIES
from thammuu.ledger.schema import issued_memos, publications
from thammuu.rulepack.actions_calendar import load_calendar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Row

    from thammuu.bus.context import Context
    from thammuu.delivery.holders import Told
    from thammuu.delivery.planning import Plan
    from thammuu.delivery.recipients import Recipient
    from thammuu.delivery.vocabulary import Severity
    from thammuu.events import MemoIssued
    from thammuu.rulepack.actions_calendar import Calendar

_EARLIER = (
    select(issued_memos.c.version)
    .where(issued_memos.c.memo_id == bindparam("memo"), issued_memos.c.version < bindparam("version"))
    .limit(1)
)


class _Provenance(BaseModel):
    publications: list[str]


class _Finding(BaseModel):
    severity: str


class _Model(BaseModel):
    """Of a memo what routes ask for: of the rest no objects are made."""

    provenance: _Provenance
    findings: list[_Finding]


@dataclass(frozen=True, slots=True)
class Ready:
    """A memo that goes out, with what follows from it."""

    unit_id: str
    carried: Carried
    severity: Severity
    plan: Plan


def ready_of(context: Context, connection: Connection, row: Row[Any] | MemoIssued) -> Ready:
    """Return who is told of an issued memo; a correction goes to exactly those whom it replaces something for.

    Args:
        context: The program's parts.
        connection: A snapshot.
        row: The memo's row of ``issued_memos``, or the event that tells of it.
    """
    occasion = occasion_of(context, connection, row)
    targets = routes_of(context).targets(occasion)
    works, now = calendar_of(context).works, context.clock()
    carried = Carried(row.memo_id, row.version)
    told = holders.told_before(connection, carried) if occasion.correction else []
    if told:
        window_s = max((one.group_window_s for one in targets), default=0)
        passes = any(one.passes for one in targets)
        made = same_again(told, people_of(connection, told), now, works, window_s=window_s, passes=passes)
    else:
        made = plan(targets, recipients_of(connection, row.unit_id, today(context.clock)), now, works)
    return Ready(row.unit_id, carried, occasion.severity, made)


def people_of(connection: Connection, told: Iterable[Told]) -> list[Recipient]:
    """Return those who were told of something, as they are now."""
    return recipients_named(connection, {name for one in told for name in (one.recipient_id, *one.shares)})


def calendar_of(context: Context) -> Calendar:
    """Return the days on which offices are open."""
    path = context.packs.active.folder / "days_off.yaml"
    calendar: Calendar = context.cache.get_or_make(("calendar",), lambda: load_calendar(path))
    return calendar


def routes_of(context: Context) -> Routes:
    """Return the tree of routes as it is saved now.

    Raises:
        BadInputError: With all problems of the file.
    """
    pack = context.packs.active
    path = f"{pack.folder}/delivery/{FILE}"
    try:
        saved = os.stat(path).st_mtime_ns  # noqa: PTH116  asked for every memo, and pathlib takes twice as long
    except FileNotFoundError:
        saved = 0
    routes: Routes = context.cache.get_or_make(("routes", saved), lambda: Routes.load(pack))
    return routes


def occasion_of(context: Context, connection: Connection, row: Row[Any] | MemoIssued) -> Occasion:
    """Return what routes ask of an issued memo."""
    model = _Model.model_validate_json(context.blobs.get(row.model))
    names = tuple(sorted(model.provenance.publications))
    return Occasion(
        indices=context.cache.get_or_make(("indices of", names), lambda: _indices(connection, names)),
        unit_id=row.unit_id,
        level=context.packs.active.units.get(row.unit_id).level,
        severity=worst(one.severity for one in model.findings),
        issuer=row.issuer or context.settings.issuer,
        correction=_is_correction(connection, row),
    )


def _indices(connection: Connection, names: tuple[str, ...]) -> frozenset[str]:
    query = select(publications.c.index_id).where(publications.c.publication_id.in_(names)).distinct()
    return frozenset(connection.execute(query).scalars())


def worst(severities: Iterable[str]) -> Severity:
    """Return the gravest of some severities; of none that of an all-clear."""
    found = set(severities)
    return next((one for one in SEVERITIES if one in found), SEVERITIES[-1])


def _is_correction(connection: Connection, row: Row[Any] | MemoIssued) -> bool:
    if row.version == 1:
        return False
    return connection.execute(_EARLIER, {"memo": row.memo_id, "version": row.version}).first() is not None
