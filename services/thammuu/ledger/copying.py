"""All that a database holds, row by row in an order and a form that both databases share, and its way into another."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import Date, LargeBinary, delete, func, insert, select

from thammuu.errors import BadInputError, EnvironmentFaultError
from thammuu.i18n import _
from thammuu.ledger import log
from thammuu.ledger.named_blobs import copy_blobs, mentioned, needed
from thammuu.ledger.schema import leases, ledger_head, metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Column, Connection, Table

    from thammuu.ledger.blobs import Blobs
    from thammuu.ledger.database import Database

TABLES = tuple(table for table in metadata.sorted_tables if table is not leases)
"""Leases are promises of running processes, nothing to keep."""
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Contents:
    """What one table held: its columns, and the number and the SHA-256 of its lines."""

    columns: tuple[str, ...]
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Copied:
    """What was taken over: the ledger's size and root, rows of all tables, stored files."""

    events: int
    root: str
    rows: int
    blobs: int


def lines(connection: Connection, table: Table, columns: Sequence[str] | None = None) -> Iterator[bytes]:
    """Yield a table's rows in the order of its key, each a JSON array on a line."""
    chosen = [table.c[name] for name in columns] if columns else list(table.c)
    query = select(*chosen).order_by(*table.primary_key.columns)
    for row in connection.execute(query, execution_options={"yield_per": _PAGE}):
        values = [_written(column, value) for column, value in zip(chosen, row, strict=True)]
        yield json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def contents(connection: Connection, table: Table, columns: Sequence[str] | None = None) -> Contents:
    """Count and hash a table's lines."""
    rows, digest = 0, hashlib.sha256()
    for line in lines(connection, table, columns):
        rows += 1
        digest.update(line)
    return Contents(tuple(columns or table.c.keys()), rows, digest.hexdigest())


def fill(connection: Connection, table: Table, columns: Sequence[str], source: Iterable[bytes]) -> None:
    """Insert lines into a table that is empty but for the ledger's first head."""
    chosen = [table.c[name] for name in columns]
    if table is ledger_head:
        connection.execute(delete(ledger_head))
    waiting = iter(source)
    while page := list(islice(waiting, _PAGE)):
        connection.execute(insert(table), [_row(chosen, line) for line in page])


def refuse_filled(connection: Connection, place: str) -> None:
    """Hold the ledger's head, so that nobody else appends, and see that there is nothing yet.

    Raises:
        BadInputError: If any table has rows.
    """
    connection.execute(select(ledger_head).with_for_update())
    counted = {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in TABLES
        if table is not ledger_head
    }
    if any(counted.values()):
        filled = ", ".join(f"{name}: {rows}" for name, rows in counted.items() if rows)
        raise BadInputError(
            _("{place} is not empty ({filled}); nothing was written.").format(place=place, filled=filled)
        )


def refuse_other(connection: Connection, expected: dict[str, Contents], head: tuple[int, str]) -> None:
    """Check a filled database against what it was filled from.

    Raises:
        EnvironmentFaultError: If a row is missing or different, or the ledger is not whole.
    """
    faults = log.verify(connection)
    if log.checkpoint(connection) != head:
        faults.append(_("The ledger's root is another one."))
    for table in TABLES:
        there = expected.get(table.name)
        if there is not None and contents(connection, table, there.columns) != there:
            faults.append(_("The rows of {table} differ.").format(table=table.name))
    if faults:
        raise EnvironmentFaultError(
            _("What was written is not what was read: {faults} Nothing was kept.").format(faults=" ".join(faults))
        )


def copy(source: Database, blobs: Blobs, target: Database, target_blobs: Blobs, place: str) -> Copied:
    """Copy a ledger with its read models and stored files into an empty database, in one transaction, and compare.

    Args:
        source: Nobody writes it meanwhile.
        blobs: Its stored files.
        target: An empty database of the newest schema.
        target_blobs: Where the stored files go.
        place: What to call the target in messages.

    Raises:
        BadInputError: If the target is not empty.
        EnvironmentFaultError: If the source is not whole, or the copy is not equal to it; nothing is kept then.
    """
    with target.transaction() as connection:
        refuse_filled(connection, place)
    with source.snapshot() as reading:
        refuse_broken(reading)
        # before the transaction, in which nobody may be kept waiting; files that nothing names do no harm
        names = copy_blobs(blobs, target_blobs, needed(reading), mentioned(reading))
        expected = {table.name: contents(reading, table) for table in TABLES}
        head = log.checkpoint(reading)
        with target.transaction() as writing:
            refuse_filled(writing, place)
            for table in TABLES:
                fill(writing, table, expected[table.name].columns, lines(reading, table))
            refuse_other(writing, expected, head)
    return Copied(*head, sum(one.rows for one in expected.values()), len(names))


def refuse_broken(connection: Connection) -> None:
    """See that a ledger is whole before it is taken over.

    Raises:
        EnvironmentFaultError: If it is not.
    """
    if faults := log.verify(connection):
        raise EnvironmentFaultError(_("The ledger is not whole: {faults}").format(faults=" ".join(faults)))


def _written(column: Column[Any], value: Any) -> Any:  # noqa: ANN401  any value of a column
    if isinstance(column.type, LargeBinary) and value is not None:
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, date) else value


def _row(columns: Sequence[Column[Any]], line: bytes) -> dict[str, Any]:
    return {column.name: _read(column, value) for column, value in zip(columns, json.loads(line), strict=True)}


def _read(column: Column[Any], value: Any) -> Any:  # noqa: ANN401  the same
    if value is None:
        return None
    if isinstance(column.type, LargeBinary):
        return base64.b64decode(value)
    return date.fromisoformat(value) if isinstance(column.type, Date) else value
