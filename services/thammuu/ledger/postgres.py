"""A PostgreSQL database: any number of machines read and write at once; only the ledger's head is a narrow place."""

from __future__ import annotations

import math
import os
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from thammuu.errors import BadInputError, EnvironmentFaultError
from thammuu.failpoints import reach
from thammuu.i18n import _
from thammuu.ledger.database import SCHEMA_REVISION, TryAgainError, refuse_newer, schema_revision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import URL, Engine
    from sqlalchemy.pool import ConnectionPoolEntry

T = TypeVar("T")
_DRIVER = "postgresql+psycopg"
_CONNECT_S = 10
_SILENCE: dict[str, str | int] = {
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 40_000,
}
"""A server that vanished is given up after 40 s, not after the two hours or fifteen minutes that TCP allows."""
_ALONE = 0x7468616D6D7575
"""The advisory lock of a writing command: ``thammuu`` in ASCII."""
_POLL_S = 0.2
_RESTED_S = 5.0
_SNAPSHOT_IDLE_S = 600.0
"""A snapshot holds nobody up; memos are composed while one is open."""

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_COLLISIONS = frozenset({"40001", "40P01"})
_PASSING = frozenset({"25006", "25P03", "25P04", "53", "57", "58", "08", "55", "28", "3D"})
"""Codes, or the classes of codes, of what a person or time mends; the transaction can be tried again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a connection may hold others up, in seconds, and how many there may be.

    Attributes:
        idle_s: A transaction that sends nothing for so long is ended, and its locks with it; a handler of ten thousand
            units computes for some seconds between two statements.
        lock_s: How long a statement waits for another transaction; longer than ``idle_s``, to outlast one that hangs.
        statement_s: How long one statement may take.
        connections: Kept open for transactions, and as many for snapshots; three times as many under load.
    """

    idle_s: float = 60.0
    lock_s: float = 90.0
    statement_s: float = 300.0
    connections: int = 5


