"""Read the rows of a CSV file, one at a time."""

from __future__ import annotations

import csv
import re
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from thammuu.errors import BadInputError, Place
from thammuu.i18n import _
from thammuu.intake.limits import LIMITS, Limits
from thammuu.intake.problems import Problems, refuse
from thammuu.intake.table import HEAD_ROWS, Row, Table, letters
from thammuu.intake.words import source_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DELIMITERS = (",", ";", "\t")
_FORMULA = re.compile(r"""(?:^|[,;\t"])[ \u00a0]*[=@+]""")
_SNIFFED = 4_096
_SIGNED = re.compile(r"\+\s*[0-9][0-9.,]*\s*%?\s*")


def csv_table(
    stream: BinaryIO, file: str, problems: Problems, has_header: Callable[[Table], int], limits: Limits = LIMITS
) -> Table:
    """Find the delimiter of a CSV file and return its table.

    Args:
        stream: The open file, at its start.
        file: Its name, for places.
        problems: Where invisible characters and formulas in cells are listed.
        has_header: Tells how many columns of a table's header are understood.
        limits: The bounds.

    Raises:
        BadInputError: If the text is not UTF-8, or no delimiter makes a table of it.
    """
    tables, failures = list[Table](), list[BadInputError]()
    for delimiter in DELIMITERS:
        try:
            tables.append(_table(stream, file, delimiter, problems, limits))
        except BadInputError as failure:
            failures.append(failure)
    best = max(tables, key=has_header, default=None)
    if failures and (best is None or not has_header(best)):
        raise failures[0]
    assert best is not None
    return best


def _table(stream: BinaryIO, file: str, delimiter: str, problems: Problems, limits: Limits) -> Table:
    head = list(islice(_rows(stream, file, delimiter, Problems(file), limits), HEAD_ROWS))
    sources = list[str]()
    for row in head:
        if not row.cells or not row.cells[0].startswith("#"):
            break
        sources.extend(filter(None, [source_in(row.cells[0])]))
    return Table(file, None, head, lambda: _rows(stream, file, delimiter, problems, limits), sources)


def _lines(stream: BinaryIO, file: str, limits: Limits) -> Iterator[str]:
    """Yield decoded lines; leading ``#`` lines come quoted, so that their delimiters stay text."""
    stream.seek(0)
    comments, number, size = True, 0, 0
    while raw := stream.readline(limits.line_bytes + 1):
        number += 1
        size += len(raw)
        if number == 1 and b"\r" in raw[:_SNIFFED] and b"\n" not in raw[:_SNIFFED]:
            refuse("broken-csv", _old_line_ends(), Place(file, line=number))
        if len(raw) > limits.line_bytes or size > limits.file_bytes:
            refuse(
                "too-large", _("lines of at most {size} bytes").format(size=limits.line_bytes), Place(file, line=number)
            )
        line = _decoded(raw, file, number)
        if comments and (comments := line.startswith("#")):
            quoted = line.rstrip("\r\n").replace('"', '""')
            line = f'"{quoted}"\n'
        yield line


def _decoded(raw: bytes, file: str, number: int) -> str:
    try:
        return raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as fault:
        text = _("UTF-8; this text is in another encoding (perhaps Windows-1258 or TCVN3), save it as “CSV UTF-8”")
        place = Place(file, line=number, column=fault.start + 1)
        refuse("wrong-encoding", text, place, raw[max(0, fault.start - 8) : fault.end + 8].decode("ascii", "replace"))


class _Watch:
    """Remembers whether the lines of the row being read look suspect, so that clean rows cost little."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.suspect = False

    def __iter__(self) -> _Watch:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if ("=" in line or "+" in line or "@" in line) and _FORMULA.search(line):
            self.suspect = True
        return line


def _rows(stream: BinaryIO, file: str, delimiter: str, problems: Problems, limits: Limits) -> Iterator[Row]:
    watch = _Watch(_lines(stream, file, limits))
    reader = csv.reader(watch, delimiter=delimiter, strict=True)
    number = cells_read = empty = 0
    while True:
        number += 1
        try:
            cells = next(reader, None)
        except csv.Error as fault:
            _refuse_csv(str(fault), Place(file, line=reader.line_num), limits)
        if cells is None:
            return
        cells_read += len(cells)
        _check_size(number, cells_read, len(cells), file, limits)
        if not "".join(cells).strip():
            empty += 1
            if empty > limits.empty_rows:
                text = _("at most {rows} empty rows").format(rows=limits.empty_rows)
                refuse("too-many-rows", text, Place(file, row=number))
        if watch.suspect:
            watch.suspect = False
            _check_cells(number, cells, file, problems)
        yield Row(number, cells)


def _refuse_csv(reason: str, place: Place, limits: Limits) -> NoReturn:
    """Say in our own words what the reader of CSV met."""
    if "field limit" in reason:
        text = _("cells of at most {count} characters; is a quote left open above?")
        refuse("broken-csv", text.format(count=limits.cell_characters), place)
    if "new-line" in reason:
        refuse("broken-csv", _old_line_ends(), place)
    refuse("broken-csv", _("well-formed CSV: quotes closed and doubled inside ({reason})").format(reason=reason), place)


def _old_line_ends() -> str:
    return _("lines that end with LF or CRLF; these end with CR alone, as on old Macs: save it as “CSV UTF-8”")


def _check_size(number: int, cells_read: int, columns: int, file: str, limits: Limits) -> None:
    if number > limits.rows or cells_read > limits.cells:
        text = _("at most {rows} rows and {cells} cells").format(rows=limits.rows, cells=limits.cells)
        refuse("too-many-rows", text, Place(file, row=number))
    if columns > limits.columns:
        text = _("at most {columns} columns").format(columns=limits.columns)
        refuse("too-many-columns", text, Place(file, row=number), str(columns))


def _check_cells(number: int, cells: list[str], file: str, problems: Problems) -> None:
    for column, cell in enumerate(cells):
        place = Place(file, row=number, column=letters(column))
        start = cell.lstrip()
        if start[:1] in {"=", "@"} or (start[:1] == "+" and not _SIGNED.fullmatch(start)):
            problems.error("formula-in-csv", _("a value; in a CSV file a formula is not calculated"), place, cell)
