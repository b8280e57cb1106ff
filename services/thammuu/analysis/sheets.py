"""Facts and firings, computed for some nodes at a time and read for some units at a time.

Facts but for totals are computed node by node, what follows from them unit by unit. Between the two they wait in a
spool: so memory holds the figures of few cells, however many units a publication has.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from thammuu.analysis.fact_catalogue import EVERY_COLUMN, FACTS, PEER_FACTS
from thammuu.analysis.firing import NATIONAL_GROUP, Firing, peer_facts_of
from thammuu.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from thammuu.analysis.facts import FactTable, Layout
    from thammuu.analysis.rules import Rule, RuleSet

CELLS_AT_ONCE = 25_000
"""Computed at once: less costs time, more costs memory, some 600 bytes each."""
UNITS_AT_ONCE = 200
SCALE_FACTS = ("min_score", "max_score", "direction", "level", "previous_score", "previous_attainment")
_PEER_POINTS = ("peer_min", "peer_p25", "peer_median", "peer_p75", "peer_max")


@dataclass(frozen=True)
class Sheet:
    """The facts of some units, with every firing on them.

    Args:
        rules: The rules that fired.
        layout: The publication's units and nodes.
        start: The first cell; the others follow.
        facts: One row a cell: the facts that are the same for every peer group, and ``group.fact`` for each group.
        hits: See :meth:`thammuu.analysis.firing.Firing.hits`.
    """

    rules: RuleSet
    layout: Layout
    start: int
    facts: pl.DataFrame
    hits: pl.DataFrame

    def every_fact(self) -> pl.DataFrame:
        """Return the facts against national peers."""
        return self.layout.columns(EVERY_COLUMN, self._base, self._peers(NATIONAL_GROUP, self.facts))

    def facts_of(self, rule: Rule, names: Iterable[str], cells: pl.Series) -> pl.DataFrame:
        """Return facts of some cells as a rule sees them; see :meth:`thammuu.analysis.firing.Firing.facts_of`."""
        wanted, rows = list(names), cells - self.start
        facts = self.facts[rows]
        plain = [name for name in wanted if "." not in name]
        frame = self.layout.columns(plain, self._base[rows], self._peers(rule.source.peers, facts))
        return frame.hstack(facts.select(name for name in wanted if "." in name))

    @cached_property
    def _base(self) -> pl.DataFrame:
        cell, width = pl.col("cell"), self.layout.nodes.height
        return self.facts.select(pl.exclude(r"^.*\..*$")).with_columns(u=cell // width, k=cell % width)

    @staticmethod
    def _peers(group: str, facts: pl.DataFrame) -> pl.DataFrame:
        names = [name for name in facts.columns if name.startswith(f"{group}.")]
        return facts.select(pl.col(name).alias(name.split(".", 1)[1]) for name in names)


class Sheets:
    """The sheets of a publication, in order of unit code.

    Args:
        rules: The rules.
        table: The publication's facts; they are computed here, once.
        as_of: The day on which silences are judged.
        cells_at_once: How many cells are computed at once.
        units_at_once: How many units are on a sheet.
    """

    def __init__(
        self,
        rules: RuleSet,
        table: FactTable,
        as_of: date,
        *,
        cells_at_once: int = CELLS_AT_ONCE,
        units_at_once: int = UNITS_AT_ONCE,
    ) -> None:
        self._rules, self._layout, self._units = rules, table.layout, units_at_once
        self._pieces, self._parts = Spool(), 0
        hits = [self._computed(part, as_of) for part in table.parts(cells_at_once)]
        self._hits = pl.concat(hits).sort("cell", maintain_order=True)

    def __len__(self) -> int:
        return len(self._pieces) // max(self._parts, 1)

    def __getitem__(self, number: int) -> Sheet:
        """Return a sheet."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        pieces = [_unpacked(self._pieces[part * len(self) + number]) for part in range(self._parts)]
        facts = pl.concat(pieces, how="diagonal").sort("cell")
        start, end = number * self._cells, number * self._cells + facts.height
        first, last = (self._hits["cell"].search_sorted(cell) for cell in (start, end))
        return Sheet(self._rules, self._layout, start, facts, self._hits.slice(first, last - first))

    def __iter__(self) -> Iterator[Sheet]:
        return (self[number] for number in range(len(self)))

    @property
    def _cells(self) -> int:
        return self._units * self._layout.nodes.height

    def _computed(self, part: FactTable, as_of: date) -> pl.DataFrame:
        """Compute a part's facts, keep them cut into sheets, and return its firings."""
        firing = Firing(self._rules, part)
        hits = firing.hits(as_of)
        assert part.places is not None
        width, every = part.grid.nodes.height, self._layout.nodes.height
        cell = pl.col("u").cast(pl.UInt32) * every + pl.lit(part.places).gather(pl.col("k"))
        facts = part.base.with_columns(cell=cell.cast(pl.UInt32)).drop("u", "k")
        facts = facts.hstack(_peer_facts(firing, hits))
        for start in range(0, max(facts.height, 1), self._units * width):
            self._pieces.add(_packed(facts.slice(start, self._units * width)))
        self._parts += 1
        return hits.with_columns(cell=facts["cell"].gather(hits["cell"]))


def needed_by(rule: Rule) -> list[str]:
    """Return the facts that a rule's condition and sentences use."""
    used = {name for name in rule.wording if name in FACTS}
    used |= {name.removesuffix("_score") for name in rule.wording if name.removesuffix("_score") in _PEER_POINTS}
    return list(dict.fromkeys([*rule.condition.facts, *sorted(used), *SCALE_FACTS]))


def _peer_facts(firing: Firing, hits: pl.DataFrame) -> list[pl.Series]:
    """Return the national peer facts, and those of other groups that the rules which fired speak of."""
    fired = {*hits["rule"].unique(), *hits["raised_by"].explode().drop_nulls().unique()}
    used = {pair for at in fired for pair in peer_facts_of(firing.rules.rules[at])}
    used |= {(NATIONAL_GROUP, fact) for fact in PEER_FACTS}
    return [firing.peers(group)[fact].alias(f"{group}.{fact}") for group, fact in sorted(used)]


def _packed(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc(buffer)
    return buffer.getvalue()


def _unpacked(piece: bytes) -> pl.DataFrame:
    return pl.read_ipc(piece)
