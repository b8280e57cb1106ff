"""Statements put together once for each kind of database and handed to its driver as they are.

SQLAlchemy takes longer to look a statement up than SQLite takes to run it; the ledger's few are run for each event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, CursorResult
    from sqlalchemy.sql.expression import ClauseElement


class Prepared:
    """A statement whose values need no conversion: whole numbers, text and bytes.

    Args:
        statement: With a named parameter for every value.
    """

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._texts: dict[str, tuple[str, Sequence[str] | None]] = {}

    def __call__(self, connection: Connection, *rows: Mapping[str, Any]) -> CursorResult[Any]:
        """Run it.

        Args:
            connection: Where.
            rows: The values by name; several rows are run one after the other by the driver.
        """
        name = connection.dialect.name
        if name not in self._texts:
            compiled = self._statement.compile(dialect=connection.dialect)
            self._texts[name] = str(compiled), getattr(compiled, "positiontup", None)
        text, order = self._texts[name]
        values: list[Any] = [tuple(row[one] for one in order) if order is not None else dict(row) for row in rows]
        return connection.exec_driver_sql(text, values if len(values) > 1 else (values[0] if values else None))
