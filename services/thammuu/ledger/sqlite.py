"""The database of a data folder: SQLite in WAL mode, one writer, any number of readers."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool, StaticPool

from thammuu.failpoints import reach
from thammuu.ledger.database import SCHEMA_REVISION, refuse_newer
from thammuu.ledger.group_commit import GroupCommit
from thammuu.ledger.prepared import at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

T = TypeVar("T")
_BUSY_MS = 30_000


class SqliteDatabase:
    """Transactions for the one writing thread, snapshots for everybody else.

    Args:
        path: The database file; its folder exists.
        writable: Open for writing; creates the file and applies migrations.
    """

    def __init__(self, path: Path, *, writable: bool) -> None:
        self._path = path
        self._writer = create_engine("sqlite://", creator=self._connect_writer, poolclass=StaticPool)
        event.listen(self._writer, "begin", _begin_immediate)
        self._group = GroupCommit(self._writer)
        self._readers = create_engine(
            "sqlite://", creator=self._connect_reader, poolclass=QueuePool, pool_size=8, max_overflow=-1
        )
        if writable:
            self._migrate()

    def _connect_writer(self) -> sqlite3.Connection:
        # isolation_level None: the driver must not begin by itself, or writers that overlap fail at their first write
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        # not every build of SQLite overwrites what is deleted; a recipient who was erased is to be nowhere
        connection.execute("PRAGMA secure_delete=ON")
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={_BUSY_MS}", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _connect_reader(self) -> sqlite3.Connection:
        # mode=ro: SQLite before 3.51.3 can corrupt a WAL when two connections checkpoint it
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        return connection

    def _migrate(self) -> None:
        with self.transaction() as connection:
            found = _revision(connection)
            refuse_newer(found)
            if found != SCHEMA_REVISION:
                from thammuu.ledger.migrate import upgrade

                upgrade(connection)

    @contextmanager
    def transaction(self, turn: str | None = None) -> Iterator[Connection]:
        """Open a writing transaction: all of it or nothing. Threads take turns on the one writing connection.

        While others wait for their turn, several threads' work goes into one commit; each returns after it.
        """
        del turn  # all transactions take turns here
        with self._group.part() as connection:
            yield connection
            reach("database.before-commit")
        reach("database.committed")

    def carry_out(self, work: Callable[[Connection], T], turn: str | None = None) -> T:
        """Do a unit of work in a writing transaction, with that of others in one commit."""
        del turn  # all transactions take turns here

        def whole(connection: Connection) -> T:
            result = work(connection)
            reach("database.before-commit")
            return result

        result = self._group.hand_over(whole)
        reach("database.committed")
        return result

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Open a read-only view of one moment."""
        with self._readers.connect() as connection:
            at_once(connection, "BEGIN")
            try:
                yield connection
            finally:
                at_once(connection, "ROLLBACK")

    def integrity(self) -> str:
        """Return what SQLite's own integrity check says; ``ok`` is good."""
        with self._readers.connect() as connection:
            return str(connection.execute(text("PRAGMA integrity_check")).scalar_one())

    def close(self) -> None:
        """Give the connections back to the system."""
        # the writer last: SQLite folds the write-ahead log into the file when its last connection closes,
        # and a read-only one cannot
        self._readers.dispose()
        self._writer.dispose()


def is_current(path: Path) -> bool:
    """Tell whether a database file is there with the newest schema; a first command may have been stopped before."""
    if not path.exists():
        return False
    database = SqliteDatabase(path, writable=False)
    try:
        with database.snapshot() as connection:
            return _revision(connection) == SCHEMA_REVISION
    except DBAPIError:
        return False
    finally:
        database.close()


def _revision(connection: Connection) -> str | None:
    # asked of every command: SQLAlchemy's inspection takes longer to load than this takes to answer
    known = connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")).first()
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() if known else None


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
