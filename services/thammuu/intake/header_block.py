"""Bring a header of one or more rows, with merged cells, into one list of texts a column."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from thammuu.intake.words import role_of

if TYPE_CHECKING:
    from thammuu.intake.criteria import CriterionFinder
    from thammuu.intake.table import Row, Table

_DEEPEST = 4


class HeaderCell(NamedTuple):
    """A header text as it applies to one column, top to bottom."""

    row: int
    text: str
    spans: bool
    is_last: bool
    context_is_sure: bool
    """False where the text above stands to the left and no merged range says how far it reaches."""


class HeaderBlock(NamedTuple):
    """The header's last row and its texts by column."""

    last: Row
    columns: list[list[HeaderCell]]


def header_block(table: Table, position: int, unit_column: int, criteria: CriterionFinder) -> HeaderBlock:
    """Return the header around a row that names the units' column.

    Args:
        table: The table.
        position: The row's position in the table's head.
        unit_column: The column of units.
        criteria: Tells criteria from other words.
    """
    first, last = position, position
    if position and _names_criteria(table.head[position - 1], criteria):
        first = position - 1
    while last - first < _DEEPEST and last + 1 < len(table.head) and _continues(table, last + 1, unit_column, criteria):
        last += 1
    rows = [row for row in table.head[first : last + 1] if not _is_numbering(row) or row is table.head[position]]
    width = max(len(row.cells) for row in rows)
    grids = [_filled(table, row, width, below=rows[number + 1 :]) for number, row in enumerate(rows)]
    return HeaderBlock(table.head[last], [_column(rows, grids, column) for column in range(width)])


def _names_criteria(row: Row, criteria: CriterionFinder) -> bool:
    return any(text and (criteria.find(text) is not None or role_of(text) in {"score", "rank"}) for text in row.cells)


def _continues(table: Table, position: int, unit_column: int, criteria: CriterionFinder) -> bool:
    row = table.head[position]
    if _is_numbering(row):
        return True
    unit = row.cells[unit_column].strip() if unit_column < len(row.cells) else ""
    return (not unit or role_of(unit) in {"unit_name", "unit_code"}) and _names_criteria(row, criteria)


def _is_numbering(row: Row) -> bool:
    """Tell a row of column numbers: 1, 2, 3 … or (1), (2), (3) … from the first column on."""
    numbers = [text.strip().strip("()") for text in row.cells if text.strip()]
    counted = [int(number) for number in numbers if number.isdecimal() and len(number) < 5]  # noqa: PLR2004  columns
    return len(counted) == len(numbers) > 2 and all(b == a + 1 for a, b in pairwise(counted)) and counted[0] <= 1  # noqa: PLR2004


class _Spread(NamedTuple):
    text: str
    spans: bool
    sure: bool


def _filled(table: Table, row: Row, width: int, below: list[Row]) -> list[_Spread]:
    """Spread merged texts over their columns; in CSV, a text over the blanks to its right that have a header below."""
    cells = [_Spread(text.strip(), spans=False, sure=True) for text in row.cells]
    cells += [_Spread("", spans=False, sure=True)] * (width - len(cells))
    if table.merges is not None:
        for merge in table.merges:
            if merge.top == row.number and merge.right > merge.left and merge.left < width:
                spread = _Spread(cells[merge.left].text, spans=True, sure=True)
                for column in range(merge.left, min(merge.right + 1, width)):
                    cells[column] = spread
        return cells
    for column in range(1, width):
        under = any(column < len(other.cells) and other.cells[column].strip() for other in below)
        left = cells[column - 1]
        if (
            not cells[column].text
            and under
            and left.text
            and role_of(left.text) not in {"unit_name", "unit_code", "note"}
        ):
            cells[column] = _Spread(left.text, spans=True, sure=False)
            cells[column - 1] = left._replace(spans=True)
    return cells


def _column(rows: list[Row], grids: list[list[_Spread]], column: int) -> list[HeaderCell]:
    filled = [(row, grid[column]) for row, grid in zip(rows, grids, strict=True) if grid[column].text]
    sure = True
    texts = []
    for number, (row, spread) in enumerate(filled):
        texts.append(HeaderCell(row.number, spread.text, spread.spans, number == len(filled) - 1, sure))
        sure = spread.sure
    return texts
