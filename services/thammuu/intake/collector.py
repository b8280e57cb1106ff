"""Gather checked figures by unit and node."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from thammuu.i18n import _
from thammuu.intake.figures import Cells, Figure, FigureReader
from thammuu.intake.limits import LIMITS
from thammuu.intake.submission import AggregateRow, ScoreRow

if TYPE_CHECKING:
    from thammuu.intake.entities import EntityFinder
    from thammuu.intake.problems import Problems
    from thammuu.intake.table import Row, Table
    from thammuu.rulepack.frameworks import Framework, Node


class Collector:
    """The figures of one table.

    Args:
        table: For places.
        framework: The edition.
        entities: The units.
        problems: Where errors and warnings go.
    """

    def __init__(self, table: Table, framework: Framework, entities: EntityFinder, problems: Problems) -> None:
        self._table, self._entities, self._problems = table, entities, problems
        self._nodes = framework.nodes
        self._width = len(framework.nodes)
        self._positions = {node.code: position for position, node in enumerate(framework.nodes)}
        self._sums = {
            node.code for node in framework.nodes if not framework.is_leaf(node.code) and node.aggregate != "published"
        }
        self._bounds = {
            node.code: (-math.inf if node.min is None else node.min, math.inf if node.max is None else node.max)
            for node in framework.nodes
        }
        self._reader = FigureReader(table, problems)
        self._found: dict[int, Figure] = {}
        self._aggregates: dict[tuple[str, int], AggregateRow] = {}
        self._units: set[int] = set()
        self._nodes_seen: set[int] = set()
        self._repeats = 0

    def add(self, unit: int, node: Node, row: Row, where: Cells) -> None:
        """Add a unit's figure for a node; a blank published sum says nothing and is left out."""
        self._units.add(unit)
        figure = self._reader.read(row, where, node)
        if figure is None:
            return
        score = figure.score
        if score is None:
            if figure.rank is None and node.code in self._sums:
                return
        else:
            low, high = self._bounds[node.code]
            if not low <= float(score) <= high and not self._out_of_bounds(row, where, node, score):
                return
        if figure.rank is not None and figure.rank > len(self._entities.units):
            self._bad_rank(row, where, figure.rank)
        position = self._positions[node.code]
        key = unit * self._width + position
        known = self._found.setdefault(key, figure)
        self._nodes_seen.add(position)
        if known is not figure:
            self._repeated(unit, node, row, where, same=_same(known, figure))

    def _out_of_bounds(self, row: Row, where: Cells, node: Node, score: str) -> bool:
        low, high = (
            (_("−∞") if node.min is None else f"{node.min:g}"),
            (_("∞") if node.max is None else f"{node.max:g}"),
        )
        place = self._table.place(row.number, where.score)
        text = _("a score from {low} to {high} for {code}").format(low=low, high=high, code=node.code)
        if node.bounds == "soft":
            self._problems.warn("outside-scale", text, place, score)
            return True
        self._problems.error("outside-scale", text, place, score)
        return False

    def _bad_rank(self, row: Row, where: Cells, rank: int) -> None:
        text = _("a rank of at most {count}, the number of units").format(count=len(self._entities.units))
        self._problems.error("not-a-rank", text, self._table.place(row.number, where.rank), str(rank))

    def _repeated(self, unit: int, node: Node, row: Row, where: Cells, *, same: bool) -> None:
        name = self._entities.units[unit].name_on(self._entities.on)
        place = self._table.place(row.number, where.score if where.score is not None else where.rank)
        if same:
            self._repeats += 1
            if self._repeats > LIMITS.repeated_figures:
                text = _("each figure once; so many are repeated that reading stopped here")
                self._problems.error("reading-stopped", text, place, name)
                self._problems.raise_if_any()
            text = _("each unit once; the repeated figures are the same and were ignored")
            self._problems.warn("repeated-unit", text, place, name, once=(unit, row.number))
        else:
            text = _("one figure for {unit} and {code}; an earlier row says otherwise").format(
                unit=name, code=node.code
            )
            value = row.cells[where.score] if where.score is not None else None
            self._problems.error("contradicting-rows", text, place, value)

    def add_aggregate(self, label: str, node: Node, row: Row, where: Cells) -> None:
        """Add a figure of no unit; blanks are left out, bounds do not apply."""
        figure = self._reader.read(row, where, node)
        if figure is None or figure.score is None:
            return
        key = (label, self._positions[node.code])
        found = AggregateRow(label, node.code, figure.score, figure.rank)
        if self._aggregates.setdefault(key, found) != found:
            text = _("one figure for {unit} and {code}; an earlier row says otherwise").format(
                unit=label, code=node.code
            )
            self._problems.error("contradicting-rows", text, self._table.place(row.number, where.score), figure.score)

    def finish(self) -> None:
        """Check what only the whole table shows."""
        self._reader.check_signs()

    def scores(self) -> list[ScoreRow]:
        """Return the rows in unit and node order."""
        codes, width, units = [node.code for node in self._nodes], self._width, self._entities.units
        return [ScoreRow(units[key // width].id, codes[key % width], *self._found[key]) for key in sorted(self._found)]

    def aggregates(self) -> list[AggregateRow]:
        """Return the aggregates by label and node order."""
        return [self._aggregates[key] for key in sorted(self._aggregates)]

    def absent_units(self) -> list[str]:
        """Return the names of the units that no row is about."""
        on = self._entities.on
        return [unit.name_on(on) for number, unit in enumerate(self._entities.units) if number not in self._units]

    def absent_leaves(self, framework: Framework) -> list[str]:
        """Return the codes of the leaves that no row is about."""
        return [node.code for node in framework.leaves if self._positions[node.code] not in self._nodes_seen]

    @property
    def is_empty(self) -> bool:
        """Whether no unit was found."""
        return not self._units


def _same(one: Figure, other: Figure) -> bool:
    if one == other:
        return True
    if one.score is None or other.score is None or one[1:] != other[1:]:
        return False
    from decimal import Decimal

    return Decimal(one.score) == Decimal(other.score)
