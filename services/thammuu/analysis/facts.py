"""Facts: everything a rule may know about a unit's score on a node, one row each."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from thammuu.analysis.fact_catalogue import COUNTERFACTUALS, EVERY_COLUMN, FACTS, PEER_FACTS
from thammuu.analysis.peer_figures import median_of_others, named_peer_columns, peer_columns
from thammuu.analysis.peer_groups import NATIONAL, PeerGroup, nearest_units, partition
from thammuu.analysis.peer_ladder import finer
from thammuu.analysis.scoring import ROUNDING, Grid, score_grid
from thammuu.analysis.totals import counterfactual_columns, unit_totals
from thammuu.analysis.trends import level_slots, national_ladder, periods_below, trend_columns

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from thammuu.analysis.inputs import IndexPeriod
    from thammuu.analysis.peer_ladder import Ladder
    from thammuu.period import Period
    from thammuu.rulepack.frameworks import Framework


@dataclass(frozen=True)
class Layout:
    """What the units and nodes of a publication are.

    Args:
        publication_id: The publication.
        framework: Its edition.
        period: Its period.
        units: One row a unit, in code order, with its total.
        nodes: One row a node; see :class:`~thammuu.analysis.scoring.Grid`.
    """

    publication_id: str
    framework: Framework
    period: Period
    units: pl.DataFrame
    nodes: pl.DataFrame

    def columns(self, names: Iterable[str], base: pl.DataFrame, peers: pl.DataFrame) -> pl.DataFrame:
        """Return some facts of some cells.

        Args:
            names: Names of :data:`~thammuu.analysis.fact_catalogue.EVERY_COLUMN`.
            base: Their facts that are the same for every peer group, with ``u`` and ``k``.
            peers: The peer group's columns.
        """
        constant = {"framework": self.framework.id, "period": self.period.text}

        def column(name: str) -> pl.Expr:
            if name in base.columns:
                return pl.col(name)
            if name in peers.columns:
                return pl.lit(peers[name]).alias(name)
            if name in constant:
                return pl.lit(constant[name]).alias(name)
            node = name in self.nodes.columns
            values = (self.nodes if node else self.units)[name]
            return pl.lit(values).gather(pl.col("k" if node else "u")).alias(name)

        return base.select("u", *(column(name) for name in names)).drop("u")


@dataclass
class FactTable:
    """The facts of one publication; what does not depend on the peer group is computed once.

    Args:
        current: The publication.
        earlier: The index's earlier periods, newest first, each in its latest revision.
        whole: Of a part of the nodes, the table of all.
        places: Which nodes the part has, in framework order.
    """

    current: IndexPeriod
    earlier: Sequence[IndexPeriod]
    whole: FactTable | None = None
    places: pl.Series | None = None
    _before: dict[int, FactTable] = field(default_factory=dict)

    def part(self, places: pl.Series) -> FactTable:
        """Return the facts of some nodes: all but the totals are computed node by node."""
        return FactTable(self.current, self.earlier, self, places)

    def parts(self, cells_at_once: int) -> Iterator[FactTable]:
        """Yield the facts of all nodes, of so many at a time that memory holds the figures of few cells."""
        width = self.grid.nodes.height
        many = max(cells_at_once // max(self.grid.units.height, 1), 1)
        for start in range(0, width, many):
            yield self.part(pl.int_range(start, min(start + many, width), dtype=pl.UInt32, eager=True))

    @cached_property
    def grid(self) -> Grid:
        """Scores and attainment."""
        if self.whole is None or self.places is None:
            return score_grid(self.current)
        return self.whole.grid.of_nodes(self.places)

    def before(self, steps: int) -> FactTable | None:
        """Return the facts of an earlier period, 0 for the previous one; of a part, those of the same concepts."""
        if steps >= len(self.earlier):
            return None
        if steps not in self._before:
            self._before[steps] = self._table_before(steps)
        return self._before[steps]

    def _table_before(self, steps: int) -> FactTable:
        then = self.whole.before(steps) if self.whole else None
        if then is None:
            return FactTable(self.earlier[steps], self.earlier[steps + 1 :])
        same = then.grid.nodes["concept"].is_in(self.grid.nodes["concept"].implode())
        return then.part(same.arg_true())

    @cached_property
    def ladder(self) -> Ladder:
        """Attainment among all units of a level."""
        return national_ladder(self.grid)

    @cached_property
    def totals(self) -> pl.DataFrame:
        """One row a unit."""
        if self.whole is not None:
            return self.whole.totals
        return rounded_figures(unit_totals(self.grid), ("scale", "ranked_on"))

    @cached_property
    def base(self) -> pl.DataFrame:
        """The facts that are the same for every peer group."""
        parts = [self._scores(), self._ranks, self._trend, self._run()]
        return rounded_figures(pl.concat(parts, how="horizontal"))

    def _scores(self) -> pl.DataFrame:
        low, high, score = pl.col("min_score"), pl.col("max_score"), pl.col("score")
        node = {name: pl.lit(self.grid.nodes[name]).gather(pl.col("k")) for name in ("direction", "soft")}
        higher, lower = node["direction"] == "higher", node["direction"] == "lower"
        lost = pl.when(higher).then(high - score).when(lower).then(score - low)
        strange = node["soft"] & pl.col("attainment").is_null() & low.is_not_null() & high.is_not_null()
        return self.grid.cells.select(
            "u", "k", "score", "min_score", "max_score", "attainment", lost_points=pl.when(~strange).then(lost)
        )

    @cached_property
    def _ranks(self) -> pl.DataFrame:
        return _ranks(self.grid, self.ladder if self.current.complete else None, counted=True)

    @cached_property
    def ranked(self) -> pl.Series:
        """Ranks by attainment; of the total by the total, which may have no scale."""
        ranks = self._ranks["rank"]
        return _with_total_rank(ranks, self.totals) if self.grid.has_root else ranks

    @cached_property
    def _trend(self) -> pl.DataFrame:
        before = self.before(0)
        if before is None:
            return trend_columns(self.grid, self._ranks["rank"], None, None)
        if self.current.complete and before.current.complete:
            ranks = (self.ranked, before.ranked)
        else:
            ranks = (self.grid.cells["published_rank"], before.grid.cells["published_rank"])
        return trend_columns(self.grid, ranks[0], before.grid, ranks[1])

    def _run(self) -> pl.DataFrame:
        if not self.current.complete:
            return pl.DataFrame({"periods_below": pl.repeat(None, self.grid.cells.height, dtype=pl.Int64, eager=True)})
        tables = (table for steps in range(len(self.earlier)) if (table := self.before(steps)) is not None)
        earlier = ((table.grid, table.ladder) for table in tables)
        return periods_below(self.grid, self.ladder, earlier).alias("periods_below").to_frame()

    def peers(self, group: PeerGroup, wanted: Collection[str] = tuple(PEER_FACTS)) -> pl.DataFrame:
        """Return the facts of a peer group, a row a cell.

        Args:
            group: With whom units are compared.
            wanted: The facts that are needed; others may be left out.
        """
        if not self.current.complete:
            return self._no_peers()
        if group.kind == "nearest":
            found = self._nearest(group)
        else:
            part = partition(group, self.grid, self.totals["band"])
            slots = level_slots(self.grid, part)
            steps = self.ladder if group.kind == "national" else finer(self.ladder, slots)
            both = set() if COUNTERFACTUALS.isdisjoint(wanted) else {"peer_max", "peer_median"}
            found = peer_columns(steps, group, {*wanted, *both})
            if "peer_delta" in wanted:
                found = found.with_columns(peer_delta=median_of_others(self._trend["delta"], slots, group))
        if COUNTERFACTUALS.isdisjoint(wanted):
            return rounded_figures(found)
        cells = self.grid.cells.select("u", "k", "score", "attainment", "min_score", "max_score")
        cells = cells.hstack(found.select("peer_median", "peer_max"))
        gains = counterfactual_columns(cells, self.totals, self.grid.nodes, complete=True)
        return rounded_figures(found.hstack(gains))

    def _nearest(self, group: PeerGroup) -> pl.DataFrame:
        before = self.before(0)
        totals = pl.repeat(None, self.grid.units.height, dtype=pl.Float64, eager=True)
        if before is not None:
            past = before.grid.units.select("unit_id").with_columns(total=before.totals["ranked_on"])
            totals = self.grid.units.join(past, on="unit_id", how="left", maintain_order="left")["total"]
        pairs = nearest_units(group, self.grid.units["unit_level"], totals)
        cells = self.grid.cells.select("u", "k", "attainment").with_columns(delta=self._trend["delta"])
        return named_peer_columns(cells, pairs, self.grid.nodes.height, group)

    def _no_peers(self) -> pl.DataFrame:
        cells = self.grid.cells.height
        return pl.DataFrame({name: pl.repeat(None, cells, dtype=FACTS[name], eager=True) for name in PEER_FACTS})

    @cached_property
    def layout(self) -> Layout:
        """What the unit and the node of a cell say of it."""
        units = self.grid.units.hstack(self.totals.drop("level", "scale", "ranked_on"))
        return Layout(self.current.publication_id, self.current.framework, self.current.period, units, self.grid.nodes)

    def columns(self, names: Iterable[str], peers: pl.DataFrame, cells: pl.Series | None = None) -> pl.DataFrame:
        """Return some facts of every cell.

        Args:
            names: Names of :data:`~thammuu.analysis.fact_catalogue.EVERY_COLUMN`.
            peers: The peer group's columns.
            cells: Only these cells; None for all.
        """
        base = self.base if cells is None else self.base[cells]
        return self.layout.columns(names, base, peers if cells is None or not peers.width else peers[cells])


def compute_facts(current: IndexPeriod, earlier: Sequence[IndexPeriod], peers: PeerGroup = NATIONAL) -> pl.DataFrame:
    """Return every fact of a publication.

    Args:
        current: The publication.
        earlier: The index's earlier periods, newest first, each in its latest revision.
        peers: The peer group whose facts are wanted.

    Returns:
        One row per unit × node, in order of unit code and framework: ``unit_id unit_code unit_name concept code
        level`` and the facts of the catalogue; null where a fact is not defined.
    """
    table = FactTable(current, earlier)
    return table.columns(EVERY_COLUMN, table.peers(peers))


def rounded_figures(frame: pl.DataFrame, but: Collection[str] = ()) -> pl.DataFrame:
    """Return a frame of figures as they are stored, so that rules decide on what is shown beside their findings."""
    names = [name for name, kind in frame.schema.items() if kind == pl.Float64 and name not in but]
    return frame.with_columns(pl.col(names).round(ROUNDING) + 0.0) if names else frame


def _ranks(grid: Grid, steps: Ladder | None, *, counted: bool = False) -> pl.DataFrame:
    """Return ``rank n``; with ``counted``, n also of nodes that nobody is ranked by, where neither way is better."""
    if steps is None:
        return grid.cells.select(rank="published_rank", n=pl.lit(None, pl.Int64))
    ranks = steps.counts.select(rank=pl.col("higher") + 1, n="n")[steps.back]
    neither = (grid.nodes["direction"] == "none").arg_true().to_list()
    if not counted or not neither:
        return ranks
    levels, width, numbers = grid.units["unit_level"], grid.nodes.height, ranks["n"].clone()
    for k in neither:
        scores = pl.DataFrame({"level": levels, "score": grid.cells["score"].gather_every(width, k)})
        found = scores.select(pl.col("score").count().over("level").cast(pl.Int64)).to_series()
        numbers = numbers.scatter(pl.int_range(k, len(numbers), width, dtype=pl.UInt32, eager=True), found)
    return ranks.with_columns(n=numbers)


def _with_total_rank(ranks: pl.Series, totals: pl.DataFrame) -> pl.Series:
    """Put the rank of the total in place of its node's rank, which a total without a scale lacks."""
    width = len(ranks) // max(totals.height, 1)
    roots = pl.arange(0, len(ranks), max(width, 1), dtype=pl.UInt32, eager=True)
    return ranks.clone().scatter(roots, totals["total_rank"])
