"""The register of publications: which revisions of which periods there are, in the order they were accepted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from thammuu.errors import BadInputError
from thammuu.i18n import _
from thammuu.ledger.schema import publications
from thammuu.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from thammuu.bus.context import Context


@dataclass(frozen=True, slots=True)
class Registered:
    """A publication as registered; ``sequence`` orders acceptances and withdrawals."""

    publication_id: str
    index_id: str
    framework_id: str
    pack: str
    period: str
    period_end: date
    revision: int
    content: str
    complete: bool
    published_on: date
    round: str
    history: bool
    units: int
    scores: int
    missing: int
    sequence: int
    withdrawn_sequence: int | None
    withdrawn_reason: str | None

    @property
    def order(self) -> Period:
        """Where its period stands among others of the index."""
        return Period(self.period)

    def stands_at(self, sequence: int | None) -> bool:
        """Tell whether it was accepted and not withdrawn at a moment; None is now."""
        if sequence is None:
            return self.withdrawn_sequence is None
        return self.sequence <= sequence and (self.withdrawn_sequence is None or self.withdrawn_sequence > sequence)


def _rows(rows: Iterable[Any]) -> list[Registered]:
    return [Registered(**row._mapping) for row in rows]  # noqa: SLF001  SQLAlchemy's public name


def all_publications(connection: Connection, index: str | None = None) -> list[Registered]:
    """Return every publication, withdrawn ones too, in the order of acceptance."""
    query = select(publications).order_by(publications.c.sequence)
    return _rows(connection.execute(query if index is None else query.where(publications.c.index_id == index)))


def get(connection: Connection, publication_id: str) -> Registered:
    """Return one publication.

    Raises:
        BadInputError: If there is none with this id; the nearest ids are named.
    """
    found = _rows(connection.execute(select(publications).where(publications.c.publication_id == publication_id)))
    if found:
        return found[0]
    import difflib

    known = [row.publication_id for row in all_publications(connection)]
    near = difflib.get_close_matches(publication_id, known, n=3)
    raise BadInputError(
        _("There is no publication {id}. Known: {known}.").format(
            id=publication_id, known=", ".join(near or known[-5:]) or _("none")
        )
    )


def latest_by_period(connection: Connection, index: str, at: int | None = None) -> list[Registered]:
    """Return the latest standing revision of each period of an index, newest period first.

    Args:
        connection: Any connection.
        index: The index.
        at: As of this sequence number; None is now.
    """
    return latest_of(all_publications(connection, index), index, at)


def latest_of(rows: Iterable[Registered], index: str, at: int | None = None) -> list[Registered]:
    """Return the latest standing revision of each period of an index among some rows, newest period first."""
    latest: dict[str, Registered] = {}
    for row in rows:
        if row.index_id == index and row.stands_at(at):
            latest[row.period] = row
    return sorted(latest.values(), key=lambda row: row.order, reverse=True)


def standing_of(connection: Connection, index: str, period: str) -> Registered | None:
    """Return the latest standing revision of one period."""
    return next((row for row in latest_by_period(connection, index) if row.period == period), None)


def as_of(context: Context, connection: Connection, at: int) -> list[Registered]:
    """Return all publications as of a sequence number; kept, since every unit of a publication asks for the same."""
    found: list[Registered] = context.cache.get_or_make(
        ("register", at), lambda: [row for row in all_publications(connection) if row.sequence <= at]
    )
    return found


def next_sequence(connection: Connection) -> int:
    """Return the number of the next acceptance or withdrawal."""
    columns = (func.max(publications.c.sequence), func.max(publications.c.withdrawn_sequence))
    return max((number or 0) for number in connection.execute(select(*columns)).one()) + 1
