"""A list of recipients as a CSV or XLSX file: its columns, and everything wrong with it at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from thammuu.delivery.recipients_entry import COLUMNS, Checker, Entry, masked
from thammuu.errors import BadInputError, Place
from thammuu.i18n import _
from thammuu.intake.csv_rows import csv_table
from thammuu.intake.files import kind_of, open_regular
from thammuu.intake.problems import Problems, refuse
from thammuu.intake.workbook import Workbook
from thammuu.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from thammuu.errors import Problem
    from thammuu.intake.table import Row, Table

_CALLED = {
    "tỉnh": "unit",
    "tỉnh, thành phố": "unit",
    "đơn vị": "unit",
    "vai trò": "role",
    "họ tên": "name",
    "họ và tên": "name",
    "tên": "name",
    "thư điện tử": "email",
    "e-mail": "email",
    "cơ quan": "agency",
    "ngôn ngữ": "language",
    "định dạng": "formats",
    "yên lặng từ": "quiet_from",
    "yên lặng đến": "quiet_to",
    "gửi gộp lúc": "digest_at",
    "thứ tự": "turn",
    "từ ngày": "valid_from",
    "đến ngày": "valid_to",
}
_NEEDED = ("unit", "role")
_REPEAT_CELLS = frozenset({"formula-in-csv", "wrong-encoding"})
"""Problems of files whose value is a piece of the file, of whatever column."""


def read_recipients(path: Path, checker: Checker) -> list[Entry]:
    """Read a list of recipients.

    Args:
        path: The file.
        checker: Reads each line.

    Raises:
        BadInputError: With every problem of the file; no address is repeated in it.
    """
    problems = Problems(printable(str(path)))
    try:
        with open_regular(path) as stream:
            entries = list(_Reader(_table(stream, path, problems), problems, checker).entries())
        problems.raise_if_any()
    except BadInputError as error:
        raise _in_own_words(problems, error.problems) from None
    return entries


def _in_own_words(problems: Problems, found: Sequence[Problem]) -> BadInputError:
    """Return the error of a list where the readers of files speak of scores."""
    told = _("The recipients file {file} was not accepted: {count} errors, nothing was stored.")
    empty = _("a file with recipients; this one is empty")
    listed = [
        replace(
            one,
            expected=empty if one.code == "empty-file" else one.expected,
            value=masked(one.value or "") if one.code in _REPEAT_CELLS else one.value,
        )
        for one in found
    ]
    return BadInputError(told.format(file=problems.file, count=problems.error_count or len(listed)), listed)


def _table(stream: BinaryIO, path: Path, problems: Problems) -> Table:
    if kind_of(stream, path) == "csv":
        return csv_table(stream, problems.file, problems, _understood)
    workbook = Workbook(stream, problems.file)
    tables = [workbook.table(sheet) for sheet in workbook.sheets if not sheet.hidden]
    lists = [table for table in tables if _understood(table) >= len(_NEEDED)] or tables
    if len(lists) != 1:
        names = ", ".join(str(table.sheet) for table in lists) or "–"
        expected = _("one visible sheet with the columns unit and role; these might be it: {names}")
        refuse("several-sheets", expected.format(names=names), Place(problems.file))
    return lists[0]


def _understood(table: Table) -> int:
    return max((len(_columns(row)) for row in table.head), default=0)


def _columns(row: Row) -> dict[str, int]:
    """Return which column of a header row holds what."""
    found: dict[str, int] = {}
    for place, cell in enumerate(row.cells):
        called = " ".join(cell.split()).casefold()
        name = _CALLED.get(called, called.replace(" ", "_"))
        if name in COLUMNS:
            found.setdefault(name, place)
    return found


class _Reader:
    def __init__(self, table: Table, problems: Problems, checker: Checker) -> None:
        self._table, self._problems, self._checker = table, problems, checker
        header = max(table.head, key=lambda row: len(_columns(row)), default=None)
        self._columns = {} if header is None else _columns(header)
        self._header = 0 if header is None else header.number
        self._seen: dict[tuple[str, str, str, str], int] = {}

    def entries(self) -> Iterator[Entry]:
        for needed in _NEEDED:
            if needed not in self._columns:
                expected = _("a column {name}; known columns: {known}").format(name=needed, known=", ".join(COLUMNS))
                self._problems.error("no-column", expected, self._table.place(self._header or 1))
        self._problems.raise_if_any()
        for row in self._table.rows():
            if row.number > self._header and any(cell.strip() for cell in row.cells):
                yield self._entry(row)

    def _entry(self, row: Row) -> Entry:
        def wrong(column: str, expected: str, value: str | None = None) -> None:
            place = self._table.place(row.number, self._columns.get(column, column))
            self._problems.error(f"recipient-{column.replace('_', '-')}", expected, place, value)

        said = {column: row.cells[place] for column, place in self._columns.items() if place < len(row.cells)}
        entry = self._checker.entry(said, wrong, row.number)
        for channel, address in entry.addresses.items():
            key = (entry.values["unit_id"], entry.values["role"], channel, address.casefold())
            first = self._seen.setdefault(key, row.number)
            if first != row.number:
                wrong(channel, _("an address that row {row} does not have already").format(row=first))
        return entry


def template_row() -> str:
    """Return the header of an empty list."""
    return ",".join(COLUMNS) + "\n"
