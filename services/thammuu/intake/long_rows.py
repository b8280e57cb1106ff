"""Read a table with one figure a row."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from thammuu.i18n import _
from thammuu.intake.figures import Cells
from thammuu.intake.invisible import checked
from thammuu.intake.limits import LIMITS
from thammuu.intake.printed import NotAFigureError, read_printed
from thammuu.intake.words import fold, is_note, source_in

if TYPE_CHECKING:
    from thammuu.intake.collector import Collector
    from thammuu.intake.layout import LongLayout
    from thammuu.intake.problems import Problems
    from thammuu.intake.setting import Setting
    from thammuu.intake.table import Row, Table
    from thammuu.rulepack.frameworks import Node

_TOLERANCE = 1e-9
_SOURCES = 1_000


class LongReader:
    """Reads the rows below a long header.

    A table with a column of indices is a collection: rows of other indices and periods, and parts that are no
    node of the framework, are kept out.
    """

    def __init__(self, setting: Setting, layout: LongLayout) -> None:
        self._table, self._criteria, self._entities = setting.table, setting.criteria, setting.entities
        self._period, self._problems = setting.period, setting.problems
        self._header = layout.header
        columns = layout.columns
        self._period_column, self._index_column = columns.get("period"), columns.get("index")
        self._unit_columns = columns.get("unit_code"), columns.get("unit_name")
        self._code_columns = columns.get("code"), columns.get("name")
        sides: tuple[Literal["min"], Literal["max"]] = ("min", "max")
        self._limits = [(columns[side], side) for side in sides if side in columns]
        self._cells = Cells(columns.get("score"), columns.get("rank"), columns.get("status"))
        self._width = len(layout.header.cells)
        self._code_at = next(column for column in self._code_columns if column is not None)
        self._unknown_names = 0
        self._nodes: dict[tuple[str, str], Node | None] = {}
        self._agreed: set[tuple[str, str, str]] = set()
        self._framework = setting.criteria.framework
        names = (self._framework.index, self._framework.id, self._framework.short_title.vi)
        self._index_names = {fold(name).replace("-", sign) for name in names for sign in "- "}

    def read(self, collector: Collector) -> None:
        """Add every row to the collector."""
        first = self._header.number
        for row in checked(self._table, self._problems):
            if row.number > first and any(row.cells) and self._is_ours(row):
                self._read_row(row, collector)

    def _read_row(self, row: Row, collector: Collector) -> None:
        cells = row.cells
        if len(cells) <= self._code_at or not cells[self._code_at]:
            note = lone_note(row)
            if note is not None:
                keep_source(note, self._table)
                return
        if len(cells) != self._width and not fit(row, self._width, self._table, self._problems):
            return
        code_at, name_at = self._unit_columns
        code = cells[code_at] if code_at is not None else ""
        name = cells[name_at] if name_at is not None else ""
        unit_at = name_at if name_at is not None else code_at
        unit = self._entities.find(code, name, self._problems, partial(self._table.place, row.number, unit_at))
        node = self._node(row)
        if node is None or unit is None:
            return
        if self._limits:
            self._check_limits(row, node)
        if unit == "aggregate":
            collector.add_aggregate(name.strip() or code.strip(), node, row, self._cells)
        else:
            collector.add(unit, node, row, self._cells)

    def _is_ours(self, row: Row) -> bool:
        """Tell whether a row is of the asked index and period."""
        wanted = True
        if self._index_column is not None:
            index = cell(row, self._index_column)
            wanted = not index or fold(index) in self._index_names
        if self._period_column is None or not wanted:
            return wanted
        period = cell(row, self._period_column)
        if period == self._period.text:
            return True
        if self._index_column is None and len([text for text in row.cells if text.strip()]) > 1:
            place = self._table.place(row.number, self._period_column)
            text = _("the period {period}, as asked").format(period=self._period)
            if not self._problems.again(("period", period), place):
                self._problems.error("other-period", text, place, period, alike=("period", period))
        return False

    def _node(self, row: Row) -> Node | None:
        code_at, name_at = self._code_columns
        code = row.cells[code_at] if code_at is not None else ""
        name = row.cells[name_at] if name_at is not None else ""
        key = (code, name)
        if key in self._nodes:
            node = self._nodes[key]
            if node is None and self._index_column is None:
                self._unknown(row, code_at if code_at is not None else name_at, code or name)
            return node
        node = self._nodes[key] = self._look_up(row, code.strip(), name.strip())
        return node

    def _look_up(self, row: Row, code: str, name: str) -> Node | None:
        collection = self._index_column is not None
        if not code and not name and collection:
            return self._framework.root
        node = self._criteria.find(code) if code else self._criteria.find(name)
        column = self._code_columns[0] if code and self._code_columns[0] is not None else self._code_columns[1]
        if node is None and collection:
            text = _("a part that the framework {framework} knows; this one was kept out")
            place = self._table.place(row.number, column)
            self._problems.warn("unknown-part", text.format(framework=self._framework.id), place, code or name)
        elif node is None:
            self._unknown(row, column, code or name)
            self._unknown_names += 1
            if self._unknown_names > LIMITS.unknown_names:
                self._problems.give_up_on_names(self._table.place(row.number, column))
        elif code and name and not self._name_fits(row, node, name):
            return None
        return node

    def _unknown(self, row: Row, column: int | None, text: str) -> None:
        if self._problems.again(("criterion", text), self._table.place(row.number, column)):
            return
        near = self._criteria.nearest(text) if text else ""
        expected = _("a criterion of {framework}; nearest: {near}").format(framework=self._framework.id, near=near)
        place = self._table.place(row.number, column)
        self._problems.error("unknown-criterion", expected, place, text, alike=("criterion", text))

    def _name_fits(self, row: Row, node: Node, name: str) -> bool:
        place = self._table.place(row.number, self._code_columns[1])
        other = self._criteria.other_meaning(node, name)
        if other is not None:
            text = _(
                "{name}, the name of {code} in {framework}; this name is {other} there: is it another edition's sheet?"
            )
            parts = {"code": node.code, "framework": self._framework.id, "name": node.name.vi, "other": other.code}
            self._problems.error("code-means-other", text.format(**parts), place, name)
            return False
        if self._criteria.unlike(node, name):
            text = _("the name of {code}: {name}").format(code=node.code, name=node.name.vi)
            self._problems.warn("name-differs", text, place, name, once=node.code)
        return True

    def _check_limits(self, row: Row, node: Node) -> None:
        for column, side in self._limits:
            text = row.cells[column]
            key = (node.code, side, text)
            if key in self._agreed or self._problems.again(("limit", *key), self._table.place(row.number, column)):
                continue
            if self._limit_agrees(row, column, node, side):
                self._agreed.add(key)

    def _limit_agrees(self, row: Row, column: int, node: Node, side: str) -> bool:
        text = row.cells[column]
        known: float | None = getattr(node, side)
        place = self._table.place(row.number, column)
        try:
            stated = read_printed(text).score
        except NotAFigureError:
            self._problems.error("not-a-number", _("a number or a blank"), place, text)
            return False
        if stated is None:
            return True
        if known is None:
            expected = _("a blank: {framework} does not know this limit of {code}, the file's is not used")
            expected = expected.format(framework=self._framework.id, code=node.code)
            self._problems.warn("limit-unknown", expected, place, text, once=(node.code, side))
            return True
        if abs(float(stated) - known) <= _TOLERANCE:
            return True
        expected = _("{known}, the limit of {code} in {framework}").format(
            known=f"{known:g}", code=node.code, framework=self._framework.id
        )
        self._problems.error("limit-differs", expected, place, text, alike=("limit", node.code, side, text))
        return False


def cell(row: Row, column: int) -> str:
    """Return a cell's text without surrounding space; blank past the row's end."""
    return row.cells[column].strip() if column < len(row.cells) else ""


def lone_note(row: Row) -> str | None:
    """Return the text of a row whose only text is a note."""
    texts = [text.strip() for text in row.cells if text.strip()]
    return texts[0] if len(texts) == 1 and is_note(texts[0]) else None


def keep_source(note: str, table: Table) -> None:
    """Keep the source that a note names."""
    source = source_in(note)
    if source is not None and len(table.sources) < _SOURCES:
        table.sources.append(source)


def fit(row: Row, width: int, table: Table, problems: Problems) -> bool:
    """Bring a row to the header's width; text beyond it, such as from an unquoted decimal comma, is an error."""
    beyond = [text for text in row.cells[width:] if text.strip()]
    if beyond and table.sheet is None:
        text = _("{count} cells as in the header; is a decimal comma unquoted?").format(count=width)
        problems.error("extra-cells", text, table.place(row.number, width), beyond[0])
        return False
    row.cells.extend([""] * (width - len(row.cells)))
    return True
