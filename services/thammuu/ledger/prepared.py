"""Statements put together once for each kind of database and handed to its driver as they are.

SQLAlchemy takes longer to look a statement up than SQLite takes to run it; the ledger's few are run for each event.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.sql.expression import ClauseElement

    Values = tuple[Any, ...] | dict[str, Any]


class Prepared:
    """A statement whose values need no conversion: numbers, truth values, text and bytes, no days.

    Args:
        statement: With a named parameter for every value that is not always the same.
    """

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._texts: dict[str, tuple[str, Sequence[str] | None, dict[str, Any]]] = {}

    def __call__(self, connection: Connection, *rows: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run it, and return what it finds.

        Args:
            connection: Where; its transaction has begun.
            rows: The values by name; several rows are run one after the other by the driver.

        Raises:
            DBAPIError: As SQLAlchemy raises it.
        """
        name = connection.dialect.name
        if name not in self._texts:
            compiled = self._statement.compile(dialect=connection.dialect)
            always = {key: value for key, value in compiled.params.items() if value is not None}
            self._texts[name] = str(compiled), getattr(compiled, "positiontup", None), always
        text, order, always = self._texts[name]
        given = [{**always, **row} for row in rows or [{}]] if always else rows
        values: list[Values] = [tuple(row[one] for one in order) if order is not None else dict(row) for row in given]
        return (_by_sqlite if name == "sqlite" else _by_sqlalchemy)(connection, text, values)


@contextmanager
def undone_alone(connection: Connection, name: str) -> Iterator[None]:
    """Undo what is done within if it raises, and nothing of what the transaction did before.

    SQLAlchemy's own savepoints take five times as long.

    Args:
        connection: Where; its transaction has begun.
        name: Of the savepoint.

    Raises:
        DBAPIError: As SQLAlchemy raises it, also where the savepoint went with the whole transaction.
    """
    run = at_once if connection.dialect.name == "sqlite" else _at_once_by_sqlalchemy
    run(connection, f"SAVEPOINT {name}")
    try:
        yield
    except BaseException:
        # of a connection that is lost nothing is left to undo
        if not connection.invalidated:
            run(connection, f"ROLLBACK TO {name}")
            run(connection, f"RELEASE {name}")
        raise
    run(connection, f"RELEASE {name}")


def at_once(connection: Connection, text: str) -> None:
    """Run a statement of SQLite's that has neither values nor an answer, such as a savepoint's."""
    _by_sqlite(connection, text, [])


def _at_once_by_sqlalchemy(connection: Connection, text: str) -> None:
    _by_sqlalchemy(connection, text, [])


def _by_sqlite(connection: Connection, text: str, values: list[Values]) -> list[tuple[Any, ...]]:
    driver: Any = connection.connection.driver_connection
    try:
        if len(values) > 1:
            return list(driver.executemany(text, values))
        return list(driver.execute(text, *values))
    except driver.Error as error:
        dialect = connection.dialect
        raise DBAPIError.instance(text, None, error, driver.Error, dialect=dialect) from error


def _by_sqlalchemy(connection: Connection, text: str, values: list[Values]) -> list[tuple[Any, ...]]:
    """Let SQLAlchemy see the faults of a server's connection, so that it is not used again."""
    given: Any = values if len(values) > 1 else (values[0] if values else None)
    found = connection.exec_driver_sql(text, given)
    return [tuple(row) for row in found] if found.returns_rows else []