class PostgresDatabase:
    """Transactions in READ COMMITTED, snapshots in REPEATABLE READ.

    Args:
        url: ``postgresql://user:password@host:port/name``.
        limits: Timeouts and numbers of connections.

    Raises:
        BadInputError: If the address is not one of PostgreSQL.
    """

    def __init__(self, url: str, limits: Limits | None = None) -> None:
        self._url = _checked(url)
        self._limits = limits or Limits()
        self._writer = self._engine(self._limits.idle_s, isolation_level="READ COMMITTED")
        self._readers = self._engine(
            max(_SNAPSHOT_IDLE_S, self._limits.idle_s),
            isolation_level="REPEATABLE READ",
            execution_options={"postgresql_readonly": True},
        )

    def _engine(self, idle_s: float, **options: Any) -> Engine:  # noqa: ANN401  SQLAlchemy's own options
        defaults = _SILENCE | {"connect_timeout": _CONNECT_S, "application_name": f"thammuu {_process()}"[:63]}
        engine = create_engine(
            self._url,
            connect_args={name: value for name, value in defaults.items() if name not in self._url.query},
            pool_size=self._limits.connections,
            max_overflow=2 * self._limits.connections,
            hide_parameters=True,
            **options,
        )
        settings = {
            "idle_in_transaction_session_timeout": f"{idle_s * 1_000:.0f}",
            "lock_timeout": f"{self._limits.lock_s * 1_000:.0f}",
            "statement_timeout": f"{self._limits.statement_s * 1_000:.0f}",
            # a machine that vanished must not keep its locks for the two hours that TCP allows
            "tcp_keepalives_idle": "20",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "4",
        }
        event.listen(engine, "connect", lambda connection, _record: _set(connection, settings))
        event.listen(engine, "checkin", lambda _connection, record: record.info.update(rested=time.monotonic()))
        event.listen(engine, "checkout", lambda connection, record, _proxy: _ask(engine, connection, record))
        return engine

    @contextmanager
    def transaction(self, turn: str | None = None) -> Iterator[Connection]:
        """Open a writing transaction: all of it or nothing; others go on at the same time."""
        with self._in_clear_words(), self._writer.begin() as connection:
            if turn is not None:
                connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:turn, 1))"), {"turn": turn})
            yield connection
            reach("database.before-commit")
        reach("database.committed")

    def carry_out(self, work: Callable[[Connection], T], turn: str | None = None) -> T:
        """Do a unit of work in a writing transaction; the server shares the commits of many by itself."""
        with self.transaction(turn) as connection:
            return work(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Open a read-only view of one moment."""
        with self._in_clear_words(), self._readers.connect() as connection:
            yield connection

    def integrity(self) -> str:
        """Return whether the server takes writes and still refuses to change events; ``ok`` is good."""
        guarded = (
            "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'events'::regclass AND tgname = 'events_never_change' "
            "AND tgenabled IN ('O', 'A')"
        )
        with self.snapshot() as connection:
            if connection.execute(text("SELECT pg_is_in_recovery()")).scalar_one():
                return _("The server is a read-only standby.")
            if not connection.execute(text(guarded)).scalar_one():
                return _("The trigger that keeps events from being changed is missing or switched off.")
        return "ok"

    def check_schema(self) -> None:
        """See that the tables are those that this version works with.

        Raises:
            EnvironmentFaultError: If they are older, newer or not there.
        """
        with self.snapshot() as connection:
            found = schema_revision(connection)
        refuse_newer(found)
        if found != SCHEMA_REVISION:
            raise EnvironmentFaultError(
                _("{place} has the schema {found}, this version needs {needed}: run `thammuu db upgrade`.").format(
                    place=self.place, found=found or _("none"), needed=SCHEMA_REVISION
                )
            )

    def upgrade(self) -> tuple[str | None, str]:
        """Apply the migrations that are missing; return the revisions before and after."""
        from thammuu.ledger.migrate import upgrade

        with self.transaction("upgrade") as connection:
            found = schema_revision(connection)
            refuse_newer(found)
            if found != SCHEMA_REVISION:
                upgrade(connection)
        return found, SCHEMA_REVISION

    @contextmanager
    def alone(self, wait_s: float) -> Iterator[None]:
        """Be the only writing command on any machine; the server lets go when the process or its connection ends.

        Args:
            wait_s: How long to wait for another one, in seconds.

        Raises:
            EnvironmentFaultError: If another one is still at it.
        """
        with self._in_clear_words():
            connection = self._writer.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            with self._in_clear_words():
                self._take(connection, wait_s)
            yield
        finally:
            # closing the session is what releases it, whatever state it is in
            connection.invalidate()
            connection.close()

    def _take(self, connection: Connection, wait_s: float) -> None:
        until = time.monotonic() + wait_s
        while not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ALONE}).scalar_one():
            if time.monotonic() >= until:
                raise EnvironmentFaultError(
                    _("{place} is in use by {holder}; waited {seconds:.0f} s.").format(
                        place=self.place, holder=_holder(connection), seconds=wait_s
                    )
                )
            time.sleep(_POLL_S)

    @property
    def place(self) -> str:
        """What to call the database in messages: where it is, without user and password."""
        return f"PostgreSQL {self._url.host or 'localhost'}:{self._url.port or 5432}/{self._url.database or ''}"

    def close(self) -> None:
        """Give the connections back to the server."""
        self._readers.dispose()
        self._writer.dispose()

    @contextmanager
    def _in_clear_words(self) -> Iterator[None]:
        try:
            yield
        except NoConnectionError as error:
            told = _("{place} has no free connection; try again.").format(place=self.place)
            raise EnvironmentFaultError(told) from error
        except DBAPIError as error:
            code = getattr(error.orig, "sqlstate", None) or ""
            if code in _COLLISIONS:
                told = _("Another transaction on {place} stood in the way; try again.").format(place=self.place)
                raise TryAgainError(told) from error
            # an error without a code comes from the connection, not from the server
            if code and not error.connection_invalidated and not {code, code[:2]} & _PASSING:
                raise
            message = _("{place} cannot be used now: {reason}. Nothing was written by this step.").format(
                place=self.place, reason=_reason(error)
            )
            raise EnvironmentFaultError(message) from error


def _checked(url: str) -> URL:
    wrong = _("THAMMUU_DATABASE_URL must look like postgresql://user:password@host:5432/name.")
    try:
        read = make_url(url)
        known = read.drivername in {"postgresql", "postgres", _DRIVER}
    except (ArgumentError, ValueError):
        raise BadInputError(wrong) from None
    if not known or not read.database:
        raise BadInputError(wrong)
    return read.set(drivername=_DRIVER)


def _set(connection: Any, settings: dict[str, str]) -> None:  # noqa: ANN401  psycopg's own connection
    connection.autocommit = True
    calls = ", ".join("set_config(%s, %s, false)" for _name in settings)
    connection.execute(f"SELECT {calls}", [part for pair in settings.items() for part in pair])
    connection.autocommit = False


def _ask(engine: Engine, connection: Any, record: ConnectionPoolEntry) -> None:  # noqa: ANN401  psycopg's own
    """See that the server still knows a connection that has rested; asking each time costs a round trip an event."""
    if time.monotonic() - record.info.get("rested", math.inf) < _RESTED_S:
        return
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError from error


def _process() -> str:
    return f"{os.getpid()}@{socket.gethostname()}"


def _holder(connection: Connection) -> str:
    found = connection.execute(
        text(
            "SELECT a.application_name, a.backend_start FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
            "JOIN pg_database d ON d.oid = l.database AND d.datname = current_database() WHERE l.granted "
            "AND l.locktype = 'advisory' AND (l.classid::bigint << 32) + l.objid::bigint = :key"
        ),
        {"key": _ALONE},
    ).first()
    if found is None or not found.application_name or found.backend_start is None:
        return _("another process")
    return _("{process} (since {since})").format(
        process=found.application_name, since=found.backend_start.isoformat(timespec="seconds")
    )


def _reason(error: DBAPIError) -> str:
    lines = [line.strip() for line in str(error.orig).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error.orig).__name__
