"""Publications from the register, ready for analysis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from pydantic_core import from_json

from thammuu.intake import register

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from thammuu.analysis.inputs import IndexPeriod
    from thammuu.bus.context import Context
    from thammuu.intake.register import Registered
    from thammuu.rulepack.pack import RulePack


def index_period_of(context: Context, row: Registered, pack: RulePack) -> IndexPeriod:
    """Return a publication as frames."""
    from thammuu.analysis.inputs import index_period

    # names of units, codes and states occur again and again: each is held once
    payload = from_json(context.blobs.get(row.content), cache_strings="all")
    return index_period(row.publication_id, payload, pack.frameworks.get(row.framework_id), pack.units)


class EarlierPeriods(Sequence["IndexPeriod"]):
    """The periods before a publication, newest first, each read when it is first asked for and then kept.

    Most facts need the previous one only; how long a unit has been low is known after a few. They are kept as long as
    this is, not longer: of thousands of units each takes megabytes.
    """

    def __init__(
        self,
        context: Context,
        rows: Sequence[Registered],
        pack: RulePack,
        read: dict[str, IndexPeriod] | None = None,
    ) -> None:
        self._context, self._rows, self._pack = context, rows, pack
        self._read: dict[str, IndexPeriod] = {} if read is None else read

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> IndexPeriod: ...

    @overload
    def __getitem__(self, at: slice) -> EarlierPeriods: ...

    def __getitem__(self, at: int | slice) -> IndexPeriod | EarlierPeriods:
        """Return one period, or the periods of a slice still unread."""
        if isinstance(at, slice):
            return EarlierPeriods(self._context, self._rows[at], self._pack, self._read)
        row = self._rows[at]
        if row.publication_id not in self._read:
            self._read[row.publication_id] = index_period_of(self._context, row, self._pack)
        return self._read[row.publication_id]


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
