"""Publications from the register, ready for analysis."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from thammuu.intake import register

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from thammuu.analysis.inputs import IndexPeriod
    from thammuu.bus.context import Context
    from thammuu.intake.register import Registered
    from thammuu.rulepack.pack import RulePack

_KEPT = 32


def index_period_of(context: Context, row: Registered, pack: RulePack) -> IndexPeriod:
    """Return a publication as frames; the last few are kept in memory."""
    from thammuu.analysis.inputs import index_period

    key = ("index-period", row.publication_id, row.content, pack.hash)
    if key not in context.cache:
        framework = pack.frameworks.get(row.framework_id)
        payload = json.loads(context.blobs.get(row.content))
        _make_room(context)
        context.cache[key] = index_period(row.publication_id, payload, framework, pack.units)
    found: IndexPeriod = context.cache[key]
    return found


def _make_room(context: Context) -> None:
    kept = [key for key in list(context.cache) if key[0] == "index-period"]
    for key in kept[: max(0, len(kept) - _KEPT + 1)]:
        context.cache.pop(key, None)


def earlier_rows(connection: Connection, row: Registered, at: int | None) -> list[Registered]:
    """Return the latest revisions of the periods before a publication's own, newest first.

    Args:
        connection: Any connection.
        row: The publication.
        at: As of this sequence number; None is now.
    """
    latest = register.latest_by_period(connection, row.index_id, at)
    return [found for found in latest if (found.period_end, found.period) < (row.period_end, row.period)]
