"""The database as the rest of the program sees it, whichever of the two it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from sqlalchemy import Connection, inspect, text

from thammuu.errors import EnvironmentFaultError
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

T = TypeVar("T")

SCHEMA_REVISION = "0005"
"""The newest migration; a test holds it against the migration scripts."""


class Database(Protocol):
    """Transactions that are all or nothing, and read-only views of one moment."""

    def transaction(self, turn: str | None = None) -> AbstractContextManager[Connection]:
        """Open a writing transaction.

        Args:
            turn: What only one transaction at a time may decide, such as a register's next number; the others wait.

        Raises:
            EnvironmentFaultError: If the database cannot be reached or refuses; nothing was written.
        """

    def carry_out(self, work: Callable[[Connection], T], turn: str | None = None) -> T:
        """Do a short unit of work in a writing transaction of its own and return its result once it is committed.

        The cheapest way to write one event of many at the same time. The work may be done in another thread, never in
        two; it opens no transaction itself.

        Args:
            work: What is to be done on the connection; what it raises undoes it alone.
            turn: As for ``transaction``.

        Raises:
            EnvironmentFaultError: If the database cannot be reached or refuses; nothing was written.
        """

    def snapshot(self) -> AbstractContextManager[Connection]:
        """Open a read-only view of one moment."""

    def integrity(self) -> str:
        """Return what is wrong with the database; ``ok`` if nothing is."""

    def close(self) -> None:
        """Give the connections back."""


class TryAgainError(EnvironmentFaultError):
    """Two transactions stood in each other's way and the database ended this one; the next try goes through."""


def schema_revision(connection: Connection) -> str | None:
    """Return the migration that the database stands at, or None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def refuse_newer(found: str | None) -> None:
    """Refuse a database that a newer version has changed.

    Raises:
        EnvironmentFaultError: If its schema is newer than ours.
    """
    if found is not None and found > SCHEMA_REVISION:
        raise EnvironmentFaultError(_("The database was made by a newer thammuu (schema {found}).").format(found=found))
