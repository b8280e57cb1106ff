"""Which rule fires where: conditions over facts, consecutive periods, inhibition and silence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from thammuu.analysis.fact_catalogue import PEER_FACTS
from thammuu.analysis.rules import SEVERITIES
from thammuu.analysis.trends import cells_before

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from thammuu.analysis.facts import FactTable
    from thammuu.analysis.rules import Rule, RuleSet

NATIONAL_GROUP = "national"


@dataclass
class Firing:
    """The rules of a set over one publication.

    Args:
        rules: The rules.
        table: The publication's facts.
    """

    rules: RuleSet
    table: FactTable
    _peers: dict[str, pl.DataFrame] = field(default_factory=dict)

    def peers(self, name: str) -> pl.DataFrame:
        """Return a peer group's facts, computed once: all of the national group, of others what rules use."""
        if name not in self._peers:
            used = {fact for rule in self.rules.rules for group, fact in peer_facts_of(rule) if group == name}
            self._peers[name] = self.table.peers(
                self.rules.peer_group(name), tuple(PEER_FACTS) if name == NATIONAL_GROUP else used
            )
        return self._peers[name]

    def facts_of(self, rule: Rule, names: Iterable[str], cells: pl.Series | None = None) -> pl.DataFrame:
        """Return facts as a rule sees them: peer facts are those of its group, dotted ones of the named group.

        Args:
            rule: The rule.
            names: Names of facts.
            cells: Only these cells; None for all.
        """
        wanted = list(names)
        plain = [name for name in wanted if "." not in name]
        own = self.peers(rule.source.peers) if any(name in PEER_FACTS for name in plain) else pl.DataFrame()
        frame = self.table.columns(plain, own, cells)
        for name in wanted:
            if "." in name:
                group, fact = name.split(".", 1)
                values = self.peers(group)[fact]
                frame = frame.with_columns((values if cells is None else values.gather(cells)).alias(name))
        return frame

    def mask(self, rule: Rule) -> pl.Series:
        """Return for each cell whether the rule fires, in this period and in as many before as it asks for."""
        mask = self.mask_now(rule)
        for steps in range(rule.source.consecutive - 1):
            before = self.table.before(steps)
            if before is None or not mask.any():
                return mask & False
            then = Firing(self.rules, before).mask_now(rule)
            mask &= then.gather(cells_before(self.table.grid, before.grid)).fill_null(value=False)
        return mask

    def mask_now(self, rule: Rule) -> pl.Series:
        """Return for each cell whether the rule's condition holds in this period."""
        applies = self._applies(rule)
        if not applies.any():
            return pl.repeat(value=False, n=self.table.grid.cells.height, dtype=pl.Boolean, eager=True)
        holds = self.facts_of(rule, rule.condition.facts).select(rule.condition.expression().alias("holds"))
        where = pl.lit(applies).gather(pl.col("k"))
        return self.table.grid.cells.select(pl.lit(holds["holds"]).fill_null(value=False) & where).to_series()

    def _applies(self, rule: Rule) -> pl.Series:
        """Return for each node whether the rule looks at it."""
        scope, nodes = rule.source.applies_to, self.table.grid.nodes
        index_fits = scope.indices is None or self.table.current.framework.index in scope.indices
        fits = pl.lit(index_fits)
        if scope.nodes == "leaves":
            fits &= pl.col("leaf")
        elif scope.nodes != "all":
            fits &= pl.col("level").is_in(list(scope.nodes))
        if scope.direction:
            fits &= pl.col("direction") == scope.direction
        return nodes.select(fits & pl.col("code").is_not_null()).to_series()

    def hits(self, as_of: date) -> pl.DataFrame:
        """Return every firing: ``cell rule severity silenced inhibited_by raised_by first``.

        Args:
            as_of: The day on which silences are judged.

        Returns:
            Sorted by cell, strongest first. ``rule`` is the position in the set, ``severity`` in
            :data:`SEVERITIES` after raising; ``first`` marks the firing that makes the finding; silenced firings
            neither make, raise nor inhibit anything.
        """
        found = [self._hits_of(at, rule, as_of) for at, rule in enumerate(self.rules.rules) if not rule.raises]
        hits = self._inhibited(pl.concat([_NO_HITS, *found]))
        hits = self._raised(hits, as_of)
        live = pl.col("inhibited_by").is_null() & ~pl.col("silenced")
        hits = hits.sort(_strength())
        return hits.with_columns(first=live & (pl.col("cell") != pl.col("cell").shift(1)).fill_null(value=True))

    def _hits_of(self, at: int, rule: Rule, as_of: date) -> pl.DataFrame:
        silence = rule.source.suppress_until
        return pl.DataFrame({"cell": self.mask(rule).arg_true()}).select(
            pl.col("cell").cast(pl.UInt32),
            rule=pl.lit(at, pl.UInt16),
            severity=pl.lit(SEVERITIES.index(rule.severity), pl.UInt8),
            silenced=pl.lit(silence is not None and as_of <= silence.last_day),
        )

    def _inhibited(self, hits: pl.DataFrame) -> pl.DataFrame:
        """Name for each firing the first rule that inhibits it on the same cell."""
        by = pl.lit(None, pl.UInt16)
        ids = [rule.id for rule in self.rules.rules]
        for at, rule in reversed(list(enumerate(self.rules.rules))):
            targets = [ids.index(other) for other in rule.source.inhibits]
            if targets:
                cells = hits.filter((pl.col("rule") == at) & ~pl.col("silenced"))["cell"]
                here = pl.col("rule").is_in(targets) & pl.col("cell").is_in(cells.implode())
                by = pl.when(here).then(pl.lit(at, pl.UInt16)).otherwise(by)
        return hits.with_columns(inhibited_by=by)

    def _raised(self, hits: pl.DataFrame, as_of: date) -> pl.DataFrame:
        raising = [(at, rule) for at, rule in enumerate(self.rules.rules) if rule.raises]
        steps: list[pl.Expr] = []
        for at, rule in raising:
            silence = rule.source.suppress_until
            if silence is None or as_of > silence.last_day:
                here = pl.lit(self.mask(rule)).gather(pl.col("cell"))
                steps.append(pl.when(here).then(pl.lit(at, pl.UInt16)))
        if not steps:
            return hits.with_columns(raised_by=pl.lit([], pl.List(pl.UInt16)))
        by = hits.select(pl.concat_list(steps).list.drop_nulls().alias("raised_by")).to_series()
        severity = pl.col("severity").cast(pl.Int16) - by.list.len().cast(pl.Int16)
        return hits.with_columns(by, severity=severity.clip(0).cast(pl.UInt8))


_NO_HITS = pl.DataFrame(schema={"cell": pl.UInt32, "rule": pl.UInt16, "severity": pl.UInt8, "silenced": pl.Boolean})


def _strength() -> pl.Expr:
    """Return one number to sort by, which is quicker than five: cell, silenced, inhibited, severity and rule."""
    marks = [(pl.col("silenced"), 2), (pl.col("inhibited_by").is_not_null(), 2), (pl.col("severity"), 2**8)]
    order = pl.col("cell").cast(pl.UInt64)
    for mark, many in (*marks, (pl.col("rule"), 2**16)):
        order = order * many + mark
    return order


def peer_facts_of(rule: Rule) -> set[tuple[str, str]]:
    """Return the peer group and fact of every peer fact that a rule's condition or sentences use."""
    plain = {name for name in rule.condition.facts if "." not in name} | rule.wording
    plain |= {name.removesuffix("_score") for name in rule.wording}
    used = {(rule.source.peers, name) for name in plain if name in PEER_FACTS}
    dotted = (name.split(".", 1) for name in rule.condition.facts if "." in name)
    return used | {(group, fact) for group, fact in dotted}
