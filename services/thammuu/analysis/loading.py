"""Publications from the register, ready for analysis."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from thammuu.intake import register

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from thammuu.analysis.inputs import IndexPeriod
    from thammuu.bus.context import Context
    from thammuu.intake.register import Registered
    from thammuu.rulepack.pack import RulePack


def index_period_of(context: Context, row: Registered, pack: RulePack) -> IndexPeriod:
    """Return a publication as frames; the last few are kept in memory."""
    from thammuu.analysis.inputs import index_period

    def load() -> IndexPeriod:
        payload = json.loads(context.blobs.get(row.content))
        return index_period(row.publication_id, payload, pack.frameworks.get(row.framework_id), pack.units)

    found: IndexPeriod = context.cache.get_or_make(("index-period", row.publication_id, row.content, pack.hash), load)
    return found


class EarlierPeriods(Sequence["IndexPeriod"]):
    """The periods before a publication, newest first, each read when it is first asked for.

    Most facts need the previous one only; how long a unit has been low is known after a few.
    """

    def __init__(self, context: Context, rows: Sequence[Registered], pack: RulePack) -> None:
        self._context, self._rows, self._pack = context, rows, pack

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> IndexPeriod: ...

    @overload
    def __getitem__(self, at: slice) -> EarlierPeriods: ...

    def __getitem__(self, at: int | slice) -> IndexPeriod | EarlierPeriods:
        """Return one period, or the periods of a slice still unread."""
        if isinstance(at, slice):
            return EarlierPeriods(self._context, self._rows[at], self._pack)
        return index_period_of(self._context, self._rows[at], self._pack)


def earlier_rows(connection: Connection, row: Registered, at: int | None) -> list[Registered]:
    """Return the latest revisions of the periods before a publication's own, newest first.

    Args:
        connection: Any connection.
        row: The publication.
        at: As of this sequence number; None is now.
    """
    return earlier_of(register.all_publications(connection, row.index_id), row, at)


def earlier_of(rows: Iterable[Registered], row: Registered, at: int | None) -> list[Registered]:
    """Return the same among some rows."""
    return [found for found in register.latest_of(rows, row.index_id, at) if found.order < row.order]
