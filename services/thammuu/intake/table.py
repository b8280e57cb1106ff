"""The rows of a score file before their meaning is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from thammuu.errors import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Mark = Literal["number", "formula", "no-value", "error", "date", "boolean"]
"""What a spreadsheet cell is beyond its text; cells of CSV files have none."""

NO_MARKS: Mapping[int, Mark] = MappingProxyType({})
HEAD_ROWS = 40
"""How many rows are searched for the header."""


class Row(NamedTuple):
    """One row: its number as a spreadsheet shows it, its cells as text, the marks by column."""

    number: int
    cells: list[str]
    marks: Mapping[int, Mark] = NO_MARKS


class Merge(NamedTuple):
    """A merged range; row numbers from 1, columns from 0, ends included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Table:
    """One sheet, or the whole of a CSV file."""

    file: str
    sheet: str | None
    head: list[Row]
    rows: Callable[[], Iterator[Row]]
    sources: list[str] = field(default_factory=list)
    merges: tuple[Merge, ...] | None = None

    def place(self, row: int | None = None, column: int | str | None = None) -> Place:
        """Return a place in this table; a column number becomes its letters."""
        return Place(self.file, self.sheet, row, letters(column) if isinstance(column, int) else column)


def letters(column: int) -> str:
    """Return the spreadsheet letters of a column counted from 0."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name
