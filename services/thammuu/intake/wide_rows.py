"""Read a table with one unit a row and criteria across."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from thammuu.i18n import _
from thammuu.intake.figures import Cells
from thammuu.intake.invisible import checked
from thammuu.intake.long_rows import cell, fit, keep_source, lone_note
from thammuu.intake.words import is_aggregate, role_of

if TYPE_CHECKING:
    from thammuu.intake.collector import Collector
    from thammuu.intake.criteria import CriterionFinder
    from thammuu.intake.layout import WideLayout
    from thammuu.intake.setting import Setting
    from thammuu.intake.table import Row
    from thammuu.rulepack.frameworks import Node


class WideReader:
    """Reads the rows below a wide header; rows that are notes, aggregates or repeats are told from units."""

    def __init__(self, setting: Setting, layout: WideLayout) -> None:
        self._table, self._layout, self._entities = setting.table, layout, setting.entities
        self._period, self._problems = setting.period, setting.problems
        criteria = setting.criteria
        self._report_header(criteria)
        codes = dict.fromkeys([*layout.scores, *layout.ranks])
        self._figures: list[tuple[Node, Cells]] = [
            (criteria.framework.node(code), Cells(layout.scores.get(code), layout.ranks.get(code))) for code in codes
        ]
        columns = [*layout.scores.values(), *layout.ranks.values(), layout.unit_code or 0, layout.unit_name or 0]
        self._first = min([*layout.scores.values(), *layout.ranks.values()])
        self._unnamed = [column for column in layout.unnamed if column > self._first]
        self._width = max(max(columns) + 1, len(layout.header.cells))

    def _report_header(self, criteria: CriterionFinder) -> None:
        for column in self._layout.unknown:
            expected = _("a criterion of {framework}, a total or a rank; nearest: {near}").format(
                framework=criteria.framework.id, near=criteria.nearest(column.text)
            )
            self._problems.error(
                "unknown-criterion", expected, self._table.place(column.row, column.column), column.text
            )
        for column in self._layout.repeated:
            expected = _("one column for {code}").format(code=column.node.code if column.node else "")
            self._problems.error("repeated-column", expected, self._table.place(column.row, column.column), column.text)

    def read(self, collector: Collector) -> None:
        """Add every row to the collector."""
        first = self._layout.header.number
        for row in checked(self._table, self._problems):
            if row.number > first and any(text.strip() for text in row.cells) and not self._is_heading(row):
                self._read_row(row, collector)

    def _read_row(self, row: Row, collector: Collector) -> None:
        if len(row.cells) != self._width and not fit(row, self._width, self._table, self._problems):
            return
        label = self._aggregate_label(row)
        if label is not None:
            for node, where in self._figures:
                collector.add_aggregate(label, node, row, where)
            return
        code_at, name_at = self._layout.unit_code, self._layout.unit_name
        code = cell(row, code_at) if code_at is not None else ""
        name = cell(row, name_at) if name_at is not None else ""
        place = partial(self._table.place, row.number, name_at if name_at is not None else code_at)
        unit = self._entities.find(code, name, self._problems, place)
        if not isinstance(unit, int) or not self._period_fits(row):
            return
        self._check_unnamed(row)
        for node, cells in self._figures:
            collector.add(unit, node, row, cells)

    def _aggregate_label(self, row: Row) -> str | None:
        """Return the label of a Min, Median, Max or mean row, in whatever column before the scores it stands."""
        names = [self._layout.unit_name, self._layout.unit_code, *range(self._first)]
        texts = [cell(row, column) for column in names if column is not None]
        unit = next(filter(None, texts), "")
        return unit if unit and (is_aggregate(unit) or self._entities.is_region(unit)) else None

    def _is_heading(self, row: Row) -> bool:
        """Tell whether a row is a note, or the header again on a new page."""
        note = lone_note(row)
        if note is not None:
            keep_source(note, self._table)
        name_at = self._layout.unit_name
        return note is not None or (name_at is not None and role_of(cell(row, name_at)) == "unit_name")

    def _check_unnamed(self, row: Row) -> None:
        for column in self._unnamed:
            if row.cells[column].strip():
                text = _("a header above these values; the column was not read")
                place = self._table.place(row.number, column)
                self._problems.warn("column-without-header", text, place, row.cells[column], once=column)

    def _period_fits(self, row: Row) -> bool:
        column = self._layout.period
        if column is None or cell(row, column) == self._period.text:
            return True
        text = _("the period {period}, as asked").format(period=self._period)
        place, period = self._table.place(row.number, column), cell(row, column)
        if not self._problems.again(("period", period), place):
            self._problems.error("other-period", text, place, period, alike=("period", period))
        return False
