"""Find the header of a table and what its columns hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from thammuu.intake.header_block import HeaderCell, header_block
from thammuu.intake.words import Role, role_of

if TYPE_CHECKING:
    from thammuu.intake.criteria import CriterionFinder
    from thammuu.intake.table import Row, Table
    from thammuu.rulepack.frameworks import Node


@dataclass(frozen=True)
class LongLayout:
    """One figure a row; the columns by what they hold."""

    header: Row
    columns: dict[Role, int]

    @property
    def understood(self) -> int:
        """How many columns have a meaning."""
        return len(self.columns)


class UnknownColumn(NamedTuple):
    """A column whose header means nothing, or repeats another's meaning."""

    row: int
    column: int
    text: str
    node: Node | None = None


@dataclass(frozen=True)
class WideLayout:
    """One unit a row; scores and ranks by node."""

    header: Row
    unit_code: int | None
    unit_name: int | None
    period: int | None
    scores: dict[str, int] = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)
    unnamed: list[int] = field(default_factory=list)
    unknown: list[UnknownColumn] = field(default_factory=list)
    repeated: list[UnknownColumn] = field(default_factory=list)

    @property
    def understood(self) -> int:
        """How many columns have a meaning."""
        return len(self.scores) + len(self.ranks) + (1 if self.scores or self.ranks else 0)


def find_layout(table: Table, criteria: CriterionFinder) -> LongLayout | WideLayout | None:
    """Return the layout of a table, or None if no header is found among its first rows."""
    for row in table.head:
        columns = _roles(row)
        if _is_long(columns):
            return LongLayout(row, columns)
    for position, row in enumerate(table.head):
        columns = _roles(row)
        if "unit_name" in columns or "unit_code" in columns:
            layout = _wide(table, position, columns, criteria)
            if layout.understood:
                return layout
    return None


def _roles(row: Row) -> dict[Role, int]:
    columns: dict[Role, int] = {}
    for column, text in enumerate(row.cells):
        role = role_of(text) if text else None
        if role is not None:
            columns.setdefault(role, column)
    return columns


def _is_long(columns: dict[Role, int]) -> bool:
    unit = "unit_name" in columns or "unit_code" in columns
    return unit and ("code" in columns or "name" in columns) and ("score" in columns or "rank" in columns)


def _wide(table: Table, position: int, columns: dict[Role, int], criteria: CriterionFinder) -> WideLayout:
    unit_column = columns.get("unit_name", columns.get("unit_code", 0))
    block = header_block(table, position, unit_column, criteria)
    layout = WideLayout(block.last, columns.get("unit_code"), columns.get("unit_name"), columns.get("period"))
    taken = {layout.unit_code, layout.unit_name, layout.period}
    for column, cells in enumerate(block.columns):
        if not cells:
            layout.unnamed.append(column)
        elif column not in taken:
            _add_column(layout, column, cells, criteria)
    return layout


def _add_column(layout: WideLayout, column: int, cells: list[HeaderCell], criteria: CriterionFinder) -> None:
    context, kind, unknown = _meaning(cells, criteria)
    last = cells[-1]
    if kind is None:
        if unknown:
            layout.unknown.append(UnknownColumn(last.row, column, last.text))
        return
    node = context or criteria.framework.root
    place = layout.ranks if kind == "rank" else layout.scores
    if node.code in place:
        layout.repeated.append(UnknownColumn(last.row, column, last.text, node))
    else:
        place[node.code] = column


def _meaning(cells: list[HeaderCell], criteria: CriterionFinder) -> tuple[Node | None, str | None, bool]:
    """Return the node, ``score`` or ``rank`` or None, and whether the header means nothing at all."""
    context: Node | None = None
    kind: str | None = None
    unknown = False
    for cell in cells:
        role = role_of(cell.text)
        node = None if role == "rank" else criteria.find(cell.text, context)
        if role == "total":
            context = context if context is not None and cell.context_is_sure else criteria.framework.root
            kind, unknown = "score", False
        elif role in {"score", "rank"}:
            kind, unknown = role, False
        elif node is not None:
            context, unknown = node, False
            kind = "score" if cell.is_last or not cell.spans else None
        elif role is None:
            unknown = kind is None
    if kind is None and not unknown and context is not None:
        kind = "score"
    return context, kind, unknown
